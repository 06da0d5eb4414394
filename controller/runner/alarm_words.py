"""What each alarm says on a screen: what happened, where, what to do, and the one thing to press."""

from __future__ import annotations

from typing import Final

from controller.line.actions import Alarm, AlarmCode
from controller.runner.alarm_places import place_of
from controller.service import live
from controller.service.live import Press, Severity, Words

_A = AlarmCode
_STOP, _WARN, _NOTE = Severity.STOP, Severity.WARN, Severity.NOTE

# code: (what zh, what en, do zh, do en, severity, press)
_WORDS: Final[dict[AlarmCode, tuple[str, str, str, str, Severity, Press]]] = {
    _A.LINK_LOST: ("与装封机失去联系", "No link to the inserter", "检查串口线与电源", "Check its cable and power", _STOP, Press.NONE),
    _A.MACHINE_REBOOTED: ("装封机重新启动过", "The inserter has restarted", "清空通道后按“继续”", "Let it purge, then press Resume", _STOP, Press.RESUME),
    _A.MACHINE_STOPPED: ("装封机已停", "The inserter has stopped", "排除原因后按“继续”", "Remove the cause, then press Resume", _STOP, Press.RESUME),
    _A.COVER_OPENED: ("机盖被打开", "A cover was opened", "取出的件逐件扫描，关盖，核对邮筐", "Scan every piece taken out, close it, audit the tray", _STOP, Press.SCAN_ZONE),
    _A.JAM: ("卡纸", "Paper jam", "开盖取出纸张并逐件扫描", "Open the cover, take the paper out, scan every piece", _STOP, Press.SCAN_ZONE),
    _A.REMOVED_BY_HAND: ("有件被人取走", "Pieces were taken out by hand", "逐件扫描取出的件", "Scan every piece that was taken out", _STOP, Press.SCAN_ZONE),
    _A.BIN_FULL: ("废件箱已满", "The reject bin is full", "清空并逐件扫描", "Empty it, scanning every piece", _STOP, Press.SCAN_BIN),
    _A.NO_SHEETS: ("进纸器无纸", "The feeder is empty", "放入下一叠", "Load the next stack", _NOTE, Press.NONE),
    _A.TRAY_MISSING: ("邮筐不在位", "The tray is not in place", "放回邮筐并核对", "Put the tray back and audit it", _STOP, Press.AUDIT_TRAY),
    _A.TRAY_FULL: ("邮筐将满", "The tray is nearly full", "准备下一个邮筐", "Have the next tray ready", _WARN, Press.TRAY),
    _A.TRAY_HOLD: ("邮筐被冻结", "A tray is on hold", "逐件扫描该邮筐", "Scan every envelope in it", _WARN, Press.AUDIT_TRAY),
    _A.FOREIGN_IN_TRAY: ("邮筐中有未放行的件", "Something that was not granted is in a tray", "不得移动邮筐，逐件扫描", "Do not move the tray; scan every envelope", _STOP, Press.AUDIT_TRAY),
    _A.CONSECUTIVE_NO_READS: ("连续多张读不出", "Several sheets in a row could not be read", "检查印刷与进纸相机", "Check the print and the sheet camera", _STOP, Press.RESUME),
    _A.CONSECUTIVE_EXIT_FAULTS: ("出口连续读不出", "Several pieces in a row could not be read at the exit", "检查出口相机与窗口", "Check the exit camera and the windows", _STOP, Press.RESUME),
    _A.POSTAGE_REFUSED: ("邮资机连续未确认邮资", "The franking head failed for several pieces in a row", "检查邮资余额与设定金额，再按“继续”", "Check its credit and the amount it is set to, then press Resume", _STOP, Press.RESUME),
    _A.GATE_NOT_PASSING: ("闸门不放行", "The gate does not open", "检查闸门", "Check the gate", _STOP, Press.RESUME),
    _A.CHALLENGE_FAILED: ("挑战件检验失败", "The challenge piece was not rejected", "闸门或光眼有故障，停用并核对邮筐", "Gate or eyes are faulty: audit the trays", _STOP, Press.AUDIT_TRAY),
    _A.CAMERA_OUT_OF_STEP: ("相机计数不符", "A camera lost count", "按“继续”重新计数", "Press Resume to count anew", _STOP, Press.RESUME),
    _A.WRONG_STACK: ("放错了纸叠", "The wrong stack was loaded", "取下，换上正确的纸叠", "Take it off and load the right one", _STOP, Press.RESUME),
    _A.PRINT_DOUBTFUL: ("打印结果存疑", "A print job is doubtful", "无需操作：多印的会被剔除，缺的会重印", "Nothing: copies are rejected, missing ones printed again", _WARN, Press.NONE),
    _A.VOID_SHEET_FED: ("进了作废的纸", "A void sheet was fed", "查找它从何而来", "Find out where it came from", _WARN, Press.NONE),
    _A.PULL_FROM_TRAY: ("须从邮筐取出件", "A piece must be taken out of a tray", "取出并扫描", "Take it out and scan it", _WARN, Press.TRAY),
    _A.TOO_LATE_TO_RECALL: ("撤回太迟", "Too late to recall", "信函已交寄", "The letter has been released", _NOTE, Press.NONE),
    _A.LETTER_AT_REST: ("信函停滞过久", "A letter has been resting too long", "查明卡在哪一步", "Find out where it is stuck", _WARN, Press.NONE),
    _A.TRAY_NOT_ACCEPTED: ("邮筐超时未获邮政确认", "A tray is not confirmed by the post", "立即联系邮政核查该邮筐", "Call the post about this tray now", _STOP, Press.NONE),
    _A.PRINT_FADING: ("印刷质量在下降", "Print quality is declining", "在读不出之前清洁喷头或更换耗材", "Clean the head or change the supplies before reads fail", _WARN, Press.NONE),
    _A.NOZZLE_MISSING: ("印刷缺线，喷嘴堵塞", "A nozzle line is missing", "清洗打印机喷头", "Clean the head of that printer", _WARN, Press.NONE),
    _A.LIGHT_DRIFT: ("相机光照已漂移", "The light of a camera has drifted", "检查光源与曝光", "Check its lamp and exposure", _WARN, Press.NONE),
    _A.LENS_DIRTY: ("相机玻璃上有污点", "Dirt on the glass of a camera", "清洁镜头与防护玻璃", "Clean its lens and glass", _WARN, Press.NONE),
    _A.WITNESS_AWAY: ("见证文件写不进去", "The witness of the ledger cannot be written", "八小时内恢复见证所在的磁盘，否则停线", "Bring its disk back within eight hours, or the line stops", _WARN, Press.NONE),
    _A.CLOCK_JUMPED: ("计算机时钟跳变", "The clock of the computer jumped", "检查对时；截止时间不受影响", "Check its time service; deadlines are not affected", _WARN, Press.NONE),
}  # fmt: skip

PAST_WHEN_RUNNING: Final = frozenset(
    {
        _A.LINK_LOST, _A.MACHINE_REBOOTED, _A.MACHINE_STOPPED, _A.COVER_OPENED, _A.JAM, _A.REMOVED_BY_HAND, _A.BIN_FULL, _A.NO_SHEETS,
        _A.CONSECUTIVE_NO_READS, _A.CONSECUTIVE_EXIT_FAULTS, _A.POSTAGE_REFUSED, _A.GATE_NOT_PASSING, _A.CAMERA_OUT_OF_STEP, _A.WRONG_STACK,
    }
)  # fmt: skip
PAST_WHEN_NO_HOLD: Final = frozenset({_A.TRAY_HOLD, _A.FOREIGN_IN_TRAY, _A.PULL_FROM_TRAY, _A.TRAY_MISSING})


def on_screen(alarm: Alarm, at_unix_ns: int) -> live.Alarm:
    """Return the alarm as the screens show it."""
    what_zh, what_en, do_zh, do_en, severity, press = _WORDS[alarm.code]
    what, do = Words(what_zh, what_en), Words(do_zh, do_en)
    return live.Alarm(str(alarm.code), what, place_of(alarm), do, severity, press, at_unix_ns)
