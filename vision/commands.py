"""``letterline camera``: sets up a camera before the line runs. Looks at any address OpenCV can open; moves nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from vision.focus import SetUp


@click.group()
def camera() -> None:
    """相机调试 · set up a camera."""


@camera.command(
    epilog="\b\n例 Examples:\n  letterline camera focus http://127.0.0.1:8081/stream --view exit\n"
    "  letterline camera focus /dev/video0 --view sheet --frames 20",
)
@click.argument("address")
@click.option(
    "--view", type=click.Choice(["sheet", "exit"]), default="exit", help="看什么 · which camera of the line this is"
)
@click.option("--px-per-mm", type=float, help="比例尺 · scale, if not the standard one")
@click.option("--frames", type=click.IntRange(1), help="看这么多帧后结束 · stop after so many frames (else Ctrl-C)")
def focus(address: str, view: str, px_per_mm: float | None, frames: int | None) -> None:
    """实时显示清晰度、曝光与码等级 · live focus, exposure and grades while lens and lamp are adjusted.

    Exit code 0 when the last frame read every code, 1 when not or when the camera gives no frame.
    """
    import cv2
    import numpy as np
    from rich.live import Live

    from vision.focus import judge
    from vision.profiles import EXIT_CAMERA_PX_PER_MM, SHEET_CAMERA_PX_PER_MM, exit_camera, sheet_camera
    from vision.reader import PieceReader

    scale = px_per_mm or (EXIT_CAMERA_PX_PER_MM if view == "exit" else SHEET_CAMERA_PX_PER_MM)
    reader = PieceReader(exit_camera(scale) if view == "exit" else sheet_camera(scale))
    capture = cv2.VideoCapture(address)
    seen, last, best = 0, None, 0.0
    try:
        with Live(refresh_per_second=5) as screen:
            while frames is None or seen < frames:
                got, picture = capture.read()
                if not got:
                    break
                gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
                last = judge(np.asarray(gray, np.uint8), reader)
                best = max(best, last.sharpness)
                seen += 1
                screen.update(_table(last, best))
    except KeyboardInterrupt:
        pass
    finally:
        capture.release()
    if last is None:
        click.echo(f"{address}：没有画面，检查地址、供电与网线 · no frame; check address, power and cable", err=True)
        sys.exit(1)
    sys.exit(0 if last.reading.no_read_reason is None else 1)


def _table(state: SetUp, best: float) -> Table:
    from rich.table import Table

    table = Table(title="相机调试 · camera set-up")
    table.add_column("项目 · item")
    table.add_column("值 · value", justify="right")
    table.add_row("清晰度（最佳）· sharpness (best)", f"{state.sharpness:.4f} ({best:.4f})")
    table.add_row("亮度 · level 0-255", f"{state.level:.0f}")
    table.add_row("过曝像素 · clipped", f"{state.clipped:.1%}")
    table.add_row("读码用时 · reading", f"{state.reading.elapsed_ms:.1f} ms")
    for found in state.reading.readings:
        grade = f"{found.grade.letter} ({found.grade.overall:.1f})" if found.grade else "-"
        table.add_row(f"{found.window} {found.symbology} 等级 · in-line grade", f"{grade}  {found.path}")
    for line in state.advice:
        table.add_row("建议 · advice", line)
    return table
