"""Every parser that reads what a device sends: the golden lines of the manuals, and bytes nobody meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.devices import PARSERS, fuzz
from devices.labels import parse_host_status, tray_label
from devices.legacy.exit_interface import PackageRecord, RecordsMissed, RecordStream, encode_record, parse_record
from devices.readers import dmcc, keyence
from devices.readers.splitting import AnyEndSplitter, LineSplitter
from devices.readers.wedge import WedgeDecoder
from devices.scale import parse_reply
from devices.signals import patlite

pytestmark = pytest.mark.slow

VECTORS = [
    json.loads(line) for line in (Path(__file__).parent.parent / "vectors" / "devices.jsonl").read_text().splitlines()
]


def read(vector: dict[str, Any]) -> object:
    raw = bytes.fromhex(vector["hex"]) if "hex" in vector else vector["line"].encode()
    match vector["parser"]:
        case "mt-sics":
            return parse_reply(raw, vector["command"])
        case "dmcc-reply":
            return dmcc.parse_reply(raw)
        case "dmcc-command":
            return dmcc.encode_command(vector["line"], vector["id"])
        case "keyence-reply":
            return keyence.parse_reply(raw)
        case "exit-record":
            return parse_record(raw)
        case "patlite-answer":
            return patlite.parse_answer(raw)
        case "zpl-status":
            return parse_host_status(raw)
    raise KeyError(vector["parser"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['parser']}: {v.get('line', v.get('hex', ''))[:30]}")
def test_the_lines_of_the_manuals_mean_what_they_mean(vector: dict[str, Any]) -> None:
    assert repr(read(vector)) == vector["means"]


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_a_hundred_thousand_wrong_inputs_neither_break_a_parser_nor_fill_its_memory(name: str) -> None:
    result = fuzz(name, count=100_000, seed=7)
    assert result.failures == []
    assert result.grown_bytes < 200_000


def test_a_checksummed_command_comes_back_from_a_reader_that_speaks_the_same() -> None:
    wire = dmcc.encode_command("TRIGGER ON", 5, checksum=True)
    assert dmcc.exclusive_or(wire[:-3]) == wire[-3]
    reply = b"||1:5[0]"
    assert dmcc.parse_reply(reply + bytes([dmcc.exclusive_or(reply)])) == dmcc.DmccReply(5, dmcc.DmccStatus.OK, "")


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: not set(b) & {10, 13, 2, 3}), max_size=5), st.data()
)
def test_messages_are_found_however_the_bytes_are_split(messages: list[bytes], data: st.DataObject) -> None:
    for make, wire in (
        (lambda: LineSplitter(b"\r\n"), b"".join(m + b"\r\n" for m in messages)),
        (lambda: LineSplitter(b"\x03", b"\x02"), b"".join(b"noise\x02" + m + b"\x03" for m in messages)),
        (AnyEndSplitter, b"\r\n".join([*messages, b""])),
        (AnyEndSplitter, b"\r".join([*messages, b""])),
    ):
        splitter, got, at = make(), [], 0
        while at < len(wire):
            step = data.draw(st.integers(1, 30))
            got += splitter.feed(wire[at : at + step])
            at += step
        assert got == messages


def test_an_endless_message_is_thrown_away_and_the_next_one_is_found() -> None:
    splitter = LineSplitter(b"\r\n", limit=100)
    for _ in range(1000):
        assert splitter.feed(b"x" * 50) == []
    assert splitter.feed(b"\r\ngood\r\n") == [b"good"]


records = st.builds(
    PackageRecord,
    st.frozensets(st.integers(1, 9)),
    st.integers(0, 9),
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 9999),
    st.integers(0, 9),
)


@given(records)
def test_an_exit_record_comes_back(record: PackageRecord) -> None:
    assert parse_record(encode_record(record)[:-1]) == record
    assert len(encode_record(record)) == 13


def test_missed_repeated_and_garbled_records_are_told() -> None:
    def record(sequence: int) -> PackageRecord:
        return PackageRecord(frozenset({1}), 2, 0, False, False, True, 7, sequence)

    stream = RecordStream(acknowledges=True)
    assert stream.feed(encode_record(record(8)), 0.0) == [record(8)]
    assert stream.feed(encode_record(record(8)), 0.3) == []
    assert stream.feed(encode_record(record(9)), 1.0) == [record(9)]
    assert stream.feed(encode_record(record(2)), 2.0) == [RecordsMissed(2), record(2)]
    assert stream.to_send == b"0000"
    assert len(stream.feed(b"garbage\r", 3.0)) == 1


def test_a_diverted_or_invalid_package_is_suspect() -> None:
    good = PackageRecord(frozenset(), 1, 0, False, False, True, 0, 0)
    assert not good.suspect
    assert PackageRecord(frozenset(), 1, 0, False, True, True, 0, 0).suspect
    assert PackageRecord(frozenset(), 1, 0, False, False, False, 0, 0).suspect


def test_patlite_frames_are_those_of_the_manual() -> None:
    tower = patlite.Tower(red=patlite.Light.ON, green=patlite.Light.BLINK, buzzer=1)
    assert patlite.encode_pns(tower).hex() == "585853000006" + "010002000001"
    assert patlite.encode_phn(red=True, amber=False, green=True) == b"W\x05"


def test_a_label_holds_its_number_and_no_command_of_its_texts() -> None:
    label = tray_label("T000123", ("青岛 ^XA ~JA", "x" * 200)).decode()
    assert label.count("^XA") == label.count("^XZ") == 1
    assert "~" not in label
    assert label.count("T000123") == 2
    with pytest.raises(ValueError, match="letters and digits"):
        tray_label("^XA", ())


def key_events(*keys: tuple[int, int]) -> bytes:
    import struct

    return b"".join(
        struct.pack("qqHHi", 0, 0, 1, code, value) + struct.pack("qqHHi", 0, 0, 0, 0, 0) for code, value in keys
    )


def test_keys_of_a_wedge_scanner_become_its_code() -> None:
    x_upper = [(42, 1), (45, 1), (45, 0), (42, 0)]
    digits = [(2, 1), (2, 0), (11, 1), (11, 0)]
    wire = key_events(*x_upper, *digits, (28, 1), (28, 0), (28, 1), *digits, (15, 1))
    decoder, got = WedgeDecoder(), []
    for at in range(0, len(wire), 7):
        got += decoder.feed(wire[at : at + 7])
    assert got == ["X10", "10"]
