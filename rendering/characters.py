"""The characters of a batch, numbered by frequency; the fonts cut down to them; the template in those numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rendering.fixed_text import no_fixed_text
from rendering.fonts import FontChain
from rendering.ingest import SEPARATOR, Gathered
from rendering.layout import opcodes as o
from rendering.layout.arrays import Program
from rendering.layout.classes import TABLE_SIZE
from rendering.pdf.fonts import GlyphTables, build_glyphs
from rendering.template import Template
from rendering.template.compiler import DIGITS, Compiled, mpt
from rendering.template.settings import MARK_SOURCES

_SOURCES = {"sheet": o.MARK_SHEET, "item": o.MARK_ITEM, "window": o.MARK_WINDOW}
assert set(_SOURCES) == set(MARK_SOURCES)


@dataclass(frozen=True, slots=True)
class Characters:
    """Code points of a batch, the most frequent first; ``used[f]`` marks those that face f prints."""

    points: NDArray[np.uint32]
    used: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(cls, program: Compiled, gathered: Iterable[Gathered], faces: int) -> Characters:
        """Count the characters of the template and of letters' values."""
        counts = np.zeros(TABLE_SIZE, np.int64)
        used = np.zeros((faces, TABLE_SIZE), np.bool_)
        face_of_slot, face_of_table = _faces_of_values(program)
        for run, face in _static_runs(program):
            points = np.frombuffer(run.encode("utf-32-le"), np.uint32)
            np.add.at(counts, points, 1)
            used[face, points] = True
        for part in gathered:
            counts += np.bincount(part.points, minlength=TABLE_SIZE)
            for face in range(faces):
                used[face, _points_of_face(part, face, face_of_slot, face_of_table)] = True
        counts[ord(SEPARATOR)] = 0
        counts[0] = 0
        used[:, ord(SEPARATOR)] = False
        found = np.flatnonzero(counts)
        points = found[np.argsort(-counts[found], kind="stable")].astype(np.uint32)
        return cls(points, tuple(used[face][points] for face in range(faces)))

    def index(self) -> NDArray[np.uint16]:
        """Number of each code point in the batch; 0 for those not in it."""
        table = np.zeros(TABLE_SIZE, np.uint16)
        table[self.points] = np.arange(len(self.points), dtype=np.uint16)
        return table


def _static_runs(program: Compiled) -> list[tuple[str, int]]:
    """Every static text with the face that prints it; digits of page numbers in every face."""
    text = "".join(program.static)
    faces = [(DIGITS, face) for face in range(len(program.faces))]
    style_of_run = _styles_of_runs(program)
    for index, (kind, start, length, face, _) in enumerate(program.runs):
        if kind == o.RUN_STATIC:
            own = program.styles[style_of_run[index]][o.ST_FACE] if face < 0 else face
            faces.append((text[start : start + length], own))
    return faces


def _styles_of_runs(program: Compiled) -> list[int]:
    """The style each run is printed in."""
    styles = [0] * len(program.runs)
    spans = [(row[1], row[2], row[3]) for row in program.ops if row[0] == o.OP_PARAGRAPH]
    for table in program.tables:
        for column in program.columns[table[2] : table[2] + table[1]]:
            spans.append((table[3], column[2], column[3]))
            spans.append((max(table[4], 0), column[4], column[5]))
    for style, first, after in spans:
        for run in range(first, after):
            styles[run] = style
    return styles


def _faces_of_values(program: Compiled) -> tuple[NDArray[np.int64], list[int]]:
    """Bit masks of the faces each slot, and each table, is printed in."""
    slots = np.zeros(max(1, len(program.slots)), np.int64)
    tables = [0] * len(program.table_names)
    styles = _styles_of_runs(program)
    for index, (kind, a, _, face, _) in enumerate(program.runs):
        own = program.styles[styles[index]][o.ST_FACE] if face < 0 else face
        if kind == o.RUN_FIELD:
            slots[a] |= 1 << own
        elif kind == o.RUN_CELL:
            tables[a] |= 1 << own
    return slots, tables


def _points_of_face(part: Gathered, face: int, slots: NDArray[np.int64], tables: Sequence[int]) -> NDArray[np.uint32]:
    """The code points of the values printed in ``face``."""
    values = len(part.offsets) - 1
    wanted = np.zeros(values, np.bool_)
    for slot in np.flatnonzero(slots >> face & 1):
        wanted[part.fields + slot] = True
    for t, mask in enumerate(tables):
        if mask >> face & 1:
            edges = np.zeros(values + 1, np.int64)
            np.add.at(edges, part.tables[:, t, 0], 1)
            np.add.at(edges, part.tables[:, t, 0] + part.tables[:, t, 1] * part.tables[:, t, 2], -1)
            wanted |= np.cumsum(edges)[:-1] > 0
    return part.points[np.repeat(wanted, np.diff(part.offsets))]


@dataclass(frozen=True, slots=True)
class FontSet:
    """Everything the kernels and the file need to know of a batch's characters."""

    characters: Characters
    index_of: NDArray[np.uint16]
    classes: NDArray[np.uint8]
    glyphs: GlyphTables

    @classmethod
    def build(cls, characters: Characters, chains: Sequence[FontChain], classes: NDArray[np.uint8]) -> FontSet:
        """Subset the fonts to ``characters``."""
        glyphs = build_glyphs(chains, characters.points, characters.used)
        return cls(characters, characters.index(), classes[characters.points], glyphs)

    @classmethod
    def metrics_only(
        cls, program: Compiled, gathered: Gathered, chains: Sequence[FontChain], classes: NDArray[np.uint8]
    ) -> FontSet:
        """Widths without fonts: enough to measure."""
        characters = Characters.of(program, [gathered], len(chains))
        advances = np.concatenate([chain.advances[characters.points] for chain in chains]).astype(np.int64)
        glyphs = GlyphTables(advances, np.zeros_like(advances), ())
        return cls(characters, characters.index(), classes[characters.points], glyphs)


def _rows(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, width)


def program_arrays(template: Template, index_of: NDArray[np.uint16], pictures: Sequence[str]) -> Program:
    """The compiled template with its static text in the characters of the batch."""
    program, settings = template.program, template.settings
    static = np.frombuffer("".join(program.static).encode("utf-32-le"), np.uint32)
    marks = [
        [_SOURCES[m.source], m.pages, mpt(m.x_mm), mpt(m.y_mm), mpt(m.module_mm), mpt(m.height_mm)]
        for m in settings.marks
    ]
    art = [
        [pictures.index(a.picture), a.pages, mpt(a.box.x), mpt(a.box.y), mpt(a.box.width), mpt(a.box.height)]
        for a in settings.art
    ]
    page = [mpt(settings.page.width), mpt(settings.page.height), int(settings.duplex), settings.pages_max]
    for box in (settings.body_first, settings.body_other):
        page += [mpt(box.x), mpt(box.y), mpt(box.width), mpt(box.height)]
    page.append(0)
    return Program(
        _rows(program.ops, o.OP_WIDTH),
        _rows(program.runs, o.RUN_WIDTH),
        _rows(program.styles, o.ST_WIDTH),
        _rows(program.frames, o.FR_WIDTH),
        _rows(program.tables, o.TB_WIDTH),
        _rows(program.columns, o.TC_WIDTH),
        index_of[static],
        _rows(marks, o.MK_WIDTH),
        _rows(art, o.AR_WIDTH),
        np.array(page, np.int64),
        *no_fixed_text(len(program.ops)),
    )
