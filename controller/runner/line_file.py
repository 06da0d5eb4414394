"""The line file: which devices a line has and where they are. The same keys on the floor and in simulation; only the addresses differ."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.integrity import ExitPolicy


class LineFileError(Exception):
    """The line file cannot be used; ``str(error)`` says which key and what it should be."""


@dataclass(frozen=True, slots=True)
class PrinterEntry:
    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class CameraEntry:
    """``pitch_pulses``: how many pulses of the belt's encoder two pieces are apart at least, 0 when the camera has no encoder on its
    input. ``pulses_per_s``: the belt at its fastest, 0 when not known."""

    url: str
    px_per_mm: float
    pitch_pulses: int = 0
    pulses_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LineFile:
    """``scanner`` is the hand scanner at the exception station; ``requests`` a file in which a simulated world asks for what only the
    host can do (restart the print server). Both are empty when there is none. ``proves``: what the inserter weighs and franks."""

    name: str
    simulated: bool
    printers: tuple[PrinterEntry, ...]
    inserter: str
    sheet_camera: CameraEntry
    exit_camera: CameraEntry
    scanner: str = ""
    requests: Path | None = None
    console: str = ""
    proves: ExitPolicy = field(default_factory=ExitPolicy)


def read_line_file(path: Path) -> LineFile:
    """Read and check ``path``.

    Raises:
        LineFileError: missing, not TOML, or a key is missing or of the wrong kind.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LineFileError(f"{path}: 找不到产线文件 / no such line file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise LineFileError(f"{path}: 不是有效的 TOML / not valid TOML: {error}") from None
    try:
        printers = tuple(PrinterEntry(str(p["name"]), str(p["uri"])) for p in raw["printer"])
        requests = raw.get("requests")
        file = LineFile(
            name=str(raw.get("name", "line-1")),
            simulated=bool(raw.get("simulated", False)),
            printers=printers,
            inserter=str(raw["inserter"]["url"]),
            sheet_camera=_camera(raw, "c1"),
            exit_camera=_camera(raw, "c2"),
            scanner=str(raw.get("scanner", {}).get("url", "")),
            requests=path.parent / requests if requests else None,
            console=str(raw.get("console", "")),
            proves=_proves(raw["inserter"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LineFileError(f"{path}: 缺少或错误的键 / missing or wrong key: {error}") from None
    if not file.printers:
        raise LineFileError(f"{path}: 至少需要一台打印机 / at least one [[printer]] is needed")
    return file


def _proves(inserter: dict[str, Any]) -> ExitPolicy:
    """Return what must be proven of each envelope beside its marks: a weight where the inserter has a scale, postage where it franks."""
    usual = ExitPolicy()
    policy = ExitPolicy(
        sheet_mg=_whole(inserter, "sheet_mg", 0),
        envelope_mg=_whole(inserter, "envelope_mg", 0),
        tolerance_mg=_whole(inserter, "tolerance_mg", usual.tolerance_mg),
        postage=_whole(inserter, "postage", 0),
    )
    if inserter.get("scale") and not policy.sheet_mg:
        raise ValueError(
            "inserter.scale 为真时须给出 sheet_mg、envelope_mg / a scale needs inserter.sheet_mg and envelope_mg"
        )
    return policy


def _whole(table: dict[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"inserter.{key} = {value!r} 须为非负整数 / must be a whole number, not below 0")
    return value


def _camera(raw: dict[str, Any], name: str) -> CameraEntry:
    entry = raw["camera"][name]
    encoder = entry.get("encoder", {})
    try:
        pitch, speed = _whole(encoder, "pitch_pulses", 0), float(encoder.get("pulses_per_s", 0.0))
        if speed < 0 or (encoder and not pitch):
            raise ValueError("pitch_pulses ≥ 1, pulses_per_s ≥ 0")
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"camera.{name}.encoder 须写明两件最小间距 pitch_pulses 与皮带最高速 pulses_per_s / needs pitch_pulses, the least "
            f"distance of two pieces, and pulses_per_s, the belt at its fastest: {error}"
        ) from None
    return CameraEntry(str(entry["url"]), float(entry["px_per_mm"]), pitch, speed)
