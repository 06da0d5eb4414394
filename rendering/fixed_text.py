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
from rendering.layout.arrays import FIXED_BYTES_MAX, FIXED_LINES_MAX, N_CHARS, N_LINES, Program, Scratch, Typography
from rendering.layout.letter import load_static
from rendering.layout.ready import set_paragraph
from rendering.pdf.file import FONTS
from rendering.pdf.fonts import stream
from rendering.pdf.streams import T_FONT, T_SIZE, put_alone

_LINE_BYTES_MAX: Final = 1 << 16
_FORM_BYTES_MIN: Final = 100  # drawing a form takes some forty


def set_fixed_text(program: Program, typography: Typography, scratch: Scratch) -> tuple[tuple[bytes, ...], ...]:
    """Set the fixed paragraphs of the body of ``program``; return the objects of their forms, in the order of their numbers.

    ``scratch`` is used for working.
    """
    forms: list[tuple[bytes, ...]] = []
    load_static(program, scratch)
    program.fixed[:] = 0
    rows = length = 0
    out = np.zeros(_LINE_BYTES_MAX, np.uint8)
    box = (int(program.page[o.PG_BODY]), int(program.page[o.PG_BODY + 2]))
    for op in _fixed_paragraphs(program):
        style, first, after = program.ops[op, 1:4].tolist()
        set_paragraph(program, typography, scratch, (style, first, after), box)
        bytes_most = int(scratch.counts[N_CHARS]) * 16
        if bytes_most > _LINE_BYTES_MAX or length + bytes_most > FIXED_BYTES_MAX:
            continue
        lines = int(scratch.counts[N_LINES])
        if rows + lines > FIXED_LINES_MAX:
            continue
        program.fixed[op, o.FX_LINE] = rows
        program.fixed[op, o.FX_LINES] = lines
        for line in range(lines):
            row = scratch.lines[line]
            font = int(typography.codes[scratch.glyph[row[o.L_START]]]) >> 16
            scratch.text_state[T_FONT] = font
            scratch.text_state[T_SIZE] = program.styles[style, o.ST_SIZE]
            end = put_alone(out, program, typography, scratch, style, line)
            program.fixed_bytes[length : length + end] = out[:end]
            last = int(scratch.text_state[T_FONT])
            own = int(row[o.L_X]), int(row[o.L_TC]), style, length, length + end, font, last, 0, 0
            program.fixed_lines[rows] = own
            length += end
            rows += 1
        form = _form(program, typography, scratch, style, lines, out)
        if form is not None:
            first = program.fixed[op, o.FX_LINE]
            program.fixed_lines[first, o.X_PARAGRAPH] = len(forms)
            program.fixed_lines[first, o.X_LINES] = lines
            forms.append((form,))
    return tuple(forms)


def _form(
    program: Program, typography: Typography, scratch: Scratch, style: int, lines: int, out: NDArray[np.uint8]
) -> bytes | None:
    """A form XObject of the paragraph in ``scratch``, origin at its first baseline; None when drawing it would not be shorter."""
    written = put_alone(out, program, typography, scratch, style, -1)
    if written < _FORM_BYTES_MIN:
        return None
    size, leading = int(program.styles[style, o.ST_SIZE]), int(program.styles[style, o.ST_LEADING])
    low, high = -(lines * leading) // 1000 - 1, size // 1000 + 2
    box = f"[0 {low} {int(program.page[o.PG_WIDTH]) // 1000 + 1} {high}]"
    head = f"/Type/XObject/Subtype/Form/BBox{box}/Resources<</Font {FONTS} 0 R>>"
    return stream(head, out[:written].tobytes())


def _fixed_paragraphs(program: Program) -> Iterator[int]:
    """Operations of the body that are paragraphs of static text only."""
    for op, row in enumerate(program.ops):
        if row[0] == o.OP_END:
            return
        runs = program.runs[row[2] : row[3]]
        if row[0] == o.OP_PARAGRAPH and len(runs) and (runs[:, 0] == o.RUN_STATIC).all():
            yield op
