"""Renders the live parts of the screens in one language: from the line's snapshot to pieces of HTML by name."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, g, render_template
from flask_babel import force_locale, gettext

from controller.service.live import LiveSnapshot, Severity
from controller.service.packml import PACKML, worst
from controller.service.views import EXCEPTION_STATES, OUT_STATES
from station_ui import charts, words

PARTS = ("strip", "notices", "andon", "belt", "rate", "machines", "cameras", "batch", "queue", "verdicts", "pulse")
PERSONAL = frozenset({"verdicts"})
"""Parts with pictures of letters: not sent to a locked screen."""


class PartRenderer:
    """Callable of the live hub. Renders outside any request, in a test context of its own."""

    def __init__(self, app: Flask, line: str) -> None:
        self._app, self._line = app, line

    def __call__(self, snapshot: LiveSnapshot | None, language: str) -> Mapping[str, str]:
        with self._app.test_request_context("/"), force_locale(language):
            g.language = language
            context = _context(snapshot, self._line)
            return {name: render_template(f"parts/{name}.html", **context).strip() for name in PARTS}


def _context(live: LiveSnapshot | None, line: str) -> dict[str, object]:
    zones = {zone: str(name) for zone, name in words.ZONES.items()}
    if live is None:
        return {
            "live": None,
            "line": line,
            "line_state": 0,
            "line_look": "stop",
            "belt_svg": charts.belt((), zones, gettext("In the machine: unknown")),
            "rate_svg": "",
        }
    inserters = [machine for machine in live.machines if machine.kind == "inserter"] or live.machines
    state = worst(tuple(machine.state if machine.linked else 0 for machine in inserters))
    loudest = sorted(live.alarms, key=lambda one: list(Severity).index(one.severity))
    out = sum(live.counts.get(name, 0) for name in OUT_STATES)
    off = sum(live.counts.get(name, 0) for name in EXCEPTION_STATES)
    rest = max(live.letters - out, 0)
    return {
        "live": live,
        "line": live.line,
        "line_state": state,
        "line_look": PACKML[state][1].value,
        "line_reason": next(
            (m.reason for m in live.machines if m.state == state and m.reason not in ("", "0", "NONE")), ""
        ),
        "alarm": loudest[0] if loudest else None,
        "belt_svg": charts.belt(live.belt, zones, gettext("In the machine: %(count)s pieces", count=len(live.belt))),
        "rate_svg": charts.bar(live.rate_now, live.rate_target, gettext("Rate against target")),
        "batch_svg": charts.stack(
            [
                ("part-out", out, gettext("Out")),
                ("part-off", off, gettext("Rejected")),
                ("part-rest", rest, gettext("To do")),
            ],
            gettext("%(out)s of %(all)s letters are out", out=out, all=live.letters),
        ),
        "out": out,
        "off": off,
    }
