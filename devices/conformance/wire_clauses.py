"""Clauses of inserter.md section 5: frames, sessions, command order, delivery of events, watchdog."""

from __future__ import annotations

import struct
from collections.abc import Callable

from devices.conformance.clauses import clause
from devices.conformance.host import NotKept, TestHost, expect, ready, run_machine
from devices.inserter.codec import FrameType, WireFrame, crc32c, encode, stuff
from devices.inserter.messages import Command, CommandCode
from devices.kinds import MachineState, Reason, ResultCode, StateChanged, TrayPresence

WATCHDOG_FROM_US, WATCHDOG_TO_US = 250_000, 300_000
_TOLERANCE_US = 20_000
"""The last beat is dated by the device's echo; the frame may have been complete this much later on a slow line."""


def _tray_events(host: TestHost) -> list[int]:
    return [event.tray for event in host.events if isinstance(event, TrayPresence)]


@clause("W01", "5", "HELLO is answered with the host's session, the boot epoch and the last event")
def _hello(host: TestHost) -> None:
    greeting = host.greet()
    expect(greeting.boot_epoch > 0, "boot_epoch is 0")
    again = host.greet(same_session=True)
    expect(again.boot_epoch == greeting.boot_epoch, "boot_epoch changed between two HELLOs")


@clause("W02", "5", "a HELLO that repeats the session forgets nothing")
def _hello_again(host: TestHost) -> None:
    host.greet()
    host.command(CommandCode.MODE, 99)
    host.greet(same_session=True)
    expect(
        host.command(CommandCode.MODE, 99) is ResultCode.BAD_VALUE,
        "the next command number was not accepted after a repeated HELLO",
    )


@clause("W03", "5", "a new session starts its command numbers at 1")
def _new_session(host: TestHost) -> None:
    host.greet()
    for _ in range(3):
        host.command(CommandCode.MODE, 99)
    host.forget_frames()
    host.greet()
    number = host.send_command(CommandCode.MODE, 99)
    expect(number == 1 and host.result_of(1) is ResultCode.BAD_VALUE, "command 1 of a new session was not answered")


@clause("W04", "5", "a frame with a wrong checksum does nothing")
def _wrong_crc(host: TestHost) -> None:
    _unheard(
        host,
        lambda wire: bytes([*wire[:-3], wire[-3] ^ 1 or 2, *wire[-2:]]),
        "a frame with a wrong checksum was applied",
    )


@clause("W05", "5", "a frame of another version does nothing")
def _wrong_version(host: TestHost) -> None:
    host.greet()
    host.forget_frames()
    payload = Command(CommandCode.MODE, 77, (99,)).to_bytes()
    plain = struct.pack("<BBHIIH", 2, FrameType.COMMAND, host.epoch, 1, host.durable, len(payload)) + payload
    host.port.write(stuff(plain + struct.pack("<I", crc32c(plain))) + b"\0")
    host.pump(0.3)
    expect(not host.results(), "a frame of version 2 was answered")
    expect(
        host.command(CommandCode.MODE, 99) is ResultCode.BAD_VALUE,
        "the device does not answer after a frame of another version",
    )


@clause("W06", "5", "noise before a frame does not cost the frame, and frames may come byte by byte")
def _noise(host: TestHost) -> None:
    host.greet()
    host.port.write(bytes(range(1, 256)) * 8 + b"\0\0")
    expect(host.command(CommandCode.MODE, 99) is ResultCode.BAD_VALUE, "no answer after 2 kB of noise")
    host.forget_frames()
    number = host.number + 1
    host.number = number
    for byte in encode(
        WireFrame(FrameType.COMMAND, host.epoch, number, host.durable, Command(CommandCode.MODE, 78, (99,)).to_bytes())
    ):
        host.port.write(bytes([byte]))
        host.pump(0.002, quiet=True)
    expect(host.result_of(number) is ResultCode.BAD_VALUE, "a frame that came byte by byte was not answered")


@clause(
    "W07",
    "5",
    "a gap in the command numbers is answered by NAK with the number waited for, and nothing behind it is applied",
)
def _gap(host: TestHost) -> None:
    ready(host)
    host.forget_frames()
    first, trays = host.number + 1, len(_tray_events(host))
    host.send_command(CommandCode.SET_TRAY, 41, number=first + 1)
    host.pump(0.3)
    naks = [struct.unpack("<I", heard.frame.payload)[0] for heard in host.heard if heard.frame.kind is FrameType.NAK]
    expect(naks[:1] == [first], f"expected a NAK for {first}, got {naks[:3] or 'none'}")
    expect(len(_tray_events(host)) == trays, "a command behind a gap was applied")
    host.send_command(CommandCode.MODE, 99, number=first)
    expect(host.result_of(first) is ResultCode.BAD_VALUE, "the missing command was not answered")
    host.number = first


