"""What a scanned code is: a control mark, a postal number, a tray, a badge, a piece number typed by hand. Pure.

Scanners put an AIM identifier before the code when told to (``]d1``, ``]C0``; ISO/IEC 15424): it is taken off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from controller.model import MARK_DIGITS, is_s10_item_id, parse_piece_name

SCAN_CHARACTERS_MAX: Final = 80
_AIM: Final = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_TRAY: Final = re.compile(r"^T(\d{1,9})$")


class ScanKind(StrEnum):
    MARK = "mark"
    ITEM = "item"
    PIECE = "piece"
    TRAY = "tray"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Scan:
    """A code as scanned. ``number`` is the uid of a mark or a piece name, the tray number of a tray label, else 0."""

    kind: ScanKind
    text: str
    number: int = 0


def read_scan(text: str) -> Scan:
    """Say what ``text`` is. Nothing unknown is guessed at: it is OTHER, and the screen refuses it in words."""
    text = _AIM.sub("", text.strip())[:SCAN_CHARACTERS_MAX]
    if len(text) == MARK_DIGITS and text.isascii() and text.isdecimal() and text[0] == "1":
        return Scan(ScanKind.MARK, text, int(text[1:16]))
    if is_s10_item_id(text.upper()):
        return Scan(ScanKind.ITEM, text.upper())
    tray = _TRAY.match(text.upper())
    if tray:
        return Scan(ScanKind.TRAY, text.upper(), int(tray.group(1)))
    try:
        return Scan(ScanKind.PIECE, text, parse_piece_name(text))
    except ValueError:
        return Scan(ScanKind.OTHER, text)


def tray_label(tray: int) -> str:
    """Return the code on the label of a tray."""
    return f"T{tray:06d}"
