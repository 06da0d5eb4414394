"""A face draws every ideograph the law names, names what it cannot draw, and gives each process the same bytes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from rendering.fonts import MISSING, Face, FontChain, FontError
from rendering.fonts.character_map import character_map
from rendering.fonts.cmap import code_to_cid, to_unicode
from rendering.fonts.coverage import AMENDMENT_1, LEVEL_3, coverage
from rendering.fonts.font_file import FontFile
from rendering.fonts.subset import CODES_MAX, assign_codes


@pytest.mark.parametrize(
    "path",
    [
        "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",  # format 12
        "/usr/share/fonts/truetype/arphic/uming.ttc",  # format 4 and 12
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    ],
)
@pytest.mark.parametrize("format_", [12, 4])
def test_characters_glyphs_and_widths_are_those_harfbuzz_finds(path: str, format_: int) -> None:
    import uharfbuzz as hb

    file = FontFile(Path(path))
    font = hb.Font(file.face)
    codes, glyphs = character_map(only(bytes(file.face.reference_table("cmap").data), format_))
    wanted = sorted(code for code in file.face.unicodes if format_ == 12 or code < 0x10000)
    if len(codes) == 0:
        pytest.skip(f"no subtable of format {format_} in this font")
    assert codes.tolist() == wanted
    assert glyphs.tolist() == [font.get_nominal_glyph(code) for code in wanted]
    for code, width in zip(file.characters[::97].tolist(), file.advances[::97].tolist(), strict=True):
        advance = font.get_glyph_h_advance(font.get_nominal_glyph(code))
        assert width == (advance * 1000 + file.units_per_em // 2) // file.units_per_em


def only(table: bytes, format_: int) -> bytes:
    """The cmap table with the subtables of other formats declared as not Unicode."""
    changed = bytearray(table)
    for at in range(int.from_bytes(table[2:4], "big")):
        offset = int.from_bytes(table[8 + 8 * at : 12 + 8 * at], "big")
        if int.from_bytes(table[offset : offset + 2], "big") != format_:
            changed[4 + 8 * at : 6 + 8 * at] = b"\x00\x63"
    return bytes(changed)


@pytest.fixture(scope="module", params=list(Face))
def chain(request: pytest.FixtureRequest) -> FontChain:
    return FontChain.load(request.param)


def test_every_face_draws_all_87_887_ideographs_of_gb_18030_2022(chain: FontChain) -> None:
    report = coverage(chain, LEVEL_3)
    assert report.wanted == 87_887
    assert report.missing == ()


def test_the_gap_of_amendment_1_is_reported_by_code_point() -> None:
    report = coverage(FontChain.load("song"), AMENDMENT_1)
    assert report.wanted == len(AMENDMENT_1)
    assert 0 < len(report.missing) < report.wanted
    assert all(code in AMENDMENT_1 for code in report.missing)


def test_missing_characters_are_named_once_and_in_order() -> None:
    chain = FontChain.load("song")
    assert chain.missing("律师\u202e函\u0007\u202e\U0010ffff") == ("\u202e", "\u0007", "\U0010ffff")
    with pytest.raises(FontError, match=r"U\+202E"):
        chain.subset([0x5F8B, 0x202E])


def test_a_site_font_closes_a_gap(tmp_path: Path) -> None:
    bare = FontChain.load("song")
    shutil.copy("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", tmp_path / "site.ttf")
    site = FontChain.load("song", site=tmp_path)
    assert len(site.files) == len(bare.files) + 1
    assert (site.slots != MISSING).sum() >= (bare.slots != MISSING).sum()
    with pytest.raises(FontError, match="does not exist"):
        FontChain.load("song", site=tmp_path / "nowhere")
    (tmp_path / "broken.otf").write_bytes(b"not a font")
    with pytest.raises(FontError, match=r"broken\.otf"):
        FontChain.load("song", site=tmp_path)


def test_an_unknown_face_is_refused_with_the_faces_there_are() -> None:
    with pytest.raises(FontError, match="song"):
        FontChain.load("comic")


@pytest.mark.parametrize("count", [1, 250, 251, 1000, 12_000, CODES_MAX])
def test_codes_need_no_escape_and_are_told_apart_by_their_first_byte(count: int) -> None:
    codes = list(assign_codes(range(count)).values())
    assert len(set(codes)) == count
    assert 0 not in codes
    written = [code.to_bytes(1 if code < 256 else 2, "big") for code in codes]
    assert not any(set(code) & set(b"()\\\r\n") for code in written)
    singles = {code[0] for code in written if len(code) == 1}
    assert not singles & {code[0] for code in written if len(code) == 2}
    assert codes == sorted(codes)  # the first, most frequent characters have the short ones


def test_more_characters_than_there_are_codes_are_refused() -> None:
    with pytest.raises(FontError, match=str(CODES_MAX)):
        assign_codes(range(CODES_MAX + 1))


def test_codes_follow_the_order_given_and_every_slot_counts_for_itself() -> None:
    chain = FontChain.load("song")
    rare = next(code for code in range(0x20000, 0x2A6D7) if chain.slots[code] > 0)
    subset = chain.subset([0x51FD, 0x5F8B, rare, 0x5F8B])
    assert int(subset.codes[0x51FD]) == 1
    assert int(subset.codes[0x5F8B]) == 2
    assert int(subset.codes[rare]) == 1
    assert [font.slot for font in subset.fonts] == [0, int(chain.slots[rare])]


def test_the_same_characters_give_the_same_bytes() -> None:
    first, second = (FontChain.load("song").subset(range(0x4E00, 0x4E80)).fonts[0] for _ in range(2))
    assert (first.name, first.program, first.to_unicode) == (second.name, second.program, second.to_unicode)
    assert first.name != FontChain.load("song").subset(range(0x4E00, 0x4E81)).fonts[0].name


def test_the_text_layer_uses_surrogate_pairs_beyond_the_bmp() -> None:
    stream = to_unicode({1: 0x4E00, 0xFF02: 0x2B74F}).decode()
    assert "<01> <4E00>" in stream
    assert "<FF02> <D86DDF4F>" in stream
    assert "<01> <FE>\n" in stream
    assert "<FF00> <FFFF>\n" in stream


def test_cmap_sections_never_hold_more_than_a_hundred_entries() -> None:
    for stream in (to_unicode(dict.fromkeys(range(1, 700), 0x4E00)), code_to_cid({c: 3 * c for c in range(1, 700)})):
        counts = [int(count) for count in re.findall(rb"(\d+) begin(?:bfchar|cidrange)", stream)]
        assert max(counts) <= 100
        assert sum(counts) == 699


def test_ranges_of_the_encoding_join_only_what_follows_in_the_same_row() -> None:
    stream = code_to_cid({0x01FE: 7, 0x01FF: 8, 0x0200: 9, 0x0201: 11}).decode()
    assert "<01FE> <01FF> 7" in stream
    assert "<0200> <0200> 9" in stream
    assert "<0201> <0201> 11" in stream


def cids(encoding: bytes) -> dict[int, int]:
    """code -> CID, as an embedded CMap says."""
    return {
        int(first, 16) + at: int(cid) + at
        for first, last, cid in re.findall(rb"<(\w+)> <(\w+)> (\d+)\n", encoding)
        for at in range(int(last, 16) - int(first, 16) + 1)
    }


def test_widths_match_the_advances_of_the_font() -> None:
    chain = FontChain.load("kai")
    subset = chain.subset([ord(character) for character in "W律i1"])
    widths = dict(subset.fonts[0].widths)
    for character in "Wi1":
        cid = cids(subset.fonts[0].encoding)[int(subset.codes[ord(character)])]
        assert widths.get(cid, 1000) == int(chain.advances[ord(character)])
    assert int(chain.advances[ord("律")]) == 1000
    assert np.all(chain.advances[chain.slots == MISSING] == 0)


@pytest.mark.parametrize("face", [Face.SONG, Face.FANG])
def test_every_ideograph_has_ink_not_just_a_glyph_number(face: Face) -> None:
    import uharfbuzz as hb

    chain = FontChain.load(face)
    fonts = [hb.Font(file.face) for file in chain.files]
    blank = []
    for code in LEVEL_3:
        font = fonts[int(chain.slots[code])]
        extents = font.get_glyph_extents(font.get_nominal_glyph(code))
        if extents is None or not extents.width or not extents.height:
            blank.append(f"U+{code:04X}")
    assert blank == []
