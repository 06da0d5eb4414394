"""Item numbers: 13 characters, two service letters, eight digits, check digit, country (UPU S10-12).

A pass of the check digit proves little (1.83 % of single-digit errors go undetected); a scanned number must also equal the number assigned to that piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
SERIALS: Final = 100_000_000


class RangeExhausted(Exception):
    """The range the post issued has no numbers left; ask the post for another."""


def check_digit(serial: int) -> int:
    """Return the S10 check digit of an eight-digit serial (UPU S10-12, weights 8 6 4 2 3 5 9 7, modulus 11)."""
    total = sum(weight * int(digit) for weight, digit in zip(S10_WEIGHTS, f"{serial:08d}", strict=True))
    remainder = 11 - total % 11
    return {10: 0, 11: 5}.get(remainder, remainder)


def is_well_formed(item: str) -> bool:
    """Tell whether ``item`` has the S10 form and check digit."""
    return (
        len(item) == 13 and item.isascii() and item[:2].isalpha() and item[2:11].isdigit() and item[11:].isalpha()
        and item == item.upper() and int(item[10]) == check_digit(int(item[2:10]))
    )  # fmt: skip


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

    def number(self, index: int) -> str:
        """Return the ``index``-th number of the range, from 0.

        Raises:
            RangeExhausted: the range is used up.
        """
        serial = self.first + index
        if serial > self.last:
            raise RangeExhausted(
                f"邮件号码段已用完 / the item range {self.service}{self.first:08d}…{self.last:08d} is used up: ask the post for a new one"
            )
        return f"{self.service}{serial:08d}{check_digit(serial)}{self.country}"

    def draw(self, used: int, count: int) -> tuple[str, ...]:
        """Return the ``count`` numbers after the first ``used``."""
        return tuple(islice(self._from(used), count))

    def _from(self, index: int) -> Iterator[str]:
        while True:
            yield self.number(index)
            index += 1


# Numbers of the simulated post. On the floor the range comes from the configuration.
SIMULATED_RANGE: Final = ItemRange("XA", 10_000_000, 99_999_999)
