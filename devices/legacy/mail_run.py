"""Mail-run files: a control file out (one record per piece or sheet), a result file in. Layouts differ by customer, so a TOML profile describes each.

Profile:

    name = "house-420"
    encoding = "ascii"            # or utf-8, gb18030
    kind = "fixed"                # or "csv"
    separator = ";"               # csv only
    header = false                # csv only: first line holds the names
    line_end = "\\r\\n"
    [[field]]                     # in order
    name = "piece"
    width = 10                    # fixed only
    align = "right"               # or left
    pad = "0"
    pattern = "[0-9]{10}"         # what a value must look like, in full
    [status]                      # results only: words of the machine for ours
    "G" = "good"
    "B" = "bad"
    "U" = "unknown"

A status the profile does not name is ``unknown``: three-valued, as in the mail-run, select and interlock files of the trade. Files appear whole or not at all.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from devices.errors import ProtocolError

MAX_FILE_BYTES = 200_000_000


class PieceStatus(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``width`` counts bytes in the file's encoding, 0 in CSV."""

    name: str
    width: int = 0
    align: str = "left"
    pad: str = " "
    pattern: str = ".*"


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    fields: tuple[Field, ...]
    kind: str = "fixed"
    encoding: str = "ascii"
    separator: str = ";"
    header: bool = False
    line_end: str = "\r\n"
    status: Mapping[str, PieceStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row of a result file that cannot be used: ``row`` counts from 1."""

    row: int
    field: str
    why: str


def read_profile(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ProtocolError: the file, a key or a value is wrong; says which and what is allowed.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        fields = tuple(_field(entry) for entry in raw["field"])
        status = {str(word): PieceStatus(ours) for word, ours in raw.get("status", {}).items()}
        profile = Profile(
            name=str(raw["name"]),
            fields=fields,
            kind=str(raw.get("kind", "fixed")),
            encoding=str(raw.get("encoding", "ascii")),
            separator=str(raw.get("separator", ";")),
            header=bool(raw.get("header", False)),
            line_end=str(raw.get("line_end", "\r\n")),
            status=status,
        )
        "".encode(profile.encoding)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ProtocolError(f"profile {path}: {problem}") from problem
    except (KeyError, TypeError, ValueError, LookupError, AttributeError) as problem:
        raise ProtocolError(f"profile {path}: missing or wrong key ({problem})") from problem
    _check(path, profile)
    return profile


def _field(entry: Mapping[str, Any]) -> Field:
    one = Field(
        str(entry["name"]),
        int(entry.get("width", 0)),
        str(entry.get("align", "left")),
        str(entry.get("pad", " ")),
        str(entry.get("pattern", ".*")),
    )
    try:
        re.compile(one.pattern)
    except re.error as problem:
        raise ValueError(f"pattern of {one.name}: {problem}") from problem
    return one


def _check(path: Path, profile: Profile) -> None:
    names = [one.name for one in profile.fields]
    wrong = ""
    if profile.kind not in ("fixed", "csv"):
        wrong = f"kind is {profile.kind!r}; fixed or csv"
    elif not names or len(set(names)) != len(names):
        wrong = "there must be fields, each with its own name"
    elif profile.kind == "fixed" and any(one.width <= 0 for one in profile.fields):
        wrong = "every field of a fixed file needs a width"
    elif any(one.align not in ("left", "right") or len(one.pad) != 1 for one in profile.fields):
        wrong = "align is left or right, pad one character"
    elif profile.kind == "csv" and len(profile.separator) != 1:
        wrong = "separator is one character"
    elif profile.line_end not in ("\n", "\r\n", "\r"):
        wrong = "line_end is one of \\n, \\r\\n, \\r"
    if wrong:
        raise ProtocolError(f"profile {path}: {wrong}")


# -- out ---------------------------------------------------------------------------------------------------------------


def format_run(profile: Profile, rows: Iterable[Mapping[str, str]]) -> bytes:
    """The whole control file.

    Raises:
        ProtocolError: a value is missing, too long, does not match its pattern or cannot be encoded. Nothing is ever cut short.
    """
    lines = []
    if profile.kind == "csv" and profile.header:
        lines.append(_csv_line(profile, [one.name for one in profile.fields]))
    for number, row in enumerate(rows, 1):
        values = [_checked(profile, one, row, number) for one in profile.fields]
        lines.append("".join(values) if profile.kind == "fixed" else _csv_line(profile, values))
    text = "".join(line + profile.line_end for line in lines)
    try:
        return text.encode(profile.encoding)
    except UnicodeEncodeError as problem:
        raise ProtocolError(
            f"profile {profile.name}: {problem.object[problem.start]!r} cannot be written in {profile.encoding}"
        ) from problem


def _checked(profile: Profile, one: Field, row: Mapping[str, str], number: int) -> str:
    if one.name not in row:
        raise ProtocolError(f"record {number} has no {one.name}")
    value = row[one.name]
    if not re.fullmatch(one.pattern, value) or any(letter in value for letter in "\r\n\0"):
        raise ProtocolError(f"record {number}: {one.name} {value!r} is not {one.pattern}")
    if profile.kind == "csv":
        return value
    try:
        missing = one.width - len(value.encode(profile.encoding))
    except UnicodeEncodeError as problem:
        raise ProtocolError(f"record {number}: {one.name} cannot be written in {profile.encoding}") from problem
    if missing < 0:
        raise ProtocolError(f"record {number}: {one.name} {value!r} is longer than {one.width} bytes")
    return one.pad * missing + value if one.align == "right" else value + one.pad * missing


def _csv_line(profile: Profile, values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=profile.separator, lineterminator="").writerow(values)
    return out.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Let the file appear whole, durable, under its name: a machine that polls the folder never sees half of it.

    Raises:
        ProtocolError: a file of that name is there already; a run is never overwritten.
    """
    if path.exists():
        raise ProtocolError(f"{path} is there already; the machine may be reading it. Use a new run number.")
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.link(part, path)  # unlike rename, refuses to replace
    part.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# -- in ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a result file says: rows by the profile's field names, and the rows that could not be used."""

    rows: list[dict[str, str]]
    refused: list[RowRefused]

    def statuses(self, profile: Profile, piece: str, status: str) -> dict[str, PieceStatus]:
        """Piece to status. A piece told twice with different words, or with a word the profile does not name, is unknown."""
        found: dict[str, PieceStatus] = {}
        for row in self.rows:
            said = profile.status.get(row[status], PieceStatus.UNKNOWN)
            found[row[piece]] = said if found.get(row[piece], said) is said else PieceStatus.UNKNOWN
        return found


def parse_result(profile: Profile, data: bytes) -> RunResult:
    """Read a result file. Rows that cannot be used are refused one by one; the others count.

    Raises:
        ProtocolError: the file as a whole cannot be read.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ProtocolError(f"result file of {len(data)} bytes; at most {MAX_FILE_BYTES}")
    try:
        text = data.decode(profile.encoding)
    except UnicodeDecodeError as problem:
        raise ProtocolError(f"result file is not {profile.encoding} at byte {problem.start}") from problem
    rows: list[dict[str, str]] = []
    refused: list[RowRefused] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line or (number == 1 and profile.kind == "csv" and profile.header):
            continue
        row = _row(profile, line, number)
        if isinstance(row, RowRefused):
            refused.append(row)
        else:
            rows.append(row)
    return RunResult(rows, refused)


def _row(profile: Profile, line: str, number: int) -> dict[str, str] | RowRefused:
    if profile.kind == "fixed":
        raw_line, wanted = line.encode(profile.encoding), sum(one.width for one in profile.fields)
        if len(raw_line) != wanted:
            return RowRefused(number, "", f"{len(raw_line)} bytes, not {wanted}")
        values, at = [], 0
        for one in profile.fields:
            raw = raw_line[at : at + one.width].decode(profile.encoding, "replace")
            at += one.width
            stripped = raw.lstrip(one.pad) if one.align == "right" else raw.rstrip(one.pad)
            values.append(raw if re.fullmatch(one.pattern, raw) and one.pattern != ".*" else stripped)
    else:
        try:
            values = next(csv.reader([line], delimiter=profile.separator, strict=True))
        except (csv.Error, StopIteration) as problem:
            return RowRefused(number, "", str(problem) or "no fields")
        if len(values) != len(profile.fields):
            return RowRefused(number, "", f"{len(values)} fields, not {len(profile.fields)}")
    for one, value in zip(profile.fields, values, strict=True):
        if not re.fullmatch(one.pattern, value):
            return RowRefused(number, one.name, f"{value[:40]!r} is not {one.pattern}")
    return {one.name: value for one, value in zip(profile.fields, values, strict=True)}


def format_errors(refused: Sequence[RowRefused]) -> bytes:
    """The error file that goes back beside a result file: row, field, reason."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["row", "field", "reason"])
    writer.writerows([one.row, one.field, one.why] for one in refused)
    return out.getvalue().encode("utf-8-sig")


def take_result(profile: Profile, path: Path) -> RunResult:
    """Read a result file and, when rows were refused, put ``NAME.errors.csv`` beside it. The result file itself is left as it is."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ProtocolError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
        result = parse_result(profile, path.read_bytes())
    except OSError as problem:
        raise ProtocolError(f"result file {path}: {problem.strerror}") from problem
    errors = path.with_name(path.name + ".errors.csv")
    if result.refused and not errors.exists():
        write_whole(errors, format_errors(result.refused))
    return result
