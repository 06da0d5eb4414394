"""People, their badges and PINs, and the rules of signing in. Pure but for the hashing itself.

A badge says who somebody claims to be, the PIN proves it. PINs are stored as argon2id only (RFC 9106, second recommended
parameter set: 64 MiB, 3 passes, 4 lanes). Five wrong PINs lock the badge for fifteen minutes (ASVS 5.0, 6.3.1).
"""

from __future__ import annotations

import itertools
import secrets
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller.service.rights import Right, Role, rights_of

PIN_DIGITS_MIN: Final = 6
PIN_DIGITS_MAX: Final = 12
WRONG_PINS_MAX: Final = 5
LOCK_OUT_S: Final = 15 * 60
BADGE_CHARACTERS_MAX: Final = 32
LANGUAGES: Final = ("zh", "en")
_BADGE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class PinRefused(ValueError):
    """The PIN is too easy or not a PIN. The text says why, in English; the screens translate it by its `code`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class SignIn(StrEnum):
    """How an attempt to sign in ended. Strangers and wrong PINs look the same to the person at the screen."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED_OUT = "locked-out"


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the house. ``locked_until_s`` and ``wrong_pins`` are the state of the lock-out; times are Unix seconds."""

    badge: str
    name: str
    roles: tuple[Role, ...]
    language: str
    active: bool
    pin_hash: str
    wrong_pins: int = 0
    locked_until_s: int = 0

    @property
    def rights(self) -> frozenset[Right]:
        return rights_of(self.roles) if self.active else frozenset()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt to sign in leads to: the answer, and the new state of the badge's lock-out."""

    answer: SignIn
    wrong_pins: int
    locked_until_s: int


def new_badge() -> str:
    """Return a fresh badge code: ``LB`` and ten characters that no scanner or person confuses."""
    return "LB" + "".join(secrets.choice(_BADGE_ALPHABET) for _ in range(10))


def check_badge(badge: str) -> str:
    """Return ``badge`` trimmed.

    Raises:
        ValueError: empty, too long, or with characters a wedge scanner cannot type.
    """
    badge = badge.strip()
    if not 4 <= len(badge) <= BADGE_CHARACTERS_MAX or not all(
        c.isascii() and (c.isalnum() or c in "-_") for c in badge
    ):
        raise ValueError(f"a badge is 4 to {BADGE_CHARACTERS_MAX} letters, digits, '-' or '_'")
    return badge


def check_pin(pin: str) -> str:
    """Return ``pin`` if it may be used.

    Raises:
        PinRefused: not 6–12 digits, one digit repeated, or a plain run such as 123456.
    """
    if not (pin.isascii() and pin.isdigit() and PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX):
        raise PinRefused("pin-digits", f"a PIN is {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise PinRefused("pin-easy", "this PIN is too easy to guess")
    return pin


class PinVault:
    """Hashes and checks PINs. At most two at a time: each takes 64 MiB, and a storm of sign-ins must not starve the line."""

    def __init__(self, *, memory_kib: int = 65536, passes: int = 3, lanes: int = 4) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._turns = threading.BoundedSemaphore(2)
        # Checked when the badge is unknown, so that a stranger's badge takes as long as a known one.
        self._nobody = self._hasher.hash(secrets.token_hex(8))

    def hash(self, pin: str) -> str:
        with self._turns:
            return self._hasher.hash(check_pin(pin))

    def matches(self, pin_hash: str, pin: str) -> bool:
        with self._turns:
            try:
                return self._hasher.verify(pin_hash, pin)
            except (VerificationError, InvalidHashError):
                return False

    def waste_time(self, pin: str) -> None:
        """Take as long as a real check."""
        self.matches(self._nobody, pin)


def judge_attempt(person: Person, *, pin_matches: bool, now_s: int) -> Attempt:
    """Decide an attempt to sign in as ``person``. A locked badge stays locked even for the right PIN."""
    if person.locked_until_s > now_s:
        return Attempt(SignIn.LOCKED_OUT, person.wrong_pins, person.locked_until_s)
    if not person.active or not person.roles:
        return Attempt(SignIn.WRONG, person.wrong_pins, 0)
    if pin_matches:
        return Attempt(SignIn.OK, 0, 0)
    wrong = person.wrong_pins + 1
    if wrong >= WRONG_PINS_MAX:
        return Attempt(SignIn.LOCKED_OUT, 0, now_s + LOCK_OUT_S)
    return Attempt(SignIn.WRONG, wrong, 0)
