"""The onlooker itself: hears one step whole - the word, what was written down, what was commanded - and judges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.onlooker.duties import Duties
from simulator.onlooker.grants import franked_as_due, why_not
from simulator.onlooker.hearing import HEARD, NUMBERED, number, taken_over
from simulator.onlooker.memory import Memory, Papers

ABORT_VERB = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """What the line under watch must prove. Weights in mg, ``sheet_mg`` 0: it has no scale; times in µs."""

    guard_us: int = 10_000
    sheet_mg: int = 0
    envelope_mg: int = 0
    tolerance_mg: int = 2_400
    postage: int = 0
    """What the franking head must confirm; 0: there is none."""


class Onlooker:
    """Watches one line. ``findings``: every act that had no right to be, and every duty that was not done, in words."""

    def __init__(self, papers: Papers, policy: Policy) -> None:
        self.papers = papers
        self.policy = policy
        self.memory = Memory()
        self.findings: list[str] = []
        self._recalled_back: set[int] = set()
        self._duties = Duties()

    def step(self, event: Any, records: Sequence[Any], actions: Sequence[Any]) -> None:
        """Judge one step of the line: what it was told, what it then made durable, and what it is about to do."""
        name = type(event).__name__
        memory, duties = self.memory, self._duties
        if name not in NUMBERED or number(memory, duties, event.seq):
            hear = HEARD.get(name)
            exiting = memory.inside.get(event.piece_no) if name == "PieceExited" else None
            if hear is not None:
                hear(memory, self.papers, duties, event)
        elif duties.silent:
            self._duties = Duties()
            if any(record.kind != "line.heard" for record in records) or actions:
                self._say(f"{name} {event.seq} was heard before, but had an effect: {[r.kind for r in records][:3]}")
            return
        if records:
            for record in records:
                self._record(name, event, record, exiting if name == "PieceExited" else None)
        for action in actions:
            if type(action).__name__ == "Grant":
                self._grant(action)
        if records or duties.are_any():
            self._look(duties, records, actions)
            self._duties = Duties()
        if actions and name in _ANSWERED:
            getattr(self, _ANSWERED[name])(event, actions)

    def taken_over(self) -> None:
        """A controller died and another begins. A step that was durable before the death is told to `step` first, acted on or not."""
        taken_over(self.memory)

    def _say(self, text: str) -> None:
        self.findings.append(text)

    # --- records ---

    def _enter(self, record: Any) -> None:
        memory = self.memory
        kind = record.kind
        noun = kind[: kind.index(".")]
        if noun in ("piece", "letter", "tray"):
            memory.book(kind, record.letter, record.piece, record.tray)
            if kind == "tray.opened":
                memory.tray, memory.tray_present = record.tray, True
            elif kind == "tray.closing" and record.tray == memory.tray:
                memory.tray = 0
        elif kind == "hold.placed":
            memory.holds[record.tray].add(_said(record)["reason"])
        elif kind == "hold.lifted":
            memory.holds[record.tray].discard(_said(record)["reason"])
        elif kind == "copy.seen":
            memory.copies_noted.add(record.piece)
        elif kind == "recall.too-late":
            memory.recalled.add(_said(record)["letter"])

    def _record(self, name: str, event: Any, record: Any, exiting: Any) -> None:
        kind, memory = record.kind, self.memory
        if kind == "piece.in-tray":
            self._in_tray(event if name == "PieceExited" else None, record, exiting)
        elif kind == "tray.closed" and memory.edges[record.tray] != len(memory.listed[record.tray]):
            self._say(
                f"tray {record.tray} is closed: its eye counted {memory.edges[record.tray]}, the books {len(memory.listed[record.tray])}"
            )
        elif kind == "piece.audit-present":
            payloads = event.payloads if name == "TrayAudit" else ()
            if record.piece not in {
                self.papers.marks[payload][0] for payload in payloads if payload in self.papers.marks
            }:
                self._say(f"{record.piece} was found in tray {record.tray}, but nobody scanned it there")
        elif kind == "piece.audit-absent":
            if any(piece.granted_uid == record.piece for piece in memory.inside.values()):
                self._say(f"{record.piece} is declared absent from a tray, but it is still in the machine and may fall")
        elif kind in ("piece.suspected", "piece.diverted"):
            self._reason(record)
        self._enter(record)

    def _in_tray(self, event: Any, record: Any, piece: Any) -> None:
        uid, memory = record.piece, self.memory
        if event is None or piece is None or piece.granted_uid != uid:
            self._say(f"{uid} counts as in tray {record.tray}, but no exit of it was told")
            return
        if not event.tray or event.reject:
            self._say(f"{uid} counts as in tray {record.tray}, but not the tray eye alone saw it")
        if piece.hands:
            self._say(f"{uid} counts as in tray {record.tray} by the eyes, but hands may have been at it")
        fell_into = piece.eye_tray or piece.granted_tray
        if record.tray != fell_into:
            self._say(f"{uid} counts as in tray {record.tray}, but fell into {fell_into}")
        if not piece.edge_counted:
            memory.edges[record.tray] += 1
        if uid // 100 in memory.recalled:
            self._recalled_back.add(record.tray)

    def _reason(self, record: Any) -> None:
        """The reason on the books must be a true one; a few can be checked by what was heard."""
        reason, uid, memory = str(_said(record).get("reason")), record.piece, self.memory
        if reason == "duplicate" and not memory.copies and not memory.copies_noted:
            self._say(f"{uid} is refused as a duplicate, but no sheet of any piece came twice")
        elif reason == "stack-end" and not self._at_stack_end(uid):
            self._say(f"{uid} is refused for the end of its stack, but the stack goes on")
        elif reason == "no-postage" and record.kind == "piece.suspected" and self._all_franked():
            self._say(f"{uid} is refused for its postage, but every envelope inside is franked as is due")
        elif reason == "letter-not-open" and memory.letters.get(uid // 100) == "CANCELLED":
            self._say(f"{uid} is refused because its letter is not open; the books must say that it was recalled")

    def _all_franked(self) -> bool:
        return all(franked_as_due(piece, self.policy.postage) for piece in self.memory.inside.values())

    def _at_stack_end(self, uid: int) -> bool:
        sheets = self.memory.sheets
        for sheet in sheets.values():
            if sheet.mark is not None and sheet.mark[0] == uid:
                after = sheets.get(sheet.no + 1)
                if sheet.ended or (after is not None and after.stack != sheet.stack):
                    return True
        return not any(sheet.mark is not None and sheet.mark[0] == uid for sheet in sheets.values())

    # --- commands ---

    def _grant(self, action: Any) -> None:
        memory = self.memory
        piece = memory.inside.get(action.piece_no)
        why = why_not(memory, self.papers, self.policy, piece, action)
        if why:
            self._say(f"grant for {action.uid} as no. {action.piece_no}: {why}")
        if piece is not None:
            piece.granted_uid, piece.granted_tray = action.uid, memory.tray

    # --- duties ---

    def _look(self, duties: Duties, records: Sequence[Any], actions: Sequence[Any]) -> None:
        """Look whether everything the word obliged to was done."""
        memory = self.memory
        self._look_at_doubts(duties, records)
        for kind, uid, why in duties.kinds:
            if not any(record.kind == kind and record.piece == uid for record in records):
                self._say(f"{kind} was not written down; {why}")
        if duties.abort and not any(getattr(action, "verb", 0) == ABORT_VERB for action in actions):
            self._say(f"the machine was not stopped; {duties.abort}")
        for record in records:
            if record.kind == "piece.exit-unknown" and memory.pieces[record.piece] == "EXIT_UNKNOWN":
                tray = memory.tray_of.get(record.piece, 0)
                if not any(reason.startswith("exit-unknown:") for reason in memory.holds[tray]):
                    self._say(f"nobody knows where {record.piece} is, but tray {tray} is not on HOLD")
        for tray in self._recalled_back:
            if not any(reason.startswith("pull:") for reason in memory.holds[tray]):
                self._say(f"a recalled piece fell into tray {tray}, but nobody was told to pull it")
        self._recalled_back.clear()

    def _look_at_doubts(self, duties: Duties, records: Sequence[Any]) -> None:
        memory = self.memory
        if duties.spoiled and memory.good:
            good = memory.good - {record.piece for record in records if record.kind == "piece.fed"}
            if good:
                self._say(f"{duties.spoiled}: {sorted(good)[:3]} still count as good")
        if duties.unknown and memory.granted:
            self._say(f"{duties.unknown}: {sorted(memory.granted)[:3]} still count as granted")
        for uid, why in duties.doubt:
            if uid in memory.good:
                self._say(f"{uid} still counts as good; {why}")
        for tray, why in duties.look_for:
            if tray and not any(reason.startswith("exit-unknown:") for reason in memory.holds[tray]):
                self._say(f"tray {tray} is not on HOLD for a piece of unknown exit; {why}")
        for tray, why in duties.hold:
            if tray and not memory.holds[tray] and memory.trays.get(tray) in ("OPEN", "CLOSING", "AUDIT"):
                self._say(f"tray {tray} is not on HOLD; {why}")

    def _audited(self, event: Any, actions: Sequence[Any]) -> None:
        if not _done(actions):
            return
        memory, tray = self.memory, event.tray
        scanned = []
        for payload in event.payloads:
            mark = self.papers.marks.get(payload)
            if mark is None or mark[1] != 1:
                self._say(f"the audit of tray {tray} ended well with an envelope nobody can name")
            else:
                scanned.append(mark[0])
        if event.counted != len(event.payloads):
            self._say(f"the audit of tray {tray} ended well though {event.counted} were counted")
        if len(set(scanned)) != len(scanned):
            self._say(f"the audit of tray {tray} ended well with a piece that lies there twice")
        state = "RELEASED" if memory.trays.get(tray) == "CLOSED" else "IN_TRAY"
        listed = {uid for uid, at in memory.tray_of.items() if at == tray and memory.pieces[uid] == state}
        if listed != set(scanned):
            self._say(
                f"the audit of tray {tray} ended well, but books and scans differ: {sorted(listed ^ set(scanned))[:3]}"
            )
        for uid in scanned:
            if uid // 100 in memory.recalled and state == "IN_TRAY":
                self._say(f"the audit of tray {tray} ended well with {uid}, whose letter was recalled")

    def _recall(self, event: Any, actions: Sequence[Any]) -> None:
        state = self.memory.letters.get(event.letter)
        if _done(actions) and state != "CANCELLED":
            self._say(f"the recall of {event.letter} was accepted, but the letter is {state}")


_ANSWERED = {"TrayAudit": "_audited", "RecallLetter": "_recall"}


def _done(actions: Sequence[Any]) -> bool:
    return any(type(action).__name__ == "Reply" and str(action.answer) == "done" for action in actions)


def _said(record: Any) -> Mapping[str, Any]:
    data: Mapping[str, Any] = record.data
    return data
