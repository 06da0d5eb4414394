"""A contact sheet: for every piece the picture that was expected beside the picture that was seen, and the verdict."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from rendering.fonts.catalog import CHAINS, Face
from rendering.fonts.errors import FontError
from rendering.fonts.font_file import find_font, open_font

COLUMNS = 4
PICTURE = (380, 190)  # px, each of the two pictures of a tile
_GAP = 10
_CAPTION = 34
_BAR = 8
_GREEN, _RED, _INK, _PAPER, _GREY = (22, 128, 60), (190, 24, 30), (25, 25, 25), (255, 255, 255), (236, 236, 236)
MAX_TILES = 400  # a sheet larger than this is no longer looked at


class Tile(NamedTuple):
    """One piece. `left` and `right` are PNG or JPEG bytes, a path, or None when there is no picture."""

    left: bytes | Path | None
    right: bytes | Path | None
    caption: str
    ok: bool


def contact_sheet(tiles: Sequence[Tile], out: Path, title: str, max_tiles: int = MAX_TILES) -> int:
    """Write a PNG of the tiles in order and return how many are on it.

    Past `max_tiles` every failure is kept before any success, and the heading says how many were left out.
    """
    shown = _chosen(tiles, max_tiles)
    tile_width, tile_height = 2 * PICTURE[0] + 3 * _GAP, PICTURE[1] + _CAPTION + _BAR + 2 * _GAP
    columns = min(COLUMNS, max(1, len(shown)))
    rows = (len(shown) + columns - 1) // columns
    sheet = Image.new("RGB", (columns * tile_width + _GAP, 70 + rows * (tile_height + _GAP)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    failed = sum(1 for tile in tiles if not tile.ok)
    heading = f"{title}  ·  {len(tiles)} 件 / pieces  ·  未通过 / not passed {failed}"
    if len(shown) < len(tiles):
        heading += f"  ·  仅示 {len(shown)} 件 / showing {len(shown)}"
    draw.text((_GAP, 14), heading, font=_font(26), fill=_INK)
    for at, tile in enumerate(shown):
        corner = (_GAP + (at % columns) * tile_width, 60 + (at // columns) * (tile_height + _GAP))
        _draw_tile(sheet, draw, corner, tile)
    sheet.save(out, "PNG", optimize=False, compress_level=3)
    return len(shown)


def _chosen(tiles: Sequence[Tile], max_tiles: int) -> list[Tile]:
    if len(tiles) <= max_tiles:
        return list(tiles)
    order = sorted(range(len(tiles)), key=lambda at: (tiles[at].ok, at))[:max_tiles]
    return [tiles[at] for at in sorted(order)]


def _draw_tile(sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], tile: Tile) -> None:
    x, y = corner
    colour = _GREEN if tile.ok else _RED
    width = 2 * PICTURE[0] + 2 * _GAP
    draw.rectangle((x, y, x + width, y + _BAR - 1), fill=colour)
    sign = "通过 PASS" if tile.ok else "未过 NOT PASSED"
    draw.text((x + 4, y + _BAR + 5), sign, font=_font(18), fill=colour)
    offset = 4 + int(_font(18).getlength(sign)) + 14
    draw.text((x + offset, y + _BAR + 5), tile.caption, font=_font(18), fill=_INK)
    for at, source in enumerate((tile.left, tile.right)):
        left = x + at * (PICTURE[0] + _GAP)
        _paste(sheet, draw, (left, y + _BAR + _CAPTION), source)


def _paste(sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], source: bytes | Path | None) -> None:
    """The picture scaled to fit its frame; a grey frame that says so when there is none or it cannot be read."""
    x, y = corner
    draw.rectangle((x, y, x + PICTURE[0] - 1, y + PICTURE[1] - 1), fill=_GREY)
    picture = _opened(source)
    if picture is None:
        draw.text((x + 12, y + 12), "无图 / no picture", font=_font(18), fill=_RED)
        return
    picture.thumbnail(PICTURE, Image.Resampling.BILINEAR)
    sheet.paste(picture, (x + (PICTURE[0] - picture.width) // 2, y + (PICTURE[1] - picture.height) // 2))


def _opened(source: bytes | Path | None) -> Image.Image | None:
    if source is None:
        return None
    try:
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source).convert("RGB")
    except (OSError, UnidentifiedImageError):
        return None


_fonts: dict[int, ImageFont.FreeTypeFont] = {}


def _font(size: int) -> ImageFont.FreeTypeFont:
    if size not in _fonts:
        source = CHAINS[Face.HEI][0]
        path = find_font(source)
        if path is None:
            raise FontError(f"{source.file_name} is not installed: apt-get install {source.package}")
        _fonts[size] = ImageFont.truetype(str(path), size, index=open_font(path, source.postscript_name).index)
    return _fonts[size]
