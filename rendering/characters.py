"""The characters of a batch, numbered by frequency; the fonts cut down to them; the template in those numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rendering.fonts import FontChain
from rendering.ingest import Gathered
from rendering.jit import kernel
from rendering.layout import opcodes as o
from rendering.layout.arrays import (
    STATIC_MAX,
    Z_ART,
    Z_CONDITIONS,
    Z_FRAMES,
    Z_MARKS,
    Z_SLOTS,
    Z_STATIC,
    Z_TABLES,
    Program,
    TooLarge,
    Values,
    fill_table,
    new_program,
)
from rendering.layout.classes import TABLE_SIZE
from rendering.pdf.fonts import GlyphTables, build_glyphs
from rendering.pdf.huffman import DISTANCES, LITERALS
from rendering.symbols.omr import ROWS, SHEET_TRACK
from rendering.template import Template
from rendering.template.compiler import DIGITS, Compiled, mpt
from rendering.template.settings import MARK_SOURCES, Mark

_SOURCES = {"sheet": o.MARK_SHEET, "item": o.MARK_ITEM, "window": o.MARK_WINDOW, "track": o.MARK_TRACK}
assert set(_SOURCES) == set(MARK_SOURCES)


@dataclass(frozen=True, slots=True)
class FaceUse:
    """Which faces a template prints its values in, a bit for each: by slot and by table; and its static text by face."""

    slots: NDArray[np.uint8]
    tables: tuple[int, ...]
    static: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, program: Compiled) -> FaceUse:
        """Read it from the compiled template."""
        return cls(*_faces_of_values(program), tuple(_static_runs(program)))

    def of_values(self, part: Gathered) -> NDArray[np.uint8]:
        """The faces of every value: first the fields letter after letter, then the cells table after table."""
        count = len(part.fields)
        cells = [
            np.full(int((part.tables[:, t, 1] * part.tables[:, t, 2]).sum()), mask, np.uint8)
            for t, mask in enumerate(self.tables)
        ]
        return np.concatenate([np.tile(self.slots, count), *cells])


@kernel
def _count(
    points: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    faces: NDArray[np.uint8],
    counts: NDArray[np.int64],
    used: NDArray[np.uint8],
) -> None:
    """Count every code point and note the faces that print it."""
    for value in range(faces.shape[0]):
        for i in range(offsets[value], offsets[value + 1] - 1):
            counts[points[i]] += 1
            used[points[i]] |= faces[value]


@kernel
def _in_characters(
    points: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    faces: NDArray[np.uint8],
    used: NDArray[np.uint8],
    index_of: NDArray[np.uint16],
    text: NDArray[np.uint16],
) -> int:
    """Code points as characters of the batch; returns how many are not known in every face that prints them."""
    absent = 0
    for value in range(faces.shape[0]):
        for i in range(offsets[value], offsets[value + 1] - 1):
            absent += used[points[i]] & faces[value] != faces[value]
            text[i] = index_of[points[i]]
    return absent


@dataclass(frozen=True, slots=True)
class Characters:
    """Code points of a batch, the most frequent first; ``used[f]`` marks those that face f prints.

    ``literals`` and ``distances`` count the symbols of the batch's first letters compressed: all its files are coded for them.
    """

    points: NDArray[np.uint32]
    used: tuple[NDArray[np.bool_], ...]
    literals: NDArray[np.int64]
    distances: NDArray[np.int64]

    @classmethod
    def of(cls, use: FaceUse, gathered: Iterable[Gathered], faces: int) -> Characters:
        """Count the characters of the template and of letters' values."""
        counts = np.zeros(TABLE_SIZE, np.int64)
        used = np.zeros(TABLE_SIZE, np.uint8)
        for run, face in use.static:
            points = np.frombuffer(run.encode("utf-32-le"), np.uint32)
            np.add.at(counts, points, 1)
            used[points] |= 1 << face
        for part in gathered:
            _count(part.points, part.offsets, use.of_values(part), counts, used)
        counts[0] = 0
        found = np.flatnonzero(counts)
        points = found[np.argsort(-counts[found], kind="stable")].astype(np.uint32)
        shown = tuple(used[points] >> face & 1 > 0 for face in range(faces))
        return cls(points, shown, np.zeros(LITERALS, np.int64), np.zeros(DISTANCES, np.int64))

    def faces(self) -> NDArray[np.uint8]:
        """The faces that print each of the points, a bit for each."""
        bits = np.zeros(len(self.points), np.uint8)
        for face, shown in enumerate(self.used):
            bits |= shown.astype(np.uint8) << face
        return bits

    def face_table(self) -> NDArray[np.uint8]:
        """The faces that print each code point; 0 for one that is not in the batch."""
        table = np.zeros(TABLE_SIZE, np.uint8)
        table[self.points] = self.faces()
        return table

    def equals(self, other: Characters) -> bool:
        """Whether the other has the same content: then files come out the same."""
        mine = (self.points, *self.used, self.literals, self.distances)
        theirs = (other.points, *other.used, other.literals, other.distances)
        return len(mine) == len(theirs) and all(map(np.array_equal, mine, theirs))

    def index(self) -> NDArray[np.uint16]:
        """Number of each code point in the batch; 0 for those not in it."""
        table = np.zeros(TABLE_SIZE, np.uint16)
        table[self.points] = np.arange(len(self.points), dtype=np.uint16)
        return table


