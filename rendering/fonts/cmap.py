"""CMap streams of a PDF font: code -> Unicode for the text layer, code -> CID for CFF programs (ISO 32000-1, 9.7.5, 9.10.3)."""

from __future__ import annotations

from collections.abc import Mapping

_SECTION = 100  # entries a bfchar or cidchar section may hold
_HEADER = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 0 >> def\n"
    "/CMapName /{name} def\n/CMapType {kind} def\n"
    "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
)
_FOOTER = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


def to_unicode(codepoint_of: Mapping[int, int]) -> bytes:
    """ToUnicode CMap of two-byte codes; characters beyond the BMP are written as UTF-16 surrogate pairs."""
    entries = [
        f"<{code:04X}> <{chr(codepoint).encode('utf-16-be').hex().upper()}>\n"
        for code, codepoint in sorted(codepoint_of.items())
    ]
    header = _HEADER.format(ordering="UCS", name="Adobe-Identity-UCS", kind=2)
    return (header + _sections("bfchar", entries) + _FOOTER).encode("ascii")


def code_to_cid(cid_of: Mapping[int, int]) -> bytes:
    """Encoding CMap of two-byte codes; consecutive codes and CIDs share a range."""
    entries: list[str] = []
    first = last = -1
    for code in [*sorted(cid_of), -1]:
        follows = code == last + 1 and code & 0xFF and cid_of[code] == cid_of[last] + 1
        if first >= 0 and not follows:
            entries.append(f"<{first:04X}> <{last:04X}> {cid_of[first]}\n")
        if not follows:
            first = code
        last = code
    header = _HEADER.format(ordering="Identity", name="Letterline-Codes", kind=1)
    return (header + _sections("cidrange", entries) + _FOOTER).encode("ascii")


def _sections(operator: str, entries: list[str]) -> str:
    parts = []
    for at in range(0, len(entries), _SECTION):
        section = entries[at : at + _SECTION]
        parts.append(f"{len(section)} begin{operator}\n{''.join(section)}end{operator}\n")
    return "".join(parts)
