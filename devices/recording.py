"""Records the bytes on a device's wire and plays them back to a driver's pure part, so that what happened on a floor becomes a test.

One JSON object a line: ``{"at_us": ..., "way": "in" | "out", "hex": "..."}``, first line ``{"letterline_wire": 1, "device": ..., "url": ...}``.
A recording holds marks and numbers, never names or debts: that is all that ever travels on these wires.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from devices.errors import ProtocolError

MAX_WAITING = 10_000
FORMAT = 1


@dataclass(frozen=True, slots=True)
class WireBytes:
    """``inward``: from the device to the host."""

    at_us: int
    inward: bool
    data: bytes


class WireRecorder:
    """A tap for a driver that writes on a thread of its own. A slow disk loses records (counted, and said in the file), never time on the wire."""

    def __init__(self, path: Path, device: str, url: str) -> None:
        self.lost = 0
        self._waiting: queue.Queue[WireBytes | None] = queue.Queue(MAX_WAITING)
        self._file = path.open("x", encoding="ascii")
        self._file.write(json.dumps({"letterline_wire": FORMAT, "device": device, "url": url}) + "\n")
        self._thread = threading.Thread(target=self._write_on, name=f"{device}-recorder", daemon=True)
        self._thread.start()

    def tap(self, way: str, data: bytes) -> None:
        """Give this to ``InserterDriver(tap=...)``."""
        try:
            self._waiting.put_nowait(WireBytes(time.monotonic_ns() // 1000, way == "in", data))
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(10.0)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_on(self) -> None:
        lost_said = 0
        while (record := self._waiting.get()) is not None:
            line: dict[str, object] = {
                "at_us": record.at_us,
                "way": "in" if record.inward else "out",
                "hex": record.data.hex(),
            }
            if self.lost != lost_said:
                lost_said = self.lost
                line["lost_before"] = lost_said
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def recorded_url(path: Path) -> str:
    """The address of the device a recording was made of.

    Raises:
        ProtocolError: not a recording.
    """
    try:
        with path.open(encoding="ascii") as file:
            return str(json.loads(file.readline())["url"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ProtocolError(f"{path}: 不是通信录制文件 / not a recording of a wire: {problem}") from problem


def read_recording(path: Path) -> Iterator[WireBytes]:
    """The bytes of a recording in order. A last line cut short by a crash is left out.

    Raises:
        ProtocolError: not a recording, or damaged before its last line; says which line.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise ProtocolError(f"recording {path}: {problem}") from problem
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if number == 1:
                if entry["letterline_wire"] != FORMAT:
                    raise ValueError(f"format {entry['letterline_wire']}")
                continue
            yield WireBytes(int(entry["at_us"]), {"in": True, "out": False}[entry["way"]], bytes.fromhex(entry["hex"]))
        except (ValueError, KeyError, TypeError) as problem:
            if number == len(lines) and number > 1:
                return
            raise ProtocolError(f"recording {path}, line {number}: {problem}") from problem
