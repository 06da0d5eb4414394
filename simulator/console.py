"""The fault console: one line of plain words breaks or mends one thing. The same words serve scenario files, terminal and page.

It turns words into calls on the line; it keeps no state of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.inserter.vocabulary import Reason, Zone

if TYPE_CHECKING:
    from simulator.plant import Plant

ZONES = {zone.name.lower(): int(zone) for zone in Zone}
CAMERAS = {"sheet": "c1", "exit": "c2"}


class UnknownWords(ValueError):
    """The console does not understand the line; the text says what it knows."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One form of words: its pattern, how it is written, what it does (Chinese, English), and the act."""

    pattern: re.Pattern[str]
    form: str
    zh: str
    en: str
    act: Callable[[Plant, dict[str, str]], str]


def _count(words: dict[str, str]) -> int:
    return int(words.get("n") or 1)


def _counted(name: str) -> Callable[[Plant, dict[str, str]], str]:
    def act(plant: Plant, words: dict[str, str]) -> str:
        plant.defects.add(name, _count(words))
        return f"{name} x{_count(words)}"

    return act


def _camera(prefix: str) -> Callable[[Plant, dict[str, str]], str]:
    def act(plant: Plant, words: dict[str, str]) -> str:
        name = f"{prefix}_{CAMERAS[words['camera']]}"
        plant.defects.add(name, _count(words))
        return f"{name} x{_count(words)}"

    return act


def _camera_power(plant: Plant, words: dict[str, str]) -> str:
    plant.defects.switch(f"camera_dead_{CAMERAS[words['camera']]}", on=words["power"] == "dead")
    return f"camera {words['camera']} {words['power']}"


def _smear_share(plant: Plant, words: dict[str, str]) -> str:
    share = float(words["share"]) / 100
    for name in ("smear_window", "smear_margin"):
        plant.defects.chance(name, share)
    return f"smear {share:.2%} of sheets"


def _switch(name: str) -> Callable[[Plant, dict[str, str]], str]:
    def act(plant: Plant, words: dict[str, str]) -> str:
        plant.defects.switch(name, on=words["power"] == "on")
        return f"{name} {words['power']}"

    return act


def _jam(plant: Plant, words: dict[str, str]) -> str:
    zone = ZONES[words.get("zone") or "envelope"]
    plant.defects.jam_after(_count(words), zone)
    return f"jam at zone {zone} after {_count(words)}"


def _gate(plant: Plant, words: dict[str, str]) -> str:
    for position in ("pass", "reject"):
        plant.defects.switch(f"gate_stuck_{position}", on=words["position"] == position)
    return f"gate stuck: {words['position']}"


def _eye(plant: Plant, words: dict[str, str]) -> str:
    plant.defects.add(f"{words['eye']}_eye_{words['fault']}", _count(words))
    return f"{words['eye']} eye {words['fault']} x{_count(words)}"


def _cover(plant: Plant, words: dict[str, str]) -> str:
    firmware = plant.device.firmware
    if words["move"] == "open":
        plant.device.post(lambda: firmware.block(Reason.COVER_OPEN, ZONES["envelope"]))
    else:
        plant.device.post(lambda: firmware.unblock(Reason.COVER_OPEN))
    return f"cover {words['move']}"


def _clear(plant: Plant, words: dict[str, str]) -> str:
    zone = ZONES[words.get("zone") or "envelope"]
    plant.device.post(lambda: plant.operator.clear(zone))
    return f"operator clears zone {zone}"


def _estop(plant: Plant, words: dict[str, str]) -> str:
    firmware = plant.device.firmware
    if words.get("release"):
        plant.device.post(lambda: firmware.unblock(Reason.ESTOP))
        return "emergency stop released"
    plant.device.post(lambda: firmware.block(Reason.ESTOP, 0))
    return "emergency stop pressed"


def _unplug(plant: Plant, words: dict[str, str]) -> str:
    plant.unplug(float(words["seconds"]))
    return f"serial cable out for {words['seconds']} s"


def _reboot(plant: Plant, words: dict[str, str]) -> str:
    plant.reboot()
    return "inserter reboots"


def _cupsd(plant: Plant, words: dict[str, str]) -> str:
    plant.request(f"cupsd_{words['act']}")
    return f"asked whoever runs cupsd to {words['act']} it"


