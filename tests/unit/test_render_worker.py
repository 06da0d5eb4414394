"""A rendering process ends with the controller that started it, even when that one was killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# The worker inherits the pipe of standard output: it reads as ended only when controller and worker are both gone.
CONTROLLER = """
import os, time, multiprocessing
from pathlib import Path
from controller.line.book import Book
from controller.model import BatchId
from controller.postal.items import SIMULATED_RANGE
from controller.runner.production import Production

if __name__ == "__main__":
    import tempfile
    out = Path(tempfile.mkdtemp())
    production = Production(BatchId(1), out, out, b"k" * 32, Book(), {}, SIMULATED_RANGE)
    print(production._pool.submit(os.getpid).result(), flush=True)
    time.sleep(300)
"""


@pytest.mark.slow
def test_a_killed_controller_leaves_no_rendering_process_behind(tmp_path):
    script = tmp_path / "controller_like.py"
    script.write_text(CONTROLLER)
    controller = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert controller.stdout is not None
    worker = int(controller.stdout.readline())
    try:
        os.kill(worker, 0)
        controller.send_signal(signal.SIGKILL)
        controller.wait()
        ended, _, _ = select.select([controller.stdout], [], [], 60)
        assert ended, "the rendering process lives on without its controller"
        assert controller.stdout.read() == b""
    finally:
        controller.kill()
        controller.stdout.close()
        if Path(f"/proc/{worker}").exists():
            os.kill(worker, signal.SIGKILL)
