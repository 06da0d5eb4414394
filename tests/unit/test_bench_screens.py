"""The benches of the screens hear what they say they hear: a silence that still lasts counts, and nothing goes unheard for another task."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from benchmarks import screen_clients
from benchmarks.screen_clients import Screens


@pytest.fixture
def station() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def tell(client: socket.socket, at_ms: int) -> None:
    client.sendall(b'event: parts\ndata: {"at": %d, "news": 0, "parts": {}}\n\n' % at_ms)


def test_a_screen_that_hears_nothing_any_more_is_a_silence(station: socket.socket, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(screen_clients.time, "monotonic", lambda: now[0])
    screens = Screens(station.getsockname()[1], "cookie", 2)
    now[0] = 112.0
    assert screens.silence_s == 12.0
    screens.forget_silence()
    assert screens.silence_s == 0.0
    screens.close()


def test_pictures_are_heard_while_the_caller_waits_for_something_else(station: socket.socket):
    screens = Screens(station.getsockname()[1], "cookie", 2)
    clients = [station.accept()[0] for _ in range(2)]
    screens.listen_always()
    waited = threading.Event()
    for at_ms in (5, 6):
        for client in clients if at_ms == 5 else clients[:1]:
            tell(client, at_ms)
    for _ in range(400):
        if len(screens.heard.picture_ms) == 3:
            break
        waited.wait(0.05)
    assert len(screens.heard.picture_ms) == 3
    assert screens.behind() == 1
    screens.close()
    for client in clients:
        client.close()


def test_a_picture_that_comes_in_two_pieces_counts_once(station: socket.socket):
    screens = Screens(station.getsockname()[1], "cookie", 1)
    client = station.accept()[0]
    screens.listen_always()
    waited = threading.Event()
    client.sendall(b'event: parts\ndata: {"at": 12')
    waited.wait(0.2)
    client.sendall(b'34, "news": 7, "parts": {}}\n\n')
    waited.wait(0.2)
    tell(client, 1300)
    for _ in range(400):
        if len(screens.heard.picture_ms) >= 2:
            break
        waited.wait(0.05)
    assert len(screens.heard.picture_ms) == 2
    assert len(screens.heard.event_ms) == 1
    screens.close()
    client.close()