def _stack(plant: Plant, words: dict[str, str]) -> str:
    plant.stacks.disturb(words["how"])
    return f"feeder stack: {words['how']}"


def _printer(plant: Plant, words: dict[str, str]) -> str:
    printer = plant.printer(words["name"])
    if printer is None:
        raise UnknownWords(f"no printer {words['name']}")
    act, reason = words["act"], words.get("reason") or "media-empty"
    if act == "stop":
        printer.stop_engine(reason)
    elif act == "release":
        for one in [words["reason"]] if words.get("reason") else list(printer.trouble.reasons):
            printer.release_engine(one)
    else:
        printer.spoil_next_sheet(act)
    return f"printer {printer.name}: {act}"


def _operator(plant: Plant, words: dict[str, str]) -> str:
    plant.operator.next_clearing = {"puts piece back": "back", "hands piece to tray": "tray"}[words["deed"]]
    return f"next time the operator {words['deed']}"


def _presence(plant: Plant, words: dict[str, str]) -> str:
    plant.operator.present = words["where"] == "back"
    plant.device.post(plant.operator.tend_feeder)
    return f"operator {words['where']}"


def _tray_swap(plant: Plant, words: dict[str, str]) -> str:
    plant.swap_tray(int(words["tray"]))
    return f"somebody put tray {words['tray']} in place without saying so"


def _gate_late(plant: Plant, words: dict[str, str]) -> str:
    plant.defects.add("gate_late", _count(words))
    return f"gate late x{_count(words)}"


def _noise(plant: Plant, words: dict[str, str]) -> str:
    share = float(words["share"]) / 100
    for name in ("flip_bits", "lose_bytes"):
        plant.defects.chance(name, share / 2)
    return f"noise on {share:.3%} of bytes"


def _later(plant: Plant, words: dict[str, str]) -> str:
    then = words["then"]
    understand(then)
    plant.device.after(float(words["seconds"]), lambda: plant.journal.write("said_later", answer=execute(plant, then)))
    return f"in {words['seconds']} s: {then}"


def _host(plant: Plant, words: dict[str, str]) -> str:
    if words["act"] == "kill":
        plant.request("controller_kill")
    else:
        plant.request("controller_stop", seconds=float(words.get("seconds") or 1.0))
    return f"asked whoever runs the controller to {words['act']} it"


def _clock(plant: Plant, words: dict[str, str]) -> str:
    plant.request("clock_step", seconds=float(words["seconds"]))
    return f"asked whoever runs the controller to step its clock by {words['seconds']} s"


def _witness(plant: Plant, words: dict[str, str]) -> str:
    plant.request("witness_away", seconds=float(words["seconds"]))
    return f"asked whoever runs the controller to take the disk of the witness away for {words['seconds']} s"


def _bin(plant: Plant, words: dict[str, str]) -> str:
    plant.device.post(plant.device.firmware.empty_bin)
    return "reject bin emptied"


def _mend(plant: Plant, words: dict[str, str]) -> str:
    plant.defects.mend()
    return "everything mended"


_N = r"(?: (?P<n>\d+))?"
_CAMERA = r"(?P<camera>sheet|exit)"
_ZONE = "|".join(ZONES)


def _say(pattern: str, form: str, zh: str, en: str, act: Callable[[Plant, dict[str, str]], str]) -> Saying:
    return Saying(re.compile(pattern, re.IGNORECASE), form, zh, en, act)


