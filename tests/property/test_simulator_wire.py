"""The device's ends of both transports under anything a host may send: no crash, no memory growth, no token out of noise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.inserter.codec import (
    ENCODED_BYTES_MAX,
    Deframer,
    Frame,
    FrameType,
    cobs_decode,
    cobs_encode,
    encode_frame,
)
from simulator.inserter.registers import REGISTERS, DeviceRegisters
from simulator.inserter.vocabulary import HELLO_LAYOUT
from simulator.inserter.wire import BACKLOG_US_MAX, EVENTS_IN_FLIGHT, DeviceWire
from tests.unit.simulated_machine import Bench


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=1200))
def test_cobs_gives_back_what_went_in_and_never_holds_a_zero(data: bytes) -> None:
    stuffed = cobs_encode(data)
    assert b"\0" not in stuffed
    assert cobs_decode(stuffed) == data


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_frames_cut_anywhere_arrive_whole_and_in_order(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(Frame(FrameType.COMMAND, 1, n, 0, payload)) for n, payload in enumerate(payloads))
    deframer, got, at = Deframer(), [], 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        got += deframer.feed(stream[at : at + size])
        at += size
    assert [frame.payload for frame in got] == payloads


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=700), max_size=12))
def test_noise_opens_no_session_grants_nothing_and_is_not_kept(parts: list[bytes]) -> None:
    bench = Bench()
    wire = DeviceWire(bench.machine, bench.now)
    for part in parts:
        wire.receive(part, bench.now)
        assert len(wire._deframer._buffer) <= ENCODED_BYTES_MAX
    assert not wire.has_session
    assert bench.machine.tokens() == {}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, REGISTERS), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=30)), max_size=12
    )
)
def test_registers_written_at_random_change_nothing(writes: list[tuple[int, list[int]]]) -> None:
    bench = Bench()
    registers = DeviceRegisters(bench.machine, bench.now)
    before = registers.read(0, 46, bench.now)
    for address, words in writes:
        registers.write(address, words, bench.now)
    assert registers.read(0, 46, bench.now) == before
    assert len(registers.read(0, REGISTERS, bench.now)) == REGISTERS


def test_repeated_events_never_fill_a_busy_line() -> None:
    """Found on a slow host: 16 repeats every 50 ms outran 115200 baud and answers came five seconds late."""
    bench = Bench()
    wire = DeviceWire(bench.machine, bench.now)
    hello = HELLO_LAYOUT.pack(1, 77, 0, 1)
    wire.receive(encode_frame(Frame(FrameType.HELLO, 1, 0, 0, hello)), bench.now)
    for number in range(40):
        bench.machine.path._emit(8, (0, number))
    wire.tick(bench.now)
    wire.take_out()
    beat = encode_frame(Frame(FrameType.ACK, 1))
    line_free_us, sent = bench.now, 0
    for step in range(1, 2000):
        now = bench.now + step * 1000
        if step % 50 == 0:
            wire.receive(beat, now)
        wire.tick(now, max(0, line_free_us - now))
        data = wire.take_out()
        sent += len(data)
        line_free_us = max(line_free_us, now) + len(data) * 10_000_000 // 115200
        assert line_free_us - now <= BACKLOG_US_MAX + EVENTS_IN_FLIGHT * 60 * 87
    assert sent > 0
