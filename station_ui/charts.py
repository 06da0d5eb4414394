"""Charts and pictures drawn as inline SVG on the server: no script, no style attribute, readable by screen readers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from controller.service.live import BeltPiece

BELT_ZONES: Final = (1, 2, 3, 4, 5, 6, 7)
_W, _H = 1000, 210


def belt(pieces: Sequence[BeltPiece], names: Mapping[int, str], label: str) -> str:
    """Return the machine as a row of zones with the pieces that are in them; tray and reject bin branch off at the gate."""
    step = 112
    out = [f'<svg class="belt-svg" viewBox="0 0 {_W} {_H}" role="img" aria-label="{escape(label)}">']
    out.append(
        f'<path class="track" d="M40 96H{step * 7 + 20}M{step * 7 - 20} 96L{step * 7 + 90} 50H{_W - 40}M{step * 7 - 20} 96L{step * 7 + 90} 150H{_W - 40}"/>'
    )
    for index, zone in enumerate(BELT_ZONES):
        x = 20 + index * step
        out.append(f'<rect class="zone" x="{x}" y="66" width="92" height="60" rx="8"/>')
        out.append(_zone_name(names.get(zone, str(zone)), x + 46, 150))
    ends = ((8, 20), (9, 120))
    for zone, y in ends:
        out.append(f'<rect class="zone" x="{_W - 120}" y="{y}" width="100" height="60" rx="8"/>')
        out.append(f'<text class="zone-name" x="{_W - 70}" y="{y + 80}">{escape(names.get(zone, str(zone)))}</text>')
    seen: dict[int, int] = {}
    for piece in pieces:
        place = seen[piece.zone] = seen.get(piece.zone, 0) + 1
        if place > 3:
            continue
        x, y = _place(piece.zone, step)
        look = "doubt" if piece.suspect else {"PASS": "pass", "DIVERT": "reject"}.get(piece.verdict, "open")
        dx = (place - 1) * 12
        out.append(
            f'<g class="envelope {look}"><rect x="{x + dx + 10}" y="{y + 14 - dx / 2}" width="52" height="32" rx="3"/><path d="M{x + dx + 10} {y + 14 - dx / 2}l26 18l26 -18"/>'
        )
        sign = {"doubt": "?", "pass": "✓", "reject": "✕"}.get(look, "")
        out.append(f'<text x="{x + dx + 42}" y="{y + 42 - dx / 2}">{sign}</text></g>')
    for zone, count in seen.items():
        if count > 3:
            x, y = _place(zone, step)
            out.append(f'<text class="more" x="{x + 78}" y="{y - 6}">+{count - 3}</text>')
    out.append("</svg>")
    return "".join(out)


def _zone_name(name: str, x: int, y: int) -> str:
    """Two words stand one below the other, so that neighbours never run into each other."""
    lines = "".join(
        f'<tspan x="{x}" y="{y + row * 24}">{escape(word)}</tspan>' for row, word in enumerate(name.split(" ", 1))
    )
    return f'<text class="zone-name">{lines}</text>'


def _place(zone: int, step: int) -> tuple[int, int]:
    if zone == 8:
        return _W - 120, 20
    if zone == 9:
        return _W - 120, 120
    return 20 + (max(1, min(zone, 7)) - 1) * step, 66


def bar(value: float, target: float, label: str) -> str:
    """Return a bar of ``value`` against ``target``, with the target as a line."""
    top = max(target * 1.2, value, 1)
    width, mark = 400 * value / top, 400 * target / top
    return (
        f'<svg class="bar" viewBox="0 0 400 22" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f'<rect class="bar-back" width="400" height="22" rx="4"/><rect class="bar-value" width="{width:.1f}" height="22" rx="4"/>'
        + (f'<path class="bar-target" d="M{mark:.1f} 0V22"/>' if target else "")
        + "</svg>"
    )


def stack(parts: Sequence[tuple[str, int, str]], label: str) -> str:
    """Return one bar cut into (css class, count, name)."""
    total = sum(count for _, count, _ in parts) or 1
    out = [
        f'<svg class="stack" viewBox="0 0 400 26" preserveAspectRatio="none" role="img" aria-label="{escape(label)}"><rect class="bar-back" width="400" height="26" rx="4"/>'
    ]
    x = 0.0
    for css, count, name in parts:
        width = 400 * count / total
        if count:
            out.append(
                f'<rect class="{css}" x="{x:.2f}" width="{width:.2f}" height="26"><title>{escape(name)} {count}</title></rect>'
            )
        x += width
    out.append("</svg>")
    return "".join(out)


def spark(points: Sequence[float], low: float = 0.97, high: float = 1.0) -> str:
    """Return a small trend line of shares between ``low`` and ``high``; decoration beside its figure, so hidden from readers."""
    if len(points) < 2:
        return ""
    step = 120 / (len(points) - 1)
    path = " ".join(
        f"{index * step:.1f},{28 - 24 * (min(max(p, low), high) - low) / (high - low):.1f}"
        for index, p in enumerate(points)
    )
    return f'<svg class="spark" viewBox="0 -2 120 34" preserveAspectRatio="none" aria-hidden="true"><polyline points="{path}"/></svg>'


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars of a chart: its css class, name and values (None: nothing measured there)."""

    css: str
    name: str
    values: Sequence[float | None]


