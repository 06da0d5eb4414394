"""Serves the live streams of all screens from the server's one event loop; every other request goes on to the pages' threads.

A thread for each screen made the two hundredth screen wait for the scheduler; here one picture is a few hundred writes of the same
bytes. The pages decide who may listen: `Ticket` is what a view hands over, by the ASGI scope that the request came with. A slow
screen skips to the newest parts; nothing queues up behind it, and one that takes nothing for half a minute is let go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.service.entry import Entry
from controller.service.sessions import SessionState
from station_ui.live import LiveHub

PATH: Final = "/live"
TICKET: Final = "letterline.ticket"
HEARTBEAT_S: Final = 1.0
STUCK_S: Final = 30.0
STORE_FAILURES_MAX: Final = 5
BEGIN: Final = b"retry: 500\n\n"
BEAT: Final = b"event: beat\ndata: 1\n\n"
OVER: Final = b"event: over\ndata: 1\n\n"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Pages = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to listen, for the screen with cookie ``token`` as long as its session is in ``state`` (None: a stranger)."""

    language: str
    hidden: frozenset[str]
    token: str
    state: SessionState | None


@dataclass(slots=True, eq=False)
class _Screen:
    ticket: Ticket
    task: asyncio.Task[Any]
    over: bool = False
    sending_since: float = 0.0
    sent_at: float = field(default_factory=time.monotonic)


class Broadcast:
    """An ASGI application around the pages'. Belongs to the event loop that calls it first."""

    def __init__(self, pages: Pages, hub: LiveHub, entry: Entry) -> None:
        self._pages, self._hub, self._entry = pages, hub, entry
        self._screens: set[_Screen] = set()
        self._news = asyncio.Event()
        self._pulse: tuple[asyncio.Task[None], ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            await self._live(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the view decide; stream when it handed over a ticket, else pass its answer on."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        scope[TICKET] = None  # the view may hand one over: to this request, and to no other
        try:
            await self._pages(scope, receive, keep)
            if scope[TICKET] is None:
                for message in answer:
                    await send(message)
                return
            # The view's answer was empty and said so; the stream has no length.
            headers = [pair for pair in answer[0]["headers"] if pair[0] != b"content-length"]
            await send({**answer[0], "headers": headers})
            await self._stream(scope[TICKET], receive, send)
        finally:
            if scope[TICKET] is not None:
                self._hub.leave(scope[TICKET].language)

    async def _stream(self, ticket: Ticket, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._start()
        screen = _Screen(ticket, task)
        gone = asyncio.ensure_future(_until_gone(receive))
        self._screens.add(screen)
        try:
            await self._send(screen, send, BEGIN)
            mine = 0
            while not gone.done() and not self._hub.closing:
                if screen.over:
                    await self._send(screen, send, OVER)
                    break
                news = self._news
                delta = self._hub.delta(ticket.language, mine, ticket.hidden)
                mine = delta.version
                if delta.text:
                    await self._send(screen, send, delta.text)
                elif time.monotonic() - screen.sent_at >= HEARTBEAT_S * 0.9:
                    await self._send(screen, send, BEAT)
                await news.wait()
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not screen.sending_since:
                raise  # the server ends; else the screen took nothing, and its connection is given up
        finally:
            gone.cancel()
            self._screens.discard(screen)

    async def _send(self, screen: _Screen, send: Send, text: bytes) -> None:
        screen.sending_since = time.monotonic()
        await send({"type": "http.response.body", "body": text, "more_body": True})
        screen.sending_since, screen.sent_at = 0.0, time.monotonic()

    # -- what wakes the screens ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._pulse:
            loop = asyncio.get_running_loop()
            self._pulse = (loop.create_task(self._beat()), loop.create_task(self._guard()))

            def tell() -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._wake)

            self._hub.on_news = tell

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _beat(self) -> None:
        """Once a second: let go of stuck screens, wake all for a heartbeat. Waits for nothing else: a busy store must not look like a dead station."""
        while not self._hub.closing:
            await asyncio.sleep(HEARTBEAT_S)
            now = time.monotonic()
            for screen in self._screens:
                if screen.sending_since and now - screen.sending_since > STUCK_S:
                    screen.task.cancel()
            self._wake()

    async def _guard(self) -> None:
        """Once a second: end the streams whose session is not what it was."""
        failures = 0
        while not self._hub.closing:
            await asyncio.sleep(HEARTBEAT_S)
            asked = list(self._screens)  # a screen that comes while the store answers is judged next time
            states: dict[str, SessionState] = {}
            try:
                states = await asyncio.to_thread(self._entry.states, {screen.ticket.token for screen in asked})
                failures = 0
            except Exception:
                failures += 1
                if failures < STORE_FAILURES_MAX:
                    continue  # the store is busy; when it stays away, nobody is known to be signed in any more
            ended = [screen for screen in asked if states.get(screen.ticket.token) is not screen.ticket.state]
            for screen in ended:
                screen.over = True
            if ended:
                self._wake()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
