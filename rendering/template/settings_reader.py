"""Reads and checks template.toml into `Settings`. Every complaint names the file and the line of the key it is about."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rendering.layout.classes import Kinsoku
from rendering.layout.opcodes import ON_ALL, ON_FIRST, ON_FRONT, ON_LAST, ON_OTHER
from rendering.symbols.omr import SHEET_TRACK
from rendering.template.errors import TemplateError
from rendering.template.settings import (
    ALIGNMENTS,
    MARK_SOURCES,
    Art,
    BoxMm,
    Column,
    FieldRule,
    Frame,
    Mark,
    Picture,
    Settings,
    Style,
    Table,
)

PAGE_RULES: Final = {"first": ON_FIRST, "other": ON_OTHER, "all": ON_ALL, "last": ON_LAST, "front": ON_FRONT}
LINE_ENDS: Final = ("trim", "hang", "full")
SYMBOLOGIES: Final = ("datamatrix", "qr", "code128", "omr")
PAGES_LIMIT: Final = 99  # two digits of k/N


class _Reader:
    """Takes typed values out of the parsed TOML and says where a wrong one stands."""

    def __init__(self, path: Path) -> None:
        self.file = path.name
        try:
            self.text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(path.name, 0, f"cannot be read as UTF-8 text: {error}") from error
        try:
            self.root: dict[str, Any] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            raise TemplateError(path.name, int(found[1]) if found else 0, f"not valid TOML: {error}") from error

    def line(self, where: str, key: str = "") -> int:
        """Line of ``key`` in the table ``where`` (best effort: TOML parsers keep no positions)."""
        lines = self.text.splitlines()
        heads = [i for i, text in enumerate(lines) if re.match(rf"\s*\[+\s*{re.escape(where)}\s*\]+", text)]
        start = heads[0] if heads else -1
        if not heads and "." in where:
            parent, _, last = where.rpartition(".")
            return self.line(parent, last)
        if not key:
            return start + 1
        for i in range(start + 1, len(lines)):
            if re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", lines[i]):
                return i + 1
            if start >= 0 and re.match(r"\s*\[", lines[i]):
                break
        return max(start + 1, 1)

    def fail(self, where: str, key: str, reason: str) -> TemplateError:
        name = f"{where}.{key}" if where and key else where or key
        return TemplateError(self.file, self.line(where, key), f"{name}: {reason}")

    def table(self, where: str, parent: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = parent.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(where, key, "must be a table")
        return value

    def allow(self, where: str, table: Mapping[str, Any], keys: str) -> None:
        """Refuse a key nobody reads: it is a typing error more often than a wish."""
        known = keys.split()
        for key in table:
            if key not in known:
                raise self.fail(where, key, f"unknown key; known here: {', '.join(known)}")

    def number(self, where: str, table: Mapping[str, Any], key: str, default: float | None = None) -> float:
        value = table.get(key, default)
        if value is None:
            raise self.fail(where, key, "is missing")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(where, key, "must be a number")
        if not -10000 <= value <= 10000:
            raise self.fail(where, key, "is out of range")
        return float(value)

    def text_of(self, where: str, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if value is None:
            raise self.fail(where, key, "is missing")
        if not isinstance(value, str):
            raise self.fail(where, key, "must be text in quotes")
        return value

    def flag(self, where: str, table: Mapping[str, Any], key: str, default: bool = False) -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(where, key, "must be true or false")
        return value

    def choice(
        self,
        where: str,
        table: Mapping[str, Any],
        key: str,
        choices: Mapping[str, int] | tuple[str, ...],
        default: str | None,
    ) -> str:
        value = self.text_of(where, table, key, default)
        if value not in choices:
            raise self.fail(where, key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def box(self, where: str, table: Mapping[str, Any]) -> BoxMm:
        box = BoxMm(*(self.number(where, table, key) for key in ("x", "y", "width", "height")))
        if box.width <= 0 or box.height <= 0:
            raise self.fail(where, "width", "and height must be greater than 0")
        return box


def _colour(reader: _Reader, where: str, table: Mapping[str, Any]) -> int:
    value = reader.text_of(where, table, "colour", "#000000")
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise reader.fail(where, "colour", "must be written #rrggbb")
    return int(value[1:], 16)


_STYLE_KEYS: Final = (
    "face strong size leading align first_indent left right before after keep_next keep_previous cells colour like"
)


def _style(reader: _Reader, name: str, table: Mapping[str, Any], styles: Mapping[str, Style]) -> Style:
    where = f"styles.{name}"
    reader.allow(where, table, _STYLE_KEYS)
    like = reader.text_of(where, table, "like", "body" if "body" in styles else "")
    if like and like not in styles:
        raise reader.fail(where, "like", f"style {like!r} does not exist (it must stand above)")
    base = styles.get(like)
    size = reader.number(where, table, "size", base.size_pt if base else None)
    if not 4 <= size <= 144:
        raise reader.fail(where, "size", "must lie between 4 and 144 pt")
    ratio = base.leading_pt / base.size_pt if base else 1.5
    leading = reader.number(where, table, "leading", round(size * ratio, 2))
    if leading < size:
        raise reader.fail(where, "leading", "must not be less than the size: lines would touch")
    face = reader.text_of(where, table, "face", base.face if base else None)
    inherits = base is not None and name != "body"
    cells = int(reader.number(where, table, "cells", base.cells if base and inherits else 0))
    return Style(
        face=face,
        strong=reader.text_of(where, table, "strong", base.strong if base else "hei"),
        size_pt=size,
        leading_pt=leading,
        align=reader.choice(where, table, "align", ALIGNMENTS, base.align if base else "justify"),
        first_indent_em=reader.number(where, table, "first_indent", 0),
        left_mm=reader.number(where, table, "left", 0),
        right_mm=reader.number(where, table, "right", 0),
        before_pt=reader.number(where, table, "before", 0),
        after_pt=reader.number(where, table, "after", 0),
        keep_next=reader.flag(where, table, "keep_next"),
        keep_previous=reader.flag(where, table, "keep_previous"),
        cells=cells,
        colour=_colour(reader, where, table) if "colour" in table or base is None else base.colour,
    )


def _frames(reader: _Reader) -> tuple[Frame, ...]:
    frames = []
    for name, table in reader.table("", reader.root, "frames").items():
        where = f"frames.{name}"
        reader.allow(where, table, "pages x y width height valign text")
        pages = PAGE_RULES[reader.choice(where, table, "pages", PAGE_RULES, "first")]
        valign = reader.choice(where, table, "valign", ("top", "middle", "bottom"), "top")
        frames.append(
            Frame(
                name,
                pages,
                reader.box(where, table),
                {"top": 0, "middle": 1, "bottom": 2}[valign],
                reader.text_of(where, table, "text"),
                reader.line(where, "text") + 1,
            )
        )
    return tuple(frames)


def _table(reader: _Reader, name: str, table: Mapping[str, Any], styles: Mapping[str, Style]) -> Table:
    where = f"tables.{name}"
    reader.allow(where, table, "columns cell_style header_style padding x rule label split total")
    columns = []
    for entry in table.get("columns", []):
        reader.allow(where, entry, "width align title cell")
        columns.append(
            Column(
                reader.number(where, entry, "width"),
                reader.choice(where, entry, "align", ALIGNMENTS, "left"),
                reader.text_of(where, entry, "title", ""),
                reader.text_of(where, entry, "cell"),
            )
        )
    if not columns:
        raise reader.fail(where, "columns", "must list at least one column")
    cell = reader.text_of(where, table, "cell_style", "body")
    header = table.get("header_style")
    for key, style in (("cell_style", cell), ("header_style", header)):
        if style is not None and style not in styles:
            raise reader.fail(where, key, f"style {style!r} does not exist")
    return Table(
        name,
        tuple(columns),
        cell,
        header,
        reader.number(where, table, "padding", 1),
        reader.number(where, table, "x", 0),
        reader.number(where, table, "rule", 0.5),
        reader.text_of(where, table, "label", name),
        tuple(str(column) for column in table.get("split", ())),
        tuple(str(column) for column in table.get("total", ())),
        reader.line(where),
    )


def _pictures(reader: _Reader, folder: Path) -> dict[str, Picture]:
    pictures = {}
    for name, table in reader.table("", reader.root, "pictures").items():
        where = f"pictures.{name}"
        reader.allow(where, table, "file width height")
        file = reader.text_of(where, table, "file")
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise reader.fail(where, "file", "must lie inside the template's folder")
        if path.suffix.lower() not in (".svg", ".pdf", ".png", ".jpg", ".jpeg"):
            raise reader.fail(where, "file", "must be an .svg, .pdf, .png or .jpg file")
        if not path.is_file():
            raise reader.fail(where, "file", f"{file} does not exist")
        pictures[name] = Picture(
            name, path, reader.number(where, table, "width"), reader.number(where, table, "height")
        )
    return pictures


def _art(reader: _Reader, pictures: Mapping[str, Picture]) -> tuple[Art, ...]:
    art = []
    for table in reader.root.get("art", []):
        reader.allow("art", table, "picture pages x y")
        name = reader.text_of("art", table, "picture")
        if name not in pictures:
            raise reader.fail("art", "picture", f"picture {name!r} does not exist")
        picture = pictures[name]
        x, y = reader.number("art", table, "x"), reader.number("art", table, "y")
        pages = PAGE_RULES[reader.choice("art", table, "pages", PAGE_RULES, "first")]
        art.append(Art(name, pages, BoxMm(x, y, picture.width_mm, picture.height_mm)))
    return tuple(art)


def _height(reader: _Reader, where: str, table: dict[str, Any], symbology: str, module: float) -> float:
    """Height of a bar or module, length of an OMR mark."""
    if symbology == "omr":
        return reader.number(where, table, "length", SHEET_TRACK.length_mm)
    return reader.number(where, table, "height", 9 if symbology == "code128" else module)


def _marks(reader: _Reader) -> tuple[Mark, ...]:
    marks = []
    for name, table in reader.table("", reader.root, "marks").items():
        where = f"marks.{name}"
        reader.allow(where, table, "symbology source pages x y module height length device_dpi")
        symbology = reader.choice(where, table, "symbology", SYMBOLOGIES, "datamatrix")
        source = reader.choice(where, table, "source", MARK_SOURCES, "track" if symbology == "omr" else "sheet")
        if (symbology == "omr") != (source == "track"):
            raise reader.fail(where, "source", "an OMR track has the source track, and no other symbol has")
        if (symbology == "code128") != (source == "item"):
            raise reader.fail(
                where, "source", "Code 128 carries the item number, the other symbols the sheet's payload"
            )
        module = reader.number(where, table, "module", *((SHEET_TRACK.thickness_mm,) if symbology == "omr" else ()))
        dpi = reader.number(where, table, "device_dpi", 0)
        if dpi:  # a whole number of device dots a module: edges fall on the device grid
            module = max(1, round(module * dpi / 25.4)) * 25.4 / dpi
        if not 0.2 <= module <= 3:
            raise reader.fail(where, "module", "must lie between 0.2 and 3 mm")
        marks.append(
            Mark(
                name,
                symbology,
                source,
                PAGE_RULES[
                    reader.choice(
                        where, table, "pages", PAGE_RULES, "front" if source in ("sheet", "track") else "first"
                    )
                ],
                reader.number(where, table, "x"),
                reader.number(where, table, "y"),
                module,
                _height(reader, where, table, symbology, module),
            )
        )
    return tuple(marks)


def _fields(reader: _Reader) -> dict[str, FieldRule]:
    fields = {}
    for name, table in reader.table("", reader.root, "fields").items():
        where = f"fields.{name}"
        reader.allow(where, table, "required max label")
        fields[name] = FieldRule(
            name,
            reader.flag(where, table, "required", True),
            int(reader.number(where, table, "max", 200)),
            reader.text_of(where, table, "label", name),
        )
    return fields


def read_settings(path: Path) -> Settings:
    """Read and check ``template.toml``. Raises TemplateError with file, line and reason."""
    reader = _Reader(path)
    root = reader.root
    reader.allow("", root, "template page typography styles frames tables pictures art marks fields zones")
    head = reader.table("", root, "template")
    reader.allow("template", head, "name body when duplex pages_max")
    page = reader.table("", root, "page")
    reader.allow("page", page, "width height first other")
    typography = reader.table("", root, "typography")
    reader.allow("typography", typography, "kinsoku line_end latin_gap squeeze")
    styles: dict[str, Style] = {}
    for name, table in reader.table("", root, "styles").items():
        styles[name] = _style(reader, name, table, styles)
    if "body" not in styles:
        raise reader.fail("styles", "", "a style named body is needed")
    first = reader.box("page.first", reader.table("page", page, "first"))
    other = reader.box("page.other", page["other"]) if "other" in page else first
    zones = reader.table("", root, "zones")
    reader.allow("zones", zones, "clear window")
    level = reader.choice("typography", typography, "kinsoku", ("none", "basic", "gb", "strict"), "gb")
    pages_max = int(reader.number("template", head, "pages_max", 12))
    if not 1 <= pages_max <= PAGES_LIMIT:
        raise reader.fail("template", "pages_max", f"must lie between 1 and {PAGES_LIMIT}")
    pictures = _pictures(reader, path.parent)
    return Settings(
        name=reader.text_of("template", head, "name", path.parent.name),
        when=reader.text_of("template", head, "when", ""),
        duplex=reader.flag("template", head, "duplex", True),
        pages_max=pages_max,
        page=BoxMm(0, 0, reader.number("page", page, "width", 210), reader.number("page", page, "height", 297)),
        body_first=first,
        body_other=other,
        kinsoku=Kinsoku[level.upper()],
        line_end=reader.choice("typography", typography, "line_end", LINE_ENDS, "trim"),
        latin_gap=int(reader.number("typography", typography, "latin_gap", 250)),
        squeeze=reader.flag("typography", typography, "squeeze", True),
        body_file=reader.text_of("template", head, "body", "letter.txt"),
        styles=styles,
        frames=_frames(reader),
        tables={name: _table(reader, name, table, styles) for name, table in reader.table("", root, "tables").items()},
        pictures=pictures,
        art=_art(reader, pictures),
        marks=_marks(reader),
        fields=_fields(reader),
        clear_zones=tuple(reader.box("zones", zone) for zone in zones.get("clear", [])),
        window=reader.box("zones", zones["window"]) if "window" in zones else None,
    )
