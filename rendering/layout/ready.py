"""Paragraphs of the template set alone: its own text once for a batch, to be copied into every letter (`set_ready`).

The kernels that set them are those that set letters, entered where these enter, so nothing is compiled for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rendering.layout.arrays import N_CHARS, Z_READY, Program, Scratch, Typography
from rendering.layout.flow import run_operations
from rendering.layout.letter import load_static
from rendering.layout.opcodes import OP_PARAGRAPH, RUN_STATIC

_ENDLESS = 1 << 40  # millipoints: no line is broken


def set_paragraph(
    program: Program, typography: Typography, scratch: Scratch, paragraph: tuple[int, int, int], box: tuple[int, int]
) -> None:
    """Set the runs of ``paragraph`` (style, first run, run after the last) in ``box`` (x, width) into an empty ``scratch``.

    The operation is written behind the program's own, where one that does nothing must follow.
    """
    op = int(program.ops[:, 0].nonzero()[0].max(initial=0)) + 2
    program.ops[op] = 0
    program.ops[op, :4] = OP_PARAGRAPH, *paragraph
    program.fixed[op] = 0
    scratch.counts[:] = 0
    scratch.at[:] = 0
    run_operations(program, typography, scratch, op, box)
    program.ops[op] = 0


def set_ready(program: Program, typography: Typography, scratch: Scratch, styles: Sequence[int]) -> None:
    """Fill ``program.ready``; ``styles`` names the style each run is printed in. ``scratch`` is used for working."""
    load_static(program, scratch)
    program.sizes[Z_READY] = 0
    for run, style in enumerate(styles):
        kind, start, length = program.runs[run, :3].tolist()
        if kind != RUN_STATIC:
            continue
        set_paragraph(program, typography, scratch, (style, run, run + 1), (0, _ENDLESS))
        if scratch.counts[N_CHARS] != length:
            return  # longer than any letter: each is refused when it is laid out
        for name in ("glyph", "kind", "width", "kern", "reach", "give"):
            getattr(program.ready, name)[start : start + length] = getattr(scratch, name)[:length]
    program.sizes[Z_READY] = 1
