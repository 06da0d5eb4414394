"""What the columns of a case file mean, and the rule each value must meet. Pure: text in, value or reason out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

# A Chinese name field must hold at least 50 characters / 25 hanzi (notice of twelve ministries on rare characters, 2022).
NAME_CHARS_MAX = 50
ADDRESS_CHARS_MAX = 120
TEXT_CHARS_MAX = 60
INSTALMENTS_MAX = 400

NAME_SEPARATORS = dict.fromkeys(map(ord, "•‧・∙⋅･●"), "·")  # the one name separator is U+00B7 (same notice)
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FieldError(ValueError):
    """A value breaks its rule. ``args`` is (Chinese reason, English reason)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh, self.en = zh, en


Rule = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name in our data, the headers clients write for it, its rule, and whether it may be empty."""

    name: str
    headers: tuple[str, ...]
    rule: Rule
    required: bool = True


@dataclass(frozen=True, slots=True)
class HeaderProfile:
    """The columns one client sends."""

    name: str
    fields: tuple[Field, ...]

    def columns(self, header: tuple[str, ...]) -> tuple[dict[str, int], list[str]]:
        """Return (field name → column index, headers of required columns that are missing)."""
        places: dict[str, int] = {}
        normal = [_header_key(h) for h in header]
        for field in self.fields:
            for candidate in (field.name, *field.headers):
                key = _header_key(candidate)
                if key in normal:
                    places[field.name] = normal.index(key)
                    break
        missing = [f.headers[0] if f.headers else f.name for f in self.fields if f.required and f.name not in places]
        return places, missing


def _header_key(text: str) -> str:
    return re.sub(r"[\s_*（）()：:]", "", text).casefold()


def clean(text: str) -> str:
    """Trim, NFC (never NFKC: it would change names) and refuse what has no place in a letter."""
    value = unicodedata.normalize("NFC", text).strip(" \t\u3000\u00a0\ufeff")
    for character in value:
        category = unicodedata.category(character)
        if category == "Cc":
            raise FieldError(
                f"含有控制字符 U+{ord(character):04X}", f"contains control character U+{ord(character):04X}"
            )
        if character in BIDI_CONTROLS:
            raise FieldError(
                f"含有双向控制符 U+{ord(character):04X}", f"contains direction control U+{ord(character):04X}"
            )
        if category == "Cs" or character == "\ufffd":
            raise FieldError("含有损坏的字符", "contains a damaged character")
    return value


_NEGATIVE: Final = re.compile(r"-[0-9]+(\.[0-9]+)?")
"""The only thing that may begin with a minus sign: a spreadsheet takes -2+3 for a formula as well."""


def _text(limit: int) -> Rule:
    def rule(value: str) -> str:
        if len(value) > limit:
            raise FieldError(
                f"过长：{len(value)} 字，最多 {limit} 字", f"too long: {len(value)} characters, at most {limit}"
            )
        if value[:1] in ("=", "@", "+") or (value[:1] == "-" and not _NEGATIVE.fullmatch(value)):
            raise FieldError("像是公式，请给出值", "looks like a formula: give the value")
        return value

    return rule


def _name(value: str) -> str:
    value = re.sub(r"\s+", " ", _text(NAME_CHARS_MAX)(value)).translate(NAME_SEPARATORS)
    if any(c.isdigit() for c in value):
        raise FieldError("姓名中有数字", "the name contains a digit")
    if "?" in value or "？" in value or "□" in value or "*" in value:
        raise FieldError("姓名中有缺字或遮盖符号", "the name contains a placeholder for a missing or masked character")
    return value


def _pattern(expression: str, zh: str, en: str) -> Rule:
    compiled = re.compile(expression)

    def rule(value: str) -> str:
        if not compiled.fullmatch(value):
            raise FieldError(zh, en)
        return value

    return rule


def _amount(value: str) -> str:
    plain = value.replace(",", "").replace("，", "").removeprefix("¥").removeprefix("￥").removesuffix("元").strip()
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", plain):
        raise FieldError("金额格式不对，应如 12345.67", "not an amount such as 12345.67")
    try:
        return str(Decimal(plain).quantize(Decimal("0.01")))
    except InvalidOperation:
        raise FieldError("金额过大", "amount too large") from None


def _date(value: str) -> str:
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", value)
    if not match:
        raise FieldError("日期格式不对，应如 2026-01-31", "not a date such as 2026-01-31")
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        raise FieldError("没有这一天", "there is no such day") from None


def _title(value: str) -> str:
    if value not in ("先生", "女士"):
        raise FieldError("称谓应为“先生”或“女士”", "the title must be 先生 or 女士")
    return value


def _instalments(value: str) -> str:
    """``date:principal:interest;…`` in order of date."""
    rows = [part for part in value.split(";") if part.strip()]
    if len(rows) > INSTALMENTS_MAX:
        raise FieldError(f"分期超过 {INSTALMENTS_MAX} 行", f"more than {INSTALMENTS_MAX} instalments")
    out = []
    for index, row in enumerate(rows, start=1):
        parts = row.split(":")
        if len(parts) != 3:
            raise FieldError(f"第 {index} 期应为 日期:本金:利息", f"instalment {index} must be date:principal:interest")
        try:
            out.append(f"{_date(parts[0].strip())}:{_amount(parts[1].strip())}:{_amount(parts[2].strip())}")
        except FieldError as error:
            raise FieldError(f"第 {index} 期{error.zh}", f"instalment {index}: {error.en}") from None
    return ";".join(out)


_POSTCODE = _pattern(r"[0-9]{6}", "邮编应为 6 位数字", "the postcode must be 6 digits")
_PHONE = _pattern(r"[0-9][0-9\-]{5,18}", "电话格式不对", "not a telephone number")
_CASE_NO = _pattern(r"[0-9A-Za-z\-()（）\[\]〔〕\u4e00-\u9fff]{4,40}", "案件编号格式不对", "not a case number")


def _address(value: str) -> str:
    value = _text(ADDRESS_CHARS_MAX)(value)
    if not any(c.isdigit() or c in "一二三四五六七八九十号村组" for c in value):
        raise FieldError("地址缺少门牌号、村或组", "the address has no house number, village or group")
    return value


def _letter_checks(fields: Mapping[str, str]) -> tuple[str, FieldError] | None:
    """Rules over several fields; returns (field to blame, error)."""
    parts = sum(Decimal(fields[name]) for name in ("principal", "interest", "penalty"))
    if parts != Decimal(fields["total_due"]):
        return "total_due", FieldError(
            f"合计 {fields['total_due']} 不等于本金、利息、违约金之和 {parts}",
            f"the total {fields['total_due']} is not the sum of its parts {parts}",
        )
    if fields["deadline"] <= fields["due_date"]:
        return "deadline", FieldError("还款期限早于到期日", "the deadline is not after the due date")
    if fields["contract_date"] > fields["due_date"]:
        return "contract_date", FieldError("合同日期晚于到期日", "the contract date is after the due date")
    return None


ROW_RULES: Final = (_letter_checks,)

_short = _text(TEXT_CHARS_MAX)
LAWYER_LETTER: Final = HeaderProfile(
    "lawyer-letter",
    (
        Field("case_no", ("案件编号", "案号", "case number"), _CASE_NO),
        Field("letter_no", ("函号", "letter number"), _short),
        Field("debtor_name", ("姓名", "被通知人姓名", "债务人", "name"), _name),
        Field("gender_title", ("称谓", "title"), _title),
        Field("province", ("省", "省份", "province"), _short),
        Field("city", ("市", "城市", "city"), _short),
        Field("district", ("区县", "区", "district"), _short),
        Field("address", ("详细地址", "地址", "address"), _address),
        Field("postcode", ("邮编", "邮政编码", "postcode"), _POSTCODE),
        Field("creditor", ("委托人", "债权人", "creditor"), _short),
        Field("contract_no", ("合同编号", "contract number"), _short),
        Field("contract_date", ("合同日期", "contract date"), _date),
        Field("principal", ("本金", "principal"), _amount),
        Field("interest", ("利息", "interest"), _amount),
        Field("penalty", ("违约金", "penalty"), _amount),
        Field("total_due", ("合计", "合计金额", "total"), _amount),
        Field("due_date", ("到期日", "due date"), _date),
        Field("deadline", ("还款期限", "deadline"), _date),
        Field("lawyer_name", ("承办律师", "律师", "lawyer"), _name),
        Field(
            "lawyer_licence",
            ("执业证号", "licence"),
            _pattern(r"\d{17}", "执业证号应为 17 位数字", "the licence must be 17 digits"),
        ),
        Field("phone", ("联系电话", "电话", "phone"), _PHONE),
        Field("instalments", ("分期明细", "instalments"), _instalments, required=False),
    ),
)
PROFILES: Final[Mapping[str, HeaderProfile]] = {LAWYER_LETTER.name: LAWYER_LETTER}
