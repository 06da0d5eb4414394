"""``letterline render --chunk``: a case table to many files on all processors, with SPECIMEN codes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from rendering.batch import Press, collect_rarely, resident_renderer
from rendering.case_table import CaseTableError, table_parts
from rendering.fonts import FontError
from rendering.imposition import ImpositionError, imposition_named
from rendering.model import Codes, Measured
from rendering.renderer import RenderError
from rendering.table_batch import RenderedPart, TableOrder, render_table
from rendering.template import TemplateError, load_template

_LISTED = 20


def specimen_codes(number: int, sheets: int) -> Codes:
    """Codes that belong to no piece and no postal range: these pages must not be posted."""
    payloads = tuple(f"0{'0' * 6}{number:07d}00{k + 1:02d}{sheets:02d}{'0' * 16}" for k in range(sheets))
    return Codes(payloads, "XX000000000CN", f"SPECIMEN {number}")


def render_files(cases: Path, folder: Path, template: Path, impose: str, fonts: Path | None, chunk: int) -> int:
    """Write the files and say what became of every row; returns the exit code: 1 when a letter was held or a row refused."""
    began = time.monotonic()
    done: list[RenderedPart] = []
    try:
        imposition_named(impose)
        collect_rarely()
        press = Press(template, load_template(template).sha256, fonts)
        resident_renderer(template, press.template_sha256, fonts)  # workers begin with it
        parts = table_parts(cases, chunk)
        folder.mkdir(parents=True, exist_ok=True)
        order = TableOrder(cases, folder, specimen_codes, impose)
        workers = min(len(parts), os.cpu_count() or 1)
        with ProcessPoolExecutor(max(1, workers)) as executor:
            for one in render_table(press, order, parts, executor if workers > 1 else None):
                done.append(one)
                click.echo(f"\r{len(done)}/{len(parts)}", nl=False, err=True)
        click.echo("\r", nl=False, err=True)
    except ImpositionError as error:
        raise click.UsageError(str(error)) from error
    except (CaseTableError, TemplateError, FontError, RenderError) as error:
        click.echo(f"不能排版 / cannot render: {error}", err=True)
        return 1
    if not done:
        click.echo(f"{cases.name}: 没有任何案件 / no cases in it", err=True)
        return 1
    return _tell(folder, done, time.monotonic() - began)


def _tell(folder: Path, done: list[RenderedPart], seconds: float) -> int:
    files = [one.chunk for one in done if one.chunk]
    letters, sheets = sum(len(one.letters) for one in files), sum(one.sheets for one in files)
    size = sum(one.path.stat().st_size for one in files) / 1e6
    click.echo(
        f"{folder}: {len(files)} 个文件 files, {letters} 封 letters, {sheets} 张 sheets, {size:.1f} MB, {seconds:.1f} s"
    )
    held: list[Measured] = [one for part in done for one in part.held]
    refused = [line for part in done for line in part.refused]
    for line in refused[:_LISTED]:
        click.echo(f"  未读入 / refused: {line}", err=True)
    if held:
        click.echo(f"{len(held)} 件扣留 / {len(held)} letters held:", err=True)
    for one in held[:_LISTED]:
        for defect in one.defects:
            click.echo(f"  {one.record_id}: {defect.message_zh} / {defect.message_en}", err=True)
    more = max(0, len(held) - _LISTED) + max(0, len(refused) - _LISTED)
    if more:
        click.echo(f"  … 另有 {more} 件 / and {more} more", err=True)
    return 1 if held or refused else 0
