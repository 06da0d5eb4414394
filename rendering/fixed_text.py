"""Paragraphs that are the same in every letter, set once for a batch: broken into lines and written as bytes.

About half of a lawyer's letter is such text. The kernels that set it here are the ones that set all other text, so a fixed
paragraph looks exactly as it would in a letter of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.layout import opcodes as o
from rendering.layout.arrays import N_CHARS, N_LINES, Program, Scratch, Typography, Values
from rendering.layout.lines import break_lines, fill_runs
from rendering.pdf.streams import T_FONT, T_SIZE, put_shown

_LINE_BYTES_MAX: Final = 1 << 16


def no_fixed_text(operations: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Nothing set beforehand: (fixed, fixed_lines, fixed_bytes) of a Program."""
    return np.zeros((operations, 2), np.int64), np.zeros((0, o.X_WIDTH), np.int64), np.zeros(0, np.uint8)


def with_fixed_text(program: Program, typography: Typography, values: Values, scratch: Scratch) -> Program:
    """Return ``program`` with the fixed paragraphs of its body set; ``scratch`` is used for working."""
    fixed = np.zeros((len(program.ops), 2), np.int64)
    rows: list[list[int]] = []
    shown: list[bytes] = []
    length = 0
    out = np.zeros(_LINE_BYTES_MAX, np.uint8)
    box = (int(program.page[o.PG_BODY]), int(program.page[o.PG_BODY + 2]))
    for op in _fixed_paragraphs(program):
        style = int(program.ops[op, 1])
        scratch.counts[:] = 0
        scratch.at[:] = 0
        fill_runs(program, typography, values, scratch, style, int(program.ops[op, 2]), int(program.ops[op, 3]))
        if scratch.counts[N_CHARS] * 16 > _LINE_BYTES_MAX:
            continue
        break_lines(program, typography, scratch, style, 0, (*box, int(program.styles[style, o.ST_ALIGN])))
        lines = int(scratch.counts[N_LINES])
        fixed[op] = len(rows), lines
        for line in range(lines):
            row = scratch.lines[line]
            font = int(typography.codes[scratch.glyph[row[o.L_START]]]) >> 16
            scratch.text_state[T_FONT] = font
            scratch.text_state[T_SIZE] = program.styles[style, o.ST_SIZE]
            end = put_shown(out, 0, typography, scratch, line, scratch.text_state)
            shown.append(out[:end].tobytes())
            last = int(scratch.text_state[T_FONT])
            rows.append([int(row[o.L_X]), int(row[o.L_TC]), style, length, length + end, font, last])
            length += end
    lines_array = np.array(rows, np.int64).reshape(-1, o.X_WIDTH)
    return program._replace(
        fixed=fixed, fixed_lines=lines_array, fixed_bytes=np.frombuffer(b"".join(shown), np.uint8).copy()
    )


def _fixed_paragraphs(program: Program) -> Iterator[int]:
    """Operations of the body that are paragraphs of static text only."""
    for op, row in enumerate(program.ops):
        if row[0] == o.OP_END:
            return
        runs = program.runs[row[2] : row[3]]
        if row[0] == o.OP_PARAGRAPH and len(runs) and (runs[:, 0] == o.RUN_STATIC).all():
            yield op
