"""Runs in the peers' own environment: python run.py NAME LETTERS.json COUNT OUT.pdf; prints cpu seconds and bytes as JSON."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Import the peer first, then time making one PDF of the letters."""
    name, source, count, out = sys.argv[1:]
    letters = json.loads(Path(source).read_text("utf-8"))[: int(count)]
    peer = importlib.import_module(name)
    if hasattr(peer, "timed"):
        seconds = peer.timed(letters, out)
    else:
        start = time.process_time()
        peer.make(letters, out)
        seconds = time.process_time() - start
    print(json.dumps({"cpu": seconds, "letters": len(letters), "bytes": Path(out).stat().st_size}))


if __name__ == "__main__":
    main()
