"""Figures of the shift: OEE and its losses, output, read quality with early warning, rejects, false alarms; CSV, JSON, Prometheus."""

from __future__ import annotations

import csv
import io
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext

from controller.service import kpi
from controller.service.packml import worst
from controller.service.rights import Right
from station_ui import charts, words
from station_ui.looks import clock
from station_ui.menu import page_context
from station_ui.security.access import needs, open_to_anyone
from station_ui.station import station

pages = Blueprint("kpi", __name__)
SHIFT_HOURS: Final = 8


@pages.get("/kpi")
@needs(Right.SEE_KPI)
def page() -> Any:
    shift = _shift()
    live = station().hub.last_snapshot()
    return render_template(
        "kpi.html",
        **page_context("kpi"),
        shift=shift,
        live=live,
        warnings=_warnings(shift),
        output=charts.columns(
            [clock(hour.starts_unix_ns)[:5] for hour in shift.hours],
            charts.Series("c1", gettext("Out"), [hour.passed for hour in shift.hours]),
            gettext("Envelopes out per hour"),
        ),
        losses=charts.rows(
            [words.word(words.LOSSES, loss) for loss in shift.losses_s],
            charts.Series("c2", gettext("Minutes"), [round(seconds / 60, 1) for seconds in shift.losses_s.values()]),
            gettext("Minutes lost, by cause"),
        ),
        rejects=charts.rows(
            [words.word(words.DIVERT_REASONS, reason) for reason in shift.rejected_by],
            charts.Series("c3", gettext("Rejected"), list(shift.rejected_by.values())),
            gettext("Rejected, by reason"),
        ),
        reading=charts.lines(
            [str(index) for index in range(-60, 1)],
            [
                charts.Series(f"c{n + 1}", camera.name, _padded(camera.trend))
                for n, camera in enumerate(live.cameras[:2])
            ]
            if live
            else [],
            gettext("Read rate of the cameras"),
            0.98,
            1.0,
            kpi.READ_RATE_WARNING,
        ),
    )


@pages.get("/kpi.json")
@needs(Right.SEE_KPI)
def as_json() -> Any:
    return dict(_rows(_shift()))


@pages.get("/kpi.csv")
@needs(Right.SEE_KPI)
def as_csv() -> Any:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("figure", "value"))
    writer.writerows((name, "" if value is None else value) for name, value in _rows(_shift()))
    return Response(
        text.getvalue(), mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=figures.csv"}
    )


@pages.get("/metrics")
@open_to_anyone
def metrics() -> Any:
    """Prometheus text format, to loopback only: figures of the live picture, no ids and no names."""
    if request.remote_addr not in ("127.0.0.1", "::1"):
        abort(HTTPStatus.FORBIDDEN)
    live = station().hub.snapshot()
    rows: list[tuple[str, str, float]] = [
        ("letterline_line_reports", "", 0 if live is None else 1),
        ("letterline_screens", "", station().hub.streams),
    ]
    if live is not None:
        rows += [
            (
                "letterline_packml_state",
                "",
                worst(tuple(machine.state for machine in live.machines if machine.kind == "inserter")),
            ),
            ("letterline_rate_per_hour", "", round(live.rate_now, 1)),
            ("letterline_alarms", "", len(live.alarms)),
            ("letterline_simulated", "", int(live.simulated)),
            *(("letterline_pieces", f'{{state="{state}"}}', count) for state, count in sorted(live.counts.items())),
            *(("letterline_read_rate", f'{{camera="{camera.name}"}}', camera.read_rate) for camera in live.cameras),
        ]
    seen: set[str] = set()
    lines = []
    for name, labels, value in rows:
        if name not in seen:
            seen.add(name)
            lines.append(f"# TYPE {name} gauge")
        lines.append(f"{name}{labels} {value}")
    return Response(
        "\n".join(lines) + "\n",
        mimetype="text/plain",
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


def _shift() -> kpi.Figures:
    now_ns = int(station().clock() * 1e9)
    since_ns = now_ns - SHIFT_HOURS * 3600 * 10**9
    moments = station().door.moments(kpi.KINDS, since_ns, 60_000)
    facts = [kpi.Fact(moment.kind, moment.at_unix_ns, uid, moment.data, moment.job) for uid, moment in moments]
    first = min((fact.at_unix_ns for fact in facts), default=since_ns)
    live = station().hub.last_snapshot()
    return kpi.figures(facts, max(since_ns, first), now_ns, live.rate_target if live else 0.0)


def _warnings(shift: kpi.Figures) -> list[str]:
    """Return what will go wrong soon, in words, before the line stops for it."""
    said = []
    live = station().hub.last_snapshot()
    for camera in live.cameras if live else ():
        falling = len(camera.trend) >= 10 and sum(camera.trend[-5:]) / 5 < sum(camera.trend[:5]) / 5 - 0.003
        if camera.read_rate < kpi.READ_RATE_WARNING or falling:
            said.append(
                gettext(
                    "Camera %(name)s: the read rate falls. Clean its window; check toner and lamp.", name=camera.name
                )
            )
    said += [
        gettext("Printer %(name)s: its marks read worse. Check toner and drum before the line stops.", name=one.printer)
        for one in shift.printers
        if one.falling or (one.read + one.unread >= kpi.READS_TO_COMPARE and one.read_rate < kpi.READ_RATE_WARNING)
    ]
    if shift.false_alarms > shift.false_alarm_budget:
        said.append(gettext("More false alarms than a shift may have. Call quality before anybody bypasses a camera."))
    return said


def _rows(shift: kpi.Figures) -> list[tuple[str, object]]:
    named = (
        "availability",
        "performance",
        "quality",
        "oee",
        "mcbf",
        "mean_time_to_clear_s",
        "skipped_cycles",
        "reprint_rate",
    )
    rows: list[tuple[str, object]] = [(name, getattr(shift, name)) for name in named]
    rows += [
        (name, getattr(shift, name))
        for name in ("passed", "rejected", "faults", "minted", "reprints", "false_alarms", "running_s")
    ]
    rows += [(f"loss_s.{loss}", round(seconds, 1)) for loss, seconds in shift.losses_s.items()]
    rows += [(f"read_rate.{one.printer}", round(one.read_rate, 5)) for one in shift.printers]
    rows += [(f"rejected.{reason}", count) for reason, count in shift.rejected_by.items()]
    return rows


def _padded(trend: tuple[float, ...]) -> list[float | None]:
    return [None] * (61 - len(trend[-61:])) + list(trend[-61:])
