"""The nouns of the line: ids, cases, letters, pieces, the control mark, postal item ids, verdicts.

Values only: nothing here opens, waits or remembers. The meaning of a control mark's digits is known in this file
and nowhere else; rendering draws them and vision returns them without understanding them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

BatchId = NewType("BatchId", int)
"""1 … 999 999."""
LetterId = NewType("LetterId", int)
"""Batch and letter number as one integer, ``batch * 10**7 + number``; people read `letter_name`."""
PieceUid = NewType("PieceUid", int)
"""Batch, letter number and attempt as one integer of at most 15 digits; fits the u64 of a grant."""
TrayId = NewType("TrayId", int)
JobId = NewType("JobId", str)
"""Print-job uid and job name: ``B<batch>-J<nn>-<8 hex>``."""
CaseId = NewType("CaseId", str)
ItemId = NewType("ItemId", str)
"""Postal number, 13 characters of UPU S10 form."""
Badge = NewType("Badge", str)

BATCH_MAX: Final = 999_999
NUMBER_MAX: Final = 9_999_999
ATTEMPT_MAX: Final = 99
SHEETS_MAX: Final = 99


def letter_id(batch: int, number: int) -> LetterId:
    """Return the id of letter ``number`` of ``batch``."""
    if not (0 < batch <= BATCH_MAX and 0 < number <= NUMBER_MAX):
        raise ValueError(f"batch {batch} or letter number {number} out of range")
    return LetterId(batch * 10_000_000 + number)


def piece_uid(batch: int, number: int, attempt: int) -> PieceUid:
    """Return the uid of one attempt at letter ``number`` of ``batch``."""
    if not 0 < attempt <= ATTEMPT_MAX:
        raise ValueError(f"attempt {attempt} out of range 1-{ATTEMPT_MAX}")
    return PieceUid(letter_id(batch, number) * 100 + attempt)


def letter_of(uid: int) -> LetterId:
    """Return the letter a piece is an attempt at."""
    return LetterId(uid // 100)


def batch_of(uid: int) -> BatchId:
    """Return the batch a piece belongs to."""
    return BatchId(uid // 1_000_000_000)


def number_of(uid: int) -> int:
    """Return the letter number inside its batch."""
    return uid // 100 % 10_000_000


def attempt_of(uid: int) -> int:
    """Return which attempt at its letter a piece is, from 1."""
    return uid % 100


def letter_name(letter: int) -> str:
    """Return the form people read and type: ``000001-0000123`` (batch, letter)."""
    return f"{letter // 10_000_000:06d}-{letter % 10_000_000:07d}"


def parse_letter_name(text: str) -> LetterId:
    """Return the id of the letter a person typed as ``000001-0000123``.

    Raises:
        ValueError: the text is not of that form.
    """
    batch, _, number = text.strip().partition("-")
    if not (batch.isascii() and batch.isdigit() and number.isascii() and number.isdigit()):
        raise ValueError(f"{text!r} is not a letter name such as 000001-0000123")
    return letter_id(int(batch), int(number))


def piece_name(uid: int) -> str:
    """Return the form people read and type: ``000001-0000123-01`` (batch, letter, attempt)."""
    return f"{uid // 1_000_000_000:06d}-{uid // 100 % 10_000_000:07d}-{uid % 100:02d}"


def parse_piece_name(text: str) -> PieceUid:
    """Return the uid a person typed as ``000001-0000123-01``.

    Raises:
        ValueError: the text is not of that form.
    """
    parts = text.strip().split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts):
        raise ValueError(f"{text!r} is not a piece name such as 000001-0000123-01")
    return piece_uid(int(parts[0]), int(parts[1]), int(parts[2]))


@dataclass(frozen=True, slots=True)
class Case:
    """One accepted row of the client's file: one debtor, one matter.

    ``row`` is the row in the client's file as the client counts (header is row 1).
    ``fields`` are the remaining columns by canonical name, for the template.
    """

    case_id: CaseId
    row: int
    recipient: str
    address: tuple[str, ...]
    postcode: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def content_hash(self) -> str:
        """Return SHA-256 (hex) over everything that would be printed: the idempotence key beside ``case_id``."""
        digest = hashlib.sha256()
        parts = [self.recipient, *self.address, self.postcode]
        parts += [f"{k}={self.fields[k]}" for k in sorted(self.fields)]
        for part in parts:
            raw = part.encode()
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Letter:
    """The document for one addressee; at most one envelope with it may ever leave. ``sheets`` as rendered."""

    letter: LetterId
    case_id: CaseId
    sheets: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One physical attempt at a letter: ``sheets`` sheets in one envelope that shows ``item_id``."""

    uid: PieceUid
    sheets: int
    item_id: ItemId

    @property
    def letter(self) -> LetterId:
        return letter_of(self.uid)


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One submission to one queue: the order of ``pieces`` is the order of the paper in its stack."""

    job: JobId
    batch: BatchId
    pieces: tuple[Piece, ...]

    @property
    def sheets(self) -> int:
        return sum(piece.sheets for piece in self.pieces)


class MarkFault(StrEnum):
    """Why a payload is not one of our marks."""

    FORM = "form"
    VERSION = "version"
    RANGE = "range"
    MAC = "mac"


MARK_VERSION: Final = "1"
MARK_DIGITS: Final = 36
_BODY_DIGITS: Final = 20
_MAC_MODULUS: Final = 10**16


@dataclass(frozen=True, slots=True)
class ControlMark:
    """What a sheet carries: whose it is (``uid``) and that it is sheet ``sheet`` of ``sheets``.

    Payload, 36 decimal digits: version 1 | batch 6 | letter number 7 | attempt 2 | sheet 2 | sheets 2 | MAC 16, the MAC
    being HMAC-SHA256 over the first 20 digits, modulo 10^16.
    """

    uid: PieceUid
    sheet: int
    sheets: int

    def encode(self, key: bytes) -> str:
        """Return the payload, authenticated with ``key``."""
        if not 1 <= self.sheet <= self.sheets <= SHEETS_MAX:
            raise ValueError(f"sheet {self.sheet} of {self.sheets} out of range")
        body = f"{MARK_VERSION}{self.uid:015d}{self.sheet:02d}{self.sheets:02d}"
        return f"{body}{_mac(body, key):016d}"


def _mac(body: str, key: bytes) -> int:
    return int.from_bytes(hmac.digest(key, body.encode("ascii"), "sha256"), "big") % _MAC_MODULUS


def parse_mark(payload: str, key: bytes) -> ControlMark | MarkFault:
    """Return the mark a payload says, or why it is not one of ours.

    A payload of another format, or one whose MAC does not agree, is never interpreted further: nobody may act on
    digits that were not printed by us.
    """
    if len(payload) != MARK_DIGITS or not payload.isdecimal() or not payload.isascii():
        return MarkFault.FORM
    if payload[0] != MARK_VERSION:
        return MarkFault.VERSION
    body = payload[:_BODY_DIGITS]
    if _mac(body, key) != int(payload[_BODY_DIGITS:]):
        return MarkFault.MAC
    uid, sheet, sheets = int(payload[1:16]), int(payload[16:18]), int(payload[18:20])
    if not (1 <= sheet <= sheets and uid % 100 and uid // 100 % 10_000_000 and uid // 1_000_000_000):
        return MarkFault.RANGE
    return ControlMark(PieceUid(uid), sheet, sheets)


_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)


def s10_check_digit(serial: int) -> int:
    """Return the check digit of an 8-digit serial number (UPU S10, weighted modulus 11)."""
    if not 0 <= serial <= 99_999_999:
        raise ValueError(f"serial {serial} does not fit 8 digits")
    total = sum(w * int(d) for w, d in zip(_S10_WEIGHTS, f"{serial:08d}", strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check)


def s10_item_id(service: str, serial: int, country: str = "CN") -> ItemId:
    """Return the 13-character item id of ``serial`` in the range of ``service`` (two capital letters)."""
    if not (len(service) == 2 and service.isascii() and service.isupper() and len(country) == 2):
        raise ValueError(f"service {service!r} or country {country!r} is not two capital letters")
    return ItemId(f"{service}{serial:08d}{s10_check_digit(serial)}{country}")


def is_s10_item_id(text: str) -> bool:
    """Return whether ``text`` has S10 form and its check digit agrees."""
    return (
        len(text) == 13
        and text.isascii()
        and (text[:2] + text[11:]).isupper()
        and (text[:2] + text[11:]).isalpha()
        and text[2:11].isdigit()
        and int(text[10]) == s10_check_digit(int(text[2:10]))
    )


class Divert(StrEnum):
    """Why a piece may not pass. The value is what ledger, screens and reports print."""

    NO_READ = "no-read"
    MISMATCH = "mismatch"
    MAC_BAD = "mac-bad"
    DUPLICATE = "duplicate"
    VOID = "void"
    RECALLED = "recalled"
    LETTER_NOT_OPEN = "letter-not-open"
    UNKNOWN_PIECE = "unknown-piece"
    GAP = "gap"
    INCOMPLETE = "incomplete"
    FOREIGN_SHEET = "foreign-sheet"
    DOUBLE_FEED = "double-feed"
    SUCCESSOR_UNSEEN = "successor-unseen"
    STACK_END = "stack-end"
    UNDECIDED_SET = "undecided-set"
    CODES_DISAGREE = "codes-disagree"
    ADDRESS_DOUBT = "address-doubt"
    WEIGHT = "weight"
    NO_POSTAGE = "no-postage"
    LATE = "late"
    ZONE = "zone"
    LINK_LOST = "link-lost"
    EPOCH = "epoch"
    RESTART = "restart"
    NOT_PRODUCING = "not-producing"
    NO_TRAY = "no-tray"
    CHALLENGE = "challenge"
    GATE_REJECTED = "gate-rejected"
    NOT_FOUND = "not-found"


@dataclass(frozen=True, slots=True)
class Verdict:
    """PASS, or DIVERT for ``reason``."""

    reason: Divert | None

    @property
    def passes(self) -> bool:
        return self.reason is None


PASS: Final = Verdict(None)
