"""Work that can wait: pictures for people, letters of the next chunk. It must never hold up a grant.

On Linux niceness belongs to a thread, not to a process, so one thread can step back while the line beside it does not.
"""

from __future__ import annotations

import os
import threading
from typing import Final

BEHIND: Final = 10
"""How much nicer than the line: about a tenth of its share when both want the same processor."""


def step_back() -> None:
    """Let the calling thread run behind everything that has a deadline."""
    me = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + BEHIND)
