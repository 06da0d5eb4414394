"""The auditor: a second judgement of a run, written from the invariants I1 to I9 alone. It imports nothing of the controller.

It reads two things: the ledger as exported (what the controller says) and the world's log (what physically happened), lays one beside
the other, and names every contradiction. It never repairs, never assumes, and shares no code and no table with production: what a
piece may do is written here a second time, from docs/integrity/. A disagreement between the two is a bug in one of them.

Ledger line: ``(seq, at_unix_ns, kind, batch, letter, piece, tray, job, data, hash)``; ids as integers, data as JSON text.
World line: ``{"what": "printed" | "shredded" | "thrown" | "unsent" | "left" | "recall" | "franking", "seq": how far the ledger was then, ...}``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

LedgerLine = Sequence[Any]
WorldLine = Mapping[str, Any]

FINDINGS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: the invariant that is broken, at which event (0: in the world), in words."""

    invariant: str
    seq: int
    message: str

    def __str__(self) -> str:
        return f"{self.invariant} at {self.seq}: {self.message}"


# What each word does to a piece, and after which states it may be said.
_BEFORE_GRANT = {"IN_FEED", "COLLATED", "VERIFIED"}
STEPS: dict[str, tuple[str, set[str]]] = {
    "planned": ("PLANNED", {""}),
    "rendered": ("RENDERED", {"PLANNED"}),
    "submitted": ("SUBMITTED", {"RENDERED"}),
    "printed": ("PRINTED", {"SUBMITTED"}),
    "print-doubted": ("PRINTED", {"SUBMITTED", "PRINTED"}),
    "fed": ("IN_FEED", {"SUBMITTED", "PRINTED"}),
    "collated": ("COLLATED", {"IN_FEED"}),
    "verified": ("VERIFIED", {"COLLATED"}),
    "granted": ("PASS_GRANTED", {"VERIFIED"}),
    "in-tray": ("IN_TRAY", {"PASS_GRANTED", "EXIT_UNKNOWN"}),
    "exit-unknown": ("EXIT_UNKNOWN", {"PASS_GRANTED"}),
    "suspected": ("SUSPECT", {"SUBMITTED", "PRINTED", *_BEFORE_GRANT}),
    "diverted": ("DIVERTED", {"SUSPECT", "PASS_GRANTED", "EXIT_UNKNOWN"}),
    "quarantined": ("QUARANTINED", {"SUBMITTED", "PRINTED", "SUSPECT", "DIVERTED", "EXIT_UNKNOWN"}),
    "pulled": ("QUARANTINED", {"IN_TRAY"}),
    "audit-present": ("IN_TRAY", {"EXIT_UNKNOWN"}),
    "audit-absent": ("SUSPECT", {"EXIT_UNKNOWN", "IN_TRAY"}),
    "voided": ("VOID", {"QUARANTINED", "SUSPECT", "DIVERTED"}),
    "destroyed": ("DESTROYED", {"VOID"}),
    "lost": ("LOST", {"VOID"}),
    "never-printed": ("NEVER_PRINTED", {"PLANNED", "RENDERED", "SUBMITTED"}),
    "released": ("RELEASED", {"IN_TRAY"}),
    "accepted": ("ACCEPTED", {"RELEASED"}),
}
DEAD = {"VOID", "DESTROYED", "LOST", "NEVER_PRINTED"}
ENDED = {"RELEASED", "ACCEPTED", "DESTROYED", "LOST", "NEVER_PRINTED"}
IN_HAND_OR_ABSENT = {"quarantined", "pulled", "audit-absent", "diverted"}
LOSSES_OF_KNOWLEDGE = {"line.restarted", "line.epoch", "line.link-lost", "line.ring-gap", "line.removed"}
TWO_PERSONS = {"piece.destroyed", "piece.lost", "letter.freed", "copy.destroyed", "copy.lost"}
_PROOF = ("fed", "collated", "verified", "granted")


