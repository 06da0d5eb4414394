"""Checks of serial ports: which there are by id, who holds them, may we open them, is the adapter quick enough."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from serial.tools import list_ports

from devices.doctor.findings import Finding, Health

_LATENCY = Path("/sys/bus/usb-serial/devices")


def list_serial_ports() -> list[Finding]:
    """One finding for each port that hardware stands behind, by its stable name."""
    by_id = (
        {str(link.resolve()): str(link) for link in sorted(Path("/dev/serial/by-id").glob("*"))}
        if Path("/dev/serial/by-id").is_dir()
        else {}
    )
    findings = []
    for port in list_ports.comports():
        if port.device not in by_id and not port.hwid.startswith("USB"):
            continue
        name = by_id.get(port.device, port.device)
        findings.append(Finding(f"串口 / serial port {name}", Health.NOTE, f"{port.device}: {port.description}"))
    return findings or [
        Finding("串口 / serial ports", Health.NOTE, "没有 USB 串口 / no USB serial adapter is plugged in")
    ]


def check_port(what: str, url: str) -> Finding:
    """One port of the line file; network URLs are only named."""
    if "://" in url:
        return Finding(what, Health.NOTE, f"{url} (网络地址 / network address)")
    path = Path(url)
    if not path.exists():
        kind = "链接断开 / dangling link" if path.is_symlink() else "不存在 / not there"
        return Finding(
            what,
            Health.BAD,
            f"{url}: {kind}",
            "检查电缆与 /dev/serial/by-id 下的名称 / check the cable and the name under /dev/serial/by-id",
        )
    real = path.resolve()
    # A pty is also held by the program that plays the device behind it; there only the lock of a controller counts.
    locked = _is_locked(real)
    holders = who_holds(real) if locked or not str(real).startswith("/dev/pts/") else []
    if locked and not holders:
        holders = ["?"]
    if holders:
        return Finding(
            what,
            Health.WARN,
            f"{url} 被占用 / held by {', '.join(holders)}",
            "一台机器只能有一个控制程序；先停掉它 / one controller per machine; stop it first",
        )
    if not os.access(real, os.R_OK | os.W_OK):
        return Finding(
            what,
            Health.BAD,
            f"{url}: 无权限 / no permission",
            f"把用户加入 dialout 组后重新登录 / usermod -aG dialout {os.environ.get('USER', 'USER')}; log in again",
        )
    latency = _latency_ms(real.name)
    if latency > 1:
        return Finding(
            what,
            Health.WARN,
            f"{url}: USB 延迟 / latency timer {latency} ms",
            f"echo 1 > {_LATENCY}/{real.name}/latency_timer",
        )
    stable = (
        ""
        if "/by-id/" in url or not real.name.startswith("ttyUSB")
        else "；名称会变，请用 by-id / the name may change, use by-id"
    )
    return Finding(what, Health.WARN if stable else Health.GOOD, f"{url} → {real}{stable}")


def who_holds(device: Path) -> list[str]:
    """ "name (pid)" of every other process that has this device open, as far as we may see."""
    target = str(device)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if any(str(link.readlink()) == target for link in (entry / "fd").iterdir()):
                found.append(f"{(entry / 'comm').read_text().strip()} ({entry.name})")
        except OSError:
            continue
    return found


def _is_locked(device: Path) -> bool:
    """Whether a program has opened the port exclusively, as every driver here does."""
    try:
        handle = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as problem:
        return problem.errno == errno.EBUSY
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _latency_ms(name: str) -> int:
    try:
        return int((_LATENCY / name / "latency_timer").read_text())
    except (OSError, ValueError):
        return 0
