"""What a benchmark hands back: measures, peers' values and the gates that must hold."""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Measure:
    """One figure: ours, its unit, the peers' in the same unit and, when something is promised, whether it holds."""

    measure: str
    ours: float
    unit: str
    peers: dict[str, float] = field(default_factory=dict)
    gate: str = ""
    holds: bool | None = None

    def ratio(self) -> dict[str, float]:
        """Ours divided by each peer's."""
        return {name: self.ours / value for name, value in self.peers.items() if value}

    def record(self) -> dict[str, object]:
        """The JSON form; the gate only where there is one."""
        plain: dict[str, object] = {
            "measure": self.measure,
            "ours": _rounded(self.ours),
            "unit": self.unit,
            "peers": {name: _rounded(value) for name, value in self.peers.items()},
            "ratio": {name: _rounded(value) for name, value in self.ratio().items()},
        }
        if self.gate:
            plain |= {"gate": self.gate, "holds": self.holds}
        return plain


@dataclass(slots=True)
class Report:
    """Collects measures; `show` is called with each one as soon as it is known."""

    show: Callable[[Measure], None] = lambda measure: None
    measures: list[Measure] = field(default_factory=list)

    def add(
        self,
        measure: str,
        ours: float,
        unit: str,
        peers: dict[str, float] | None = None,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        ratio_at_least: dict[str, float] | None = None,
        ratio_at_most: dict[str, float] | None = None,
    ) -> Measure:
        """Record a figure. `at_least` and `at_most` bound ours, the ratio arguments bound ours / peer by peer."""
        line = Measure(measure, ours, unit, dict(peers or {}))
        gates: list[tuple[str, bool]] = []
        if at_least is not None:
            gates.append((f"at least {at_least:g}", ours >= at_least))
        if at_most is not None:
            gates.append((f"at most {at_most:g}", ours <= at_most))
        ratios = line.ratio()
        for name, bound in (ratio_at_least or {}).items():
            gates.append((f"at least {bound:g} x {name}", ratios.get(name, math.nan) >= bound))
        for name, bound in (ratio_at_most or {}).items():
            gates.append((f"at most {bound:g} x {name}", ratios.get(name, math.nan) <= bound))
        if gates:
            line.gate = "; ".join(text for text, _ in gates)
            line.holds = all(holds for _, holds in gates)
        self.measures.append(line)
        self.show(line)
        return line

    def write(self, path: Path) -> None:
        """Write the list described in the package docstring."""
        records = [measure.record() for measure in self.measures]
        path.write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def failed(self) -> list[Measure]:
        """Measures whose gate does not hold."""
        return [measure for measure in self.measures if measure.holds is False]


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call in this process: other work on a shared core does not count against it."""
    start = time.process_time()
    work()
    return time.process_time() - start


def median(values: Iterable[float]) -> float:
    """The middle value; the mean of the middle two for an even count."""
    return statistics.median(values)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
