"""Run under failing_disk.so by test_crash_ledger.py: forks one writer per disk call and per way to fail, prints what each was promised.

Arguments: an empty directory. Prints one JSON line a trial: mode, call, acknowledged seq, how the writer ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

from controller.ledger.errors import LedgerFault
from controller.ledger.opening import open_ledger
from controller.ledger.records import Record

NOW = 1_700_000_000_000_000_000
MODES = {"eio": 1, "kill": 2, "torn": 3}
DISK = ctypes.CDLL(None)
DISK.disk_calls.restype = ctypes.c_long


def write_some(path: Path, acknowledge: int) -> None:
    """Open, append four transactions, close; say each promise on the pipe as soon as it is made."""
    with open_ledger(path, disk_reserve_bytes=0) as books:
        for number in range(1, 5):
            piece = 100_000_000_00 + number * 100 + 1
            words = ("planned", "rendered", "submitted", "printed")
            records = [Record("letter.opened", letter=piece // 100)]
            records += [Record(f"piece.{word}", piece=piece, data={"text": "x" * 900}) for word in words]
            seq = books.ledger.append(records, NOW)
            os.write(acknowledge, f"{seq}\n".encode())
            if number == 2:
                books.ledger.witness()


def trial(path: Path, mode: str, call: int) -> dict[str, object]:
    """Let a child write while the disk fails at ``call``; return what it was promised and how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        DISK.disk_arm(ctypes.c_long(call), MODES[mode])
        try:
            write_some(path, writing)
        except LedgerFault:
            os._exit(3)
        except BaseException as error:
            sys.stderr.write(f"{mode} {call}: {error!r}\n")
            os._exit(4)
        os._exit(0 if DISK.disk_calls() < call else 5)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        promised = [int(line) for line in pipe.read().split()]
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"mode": mode, "call": call, "promised": promised[-1] if promised else 0, "ended": status, "file": path.name}


def main(directory: Path) -> None:
    template = directory / "template.db"
    with open_ledger(template, disk_reserve_bytes=0) as books:
        # The schema stands before the counting starts; a crash while creating it leaves no promise to keep.
        books.ledger.append([Record("line.note")], NOW)
    made = template.read_bytes()
    for mode in MODES:
        for call in range(1, 400):
            path = directory / f"{mode}-{call}.db"
            path.write_bytes(made)
            path.with_suffix(".witness").write_bytes(template.with_suffix(".witness").read_bytes())
            result = trial(path, mode, call)
            print(json.dumps(result), flush=True)
            if result["ended"] == 0:
                break


if __name__ == "__main__":
    main(Path(sys.argv[1]))
