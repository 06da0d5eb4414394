"""``letterline render`` and ``letterline template``: letters as PDF without a line, and the template designer's tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rendering.model import Letter, Measured
    from rendering.renderer import Renderer
    from rendering.template import Template

_DEFAULT_TEMPLATE = Path("examples/templates/lawyer_letter")
_RUN = 2000


def _load(folder: Path) -> Template:
    from rendering.template import TemplateError, load_template  # keeps the command list fast

    try:
        return load_template(folder)
    except TemplateError as error:
        click.echo(f"模板不能使用 / template refused: {folder.name}/{error}", err=True)
        sys.exit(1)


def _renderer(template: Template, fonts: Path | None) -> Renderer:
    from rendering.fonts import FontError
    from rendering.renderer import Renderer
    from rendering.template import TemplateError

    try:
        return Renderer(template, fonts)
    except (FontError, TemplateError) as error:
        click.echo(f"不能排版 / cannot render: {error}", err=True)
        sys.exit(1)


def _hold_list(held: list[Measured]) -> None:
    for measured in held[:20]:
        for defect in measured.defects:
            click.echo(f"  {measured.record_id}: {defect.message_zh} / {defect.message_en}", err=True)
    if len(held) > 20:
        click.echo(f"  … 另有 {len(held) - 20} 件 / and {len(held) - 20} more", err=True)


def _render_files(
    cases: Path, folder: Path, template: Path, impose: str, fonts: Path | None, rows: int, one_file_only: bool
) -> int:
    from rendering.table_command import render_files

    if one_file_only or folder.is_file():
        raise click.UsageError("--chunk writes files into a folder, without --preview and --parts")
    return render_files(cases, folder, template, impose, fonts, rows)


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise click.UsageError(f"{out} is a folder; name a PDF file, or give --chunk to write several files into it")


@click.command()
@click.argument("cases", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="PDF file to write, or with --chunk a folder."
)
@click.option(
    "--template", "template_folder", type=click.Path(path_type=Path), default=_DEFAULT_TEMPLATE, show_default=True
)
@click.option("--impose", default="1up", show_default=True, help="Imposition, such as 2up-cutstack; 'list' shows all.")
@click.option("--preview", type=click.Path(file_okay=False, path_type=Path), help="Also write page pictures here.")
@click.option("--preview-letters", default=3, show_default=True, help="How many letters --preview shows.")
@click.option(
    "--fonts", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the site's own fonts."
)
@click.option("--parts/--no-parts", default=False, help="Describe each letter as a document part (PDF/VT style).")
@click.option(
    "--chunk",
    "chunk_rows",
    type=click.IntRange(1, 10_000),
    help="Files of so many rows each in the folder OUT, on all processors.",
)
def render(
    cases: Path,
    out: Path,
    template_folder: Path,
    impose: str,
    preview: Path | None,
    preview_letters: int,
    fonts: Path | None,
    parts: bool,
    chunk_rows: int | None,
) -> None:
    """Render a case table to one PDF with SPECIMEN codes, for looking at and for measuring.

    Letters for the post are rendered by `letterline run`, which gives each piece its own codes.

    Example: letterline render examples/cases.csv -o /tmp/letters.pdf --impose 2up-cutstack
    """
    if chunk_rows is not None:
        one_file_only = preview is not None or parts
        sys.exit(_render_files(cases, out, template_folder, impose, fonts, chunk_rows, one_file_only))
    _refuse_folder(out)
    from rendering.batch import collect_rarely
    from rendering.case_table import CaseTableError, read_letters
    from rendering.imposition import IMPOSITIONS, ImpositionError, imposition_named
    from rendering.preflight import preflight
    from rendering.table_command import specimen_codes

    if impose == "list":
        click.echo("\n".join(IMPOSITIONS))
        return
    try:
        imposition_named(impose)
        template = _load(template_folder)
        refused: list[str] = []
        collect_rarely()
        letters = list(read_letters(cases, template, refused))
    except ImpositionError as error:
        raise click.UsageError(str(error)) from error
    except CaseTableError as error:
        click.echo(f"案件表不能读取 / case table refused: {error}", err=True)
        sys.exit(1)
    if not letters:
        click.echo(f"{cases.name}: 没有任何案件 / no cases in it", err=True)
        sys.exit(1)
    renderer = _renderer(template, fonts)
    measured = renderer.measure(letters)
    good = [(letter, found) for letter, found in zip(letters, measured, strict=True) if not found.defects]
    held = [found for found in measured if found.defects]
    if good:
        chosen = [letter for letter, _ in good]
        codes = [specimen_codes(number, found.sheets) for number, (_, found) in enumerate(good, start=1)]
        out.parent.mkdir(parents=True, exist_ok=True)
        chunk = renderer.render(chosen, codes, out, impose, parts=parts)
        pages = sum(found.pages for _, found in good)
        size = out.stat().st_size / 1e6
        click.echo(
            f"{out}: {len(good)} 封 letters, {pages} 页 pages, {chunk.sheets} 张 sheets, {size:.1f} MB, sha256 {chunk.sha256[:16]}…"
        )
        report = preflight(out, chunk, codes, template, chosen, sample=50) if impose == "1up" else None
        if report is not None:
            click.echo(f"预检 preflight: {report.summary()}")
        if preview is not None:
            _write_previews(renderer, chosen[:preview_letters], preview)
    for line in refused:
        click.echo(f"  未读入 / refused: {line}", err=True)
    if held:
        click.echo(f"{len(held)} 件扣留 / {len(held)} letters held:", err=True)
        _hold_list(held)
    if held or refused:
        sys.exit(1)


def _write_previews(renderer: Renderer, letters: list[Letter], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for letter in letters:
        for number, picture in enumerate(renderer.preview(letter), start=1):
            path = folder / f"{letter.record_id}-{number}.png"
            path.write_bytes(picture)
            click.echo(str(path))


@click.group()
def template() -> None:
    """Check, import and preview letter templates. 模板的检查、导入与预览。"""


@template.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--fonts", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the site's own fonts."
)
def check(folder: Path, fonts: Path | None) -> None:
    """Check a template folder; name file, line and reason of what is wrong.

    Example: letterline template check examples/templates/lawyer_letter
    """
    from rendering.template.zones import zone_defects

    loaded = _load(folder)
    renderer = _renderer(loaded, fonts)
    problems = [*zone_defects(loaded.settings), *renderer.static_defects]
    for problem in problems:
        click.echo(f"{problem.message_zh} / {problem.message_en}", err=True)
    if problems:
        sys.exit(1)
    fields = ", ".join(loaded.field_names)
    click.echo(
        f"{loaded.name}: 可用 / usable. 字段 fields: {fields}. 表格 tables: {', '.join(loaded.table_names) or '-'}"
    )


@template.command("preview")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--cases", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Case table; its first row is shown."
)
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the pictures."
)
@click.option(
    "--fonts", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the site's own fonts."
)
def preview_template(folder: Path, cases: Path | None, out: Path, fonts: Path | None) -> None:
    """Draw a letter of the template, with the first case of a table or with the fields' own names as values.

    Example: letterline template preview examples/templates/lawyer_letter --cases examples/cases.csv -o /tmp/pictures
    """
    from rendering.case_table import CaseTableError, read_letters
    from rendering.renderer import RenderError

    loaded = _load(folder)
    try:
        letter = next(read_letters(cases, loaded, [])) if cases else loaded.specimen()
        _write_previews(_renderer(loaded, fonts), [letter], out)
    except (CaseTableError, RenderError, StopIteration) as error:
        click.echo(f"不能预览 / cannot preview: {error or 'no cases'}", err=True)
        sys.exit(1)


@template.command("import")
@click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def import_word(document: Path, folder: Path) -> None:
    """Make a template folder from a Word file whose fields are written {{ field }}; list what did not map.

    Example: letterline template import 律师函.docx templates/new_letter
    """
    from rendering.template import TemplateError
    from rendering.template.word import import_document

    try:
        report = import_document(document, folder)
    except TemplateError as error:
        click.echo(f"不能导入 / cannot import: {error}", err=True)
        sys.exit(1)
    click.echo(
        f"{folder}: {report.paragraphs} 段 paragraphs, {report.tables} 表 tables, {len(report.fields)} 字段 fields"
    )
    for line in report.unmapped:
        click.echo(f"  未导入 / not mapped: {line}")
