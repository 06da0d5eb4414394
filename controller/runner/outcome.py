"""What a run came to: the summary in numbers, the manifest, the contact sheet, and where everything lies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.ledger.ledger import Ledger
from controller.line.book import Book
from controller.model import attempt_of, piece_name
from controller.postal import Manifest, ManifestLine, build_manifest, write_manifest_pdf, write_manifest_xlsx
from controller.postal.manifest import piece_weight_g
from controller.states import PieceState

SHEET_TILES_MAX = 60
_SHARES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
_OUT: tuple[str, ...] = (PieceState.RELEASED, PieceState.ACCEPTED)


@dataclass(slots=True)
class Stages:
    """How long each stage took and how much it did; a stage's clock runs from its first to its last sign of work."""

    spans: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, name: str, count: int, seconds: float) -> None:
        self.spans[name] = (count, seconds)

    def facts(self) -> dict[str, dict[str, float]]:
        return {name: {"count": count, "seconds": round(seconds, 3)} for name, (count, seconds) in self.spans.items()}


def divert_reasons(ledger: Ledger, batch: int) -> dict[int, str]:
    """Return why each piece left the path, by uid: the first reason that was written down."""
    reasons: dict[int, str] = {}
    for event in ledger.read():
        if event.kind in ("piece.suspected", "piece.diverted", "piece.exit-unknown") and event.piece // 10**9 == batch:
            data = json.loads(event.data)
            reasons.setdefault(event.piece, str(data.get("reason") or data.get("why") or "unknown"))
    return reasons


def summary(
    book: Book, ledger: Ledger, batch: int, accepted: int, refused: int, violations: int, stages: Stages
) -> dict[str, object]:
    """Return the facts of ``OUT/summary.json``; its keys are a promise to whoever checks a run."""
    account = book.account(batch)
    pieces = book.batches[batch].pieces
    released = [piece for piece in pieces if piece.state in _OUT]
    return {
        "accepted": accepted,
        "refused": refused,
        "letters": len(book.batches[batch].letters),
        "sheets": sum(piece.sheets for piece in pieces),
        "diverted": dict(Counter(divert_reasons(ledger, batch).values()).most_common()),
        "reprinted": sum(1 for piece in pieces if attempt_of(piece.uid) > 1),
        "released": len(released),
        "destroyed": account.by_state.get(PieceState.DESTROYED, 0),
        "lost": account.by_state.get(PieceState.LOST, 0),
        "held": sum(1 for letter in book.batches[batch].letters if letter.state == "HELD"),
        "open": len(account.open_letters),
        "balance": account.balance,
        "violations": violations,
        "example_letter": str(released[0].uid) if released else "",
        "stages": stages.facts(),
    }


def percentiles(values: Iterable[int]) -> dict[str, int]:
    """Return count, p50, p99, p99.9 and the largest of ``values``."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    picked = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in _SHARES}
    return {"count": len(ordered), **picked, "max": ordered[-1]}


def make_manifest(book: Book, batch: int, fields: Mapping[int, Mapping[str, str]], *, simulated: bool) -> Manifest:
    """List exactly the released pieces of the batch."""
    lines = []
    for piece in book.batches[batch].pieces:
        if piece.state not in _OUT:
            continue
        case = fields[piece.uid // 100]
        place = "".join(dict.fromkeys((case["province"], case["city"]))) + case["district"]
        lines.append(
            ManifestLine(
                item=piece.item_id,
                postcode=case["postcode"],
                office=case["city"],
                addressee=case["debtor_name"],
                address=place + case["address"],
                weight_g=piece_weight_g(piece.sheets),
                tray=f"T{piece.tray}",
                own_serial=piece_name(piece.uid),
            )
        )
    return build_manifest(f"M{batch:06d}", lines, simulated=simulated)


def write_manifest(manifest: Manifest, out: Path) -> None:
    """Write ``manifest.xlsx`` and ``manifest.pdf``."""
    write_manifest_xlsx(manifest, out / "manifest.xlsx")
    write_manifest_pdf(manifest, out / "manifest.pdf")


def write_contact_sheet(book: Book, ledger: Ledger, batch: int, out: Path, *, simulated: bool) -> int:
    """Put camera frame and rendered letter side by side: what did not pass and was seen, then what passed; return how many are shown."""
    from rendering.art.contact_sheet import Tile, contact_sheet

    tiles, reasons = [], divert_reasons(ledger, batch)
    for piece in book.batches[batch].pieces:
        frame, letter = out / "frames" / f"{piece.uid}.jpg", out / "letters" / f"{piece.uid}.png"
        ok = piece.state in _OUT
        why = "" if ok else f" · {reasons.get(piece.uid, piece.state)}"
        if frame.exists():
            picture = letter if letter.exists() else None
            tiles.append(Tile(frame, picture, piece_name(piece.uid) + why, ok))
    failed = [tile for tile in tiles if not tile.ok][: SHEET_TILES_MAX // 2]
    passed = [tile for tile in tiles if tile.ok][: SHEET_TILES_MAX - len(failed)]
    notice = "SIMULATED 模拟 · " if simulated else ""
    return contact_sheet(
        failed + passed, out / "contact-sheet.png", f"{notice}Letterline · 批次 batch {batch}", SHEET_TILES_MAX
    )


def write_summary(facts: Mapping[str, object], out: Path) -> Path:
    """Write ``summary.json`` whole or not at all."""
    fresh = out / "summary.json.new"
    fresh.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    return fresh.replace(out / "summary.json")
