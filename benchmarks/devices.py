"""Device drivers: fuzzing of every parser, reconnects, the watchdog of the simulated machine, a spooler killed at random moments.

Counts of what must be zero stand beside the rates. The figures have no peers: nobody publishes an inserter driver.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from devices.errors import ProtocolError
from devices.inserter import codec, messages, registers
from devices.labels import parse_host_status
from devices.legacy.exit_interface import RecordStream
from devices.legacy.mail_run import Field, Profile, parse_result
from devices.printing.ipp import decode_response
from devices.readers import dmcc, keyence
from devices.readers.splitting import AnyEndSplitter, LineSplitter
from devices.readers.wedge import WedgeDecoder
from devices.scale import parse_reply
from devices.signals import patlite

if TYPE_CHECKING:
    from benchmarks.report import Report


@dataclass(frozen=True, slots=True)
class Parser:
    """``make`` gives a fresh parser of bytes; ``samples`` are good inputs to start from."""

    make: Callable[[], Callable[[bytes], object]]
    samples: Sequence[bytes]
    refuses: tuple[type[BaseException], ...] = ()


@dataclass(slots=True)
class Fuzzed:
    count: int
    grown_bytes: int
    failures: list[str] = field(default_factory=list)


_FIXED = Profile("fuzz", (Field("piece", 6, "right", "0", "[0-9]{1,6}"), Field("status", 1, pattern="[GBU]")))
_COMMA = Profile("fuzz", (Field("piece"), Field("status")), kind="csv", encoding="utf-8")
_FRAME = codec.encode(
    codec.WireFrame(codec.FrameType.EVENT, 7, 3, 2, bytes.fromhex("09030000006400000000000000090000000100"))
)
_COMMAND = messages.Command(messages.CommandCode.GRANT, 4, (7, 9, 12345, 98765)).to_bytes()
_STATUS = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
_IPP = (
    bytes.fromhex("0101000000000001")
    + b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x07\x42\x00\x08job-name\x00\x03abc\x34\x00\x01c\x00\x00\x4a\x00\x00\x00\x01m\x21\x00\x00\x00\x04\x00\x00\x00\x01\x37\x00\x00\x00\x00\x03"
)


def _words(data: bytes) -> list[int]:
    return [data[at] << 8 | data[at + 1] for at in range(0, len(data) - 1, 2)]


PARSERS: dict[str, Parser] = {
    "inserter frames": Parser(lambda: codec.FrameReader().feed, [_FRAME, _FRAME[:9], b"\0"]),
    "inserter events": Parser(
        lambda: lambda data: messages.event_from_bytes(data, 7),
        [bytes.fromhex("09030000006400000000000000090000000100")],
    ),
    "inserter commands": Parser(lambda: messages.Command.from_bytes, [_COMMAND]),
    "inserter registers": Parser(
        lambda: lambda data: (registers.status_from_words(_words(data)), registers.event_from_words(_words(data), 1)),
        [bytes(92), bytes(40)],
    ),
    "mt-sics": Parser(lambda: lambda data: parse_reply(data, "S"), [b"S S     100.00 g", b"S I", b"ES", b'I4 A "B1"']),
    "dmcc": Parser(lambda: dmcc.parse_reply, [b"||0:123[0]", b"||1:7[1]ABC\x33"]),
    "keyence": Parser(lambda: keyence.parse_reply, [b"OK,LON", b"ER,LON,10", b"ERROR"]),
    "lines": Parser(lambda: AnyEndSplitter().feed, [b"XA123456785CN\r\n"]),
    "stx-etx": Parser(lambda: LineSplitter(b"\x03", b"\x02").feed, [b"\x02ABC\x03"]),
    "wedge": Parser(lambda: WedgeDecoder().feed, [bytes(16) + bytes([1, 0, 28, 0, 1, 0, 0, 0])]),
    "exit record": Parser(lambda: partial(RecordStream().feed, now_s=0.0), [b"101217100421\r"]),
    "patlite": Parser(lambda: patlite.parse_answer, [b"\x06", b"ACK"]),
    "zpl status": Parser(lambda: parse_host_status, [_STATUS]),
    "ipp": Parser(lambda: decode_response, [_IPP], (ProtocolError,)),
    "mail-run fixed": Parser(
        lambda: lambda data: parse_result(_FIXED, data), [b"000001G\r\n000002B\r\n"], (ProtocolError,)
    ),
    "mail-run csv": Parser(lambda: lambda data: parse_result(_COMMA, data), [b'1;G\r\n"2";B\r\n'], (ProtocolError,)),
}


BLOCK = 20_000
"""Wrong inputs made at once."""


def spoil(sample: bytes, chance: random.Random) -> bytes:
    """A wrong input: random bytes, or a good one with bits flipped, bytes lost, doubled, cut or joined."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(64))
    data = bytearray(sample)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + chance.randrange(1, 4)]
            case 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 6))
            case 3:
                del data[at:]
            case _:
                data[at:at] = sample
    return bytes(data)


def fuzz(name: str, count: int, seed: int) -> Fuzzed:
    """Feed ``count`` wrong inputs to one parser that lives through all of them; what it raises beyond its own refusals is a failure."""
    parser, chance = PARSERS[name], random.Random(seed)
    parse = parser.make()
    failures: list[str] = []
    inputs: list[bytes] = []
    for left in range(count, 0, -BLOCK):
        # Every input is drawn anew: the same ones again would only be met in another state of the parser.
        inputs = [spoil(chance.choice(parser.samples), chance) for _ in range(min(left, BLOCK))]
        failures += _feed(parse, parser.refuses, inputs)
    tracemalloc.start()
    _feed(parse, parser.refuses, inputs[:200])
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    _feed(parse, parser.refuses, inputs[:2000])
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return Fuzzed(count, grown, failures)


def _feed(
    parse: Callable[[bytes], object], refuses: tuple[type[BaseException], ...], inputs: Iterable[bytes]
) -> list[str]:
    failures: list[str] = []
    for data in inputs:
        try:
            parse(data)
        except refuses:
            pass
        except Exception as problem:
            failures.append(f"{data!r}: {problem!r}")
            if len(failures) >= 10:
                break
    return failures


def run(quick: bool, report: Report) -> None:
    """Fuzz, then the benches of a running machine and a running spooler."""
    from benchmarks.dead_hosts import dead_hosts, dead_hosts_in_virtual_time
    from benchmarks.device_faults import cable_pulls, killed_spoolers

    inputs = 20_000 if quick else 1_000_000
    for name in PARSERS:
        done = fuzz(name, inputs, seed=1)
        measure = f"fuzz {name}: failures in {inputs} inputs"
        report.add(measure, len(done.failures), "failures", at_most=0)
        report.add(f"fuzz {name}: memory grown over 2,000 more", done.grown_bytes / 1024, "KiB", at_most=200)
    for bench in (cable_pulls, dead_hosts_in_virtual_time, dead_hosts, killed_spoolers):
        bench(quick, report)
