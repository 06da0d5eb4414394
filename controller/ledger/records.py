"""What the ledger stores: one `Record` is one thing that happened, in plain values. Pure; no SQL here.

The kind says which noun it happened to and what: ``"piece.collated"``, ``"tray.closed"``, ``"line.mode"``. For a noun with a
state table (``piece``, ``letter``, ``tray``, ``batch``, ``job``) the word after the dot is an event of that table, and the ledger
advances the state in the same transaction; every other noun (``line``, ``person``, ``command`` …) is only written down.

A record never holds personal data: names, addresses and debts live in the ``cases`` table, which can be erased; here are ids and hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

NO_DATA: Final[Mapping[str, object]] = MappingProxyType({})


class Record(NamedTuple):
    """One thing that happened, before it is durable. 0 or "" means: not about such a noun.

    A piece's uid already says its letter and batch (`controller.model`), so they need not be repeated beside it.
    """

    kind: str
    batch: int = 0
    letter: int = 0
    piece: int = 0
    """The piece's uid."""
    tray: int = 0
    job: str = ""
    """The uid of a print job."""
    data: Mapping[str, object] = NO_DATA
    """Strings, whole numbers, booleans, None, and lists and dicts of these. No floats: their text differs between writers, and
    the text is what is hashed."""


class Event(NamedTuple):
    """A record that is durable: its place in the chain, and the hash that binds it to everything before it."""

    seq: int
    at_unix_ns: int
    kind: str
    batch: int
    letter: int
    piece: int
    tray: int
    job: str
    data: str
    """Canonical JSON, exactly the text that was hashed."""
    hash: bytes