def columns(labels: Sequence[str], series: Series, label: str, unit: str = "") -> str:
    """Return a column chart with the value written on each column."""
    top = max([value or 0 for value in series.values] + [1])
    width, height, count = 720, 220, max(len(labels), 8)  # one column alone is no wall
    step = width / count
    out = [f'<svg class="chart" viewBox="0 0 {width} {height + 60}" role="img" aria-label="{escape(label)}">']
    for index, (name, value) in enumerate(zip(labels, series.values, strict=True)):
        size = height * (value or 0) / top
        x = index * step + step * 0.15
        out.append(
            f'<rect class="{series.css}" x="{x:.1f}" y="{30 + height - size:.1f}" width="{step * 0.7:.1f}" height="{size:.1f}" rx="3"/>'
        )
        written = "–" if value is None else f"{value:g}{unit}"
        out.append(
            f'<text class="chart-value" x="{x + step * 0.35:.1f}" y="{24 + height - size:.1f}">{escape(written)}</text>'
        )
        out.append(f'<text class="chart-label" x="{x + step * 0.35:.1f}" y="{height + 52}">{escape(name)}</text>')
    out.append(f'<path class="axis" d="M0 {height + 30}H{width}"/></svg>')
    return "".join(out)


def rows(names: Sequence[str], series: Series, label: str, unit: str = "") -> str:
    """Return lying bars, one below the other, for names too long to stand under a column."""
    top = max([value or 0 for value in series.values] + [1])
    height = 46 * max(len(names), 1)
    out = [f'<svg class="chart rows" viewBox="0 0 720 {height}" role="img" aria-label="{escape(label)}">']
    for index, (name, value) in enumerate(zip(names, series.values, strict=True)):
        y, size = index * 46, 330 * (value or 0) / top
        out.append(f'<text class="chart-axis" x="300" y="{y + 30}">{escape(name)}</text>')
        out.append(f'<rect class="{series.css}" x="312" y="{y + 6}" width="{size:.1f}" height="32" rx="3"/>')
        out.append(
            f'<text class="chart-value start" x="{320 + size:.1f}" y="{y + 31}">{value or 0:g}{escape(unit)}</text>'
        )
    out.append("</svg>")
    return "".join(out)


def lines(
    labels: Sequence[str], series: Sequence[Series], label: str, low: float, high: float, limit: float | None = None
) -> str:
    """Return a line chart between ``low`` and ``high``; ``limit`` is drawn as a dashed line (the early warning)."""
    width, height = 720, 220
    count = max(len(labels) - 1, 1)

    def y(value: float) -> float:
        return 20 + height - height * (min(max(value, low), high) - low) / ((high - low) or 1)

    out = [f'<svg class="chart" viewBox="0 0 {width + 70} {height + 60}" role="img" aria-label="{escape(label)}">']
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        out.append(
            f'<path class="grid" d="M60 {y(value):.1f}H{width + 60}"/><text class="chart-axis" x="52" y="{y(value) + 5:.1f}">{value:g}</text>'
        )
    if limit is not None:
        out.append(f'<path class="limit" d="M60 {y(limit):.1f}H{width + 60}"/>')
    for one in series:
        points = " ".join(f"{60 + width * i / count:.1f},{y(v):.1f}" for i, v in enumerate(one.values) if v is not None)
        out.append(f'<polyline class="{one.css}" points="{points}"><title>{escape(one.name)}</title></polyline>')
    shown = max(1, len(labels) // 8)
    for index, name in enumerate(labels):
        if index % shown == 0:
            out.append(
                f'<text class="chart-label" x="{60 + width * index / count:.1f}" y="{height + 50}">{escape(name)}</text>'
            )
    out.append("</svg>")
    return "".join(out)


_CODE39: Final = {
    "0": "nnnwwnwnn", "1": "wnnwnnnnw", "2": "nnwwnnnnw", "3": "wnwwnnnnn", "4": "nnnwwnnnw", "5": "wnnwwnnnn",
    "6": "nnwwwnnnn", "7": "nnnwnnwnw", "8": "wnnwnnwnn", "9": "nnwwnnwnn", "T": "nnnnwnwwn", "*": "nwnnwnwnn",
}  # fmt: skip
"""ISO/IEC 16388, the characters of tray labels; bars and spaces alternate, w is three modules wide."""


def code39(text: str) -> str:
    """Return the bar code of a tray label (``T`` and digits).

    Raises:
        KeyError: another character.
    """
    out, x = [], 10
    for character in f"*{text}*":
        for index, width in enumerate(_CODE39[character]):
            modules = 3 if width == "w" else 1
            if index % 2 == 0:
                out.append(f'<rect x="{x}" y="0" width="{modules}" height="40"/>')
            x += modules
        x += 1
    return f'<svg class="code39" viewBox="0 0 {x + 10} 40" role="img" aria-label="{escape(text)}"><rect width="{x + 10}" height="40" fill="#fff"/>{"".join(out)}</svg>'
