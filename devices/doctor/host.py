"""Checks of the computer itself: programs, fonts, clock, disk, spool privacy."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

from devices.doctor.findings import Finding, Health

LOW_DISK_BYTES = 2_000_000_000
SLOW_FSYNC_MS = 20.0
_ADJTIMEX_ERROR = 5
"""TIME_ERROR of adjtimex(2): the clock is not synchronised."""
_SERIF, _SANS = "Noto Serif CJK SC", "Noto Sans CJK SC"


def check_host(directory: Path) -> list[Finding]:
    """Everything that does not depend on a line file; ``directory`` is where runs are kept."""
    return [_programs(), _fonts(), _clock(), _disk(directory), _fsync(directory), *_left_spoolers()]


def _programs() -> Finding:
    what = "打印服务程序 / print spooler"
    wanted = ["/usr/sbin/cupsd", "/usr/lib/cups/backend/ipp"]
    missing = [path for path in wanted if not Path(path).exists()]
    if missing:
        return Finding(
            what,
            Health.BAD,
            f"缺少 / missing: {', '.join(missing)}",
            "运行安装 / run the set-up: bash setup/bootstrap.sh",
        )
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "cups-daemon"], capture_output=True, text=True, timeout=10, check=False
    )
    return Finding(what, Health.GOOD, f"cupsd {version.stdout.strip()}")


def _fonts() -> Finding:
    what = "中文字体 / Chinese fonts"
    if shutil.which("fc-list") is None:
        return Finding(what, Health.WARN, "没有 fc-list / fc-list is missing", "apt-get install fontconfig")
    listed = subprocess.run(
        ["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    missing = [name for name in (_SERIF, _SANS) if name not in listed]
    if missing:
        return Finding(what, Health.BAD, f"缺少 / missing: {', '.join(missing)}", "apt-get install fonts-noto-cjk")
    return Finding(what, Health.GOOD, f"{_SERIF}, {_SANS}")


def _clock() -> Finding:
    """NTP state from the kernel; the line itself uses the steady clock, but post and evidence carry wall time."""
    what = "时钟同步 / clock"
    buffer = ctypes.create_string_buffer(256)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    seen = time.strftime("%Y-%m-%d %H:%M:%S %z")
    if state in (_ADJTIMEX_ERROR, -1):
        return Finding(
            what,
            Health.WARN,
            f"{seen}，未与时间服务器同步 / not synchronised",
            "启用 NTP / enable NTP (systemd-timesyncd, chrony)",
        )
    return Finding(what, Health.GOOD, seen)


def _disk(directory: Path) -> Finding:
    what = "磁盘空间 / disk space"
    free = shutil.disk_usage(directory).free
    seen = f"{free / 1e9:.1f} GB ({directory})"
    if free < LOW_DISK_BYTES:
        return Finding(
            what,
            Health.BAD,
            seen,
            "清理磁盘，台账留有 2 GB 余量才会开机 / free at least 2 GB; the ledger stops the line without reserve",
        )
    return Finding(what, Health.GOOD, seen)


def _fsync(directory: Path) -> Finding:
    what = "写盘延迟 / durable write"
    probe = directory / f".letterline-fsync-{os.getpid()}"
    took: list[float] = []
    try:
        with probe.open("wb", buffering=0) as file:
            for _ in range(20):
                file.write(b"x" * 512)
                before = time.perf_counter()
                os.fdatasync(file.fileno())
                took.append((time.perf_counter() - before) * 1000)
    except OSError as problem:
        return Finding(
            what,
            Health.BAD,
            f"{directory}: {problem.strerror}",
            "换一个可写的目录 / choose a directory that can be written",
        )
    finally:
        probe.unlink(missing_ok=True)
    took.sort()
    seen = f"{took[len(took) // 2]:.1f} ms, max {took[-1]:.1f} ms"
    if took[len(took) // 2] > SLOW_FSYNC_MS:
        return Finding(what, Health.WARN, seen, "台账放到本地固态盘 / put the ledger on a local solid-state disk")
    return Finding(what, Health.GOOD, seen)


def _left_spoolers() -> list[Finding]:
    """Private print spoolers whose run directory has been deleted: a controller was killed, its cupsd prints on, and nobody will start it again."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[:2] != ["/usr/sbin/cupsd", "-f"] or len(words) < 4 or Path(words[3]).exists():
            continue
        found.append(
            Finding(
                "遗留的打印服务 / left print spooler",
                Health.WARN,
                f"cupsd {entry.name}: {words[3]} 已不存在 / is gone",
                f"kill {entry.name}",
            )
        )
    return found


def check_spool(run_directory: Path) -> list[Finding]:
    """Whether letters of this run can be read by others, or still lie in its spool."""
    what = "打印缓存隐私 / spool privacy"
    pointer = run_directory / "cups" / "moved-to"
    root = Path(pointer.read_text().strip()) if pointer.exists() else run_directory / "cups"
    if not root.is_dir():
        return [Finding(what, Health.NOTE, f"{run_directory} 没有打印缓存 / has no spool")]
    findings = []
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o077:
        findings.append(Finding(what, Health.BAD, f"{root} 权限 / mode {mode:o}", f"chmod 700 {root}"))
    left = sorted((root / "spool").glob("d*"))
    if left:
        findings.append(
            Finding(
                what,
                Health.WARN,
                f"{len(left)} 个文档仍在缓存 / documents still spooled",
                "任务未完成；完成或取消后自动删除 / unfinished jobs; gone when they end",
            )
        )
    conf = root / "etc/cupsd.conf"
    if conf.exists() and "PreserveJobFiles No" not in conf.read_text():
        findings.append(Finding(what, Health.BAD, f"{conf}", "设 PreserveJobFiles No / set PreserveJobFiles No"))
    return findings or [
        Finding(what, Health.GOOD, f"{root}: 仅本用户可读，打印后不留文档 / private, nothing kept after printing")
    ]
