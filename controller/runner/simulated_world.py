"""Starts the hardware simulator as a process of its own, on the other side of the wire, and ends it.

The world outlives the controller, as a real one would: it runs in a session of its own, and a controller that starts again finds the
same machine with the same paper in it. Only an orderly end of the run ends the world too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

READY_S = 40.0
STOP_S = 5.0


class WorldError(Exception):
    """The simulator did not come up; the text holds the end of its log."""


class SimulatedWorld:
    """The simulator of one run directory."""

    def __init__(self, directory: Path, scenario: str, seed: int, speed: float) -> None:
        self.directory = directory
        self._command = [
            str(Path(sys.executable).parent / "letterline"), "sim", *([scenario] if scenario else []),
            "--seed", str(seed), "--speed", str(speed), "--dir", str(directory),
        ]  # fmt: skip
        self._log = directory / "sim.log"

    @property
    def line_file(self) -> Path:
        return self.directory / "line.toml"

    def pid(self) -> int:
        """Return the process id of the living simulator of this directory, or 0."""
        try:
            pid = int((self.directory / "sim.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            return 0
        return pid if str(self.directory).encode() in command and state != "Z" else 0

    def start(self) -> bool:
        """Make sure the world is there; return True when it was running already.

        Raises:
            WorldError: it ended or was not ready in time.
        """
        if self.pid() and self.line_file.exists():
            return True
        self.directory.mkdir(parents=True, exist_ok=True)
        self.line_file.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_S
        while not self.line_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise WorldError(f"模拟器没有启动 / the simulator did not start:\n{self._tail()}")
            time.sleep(0.05)
        return False

    def stop(self) -> None:
        """End the simulator; kill it when it does not obey."""
        pid = self.pid()
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while self.pid() == pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        return ""
