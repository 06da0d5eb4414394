"""The counter of the post: does what lies in a tray equal what the sender announced for it? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.post.cage import UNREAD, Mailed


@dataclass(frozen=True, slots=True)
class Count:
    """One tray at the counter. It is accepted when every list is empty."""

    tray: int
    pieces: int
    missing: tuple[str, ...] = ()
    """Announced and not there."""
    unannounced: tuple[str, ...] = ()
    """There and not announced, or announced for another tray."""
    doubled: tuple[str, ...] = ()
    """The same number on two envelopes."""
    unread: int = 0

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.unannounced or self.doubled or self.unread)

    def told(self) -> str:
        """Return what the clerk writes on the slip."""
        if self.agrees:
            return f"T{self.tray}: {self.pieces} 件，与清单相符 pieces, as announced"
        parts = [
            f"{title} {', '.join(items[:5])}{' …' if len(items) > 5 else ''}"
            for title, items in (
                ("缺 missing", self.missing),
                ("清单外 not announced", self.unannounced),
                ("重号 doubled", self.doubled),
            )
            if items
        ]
        if self.unread:
            parts.append(f"读不出 unread {self.unread}")
        return f"T{self.tray}: " + "; ".join(parts)


def count(tray: int, announced: Iterable[str], lying: Iterable[Mailed]) -> Count:
    """Compare one tray with the numbers announced for it."""
    here = [one.item for one in lying]
    there, wanted = Counter(item for item in here if item != UNREAD), Counter(announced)
    return Count(
        tray,
        len(here),
        tuple(sorted((wanted - there).keys())),
        tuple(sorted(there.keys() - wanted.keys())),
        tuple(sorted(item for item, times in there.items() if times > 1)),
        here.count(UNREAD),
    )
