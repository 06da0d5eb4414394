"""Item numbers: 13 characters, two service letters, eight digits, check digit, country (UPU S10-12).

The form and check digit are in `controller.model`. A pass of the check digit proves little (1.83 % of single-digit errors go undetected); a scanned number must also equal the number assigned to that piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from controller.model import ItemId, s10_item_id

SERIALS: Final = 100_000_000


class RangeExhausted(Exception):
    """The range the post issued has no numbers left; ask the post for another."""


@dataclass(frozen=True, slots=True)
class ItemRange:
    """A block of serials issued by the post, ``first`` to ``last`` inclusive. ``first`` onward are used in order and never again."""

    service: str
    first: int
    last: int
    country: str = "CN"

    def __post_init__(self) -> None:
        if not (0 <= self.first <= self.last < SERIALS):
            raise ValueError(f"item range {self.first}..{self.last} is not within eight digits")

    def number(self, index: int) -> ItemId:
        """Return the ``index``-th number of the range, from 0.

        Raises:
            RangeExhausted: the range is used up.
        """
        serial = self.first + index
        if serial > self.last:
            raise RangeExhausted(
                f"邮件号码段已用完 / the item range {self.service}{self.first:08d}…{self.last:08d} is used up: ask the post for a new one"
            )
        return s10_item_id(self.service, serial, self.country)

    def draw(self, used: int, count: int) -> tuple[ItemId, ...]:
        """Return the ``count`` numbers after the first ``used``."""
        return tuple(islice(self._from(used), count))

    def _from(self, index: int) -> Iterator[ItemId]:
        while True:
            yield self.number(index)
            index += 1


# Numbers of the simulated post. On the floor the range comes from the configuration.
SIMULATED_RANGE: Final = ItemRange("XA", 10_000_000, 99_999_999)
