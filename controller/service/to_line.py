"""From a row of the inbox to what the line core is told. Pure: the one place where command names meet core events.

The line's process calls `core_event` for each open command and hands the result to the core; a `NotForTheLine` is answered as
refused with its reason. The screens checked rights when the row was written; here only the shape is checked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from controller.line import events
from controller.service.commands import Command


class NotForTheLine(ValueError):
    """A command the line core does not know or cannot read; ``why`` is the reason of the refusal."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


CAMERAS: Final = {"C1": 1, "C2": 2}
"""Cameras by their name on the screens."""

Arguments = Mapping[str, object]
_Build = Callable[[int, str, Arguments], events.Command]


def core_event(number: int, name: str, badge: str, arguments: Arguments) -> events.Command:
    """Return the core event of inbox command ``number``.

    Raises:
        NotForTheLine: ``why`` is "not-supported" or "bad-arguments".
    """
    try:
        build = _BUILD[Command(name)]
    except (KeyError, ValueError):
        raise NotForTheLine("not-supported") from None
    try:
        return build(number, badge, arguments)
    except (KeyError, TypeError, ValueError):
        raise NotForTheLine("bad-arguments") from None


def _text(arguments: Arguments, key: str) -> str:
    value = arguments[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _number(arguments: Arguments, key: str) -> int:
    value = arguments[key]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(key)
    return value


def _texts(arguments: Arguments, key: str) -> tuple[str, ...]:
    values = arguments[key]
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise TypeError(key)
    return tuple(values)


_BUILD: Final[Mapping[Command, _Build]] = {
    Command.HOLD: lambda n, badge, _: events.HoldLine(n, badge),
    Command.RESUME: lambda n, badge, _: events.StartLine(n, badge),
    Command.CUSTODY_SCAN: lambda n, badge, a: events.CustodyScan(
        n, badge, _text(a, "payload"), str(a.get("reason", ""))
    ),
    Command.CUSTODY_TYPED: lambda n, badge, a: events.CustodyTyped(
        n, badge, _text(a, "second_badge"), _number(a, "uid"), _text(a, "reason")
    ),
    Command.VOID: lambda n, badge, a: events.VoidPiece(n, badge, _number(a, "uid"), _text(a, "reason")),
    Command.REPRINT_AFTER_GRANT: lambda n, badge, a: events.VoidPiece(n, badge, _number(a, "uid"), _text(a, "reason")),
    Command.DESTROY: lambda n, badge, a: events.DestroyPiece(n, badge, _text(a, "second_badge"), _number(a, "uid")),
    Command.DECLARE_LOST: lambda n, badge, a: events.DeclareLoss(
        n, badge, _text(a, "second_badge"), _number(a, "uid"), _text(a, "reason")
    ),
    Command.GIVE_UP_JOB: lambda n, badge, a: events.GiveUpJob(
        n, badge, _text(a, "second_badge"), _text(a, "job"), _text(a, "reason")
    ),
    Command.SEARCH_ENDED: lambda n, badge, a: events.SearchEnded(n, badge, _number(a, "batch")),
    Command.TRAY_OPEN: lambda n, badge, a: events.OpenTray(n, badge, _number(a, "tray")),
    Command.TRAY_CLOSE: lambda n, badge, a: events.CloseTray(n, badge, _number(a, "tray")),
    Command.TRAY_AUDIT: lambda n, badge, a: events.TrayAudit(
        n, badge, _number(a, "tray"), _texts(a, "payloads"), _number(a, "counted")
    ),
    Command.HAND_OVER: lambda n, badge, a: events.HandOverTray(n, badge, _number(a, "tray")),
    Command.TRAY_ACCEPTED: lambda n, badge, a: events.TrayAccepted(n, badge, _number(a, "tray")),
    Command.RECALL: lambda n, badge, a: events.RecallLetter(n, badge, _number(a, "letter")),
    Command.RECALL_AFTER_CLOSE: lambda n, badge, a: events.RecallLetter(n, badge, _number(a, "letter")),
    Command.FREE_LETTER: lambda n, badge, a: events.FreeLetter(
        n, badge, _text(a, "second_badge"), _number(a, "letter")
    ),
    Command.RETURNED_MAIL: lambda n, badge, a: events.ReturnedMail(
        n, badge, _number(a, "uid"), _text(a, "reason"), _text(a, "photo_sha256")
    ),
    Command.BYPASS_CAMERA: lambda n, badge, a: events.BypassCamera(
        n, badge, _text(a, "second_badge"), CAMERAS[_text(a, "camera")], _number(a, "minutes"), _text(a, "reason")
    ),
    Command.BATCH_CLOSE: lambda n, badge, a: events.CloseBatch(n, badge, _number(a, "batch")),
}
