"""CMap streams of a PDF font: code -> Unicode for the text layer, code -> CID (ISO 32000-1, 9.7.5, 9.10.3).

A code below 256 is one byte, any other two; lead bytes of the two lie above all single ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SECTION = 100  # entries a bfchar or cidchar section may hold
_HEADER = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 0 >> def\n"
    "/CMapName /{name} def\n/CMapType {kind} def\n"
)
_FOOTER = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


def to_unicode(codepoint_of: Mapping[int, int]) -> bytes:
    """ToUnicode CMap; characters beyond the BMP are written as UTF-16 surrogate pairs."""
    entries = [
        f"{_hex(code)} <{chr(codepoint).encode('utf-16-be').hex().upper()}>\n"
        for code, codepoint in sorted(codepoint_of.items())
    ]
    header = _HEADER.format(ordering="UCS", name="Adobe-Identity-UCS", kind=2)
    return (header + _code_space(codepoint_of) + _sections("bfchar", entries) + _FOOTER).encode("ascii")


def code_to_cid(cid_of: Mapping[int, int]) -> bytes:
    """Encoding CMap; consecutive codes and CIDs share a range."""
    entries: list[str] = []
    first = last = -1
    for code in [*sorted(cid_of), -1]:
        follows = code == last + 1 and code & 0xFF and cid_of[code] == cid_of[last] + 1
        if first >= 0 and not follows:
            entries.append(f"{_hex(first)} {_hex(last)} {cid_of[first]}\n")
        if not follows:
            first = code
        last = code
    header = _HEADER.format(ordering="Identity", name="Letterline-Codes", kind=1)
    return (header + _code_space(cid_of) + _sections("cidrange", entries) + _FOOTER).encode("ascii")


def _hex(code: int) -> str:
    return f"<{code:02X}>" if code < 256 else f"<{code:04X}>"


def _code_space(codes: Iterable[int]) -> str:
    """Which bytes are codes by themselves and which lead another.

    No code begins with 00. The four-byte range there is for MuPDF, which looks for every CID among the codes and would not find the text
    of CIDs that are no code.
    """
    leads = [code >> 8 for code in codes if code > 255]
    low = min(leads, default=256)
    ranges = [f"<01> <{low - 1:02X}>", "<00000000> <0000FFFF>", *([f"<{low:02X}00> <FFFF>"] if leads else [])]
    return f"{len(ranges)} begincodespacerange\n" + "\n".join(ranges) + "\nendcodespacerange\n"


def _sections(operator: str, entries: list[str]) -> str:
    parts = []
    for at in range(0, len(entries), _SECTION):
        section = entries[at : at + _SECTION]
        parts.append(f"{len(section)} begin{operator}\n{''.join(section)}end{operator}\n")
    return "".join(parts)
