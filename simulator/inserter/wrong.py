"""The simulated inserter made wrong on purpose, one rule at a time: what a conformance kit must find, and how it looks when it does.

Each function takes the good machine apart in one place. It reaches into private parts on purpose: a wrong machine is not offered an interface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.inserter.codec import Frame, FrameType, cobs_decode, encode_frame
from simulator.inserter.firmware import Firmware, Token
from simulator.inserter.vocabulary import HELLO_LAYOUT, Command, GateWhy, Reason, Result, State
from simulator.inserter.wire import DeviceWire

# ruff: noqa: SLF001
# mypy: disable-error-code="method-assign,assignment"

Spoil = Callable[[Any, Any], None]
"""Takes firmware and wire."""


def _forget_command_ids(firmware: Firmware) -> None:
    def command(command: Command) -> Result:
        result = firmware._apply(command)
        firmware._settle()
        return result

    firmware.command = command


def applies_twice(firmware: Firmware, wire: DeviceWire) -> None:
    """A repeated command is applied again, and command ids are not remembered."""
    _forget_command_ids(firmware)

    def again(frame: Any, now_us: int) -> None:
        if frame.seq <= wire._applied:
            wire._applied = frame.seq - 1
        DeviceWire._command(wire, frame, now_us)

    wire._command = again


def toggles_tray(firmware: Firmware, wire: DeviceWire) -> None:
    """The same command id in a new session acts again."""
    _forget_command_ids(firmware)


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
    firmware._grant = lambda piece_no, token: grant(piece_no, Token(token.uid, 2**63))


def overwrites_token(firmware: Firmware, wire: DeviceWire) -> None:
    """A second GRANT with another uid is accepted."""

    def grant(piece_no: int, token: Token) -> Result:
        firmware._tokens.pop(piece_no, None)
        return Firmware._grant(firmware, piece_no, token)

    firmware._grant = grant


def never_revokes(firmware: Firmware, wire: DeviceWire) -> None:
    firmware._revoke = lambda piece_no: Result.OK


def has_no_watchdog(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.watchdog = lambda: None


def barks_early(firmware: Firmware, wire: DeviceWire) -> None:
    def tick(now_us: int) -> None:
        if wire._session and now_us - wire._heard_us >= 150_000:
            firmware.watchdog()
        DeviceWire.tick(wire, now_us)

    wire.tick = tick


def keeps_tokens_after_stop(firmware: Firmware, wire: DeviceWire) -> None:
    """Tokens and purge are forgotten when the machine stops: what was inside may still pass."""
    kept: dict[int, Token] = {}
    grant = firmware._grant

    def remember(piece_no: int, token: Token) -> Result:
        kept[piece_no] = token
        return grant(piece_no, token)

    def rule(piece_no: int, now_us: int) -> tuple[bool, GateWhy]:
        return (True, GateWhy.TOKEN) if piece_no in kept else (False, GateWhy.NO_TOKEN)

    firmware._grant = remember
    firmware.path._gate_rule = rule


def any_epoch(firmware: Firmware, wire: DeviceWire) -> None:
    """Commands of another epoch are applied."""
    apply = firmware._apply

    def blind(command: Any) -> Result:
        if len(command.values) > 1:
            command = type(command)(command.code, command.command_id, (firmware.epoch, *command.values[1:]))
        return apply(command)

    firmware._apply = blind


def any_frame_feeds_watchdog(firmware: Firmware, wire: DeviceWire) -> None:
    def receive(data: bytes, now_us: int) -> None:
        wire._heard(now_us)
        DeviceWire.receive(wire, data, now_us)

    wire.receive = receive


def skips_gaps(firmware: Firmware, wire: DeviceWire) -> None:
    """A gap in command numbers is jumped over."""

    def jump(frame: Any, now_us: int) -> None:
        wire._applied = max(wire._applied, frame.seq - 1)
        DeviceWire._command(wire, frame, now_us)

    wire._command = jump


def says_events_once(firmware: Firmware, wire: DeviceWire) -> None:
    """Events are sent once and forgotten."""

    def once(now_us: int) -> None:
        wire._sent.clear()
        DeviceWire._send_events(wire, now_us)
        wire._sent.clear()

    wire._send_events = once


def forgets_on_new_session(firmware: Firmware, wire: DeviceWire) -> None:
    """A new session throws unacknowledged events away."""

    def greeted(frame: Any, now_us: int) -> None:
        firmware.ring.acknowledge(firmware.ring.last_seq)
        DeviceWire._hello_from_host(wire, frame, now_us)

    wire._hello_from_host = greeted


def resets_on_every_hello(firmware: Firmware, wire: DeviceWire) -> None:
    def greeted(frame: Any, now_us: int) -> None:
        wire._session = 0
        DeviceWire._hello_from_host(wire, frame, now_us)

    wire._hello_from_host = greeted


def grants_in_idle(firmware: Firmware, wire: DeviceWire) -> None:
    apply = firmware._apply
    firmware._apply = lambda command: (
        Result.OK if command.code == 3 and firmware.state is not State.EXECUTE else apply(command)
    )


def obeys_any_verb(firmware: Firmware, wire: DeviceWire) -> None:
    """Start works in every state."""
    packml = firmware._packml

    def start(number: int) -> Result:
        if number == 2:
            firmware._enter(State.STARTING, Reason.NONE)
            return Result.OK
        return packml(number)

    firmware._packml = start


def ignores_feed_limit(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.path.at_limit = lambda: firmware.path.feed_limit == 0


def never_decides_alone(firmware: Firmware, wire: DeviceWire) -> None:
    firmware.path._undecided = lambda fed: None


def ignores_end_set(firmware: Firmware, wire: DeviceWire) -> None:
    """Every sheet is a set of its own."""
    decide = firmware.path.decide
    firmware.path.decide = lambda sheet_no, ends: decide(sheet_no, True)


def lies_about_gate_time(firmware: Firmware, wire: DeviceWire) -> None:
    emit = firmware.path._emit

    def lie(code: int, values: tuple[int, ...]) -> None:
        emit(code, (*values[:2], values[2] + 80_000, *values[3:]) if code == 5 else values)

    firmware.path._emit = lie


def franks_too_late(firmware: Firmware, wire: DeviceWire) -> None:
    """The franking head is told of after the exit shot, when the piece may be judged already."""
    emit = firmware.path._emit

    def late(code: int, values: tuple[int, ...]) -> None:
        emit(code, values)
        if code == 5:
            emit(13, (values[0], 120, 1))

    firmware.path._emit = late


def has_blind_eyes(firmware: Firmware, wire: DeviceWire) -> None:
    emit = firmware.path._emit
    firmware.path._emit = lambda code, values: None if code == 7 else emit(code, values)


def takes_bad_values(firmware: Firmware, wire: DeviceWire) -> None:
    apply = firmware._apply
    firmware._apply = lambda command: Result.OK if apply(command) is Result.BAD_VALUE else apply(command)


def trusts_checksums(firmware: Firmware, wire: DeviceWire) -> None:
    """Frames are taken without looking at their checksum."""

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

    wire.receive = receive


def hides_oldest(firmware: Firmware, wire: DeviceWire) -> None:
    """HELLO always says that events are held from 1 on."""

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

    wire._hello = hello


@dataclass(frozen=True, slots=True)
class WrongMachine:
    """``fails``: the clauses of the conformance kit that must notice. ``frames_only``: what is wrong is in the frame protocol (transport A)."""

    name: str
    zh: str
    en: str
    spoil: Spoil
    fails: tuple[str, ...]
    frames_only: bool = False


WRONG: tuple[WrongMachine, ...] = (
    WrongMachine("applies-twice", "重复的命令又执行一次", "a repeated command is applied again, and command ids are not remembered", applies_twice, ("W08",), frames_only=True),
    WrongMachine("toggles-tray", "新会话里同一命令号再次执行", "the same command id in a new session acts again", toggles_tray, ("W09",)),
    WrongMachine("opens-without-token", "没有令牌也开闸", "the gate opens without a token", opens_without_token, ("P04", "P06", "P07", "P09")),
    WrongMachine("opens-for-any-token", "任何令牌都能开闸", "any token in the store opens the gate", opens_for_any_token, ("P06", "P07")),
    WrongMachine("ignores-deadline", "令牌过期仍有效", "a token never expires", ignores_deadline, ("P06",)),
    WrongMachine("overwrites-token", "另一件的令牌可以覆盖", "a second GRANT with another uid is accepted", overwrites_token, ("P08",)),
    WrongMachine("never-revokes", "撤销无效", "REVOKE is answered and not done", never_revokes, ("P09", "P10")),
    WrongMachine("has-no-watchdog", "没有看门狗", "the host may be silent for ever", has_no_watchdog, ("W14", "W15", "W16", "P12")),
    WrongMachine("barks-early", "看门狗太急", "the watchdog bites after 150 ms", barks_early, ("W14",), frames_only=True),
    WrongMachine("keeps-tokens-after-stop", "停机后令牌仍有效", "what was inside when the machine stopped may still pass", keeps_tokens_after_stop, ("P06", "P12", "P13")),
    WrongMachine("any-epoch", "旧启动周期的命令也执行", "commands of another epoch are applied", any_epoch, ("S05",)),
    WrongMachine("any-frame-feeds-watchdog", "任何字节都喂狗", "any bytes, valid or not, feed the watchdog", any_frame_feeds_watchdog, ("W15", "W16"), frames_only=True),
    WrongMachine("skips-gaps", "命令缺号照样往下", "a gap in command numbers is jumped over", skips_gaps, ("W07",), frames_only=True),
    WrongMachine("says-events-once", "事件只发一次", "events are sent once and forgotten", says_events_once, ("W12",), frames_only=True),
    WrongMachine("forgets-on-new-session", "新会话丢弃未确认事件", "a new session throws unacknowledged events away", forgets_on_new_session, ("W13",), frames_only=True),
    WrongMachine("resets-on-every-hello", "每个 HELLO 都重开会话", "every HELLO begins a new session", resets_on_every_hello, ("W02",), frames_only=True),
    WrongMachine("grants-in-idle", "空闲时也收令牌", "a token is taken while the machine does not execute", grants_in_idle, ("S06",)),
    WrongMachine("obeys-any-verb", "任何状态都能启动", "START works in every state", obeys_any_verb, ("S02",)),
    WrongMachine("ignores-feed-limit", "无视进纸上限", "FEED_LIMIT is not kept", ignores_feed_limit, ("P01",)),
    WrongMachine("never-decides-alone", "等不到 END_SET 就一直等", "a set nobody ends waits for ever", never_decides_alone, ("P03",)),
    WrongMachine("ignores-end-set", "每张自成一组", "every sheet is a set of its own", ignores_end_set, ("P02",)),
    WrongMachine("lies-about-gate-time", "闸门时刻报错 80 ms", "EXIT_SHOT tells a gate time 80 ms too late", lies_about_gate_time, ("P11",)),
    WrongMachine("franks-too-late", "邮资在出口拍照之后才报", "POSTAGE is told after EXIT_SHOT", franks_too_late, ("P14",)),
    WrongMachine("has-blind-eyes", "筐口光眼不报", "the tray eye reports nothing", has_blind_eyes, ("P14",)),
    WrongMachine("takes-bad-values", "非法值也说 OK", "a bad value is answered OK", takes_bad_values, ("S04",)),
    WrongMachine("hides-oldest", "谎称还留着所有事件", "HELLO always says that events are held from 1 on", hides_oldest, ("W17",), frames_only=True),
    WrongMachine("trusts-checksums", "不看校验和", "frames are taken without looking at their checksum", trusts_checksums, ("W04", "W05"), frames_only=True),
)  # fmt: skip


def find_wrong(name: str) -> WrongMachine:
    """Return the wrong machine called ``name``.

    Raises:
        KeyError: there is none; its text lists those that exist.
    """
    for machine in WRONG:
        if machine.name == name.replace("_", "-"):
            return machine
    raise KeyError(f"no wrong machine {name!r}; there are: {', '.join(machine.name for machine in WRONG)}")
