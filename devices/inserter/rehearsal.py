"""A recording as a regression test: what today's driver hears of it, as text that can be kept and compared."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from devices.errors import ProtocolError
from devices.inserter.replay import Conversation, replay, replay_driver
from devices.kinds import InserterEvent, InserterNotice
from devices.recording import read_recording, recorded_url


@dataclass(frozen=True, slots=True)
class Heard:
    """``complete``: no event is missing between others of its boot, and none was unreadable."""

    story: Conversation
    told: list[InserterNotice]

    @property
    def complete(self) -> bool:
        return not self.story.gaps and not self.story.unreadable_events

    @property
    def figures(self) -> dict[str, object]:
        """Counts for people."""
        events = [notice for notice in self.told if isinstance(notice, InserterEvent)]
        kinds = Counter(type(notice).__name__ for notice in self.told)
        return {
            "boots heard": len(self.story.epochs),
            "events on the wire": len(self.story.events),
            "events told to the line": len(events),
            "events missing": len(self.story.gaps),
            "events unreadable": self.story.unreadable_events,
            "commands said": len(self.story.commands),
            "results heard": len(self.story.results),
            "damaged runs, from device": self.story.dropped_from_device,
            "damaged runs, from host": self.story.dropped_from_host,
            **{f"told: {kind}": count for kind, count in sorted(kinds.items())},
        }

    def to_json(self) -> str:
        """One notice a line, in order: a difference names the first place where two drivers part."""
        return "\n".join(json.dumps(str(notice), ensure_ascii=False) for notice in self.told) + "\n"


def hear(recording: Path) -> Heard:
    """Play a recording of transport A back.

    Raises:
        ProtocolError: not a recording, a damaged one, or one of registers, whose requests and answers a Modbus analyser reads.
    """
    url = recorded_url(recording)
    if url.startswith("modbus-"):
        raise ProtocolError(
            f"{recording}: 这是寄存器 (Modbus) 录制，请用 Modbus 分析工具查看 / a recording of registers: look at it with a Modbus analyser"
        )
    wire = list(read_recording(recording))
    return Heard(replay(wire), replay_driver(wire))


def lines_of_difference(heard: Heard, expected: str) -> list[str]:
    """Return what differs from what was kept, as a unified diff; empty when nothing does."""
    return list(
        unified_diff(expected.splitlines(), heard.to_json().splitlines(), "expected", "heard", lineterm="", n=1)
    )