@clause("W08", "5", "a repeated command is answered the same and not applied again")
def _repeat(host: TestHost) -> None:
    ready(host)
    host.command(CommandCode.SET_TRAY, 7)
    number, command_id = host.number + 1, 0x7E57_0001 + host.port.now_us()
    host.send_command(CommandCode.SET_TRAY, 8, command_id=command_id, number=number)
    host.number = number
    host.command(CommandCode.SET_TRAY, 9)
    host.pump(0.2)
    trays = len(_tray_events(host))
    host.forget_frames()
    for _ in range(2):
        host.send_command(CommandCode.SET_TRAY, 8, command_id=command_id, number=number)
        host.pump(0.2)
    answers = [code for seq, code in host.results() if seq == number]
    expect(
        answers == [ResultCode.OK] * 2,
        f"a command repeated twice was answered {[code.name for code in answers] or 'not at all'}",
    )
    expect(len(_tray_events(host)) == trays, "a repeated command was applied again")


@clause("W09", "3", "the same command id in a new session changes nothing and is answered the same")
def _same_id(host: TestHost) -> None:
    ready(host)
    command_id = 0x1D00_0000 + host.port.now_us()
    host.command(CommandCode.SET_TRAY, 11, command_id=command_id)
    host.command(CommandCode.SET_TRAY, 12)
    host.pump(0.2)
    trays = len(_tray_events(host))
    host.greet()
    host.forget_frames()
    expect(
        host.command(CommandCode.SET_TRAY, 11, command_id=command_id) is ResultCode.OK,
        "the remembered answer was another",
    )
    host.pump(0.2)
    expect(len(_tray_events(host)) == trays, "a command id of an earlier session was applied again")


@clause("W10", "5", "eight commands may be under way and are answered in order")
def _window(host: TestHost) -> None:
    host.greet()
    host.forget_frames()
    numbers = [host.send_command(CommandCode.MODE, 99) for _ in range(8)]
    host.pump(1.0, lambda: len(host.results()) >= 8)
    expect(
        [seq for seq, _ in host.results()][:8] == numbers,
        f"answers came for {[seq for seq, _ in host.results()]}, not for {numbers}",
    )


@clause("W11", "5", "BEAT comes back with the host's time and the device's own, which moves on")
def _beat(host: TestHost) -> None:
    host.greet()
    host.forget_frames()
    host.pump(1.0)
    beats = [struct.unpack("<QQ", heard.frame.payload) for heard in host.heard if heard.frame.kind is FrameType.BEAT]
    expect(len(beats) >= 10, f"{len(beats)} beats came back in 1 s, about 20 were sent")
    device = [device_us for _, device_us in beats]
    expect(device == sorted(device), "the device's clock went backwards")
    ran = (device[-1] - device[0]) / max(1, beats[-1][0] - beats[0][0])
    expect(0.98 < ran < 1.02, f"the device's clock runs {ran:.3f} times as fast as the host's")


@clause(
    "W12",
    "4, 5",
    "events are numbered without gaps and said again every 50 ms until acknowledged, at most 16 at a time",
)
def _events_again(host: TestHost) -> None:
    ready(host)
    host.pump(0.3)
    host.acknowledges = False
    for tray in range(20, 45):
        host.command(CommandCode.SET_TRAY, tray)
    host.pump(0.1)
    host.forget_frames()
    host.pump(0.6)
    seen = [heard.frame.seq for heard in host.heard if heard.frame.kind is FrameType.EVENT]
    first = host.durable + 1
    expect(seen.count(first) >= 6, f"event {first}, not acknowledged, was said {seen.count(first)} times in 600 ms")
    ahead = max(seen, default=0) - host.durable
    expect(ahead <= 16, f"{ahead} events were in flight")
    host.acknowledges = True
    host.pump(1.5)
    numbers = [event.event_seq for event in host.events]
    expect(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "events are missing")
    expect(_tray_events(host)[-25:] == list(range(20, 45)), "events of commands are missing or out of order")
    host.forget_frames()
    host.pump(0.3)
    late = [
        heard.frame.seq
        for heard in host.heard
        if heard.frame.kind is FrameType.EVENT and heard.frame.seq <= host.durable
    ]
    expect(not late, "acknowledged events were said again")


