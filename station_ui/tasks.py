"""What hands have to do, in words, each with the page where it is done; drawn below the banner of the line screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import url_for
from flask_babel import gettext

from controller.service.live import Task, TaskKind


@dataclass(frozen=True, slots=True)
class Errand:
    """One task as the screen shows it. ``kind`` is its keyword, ``url`` the page where it is done."""

    kind: str
    text: str
    url: str
    icon: str


def errand(task: Task) -> Errand:
    """Return ``task`` in the language of the request."""
    text, url, icon = _SAY[task.kind](task)
    return Errand(str(task.kind), str(text), url, icon)


def _put_tray(_: Task) -> tuple[str, str, str]:
    return gettext("Put a tray under the exit"), url_for("trays.page"), "tray"


def _change_tray(task: Task) -> tuple[str, str, str]:
    said = gettext("Tray %(tray)s is on hold: put another in its place", tray=task.number)
    return said, url_for("trays.page"), "tray"


def _audit_tray(task: Task) -> tuple[str, str, str]:
    return gettext("Audit tray %(tray)s", tray=task.number), url_for("trays.audit", number=task.number), "scan"


def _scan_bin(task: Task) -> tuple[str, str, str]:
    return (
        gettext("Scan %(count)s rejected pieces", count=task.count),
        url_for("exceptions.page", _anchor="pull"),
        "scan",
    )


def _decide(task: Task) -> tuple[str, str, str]:
    said = gettext("Void %(count)s pieces in custody", count=task.count)
    return said, url_for("exceptions.page", _anchor="custody"), "divert"


def _destroy(task: Task) -> tuple[str, str, str]:
    said = gettext("Destroy %(count)s pieces, two persons", count=task.count)
    return said, url_for("exceptions.page", _anchor="destroy"), "approve"


def _search(task: Task) -> tuple[str, str, str]:
    said = gettext("Look for %(count)s missing pieces, then end the search", count=task.count)
    return said, url_for("batches.one", number=task.number), "scan"


def _close_tray(task: Task) -> tuple[str, str, str]:
    return gettext("Close tray %(tray)s", tray=task.number), url_for("trays.one", number=task.number), "tray"


def _close_batch(task: Task) -> tuple[str, str, str]:
    return gettext("Close batch %(batch)s", batch=task.number), url_for("batches.one", number=task.number), "batch"


def _hand_over(task: Task) -> tuple[str, str, str]:
    said = gettext("Hand over tray %(tray)s to the carrier", tray=task.number)
    return said, url_for("trays.one", number=task.number), "tray"


_SAY: Final[dict[TaskKind, Callable[[Task], tuple[str, str, str]]]] = {
    TaskKind.PUT_TRAY: _put_tray,
    TaskKind.CHANGE_TRAY: _change_tray,
    TaskKind.AUDIT_TRAY: _audit_tray,
    TaskKind.SCAN_BIN: _scan_bin,
    TaskKind.DECIDE: _decide,
    TaskKind.DESTROY: _destroy,
    TaskKind.SEARCH: _search,
    TaskKind.CLOSE_TRAY: _close_tray,
    TaskKind.CLOSE_BATCH: _close_batch,
    TaskKind.HAND_OVER: _hand_over,
}
