"""The PDF file as a stream: numbers of objects are known beforehand, bytes go out as they come, memory stays flat.

Object numbers: 1 catalogue, 2 page tree root, 3 resources, 4 the fonts' names, then fonts, art and (if asked for) document parts; then groups of GROUP pages,
each group its tree node followed by pairs (page, its description). No date and no random identifier stands in the file: equal
input gives equal bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from rendering.pdf.deflate import HASH_BITS
from rendering.pdf.huffman import Coder
from rendering.pdf.objects import GROUP, put_sides
from rendering.pdf.xref import ENTRY, put_xref

HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_STREAM_END: Final = b"\nendstream\nendobj\n"
_FLUSH_BYTES: Final = 1 << 20
RESOURCES: Final = 3
FONTS: Final = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """The bytes a file begins with, where their objects lie by number, 0 for one that is not among them, and their digest so far."""

    data: bytes
    offsets: NDArray[np.int64]
    digest: hashlib._Hash


@dataclass(frozen=True)
class Statics:
    """Objects shared by all pages: fonts by resource name F0, F1 …, pictures X0, X1 …, paragraphs that are the same in every
    letter P0, P1 …, the borders of marks M (at most one); references as ``@n@``.
    """

    fonts: tuple[tuple[bytes, ...], ...]
    forms: tuple[tuple[bytes, ...], ...]
    paragraphs: tuple[tuple[bytes, ...], ...] = ()
    marks: tuple[bytes, ...] = ()

    @cached_property
    def opening(self) -> Opening:
        """They are the same in every file of a batch, so they are numbered, put together and hashed once."""
        number = FONTS + 1
        names: dict[str, list[str]] = {"F": [], "X": [], "P": []}
        bodies: dict[int, bytes] = {}
        for letter, groups in (("F", self.fonts), ("X", self.forms), ("P", self.paragraphs)):
            for index, group in enumerate(groups):
                names[letter].append(f"/{letter}{index} {number} 0 R")
                bodies.update({number + offset: _resolve(body, number) for offset, body in enumerate(group)})
                number += len(group)
        for form in self.marks:
            names["X"].append(f"/M {number} 0 R")
            bodies[number] = form
            number += 1
        bodies[FONTS] = f"<<{''.join(names['F'])}>>".encode()
        drawn = "".join(names["X"] + names["P"])
        forms = f"/XObject<<{drawn}>>" if drawn else ""
        bodies[RESOURCES] = f"<</ProcSet[/PDF/Text/ImageB/ImageC]/Font {FONTS} 0 R{forms}>>".encode()
        offsets = np.zeros(number, np.int64)
        parts = [HEADER]
        position = len(HEADER)
        for at, body in bodies.items():
            offsets[at] = position
            parts.append(_object(at, body))
            position += len(parts[-1])
        data = b"".join(parts)
        return Opening(data, offsets, hashlib.sha256(data))


def _object(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


def page_number(first: int, page: int) -> int:
    """Object number of page ``page`` (from 0) when the first group starts at object ``first``."""
    return first + page // GROUP * (2 * GROUP + 1) + 1 + page % GROUP * 2


def _resolve(body: bytes, base: int) -> bytes:
    """Put object numbers in place of ``@n@``; streams are left alone, only what stands before them is text."""
    head, mark, tail = body.partition(b"stream\n")
    parts = head.split(b"@")
    for i in range(1, len(parts), 2):
        parts[i] = str(base + int(parts[i])).encode()
    return b"".join(parts) + mark + tail


class PdfFile:
    """Writes one file; use it as a context manager. The file appears under its name only when it is complete."""

    def __init__(self, path: Path, statics: Statics, page_size: tuple[str, str], parts: int = 0) -> None:
        """``page_size`` in points as text; ``parts`` is the number of document parts (letters), 0 for none."""
        self.path = path
        self._temporary = path.with_name(path.name + ".part")
        self._statics = statics
        self._page_size = page_size
        self._offsets = np.zeros(4096, np.int64)
        self._objects = 1
        self._position = 0
        self._digest = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self.pages = 0
        self._parts = parts
        self._seen = np.zeros(1 << HASH_BITS, np.int32)
        self._part_ends = np.zeros(0, np.int64)
        self.first_part = len(statics.opening.offsets)
        self.first = self.first_part + (parts + 1 if parts else 0)
        self._file: BinaryIO | None = None

    def __enter__(self) -> PdfFile:
        self._file = self._temporary.open("wb", buffering=0)
        opening = self._statics.opening
        self._file.write(opening.data)
        self._digest = opening.digest.copy()
        self._position = len(opening.data)
        self._reserve(len(opening.offsets) - 1)
        self._offsets[: len(opening.offsets)] = opening.offsets
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        if kind is None:
            self._finish()
        self._file.close()
        if kind is None:
            self._temporary.replace(self.path)
        else:
            self._temporary.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Digest of the whole file; valid after it is closed."""
        return self._digest.hexdigest()

    def _put(self, data: bytes) -> None:
        self._pending.append(data)
        self._pending_bytes += len(data)
        self._position += len(data)
        if self._pending_bytes >= _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        self._write(b"".join(self._pending))
        self._pending = []
        self._pending_bytes = 0

    def _write(self, data: bytes | memoryview) -> None:
        assert self._file is not None
        self._digest.update(data)
        self._file.write(data)

    def _reserve(self, number: int) -> None:
        """Make room for the offsets of objects up to ``number``."""
        self._objects = max(self._objects, number + 1)
        if number >= len(self._offsets):
            grown = np.zeros(max(number + 1, 2 * len(self._offsets)), np.int64)
            grown[: len(self._offsets)] = self._offsets
            self._offsets = grown

    def _object(self, number: int, body: bytes) -> None:
        self._reserve(number)
        self._offsets[number] = self._position
        self._put(_object(number, body))

    def add_sides(
        self,
        raw: NDArray[np.uint8],
        sides: NDArray[np.int64],
        coder: Coder,
        room: NDArray[np.uint8],
    ) -> None:
        """Add the pages with the descriptions ``raw[sides[s, 0]:sides[s, 1]]``, see `put_sides`; an empty one is a blank page.

        ``room`` is memory to write in.
        """
        count = len(sides)
        if not count:
            return
        self._reserve(page_number(self.first, self.pages + count - 1) + 1)
        parts = np.zeros(count, np.int64)
        if self._parts:
            at = np.searchsorted(self._part_ends, np.arange(self.pages, self.pages + count), "right")
            parts = self.first_part + 1 + at
        place = (self.pages, self.first, self._position)
        self._flush()
        written = put_sides(raw, sides, coder, self._seen, room, self._offsets, parts, place)
        self._position += written
        self.pages += count
        self._write(memoryview(room)[:written])  # type: ignore[arg-type]

    def add_parts(self, records: Sequence[tuple[str, int, int]]) -> None:
        """Describe each letter as a document part (ISO 32000-2, 14.12): (record id, first page, pages), before any page."""
        assert len(records) == self._parts
        assert not self.pages
        self._part_ends = np.array([first + pages for _, first, pages in records], np.int64)
        root = self.first_part
        nodes = " ".join(f"[{root + 1 + i} 0 R]" for i in range(len(records)))
        self._object(root, f"<</Type/DPart/Parent {root} 0 R/DParts[{nodes}]>>".encode())
        for i, (record, first, pages) in enumerate(records):
            start, end = page_number(self.first, first), page_number(self.first, first + pages - 1)
            label = record.encode("utf-16-be").hex()
            self._object(
                root + 1 + i,
                f"<</Type/DPart/Parent {root} 0 R/Start {start} 0 R/End {end} 0 R/DPM<</Letter<FEFF{label}>>>>>".encode(),
            )

    def _finish(self) -> None:
        groups = -(-self.pages // GROUP)
        step = 2 * GROUP + 1
        for group in range(groups):
            inside = min(self.pages - group * GROUP, GROUP)
            first = page_number(self.first, group * GROUP)
            kids = " 0 R ".join(map(str, range(first, first + 2 * inside, 2)))
            node = f"<</Type/Pages/Parent 2 0 R/Count {inside}/Kids[{kids} 0 R]>>"
            self._object(self.first + group * step, node.encode())
        kids = " ".join(f"{self.first + group * step} 0 R" for group in range(groups))
        width, height = self._page_size
        root = (
            f"<</Type/Pages/Count {self.pages}/Kids[{kids}]/MediaBox[0 0 {width} {height}]/Resources {RESOURCES} 0 R>>"
        )
        self._object(2, root.encode())
        parts = (
            f"/DPartRoot<</Type/DPartRoot/DPartRootNode {self.first_part} 0 R/RecordLevel 1>>" if self._parts else ""
        )
        self._object(1, f"<</Type/Catalog/Pages 2 0 R{parts}>>".encode())
        self._write_xref()
        self._flush()

    def _write_xref(self) -> None:
        """A classic cross-reference table: every RIP reads it."""
        self._flush()
        identifier = self._digest.hexdigest()[:32]
        size = self._objects
        start = self._position
        table = np.zeros(size * ENTRY, np.uint8)
        put_xref(self._offsets, size, table)
        self._put(b"xref\n0 %d\n" % size + table.tobytes())
        trailer = f"trailer\n<</Size {size}/Root 1 0 R/ID[<{identifier}><{identifier}>]>>\nstartxref\n{start}\n%%EOF\n"
        self._put(trailer.encode())
