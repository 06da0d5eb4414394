"""A ledger as a text file that anybody can check: one JSON line with the ledger's id, then one JSON array an event.

``[seq, at_unix_ns, kind, batch, letter, piece, tray, job, data, hash in hex]``; ``data`` is the canonical JSON text that was hashed.
docs/integrity/ledger.md says how to check it with SHA-256 alone; `simulator.auditor` reads it.
"""

from __future__ import annotations

import json
from typing import TextIO

from controller.ledger.ledger import Ledger


def export(ledger: Ledger, target: TextIO) -> int:
    """Write every event of ``ledger``; return how many."""
    target.write(json.dumps({"ledger": ledger.store.ledger_id, "events": ledger.seq}) + "\n")
    count = 0
    for event in ledger.read(1, ledger.seq):
        target.write(json.dumps([*event[:-1], event.hash.hex()], ensure_ascii=False) + "\n")
        count += 1
    return count
