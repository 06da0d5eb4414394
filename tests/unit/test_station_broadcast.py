"""The live streams: a screen hears a heartbeat whatever the store of people does, and a session that ended ends its stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from controller.service.sessions import SessionState
from station_ui import broadcast
from station_ui.broadcast import BEAT, OVER, PATH, TICKET, Broadcast, Ticket
from station_ui.live import Delta

TOKEN = "a-screen"


class QuietHub:
    """A line that has told everything it had to tell."""

    closing = False

    def on_news(self) -> None: ...

    def delta(self, _language: str, since: int, _hidden: frozenset[str]) -> Delta:
        return Delta(1, b"" if since else b"event: parts\ndata: {}\n\n")

    def leave(self, _language: str) -> None: ...


class Store:
    """Answers only when it may, as a database does that somebody else has locked."""

    def __init__(self, state: SessionState | None) -> None:
        self.free, self.asked, self.state = threading.Event(), threading.Event(), state

    def states(self, tokens: Iterable[str]) -> dict[str, SessionState]:
        self.asked.set()
        assert self.free.wait(30)
        return {} if self.state is None else dict.fromkeys(tokens, self.state)


async def heard(store: Store, end: bytes, beats: int = 0) -> list[bytes]:
    """Return what one screen is sent until ``end`` and, before it, so many heartbeats that came while the store was busy."""
    told: list[bytes] = []
    over = asyncio.Event()

    async def pages(scope: Any, _receive: Any, send: Any) -> None:
        scope[TICKET] = Ticket("zh", frozenset(), TOKEN, SessionState.OPEN)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, str]:
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message.get("body", b""))
        if store.asked.is_set() and told.count(BEAT) >= beats:
            store.free.set()
        if end in told:
            over.set()

    application = Broadcast(pages, QuietHub(), store)  # type: ignore[arg-type]
    scope = {"type": "http", "path": PATH, "method": "GET"}
    await asyncio.wait_for(application(scope, receive, send), 60)
    for task in application._pulse:
        task.cancel()
    return told


@pytest.fixture(autouse=True)
def quick_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "HEARTBEAT_S", 0.02)


def test_a_screen_hears_its_heartbeat_while_the_store_of_people_is_locked() -> None:
    store = Store(SessionState.LOCKED)
    told = asyncio.run(heard(store, OVER, beats=5))
    assert told.count(BEAT) >= 5
    assert told.index(OVER) > told.index(BEAT)


def test_a_session_that_is_no_longer_known_ends_its_stream() -> None:
    store = Store(None)
    store.free.set()
    assert OVER in asyncio.run(heard(store, OVER))
