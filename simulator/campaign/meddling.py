"""Single words of the wire bent on purpose: every kind of lie, at every word of a job of a few letters. Nothing is drawn but details.

Where `exhaustive` strikes paper and machines, this strikes what is *said*: a word is left out, repeated, late, or says something else; a
word comes that nobody spoke; a person does the right thing at the wrong time. It aims at the states in which a rule matters that
another rule, or the machine itself, stands behind; the onlooker sees the unsafe act even when it did no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from controller.line import actions as act
from controller.line import events as ev
from simulator.campaign.shift import Shift


@dataclass(frozen=True, slots=True)
class Lie:
    """One way to meddle. ``bend`` makes other words of a word (of class ``of``; None: of any word from the floor)."""

    name: str
    of: type | None
    bend: Callable[[Meddling, Any], list[Any]]
    scale: bool = False
    """It means something only on a line with a scale."""


class Meddling:
    """Stands on the wire of one shift and bends the ``at``-th word that its lie is about."""

    def __init__(self, shift: Shift, lie: Lie | None, at: int) -> None:
        self.shift, self.lie, self.at = shift, lie, at
        self.passed = 0
        self.done = False
        self.die_at: type | None = None
        self.blind = False
        """No eye sees the next envelope that falls into the tray."""
        shift.host.meddler = self
        if lie is not None and lie.of is str:
            shift.people.before = self._before

    def words(self, event: Any) -> list[Any]:
        kind = type(event)
        if kind is self.die_at:
            self.die_at = None
            self.shift.clock.after(1, self.shift.host.kill)
        if self.blind and kind is ev.TrayEye:
            return [ev.RejectEye(event.seq, event.piece_no, 0)]
        if self.blind and kind is ev.PieceExited and event.tray:
            self.blind = False
            return [replace(event, tray=False, reject=False)]
        lie = self.lie
        if (
            self.done
            or lie is None
            or lie.of is str
            or kind not in FLOOR
            or (lie.of is not None and kind is not lie.of)
        ):
            return [event]
        self.passed += 1
        if self.passed != self.at:
            return [event]
        self.done = True
        return lie.bend(self, event)

    def command(self, action: act.Action) -> list[act.Action]:
        lie = self.lie
        if self.done or lie is None or type(action) is not lie.of:
            return [action]
        self.passed += 1
        if self.passed != self.at:
            return [action]
        self.done = True
        return lie.bend(self, action)

    def _before(self, task: str) -> None:
        self.passed += 1
        if self.lie is not None and self.passed == self.at and not self.done:
            self.done = True
            self.lie.bend(self, task)

    # --- what lies are made of ---

    def emit(self, event_type: type, *fields: object) -> None:
        self.shift.machine.emit(event_type, *fields)

    def soon(self, call: Callable[..., Any], *arguments: object) -> None:
        """Do something as soon as nobody is in the middle of a step."""
        self.shift.clock.after(1, call, *arguments)

    def ask(self, command: type, *fields: object) -> None:
        self.soon(self.shift.host.ask, command, *fields)

    @property
    def tray(self) -> int:
        return self.shift.machine.belt.tray_number

    @property
    def granted(self) -> list[int]:
        """Machine numbers of the pieces that have a grant."""
        inside = self.shift.host.core.line.inside
        return [number for number, envelope in inside.items() if envelope.granted]

    def live(self, place: int) -> int:
        """Return the uid of the newest attempt at letter ``place`` of the job; 0: none."""
        letter = self.shift.host.core.book.letters.get(self.shift.letters[place].letter)
        return letter.pieces[-1].uid if letter is not None and letter.pieces else 0

    def other_tray(self) -> None:
        """Another tray is put in place, said so on the screen, while pieces are under way."""
        self.soon(self.shift.people.change_tray)


FLOOR: Final = frozenset(
    {
        ev.MachineState,
        ev.SheetFed,
        ev.SheetRead,
        ev.StackLoaded,
        ev.StackEnded,
        ev.PieceFormed,
        ev.Franked,
        ev.PieceAtExit,
        ev.ExitRead,
        ev.GateSet,
        ev.TrayEye,
        ev.RejectEye,
        ev.PieceExited,
    }
)
"""Words that come from the floor by themselves."""
