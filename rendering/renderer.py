"""The resident renderer of one template: measures letters, renders them to PDF chunks, draws previews.

A chunk is a pure function of (template, characters of the batch, letters, codes, imposition): equal input gives equal
bytes in any process. The renderer holds fonts and compiled kernels; it reads no clock and keeps nothing of a letter.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.characters import Characters, FontSet, program_arrays
from rendering.fonts import MISSING, FontChain
from rendering.imposition import BLANK, imposition_named, plan_sides
from rendering.ingest import Gathered, Intake
from rendering.layout import arrays
from rendering.layout.arrays import Program, Scratch, Typography, Values, new_scratch
from rendering.layout.classes import break_table, character_classes, edge_table, gap_table, squeeze_table
from rendering.marks import draw_marks, no_marks
from rendering.model import Chunk, Codes, Defect, DefectCode, Letter, Measured, RenderedLetter
from rendering.pdf.art import picture_objects
from rendering.pdf.compose import PAGE_BYTES_MAX, Marks, Pages, compose
from rendering.pdf.file import PdfFile, Statics
from rendering.pdf.pack import pack_sides
from rendering.pdf.surfaces import surround
from rendering.preview import rasterise
from rendering.template import Template

_BUFFER_BYTES: Final = 8 << 20
_PRIVATE_USE: Final = slice(0xE000, 0xF900)


class RenderError(Exception):
    """Letters that may not be printed were handed to `Renderer.render`; ``defects`` says which and why."""

    def __init__(self, defects: Sequence[tuple[str, Defect]]) -> None:
        first = "; ".join(f"{record}: {defect.message_en}" for record, defect in defects[:3])
        super().__init__(f"{len(defects)} defect(s), nothing was written: {first}")
        self.defects = tuple(defects)


@dataclass(frozen=True, slots=True)
class _Composed:
    """Page descriptions of a run of letters: page p is ``data[ends[p - 1]:ends[p]]``; ``pages[i]`` pages for letter i."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    results: NDArray[np.int64]


