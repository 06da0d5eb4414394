"""Which characters may stand where: line-breaking classes and the tables of what happens between two of them.

Source: W3C CLREQ (Requirements for Chinese Text Layout) on GB/T 15834-2011: levels none, basic, GB and strict of prohibition
rules (3.1.1), adjustment of adjacent marks (3.1.6.1: two marks in a row take 1.5 em), line-end trimming (shall be half
width), Latin-Han spacing of a quarter em (3.2.2).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Kinsoku(IntEnum):
    """Level of the prohibition rules at line start and line end."""

    NONE = 0
    BASIC = 1
    GB = 2
    STRICT = 3


class CharClass(IntEnum):
    """How a character behaves at a line's edge and beside others."""

    HAN = 0
    OPENING = 1  # ink in the right half of its em
    CLOSING = 2  # ink in the left half
    STOP = 3  # pause and stop marks, ink in the left half
    CONNECTOR = 4  # ～ – · : never starts a line
    DASH = 5  # — in pairs: two em that never part
    ELLIPSIS = 6  # … in pairs
    LATIN = 7
    DIGIT = 8
    SPACE = 9
    UNIT = 10  # 元 年 % after a number; Han elsewhere
    PREFIX = 11  # ¥ 第 before a number
    LATIN_OPENING = 12
    LATIN_CLOSING = 13
    HYPHEN = 14
    SOLIDUS = 15


CLASS_COUNT: Final = len(CharClass)
TABLE_SIZE: Final = 0x40000

OPENING: Final = "（《〈「『【〔〖［｛“‘"
CLOSING: Final = "）》〉」』】〕〗］｝”’"
STOP: Final = "、，。．：；！？"
CONNECTOR: Final = "～–·・‧~"
SOLIDUS: Final = "／"
UNITS: Final = "元角分厘年月日号时秒万亿千百倍个份次期条款项页名位人岁米吨克升天周季户笔整％‰℃°"
PREFIXES: Final = "¥￥$€£第№"

# Classes a value must not contain, in the table of `character_kinds`.
KIND_PRINTABLE: Final = 0
KIND_CONTROL: Final = 1
KIND_BIDI: Final = 2
BIDI: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))


def character_classes() -> NDArray[np.uint8]:
    """Class of every code point below TABLE_SIZE."""
    table = np.full(TABLE_SIZE, CharClass.HAN, np.uint8)
    table[0x21:0x250] = CharClass.LATIN
    table[0x370:0x530] = CharClass.LATIN  # Greek, Cyrillic
    for text, kind in (
        (OPENING, CharClass.OPENING),
        (CLOSING, CharClass.CLOSING),
        (STOP, CharClass.STOP),
        (CONNECTOR, CharClass.CONNECTOR),
        (SOLIDUS, CharClass.SOLIDUS),
        (UNITS, CharClass.UNIT),
        (PREFIXES, CharClass.PREFIX),
        ("—⸺", CharClass.DASH),
        ("…", CharClass.ELLIPSIS),
        ("0123456789", CharClass.DIGIT),
        (" ", CharClass.SPACE),
        ("([{", CharClass.LATIN_OPENING),
        (")]},.;:!?%'\"", CharClass.LATIN_CLOSING),
        ("-/", CharClass.HYPHEN),
    ):
        for character in text:
            table[ord(character)] = kind
    table[0x3000] = CharClass.HAN
    return table


def character_kinds() -> NDArray[np.uint8]:
    """KIND_* of every code point below TABLE_SIZE: which a field may not contain.

    Control characters (C0, C1, separators, surrogates, non-characters, variation and tag characters that would vanish
    silently) and the bidirectional controls, which make a printed line read otherwise than its source.
    """
    table = np.zeros(TABLE_SIZE, np.uint8)
    table[0:0x20] = KIND_CONTROL
    table[0x7F:0xA0] = KIND_CONTROL
    table[[0x00AD, 0x200B, 0x200C, 0x200D, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF]] = KIND_CONTROL
    table[0xD800:0xE000] = KIND_CONTROL
    table[0xFE00:0xFE10] = KIND_CONTROL
    table[0xFFF9:0xFFFD] = KIND_CONTROL
    table[list(BIDI)] = KIND_BIDI
    return table


_LATIN_LIKE: Final = (
    CharClass.LATIN,
    CharClass.DIGIT,
    CharClass.LATIN_OPENING,
    CharClass.LATIN_CLOSING,
    CharClass.HYPHEN,
)


def break_table(level: Kinsoku) -> NDArray[np.uint8]:
    """``[before, after]`` is 1 where a line may end between a character of class ``before`` and one of class ``after``."""
    c = CharClass
    table = np.ones((CLASS_COUNT, CLASS_COUNT), np.uint8)
    for a in _LATIN_LIKE:
        for b in _LATIN_LIKE:
            table[a, b] = 0
    table[c.HYPHEN, c.LATIN] = 1
    table[:, c.SPACE] = 0
    table[c.LATIN_OPENING, :] = 0
    table[:, c.LATIN_CLOSING] = 0
    table[c.SPACE, :] = 1
    table[c.SPACE, c.SPACE] = 0
    table[c.DASH, c.DASH] = 0
    table[c.ELLIPSIS, c.ELLIPSIS] = 0
    # An amount and its unit, a number and its prefix are one word at every level (CLREQ 3.1.2).
    table[[c.DIGIT, c.UNIT], c.UNIT] = 0
    table[c.PREFIX, c.DIGIT] = 0
    if level >= Kinsoku.BASIC:
        for b in (c.CLOSING, c.STOP, c.CONNECTOR, c.SOLIDUS):
            table[:, b] = 0
        table[c.OPENING, :] = 0
    if level >= Kinsoku.GB:
        table[c.SOLIDUS, :] = 0
    if level >= Kinsoku.STRICT:
        table[:, c.DASH] = 0
        table[:, c.ELLIPSIS] = 0
    return table


def squeeze_table() -> NDArray[np.int64]:
    """White space taken out between two adjacent marks, in 1/1000 em (half an em at most: 2 em become 1.5 em)."""
    c = CharClass
    table = np.zeros((CLASS_COUNT, CLASS_COUNT), np.int64)
    for a in (c.CLOSING, c.STOP):
        for b in (c.CLOSING, c.STOP, c.OPENING):
            table[a, b] = 500
    table[c.OPENING, c.OPENING] = 500
    return table


def gap_table(latin_gap: int) -> NDArray[np.int64]:
    """White space put between Han and Latin or digits, in 1/1000 em."""
    c = CharClass
    table = np.zeros((CLASS_COUNT, CLASS_COUNT), np.int64)
    for han in (c.HAN, c.UNIT):
        for latin in (c.LATIN, c.DIGIT):
            table[han, latin] = latin_gap
            table[latin, han] = latin_gap
        table[han, c.LATIN_OPENING] = latin_gap
        table[c.LATIN_CLOSING, han] = latin_gap
    return table


def edge_table() -> NDArray[np.int64]:
    """Per class, in 1/1000 em: what is trimmed at line end, at line start, and what a line may press out of the mark."""
    c = CharClass
    table = np.zeros((CLASS_COUNT, 3), np.int64)
    table[c.CLOSING] = (500, 0, 500)
    table[c.STOP] = (500, 0, 250)
    table[c.OPENING] = (0, 500, 0)
    return table
