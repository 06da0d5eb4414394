"""The conformance kit passes the simulated machine and fails a machine made wrong on purpose, in the clause that is about what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from devices.conformance.clauses import CLAUSES
from devices.conformance.host import TestHost
from devices.conformance.kit import Finding, Outcome, count, run_kit, to_html, to_json
from devices.conformance.register_host import RegisterTestHost
from simulator.inserter.firmware import Firmware, Token
from simulator.inserter.vocabulary import GateWhy, Reason, Result, State
from simulator.inserter.wire import DeviceWire
from tests.protocol.model_inserter import ModelPort, ModelRegisters

pytestmark = pytest.mark.slow

Spoil = Callable[[Any, Any], None]


def judged(spoil: Spoil = lambda firmware, wire: None, only: tuple[str, ...] = ()) -> dict[str, Finding]:
    port = ModelPort(spoil)
    return {finding.clause: finding for finding in run_kit(partial(TestHost, port), only)}


def test_the_simulated_machine_keeps_every_clause() -> None:
    findings = judged()
    assert {number: f.detail for number, f in findings.items() if f.outcome is not Outcome.KEPT} == {}
    assert len(findings) == len(CLAUSES) == 38


def test_the_simulated_machine_keeps_the_same_clauses_on_registers() -> None:
    port = ModelRegisters()
    findings = list(run_kit(partial(RegisterTestHost, port), frames=False))
    assert {f.clause: f.detail for f in findings if f.outcome is not Outcome.KEPT} == {}
    assert len(findings) == sum(clause.number[0] != "W" for clause in CLAUSES)


def test_a_machine_that_opens_without_a_token_fails_on_registers_too() -> None:
    port = ModelRegisters(opens_without_token)
    findings = list(run_kit(partial(RegisterTestHost, port), ("P04",), frames=False))
    assert [f.outcome for f in findings] == [Outcome.NOT_KEPT]


# -- machines made wrong: each takes the good machine and breaks one rule ----------------------------------------------


def applies_twice(firmware: Firmware, wire: DeviceWire) -> None:
    """A repeated command is applied again, and command ids are not remembered."""
    firmware.command = lambda command: (firmware._apply(command), firmware._settle())[0]  # type: ignore[method-assign]

    def again(frame: Any, now_us: int) -> None:
        if frame.seq <= wire._applied:
            wire._applied = frame.seq - 1
        DeviceWire._command(wire, frame, now_us)

    wire._command = again  # type: ignore[method-assign]


def toggles_tray(firmware: Firmware, wire: DeviceWire) -> None:
    """The same command id in a new session acts again."""
    firmware.command = lambda command: (firmware._apply(command), firmware._settle())[0]  # type: ignore[method-assign]


def opens_without_token(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.path._gate_rule = lambda piece_no, now_us: (True, GateWhy.TOKEN)


def opens_for_any_token(firmware: Firmware, wire: DeviceWire) -> None:
    """Any token in the store opens the gate."""
    rule = firmware.path._gate_rule

    def any_token(piece_no: int, now_us: int) -> tuple[bool, GateWhy]:
        return (True, GateWhy.TOKEN) if firmware._tokens else rule(piece_no, now_us)

    firmware.path._gate_rule = any_token


def ignores_deadline(firmware: Firmware, wire: DeviceWire) -> None:
    grant = firmware._grant
    firmware._grant = lambda piece_no, token: grant(piece_no, Token(token.uid, 2**63))  # type: ignore[method-assign]


def overwrites_token(firmware: Firmware, wire: DeviceWire) -> None:
    """A second GRANT with another uid is accepted."""

    def grant(piece_no: int, token: Token) -> Result:
        firmware._tokens.pop(piece_no, None)
        return Firmware._grant(firmware, piece_no, token)

    firmware._grant = grant  # type: ignore[method-assign]


def never_revokes(firmware: Firmware, wire: DeviceWire) -> None:
    firmware._revoke = lambda piece_no: Result.OK  # type: ignore[method-assign]


def has_no_watchdog(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.watchdog = lambda: None  # type: ignore[method-assign]


def barks_early(firmware: Firmware, wire: DeviceWire) -> None:
    def tick(now_us: int) -> None:
        if wire._session and now_us - wire._heard_us >= 150_000:
            firmware.watchdog()
        DeviceWire.tick(wire, now_us)

    wire.tick = tick  # type: ignore[method-assign]


def keeps_tokens_after_stop(firmware: Firmware, wire: DeviceWire) -> None:
    """Tokens and purge are forgotten when the machine stops: what was inside may still pass."""
    kept: dict[int, Token] = {}
    grant = firmware._grant

    def remember(piece_no: int, token: Token) -> Result:
        kept[piece_no] = token
        return grant(piece_no, token)

    def rule(piece_no: int, now_us: int) -> tuple[bool, GateWhy]:
        return (True, GateWhy.TOKEN) if piece_no in kept else (False, GateWhy.NO_TOKEN)

    firmware._grant = remember  # type: ignore[method-assign]
    firmware.path._gate_rule = rule


def any_epoch(firmware: Firmware, wire: DeviceWire) -> None:
    """Commands of another epoch are applied."""
    apply = firmware._apply

    def blind(command: Any) -> Result:
        if len(command.values) > 1:
            command = type(command)(command.code, command.command_id, (firmware.epoch, *command.values[1:]))
        return apply(command)

    firmware._apply = blind  # type: ignore[method-assign]


def any_frame_feeds_watchdog(firmware: Firmware, wire: DeviceWire) -> None:
    def receive(data: bytes, now_us: int) -> None:
        wire._heard(now_us)
        DeviceWire.receive(wire, data, now_us)

    wire.receive = receive  # type: ignore[method-assign]


def skips_gaps(firmware: Firmware, wire: DeviceWire) -> None:
    """A gap in command numbers is jumped over."""

    def jump(frame: Any, now_us: int) -> None:
        wire._applied = max(wire._applied, frame.seq - 1)
        DeviceWire._command(wire, frame, now_us)

    wire._command = jump  # type: ignore[method-assign]


def says_events_once(firmware: Firmware, wire: DeviceWire) -> None:
    """Events are sent once and forgotten."""

    def once(now_us: int) -> None:
        wire._sent.clear()
        DeviceWire._send_events(wire, now_us)
        wire._sent.clear()

    wire._send_events = once  # type: ignore[method-assign]


def forgets_on_new_session(firmware: Firmware, wire: DeviceWire) -> None:
    """A new session throws unacknowledged events away."""

    def greeted(frame: Any, now_us: int) -> None:
        firmware.ring.acknowledge(firmware.ring.last_seq)
        DeviceWire._hello_from_host(wire, frame, now_us)

    wire._hello_from_host = greeted  # type: ignore[method-assign]


def resets_on_every_hello(firmware: Firmware, wire: DeviceWire) -> None:
    def greeted(frame: Any, now_us: int) -> None:
        wire._session = 0
        DeviceWire._hello_from_host(wire, frame, now_us)

    wire._hello_from_host = greeted  # type: ignore[method-assign]


def grants_in_idle(firmware: Firmware, wire: DeviceWire) -> None:
    apply = firmware._apply
    firmware._apply = lambda command: (
        Result.OK if command.code == 3 and firmware.state is not State.EXECUTE else apply(command)
    )  # type: ignore[method-assign]


def obeys_any_verb(firmware: Firmware, wire: DeviceWire) -> None:
    """Start works in every state."""
    packml = firmware._packml

    def start(number: int) -> Result:
        if number == 2:
            firmware._enter(State.STARTING, Reason.NONE)
            return Result.OK
        return packml(number)

    firmware._packml = start  # type: ignore[method-assign]


def ignores_feed_limit(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.path.at_limit = lambda: firmware.path.feed_limit == 0  # type: ignore[method-assign]


def never_decides_alone(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.path._undecided = lambda fed: None  # type: ignore[method-assign]


def ignores_end_set(firmware: Firmware, wire: DeviceWire) -> None:
    """Every sheet is a set of its own."""
    decide = firmware.path.decide
    firmware.path.decide = lambda sheet_no, ends: decide(sheet_no, True)  # type: ignore[method-assign]


def lies_about_gate_time(firmware: Firmware, wire: DeviceWire) -> None:
    emit = firmware.path._emit

    def lie(code: int, values: tuple[int, ...]) -> None:
        emit(code, (*values[:2], values[2] + 80_000, *values[3:]) if code == 5 else values)

    firmware.path._emit = lie


def has_blind_eyes(firmware: Firmware, wire: DeviceWire) -> None:
    emit = firmware.path._emit
    firmware.path._emit = lambda code, values: None if code == 7 else emit(code, values)


def takes_bad_values(firmware: Firmware, wire: DeviceWire) -> None:
    apply = firmware._apply
    firmware._apply = lambda command: Result.OK if apply(command) is Result.BAD_VALUE else apply(command)  # type: ignore[method-assign]


def trusts_checksums(firmware: Firmware, wire: DeviceWire) -> None:
    """Frames are taken without looking at their checksum."""
    from simulator.inserter.codec import Frame, cobs_decode

    def receive(data: bytes, now_us: int) -> None:
        for part in data.split(b"\0"):
            plain = cobs_decode(part)
            if plain is not None and len(plain) >= 18:
                wire._frame(
                    Frame(
                        plain[1],
                        int.from_bytes(plain[2:4], "little"),
                        int.from_bytes(plain[4:8], "little"),
                        int.from_bytes(plain[8:12], "little"),
                        plain[14:-4],
                    ),
                    now_us,
                )

    wire.receive = receive  # type: ignore[method-assign]


def hides_oldest(firmware: Firmware, wire: DeviceWire) -> None:
    """HELLO always says that events are held from 1 on."""
    from simulator.inserter.codec import Frame, FrameType, encode_frame
    from simulator.inserter.vocabulary import HELLO_LAYOUT

    def hello(session: int) -> None:
        wire._out += encode_frame(
            Frame(
                FrameType.HELLO,
                firmware.epoch,
                1,
                0,
                HELLO_LAYOUT.pack(2, session, firmware.ring.last_seq, firmware.epoch),
            )
        )

    wire._hello = hello  # type: ignore[method-assign]


WRONG: list[tuple[Spoil, tuple[str, ...]]] = [
    (applies_twice, ("W08",)),
    (toggles_tray, ("W09",)),
    (opens_without_token, ("P04", "P06", "P07", "P09")),
    (opens_for_any_token, ("P06", "P07")),
    (ignores_deadline, ("P06",)),
    (overwrites_token, ("P08",)),
    (never_revokes, ("P09", "P10")),
    (has_no_watchdog, ("W14", "W15", "W16", "P12")),
    (barks_early, ("W14",)),
    (keeps_tokens_after_stop, ("P06", "P12", "P13")),
    (any_epoch, ("S05",)),
    (any_frame_feeds_watchdog, ("W15", "W16")),
    (skips_gaps, ("W07",)),
    (says_events_once, ("W12",)),
    (forgets_on_new_session, ("W13",)),
    (resets_on_every_hello, ("W02",)),
    (grants_in_idle, ("S06",)),
    (obeys_any_verb, ("S02",)),
    (ignores_feed_limit, ("P01",)),
    (never_decides_alone, ("P03",)),
    (ignores_end_set, ("P02",)),
    (lies_about_gate_time, ("P11",)),
    (has_blind_eyes, ("P14",)),
    (takes_bad_values, ("S04",)),
    (hides_oldest, ("W17",)),
    (trusts_checksums, ("W04", "W05")),
]


@pytest.mark.parametrize(("spoil", "clauses"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_machine_fails_where_it_is_wrong(spoil: Spoil, clauses: tuple[str, ...]) -> None:
    findings = judged(spoil, clauses)
    assert [number for number, finding in findings.items() if finding.outcome is not Outcome.NOT_KEPT] == []
    assert all(finding.detail for finding in findings.values())


def test_every_clause_has_a_machine_that_fails_it() -> None:
    """Clauses nothing fails might be clauses that cannot fail; those left are listed with the reason."""
    never_failed = {clause.number for clause in CLAUSES} - {number for _, clauses in WRONG for number in clauses}
    reachable_only_by_wire_shape = {"W01", "W03", "W06", "W10", "W11"}
    assert never_failed - reachable_only_by_wire_shape == {"S01", "S03", "S07", "P05"}


def test_a_dead_device_fails_and_does_not_hang_the_kit() -> None:
    findings = judged(lambda firmware, wire: setattr(wire, "receive", lambda data, now_us: None), ("W01", "S01", "P04"))
    assert {f.outcome for f in findings.values()} == {Outcome.NOT_KEPT}
    assert "HELLO" in findings["W01"].detail


def test_the_report_names_the_device_each_clause_and_what_was_seen() -> None:
    findings = list(judged(ignores_deadline, ("P05", "P06")).values())
    report = json.loads(to_json("a <machine>", findings))
    assert report["summary"] == count(findings) == {"kept": 1, "not kept": 1, "not tested": 0}
    page = to_html("a <machine>", findings)
    assert "a &lt;machine&gt;" in page
    assert "P06" in page