class Renderer:
    """Renders letters of one template. Not for sharing between threads; make one for each."""

    def __init__(self, template: Template, fonts: Path | None = None) -> None:
        """Load the template's faces (``fonts``: folder of the site's own fonts) and compile the kernels when needed.

        Raises FontError when a face is not installed, TemplateError when a picture cannot be used.
        """
        self.template = template
        settings = template.settings
        self._chains = [FontChain.load(face, fonts) for face in template.program.faces]
        missing = np.zeros(len(self._chains[0].slots), np.bool_)
        for face, chain in zip(template.program.faces, self._chains, strict=True):
            missing |= chain.slots == MISSING
            # A private-use character means what its maker says: only the site's own fonts can know.
            own_from = len(FontChain.load(face).files) if fonts is not None else MISSING
            missing[_PRIVATE_USE] |= chain.slots[_PRIVATE_USE] < own_from
        self._intake = Intake(template, missing)
        self._forms = tuple(picture_objects(settings.pictures[name].path) for name in self._picture_names())
        self._classes = character_classes()
        self._breaks = np.stack([break_table(level) for level in type(settings.kinsoku)])
        self._between = squeeze_table() * settings.squeeze - gap_table(settings.latin_gap)
        self._edge = edge_table()
        self._scratch: Scratch = new_scratch()
        self._buffer = np.zeros(_BUFFER_BYTES, np.uint8)
        self.static_defects = self._check_static_text(missing)
        self._fonts: FontSet | None = None

    def _picture_names(self) -> list[str]:
        names = list(self.template.program.picture_names)
        for art in self.template.settings.art:
            if art.picture not in names:
                names.append(art.picture)
        return names

    def _check_static_text(self, missing: NDArray[np.bool_]) -> tuple[Defect, ...]:
        text = "".join(self.template.program.static)
        absent = sorted({c for c in text if ord(c) >= len(missing) or missing[ord(c)]})
        if not absent:
            return ()
        shown = "".join(absent)
        return (
            Defect(
                DefectCode.MISSING_GLYPH,
                f"模板中的字没有字体可用：{shown}",
                f"no font draws these characters of the template: {shown}",
            ),
        )

    # -- characters and fonts of a batch

    def characters(self, letters: Sequence[Letter], codes: Sequence[Codes] | None = None) -> Characters:
        """The characters a batch needs, for `use_characters` in every process that renders a part of it."""
        return Characters.of(self.template.program, [self._intake.gather(letters, codes)], len(self._chains))

    def use_characters(self, characters: Characters | None) -> None:
        """Embed exactly ``characters`` in all chunks to come (one subset per batch); None: each chunk its own."""
        self._fonts = None if characters is None else FontSet.build(characters, self._chains, self._classes)

    def _font_set(self, gathered: Gathered) -> FontSet:
        if self._fonts is not None:
            return self._fonts
        return FontSet.build(
            Characters.of(self.template.program, [gathered], len(self._chains)), self._chains, self._classes
        )

    def _typography(self, fonts: FontSet) -> Typography:
        glyphs = fonts.glyphs
        return Typography(fonts.classes, glyphs.advances, glyphs.codes, self._breaks, self._between, self._edge)

    # -- what the controller calls

    def measure(self, letters: Sequence[Letter]) -> list[Measured]:
        """Lay out every letter and say how many pages and sheets it needs and why it must be held, if it must."""
        measured: list[Measured] = []
        for start in range(0, len(letters), 4096):
            measured += self._measure(letters[start : start + 4096])
        return measured

    def _measure(self, letters: Sequence[Letter]) -> list[Measured]:
        gathered = self._intake.gather(letters, None)
        fonts = FontSet.metrics_only(self.template.program, gathered, self._chains, self._classes)
        program = program_arrays(self.template, fonts.index_of, self._picture_names())
        values = gathered.values(fonts.index_of)
        results = np.zeros((len(letters), 4), np.int64)
        pages = Pages(np.zeros(0, np.int64), results)
        nowhere = np.zeros(0, np.uint8)
        cursor = np.zeros(2, np.int64)
        compose(
            program, self._typography(fonts), values, self._scratch, no_marks(), pages, nowhere, cursor, 0, len(letters)
        )
        duplex = self.template.settings.duplex
        measured = []
        for i, letter in enumerate(letters):
            defects = self.static_defects + gathered.defects.get(i, ())
            if not defects and results[i, 1]:
                defects = (self._layout_defect(int(results[i, 1]), int(results[i, 2]), int(results[i, 0])),)
            count = 0 if defects else int(results[i, 0])
            measured.append(Measured(letter.record_id, count, -(-count // 2) if duplex else count, defects))
        return measured

    def _layout_defect(self, failure: int, where: int, pages: int) -> Defect:
        settings = self.template.settings
        if failure == arrays.FAILED_FRAME:
            name = settings.frames[where].name
            message = f"“{name}”区放不下内容；请缩短", f"the text does not fit in the frame {name!r}; shorten it"
            return Defect(DefectCode.FRAME_OVERFLOW, *message, name)
        if failure == arrays.FAILED_PAGES:
            most = settings.pages_max
            return Defect(DefectCode.TOO_MANY_PAGES, f"共 {pages} 页，最多 {most} 页", f"{pages} pages, {most} at most")
        if failure == arrays.FAILED_PICTURE:
            name = self._picture_names()[where]
            message = f"图“{name}”（印章等）超出允许的位置", f"picture {name!r} (a seal?) leaves the page or its place"
            return Defect(DefectCode.SEAL_POSITION, *message, name)
        if failure == arrays.FAILED_EMPTY:
            return Defect(DefectCode.EMPTY_LETTER, "信函没有任何内容", "the letter is empty")
        return Defect(DefectCode.TOO_LONG, "信函内容过长，无法排版", "the letter is too long to be laid out")

    def render(
        self,
        letters: Sequence[Letter],
        codes: Sequence[Codes],
        out: Path,
        imposition: str = "1up",
        banner: Path | None = None,
        parts: bool = False,
    ) -> Chunk:
        """Write the letters as one PDF at ``out``; ``banner`` is a PDF whose first page leads the stack (every pile of it
        after cutting) on a sheet of its own, ``parts`` adds document parts.

        Raises RenderError when a letter is defective or its codes do not fit its sheets (nothing is written then), and
        ImpositionError for an unknown imposition.
        """
        if len(letters) != len(codes):
            raise ValueError(f"{len(letters)} letters but {len(codes)} codes")
        layout = imposition_named(imposition)
        settings = self.template.settings
        gathered = self._intake.gather(letters, codes)
        self._refuse(letters, gathered)
        fonts = self._font_set(gathered)
        program = program_arrays(self.template, fonts.index_of, self._picture_names())
        composed = self._compose(program, self._typography(fonts), gathered.values(fonts.index_of), letters, codes)
        stream, rendered = self._page_stream(letters, composed)
        around = surround(layout, (settings.page.width, settings.page.height))
        sides = plan_sides(stream, layout)
        forms = self._forms
        if banner is not None:
            composed, sides = self._with_banner(composed, sides)
            forms = (*forms, picture_objects(banner))
        statics = Statics(fonts.glyphs.objects, forms)
        keep_parts = parts and layout.cells == 1 and banner is None
        with PdfFile(out, statics, around.size, len(letters) if keep_parts else 0) as file:
            if keep_parts:
                file.add_parts([(letter.record_id, letter.first_page, letter.pages) for letter in rendered])
            pack_sides(file, composed.data, composed.ends, sides, around)
        sheets = len(sides) // 2
        return Chunk(out, file.sha256, sheets, rendered)

    def _refuse(self, letters: Sequence[Letter], gathered: Gathered) -> None:
        found = [
            (letters[i].record_id, defect) for i, defects in sorted(gathered.defects.items()) for defect in defects
        ]
        found += [("template", defect) for defect in self.static_defects]
        if found:
            raise RenderError(found)

    def _compose(
        self,
        program: Program,
        typography: Typography,
        values: Values,
        letters: Sequence[Letter],
        codes: Sequence[Codes],
    ) -> _Composed:
        """Compose all letters; check that each has one payload a sheet."""
        count = len(letters)
        marks = draw_marks(self.template.settings.marks, codes)
        results = np.zeros((count, 4), np.int64)
        ends = np.zeros(count * self.template.settings.pages_max, np.int64)
        parts: list[NDArray[np.uint8]] = []
        cursor = np.zeros(2, np.int64)
        base = 0
        page0 = 0
        done = 0
        while done < count:
            cursor[0] = 0
            pages = Pages(ends, results)
            done = self._compose_some(program, typography, values, marks, pages, cursor, done, count)
            ends[page0 : cursor[1]] += base
            written = self._buffer[: cursor[0]]
            parts.append(written if done == count else written.copy())
            base += int(cursor[0])
            page0 = int(cursor[1])
        self._check_results(letters, codes, results)
        data = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else np.zeros(0, np.uint8)
        return _Composed(data, ends[:page0], results)

    def _compose_some(
        self,
        program: Program,
        typography: Typography,
        values: Values,
        marks: Marks,
        pages: Pages,
        cursor: NDArray[np.int64],
        first: int,
        after: int,
    ) -> int:
        done = compose(program, typography, values, self._scratch, marks, pages, self._buffer, cursor, first, after)
        if done == first:  # one letter larger than the buffer
            self._buffer = np.zeros(len(self._buffer) + 16 * PAGE_BYTES_MAX, np.uint8)
        return int(done)

    def _check_results(self, letters: Sequence[Letter], codes: Sequence[Codes], results: NDArray[np.int64]) -> None:
        duplex = self.template.settings.duplex
        found: list[tuple[str, Defect]] = []
        for i in np.flatnonzero(results[:, 1]).tolist():
            defect = self._layout_defect(int(results[i, 1]), int(results[i, 2]), int(results[i, 0]))
            found.append((letters[i].record_id, defect))
        if found:
            raise RenderError(found)
        sheets = (results[:, 0] + 1) // 2 if duplex else results[:, 0]
        given = np.array([len(c.sheets) for c in codes], np.int64)
        for i in np.flatnonzero(sheets != given).tolist():
            message = (
                f"有 {sheets[i]} 张，却给了 {given[i]} 个控制码",
                f"has {sheets[i]} sheet(s) but {given[i]} payload(s)",
            )
            found.append((letters[i].record_id, Defect(DefectCode.WRONG_SHEET_COUNT, *message)))
        if found:
            raise RenderError(found)

    def _with_banner(self, composed: _Composed, sides: NDArray[np.int64]) -> tuple[_Composed, NDArray[np.int64]]:
        """Put a sheet before all others whose front shows the banner in every cell; its back is blank."""
        page = self.template.settings.page
        size = f"{page.width * 72 / 25.4:.2f} 0 0 {page.height * 72 / 25.4:.2f}"
        drawn = np.frombuffer(f"q {size} 0 0 cm\n/X{len(self._forms)} Do\nQ\n".encode(), np.uint8)
        data = np.concatenate([composed.data, drawn])
        ends = np.append(composed.ends, len(data))
        sheet = np.full((2, sides.shape[1]), BLANK, np.int64)
        sheet[0] = len(composed.ends)
        return _Composed(data, ends, composed.results), np.vstack([sheet, sides])

    def _page_stream(
        self, letters: Sequence[Letter], composed: _Composed
    ) -> tuple[NDArray[np.int64], tuple[RenderedLetter, ...]]:
        """All pages in order with blank backs, so that every letter starts on a front; and where each letter lies."""
        duplex = self.template.settings.duplex
        counts = composed.results[:, 0]
        spans = (counts + 1) // 2 * 2 if duplex else counts * 2
        starts = np.cumsum(spans) - spans
        first_pages = np.cumsum(counts) - counts
        pages = int(counts.sum())
        within = np.arange(pages) - np.repeat(first_pages, counts)
        stream = np.full(int(spans.sum()), BLANK, np.int64)
        stream[np.repeat(starts, counts) + within * (1 if duplex else 2)] = np.arange(pages)
        stops = composed.ends[np.cumsum(counts) - 1].tolist() if pages else []
        view = memoryview(composed.data)  # type: ignore[arg-type]
        sha256 = hashlib.sha256
        rendered = []
        begin = 0
        for letter, start, span, stop in zip(letters, starts.tolist(), spans.tolist(), stops, strict=True):
            rendered.append(RenderedLetter(letter.record_id, start, span, sha256(view[begin:stop]).hexdigest()))
            begin = stop
        return stream, tuple(rendered)

    def preview(self, letter: Letter, dpi: int = 100) -> list[bytes]:
        """Return the pages of one letter as PNG, with specimen codes that belong to no piece.

        Raises RenderError when the letter is defective.
        """
        measured = self.measure([letter])[0]
        if measured.defects:
            raise RenderError([(letter.record_id, defect) for defect in measured.defects])
        specimen = Codes(("0" * 36,) * measured.sheets, "XX000000000CN", "SPECIMEN")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "preview.pdf"
            self.render([letter], [specimen], path)
            return rasterise(path, dpi)