SAYINGS: tuple[Saying, ...] = (
    _say(rf"smear window{_N}", "smear window [N]", "弄脏下N个窗口码", "smear the next N window marks", _counted("smear_window")),
    _say(rf"smear margin{_N}", "smear margin [N]", "弄脏下N个边码", "smear the next N margin marks", _counted("smear_margin")),
    _say(r"smear sheets (?P<share>[\d.]+) ?%", "smear sheets P%", "按比例弄脏", "smear that share of sheets", _smear_share),
    _say(rf"blank sheet{_N}", "blank sheet [N]", "出白纸", "the next N sheets come out blank", _counted("blank_sheet")),
    _say(rf"double feed{_N}", "double feed [N]", "双张进纸", "two sheets go as one", _counted("double_feed")),
    _say(r"thickness blind (?P<power>on|off)", "thickness blind on|off", "厚度传感器失灵", "double-sheet sensor blind", _switch("thickness_blind")),
    _say(rf"empty envelope{_N}", "empty envelope [N]", "空信封", "the set misses its envelope", _counted("empty_envelope")),
    _say(r"(?P<how>swap next two|shuffle|reverse|drop next|slip old sheet|mix)(?: stacks?)?", "swap next two | shuffle stack | reverse stack | mix stacks | drop next | slip old sheet", "打乱进纸", "disturb the stack on the feeder", _stack),
    _say(rf"jam(?: after (?P<n>\d+))?(?: at (?P<zone>{_ZONE}))?", "jam [after N] [at ZONE]", "卡纸", "something sticks", _jam),
    _say(r"cover (?P<move>open|close)", "cover open|close", "开/关盖", "open or close the cover", _cover),
    _say(rf"clear(?: (?P<zone>{_ZONE}))?", "clear [ZONE]", "清除卡纸", "the operator opens, clears and closes", _clear),
    _say(r"estop(?P<release> release)?", "estop [release]", "急停", "press or release the emergency stop", _estop),
    _say(rf"lose bytes{_N}", "lose bytes [N]", "串口丢N字节", "N bytes to the host are lost", _counted("lose_bytes")),
    _say(rf"flip bits{_N}", "flip bits [N]", "串口错N字节", "N bytes to the host get a flipped bit", _counted("flip_bits")),
    _say(r"unplug serial (?P<seconds>[\d.]+) ?s?", "unplug serial SECONDS", "拔串口线", "pull the serial cable for a while", _unplug),
    _say(r"reboot(?: inserter)?", "reboot inserter", "装封机重启", "power cycle of the inserter", _reboot),
    _say(r"cupsd (?P<act>kill|restart)", "cupsd kill|restart", "打印服务重启", "ask the runner to kill or restart cupsd", _cupsd),
    _say(r"gate stuck (?P<position>pass|reject|free)", "gate stuck pass|reject|free", "闸门卡死", "the gate no longer moves", _gate),
    _say(rf"(?P<eye>tray|reject) eye (?P<fault>miss|ghost){_N}", "tray|reject eye miss|ghost [N]", "光眼漏检/误检", "an eye misses or imagines a piece", _eye),
    _say(rf"glare camera {_CAMERA}{_N}", "glare camera sheet|exit [N]", "相机眩光", "the next N frames are blinded", _camera("glare")),
    _say(rf"drop frame {_CAMERA}{_N}", "drop frame sheet|exit [N]", "丢帧", "the next N frames are lost", _camera("drop")),
    _say(rf"freeze camera {_CAMERA}{_N}", "freeze camera sheet|exit [N]", "画面冻结", "the last frame is repeated N times", _camera("freeze")),
    _say(rf"wrong picture {_CAMERA}{_N}", "wrong picture sheet|exit [N]", "错画面", "the picture of another piece is shown N times", _camera("wrong")),
    _say(rf"late frame {_CAMERA}{_N}", "late frame sheet|exit [N]", "迟到帧", "the next N frames come too late", _camera("late")),
    _say(rf"extra frame {_CAMERA}{_N}", "extra frame sheet|exit [N]", "多触发", "the camera fires once too often", _camera("extra")),
    _say(rf"encoder jump {_CAMERA}{_N}", "encoder jump sheet|exit [N]", "编码器跳数", "the belt's count jumps at the next N frames", _camera("encoder")),
    _say(rf"camera {_CAMERA} (?P<power>dead|alive)", "camera sheet|exit dead|alive", "相机死机", "the camera gives no frames", _camera_power),
    _say(r"printer (?P<name>\w+) (?P<act>stop|release|eat|repeat)(?: (?P<reason>[a-z-]+))?", "printer NAME stop|release [REASON] | eat | repeat", "打印机故障", "stop the engine with an IPP reason; jam recovery eats or repeats a sheet", _printer),
    _say(r"operator (?P<deed>puts piece back|hands piece to tray)", "operator puts piece back | hands piece to tray", "操作员误操作", "what the operator does at the next jam", _operator),
    _say(r"operator (?P<where>away|back)", "operator away|back", "操作员离开/回来", "the operator leaves or returns", _presence),
    _say(r"tray swap (?P<tray>\d+)", "tray swap N", "擅自换筐", "another tray is put in place silently", _tray_swap),
    _say(rf"double feed at end{_N}", "double feed at end [N]", "叠尾双张", "the last two sheets of a stack go as one", _counted("double_feed_at_end")),
    _say(rf"gate late{_N}", "gate late [N]", "闸门迟动", "the gate moves too late for N pieces", _gate_late),
    _say(rf"extra insert{_N}", "extra insert [N]", "多装附件", "something extra gets into N envelopes", _counted("extra_insert")),
    _say(rf"scale unstable{_N}", "scale unstable [N]", "秤不稳", "the scale says nothing N times", _counted("scale_unstable")),
    _say(rf"scale drift{_N}", "scale drift [N]", "秤漂移", "the scale shows 2 g too much N times", _counted("scale_drift")),
    _say(rf"franking refuse{_N}", "franking refuse [N]", "邮资机拒绝N件", "the franking head refuses N envelopes", _counted("franking_refuses")),
    _say(rf"franking wrong{_N}", "franking wrong [N]", "邮资金额错N件", "the franking head prints another amount on N envelopes", _counted("franking_wrong")),
    _say(rf"franking unconfirmed{_N}", "franking unconfirmed [N]", "邮资未确认N件", "the franking head confirms no amount on N envelopes", _counted("franking_unconfirmed")),
    _say(rf"skip scan{_N}", "skip scan [N]", "废件未扫", "N rejected envelopes are thrown away unscanned", _counted("skip_scan")),
    _say(rf"burn stack{_N}", "burn stack [N]", "印好的N叠纸烧毁", "the next N printed stacks never reach the feeder", _counted("burn_stack")),
    _say(r"noise (?P<share>[\d.]+) ?%", "noise P%", "串口噪声", "that share of bytes to the host is lost or flipped", _noise),
    _say(r"host (?P<act>kill|stop) controller(?: (?P<seconds>[\d.]+))?", "host kill controller | host stop controller SECONDS", "杀死/冻结控制器", "ask whoever runs the controller", _host),
    _say(r"host clock (?P<seconds>[+-]?[\d.]+)", "host clock SECONDS", "控制器所在计算机的时钟跳变", "the clock of the controller's computer jumps", _clock),
    _say(r"host witness away (?P<seconds>[\d.]+)", "host witness away SECONDS", "台账见证所在的磁盘断开", "the disk of the ledger's witness is away", _witness),
    _say(r"in (?P<seconds>[\d.]+) ?s?:? (?P<then>.+)", "in SECONDS: WORDS", "稍后执行", "say WORDS later", _later),
    _say(r"bin empty", "bin empty", "清空废件箱", "the reject bin is emptied without a scan", _bin),
    _say(r"babble (?P<power>on|off)", "babble on|off", "串口风暴", "the device floods the line", _switch("babble")),
    _say(r"mend", "mend", "全部修复", "mend everything", _mend),
)  # fmt: skip


def understand(line: str) -> tuple[Saying, dict[str, str]]:
    """Return the saying a line is, with its words.

    Raises:
        UnknownWords: the line is none of them.
    """
    text = " ".join(line.split())
    for saying in SAYINGS:
        match = saying.pattern.fullmatch(text)
        if match is not None:
            return saying, {
                name: word.lower() if name != "name" else word for name, word in match.groupdict().items() if word
            }
    raise UnknownWords(f"not understood: {text!r}; 'help' lists what can be said")


def help_text() -> str:
    """Return all sayings with their meaning in Chinese and English."""
    width = max(len(saying.form) for saying in SAYINGS)
    return "\n".join(f"{saying.form:<{width}}  {saying.zh}  {saying.en}" for saying in SAYINGS)


def execute(plant: Plant, line: str) -> str:
    """Do what one line says and return what was done.

    Raises:
        UnknownWords: nothing was done.
    """
    saying, words = understand(line)
    done = saying.act(plant, words)
    plant.journal.write("fault_injected", said=" ".join(line.split()))
    return done
