"""Chunks: valid PDF for foreign readers, text and codes equal to the source, equal bytes in any process."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from rendering_cases import EXAMPLE, a_letter, codes_for

from rendering import Chunk, Codes, Letter, Renderer, RenderError, load_template
from rendering.batch import ChunkOrder, Press, TemplateChanged, render_chunk, render_chunks
from rendering.preflight import preflight, squeeze
from rendering.renderer import CharactersMissing


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(load_template(EXAMPLE))


@pytest.fixture(scope="module")
def batch(renderer: Renderer) -> tuple[list[Letter], list[Codes]]:
    letters = [a_letter(n, rows=70 if n == 3 else n % 9) for n in range(24)]
    measured = renderer.measure(letters)
    assert [m.defects for m in measured] == [()] * 24
    return letters, [codes_for(n, m.sheets) for n, m in enumerate(measured)]


@pytest.fixture(scope="module")
def chunk(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], tmp_path_factory: pytest.TempPathFactory
) -> Chunk:
    return renderer.render(*batch, tmp_path_factory.mktemp("chunk") / "plain.pdf")


def test_every_page_reads_back_as_its_source(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], chunk: Chunk
) -> None:
    report = preflight(chunk.path, chunk, batch[1], renderer.template, batch[0])
    assert report.findings == ()
    assert report.codes == sum(len(c.sheets) + 2 for c in batch[1])


def test_preflight_finds_a_wrong_code_and_a_wrong_word(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], chunk: Chunk
) -> None:
    letters, codes = list(batch[0]), list(batch[1])
    codes[2] = codes_for(7777, 1)
    letters[5] = a_letter(5, rows=5, debtor_name="别人")
    report = preflight(chunk.path, chunk, codes, renderer.template, letters)
    found = {(finding.record_id, finding.defect.code.value) for finding in report.findings}
    assert {("L000002", "unreadable-code"), ("L000005", "text-differs")} <= found
    assert {record for record, _ in found} == {"L000002", "L000005"}
    assert all(finding.picture.startswith(b"\x89PNG") for finding in report.findings)


def test_each_letter_begins_on_a_front_and_its_back_is_blank_if_unused(
    batch: tuple[list[Letter], list[Codes]], chunk: Chunk
) -> None:
    assert [letter.first_page % 2 for letter in chunk.letters] == [0] * 24
    assert [letter.pages for letter in chunk.letters] == [2 * len(c.sheets) for c in batch[1]]
    assert chunk.sheets == sum(len(c.sheets) for c in batch[1])


@pytest.mark.parametrize("imposition", ["1up", "2up-cutstack-sra3", "1up-head-to-toe", "4up-cutstack-a2"])
def test_foreign_readers_find_no_fault(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], tmp_path: Path, imposition: str
) -> None:
    path = tmp_path / "x.pdf"
    renderer.render(batch[0][:4], batch[1][:4], path, imposition, parts=imposition == "1up")
    commands = {
        "qpdf": ["qpdf", "--check", str(path)],
        "pdftotext": ["pdftotext", str(path), "-"],
        "mutool": ["mutool", "draw", "-q", "-r", "30", "-o", str(tmp_path / "m%d.png"), str(path)],
        "gs": ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=bit", "-r30", "-o", "/dev/null", str(path)],
    }
    for program, command in commands.items():
        assert shutil.which(program), f"{program} is not installed; see setup/apt-packages.txt"
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        complaints = done.stderr.replace("warning: ICC support is not available\n", "")
        assert (done.returncode, complaints) == (0, ""), program


def test_an_imposed_file_shows_the_same_text(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], chunk: Chunk, tmp_path: Path
) -> None:
    imposed = renderer.render(*batch, tmp_path / "2up.pdf", "2up-cutstack")
    assert {letter.record_id for letter in imposed.letters} == {letter.record_id for letter in chunk.letters}

    def characters(path: Path) -> list[str]:
        document = pypdfium2.PdfDocument(path)
        text = "".join(squeeze(page.get_textpage().get_text_range()) for page in document)
        document.close()
        return sorted(text)

    assert characters(imposed.path) == characters(chunk.path)


def test_a_letter_has_one_digest_among_whatever_letters_and_another_when_anything_in_it_changes(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]]
) -> None:
    letters, codes = batch
    resident = Renderer(renderer.template)
    resident.use_characters(renderer.characters(letters, codes))
    digests = resident.letter_digests(letters, codes)
    assert len(set(digests)) == 24
    assert resident.letter_digests(letters[3:6], codes[3:6]) == digests[3:6]
    changed = [letters[3], a_letter(4, rows=4, phone="010-55500000"), letters[5]]
    again = resident.letter_digests(changed, [codes[3], codes[4], codes_for(7, len(codes[5].sheets))])
    assert [a == b for a, b in zip(again, digests[3:6], strict=True)] == [True, False, False]


def test_fonts_and_seal_stand_once_in_the_file_and_nothing_is_transparent(chunk: Chunk) -> None:
    with pikepdf.open(chunk.path) as pdf:
        assert pdf.pdf_version == "1.7"
        programs = [
            obj for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/FontDescriptor"
        ]
        names = [str(descriptor.FontName).split("+")[1] for descriptor in programs]
        drawn = [name for name in pdf.pages[0].Resources.XObject if name.startswith("/X")]
        states = [
            obj for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/ExtGState"
        ]
        assert len(drawn) == 1
        assert states == []
        assert "NotoSerifCJKsc-Regular" in names
        assert not any("/SMask" in obj for obj in pdf.objects if isinstance(obj, pikepdf.Stream))


def test_document_parts_name_each_letter(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], tmp_path: Path
) -> None:
    chunk = renderer.render(*batch, tmp_path / "parts.pdf", parts=True)
    with pikepdf.open(chunk.path) as pdf:
        root = pdf.Root.DPartRoot.DPartRootNode
        names = [str(part[0].DPM.Letter) for part in root.DParts]
        assert names == [letter.record_id for letter in batch[0]]
        for letter, part in zip(chunk.letters, root.DParts, strict=True):
            assert part[0].Start.objgen == pdf.pages[letter.first_page].obj.objgen
            assert pdf.pages[letter.first_page].obj.DPart.objgen == part[0].objgen


def test_a_chunk_is_equal_byte_for_byte_in_other_processes(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], tmp_path: Path
) -> None:
    letters, codes = batch
    press = Press(EXAMPLE, renderer.template.sha256, characters=renderer.characters(letters, codes))
    spans = [slice(0, 8), slice(8, 16), slice(16, 24)]
    orders = [ChunkOrder(letters[s], codes[s], tmp_path / f"here-{s.start}.pdf") for s in spans]
    here = [render_chunk(press, order) for order in orders]
    with ProcessPoolExecutor(2) as pool:
        there = list(
            render_chunks(
                press, [ChunkOrder(o.letters, o.codes, o.out.with_suffix(".2.pdf")) for o in orders], pool, in_flight=2
            )
        )
    assert [chunk.sha256 for chunk in there] == [chunk.sha256 for chunk in here]
    assert [chunk.letters for chunk in there] == [chunk.letters for chunk in here]
    assert here[0].path.read_bytes() == there[0].path.read_bytes()


def test_a_chunk_with_other_characters_than_the_batch_embeds_its_own_and_no_glyph_is_taken_for_another(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], tmp_path: Path
) -> None:
    few = Press(EXAMPLE, renderer.template.sha256, characters=renderer.characters(batch[0][:1], batch[1][:1]))
    alone = Press(EXAMPLE, renderer.template.sha256)
    strangers = [a_letter(3, debtor_name="龘靐齉"), a_letter(4, address="龘路九千八百七十六号")]
    codes = [codes_for(n, one.sheets) for n, one in enumerate(renderer.measure(strangers))]
    chunk = render_chunk(few, ChunkOrder(strangers, codes, tmp_path / "few.pdf"))
    own = render_chunk(alone, ChunkOrder(strangers, codes, tmp_path / "own.pdf"))
    assert chunk.sha256 == own.sha256
    report = preflight(chunk.path, chunk, codes, renderer.template, strangers)
    assert report.findings == ()
    resident = Renderer(renderer.template)
    resident.use_characters(few.characters)
    with pytest.raises(CharactersMissing):
        resident.render(strangers, codes, tmp_path / "refused.pdf")
    assert not (tmp_path / "refused.pdf").exists()
    assert resident.preview(strangers[0])[0].startswith(b"\x89PNG")
    with pytest.raises(CharactersMissing):
        resident.render(strangers, codes, tmp_path / "refused.pdf")


def test_letters_measure_the_same_with_and_without_a_batch_s_characters(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]]
) -> None:
    fresh, resident = Renderer(renderer.template), Renderer(renderer.template)
    resident.use_characters(resident.characters(*batch))
    assert resident.measure(batch[0]) == fresh.measure(batch[0])


def test_a_changed_template_is_not_rendered_from(tmp_path: Path) -> None:
    with pytest.raises(TemplateChanged, match="was changed"):
        render_chunk(Press(EXAMPLE, "0" * 64), ChunkOrder([], [], tmp_path / "x.pdf"))


def test_a_banner_leads_the_stack_on_a_sheet_of_its_own(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], chunk: Chunk, tmp_path: Path
) -> None:
    from rendering.art.cover import Cover, cover_pdf

    banner = tmp_path / "banner.pdf"
    banner.write_bytes(cover_pdf(Cover(title="打印作业", fields=[("批次", "000001")], code="", notes=[])))
    led = renderer.render(*batch, tmp_path / "led.pdf", banner=banner)
    assert led.sheets == chunk.sheets + 1
    document = pypdfium2.PdfDocument(led.path)
    dark = [document[page].render(scale=0.2, grayscale=True).to_pil().getextrema()[0] < 128 for page in (0, 1, 2)]
    document.close()
    assert dark == [True, False, True]


def test_a_long_file_written_run_by_run_equals_one_written_at_once(
    renderer: Renderer,
    batch: tuple[list[Letter], list[Codes]],
    chunk: Chunk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rendering.renderer._RUN", 5)
    runs = renderer.render(*batch, tmp_path / "runs.pdf")
    assert (runs.sha256, runs.letters, runs.sheets) == (chunk.sha256, chunk.letters, chunk.sheets)
    with pytest.raises(RenderError, match="appears twice"):
        renderer.render([*batch[0], batch[0][0]], [*batch[1], batch[1][0]], tmp_path / "twice.pdf")
    assert not list(tmp_path.glob("twice*"))


def test_separators_stand_before_their_letters_on_sheets_of_their_own(
    renderer: Renderer, batch: tuple[list[Letter], list[Codes]], chunk: Chunk, tmp_path: Path
) -> None:
    from rendering.art.cover import Cover, cover_pdf

    slip = tmp_path / "slip.pdf"
    slip.write_bytes(cover_pdf(Cover(title="邮筐 2", fields=[("批次", "000001")], code="", notes=[])))
    slipped = renderer.render(*batch, tmp_path / "slipped.pdf", separators={2: slip, 9: slip})
    assert slipped.sheets == chunk.sheets + 2
    moved = [after.first_page - before.first_page for after, before in zip(slipped.letters, chunk.letters, strict=True)]
    assert moved == [0, 0] + [2] * 7 + [4] * 15
    report = preflight(slipped.path, slipped, batch[1], renderer.template, batch[0])
    assert report.findings == ()


def test_the_official_grid_sets_22_lines_of_28_characters(tmp_path: Path) -> None:
    folder = tmp_path / "official"
    folder.mkdir()
    (folder / "template.toml").write_text(
        "[page]\nfirst = { x = 28, y = 37, width = 156, height = 225 }\n"
        '[styles.body]\nface = "song"\nsize = 15.75\nleading = 28.98\ncells = 28\n',
        "utf-8",
    )
    (folder / "letter.txt").write_text("{{ text }}\n", "utf-8")
    renderer = Renderer(load_template(folder))
    full = Letter("full", {"text": "国" * 28 * 22}, {})
    over = Letter("over", {"text": "国" * (28 * 22 + 1)}, {})
    assert [(m.pages, m.defects) for m in renderer.measure([full, over])] == [(1, ()), (2, ())]
    path = tmp_path / "grid.pdf"
    renderer.render([full], [Codes(("",), "", "")], path)
    document = pypdfium2.PdfDocument(path)
    lines = document[0].get_textpage().get_text_range().split()
    document.close()
    assert [len(line) for line in lines] == [28] * 22
