"""A GigE Vision camera on loopback for tests and benches: libaravis's own fake camera, filled with our pictures.

The protocol (GVCP discovery and control, GVSP stream over UDP) is aravis's; only the pixels are ours. Run as a process:
``python -m benchmarks.gige_camera 127.0.0.1 NAME [PICTURES.npy]``; it serves until it is killed. SIMULATED.
The pictures (count, height, width) are shown in turn, one a trigger, in the upper left corner of the sensor.

Triggered, the fake camera looks for a trigger only so many times a second (25 unless told otherwise), which alone
delays a frame by up to 40 ms; a real camera exposes at once. So it is told to look every two milliseconds.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from ctypes import c_char_p, c_double, c_size_t, c_uint32, c_void_p
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

TRIGGERS_LOOKED_FOR_HZ = 500.0
PORT = 3956
"""The UDP port of every GigE Vision camera (GigE Vision 1.2, 14.1)."""
START_S = 60.0
_FILL = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_uint32, c_uint32, c_uint32)


class GigeCamera(ExitStack):
    """The camera is plugged in inside the ``with`` block, and gone after it."""

    def __init__(self, pictures: Path | None = None) -> None:
        super().__init__()
        self._command = [sys.executable, "-m", "benchmarks.gige_camera", "127.0.0.1", "TEST1"]
        self._command += [str(pictures)] if pictures else []

    def __enter__(self) -> GigeCamera:
        super().__enter__()
        process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        self.callback(process.wait)
        self.callback(process.kill)
        try:
            _wait_until_bound(process)
        except RuntimeError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return bool(super().__exit__(kind, error, trace))


def _wait_until_bound(process: subprocess.Popen[bytes]) -> None:
    """Look, and touch nothing: a probe that binds the port itself may take it from the camera."""
    deadline = time.monotonic() + START_S
    while not _holds_port(process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the fake GigE camera did not take UDP port {PORT}; is another one running?")
        time.sleep(0.02)


def _holds_port(pid: int) -> bool:
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) == PORT}
    with suppress(OSError):  # a file closed meanwhile, or the process is gone
        return any(str(held.readlink()) in sockets for held in Path(f"/proc/{pid}/fd").iterdir())
    return False


def serve(address: str, serial: str, pictures: NDArray[np.uint8] | None) -> None:
    """Run the camera until the process ends."""
    aravis = ctypes.CDLL("libaravis-0.8.so.0")
    for name in ("arv_gv_fake_camera_new", "arv_gv_fake_camera_get_fake_camera", "arv_buffer_get_data"):
        getattr(aravis, name).restype = c_void_p
    camera = aravis.arv_gv_fake_camera_new(c_char_p(address.encode()), c_char_p(serial.encode()))
    if not aravis.arv_gv_fake_camera_is_running(c_void_p(camera)):
        raise SystemExit(f"the fake camera cannot bind {address}: is another one running?")
    inner = aravis.arv_gv_fake_camera_get_fake_camera(c_void_p(camera))
    aravis.arv_fake_camera_set_trigger_frequency(c_void_p(inner), c_double(TRIGGERS_LOOKED_FOR_HZ))
    if pictures is not None:
        shown = _shown_in_turn(aravis, np.ascontiguousarray(pictures))
        aravis.arv_fake_camera_set_fill_pattern(c_void_p(inner), shown, None)
    threading.Event().wait()


def _shown_in_turn(aravis: ctypes.CDLL, pictures: NDArray[np.uint8]) -> object:
    count, height, width = pictures.shape
    turn = 0

    def fill(buffer: int, _data: int, _exposure: int, _gain: int, _form: int) -> None:
        nonlocal turn
        aravis.arv_buffer_get_data(c_void_p(buffer), ctypes.byref(c_size_t(0)))
        target = aravis.arv_buffer_get_data(c_void_p(buffer), None)
        source = pictures[turn % count]
        ctypes.memmove(target, source.ctypes.data, height * width)
        turn += 1

    return _FILL(fill)


if __name__ == "__main__":
    shown = np.load(sys.argv[3]) if len(sys.argv) > 3 else None
    serve(sys.argv[1], sys.argv[2], shown)
