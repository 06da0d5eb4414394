"""Frames of the inserter's transport A."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from devices.inserter.codec import (
    MAX_PAYLOAD,
    FrameReader,
    FrameType,
    WireFrame,
    crc32c,
    decode,
    encode,
    stuff,
    unstuff,
)

frames = st.builds(
    WireFrame,
    st.sampled_from(FrameType),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=MAX_PAYLOAD),
)


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720 B.4
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_stuffing_gives_the_bytes_of_the_paper() -> None:
    assert stuff(b"\x00") == b"\x01\x01"
    assert stuff(b"\x11\x22\x00\x33") == b"\x03\x11\x22\x02\x33"
    assert stuff(bytes(range(1, 255))) == b"\xff" + bytes(range(1, 255))
    assert unstuff(b"\xff" + bytes(range(1, 255)) + b"\x01") == bytes(
        range(1, 255)
    )  # an encoder that closes it is understood too


@given(st.binary(max_size=1200))
def test_stuffed_bytes_hold_no_zero_and_come_back(data: bytes) -> None:
    assert b"\0" not in stuff(data)
    assert unstuff(stuff(data)) == data


@given(frames)
def test_a_frame_survives_the_wire(frame: WireFrame) -> None:
    wire = encode(frame)
    assert wire[-1] == 0
    assert decode(wire[:-1]) == frame


@given(st.lists(frames, max_size=4), st.integers(0, 2**32))
def test_frames_are_found_however_the_bytes_are_split(sent: list[WireFrame], seed: int) -> None:
    wire = b"".join(encode(frame) for frame in sent)
    cut = random.Random(seed)
    reader, got, at = FrameReader(), [], 0
    while at < len(wire):
        step = cut.randint(1, 40)
        got += reader.feed(wire[at : at + step])
        at += step
    assert got == sent


@given(frames, st.data())
def test_a_flipped_bit_never_gives_another_frame(frame: WireFrame, data: st.DataObject) -> None:
    wire = bytearray(encode(frame))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert all(found == frame for found in FrameReader().feed(bytes(wire) + b"\0"))


@given(st.binary(max_size=3000), frames)
def test_a_good_frame_after_noise_is_found(noise: bytes, frame: WireFrame) -> None:
    reader = FrameReader()
    found = reader.feed(noise + b"\0" + encode(frame))
    assert found[-1] == frame


def test_endless_noise_without_a_delimiter_takes_no_memory() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"\xaa" * 1000) == []
    assert len(reader._partial) <= 1000
