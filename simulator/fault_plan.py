"""The scenario's fault plan at work: each fault once, when its counter reaches its value. Knows when, never how."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from simulator.console import UnknownWords, execute
from simulator.scenario import FaultPlan, Scenario

if TYPE_CHECKING:
    from simulator.plant import Plant

# fact of the world log: counter of a scenario file
COUNTED_FACTS = {
    "job_received": "received",
    "stack_loaded": "loaded",
    "fed": "fed",
    "formed": "formed",
    "exit": "exited",
    "scanned": "scanned",
}


class Faults:
    """Counts facts and speaks the due lines to the console."""

    def __init__(self, plant: Plant, scenario: Scenario) -> None:
        self._plant = plant
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._due = [fault for fault in scenario.faults if fault.counter != "seconds"]
        self._timed = [fault for fault in scenario.faults if fault.counter == "seconds"]

    def start(self) -> None:
        """Begin to count facts and seconds."""
        self._plant.journal.listen(self._fact)
        for fault in self._timed:
            self._plant.device.after(fault.value, lambda line=fault.do: self._do(line))  # type: ignore[misc]

    def count(self, counter: str) -> None:
        """Count one and do what is due."""
        with self._lock:
            value = self._counts[counter] = self._counts.get(counter, 0) + 1
            due: list[FaultPlan] = []
            if self._due:
                due = [fault for fault in self._due if fault.counter == counter and fault.value <= value]
                self._due = [fault for fault in self._due if fault not in due]
        for fault in due:
            self._do(fault.do)

    def _fact(self, fact: dict[str, object]) -> None:
        counter = COUNTED_FACTS.get(str(fact["what"]))
        if counter is not None:
            self.count(counter)
            if counter == "exited" and fact["where"] == "reject":
                self.count("rejected")

    def _do(self, line: str) -> None:
        try:
            execute(self._plant, line)
        except UnknownWords as problem:
            self._plant.journal.write("fault_not_understood", said=line, problem=str(problem))
