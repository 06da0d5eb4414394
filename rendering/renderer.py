"""The resident renderer of one template: measures letters, renders them to PDF chunks, draws previews.

A chunk is a pure function of (template, characters of the batch, letters, codes, imposition): equal input gives equal
bytes in any process. The renderer holds fonts and compiled kernels; it reads no clock and keeps nothing of a letter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.characters import Characters, FaceUse, FontSet, program_arrays, styles_of_runs
from rendering.columns import Columns, ids_of
from rendering.composer import Composed, Composer, Leaders, digests, page_stream, with_leaders
from rendering.fonts import MISSING, FontChain
from rendering.imposition import Imposition, imposition_named, plan_sides
from rendering.ingest import Gathered, Intake
from rendering.layout.arrays import Program, Typography, Values, fill_typography, new_typography
from rendering.layout.classes import break_table, character_classes, edge_table, gap_table, squeeze_table
from rendering.marks import draw_marks, mark_forms, specimen_codes, specimen_marks
from rendering.measuring import MeasuredRun, layout_defect, measured_letters
from rendering.model import Chunk, Codes, Defect, DefectCode, Letter, Measured, RenderedLetter
from rendering.pdf.art import picture_objects
from rendering.pdf.deflate import HASH_BITS, count_symbols
from rendering.pdf.file import PdfFile, Statics
from rendering.pdf.huffman import Coder, new_coder, set_words
from rendering.pdf.pack import Packer
from rendering.pdf.surfaces import surround
from rendering.preview import rasterise
from rendering.template import Template

_SAMPLE: Final = 32  # letters a batch's compression is trained on
_RUN: Final = 1000  # letters gathered and composed at a time
_PRIVATE_USE: Final = slice(0xE000, 0xF900)


class RenderError(Exception):
    """Letters that may not be printed were handed to `Renderer.render`; ``defects`` says which and why."""

    def __init__(self, defects: Sequence[tuple[str, Defect]]) -> None:
        first = "; ".join(f"{record}: {defect.message_en}" for record, defect in defects[:3])
        super().__init__(f"{len(defects)} defect(s), nothing was written: {first}")
        self.defects = tuple(defects)


class CharactersMissing(Exception):
    """Letters need characters that the set given to `Renderer.use_characters` does not have; any glyph would be a wrong one."""


def _runs(count: int, layout: Imposition) -> list[slice]:
    """The runs a file is written in; an imposed or reversed stack is planned as a whole."""
    return _spans(count, _RUN if layout.cells == 1 and not layout.reverse else max(1, count))


def _spans(count: int, step: int) -> list[slice]:
    return [slice(start, min(count, start + step)) for start in range(0, count, step)]


def _part_records(ids: Sequence[str], codes: Sequence[Codes]) -> list[tuple[str, int, int]]:
    """(record id, first page, pages) of every letter: its codes say how many sheets it has."""
    records = []
    page = 0
    for record_id, own in zip(ids, codes, strict=True):
        records.append((record_id, page, 2 * len(own.sheets)))
        page += records[-1][2]
    return records


@dataclass(frozen=True, slots=True)
class Setting:
    """A template set in a batch's fonts: what is the same for all its letters."""

    fonts: FontSet
    program: Program
    typography: Typography
    statics: Statics
    coder: Coder

    @property
    def told(self) -> bytes:
        """The fixed text as every letter's digest covers it."""
        return b"".join(part for form in self.statics.paragraphs for part in form)

    def with_forms(self, forms: tuple[tuple[bytes, ...], ...]) -> Statics:
        """What a file with further pictures has."""
        return replace(self.statics, forms=(*self.statics.forms, *forms))


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
        self._face_use = FaceUse.of(template.program)
        self._forms = tuple(picture_objects(settings.pictures[name].path) for name in self._picture_names())
        self._mark_forms = mark_forms(settings.marks)
        self._classes = character_classes()
        breaks = np.stack([break_table(level) for level in type(settings.kinsoku)])
        between = squeeze_table() * settings.squeeze - gap_table(settings.latin_gap)
        self._tables = breaks, between, edge_table()
        self._composer = Composer(settings.duplex, settings.pages_max)
        self._packer = Packer()
        self.static_defects = self._check_static_text(missing)
        self._setting: Setting | None = None
        self._last: Setting | None = None

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

    def characters(self, letters: Sequence[Letter] | MeasuredRun, codes: Sequence[Codes] | None = None) -> Characters:
        """The characters a batch needs, for `use_characters` in every process that renders a part of it."""
        known = None
        if isinstance(letters, MeasuredRun) and codes is not None:
            known = self._intake.with_codes(letters.gathered, codes)
        return self._characters(letters, codes, known)

    def _characters(
        self, letters: Sequence[Letter] | MeasuredRun, codes: Sequence[Codes] | None, known: Gathered | None
    ) -> Characters:
        """``known`` is what was gathered of the letters already."""
        if isinstance(letters, MeasuredRun):
            runs: Iterable[Gathered] = (known or letters.gathered.compact(),)
            sample = letters.gathered.part(slice(_SAMPLE))
        else:
            runs = self._gathered(letters, codes) if known is None else (known,)
            sample = self._intake.gather(letters[:_SAMPLE])
        characters = Characters.of(self._face_use, runs, len(self._chains))
        self._count_symbols(sample, characters)
        return characters

    def _gathered(self, letters: Sequence[Letter], codes: Sequence[Codes] | None) -> Iterator[Gathered]:
        for span in _spans(len(letters), _RUN):
            gathered = self._intake.gather(letters[span])
            yield gathered if codes is None else self._intake.with_codes(gathered, codes[span])

    def _count_symbols(self, gathered: Gathered, characters: Characters) -> None:
        """Count in ``characters`` what the letters' pages are compressed to, with codes that belong to no piece."""
        setting = self._set(characters)
        settings = self.template.settings
        count = len(gathered.fields)
        codes = [specimen_codes(at, settings.pages_max) for at in range(count)]
        values, _ = setting.fonts.values(self._face_use, self._intake.with_codes(gathered, codes))
        marks = specimen_marks(settings.marks, count, settings.pages_max)
        composed = self._composer.compose(setting.program, setting.typography, values, marks, count)
        edges = np.concatenate([[0], composed.ends])
        seen = np.zeros(1 << HASH_BITS, np.int32)
        count_symbols(composed.data, edges, setting.coder, seen, characters.literals, characters.distances)
        set_words(setting.coder, characters.literals, characters.distances)

    def use_characters(self, characters: Characters | None) -> None:
        """Embed exactly ``characters`` in all chunks to come (one subset per batch); None: each chunk its own."""
        self._setting = None if characters is None else self._set(characters)

    def _set(self, characters: Characters) -> Setting:
        known = self._last.fonts.characters if self._last is not None else None
        if self._last is None or known is None or (known is not characters and not known.equals(characters)):
            self._last = self._set_fonts(FontSet.build(characters, self._chains, self._classes))
            set_words(self._last.coder, characters.literals, characters.distances)
        return self._last

    def _set_fonts(self, fonts: FontSet) -> Setting:
        """The template set in ``fonts``: everything that is the same for all letters."""
        typography = new_typography(*self._tables)
        fill_typography(typography, fonts.classes, fonts.glyphs.advances, fonts.glyphs.codes)
        program = program_arrays(self.template, fonts.index_of, self._picture_names())
        styles = styles_of_runs(self.template.program)
        forms = self._composer.set_fixed(program, typography, styles)
        statics = Statics(fonts.glyphs.objects, self._forms, forms, self._mark_forms)
        return Setting(fonts, program, typography, statics, new_coder())

    # -- what the controller calls

    def measure(self, letters: Sequence[Letter]) -> list[Measured]:
        """Lay out every letter and say how many pages and sheets it needs and why it must be held, if it must."""
        seen: set[str] = set()
        return [one for span in _spans(len(letters), _RUN) for one in self.measure_run(letters[span], seen).measured]

    def measure_run(self, letters: Sequence[Letter] | Columns, seen: set[str] | None = None) -> MeasuredRun:
        """The same for some thousand letters, to be rendered from what was gathered of them here.

        ``seen`` holds the record ids of the batch's runs before; those of this run are added.
        """
        gathered = self._intake.gather(letters, seen)
        setting, values, complete = self._last, None, False
        if setting is not None:
            values, complete = setting.fonts.values(self._face_use, gathered)
        if setting is None or values is None or not complete:
            fonts = FontSet.metrics_only(self._face_use, gathered, self._chains, self._classes)
            setting = self._set_fonts(fonts)
            values, _ = fonts.values(self._face_use, gathered)
        results = self._composer.measure(setting.program, setting.typography, values, len(letters))
        ids = ids_of(letters)
        defects = dict.fromkeys(range(len(letters)), self.static_defects) if self.static_defects else {}
        defects |= {i: self.static_defects + own for i, own in gathered.defects.items()}
        measured = measured_letters(ids, defects, results, self.template.settings, self._picture_names())
        return MeasuredRun(ids, gathered, measured)

    def render(
        self,
        letters: Sequence[Letter] | MeasuredRun,
        codes: Sequence[Codes],
        out: Path,
        imposition: str = "1up",
        banner: Path | None = None,
        parts: bool = False,
        separators: Mapping[int, Path] | None = None,
    ) -> Chunk:
        """Write the letters as one PDF at ``out``; ``banner`` is a PDF whose first page leads the stack (every pile of it
        after cutting) on a sheet of its own, ``separators`` puts such a sheet before the letter of that number (from 0),
        ``parts`` adds document parts. One-up files are written run by run: memory does not grow with their length.

        Raises RenderError when a letter is defective or its codes do not fit its sheets, CharactersMissing when the batch's
        characters are not enough (nothing is written then), and ImpositionError for an unknown imposition.
        """
        if len(letters) != len(codes):
            raise ValueError(f"{len(letters)} letters but {len(codes)} codes")
        layout = imposition_named(imposition)
        page = self.template.settings.page
        around = surround(layout, (page.width, page.height))
        ids = letters.ids if isinstance(letters, MeasuredRun) else ids_of(letters)
        known = self._known(letters, codes)
        setting = self._setting or self._set(self._characters(letters, codes, known))
        leaders = Leaders.of(banner, separators or {}, len(self._forms), (page.width, page.height))
        statics = setting.statics if not leaders.forms else setting.with_forms(leaders.forms)
        keep_parts = parts and layout.cells == 1 and not leaders.forms
        rendered: list[RenderedLetter] = []
        with PdfFile(out, statics, around.size, len(letters) if keep_parts else 0) as file:
            if keep_parts:
                file.add_parts(_part_records(ids, codes))
            if banner is not None:
                sides = leaders.banner_sides(layout.cells)
                self._packer.pack(file, leaders.data, leaders.ends, sides, around, setting.coder)
            for run, values in self._value_runs(letters, codes, setting, known, _runs(len(letters), layout)):
                composed = self._composed(ids[run], codes[run], setting, values)
                base = file.pages if layout.cells == 1 else 0
                stream, run_letters = page_stream(ids[run], composed, leaders, run.start, base)
                rendered += run_letters
                self._packer.pack(
                    file, *with_leaders(composed, leaders), plan_sides(stream, layout), around, setting.coder
                )
        return Chunk(out, file.sha256, file.pages // 2, tuple(rendered))

    def letter_digests(self, letters: Sequence[Letter], codes: Sequence[Codes]) -> list[str]:
        """SHA-256 of the paragraphs all letters share and of each letter's page descriptions, before compression and imposition.

        A letter keeps its digest however it is imposed, among whatever letters, as long as the batch's characters
        (`use_characters`) are the same. Nobody waits for these while a file is written: they are made when asked for.
        Raises what `render` raises.
        """
        found: list[str] = []
        ids = ids_of(letters)
        setting = self._setting or self._set(self._characters(letters, codes, None))
        for run, values in self._value_runs(letters, codes, setting, None, _spans(len(letters), _RUN)):
            found += digests(self._composed(ids[run], codes[run], setting, values), setting.told)
        return found

    def _known(self, letters: Sequence[Letter] | MeasuredRun, codes: Sequence[Codes]) -> Gathered | None:
        """All letters' values when they were gathered before or are few; None: they are gathered run by run."""
        if isinstance(letters, MeasuredRun):
            return self._intake.with_codes(letters.gathered, codes)
        return None if len(letters) > _RUN else self._intake.with_codes(self._intake.gather(letters), codes)

    def _value_runs(
        self,
        letters: Sequence[Letter] | MeasuredRun,
        codes: Sequence[Codes],
        setting: Setting,
        known: Gathered | None,
        runs: Sequence[slice],
    ) -> Iterator[tuple[slice, Values]]:
        """The kernels' values of every run. Raises RenderError and CharactersMissing."""
        if known is not None:
            ids = letters.ids if isinstance(letters, MeasuredRun) else ids_of(letters)
            self._refuse(ids, known)
            values = self._values(setting, known)
            for run in runs:
                yield run, values.of_letters(run)
            return
        assert not isinstance(letters, MeasuredRun)
        seen: set[str] = set()
        for run in runs:
            gathered = self._intake.with_codes(self._intake.gather(letters[run], seen), codes[run])
            self._refuse(ids_of(letters[run]), gathered)
            yield run, self._values(setting, gathered)

    def _values(self, setting: Setting, gathered: Gathered) -> Values:
        """The values in the batch's characters. Raises CharactersMissing."""
        values, complete = setting.fonts.values(self._face_use, gathered)
        if not complete:
            raise CharactersMissing("the batch's characters lack some that these letters need; nothing was written")
        return values

    def _composed(self, ids: Sequence[str], codes: Sequence[Codes], setting: Setting, values: Values) -> Composed:
        """Compose a run of letters. Raises RenderError when one cannot be laid out or its codes do not fit its sheets."""
        marks = draw_marks(self.template.settings.marks, codes)
        composed = self._composer.compose(setting.program, setting.typography, values, marks, len(codes))
        self._check_results(ids, codes, composed.results)
        return composed

    def _refuse(self, ids: Sequence[str], gathered: Gathered) -> None:
        found = [(ids[i], defect) for i, defects in sorted(gathered.defects.items()) for defect in defects]
        found += [("template", defect) for defect in self.static_defects]
        if found:
            raise RenderError(found)

    def _check_results(self, ids: Sequence[str], codes: Sequence[Codes], results: NDArray[np.int64]) -> None:
        settings = self.template.settings
        found: list[tuple[str, Defect]] = []
        for i in np.flatnonzero(results[:, 1]).tolist():
            pages, failure, where = results[i, :3].tolist()
            found.append((ids[i], layout_defect(settings, self._picture_names(), failure, where, pages)))
        if found:
            raise RenderError(found)
        sheets = (results[:, 0] + 1) // 2 if settings.duplex else results[:, 0]
        given = np.array([len(c.sheets) for c in codes], np.int64)
        for i in np.flatnonzero(sheets != given).tolist():
            message = (
                f"有 {sheets[i]} 张，却给了 {given[i]} 个控制码",
                f"has {sheets[i]} sheet(s) but {given[i]} payload(s)",
            )
            found.append((ids[i], Defect(DefectCode.WRONG_SHEET_COUNT, *message)))
        if found:
            raise RenderError(found)

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
            batch, self._setting = self._setting, None  # a specimen's words need not be among the batch's characters
            try:
                self.render([letter], [specimen], path)
            finally:
                self._setting = batch
            return rasterise(path, dpi)
