"""Signed-in screens: how long they live and when they lock. Pure.

A shared terminal locks after two minutes without a hand on it and ends after eight hours whatever happens (ASVS 5.0, 7.3).
Locked means: nothing can be done and no piece can be seen, but the line's state stays on the screen.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

IDLE_LOCK_S: Final = 120
LIFE_S: Final = 8 * 3600


class SessionState(StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in screen. ``key`` is the SHA-256 of the cookie, never the cookie; times are Unix seconds."""

    key: str
    badge: str
    since_s: int
    last_input_s: int
    locked: bool

    def state(self, now_s: int) -> SessionState:
        """Return what this session is worth at ``now_s``."""
        if now_s - self.since_s >= LIFE_S:
            return SessionState.OVER
        if self.locked or now_s - self.last_input_s >= IDLE_LOCK_S:
            return SessionState.LOCKED
        return SessionState.OPEN


def new_token() -> str:
    """Return a fresh cookie value with 256 random bits."""
    return secrets.token_urlsafe(32)


def key_of(token: str) -> str:
    """Return what the store keeps of ``token``: a stolen store opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(secret: bytes, token: str) -> str:
    """Return the token every form and script of this session must send back with each change."""
    return hmac.new(secret, b"form:" + token.encode(), hashlib.sha256).hexdigest()