@clause("W13", "5", "events that were not acknowledged survive a new session, acknowledged ones do not come back")
def _events_kept(host: TestHost) -> None:
    ready(host)
    host.pump(0.3)
    host.acknowledges = False
    durable = host.durable
    host.command(CommandCode.SET_TRAY, 51)
    host.command(CommandCode.SET_TRAY, 52)
    host.pump(0.2)
    known = host.events[-1].event_seq
    host.forget_frames()
    host.greet(last_event=known - 1)
    host.pump(0.3)
    seen = {heard.frame.seq for heard in host.heard if heard.frame.kind is FrameType.EVENT}
    expect(known in seen, f"event {known}, not acknowledged, did not come again in a new session")
    expect(
        not {seq for seq in seen if seq < known},
        f"events {sorted(seen)} came although {known - 1} was said to be durable",
    )
    expect(known > durable, "the device forgot its events")


@clause("W14", "5", "no valid frame for 300 ms: Aborted by WATCHDOG, not before and not much later")
def _watchdog(host: TestHost) -> None:
    ready(host)
    host.pump(0.3)
    mark, silent_since = len(host.events), host.port.now_us()
    host.send(FrameType.BEAT, 0, struct.pack("<QQ", silent_since, 0))
    host.pump(0.6, quiet=True)
    beat = [struct.unpack("<QQ", h.frame.payload)[1] for h in host.heard if h.frame.kind is FrameType.BEAT][-1]
    host.greet()
    event = host.event_after(
        mark, lambda e: isinstance(e, StateChanged) and e.reason is Reason.WATCHDOG, 1.0, "STATE with reason WATCHDOG"
    )
    after = event.device_us - beat
    expect(after >= WATCHDOG_FROM_US, f"the watchdog acted {after / 1000:.0f} ms after the last frame")
    expect(
        after <= WATCHDOG_TO_US + _TOLERANCE_US, f"the watchdog acted only {after / 1000:.0f} ms after the last frame"
    )
    host.wait_for_state(MachineState.ABORTED)


@clause("W15", "5", "frames of another epoch do not feed the watchdog and are not applied")
def _other_epoch(host: TestHost) -> None:
    ready(host)
    host.pump(0.2)
    mark, number = len(host.events), host.number + 1
    wrong = (host.epoch + 1) & 0xFFFF
    host.forget_frames()
    for _ in range(14):
        host.send(FrameType.BEAT, 0, struct.pack("<QQ", host.port.now_us(), 0), epoch=wrong)
        host.send(FrameType.COMMAND, number, Command(CommandCode.MODE, 79, (99,)).to_bytes(), epoch=wrong)
        host.pump(0.05, quiet=True)
    expect(not host.results(), "a command of another epoch was answered")
    host.greet()
    host.event_after(
        mark, lambda e: isinstance(e, StateChanged) and e.reason is Reason.WATCHDOG, 1.0, "STATE with reason WATCHDOG"
    )


@clause("W16", "5", "noise that holds no frame does not feed the watchdog", paper=True)
def _babble(host: TestHost) -> None:
    run_machine(host)
    mark = len(host.events)
    for _ in range(14):
        host.port.write(b"\x11\x22\x33\0" * 30)
        host.pump(0.05, quiet=True)
    host.greet()
    host.event_after(
        mark, lambda e: isinstance(e, StateChanged) and e.reason is Reason.WATCHDOG, 1.0, "STATE with reason WATCHDOG"
    )


@clause("W17", "5", "HELLO names the oldest event still held, so a host without memory knows where to begin")
def _oldest(host: TestHost) -> None:
    ready(host)
    for tray in (61, 62):
        host.command(CommandCode.SET_TRAY, tray)
    host.pump(0.3)
    greeting = host.greet(last_event=0, known_epoch=0)
    expect(
        greeting.oldest == host.durable + 1,
        f"HELLO names event {greeting.oldest} as the oldest; {host.durable} was acknowledged",
    )


def _unheard(host: TestHost, damage: Callable[[bytes], bytes], text: str) -> None:
    host.greet()
    host.forget_frames()
    wire = encode(
        WireFrame(FrameType.COMMAND, host.epoch, 1, host.durable, Command(CommandCode.MODE, 76, (99,)).to_bytes())
    )
    host.port.write(damage(wire))
    host.pump(0.3)
    if host.results():
        raise NotKept(text)
    expect(
        host.command(CommandCode.MODE, 99) is ResultCode.BAD_VALUE, "the device does not answer after a damaged frame"
    )
