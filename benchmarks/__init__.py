"""Benchmarks: our figures beside the peers', as ratios taken in one run. Never imported by the product.

`letterline bench NAME` finds the module `benchmarks.NAME` and calls

    def run(quick: bool, report: Report) -> None

The module's first docstring line is its help. A benchmark measures with `Report.add(measure, ours, unit, peers)`
as it goes (each line is shown at once), states with `Report.gate(...)` what must hold, and leaves everything
else (screen, JSON, exit code) to the command. `quick` asks for a run of a few seconds whose figures are only indicative.

JSON: a list of {"measure", "ours", "unit", "peers": {name: value}, "ratio": {name: ours / value}}; a gated measure
also has {"gate": "at least 20000" | "at most 0.75 of NAME" | ..., "holds": bool}.
"""
