"""What a template may do with a value of the case: a few filters and the tests of its conditions. Pure, and never code of the author's.

Filters: ``money`` (12,345.60), ``capital`` (壹万贰仟叁佰肆拾伍元陆角整, the form of 票据法实施办法 for amounts in words), ``date``
(2026-01-15 → 2026年1月15日), ``upper``, ``trim``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from jinja2 import nodes

from rendering.template.errors import TemplateError

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = (("万亿", 10**12), ("亿", 10**8), ("万", 10**4), ("", 1))


def _is_plain(text: str) -> bool:
    """Whether an amount is written as amounts are kept: digits, a point, two digits."""
    return text[-3:-2] == "." and text.isascii() and text[:-3].isdigit() and text[-2:].isdigit()


def money(text: str) -> str:
    """Thousands separated, two decimals; text that is no number stays as it is."""
    if _is_plain(text):
        return f"{int(text[:-3]):,}{text[-3:]}"
    try:
        return f"{Decimal(text.replace(',', '')):,.2f}"
    except InvalidOperation:
        return text


@lru_cache(maxsize=10_000)
def _group_in_words(value: int) -> str:
    """0..9999 in formal numerals, with one 零 for each row of zeros inside; nothing for 0."""
    words = ""
    zero = False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return words


def capital(text: str) -> str:
    """An amount of yuan in formal Chinese numerals; text that is no amount stays as it is."""
    before, _, after = text.partition(".")
    if len(after) == 2 and text.isascii() and before.isdigit() and after.isdigit():
        yuan, fen = int(before), int(after)
    else:
        try:
            yuan, fen = divmod(int((Decimal(text.replace(",", "")) * 100).to_integral_value()), 100)
        except (InvalidOperation, ValueError, OverflowError):
            return text
    if not 0 <= yuan < 10**16:
        return text
    if yuan < 10**4:
        return _group_in_words(yuan) + _after_yuan(fen, yuan > 0)
    if yuan < 10**8:
        high, low = divmod(yuan, 10**4)
        zero = "零" if low and (low < 1000 or high % 10 == 0) else ""
        return f"{_group_in_words(high)}万{zero}{_group_in_words(low)}{_after_yuan(fen, True)}"
    words = ""
    last = 0
    for name, size in _GROUPS:
        group = yuan // size % 10**4
        if group:
            if words and (group < 1000 or last % 10 == 0):
                words += "零"
            words += _group_in_words(group) + name
        last = group
    return words + _after_yuan(fen, True)


@lru_cache(maxsize=200)
def _after_yuan(fen: int, any_yuan: bool) -> str:
    """What follows the words of the yuan: 元, then 0..99 fen."""
    if not fen:
        return "元整" if any_yuan else "零元整"
    jiao, rest = divmod(fen, 10)
    words = "元" if any_yuan else ""
    if jiao:
        words += _DIGITS[jiao] + "角"
    elif words:
        words += "零"
    return words + (_DIGITS[rest] + "分" if rest else "整")


@lru_cache(maxsize=4096)
def date(text: str) -> str:
    """2026-01-15 or 2026/1/15 as 2026年1月15日; other text stays as it is."""
    found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text)
    return f"{found[1]}年{int(found[2])}月{int(found[3])}日" if found else text


FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "money": money,
    "capital": capital,
    "date": date,
    "upper": str.upper,
    "trim": str.strip,
}

Fields = Mapping[str, str]
Tables = Mapping[str, Sequence[Mapping[str, str]]]
_Evaluator = Callable[[Fields, Tables], Any]


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    text = str(value)
    try:
        return Decimal(text.replace(",", "") if "," in text else text or "0")
    except InvalidOperation:
        return Decimal(0)


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: _number(a) > _number(b),
    "gteq": lambda a, b: _number(a) >= _number(b),
    "lt": lambda a, b: _number(a) < _number(b),
    "lteq": lambda a, b: _number(a) <= _number(b),
    "in": lambda a, b: a in b,
    "notin": lambda a, b: a not in b,
}


_NUMERIC: Final = frozenset(("gt", "gteq", "lt", "lteq"))


def compile_test(file: str, line: int, test: nodes.Expr, tables: frozenset[str], used: set[str]) -> _Evaluator:
    """Turn the expression of an ``if`` into a function of fields and tables; field names it reads go into ``used``.

    Allowed: field and table names, texts, numbers, lists of them, == != < <= > >=, in, not in, and, or, not, ``|number``,
    ``|length``. < and > compare as numbers. Raises TemplateError for anything else.
    """

    def build(node: nodes.Node) -> _Evaluator:
        if isinstance(node, nodes.Const):
            constant = node.value
            return lambda _fields, _tables: constant
        if isinstance(node, nodes.Name):
            name = node.name
            if name in tables:
                return lambda _fields, rows: rows.get(name, ())
            used.add(name)
            return lambda fields, _tables: fields.get(name, "")
        if isinstance(node, nodes.Not):
            inner = build(node.node)
            return lambda fields, rows: not inner(fields, rows)
        if isinstance(node, nodes.And | nodes.Or):
            return _both(build(node.left), build(node.right), isinstance(node, nodes.And))
        if isinstance(node, nodes.Compare) and len(node.ops) == 1:
            return _compared(build(node.expr), node.ops[0], build(node.ops[0].expr))
        if isinstance(node, nodes.List | nodes.Tuple):
            items = [build(item) for item in node.items]
            return lambda fields, rows: [item(fields, rows) for item in items]
        if isinstance(node, nodes.Filter) and node.node is not None and node.name in ("number", "length"):
            inner = build(node.node)
            convert: Callable[[Any], Any] = _number if node.name == "number" else len
            return lambda fields, rows: convert(inner(fields, rows))
        raise TemplateError(file, line, f"{type(node).__name__} is not allowed in a condition")

    return build(test)


def reads_any(test: nodes.Expr, tables: frozenset[str]) -> bool:
    """Whether the expression of an ``if`` reads one of ``tables``."""
    names = [test.name] if isinstance(test, nodes.Name) else [node.name for node in test.find_all(nodes.Name)]
    return not tables.isdisjoint(names)


def _compared(left: _Evaluator, operand: nodes.Operand, right: _Evaluator) -> _Evaluator:
    """Both sides evaluated and compared; a constant on the right is made a number once."""
    compare = _COMPARISONS[operand.op]
    if isinstance(operand.expr, nodes.Const) and operand.op in _NUMERIC:
        bound = _number(operand.expr.value)
        return lambda fields, rows: compare(left(fields, rows), bound)
    return lambda fields, rows: compare(left(fields, rows), right(fields, rows))


def _both(left: _Evaluator, right: _Evaluator, conjunction: bool) -> _Evaluator:
    if conjunction:
        return lambda fields, rows: left(fields, rows) and right(fields, rows)
    return lambda fields, rows: left(fields, rows) or right(fields, rows)