class _Piece:
    """What the ledger said of one attempt. ``words``: seq of each word, newest."""

    __slots__ = ("copies", "copies_gone", "epoch", "freed_by", "postage", "recalled", "state", "tray", "words")

    def __init__(self) -> None:
        self.state = ""
        self.words: dict[str, int] = {}
        self.epoch = 0
        self.tray = 0
        self.copies = 0
        self.copies_gone = 0
        self.freed_by = ""
        self.postage = 0
        self.recalled = False


class Auditor:
    """Reads one ledger from its first event, then one world log, and collects what contradicts the invariants."""

    def __init__(self, ledger_id: str) -> None:
        self.findings: list[Finding] = []
        self.events = 0
        self._hash = sha256(f"letterline ledger 1\n{ledger_id}".encode()).digest()
        self._pieces: dict[int, _Piece] = {}
        self._attempts: dict[int, list[int]] = defaultdict(list)
        self._letters: dict[int, str] = {}
        self._trays: dict[int, str] = {}
        self._holds: dict[int, set[str]] = defaultdict(set)
        self._audited: dict[int, int] = {}
        self._in_tray: dict[int, set[int]] = defaultdict(set)
        self._inside: set[int] = set()
        self._granted: set[int] = set()
        self._unknown: set[int] = set()
        self._released: dict[int, int] = {}
        self._mailed: Counter[int] = Counter()
        self._epoch = 0
        self._jobs: dict[str, str] = {}
        self._due = 0
        """What the world's franking head must print on every letter; 0: there is none."""

    def _say(self, invariant: str, seq: int, message: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(invariant, seq, message))

    # --- the ledger ---

    def read(self, lines: Iterable[LedgerLine]) -> None:
        """Read events in order: chain first, then meaning."""
        expected = self.events
        previous = self._hash
        for line in lines:
            seq, at, kind, batch, letter, piece, tray, job, data, stored = line
            expected += 1
            if seq != expected:
                self._say("I7", seq, f"event {expected} should follow, not {seq}")
                expected = seq
            text = f"{seq}\t{at}\t{kind}\t{batch}\t{letter}\t{piece}\t{tray}\t{job}\t{data}"
            previous = sha256(previous + text.encode()).digest()
            if previous != stored:
                self._say("I7", seq, "the hash does not follow from the event and the one before")
                previous = stored
            noun, _, word = kind.partition(".")
            if noun == "piece":
                self._piece(seq, word, piece, tray, job, data)
            else:
                self._other(seq, kind, noun, word, batch, letter, piece, tray, job, data)
            if kind in TWO_PERSONS:
                self._two_persons(seq, kind, data)
        self.events = expected
        self._hash = previous

    def _piece(self, seq: int, word: str, uid: int, tray: int, job: str, data: str) -> None:
        piece = self._pieces.get(uid)
        if piece is None:
            piece = self._pieces[uid] = _Piece()
        step = STEPS.get(word)
        if step is None:
            self._say("I7", seq, f"piece {uid}: unknown word {word!r}")
            return
        state, after = step
        before = piece.state
        if before not in after:
            self._say(
                "I4" if before in DEAD else "I3", seq, f"piece {uid} is {before or 'not there'} and cannot be {word}"
            )
        piece.state = state
        piece.words[word] = seq
        if tray:
            piece.tray = tray
        if word in _SPECIAL:
            getattr(self, _SPECIAL[word])(seq, uid, piece, before, data)
        if word in IN_HAND_OR_ABSENT:
            piece.freed_by = word
        self._where(uid, piece, before, state)

    def _where(self, uid: int, piece: _Piece, before: str, state: str) -> None:
        if before in _BEFORE_GRANT:
            self._inside.discard(uid)
        elif before == "PASS_GRANTED":
            self._granted.discard(uid)
        elif before == "EXIT_UNKNOWN":
            self._unknown.discard(uid)
        elif before == "IN_TRAY" and state != "IN_TRAY":
            self._in_tray[piece.tray].discard(uid)
        if state in _BEFORE_GRANT:
            self._inside.add(uid)
        elif state == "PASS_GRANTED":
            self._granted.add(uid)
        elif state == "EXIT_UNKNOWN":
            self._unknown.add(uid)
        elif state == "IN_TRAY":
            self._in_tray[piece.tray].add(uid)

    def _planned(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        letter = uid // 100
        if self._letters.get(letter) != "OPEN":
            self._say("I4", seq, f"attempt {uid} at a letter that is {self._letters.get(letter, 'unknown')}")
        for older in self._attempts[letter]:
            if self._pieces[older].state not in DEAD:
                self._say("I4", seq, f"attempt {uid} while {older} is {self._pieces[older].state}")
        self._attempts[letter].append(uid)

    def _verifying(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        piece.postage = json.loads(data).get("postage", 0) if "postage" in data else 0

    def _granting(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        said = json.loads(data)
        piece.epoch = said.get("epoch", 0)
        piece.freed_by = ""
        if self._letters.get(uid // 100) != "OPEN":
            self._say("I5", seq, f"grant for {uid}, whose letter is {self._letters.get(uid // 100)}")
        if self._epoch and piece.epoch != self._epoch:
            self._say("I8", seq, f"grant for {uid} in epoch {piece.epoch}, the machine is in {self._epoch}")
        if self._trays.get(piece.tray) != "OPEN":
            self._say(
                "I3", seq, f"grant for {uid} into tray {piece.tray}, which is {self._trays.get(piece.tray, 'unknown')}"
            )

    def _fell(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        if before == "EXIT_UNKNOWN" and piece.epoch != self._epoch:
            self._say("I8", seq, f"{uid} counted as in the tray after the machine forgot it")

    def _unknown_exit(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        piece.freed_by = ""

    def _voiding(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        if "granted" in piece.words and not piece.freed_by:
            self._say("I4", seq, f"{uid} was granted and is void without being in hand or proven absent")

    def _releasing(self, seq: int, uid: int, piece: _Piece, before: str, data: str) -> None:
        letter = uid // 100
        if letter in self._released:
            self._say("I1", seq, f"letter {letter} leaves as {uid} and as {self._released[letter]}")
        self._released[letter] = uid
        if piece.recalled or self._letters.get(letter) not in ("OPEN", "MAILED"):
            self._say("I5", seq, f"{uid} is released though its letter was recalled")
        if "voided" in piece.words:
            self._say("I4", seq, f"{uid} is released though it was void")
        if self._trays.get(piece.tray) != "CLOSED":
            self._say("I3", seq, f"{uid} is released from tray {piece.tray}, which is not closed")
        order = [piece.words.get(word, 0) for word in _PROOF]
        order.append(max(piece.words.get("in-tray", 0), piece.words.get("audit-present", 0)))
        if not all(order) or order != sorted(order):
            self._say("I3", seq, f"{uid} is released without its proofs in order: {order}")

    def _other(
        self,
        seq: int,
        kind: str,
        noun: str,
        word: str,
        batch: int,
        letter: int,
        piece: int,
        tray: int,
        job: str,
        data: str,
    ) -> None:
        if noun == "letter":
            self._letter(seq, word, letter)
        elif noun == "tray":
            self._tray(seq, word, tray, data)
        elif noun == "hold":
            reason = json.loads(data)["reason"]
            (self._holds[tray].add if word == "placed" else self._holds[tray].discard)(reason)
        elif noun == "copy":
            entry = self._pieces.get(piece)
            if entry is None:
                self._say("I6", seq, f"a copy of {piece}, which was never planned")
            elif word == "seen":
                entry.copies += 1
            elif word in ("destroyed", "lost"):
                entry.copies_gone += 1
        elif kind == "recall.too-late" and piece in self._pieces:
            self._pieces[piece].recalled = True
        elif kind == "batch.closed":
            self._batch_closed(seq, batch, data)
        elif kind in LOSSES_OF_KNOWLEDGE:
            self._knowledge_lost(seq, kind, data)
        elif noun == "job":
            self._jobs[job] = word

    def _letter(self, seq: int, word: str, letter: int) -> None:
        before = self._letters.get(letter, "")
        after = {"opened": "OPEN", "held": "HELD", "freed": "OPEN", "cancelled": "CANCELLED", "mailed": "MAILED"}
        state = after.get(word, word.upper())
        legal = {
            "OPEN": {"", "HELD"},
            "HELD": {"", "OPEN"},
            "CANCELLED": {"OPEN", "HELD"},
            "MAILED": {"OPEN"},
            "DELIVERED": {"MAILED"},
            "RETURNED": {"MAILED"},
        }.get(state, set())
        if before not in legal or (word == "opened" and before):
            self._say(
                "I5" if before == "CANCELLED" else "I7",
                seq,
                f"letter {letter} is {before or 'not there'} and cannot be {word}",
            )
        if word == "mailed" and self._pieces.get(self._released.get(letter, 0)) is None:
            self._say("I1", seq, f"letter {letter} is mailed, but no piece of it is released")
        if word == "cancelled":
            for uid in self._attempts[letter]:
                if self._pieces[uid].state in ("PASS_GRANTED", "EXIT_UNKNOWN", "IN_TRAY", "RELEASED", "ACCEPTED"):
                    self._say("I5", seq, f"letter {letter} is cancelled while {uid} is {self._pieces[uid].state}")
        self._letters[letter] = state

    def _tray(self, seq: int, word: str, tray: int, data: str) -> None:
        state = {
            "opened": "OPEN",
            "closing": "CLOSING",
            "audit-begun": "AUDIT",
            "audit-clean": "OPEN",
            "closed": "CLOSED",
            "handed-over": "HANDED_OVER",
            "accepted": "ACCEPTED",
        }.get(word, word)
        before = self._trays.get(tray, "")
        if (word == "opened") != (before == ""):
            self._say("I6", seq, f"tray {tray} is {before or 'not there'} and cannot be {word}")
        if word == "closed":
            if before != "CLOSING":
                self._say("I6", seq, f"tray {tray} is {before} and cannot be closed")
            if self._holds[tray]:
                self._say("I8", seq, f"tray {tray} is closed with HOLD: {sorted(self._holds[tray])[:3]}")
            # A whole audit of the tray after the piece got lost is fresh evidence that it is not in this one.
            audited = self._audited.get(tray, 0)
            lost = [uid for uid in self._unknown if self._pieces[uid].words.get("exit-unknown", 0) > audited]
            unsettled = [uid for uid in (*lost, *self._granted) if self._pieces[uid].tray == tray]
            if unsettled:
                self._say("I8", seq, f"tray {tray} is closed while nobody knows where {unsettled[:3]} are")
            count = json.loads(data).get("pieces")
            if count != len(self._in_tray[tray]):
                self._say(
                    "I6", seq, f"tray {tray} is closed with {count} pieces, the events say {len(self._in_tray[tray])}"
                )
        if word == "audit-clean":
            self._audited[tray] = seq
        if word == "handed-over" and (before != "CLOSED" or self._holds[tray]):
            self._say("I3", seq, f"tray {tray} is handed over, {before}, HOLD {sorted(self._holds[tray])[:3]}")
        if word == "accepted" and before not in ("CLOSED", "HANDED_OVER"):
            self._say("I3", seq, f"tray {tray} is accepted by the post, but was {before}")
        self._trays[tray] = state

    def _knowledge_lost(self, seq: int, kind: str, data: str) -> None:
        if self._inside:
            self._say("I8", seq, f"{kind}: {sorted(self._inside)[:3]} still count as good")
        if kind in ("line.restarted", "line.epoch", "line.link-lost") and self._granted:
            self._say("I8", seq, f"{kind}: {sorted(self._granted)[:3]} still count as granted")
        if kind == "line.epoch":
            epoch = json.loads(data)["epoch"]
            if epoch <= self._epoch:
                self._say("I8", seq, f"epoch {epoch} after {self._epoch}")
            self._epoch = epoch

    def _two_persons(self, seq: int, kind: str, data: str) -> None:
        said = json.loads(data)
        first, second = str(said.get("badge", "")), str(said.get("second", ""))
        if not first.strip() or not second.strip() or first.strip().lower() == second.strip().lower():
            self._say("I6", seq, f"{kind} needs two persons, not {first!r} and {second!r}")

    def _batch_closed(self, seq: int, batch: int, data: str) -> None:
        open_pieces = [uid for uid, piece in self._pieces.items() if uid // 10**9 == batch and piece.state not in ENDED]
        if open_pieces:
            self._say("I6", seq, f"batch {batch} is closed with {len(open_pieces)} pieces open: {open_pieces[:3]}")
        open_letters = [
            letter for letter, state in self._letters.items() if letter // 10**7 == batch and state in ("OPEN", "HELD")
        ]
        if open_letters:
            self._say("I6", seq, f"batch {batch} is closed with letters open: {open_letters[:3]}")
        for uid, piece in self._pieces.items():
            if uid // 10**9 == batch and piece.copies > piece.copies_gone:
                self._say(
                    "I6",
                    seq,
                    f"batch {batch} is closed, {piece.copies - piece.copies_gone} copies of {uid} are not destroyed",
                )
        minted = sum(uid // 10**9 == batch for uid in self._pieces)
        said = json.loads(data)
        if said.get("minted") != minted:
            self._say("I6", seq, f"batch {batch} says {said.get('minted')} minted, the events say {minted}")
        counted = Counter(piece.state for uid, piece in self._pieces.items() if uid // 10**9 == batch)
        if said.get("by_state") != dict(counted):
            self._say("I6", seq, f"batch {batch} says {said.get('by_state')}, the events say {dict(counted)}")

    # --- the world ---

    def compare(self, world: Iterable[WorldLine], *, ended: bool) -> None:
        """Lay the world beside the ledger. ``ended``: the batch is closed, so all paper must be accounted for."""
        left: dict[int, int] = {}
        made: Counter[tuple[int, int]] = Counter()
        gone: Counter[tuple[int, int]] = Counter()
        recalled: set[int] = set()
        for line in world:
            what, seq = line["what"], line["seq"]
            if what == "left":
                self._left(seq, line["tray"], line["envelopes"], left, gone)
            elif what == "recall":
                if line["answer"] == "done":
                    recalled.add(line["letter"])
            elif what == "franking":
                self._due = line["due"]
            elif what == "printed":
                self._printed(seq, line["sheets"], made)
            else:
                gone.update((uid, k) for uid, k, _ in line["sheets"])
        for letter in sorted(recalled & left.keys()):
            self._say("I5", 0, f"letter {letter} left though its recall was accepted")
        if ended:
            self._all_accounted(left, made, gone)

    def _printed(self, seq: int, sheets: Sequence[Sequence[int]], made: Counter[tuple[int, int]]) -> None:
        for uid, k, _ in sheets:
            made[uid, k] += 1
            submitted = self._pieces[uid].words.get("submitted", 0) if uid in self._pieces else 0
            if not 0 < submitted <= seq:
                self._say("I7", seq, f"a sheet of {uid} was printed before its intent was durable")

    def _all_accounted(
        self, left: dict[int, int], made: Counter[tuple[int, int]], gone: Counter[tuple[int, int]]
    ) -> None:
        """The batch is closed: every letter said to be mailed left, and every sheet that was printed is somewhere."""
        for letter, state in self._letters.items():
            if state == "MAILED" and letter not in left and self._tray_gone(letter):
                self._say("I1", 0, f"letter {letter} is MAILED, but no envelope with it left")
        for key in made.keys() | gone.keys():
            if made[key] != gone[key]:
                self._say("I6", 0, f"sheet {key[1]} of {key[0]}: {made[key]} printed, {gone[key]} left or destroyed")

    def _tray_gone(self, letter: int) -> bool:
        piece = self._pieces[self._released[letter]]
        return self._trays.get(piece.tray) in ("HANDED_OVER", "ACCEPTED")

    def _left(
        self,
        seq: int,
        tray: int,
        envelopes: Sequence[Sequence[Any]],
        left: dict[int, int],
        gone: Counter[tuple[int, int]],
    ) -> None:
        """A tray left with these envelopes: each one is judged by what is really in it."""
        seen = []
        for sheets, shown, insert_off_mg, franked in envelopes:
            for uid, k, _ in sheets:
                gone[uid, k] += 1
            if not sheets:
                self._say("I2", seq, f"an empty envelope left in tray {tray}")
                continue
            uid, _, count = sheets[0]
            seen.append(uid)
            if [list(sheet) for sheet in sheets] != [[uid, k, count] for k in range(1, count + 1)]:
                self._say("I2", seq, f"an envelope left with {sheets}")
            if insert_off_mg:
                self._say("I2", seq, f"an envelope with {uid} left with an insert too many or too few")
            if franked != self._due:
                self._say("I3", seq, f"an envelope with {uid} left franked with {franked}, {self._due} is due")
            if shown != uid:
                self._say("I2", seq, f"an envelope with {uid} left showing {shown}")
            for letter in {sheet[0] // 100 for sheet in sheets}:
                if letter in left:
                    self._say("I1", seq, f"letter {letter} left twice, as {left[letter]} and as {uid}")
                left[letter] = uid
            self._left_piece(seq, tray, uid)
        listed = sorted(
            uid for uid, piece in self._pieces.items() if piece.tray == tray and piece.state in ("RELEASED", "ACCEPTED")
        )
        if sorted(seen) != listed:
            missing, extra = set(listed) - set(seen), set(seen) - set(listed)
            self._say(
                "I6", seq, f"tray {tray} left: not in it {sorted(missing)[:3]}, not on the list {sorted(extra)[:3]}"
            )

    def _left_piece(self, seq: int, tray: int, uid: int) -> None:
        piece = self._pieces.get(uid)
        if piece is None:
            self._say("I3", seq, f"{uid} left, but no ledger knows it")
            return
        released = piece.words.get("released", 0)
        if not 0 < released <= seq:
            self._say("I3", seq, f"{uid} left tray {tray} before, or without, its release")
        if piece.postage != self._due:
            self._say("I3", seq, f"{uid} left; its verification says postage {piece.postage}, {self._due} is due")
        if "voided" in piece.words:
            self._say("I4", seq, f"{uid} left though it is void")
        if self._letters.get(uid // 100) == "CANCELLED":
            self._say("I5", seq, f"{uid} left though its letter is cancelled")

    # --- the columns ---

    def check_states(self, pieces: Mapping[int, str], letters: Mapping[int, str]) -> None:
        """Compare the controller's state columns with what the events say (I7)."""
        for uid in pieces.keys() | self._pieces.keys():
            said = self._pieces[uid].state if uid in self._pieces else ""
            if pieces.get(uid, "") != said:
                self._say("I7", 0, f"piece {uid} is stored as {pieces.get(uid)}, its events say {said}")
        for letter in letters.keys() | self._letters.keys():
            if letters.get(letter) != self._letters.get(letter):
                self._say(
                    "I7",
                    0,
                    f"letter {letter} is stored as {letters.get(letter)}, its events say {self._letters.get(letter)}",
                )


_SPECIAL = {
    "planned": "_planned",
    "verified": "_verifying",
    "granted": "_granting",
    "in-tray": "_fell",
    "exit-unknown": "_unknown_exit",
    "voided": "_voiding",
    "released": "_releasing",
}


def audit(ledger_id: str, lines: Iterable[LedgerLine], world: Iterable[WorldLine], *, ended: bool) -> list[Finding]:
    """Return every contradiction between the invariants, the ledger and the world."""
    auditor = Auditor(ledger_id)
    auditor.read(lines)
    auditor.compare(world, ended=ended)
    return auditor.findings


def lines_of_export(path: Path) -> tuple[str, Iterable[LedgerLine]]:
    """Return the ledger's id and its events from a file that ``letterline ledger export`` wrote."""
    with path.open(encoding="utf-8") as file:
        ledger_id = json.loads(file.readline())["ledger"]

    def events() -> Iterable[LedgerLine]:
        with path.open(encoding="utf-8") as again:
            next(again)
            for text in again:
                fields = json.loads(text)
                yield (*fields[:9], bytes.fromhex(fields[9]))

    return ledger_id, events()


def main(arguments: Sequence[str]) -> int:
    """Audit an exported ledger by itself: ``python -m simulator.auditor LEDGER.jsonl``. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m simulator.auditor LEDGER.jsonl\n")
        return 2
    ledger_id, lines = lines_of_export(Path(arguments[0]))
    auditor = Auditor(ledger_id)
    auditor.read(lines)
    for finding in auditor.findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{auditor.events} events, {len(auditor.findings)} findings\n")
    return 1 if auditor.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
