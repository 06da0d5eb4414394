"""The PDF file as a stream: numbers of objects are known beforehand, bytes go out as they come, memory stays flat.

Object numbers: 1 catalogue, 2 page tree root, then fonts, art and (if asked for) document parts; then groups of GROUP pages,
each group its tree node followed by pairs (page, its description). No date and no random identifier stands in the file: equal
input gives equal bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

GROUP: Final = 128
HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_STREAM_END: Final = b"\nendstream\nendobj\n"
_XREF_ENTRY: Final = 20
_FLUSH_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Statics:
    """Objects shared by all pages: fonts by resource name F0, F1 …, pictures X0, X1 …; references as ``@n@``."""

    fonts: tuple[tuple[bytes, ...], ...]
    forms: tuple[tuple[bytes, ...], ...]


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
        self._offsets: dict[int, int] = {}
        self._position = 0
        self._digest = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self.pages = 0
        self._parts = parts
        self._part = 0
        self._part_ends: list[int] = []
        count = sum(map(len, statics.fonts)) + sum(map(len, statics.forms))
        self.first_part = 3 + count
        self.first = self.first_part + (parts + 1 if parts else 0)
        self._resources = b""
        self._file: BinaryIO | None = None

    def __enter__(self) -> PdfFile:
        self._file = self._temporary.open("wb")
        self._put(HEADER)
        self._write_statics()
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
        assert self._file is not None
        data = b"".join(self._pending)
        self._digest.update(data)
        self._file.write(data)
        self._pending = []
        self._pending_bytes = 0

    def _object(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._position
        self._put(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def _write_statics(self) -> None:
        number = 3
        names: dict[str, list[str]] = {"F": [], "X": []}
        for letter, groups in (("F", self._statics.fonts), ("X", self._statics.forms)):
            for index, group in enumerate(groups):
                names[letter].append(f"/{letter}{index} {number} 0 R")
                for offset, body in enumerate(group):
                    self._object(number + offset, _resolve(body, number))
                number += len(group)
        fonts = f"/Font<<{''.join(names['F'])}>>" if names["F"] else ""
        forms = f"/XObject<<{''.join(names['X'])}>>" if names["X"] else ""
        self._resources = f"<</ProcSet[/PDF/Text/ImageB/ImageC]{fonts}{forms}>>".encode()

    def add_pages(self, descriptions: Sequence[bytes]) -> None:
        """Add pages with already compressed descriptions; an empty one makes a blank page."""
        put = self._pending.append
        position = self._position
        offsets = self._offsets
        for page, description in enumerate(descriptions, start=self.pages):
            group, place = divmod(page, GROUP)
            node = self.first + group * (2 * GROUP + 1)
            number = node + 1 + 2 * place
            part = self._part_reference(page) if self._parts else ""
            offsets[number] = position
            if description:
                head = (
                    f"{number} 0 obj\n<</Type/Page/Parent {node} 0 R/Contents {number + 1} 0 R{part}>>\nendobj\n"
                ).encode()
                offsets[number + 1] = position + len(head)
                stream = f"{number + 1} 0 obj\n<</Filter/FlateDecode/Length {len(description)}>>stream\n".encode()
                put(head + stream)
                put(description)
                put(_STREAM_END)
                position += len(head) + len(stream) + len(description) + len(_STREAM_END)
            else:
                head = f"{number} 0 obj\n<</Type/Page/Parent {node} 0 R{part}>>\nendobj\n".encode()
                put(head)
                position += len(head)
        self._pending_bytes += position - self._position
        self._position = position
        self.pages += len(descriptions)
        if self._pending_bytes >= _FLUSH_BYTES:
            self._flush()

    def _part_reference(self, page: int) -> str:
        """The document part a page belongs to: the parts are given before the pages, in page order."""
        while page >= self._part_ends[self._part]:
            self._part += 1
        return f"/DPart {self.first_part + 1 + self._part} 0 R"

    def add_parts(self, records: Sequence[tuple[str, int, int]]) -> None:
        """Describe each letter as a document part (ISO 32000-2, 14.12): (record id, first page, pages), before any page."""
        assert len(records) == self._parts
        assert not self.pages
        self._part_ends = [first + pages for _, first, pages in records]
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
            inside = range(group * GROUP, min(self.pages, (group + 1) * GROUP))
            kids = " ".join(f"{page_number(self.first, page)} 0 R" for page in inside)
            node = f"<</Type/Pages/Parent 2 0 R/Count {len(inside)}/Kids[{kids}]>>"
            self._object(self.first + group * step, node.encode())
        kids = " ".join(f"{self.first + group * step} 0 R" for group in range(groups))
        width, height = self._page_size
        root = f"<</Type/Pages/Count {self.pages}/Kids[{kids}]/MediaBox[0 0 {width} {height}]/Resources "
        self._object(2, root.encode() + self._resources + b">>")
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
        size = max(self._offsets) + 1
        start = self._position
        offsets = [self._offsets.get(number, -1) for number in range(size)]
        table = bytearray(("%010d 00000 n \n" * size % tuple(offsets)).encode())
        free = [number for number, offset in enumerate(offsets) if offset < 0]
        for number, following in zip(free, [*free[1:], 0], strict=True):
            entry = b"%010d %05d f \n" % (following, 0 if number else 65535)
            table[number * _XREF_ENTRY : (number + 1) * _XREF_ENTRY] = entry
        self._put(b"xref\n0 %d\n" % size + bytes(table))
        trailer = f"trailer\n<</Size {size}/Root 1 0 R/ID[<{identifier}><{identifier}>]>>\nstartxref\n{start}\n%%EOF\n"
        self._put(trailer.encode())
