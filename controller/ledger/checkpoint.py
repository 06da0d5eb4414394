"""The witness of how far the ledger had got: a small file, best kept on another disk than the database.

A database put back from an old backup is consistent in itself; only something outside it can tell. The witness names a seq and its
hash. It is written after the commit it names, so it is never ahead of an honest database (fault matrix row 43).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.ledger.errors import FaultCode, LedgerFault


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The ledger ``ledger_id`` had, at ``seq``, this ``hash``."""

    ledger_id: str
    seq: int
    hash: bytes


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint in ``path``, or None when there is no such file yet.

    Raises:
        LedgerFault: ROLLBACK when the file is there but cannot be understood; a witness that cannot be read proves nothing.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(content)
        return Checkpoint(str(fields["ledger"]), int(fields["seq"]), bytes.fromhex(fields["hash"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerFault(
            FaultCode.ROLLBACK,
            f"the witness file {path.name} cannot be read ({error}). Restore it, or have two persons check the ledger and remove it",
        ) from error


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the witness in one step, so that a crash leaves the old one or the new one.

    Raises:
        LedgerFault: STORAGE when it could not be written.
    """
    content = json.dumps({"ledger": checkpoint.ledger_id, "seq": checkpoint.seq, "hash": checkpoint.hash.hex()})
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise LedgerFault(
            FaultCode.STORAGE, f"the witness file {path.name} could not be written: {error.strerror}"
        ) from error


class Witness(Protocol):
    """Where the newest checkpoint is kept."""

    def read(self) -> Checkpoint | None:
        """Return what was kept last; None when nothing was. Raises `LedgerFault` when it cannot be told."""

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep ``checkpoint`` instead. Raises `LedgerFault` STORAGE when it could not be kept."""


@dataclass(frozen=True, slots=True)
class WitnessFile:
    """The witness as a file at ``path``."""

    path: Path

    def read(self) -> Checkpoint | None:
        return read_checkpoint(self.path)

    def write(self, checkpoint: Checkpoint) -> None:
        write_checkpoint(self.path, checkpoint)


def confirm(checkpoint: Checkpoint, ledger_id: str, head_seq: int, hash_at_checkpoint: bytes | None) -> None:
    """Check that the database still holds what the witness saw.

    Raises:
        LedgerFault: ROLLBACK, saying how far back the database is, or that it is another one.
    """
    if checkpoint.ledger_id != ledger_id:
        raise LedgerFault(
            FaultCode.ROLLBACK,
            f"the witness belongs to ledger {checkpoint.ledger_id[:8]}, this database is {ledger_id[:8]}",
        )
    if head_seq < checkpoint.seq:
        raise LedgerFault(
            FaultCode.ROLLBACK,
            f"this database ends at event {head_seq}, but the witness saw event {checkpoint.seq}: an old copy was put back. "
            "Restore the newest copy; letters may have left since",
            seq=head_seq,
        )
    if hash_at_checkpoint != checkpoint.hash:
        raise LedgerFault(
            FaultCode.ROLLBACK,
            f"event {checkpoint.seq} is not the one the witness saw: the history was rewritten",
            seq=checkpoint.seq,
        )
