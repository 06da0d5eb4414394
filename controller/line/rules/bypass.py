"""A camera bypassed by two persons, for a while. It makes the line run on where it would stop; it never makes a piece good.

Sheet camera: several unread sheets in a row no longer hold the line; each of them is still rejected. Exit camera: the same, and the
postal number may be unread (one that disagrees still rejects); the control mark must be read and match as ever (I3). The bypass ends by
itself, and with every loss of knowledge about the machine: a new epoch, a restarted controller.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.integrity import two_persons
from controller.line.actions import Answer
from controller.line.commands import BypassCamera
from controller.line.state import Bypass, LineState

MINUTES_MAX: Final = 30
EXIT_CAMERA: Final = 2


def bypass_camera(line: LineState, event: BypassCamera) -> None:
    """Two persons take a camera's word for less, until the time is over."""
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
        return
    if event.camera not in line.eyes or not 1 <= event.minutes <= MINUTES_MAX or not event.reason:
        line.reply(event.command, Answer.REFUSED, "bad-arguments")
        return
    if line.bypass is not None and line.bypass.camera != event.camera:
        line.reply(event.command, Answer.REFUSED, "other-camera-bypassed")
        return
    until_us = line.now_us + event.minutes * 60_000_000
    line.bypass = Bypass(event.camera, (event.badge, event.second), until_us)
    if event.camera == EXIT_CAMERA:
        line.exit_policy = replace(line.config.policy, both_codes=False)
    line.book.note(
        "bypass.begun",
        {
            "camera": event.camera,
            "minutes": event.minutes,
            "badge": event.badge,
            "second": event.second,
            "reason": event.reason,
        },
    )
    line.reply(event.command, Answer.DONE)


def expire(line: LineState) -> None:
    """End the bypass when its time is over."""
    if line.bypass is not None and line.now_us >= line.bypass.until_us:
        end(line, "time")


def end(line: LineState, why: str) -> None:
    """Judge by the whole policy again."""
    if line.bypass is None:
        return
    line.book.note("bypass.ended", {"camera": line.bypass.camera, "why": why})
    line.bypass = None
    line.exit_policy = line.config.policy
