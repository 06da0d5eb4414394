"""Where an alarm is, in words of both languages: the core names zones, cameras, trays and reasons by their number or keyword."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from controller.line.actions import Alarm
from controller.service.live import Words

ZONES: Final = {
    1: Words("进纸器", "feeder"),
    2: Words("进纸相机", "sheet camera"),
    3: Words("集页", "collator"),
    4: Words("折页", "folder"),
    5: Words("装封", "inserter"),
    6: Words("出口相机", "exit camera"),
    7: Words("闸门", "gate"),
    8: Words("邮筐", "tray"),
    9: Words("废件箱", "reject bin"),
}
REASONS: Final = {
    0: Words("", ""),
    1: Words("刚启动", "just started"),
    2: Words("收不到控制器信号", "heard nothing from the controller"),
    3: Words("盖板打开", "cover open"),
    4: Words("卡纸", "jam"),
    5: Words("进纸器无纸", "feeder empty"),
    6: Words("邮筐不在位", "tray missing"),
    7: Words("废件箱已满", "reject bin full"),
    8: Words("按指令暂停", "held on request"),
    9: Words("急停", "emergency stop"),
    10: Words("事件缓存已满", "event memory full"),
    11: Words("等待任务", "waiting for work"),
}
"""Zones and reasons of docs/protocols/inserter.md §2."""
CAMERAS: Final = {1: Words("进纸相机 C1", "sheet camera C1"), 2: Words("出口相机 C2", "exit camera C2")}
FAULTS: Final = {
    "no-read": Words("码读不出", "mark not readable"),
    "mac-bad": Words("码不是真的", "mark not genuine"),
    "mismatch": Words("不是此处该有的信函", "another letter was expected"),
    "codes-disagree": Words("两个码不一致", "the two codes disagree"),
    "unknown-piece": Words("不认识的件", "unknown piece"),
    "foreign-sheet": Words("别的信函的纸", "sheet of another letter"),
    "gap": Words("前后缺纸", "sheet missing before or after"),
    "duplicate": Words("重复的纸", "seen before"),
    "void": Words("作废的纸", "void copy"),
    "OPEN": Words("未寄出", "open"),
    "HELD": Words("被搁置", "held"),
    "CLOSED": Words("已封筐", "closed"),
    "HANDED_OVER": Words("已交寄", "handed over"),
}

_PATTERNS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Words]], ...]] = (
    (re.compile(r"zone (\d+)"), lambda found: ZONES.get(int(found[1]), Words(found[0], found[0]))),
    (re.compile(r"camera (\d)"), lambda found: CAMERAS.get(int(found[1]), Words(found[0], found[0]))),
    (re.compile(r"stack (\d+)"), lambda found: Words(f"第 {found[1]} 叠", f"stack {found[1]}")),
    (re.compile(r"no\. (\d+)"), lambda found: Words(f"第 {found[1]} 件", f"piece no. {found[1]}")),
    (re.compile(r"verb \d+|refused: \d+"), lambda found: Words("装封机拒绝指令", "it refused a command")),
    (re.compile(r"HELD|ABORTED"), lambda found: Words("装封机", "inserter")),
    (re.compile(r"gate"), lambda found: ZONES[7]),
    (re.compile(r"(\d+) impressions"), lambda found: Words(f"打印机报 {found[1]} 面", f"the printer says {found[1]} sides")),
    (re.compile(r"printer (\S+)"), lambda found: Words(f"打印机 {found[1]}", found[0])),
    (re.compile(r"printer (\S+), (\d+) pieces left"), lambda found: Words(f"打印机 {found[1]}，预计再过 {found[2]} 件读不出", f"printer {found[1]}, no reads expected in {found[2]} pieces")),
    (re.compile(r"printer (\S+), line at ([\d.]+) mm"), lambda found: Words(f"打印机 {found[1]}，控制码左缘起 {found[2]} 毫米", f"printer {found[1]}, {found[2]} mm from the left of the mark")),
    (re.compile(r"spot at (\d+), (\d+) px"), lambda found: Words(f"画面 {found[1]}，{found[2]} 像素处", found[0])),
    (re.compile(r"light ([+-]\d+%)"), lambda found: Words(f"亮度 {found[1]}", found[0])),
    (re.compile(r"(\w+), ([\d.]+) h"), lambda found: Words(f"{_fault(found[1]).zh}已 {found[2]} 小时", f"{_fault(found[1]).en} for {found[2]} h")),
)  # fmt: skip
_TRAY_CODES: Final = re.compile(r"tray-|foreign-in-tray|pull-from-tray")


def place_of(alarm: Alarm) -> Words:
    """Return where ``alarm`` is; what nobody has a word for (a job, a printer's own reason) is shown as it came, in both languages."""
    parts = [_where(alarm)]
    if alarm.code == "machine-stopped" and alarm.detail.isdigit():
        parts.append(REASONS.get(int(alarm.detail), Words(alarm.detail, alarm.detail)))
    elif alarm.code == "removed-by-hand" and alarm.detail.isdigit():
        parts.append(Words(f"{alarm.detail} 件（张）", f"{alarm.detail} pieces or sheets"))
    elif alarm.detail:
        parts.append(_said(alarm.detail))
    said = list(dict.fromkeys(part for part in parts if part.zh))
    return Words("，".join(part.zh for part in said), ", ".join(part.en for part in said))


def _where(alarm: Alarm) -> Words:
    if alarm.where.isdigit() and _TRAY_CODES.match(alarm.code):
        return Words(f"邮筐 {alarm.where}", f"tray {alarm.where}")
    return _said(alarm.where)


def _said(text: str) -> Words:
    for pattern, words in _PATTERNS:
        found = pattern.fullmatch(text)
        if found:
            return words(found)
    return _fault(text)


def _fault(text: str) -> Words:
    return FAULTS.get(text, Words(text, text))
