"""Is what was rendered right? Text layer against the source, codes read from pixels, and what a print front end pays."""

from __future__ import annotations

import random
import re
import resource
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.letters import expanded, letters, payload


def text_differences(files: Sequence[Path], count: int, rows: int, rare: bool, seed: int = 1) -> list[str]:
    """Record ids whose extracted text is not the source text, blocks in order; files hold the letters in order."""
    differing = []
    extracted = _letter_texts(files)
    for letter in letters(count, seed, rows, rare):
        text = next(extracted, "")
        wanted = [_squeezed(block) for kind, block in expanded(letter) if kind != "table"]
        found = _without_furniture(text, letter.fields, letter.record_id)
        at = 0
        for block in wanted:
            at = found.find(block, at)
            if at < 0:
                differing.append(letter.record_id)
                break
            at += len(block)
    return differing


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _without_furniture(text: str, fields: dict[str, str], caption: str) -> str:
    """Running head, page numbers and piece lines out of the text, so that paragraphs over two pages close up."""
    bare = _squeezed(text)
    bare = re.sub(r"第\d+页共\d+页", "", bare)
    bare = re.sub(re.escape(caption) + r"\d+/\d+", "", bare)
    return bare.replace(_squeezed(fields["letter_no"] + fields["debtor_name"]), "")


def _letter_texts(files: Sequence[Path]) -> Iterator[str]:
    """Text of each letter: pages up to the one that says it is the last."""
    for path in files:
        done = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True)
        if done.stderr:
            raise ValueError(f"{path.name}: {done.stderr.decode()[:200]}")
        gathered = ""
        for page in done.stdout.decode("utf-8").split("\f"):
            gathered += page
            number = re.search(r"第\s*(\d+)\s*页\s*共\s*(\d+)\s*页", page)
            if number and number[1] == number[2]:
                yield gathered
                gathered = ""


def unread_codes(files: Sequence[Path], chunk: int, sample: int, seed: int = 7) -> tuple[int, list[str]]:
    """Read every code of `sample` random sheet fronts at 300 dpi; returns codes read and what was missing.

    Letter number and sheet are found from the page's own caption-free geometry: page 2s of a letter is its sheet s.
    """
    import pypdfium2
    import zxingcpp

    random_ = random.Random(seed)
    missing, read = [], 0
    for path_at in random_.choices(range(len(files)), k=max(1, sample // 50)):
        document = pypdfium2.PdfDocument(files[path_at])
        starts = _first_pages(files[path_at])
        for _ in range(min(50, sample)):
            within = random_.randrange(len(starts))
            number = path_at * chunk + within
            page = document[starts[within]].render(scale=300 / 72, grayscale=True)
            seen = sorted(code.text for code in zxingcpp.read_barcodes(page.to_numpy().squeeze()))
            wanted = sorted([payload(number, 1), payload(number, 1), f"XA{number:09d}CN"])
            read += len(set(wanted) & set(seen))
            if seen != wanted:
                missing.append(f"letter {number}: wanted {wanted}, read {seen}")
    return read, missing


def _first_pages(path: Path) -> list[int]:
    """Page index of the first page of every letter in a file, from its text."""
    text = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True).stdout.decode("utf-8")
    return [at for at, page in enumerate(text.split("\f")) if re.search(r"第\s*1\s*页\s*共", page)]


def ghostscript_ms_per_page(path: Path, pages: int = 40) -> float:
    """CPU milliseconds a page of Ghostscript at 600 dpi monochrome, start-up taken off by a run of one page."""

    def seconds(last: int) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        with tempfile.NamedTemporaryFile(suffix=".pbm") as out:
            command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pbmraw", "-r600", f"-dLastPage={last}"]
            subprocess.run([*command, f"-sOutputFile={out.name}", path], check=True, capture_output=True)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    return (seconds(pages) - seconds(1)) / (pages - 1) * 1000


def page_streams(path: Path) -> list[bytes]:
    """Content streams of a file, inflated: what the compressor had to work on."""
    data = path.read_bytes()
    streams = []
    for found in re.finditer(rb"/Length +(\d+)[^>]*>>\s*stream\r?\n", data):
        packed = data[found.end() : found.end() + int(found[1])]
        try:
            plain = zlib.decompress(packed)
        except zlib.error:
            continue
        if b" Tf" in plain or b"BT" in plain:
            streams.append(plain)
    return streams