def _static_runs(program: Compiled) -> list[tuple[str, int]]:
    """Every static text with the face that prints it; digits of page numbers in every face."""
    text = "".join(program.static)
    faces = [(DIGITS, face) for face in range(len(program.faces))]
    style_of_run = styles_of_runs(program)
    for index, (kind, start, length, face, _) in enumerate(program.runs):
        if kind == o.RUN_STATIC:
            own = program.styles[style_of_run[index]][o.ST_FACE] if face < 0 else face
            faces.append((text[start : start + length], own))
    return faces


def styles_of_runs(program: Compiled) -> list[int]:
    """The style each run of the template is printed in."""
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


def _faces_of_values(program: Compiled) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    """Bit masks of the faces each slot, and each table, is printed in."""
    slots = np.zeros(len(program.slots), np.uint8)
    tables = [0] * len(program.table_names)
    styles = styles_of_runs(program)
    for index, (kind, a, _, face, _) in enumerate(program.runs):
        own = program.styles[styles[index]][o.ST_FACE] if face < 0 else face
        if kind == o.RUN_FIELD:
            slots[a] |= 1 << own
        elif kind == o.RUN_CELL:
            tables[a] |= 1 << own
    return slots, tuple(tables)


@dataclass(frozen=True, slots=True)
class FontSet:
    """Everything the kernels and the file need to know of a batch's characters."""

    characters: Characters
    index_of: NDArray[np.uint16]
    classes: NDArray[np.uint8]
    glyphs: GlyphTables
    face_table: NDArray[np.uint8]

    @classmethod
    def build(cls, characters: Characters, chains: Sequence[FontChain], classes: NDArray[np.uint8]) -> FontSet:
        """Subset the fonts to ``characters``."""
        glyphs = build_glyphs(chains, characters.points, characters.used)
        return cls(characters, characters.index(), classes[characters.points], glyphs, characters.face_table())

    @classmethod
    def metrics_only(
        cls, use: FaceUse, gathered: Gathered, chains: Sequence[FontChain], classes: NDArray[np.uint8]
    ) -> FontSet:
        """Widths without fonts: enough to measure."""
        characters = Characters.of(use, [gathered], len(chains))
        advances = np.concatenate([chain.advances[characters.points] for chain in chains]).astype(np.int64)
        glyphs = GlyphTables(advances, np.zeros_like(advances), ())
        return cls(characters, characters.index(), classes[characters.points], glyphs, characters.face_table())

    def values(self, use: FaceUse, part: Gathered) -> tuple[Values, bool]:
        """The kernels' view of the letters, text as indices into the characters; and whether all are there, in every face that prints them."""
        text = np.zeros(len(part.points), np.uint16)
        absent = _in_characters(part.points, part.offsets, use.of_values(part), self.face_table, self.index_of, text)
        return Values(text, part.offsets, part.fields, part.tables, part.conditions), absent == 0


def module_of(mark: Mark) -> tuple[int, int]:
    """Width and height of one cell of a mark's grid, millipoints: a bar is as high, an OMR mark as wide as the template says."""
    if mark.symbology == "omr":
        return mpt(mark.height_mm), mpt(SHEET_TRACK.pitch_mm / ROWS)
    return mpt(mark.module_mm), mpt(mark.height_mm)


def program_arrays(template: Template, index_of: NDArray[np.uint16], pictures: Sequence[str]) -> Program:
    """The compiled template with its static text in the characters of the batch."""
    program, settings = template.program, template.settings
    static = np.frombuffer("".join(program.static).encode("utf-32-le"), np.uint32)
    marks = [[_SOURCES[m.source], m.pages, mpt(m.x_mm), mpt(m.y_mm), *module_of(m)] for m in settings.marks]
    art = [
        [pictures.index(a.picture), a.pages, mpt(a.box.x), mpt(a.box.y), mpt(a.box.width), mpt(a.box.height)]
        for a in settings.art
    ]
    page = [mpt(settings.page.width), mpt(settings.page.height), int(settings.duplex), settings.pages_max]
    for box in (settings.body_first, settings.body_other):
        page += [mpt(box.x), mpt(box.y), mpt(box.width), mpt(box.height)]
    page.append(0)
    arrays = new_program()
    fill_table(arrays, "ops", program.ops)
    fill_table(arrays, "runs", program.runs)
    fill_table(arrays, "styles", program.styles)
    fill_table(arrays, "frames", program.frames)
    fill_table(arrays, "tables", program.tables)
    fill_table(arrays, "columns", program.columns)
    fill_table(arrays, "marks", marks)
    fill_table(arrays, "art", art)
    if len(static) > STATIC_MAX:
        raise TooLarge(f"{len(static)} characters of static text, {STATIC_MAX} at most")
    arrays.static[: len(static)] = index_of[static]
    arrays.page[:] = page
    arrays.sizes[Z_FRAMES] = len(program.frames)
    arrays.sizes[Z_MARKS] = len(marks)
    arrays.sizes[Z_ART] = len(art)
    arrays.sizes[Z_TABLES] = len(program.table_names)
    arrays.sizes[Z_CONDITIONS] = len(program.conditions)
    arrays.sizes[Z_STATIC] = len(static)
    arrays.sizes[Z_SLOTS] = len(program.slots)
    return arrays
