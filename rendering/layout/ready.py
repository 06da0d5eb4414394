"""The template's own text, set once: what `fill_runs` makes of each static run, to be copied into every letter."""

from __future__ import annotations

from collections.abc import Sequence

from rendering.layout.arrays import N_CHARS, N_LENGTH, Z_READY, Program, Scratch, Typography
from rendering.layout.letter import load_static
from rendering.layout.lines import fill_runs
from rendering.layout.opcodes import RUN_STATIC


def set_ready(program: Program, typography: Typography, scratch: Scratch, styles: Sequence[int]) -> None:
    """Fill ``program.ready``; ``styles`` names the style each run is printed in. ``scratch`` is used for working."""
    load_static(program, scratch)
    program.sizes[Z_READY] = 0
    for run, style in enumerate(styles):
        kind, start, length = program.runs[run, :3].tolist()
        if kind != RUN_STATIC:
            continue
        scratch.counts[:N_LENGTH] = 0
        fill_runs(program, typography, scratch, style, run, run + 1)
        if scratch.counts[N_CHARS] != length:
            return  # longer than any letter: each is refused when it is laid out
        for name in ("glyph", "kind", "width", "kern", "reach", "give"):
            getattr(program.ready, name)[start : start + length] = getattr(scratch, name)[:length]
    program.sizes[Z_READY] = 1
