"""Did the simulated world see what the ledger claims? Reads the world's own log, which names sheets by print job and place, never by mark.

Only for simulated lines: a real floor has no such log. It trusts the ledger for one thing alone: which piece was planned at which place of
which print job. Everything else is counted from what physically happened.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.line.book import Book
from controller.states import PieceState

_LEFT = (PieceState.RELEASED, PieceState.ACCEPTED)


def check_world(log: Path, book: Book, batch: int, postage: int = 0) -> list[str]:
    """Return every violation, in words; an empty list is what must be. ``postage``: what each envelope must be franked with, 0: nothing."""
    place = _places(book)
    in_tray: list[tuple[int, int, str]] = []
    unpaid: dict[int, int] = {}
    found: list[str] = []
    for fact in _facts(log):
        if fact.get("what") == "exit" and fact.get("where") == "tray":
            uid, problem = _contents(fact, place)
            in_tray.append((uid, int(fact.get("tray", 0)), problem))
            if postage and fact.get("postage") != postage:
                unpaid[uid] = int(fact.get("postage", 0))
        elif fact.get("what") == "pulled":
            uid, problem = _contents(fact, place)
            if (uid, int(fact["tray"]), problem) in in_tray:
                in_tray.remove((uid, int(fact["tray"]), problem))
    trays_left = {piece.tray for piece in book.pieces.values() if piece.state in _LEFT}
    # What an audit took out again did not leave; what lies in a tray that never left may still be taken out, but must not be wrong at the end.
    found += [problem for _, _, problem in in_tray if problem]
    left = Counter(uid for uid, tray, _ in in_tray if tray in trays_left)
    for uid, count in left.items():
        entry = book.pieces.get(uid)
        if count > 1:
            found.append(f"I1: {count} envelopes of piece {uid} left")
        if entry is None or entry.state not in _LEFT:
            found.append(f"I3: piece {uid} left, but the ledger has it as {entry.state if entry else 'unknown'}")
    found += [f"row 39: piece {uid} left franked with {unpaid[uid]}, not {postage}" for uid in left if uid in unpaid]
    letters = Counter(uid // 100 for uid in left)
    found += [f"I1: {count} pieces of letter {letter} left" for letter, count in letters.items() if count > 1]
    missing = [piece.uid for piece in book.batches[batch].pieces if piece.state in _LEFT and piece.uid not in left]
    found += [f"I6: the ledger released piece {uid}, but no tray that left holds it" for uid in missing]
    return found


def _places(book: Book) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Return (uid, k, n) of the sheet at each place of each print job."""
    place: dict[tuple[str, int], tuple[int, int, int]] = {}
    for job in book.jobs.values():
        index = 0
        for piece in job.pieces:
            for k in range(1, piece.sheets + 1):
                place[job.name, index] = (piece.uid, k, piece.sheets)
                index += 1
    return place


def _contents(fact: dict[str, Any], place: dict[tuple[str, int], tuple[int, int, int]]) -> tuple[int, str]:
    """Return whose sheets an envelope holds, and what is wrong with them ("" when it is one whole piece in order)."""
    sheets = [place.get((sheet["job"], int(sheet["index"])), (0, 0, 0)) for sheet in fact["sheets"]]
    uid = sheets[0][0] if sheets else 0
    whole = bool(sheets) and uid and [s[1] for s in sheets] == list(range(1, sheets[0][2] + 1))
    if whole and all(s[0] == uid for s in sheets):
        return uid, ""
    return uid, f"I2: an envelope in a tray holds {sheets}"


def _facts(log: Path) -> Iterator[dict[str, Any]]:
    with log.open(encoding="utf-8") as stream:
        for line in stream:
            try:
                yield json.loads(line)
            except ValueError:
                continue  # the line that was being written when the world was killed
