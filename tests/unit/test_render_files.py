"""``letterline render --chunk``: a table to files, what is held and refused told, nothing lost between the parts."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from rendering_cases import EXAMPLE

from rendering.commands import render

CASES = EXAMPLE.parents[1] / "cases.csv"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(render, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


@pytest.mark.slow
def test_every_row_is_in_a_file_or_told(tmp_path: Path) -> None:
    code, said = run(CASES, "-o", tmp_path / "out", "--template", EXAMPLE, "--chunk", 60)
    assert code == 1  # the example holds bad rows on purpose
    files = sorted((tmp_path / "out").glob("*.pdf"))
    assert [path.name for path in files] == [f"cases-{1 + 60 * n:07d}.pdf" for n in range(4)]
    text = "".join(page.get_textpage().get_text_bounded() for path in files for page in pypdfium2.PdfDocument(path))
    assert "209 封 letters, 224 张 sheets" in said
    assert text.count("SPECIMEN") == 224  # on every sheet
    assert "row 78" in said
    assert "row 140" in said
    assert "3 letters held" in said


@pytest.mark.parametrize("options", [("--parts",), ("--preview", "pictures"), ("--impose", "9up")])
def test_what_cannot_be_is_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    code, said = run(CASES, "-o", tmp_path / "out", "--template", EXAMPLE, "--chunk", 60, *options)
    assert code == 2
    assert "Traceback" not in said


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    assert run(CASES, "-o", tmp_path, "--template", EXAMPLE)[0] == 2
    (tmp_path / "a.pdf").touch()
    assert run(CASES, "-o", tmp_path / "a.pdf", "--template", EXAMPLE, "--chunk", 5)[0] == 2


def test_an_empty_table_and_noise_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for content in (b"record_id\n", b"", b"record_id\n\xff\xfe\x00\n"):
        (tmp_path / "cases.csv").write_bytes(content)
        code, said = run(tmp_path / "cases.csv", "-o", tmp_path / "out", "--template", EXAMPLE, "--chunk", 5)
        assert code == 1
        assert "cases.csv" in said


def test_a_first_part_without_any_good_letter_costs_the_others_nothing(tmp_path: Path) -> None:
    rows = CASES.read_text("utf-8-sig").splitlines(keepends=True)
    (tmp_path / "cases.csv").write_text(rows[0] + "\n\n" + "".join(rows[1:5]), "utf-8")
    code, said = run(tmp_path / "cases.csv", "-o", tmp_path / "out", "--template", EXAMPLE, "--chunk", 2)
    assert code == 0, said
    assert "2 个文件 files, 4 封 letters" in said
