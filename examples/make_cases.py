"""Makes case files of people who do not exist: ``python examples/make_cases.py 200 examples/cases.csv --bad``.

Names, streets, contracts and telephone numbers are drawn from lists below with a fixed seed; none belongs to anybody.
"""

from __future__ import annotations

import argparse
import csv
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕仉逄亓佘乜缑訾郏鄢禚"
COMPOUND = ("欧阳", "司马", "上官", "尉迟", "呼延", "皇甫")
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文辉力玲飞玉红春兰云梅"
# Rare but real name characters, several beyond the Basic Multilingual Plane.
RARE = (
    "龘",
    "靐",
    "㛃",
    "䶮",
    "堃",
    "犇",
    "喆",
    "镕",
    "赟",
    "翀",
    "𬭎",
    "𫍯",
    "𠅤",
    "𠮷",
    "𬀩",
    "𫖯",
    "𬱖",
    "㐂",
    "昇",
    "玥",
)
MINORITY = ("阿依古丽·买买提", "迪丽努尔·阿不都", "巴特尔·额尔德尼", "卓玛·次仁")
PLACES = (
    ("北京市", "北京市", "朝阳区", "100020"), ("上海市", "上海市", "浦东新区", "200120"), ("广东省", "广州市", "天河区", "510630"),
    ("广东省", "深圳市", "南山区", "518052"), ("浙江省", "杭州市", "西湖区", "310012"), ("江苏省", "南京市", "鼓楼区", "210009"),
    ("四川省", "成都市", "武侯区", "610041"), ("湖北省", "武汉市", "洪山区", "430070"), ("陕西省", "西安市", "雁塔区", "710061"),
    ("内蒙古自治区", "呼和浩特市", "赛罕区", "010020"), ("山西省", "太原市", "小店区", "030006"), ("河北省", "石家庄市", "裕华区", "050031"),
    ("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "830002"), ("海南省", "海口市", "龙华区", "570105"), ("福建省", "厦门市", "思明区", "361004"),
)  # fmt: skip
ROADS = ("银杏", "望湖", "青松", "滨河", "学苑", "和顺", "兴业", "翠微", "长乐", "晨光", "槐荫", "锦绣")
ESTATES = ("金色家园", "碧水湾", "梧桐里", "云栖花苑", "东篱小区", "听雨轩", "万象城公寓", "桂花园")
CREDITOR = "星河示例消费金融有限公司"
LAWYERS = (("沈知白", "11101201910000001"), ("顾清和", "11101201910000002"), ("林晚舟", "11101201910000003"))
HEADER = (
    "案件编号", "函号", "姓名", "称谓", "省", "市", "区县", "详细地址", "邮编", "委托人", "合同编号", "合同日期", "本金", "利息", "违约金", "合计",
    "到期日", "还款期限", "承办律师", "执业证号", "联系电话", "分期明细",
)  # fmt: skip


def made_up_name(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(MINORITY)
    surname = rng.choice(COMPOUND) if kind < 0.08 else rng.choice(SURNAMES)
    if rng.random() < 0.18:
        return surname + rng.choice(RARE) + (rng.choice(GIVEN) if rng.random() < 0.5 else "")
    return surname + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))


def instalments(rng: random.Random, count: int, first: date) -> tuple[str, Decimal, Decimal]:
    rows, principal, interest = [], Decimal(0), Decimal(0)
    for month in range(count):
        p = Decimal(rng.randint(30000, 380000)) / 100
        i = (p * Decimal("0.0185")).quantize(Decimal("0.01"))
        due = first + timedelta(days=30 * month)
        rows.append(f"{due.isoformat()}:{p}:{i}")
        principal, interest = principal + p, interest + i
    return ";".join(rows), principal, interest


def made_up_case(rng: random.Random, number: int) -> list[str]:
    province, city, district, postcode = rng.choice(PLACES)
    count = rng.choice((3, 4, 5, 6, 6, 8, 9, 10, 12, 12)) if rng.random() < 0.9 else rng.randint(24, 40)
    due = date(2026, 3, 1) + timedelta(days=rng.randint(0, 220))
    contract_date = due - timedelta(days=60 + 30 * count)
    text, principal, interest = instalments(rng, count, contract_date + timedelta(days=60))
    penalty = (principal * Decimal("0.031")).quantize(Decimal("0.01"))
    lawyer, licence = rng.choice(LAWYERS)
    address = f"{rng.choice(ROADS)}路{rng.randint(1, 388)}号{rng.choice(ESTATES)}{rng.randint(1, 28)}栋{rng.randint(1, 33)}0{rng.randint(1, 6)}室"
    return [
        f"XH2026-{number:06d}", f"（2026）星律函字第{number:06d}号", made_up_name(rng), rng.choice(("先生", "女士")), province, city, district, address, postcode,
        CREDITOR, f"XHXF-{contract_date:%Y%m}-{rng.randint(0, 999999):06d}", contract_date.isoformat(), str(principal), str(interest), str(penalty),
        str(principal + interest + penalty), due.isoformat(), "2026-12-20", lawyer, licence, f"010-5550{rng.randint(0, 9999):04d}", text,
    ]  # fmt: skip


def bad_cases(rng: random.Random, first: int) -> list[list[str]]:
    """One row for each way a real file goes wrong."""

    def spoiled(number: int, column: str, value: str) -> list[str]:
        row = made_up_case(rng, number)
        row[HEADER.index(column)] = value
        return row

    rows = [
        spoiled(first, "姓名", ""), spoiled(first + 1, "邮编", "10002"), spoiled(first + 2, "本金", "一万二千"),
        spoiled(first + 3, "到期日", "2026-02-30"), spoiled(first + 4, "姓名", "王*明"), spoiled(first + 5, "详细地址", "=HYPERLINK(1)"),
        spoiled(first + 6, "姓名", "李\u202e明"), spoiled(first + 7, "合计", "1.00"), spoiled(first + 8, "详细地址", "长" * 5000 + "1号"),
        spoiled(first + 9, "执业证号", "123"), spoiled(first + 10, "案件编号", "XH2026-000001"), spoiled(first + 11, "称谓", "同志"),
        spoiled(first + 12, "分期明细", "2026-01-15:1200.00"),
    ]  # fmt: skip
    return [*rows, [*made_up_case(rng, first + 13), "多余", "的列"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--bad", action="store_true", help="scatter one row of each kind of error among the good ones")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    rows = [made_up_case(rng, number) for number in range(1, arguments.count + 1)]
    if arguments.bad:
        for row in bad_cases(rng, arguments.count + 1):
            rows.insert(rng.randint(2, len(rows)), row)  # after the first case, which one of them repeats
    with arguments.out.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *rows])


if __name__ == "__main__":
    main()
