"""Renders the live parts of the screens in one language: from the line's snapshot to pieces of HTML by name."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, g, render_template
from flask_babel import force_locale, gettext
from jinja2 import meta, nodes

from controller.service.live import Alarm, LiveSnapshot, Severity
from controller.service.packml import COMPLETE, EXECUTE, PACKML, Look, worst
from controller.service.views import EXCEPTION_STATES, OUT_STATES
from station_ui import charts, words
from station_ui.station import station
from station_ui.tasks import errand

PARTS = (
    "strip",
    "notices",
    "andon",
    "todo",
    "belt",
    "rate",
    "machines",
    "cameras",
    "batch",
    "queue",
    "verdicts",
    "pulse",
    "tide",
)
PERSONAL = frozenset({"verdicts"})
"""Parts with pictures of letters: not sent to a locked screen."""
PICTURES_PER_HOUR_MAX = 7_200
"""A faster line shows pictures of what it rejected only: nobody can look at more, and two hundred screens would fetch thousands a second."""

NO_STOP = frozenset({Severity.WARN, Severity.NOTE})
"""Alarms of these severities stop no line."""


class PartRenderer:
    """Callable of the live hub, one call at a time. Renders outside any request, in a test context of its own.

    A part is drawn again only when something that its template looks at has changed: on a running line, half of them have not.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._looks_at: dict[str, tuple[list[str], list[str]]] = {}
        self._drawn: dict[tuple[str, str], tuple[list[object], str]] = {}

    def __call__(self, snapshot: LiveSnapshot | None, language: str) -> Mapping[str, str]:
        with self._app.test_request_context("/"), force_locale(language):
            g.language = language
            context = _context(snapshot, station().hub.line)
            return {name: self._part(name, language, snapshot, context) for name in PARTS}

    def _part(self, name: str, language: str, snapshot: LiveSnapshot | None, context: Mapping[str, object]) -> str:
        if name not in self._looks_at:
            self._looks_at[name] = _looks_at(self._app, f"parts/{name}.html")
        fields, names = self._looks_at[name]
        seen = [
            snapshot is None,
            *(getattr(snapshot, one, None) for one in fields),
            *(context.get(one) for one in names),
        ]
        drawn = self._drawn.get((language, name))
        if drawn is None or drawn[0] != seen:
            html = render_template(f"parts/{name}.html", **context).strip()
            drawn = self._drawn[language, name] = (seen, html)
        return drawn[1]


def _looks_at(app: Flask, template: str) -> tuple[list[str], list[str]]:
    """Return the fields of the snapshot, and the other values, that a template uses; macros use none of either."""
    assert app.jinja_env.loader is not None
    tree = app.jinja_env.parse(app.jinja_env.loader.get_source(app.jinja_env, template)[0])
    fields = {
        found.attr
        for found in tree.find_all(nodes.Getattr)
        if isinstance(found.node, nodes.Name) and found.node.name == "live"
    }
    return sorted(fields), sorted(meta.find_undeclared_variables(tree) - {"live"})


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
            "errands": [],
        }
    inserters = [machine for machine in live.machines if machine.kind == "inserter"] or live.machines
    state = worst(tuple(machine.state if machine.linked else 0 for machine in inserters))
    if live.finished and state == EXECUTE:
        state = COMPLETE  # the run has ended and let go of a machine that was left running for the next one
    look = PACKML[state][1].value
    alarm, more = _sorted_alarms(live, PACKML[state][1])
    out = sum(live.counts.get(name, 0) for name in OUT_STATES)
    off = sum(live.counts.get(name, 0) for name in EXCEPTION_STATES)
    rest = max(live.letters - out, 0)
    return {
        "live": live,
        "line": live.line,
        "line_state": state,
        "line_look": look,
        "line_reason": next(
            (m.reason for m in live.machines if m.state == state and m.reason not in ("", "0", "NONE")), ""
        ),
        "alarm": alarm,
        "slow": live.rate_now <= PICTURES_PER_HOUR_MAX,
        "errands": [errand(task) for task in live.tasks],
        "more_alarms": more,
        "belt_svg": charts.belt(live.belt, zones, gettext("In the machine: %(count)s pieces", count=len(live.belt))),
        "rate_svg": charts.bar(
            0.0 if live.finished else live.rate_now, live.rate_target, gettext("Rate against target")
        ),
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


def _sorted_alarms(live: LiveSnapshot, look: Look) -> tuple[Alarm | None, list[Alarm]]:
    """Return the alarm of the banner and the others, loudest and newest first.

    What stopped a line that runs again is over: it is listed, and the banner and its one button belong to the running line. They belong to
    a line that stands, too, when no alarm stopped it: a warning about a tray must not take the place of Resume.
    """
    loudest = sorted(live.alarms, key=lambda one: (list(Severity).index(one.severity), -one.since_unix_ns))
    quiet = {Look.RUN: set(Severity), Look.STOP: NO_STOP, Look.READY: NO_STOP}.get(look, {Severity.NOTE})
    if not loudest or loudest[0].severity in quiet:
        return None, sorted(live.alarms, key=lambda one: -one.since_unix_ns)[:2]
    return loudest[0], loudest[1:3]
