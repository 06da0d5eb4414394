"""Reads a case file into a header and rows of text, whatever its encoding; knows nothing of what the columns mean.

Formats: CSV (UTF-8 with or without BOM, GB 18030) and XLSX. Limits are stated here, because an uploaded file may be hostile.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FILE_BYTES_MAX = 512 * 1024 * 1024
XLSX_UNPACKED_BYTES_MAX = 1024 * 1024 * 1024
ROWS_MAX = 1_000_000
CSV_FIELD_CHARS_MAX = (
    20_000_000  # far above any field limit, so that one huge field is refused as a field, not as a file
)

# GB 18030-2022 moved these code positions out of the private use area; CPython 3.11 still decodes them as in 2005
# (measured; the standard's Annex on changes: ten vertical marks, eight components, and A8BC since 2005).
GB18030_2022_REMAP = {
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15, 0xE793: 0xFE16,
    0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
    0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB, 0xE7C7: 0x1E3F,
}  # fmt: skip


class CaseFileError(Exception):
    """The file as a whole cannot be taken in. ``str(error)`` says what happened and what to do, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file.

    ``number`` is the row a person sees in a spreadsheet (the header is row 1). ``formulas`` are the indexes of cells that hold a
    formula instead of a value.
    """

    number: int
    cells: tuple[str, ...]
    formulas: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A case file as text. ``sha256`` is of the bytes exactly as received: it recognises the same file sent twice."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    sha256: str
    encoding: str


def read_table(path: Path) -> Table:
    """Read ``path`` whole.

    Raises:
        CaseFileError: not a file, empty, too large, changed while being read, undecodable, or without rows and header.
    """
    content = _read_settled(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if content[:4] == b"PK\x03\x04":
        rows, encoding = list(_xlsx_rows(path, content)), "xlsx"
    elif content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise CaseFileError(
            f"{path.name}: 旧版 .xls 格式，请另存为 .xlsx 或 .csv / old .xls format: save it as .xlsx or .csv"
        )
    else:
        text, encoding = _decode(path, content)
        rows = list(_csv_rows(path, text))
    if not rows:
        raise CaseFileError(f"{path.name}: 文件中没有任何行 / the file has no rows")
    header, *body = rows
    return Table(tuple(cell.strip() for cell in header.cells), tuple(body), sha256, encoding)


def _read_settled(path: Path) -> bytes:
    """Read a file that nobody is writing: size and time of change must be the same before and after."""
    try:
        before = path.stat()
        if path.is_dir():
            raise CaseFileError(f"{path}: 是文件夹，请给出案件文件 / this is a folder; name the case file")
        if not path.is_file():
            raise CaseFileError(f"{path}: 不是普通文件 / not an ordinary file")
        if before.st_size > FILE_BYTES_MAX:
            raise CaseFileError(f"{path.name}: 超过 512 MB，请拆分 / larger than 512 MB: split it")
        content = path.read_bytes()
        after = path.stat()
    except FileNotFoundError:
        raise CaseFileError(f"{path}: 找不到文件 / no such file") from None
    except PermissionError:
        raise CaseFileError(f"{path}: 没有读取权限 / no permission to read it") from None
    except OSError as error:
        raise CaseFileError(f"{path}: 无法读取 / cannot be read: {error.strerror}") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise CaseFileError(
            f"{path.name}: 读取时文件仍在变化，请等写完后重试 / the file changed while it was read; wait until it is complete, then try again"
        )
    if not content:
        raise CaseFileError(f"{path.name}: 文件是空的 / the file is empty")
    return content


def _decode(path: Path, content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise CaseFileError(f"{path.name}: 是 UTF-16 编码，请另存为 UTF-8 CSV / UTF-16: save it as UTF-8 CSV")
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as utf8_error:
        try:
            return content.decode("gb18030").translate(GB18030_2022_REMAP), "gb18030"
        except UnicodeDecodeError as gb_error:
            line = content.count(b"\n", 0, max(utf8_error.start, gb_error.start)) + 1
            raise CaseFileError(
                f"{path.name}: 第 {line} 行既不是 UTF-8 也不是 GB18030，请用其中一种另存 / "
                f"line {line} is neither UTF-8 nor GB 18030: save the file in one of them"
            ) from None


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    first_line = text[: text.find("\n")] if "\n" in text else text
    if "\x00" in first_line:
        raise CaseFileError(f"{path.name}: 像是二进制文件，不是 CSV / this looks like a binary file, not CSV")
    delimiter = max(",\t;", key=first_line.count)
    previous_limit = csv.field_size_limit(CSV_FIELD_CHARS_MAX)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for number, cells in enumerate(reader, start=1):
            if number > ROWS_MAX:
                raise CaseFileError(f"{path.name}: 超过 {ROWS_MAX} 行，请拆分 / more than {ROWS_MAX} rows: split it")
            if any(cell.strip() for cell in cells):
                yield Row(number, tuple(cells))
    except csv.Error as error:
        raise CaseFileError(f"{path.name}: 不是有效的 CSV / not valid CSV: {error}") from None
    finally:
        csv.field_size_limit(previous_limit)


def _xlsx_rows(path: Path, content: bytes) -> Iterator[Row]:
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > XLSX_UNPACKED_BYTES_MAX:
                raise CaseFileError(f"{path.name}: 解压后过大 / too large once unpacked")
            formulas = _formula_cells(archive)
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        values = sheet.to_python(skip_empty_area=False)
    except CaseFileError:
        raise
    except (
        Exception
    ) as error:  # the libraries raise a dozen kinds for a damaged archive; all mean the same to the sender
        raise CaseFileError(
            f"{path.name}: 不是完整的 XLSX 文件 / not a whole XLSX file ({type(error).__name__})"
        ) from None
    if len(values) > ROWS_MAX:
        raise CaseFileError(f"{path.name}: 超过 {ROWS_MAX} 行，请拆分 / more than {ROWS_MAX} rows: split it")
    for number, row in enumerate(values, start=1):
        cells = tuple(_cell_text(value) for value in row)
        if any(cell.strip() for cell in cells) or number in formulas:
            yield Row(number, cells, formulas.get(number, frozenset()))


def _cell_text(value: object) -> str:
    """Write a typed spreadsheet value as the text a person would have typed: 350101 not 350101.0, dates as ISO."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:10]
    return str(value)


def _formula_cells(archive: zipfile.ZipFile) -> dict[int, frozenset[int]]:
    """Find the formula cells of the first sheet, by row number. The reader shows only the last computed value, which proves nothing."""
    names = sorted((n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)), key=_natural)
    found: dict[int, set[int]] = {}
    if not names:
        return {}
    reference = ""
    with archive.open(names[0]) as stream:
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            tag = element.tag.rpartition("}")[2]
            if event == "start" and tag == "c":
                reference = element.get("r", "")
            elif event == "end" and tag == "f":
                match = re.fullmatch(r"([A-Z]+)(\d+)", reference)
                if match:
                    found.setdefault(int(match[2]), set()).add(_column_index(match[1]))
            elif event == "end" and tag == "row":
                element.clear()
    return {row: frozenset(columns) for row, columns in found.items()}


def _natural(name: str) -> tuple[int, str]:
    digits = re.search(r"(\d+)\.xml$", name)
    return (int(digits[1]) if digits else 0, name)


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
