"""The inserter driver over a real pty."""

from __future__ import annotations

import queue
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.errors import PortInUse
from devices.inserter.driver import InserterDriver
from devices.inserter.messages import CommandCode
from devices.kinds import CommandResult, CommandUnknown, LinkLost, LinkLostWhy, LinkUp, RejectEye, Verb
from devices.link import Link
from tests.protocol.inserter_peer import Peer, PtyPeer


@pytest.fixture
def pty_peer(tmp_path: Path) -> Iterator[PtyPeer]:
    with PtyPeer(tmp_path / "inserter", Peer()) as peer:
        yield peer


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def test_verbs_reach_the_machine_and_results_come_back(pty_peer: PtyPeer) -> None:
    heard: list[object] = []
    with InserterDriver(str(pty_peer.link), heard.append) as driver:
        wait_for(lambda: driver.is_up)
        ids = [
            driver.packml(Verb.CLEAR),
            driver.grant(1, 12, 2**60, 99),
            driver.end_set(1, 3, True),
            driver.feed_limit(1, 40),
        ]
        wait_for(lambda: sum(isinstance(n, CommandResult) for n in heard) == 4)
        assert [n.command_id for n in heard if isinstance(n, CommandResult)] == ids
        assert [(c.code, c.values) for c in pty_peer.peer.applied] == [
            (CommandCode.PACKML, (9,)),
            (CommandCode.GRANT, (1, 12, 2**60, 99)),
            (CommandCode.END_SET, (1, 3, 1)),
            (CommandCode.FEED_LIMIT, (1, 40)),
        ]
        wait_for(lambda: driver.device_now_us() is not None)
        offset = (driver.device_now_us() or 0) - time.monotonic_ns() // 1000
        assert abs(offset - 5_000_000) < 100_000


def test_a_pulled_and_replugged_cable_loses_no_event(pty_peer: PtyPeer) -> None:
    heard: list[object] = []

    def store(notice: object) -> None:
        heard.append(notice)
        if isinstance(notice, RejectEye):
            driver.acknowledge(notice.epoch, notice.event_seq)

    with InserterDriver(str(pty_peer.link), store) as driver:
        wait_for(lambda: driver.is_up)
        for round_no in range(1, 4):
            with pty_peer.lock:
                pty_peer.peer.emit(8, struct.pack("<II", round_no, 1))
            pty_peer.unplug()
            wait_for(lambda: not driver.is_up)
            command = driver.set_tray(5)
            wait_for(lambda command=command: CommandUnknown(command, False) in heard)
            pty_peer.plug_in()
            wait_for(lambda: driver.is_up)
        wait_for(lambda: not pty_peer.peer.ring)
    assert [n.piece_no for n in heard if isinstance(n, RejectEye)] == [1, 2, 3]
    assert sum(isinstance(n, LinkUp) for n in heard) == 4
    assert [n.why for n in heard if isinstance(n, LinkLost)] == [LinkLostWhy.UNPLUGGED] * 3 + [LinkLostWhy.CLOSED]


def test_a_full_sink_leaves_events_with_the_device_and_order_unchanged(pty_peer: PtyPeer) -> None:
    box: queue.Queue[object] = queue.Queue(maxsize=2)
    with InserterDriver(str(pty_peer.link), box.put_nowait) as driver:
        wait_for(lambda: driver.is_up)
        with pty_peer.lock:
            for piece in range(20):
                pty_peer.peer.emit(8, struct.pack("<II", piece, 1))
        wait_for(box.full)
        got: list[object] = []
        while len(got) < 21:
            got.append(box.get(timeout=5))
        assert [n.piece_no for n in got if isinstance(n, RejectEye)] == list(range(20))


def test_a_second_controller_is_refused_the_port(pty_peer: PtyPeer) -> None:
    with Link(str(pty_peer.link)), pytest.raises(PortInUse, match="in use"):
        Link(str(pty_peer.link)).open()


def test_a_machine_that_is_not_there_is_told_once_and_waited_for(tmp_path: Path) -> None:
    heard: list[object] = []
    with InserterDriver(str(tmp_path / "inserter"), heard.append) as driver:
        wait_for(lambda: heard)
        assert isinstance(heard[0], LinkLost)
        assert heard[0].why is LinkLostWhy.NEVER_UP
        assert "is not there" in heard[0].detail
        with PtyPeer(tmp_path / "inserter", Peer()):
            wait_for(lambda: driver.is_up)
    assert sum(isinstance(n, LinkLost) and n.why is LinkLostWhy.NEVER_UP for n in heard) == 1


def test_a_network_link_sends_every_frame_at_once_so_that_a_dead_host_is_not_heard_any_more() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Link(f"socket://127.0.0.1:{server.getsockname()[1]}") as link,
    ):
        connection = link._port._socket
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
