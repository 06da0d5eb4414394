"""What a simulated world asks of the computer the controller runs on, and no simulator can do by itself: kill or stop the controller, step its
clock, take away the disk its witness lies on.

The witness lies in ``OUT/other-disk``. The clock is stepped by a library preloaded into the controller (`stepped_clock.c`, built when needed);
its monotonic clock is the true one, as on a real computer.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import threading
from pathlib import Path

CLOCK_SOURCE = Path(__file__).with_name("stepped_clock.c")


class HostDeeds:
    """Serves the requests of the simulated line in ``out``/sim on a running controller."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._requests = out / "sim" / "requests.jsonl"
        self._disk = out / "other-disk"
        self._disk.mkdir(parents=True, exist_ok=True)
        self._seen = 0
        self.killed = 0
        self.witness = self._disk / "ledger.witness"

    def serve(self, process: subprocess.Popen[bytes]) -> None:
        """Read new requests and act on ``process``."""
        if not self._requests.exists():
            return
        lines = self._requests.read_text(encoding="utf-8").splitlines()
        for line in lines[self._seen :]:
            request = json.loads(line)
            match request["request"]:
                case "controller_kill":
                    self.killed += 1
                    process.kill()
                case "controller_stop":
                    process.send_signal(signal.SIGSTOP)
                    threading.Timer(float(request["seconds"]), process.send_signal, (signal.SIGCONT,)).start()
                case "clock_step":
                    self._step_clock(float(request["seconds"]))
                case "witness_away":
                    self._disk.rename(away := self._disk.with_name("other-disk-away"))
                    threading.Timer(float(request["seconds"]), away.rename, (self._disk,)).start()
        self._seen = len(lines)

    def stepped_clock(self) -> dict[str, str]:
        """Return the environment for a controller whose clock can be stepped.

        Raises:
            subprocess.CalledProcessError: the C compiler refused the library.
        """
        library = self._out / "stepped_clock.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, CLOCK_SOURCE], check=True, timeout=60)
        self._step_clock(0.0)
        return os.environ | {"LD_PRELOAD": str(library.resolve()), "STEPPED_CLOCK": str(self._clock.resolve())}

    @property
    def _clock(self) -> Path:
        return self._out / "clock-offset"

    def _step_clock(self, seconds: float) -> None:
        # In place: the controller has the file mapped.
        with self._clock.open("r+b" if self._clock.exists() else "wb") as file:
            file.write(struct.pack("<q", round(seconds * 1e9)))
