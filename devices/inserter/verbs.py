"""The verbs of an inserter, the same over every transport."""

from __future__ import annotations

import secrets

from devices.inserter.messages import CommandCode
from devices.kinds import MachineMode, Verb


class CommandIds:
    """Command numbers no other run of a host has used: a random upper half, then counting."""

    def __init__(self) -> None:
        self._last = secrets.randbits(31) << 32

    def next(self) -> int:
        self._last += 1
        return self._last


class Verbs:
    """Turns verbs into commands. A transport gives ``_say``, which returns the command id at once."""

    def _say(self, code: CommandCode, *values: int) -> int:
        raise NotImplementedError

    def packml(self, verb: Verb) -> int:
        return self._say(CommandCode.PACKML, verb)

    def mode(self, mode: MachineMode) -> int:
        return self._say(CommandCode.MODE, mode)

    def end_set(self, epoch: int, sheet_no: int, ends: bool) -> int:
        return self._say(CommandCode.END_SET, epoch, sheet_no, int(ends))

    def grant(self, epoch: int, piece_no: int, uid: int, deadline_us: int) -> int:
        return self._say(CommandCode.GRANT, epoch, piece_no, uid, deadline_us)

    def revoke(self, epoch: int, piece_no: int) -> int:
        return self._say(CommandCode.REVOKE, epoch, piece_no)

    def feed_limit(self, epoch: int, sheet_no: int) -> int:
        return self._say(CommandCode.FEED_LIMIT, epoch, sheet_no)

    def set_tray(self, tray: int) -> int:
        return self._say(CommandCode.SET_TRAY, tray)
