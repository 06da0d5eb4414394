"""The post at work: fetch what was announced, count what is there, accept what agrees, then tell where every letter goes.

It keeps nothing that it could not ask again: a post that is stopped and started counts, accepts and tells once more, and the sender must
bear that. What it did is written to ``DIR/post.jsonl``.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from simulator.post.cage import Mailed, read_cage
from simulator.post.counter import Count, count
from simulator.post.journeys import PostPlan, arrivals, journey
from simulator.post.wire import PartnerWire

UPLOAD_EVENTS: Final = 400
ANSWER_S: Final = 30.0
LOOK_S: Final = 0.2
"""Between two questions about the same answer."""


@dataclass(slots=True)
class Done:
    """What this post did. ``differs``: trays it did not accept, with the clerk's words."""

    accepted: dict[int, int] = field(default_factory=dict)
    differs: dict[int, str] = field(default_factory=dict)
    events: int = 0
    stored: int = 0
    repeated: int = 0

    @property
    def agrees(self) -> bool:
        return not self.differs


@dataclass(slots=True)
class PostOffice:
    """The post for the simulated line in ``folder``. ``say`` gets one sentence a step."""

    folder: Path
    wire: PartnerWire
    plan: PostPlan
    seed: int
    say: Callable[[str], None]
    done: Done = field(default_factory=Done)

    def visit(self) -> None:
        """Count and accept every announced tray that is not accepted yet, and tell of its letters.

        Raises:
            PostRefused: the station refuses this partner or cannot be reached.
        """
        announced: dict[int, dict[str, int]] = {}
        for batch in self.wire.batches():
            for tray, states in self.wire.manifest(batch).items():
                announced.setdefault(tray, {}).update(dict.fromkeys(states, batch))
        lying: dict[int, list[Mailed]] = {}
        for one in read_cage(self.folder):
            lying.setdefault(one.tray, []).append(one)
        for tray, items in sorted(announced.items()):
            if tray not in self.done.accepted:
                self._counter(tray, items, count(tray, items, lying.get(tray, ())))

    def _counter(self, tray: int, items: dict[str, int], counted: Count) -> None:
        self._write("counted", tray=tray, pieces=counted.pieces, agrees=counted.agrees, slip=counted.told())
        if not counted.agrees:
            if self.done.differs.get(tray) != counted.told():
                self.say(f"不收 NOT accepted  {counted.told()}")
            self.done.differs[tray] = counted.told()
            return
        batch = next(iter(items.values()))
        answer, why = self._accepted(batch, tray)
        self._write("accepted", tray=tray, batch=batch, answer=answer, why=why)
        if answer != "done":
            self.done.differs[tray] = f"T{tray}: {answer} {why}".rstrip()
            self.say(f"发件方未确认 the sender did not confirm  {self.done.differs[tray]}")
            return
        self.done.differs.pop(tray, None)
        self.done.accepted[tray] = counted.pieces
        self.say(f"收寄 accepted  {counted.told()}")
        self._tell(sorted(items))

    def _accepted(self, batch: int, tray: int) -> tuple[str, str]:
        command = self.wire.accept(batch, tray, f"SIM-{self.seed}-{tray}")
        deadline = time.monotonic() + ANSWER_S
        while (answer := self.wire.answer(command)) is None:
            if time.monotonic() > deadline:
                return "unanswered", "is letterline serve or a line running?"
            time.sleep(LOOK_S)
        return answer

    def _tell(self, items: list[str]) -> None:
        rng = random.Random(f"{self.seed} {items[0]}")
        now = datetime.now(UTC)
        events = arrivals([journey(item, now, self.plan, self.seed) for item in items], self.plan, rng)
        for first in range(0, len(events), UPLOAD_EVENTS):
            group = events[first : first + UPLOAD_EVENTS]
            told = self.wire.track([event.plain() for event in group])
            self.done.events += len(group)
            self.done.stored += int(told["stored"])
            self.done.repeated += int(told["repeated"])
            if told["unknown"]:
                self.done.differs[0] = f"发件方不认识 unknown to the sender: {', '.join(told['unknown'][:5])}"
        self._write("told", letters=len(items), events=len(events))

    def unannounced(self) -> list[str]:
        """Return what lies in trays that no manifest speaks of."""
        trays: dict[int, int] = {}
        for one in read_cage(self.folder):
            if one.tray not in self.done.accepted and one.tray not in self.done.differs:
                trays[one.tray] = trays.get(one.tray, 0) + 1
        return [f"T{tray}: {pieces} 件未列入清单 pieces on no manifest" for tray, pieces in sorted(trays.items())]

    def _write(self, what: str, **facts: object) -> None:
        with (self.folder / "post.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "SIMULATED": True, **facts}, ensure_ascii=False) + "\n")
