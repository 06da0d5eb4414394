"""Checks of the devices a line file names."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devices.camera import MjpegCamera
from devices.doctor.findings import Finding, Health
from devices.doctor.ports import check_port
from devices.errors import DeviceError
from devices.printing.ipp import Printer

_ANSWER_S = 2.0


def check_line(path: Path) -> list[Finding]:
    """Every device of the line file. A file that cannot be read is one finding."""
    what = "产线文件 / line file"
    try:
        line = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        return [
            Finding(what, Health.BAD, f"{path}: {problem}", "检查路径与 TOML 语法 / check the path and the TOML syntax")
        ]
    findings = [Finding(what, Health.GOOD, f"{path}")]
    if line.get("simulated"):
        findings.append(Finding(what, Health.NOTE, "模拟产线 / this line is SIMULATED"))
    printers = line.get("printer") or []
    if not isinstance(printers, list) or not printers:
        findings.append(
            Finding(
                "打印机 / printers",
                Health.BAD,
                "没有 / none",
                "写入 [[printer]] name, uri / add [[printer]] with name and uri",
            )
        )
    else:
        findings += [check_printer(_text(entry, "name"), _text(entry, "uri")) for entry in printers]
    findings.append(check_inserter(_text(line.get("inserter"), "url")))
    cameras = line.get("camera")
    for name in ("c1", "c2"):
        findings.append(check_camera(name, _text(cameras.get(name) if isinstance(cameras, dict) else None, "url")))
    scanner = _text(line.get("scanner"), "url")
    if scanner:
        findings.append(check_port("扫描枪 / hand scanner", scanner))
    return findings


def check_printer(name: str, uri: str) -> Finding:
    what = f"打印机 / printer {name}"
    try:
        status = Printer(uri, _ANSWER_S).status()
    except DeviceError as problem:
        return Finding(what, Health.BAD, str(problem), "检查电源、网络与地址 / check power, network and address")
    state = {3: "空闲 / idle", 4: "打印中 / printing", 5: "停止 / stopped"}.get(status.state, str(status.state))
    if status.state == 5 or status.reasons:
        return Finding(
            what,
            Health.WARN,
            f"{state}: {', '.join(status.reasons) or status.message}",
            "按打印机面板提示处理 / see the printer's panel",
        )
    return Finding(what, Health.GOOD, f"{uri}: {state}")


def check_inserter(url: str) -> Finding:
    what = "折叠封装机 / folder-inserter"
    if not url:
        return Finding(
            what, Health.BAD, "缺少 [inserter] url / [inserter] url is missing", "写入设备地址 / add the device address"
        )
    parts = urlsplit(url)
    if url.startswith("modbus-rtu://"):
        return check_port(what, parts.path)
    if parts.hostname and parts.port:
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=_ANSWER_S).close()
        except OSError as problem:
            return Finding(
                what, Health.BAD, f"{url}: {problem}", "检查电源、网络与地址 / check power, network and address"
            )
        return Finding(what, Health.GOOD, f"{url}: 可连接 / connects")
    return check_port(what, url)


def check_camera(name: str, url: str) -> Finding:
    what = f"相机 / camera {name}"
    if not url:
        return Finding(
            what, Health.BAD, f"缺少 [camera.{name}] url / is missing", "写入相机地址 / add the camera address"
        )
    if not url.startswith("http://"):
        return Finding(what, Health.NOTE, f"{url}: 用 letterline camera 检查 / check it with letterline camera")
    try:
        with MjpegCamera(url, name) as camera:
            connected = camera.wait_connected(_ANSWER_S)
            problem = camera.problem
    except DeviceError as refused:
        connected, problem = False, str(refused)
    if connected:
        return Finding(what, Health.GOOD, f"{url}: 可连接 / connects")
    return Finding(what, Health.BAD, problem, "检查电源、网线与地址 / check power, cable and address")


def _text(entry: Any, key: str) -> str:
    return str(entry.get(key, "")) if isinstance(entry, dict) else ""
