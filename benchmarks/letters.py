"""Made-up letters for the render benchmark: as values for our renderer and as expanded paragraphs for its peers.

The peers get more than an application would hand them: text already substituted, amounts formatted, bar codes already encoded
to modules. What they are timed on is layout, drawing and the file.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

TEMPLATE = Path(__file__).resolve().parent.parent / "examples" / "templates" / "lawyer_letter"
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻"
_GIVEN = "明芳伟娜敏静丽强磊军洋勇艳杰娟涛超秀英霞平刚桂文辉鑫宇浩博思佳雨晨子涵梓轩"
_RARE = "𠂉𠃌㐀䶵𪚥𫝏𬺕𠅘㛃𡋾𤧛𧒽𩾃"
_PLACES = (
    ("北京市", "北京市", "海淀区", "100080"),
    ("上海市", "上海市", "浦东新区", "200120"),
    ("广东省", "深圳市", "南山区", "518052"),
    ("四川省", "成都市", "武侯区", "610041"),
    ("山西省", "太原市", "小店区", "030006"),
)
_ROADS = ("晨光路", "锦绣路", "滨河路", "长乐街", "文昌大道")
_ESTATES = ("碧水湾", "听雨轩", "金色家园", "枫林苑")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One letter: its fields and table rows, and the codes of its sheets."""

    record_id: str
    fields: dict[str, str]
    instalments: list[dict[str, str]]
    item: str


def letters(count: int, seed: int = 1, rows: int = 6, rare: bool = False) -> Iterator[MadeUp]:
    """`count` letters whose every field varies in length; `rare` puts a character of the fallback fonts in each name."""
    random_ = random.Random(seed)
    for at in range(count):
        yield _letter(random_, at, rows, rare)


def _letter(random_: random.Random, at: int, rows: int, rare: bool) -> MadeUp:
    province, city, district, postcode = random_.choice(_PLACES)
    name = random_.choice(_SURNAMES) + "".join(random_.choices(_GIVEN, k=random_.choice((1, 2))))
    if rare:
        name += random_.choice(_RARE)
    table = []
    for month in range(rows):
        principal, interest = random_.randint(50_000, 400_000), random_.randint(500, 9_000)
        table.append(
            {
                "date": f"{2024 + (month + 6) // 12}-{(month + 6) % 12 + 1:02d}-{random_.randint(1, 28):02d}",
                "principal": _yuan(principal),
                "interest": _yuan(interest),
                "total": _yuan(principal + interest),
            }
        )
    principal = sum(int(row["principal"].replace(".", "")) for row in table)
    interest = sum(int(row["interest"].replace(".", "")) for row in table)
    penalty = random_.choice((0, principal // 37))
    fields = {
        "case_no": f"XH2026-{at:06d}" if random_.random() < 0.7 else "",
        "letter_no": f"（2026）北律函字第{at:06d}号",
        "debtor_name": name,
        "gender_title": random_.choice(("先生", "女士")),
        "province": province,
        "city": city,
        "district": district,
        "address": f"{random_.choice(_ROADS)}{random_.randint(1, 999)}号{random_.choice(_ESTATES)}{random_.randint(1, 30)}栋",
        "postcode": postcode,
        "creditor": random_.choice(
            ("星河示例消费金融有限公司", "远山示例小额贷款股份有限公司", "明湖示例银行股份有限公司信用卡中心")
        ),
        "contract_no": f"XHXF-{random_.randint(202401, 202412)}-{random_.randint(1, 10 ** random_.choice((4, 6, 9)))}",
        "contract_date": f"2024-{random_.randint(1, 12):02d}-{random_.randint(1, 28):02d}",
        "principal": _yuan(principal),
        "interest": _yuan(interest),
        "penalty": _yuan(penalty),
        "total_due": _yuan(principal + interest + penalty),
        "due_date": f"2026-{random_.randint(1, 9):02d}-{random_.randint(1, 28):02d}",
        "deadline": "2026-12-20",
        "letter_date": "2026-11-22",
        "lawyer_name": random_.choice(("沈知白", "顾清和", "陆远")),
        "lawyer_licence": f"1110120191{random_.randint(0, 9_999_999):07d}",
        "phone": f"010-555{random_.randint(0, 99999):05d}",
    }
    return MadeUp(f"L{at:07d}", fields, table, f"XA{at:09d}CN")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def payload(letter: int, sheet: int) -> str:
    """A 36-digit stand-in for the control mark: any digits cost the same to draw."""
    return f"1{letter * 97 + sheet:035d}"


def expanded(letter: MadeUp) -> list[tuple[str, str]]:
    """The template's text with every field of `letter` in place, as (kind, text); ("table", "") marks the table.

    Kinds: title, number, salutation, body, heading, sign, small.
    """
    return list(_blocks(_source().render(letter.fields)))


@cache
def _source() -> jinja2.Template:
    """The template's own text as Jinja2 reads it: an expansion that shares no code with ours but the filters."""
    from rendering.template.values import FILTERS

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.filters.update(FILTERS)
    environment.filters["number"] = float
    return environment.from_string((TEMPLATE / "letter.txt").read_text("utf-8"))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        plain = re.sub(r"\*\*(.*?)\*\*", r"\1", line.strip())
        named = re.match(r"\.(\w+) (.*)", plain)
        if plain.startswith("## "):
            yield "heading", plain[3:]
        elif plain.startswith("# "):
            yield "title", plain[2:]
        elif plain.startswith(":table"):
            yield "table", ""
        elif named:
            yield named[1], named[2]
        elif plain and not plain.startswith(":"):
            yield "body", plain


def for_peers(letter: MadeUp, number: int) -> Mapping[str, object]:
    """Everything a peer draws, as JSON values: blocks, address lines, table cells, modules of the codes as text of 0 and 1."""
    from rendering.symbols import code128, datamatrix
    from rendering.template.values import FILTERS

    fields = letter.fields
    money, date = FILTERS["money"], FILTERS["date"]
    marks = [["".join(map(str, row)) for row in datamatrix(payload(number, sheet), 18)] for sheet in (1,)]
    return {
        "address": [
            f"{fields['debtor_name']} {fields['gender_title']} 收",
            f"{fields['province']}{fields['city']}{fields['district']}{fields['address']}",
            fields["postcode"],
        ],
        "phone": fields["phone"],
        "running": f"{fields['letter_no']}　{fields['debtor_name']}",
        "blocks": expanded(letter),
        "rows": [
            [date(row["date"]), money(row["principal"]), money(row["interest"]), money(row["total"])]
            for row in letter.instalments
        ],
        "mark": marks[0],
        "item": "".join(map(str, code128(letter.item))),
        "caption": letter.record_id,
    }
