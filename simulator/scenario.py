"""Scenario files: the world, its speed, what goes wrong and when. Pure parsing; every mistake names file, key and remedy."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from simulator.inserter.mechanics import Mechanics
from simulator.optics import LEVELS
from simulator.post.journeys import PostPlan

SCENARIOS = Path(__file__).parent / "scenarios"


MILD = "mild"
"""A camera well set up: see `simulator.cameras.picture.Optics`."""


class ScenarioError(ValueError):
    """The scenario cannot be used; the text is for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class PrinterPlan:
    """One printer; ``sheets_per_s`` at speed 1 (10 is 1,200 A4 pages a minute, duplex)."""

    name: str
    sheets_per_s: float = 12.0


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """Times at speed 1 in ms; 100 ms pitch is 36,000 envelopes an hour.

    ``reader``: a fixed barcode reader over the exit, on a serial line of its own. ``fold_buffer`` sets fit between accumulator and fold.
    ``franking``: what a franking head prints on every envelope, in 1/100 of the currency unit; 0: there is no such head.

    ``c2_to_gate_ms`` is 1.0 m of belt at 3.29 m/s. ``transport`` is serial (pty), socket (TCP), modbus (registers over TCP)
    or modbus-rtu (registers on a pty). ``optics`` is what both cameras see through: mild, or a level of `simulator.optics`.
    """

    sheet_pitch_ms: float = 100.0
    piece_pitch_ms: float = 100.0
    feeder_to_c1_ms: float = 40.0
    c1_to_accumulator_ms: float = 80.0
    fold_ms: float = 120.0
    envelope_ms: float = 150.0
    to_c2_ms: float = 50.0
    c2_to_gate_ms: float = 304.0
    gate_to_eye_ms: float = 60.0
    eye_to_settled_ms: float = 80.0
    set_wait_ms: float = 400.0
    belt_m_per_s: float = 3.29
    exposure_us: float = 20.0
    fold_buffer: int = 4
    bin_capacity: int = 500
    scale: bool = False
    franking: int = 0
    reader: bool = False
    transport: str = "serial"
    baud: int = 115200
    ring: int = 1024
    optics: str = MILD

    def smear_mm(self, speed: float) -> float:
        """Return how far paper moves while a camera's shutter is open."""
        return self.belt_m_per_s * speed * self.exposure_us / 1000

    def at(self, speed: float) -> Mechanics:
        """Return the mechanics at ``speed`` times the nominal belt speed."""

        def belt(ms: float) -> int:
            return max(1, round(ms * 1000 / speed))

        return Mechanics(
            sheet_pitch_us=belt(self.sheet_pitch_ms),
            piece_pitch_us=belt(self.piece_pitch_ms),
            feeder_to_c1_us=belt(self.feeder_to_c1_ms),
            c1_to_accumulator_us=belt(self.c1_to_accumulator_ms),
            fold_us=belt(self.fold_ms),
            envelope_us=belt(self.envelope_ms),
            to_c2_us=belt(self.to_c2_ms),
            c2_to_gate_us=belt(self.c2_to_gate_ms),
            gate_to_eye_us=belt(self.gate_to_eye_ms),
            eye_to_settled_us=belt(self.eye_to_settled_ms),
            set_wait_us=round(self.set_wait_ms * 1000),
            fold_buffer=self.fold_buffer,
            bin_capacity=self.bin_capacity,
            scale=self.scale,
            franking=self.franking,
        )


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """How fast the simulated operator is, in seconds at speed 1; ``present`` False leaves everything to the console.

    ``test_sheets``: so many blank sheets are put on the feeder whenever it is empty and nothing is printed, for a machine under test.
    """

    carry_s: float = 0.4
    clear_s: float = 1.0
    scan_s: float = 0.15
    present: bool = True
    test_sheets: int = 0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """``do`` is a line of the fault console; ``when`` is one of `COUNTERS` and its value."""

    counter: str
    value: float
    do: str


OPTICS = (MILD, *LEVELS)
TRANSPORTS = ("serial", "socket", "modbus", "modbus-rtu")
COUNTERS = ("received", "printed", "loaded", "fed", "formed", "exited", "rejected", "scanned", "seconds")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come of a run: ``letterline run`` closes a balanced batch unless ``closes`` is False.

    ``rejects`` and ``reprints`` are the fewest envelopes in the reject bin and the fewest new attempts.
    """

    text: str = ""
    closes: bool = True
    rejects: int = 0
    reprints: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole simulated line. ``row`` is the row of the fault matrix, 0 for none; ``proof`` names the tests that prove a row
    that lives above the wire."""

    name: str
    title: str = ""
    row: int = 0
    expect: Expectation = field(default_factory=Expectation)
    proof: tuple[str, ...] = ()
    seed: int = 1
    speed: float = 1.0
    printers: tuple[PrinterPlan, ...] = (PrinterPlan("P1"), PrinterPlan("P2"))
    machine: MachinePlan = field(default_factory=MachinePlan)
    people: PeoplePlan = field(default_factory=PeoplePlan)
    faults: tuple[FaultPlan, ...] = ()
    post: PostPlan | None = None
    """How the post behaves that fetches the trays; None: nobody reads the numbers of what falls into them."""


def _fill(kind: type, table: object, where: str) -> dict[str, object]:
    """Return the keyword arguments for ``kind``, each checked against the type of its default."""
    if not isinstance(table, dict):
        raise ScenarioError(f"{where}: must be a table")
    known = {one.name: str(one.type) for one in fields(kind)}
    accepted: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "bool": (bool,), "str": (str,)}
    for key, value in table.items():
        if key not in known:
            raise ScenarioError(f"{where}.{key}: unknown; known are {', '.join(known)}")
        wanted = accepted[known[key]]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise ScenarioError(f"{where}.{key}: {value!r} is not a {known[key]}")
        if isinstance(value, (int, float)) and value < 0:
            raise ScenarioError(f"{where}.{key}: must not be negative")
    return dict(table)


def _machine(table: object, where: str) -> MachinePlan:
    plan = MachinePlan(**_fill(MachinePlan, table, where))  # type: ignore[arg-type]
    if plan.transport not in TRANSPORTS:
        raise ScenarioError(f"{where}.transport: {plan.transport!r}; write one of {', '.join(TRANSPORTS)}")
    if plan.optics not in OPTICS:
        raise ScenarioError(f"{where}.optics: {plan.optics!r}; write one of {', '.join(OPTICS)}")
    return plan


def _fault(table: object, where: str) -> FaultPlan:
    if not isinstance(table, dict) or not {"when", "do"} <= table.keys():
        raise ScenarioError(f'{where}: needs when = "printed 12" and do = "smear window"')
    counter, _, value = str(table["when"]).partition(" ")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if counter not in COUNTERS or number < 0:
        raise ScenarioError(f"{where}.when: {table['when']!r}; write one of {', '.join(COUNTERS)} and a number")
    return FaultPlan(counter, number, str(table["do"]))


def parse(text: str, name: str) -> Scenario:
    """Return the scenario written in ``text``.

    Raises:
        ScenarioError: TOML or content is wrong; says where.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ScenarioError(f"{name}: not TOML: {problem}") from problem
    known = {
        "title",
        "row",
        "expect",
        "proof",
        "seed",
        "speed",
        "printer",
        "machine",
        "people",
        "fault",
        "post",
    }
    if unknown := sorted(table.keys() - known):
        raise ScenarioError(f"{name}: unknown key {unknown[0]}; known are {', '.join(sorted(known))}")
    printers = table.get("printer", [{"name": "P1"}, {"name": "P2"}])
    faults = table.get("fault", [])
    speed = table.get("speed", 1.0)
    if not isinstance(speed, (int, float)) or isinstance(speed, bool) or speed <= 0:
        raise ScenarioError(f"{name}: speed must be a number above 0")
    if not isinstance(printers, list) or not printers or not isinstance(faults, list):
        raise ScenarioError(f"{name}: [[printer]] and [[fault]] are lists of tables, with at least one printer")
    return Scenario(
        name=name,
        title=str(table.get("title", "")),
        row=int(table.get("row", 0)),
        expect=Expectation(**_fill(Expectation, table.get("expect", {}), f"{name}: expect")),  # type: ignore[arg-type]
        proof=tuple(str(one) for one in table.get("proof", [])),
        seed=int(table.get("seed", 1)),
        speed=float(speed),
        printers=tuple(
            PrinterPlan(**_fill(PrinterPlan, one, f"{name}: printer {place}"))  # type: ignore[arg-type]
            for place, one in enumerate(printers, 1)
        ),
        machine=_machine(table.get("machine", {}), f"{name}: machine"),
        people=PeoplePlan(**_fill(PeoplePlan, table.get("people", {}), f"{name}: people")),  # type: ignore[arg-type]
        post=PostPlan(**_fill(PostPlan, table["post"], f"{name}: post")) if "post" in table else None,  # type: ignore[arg-type]
        faults=tuple(_fault(one, f"{name}: fault {place}") for place, one in enumerate(faults, 1)),
    )


def load(name: str) -> Scenario:
    """Return the scenario ``name``, a path or the name of one that comes with the simulator.

    Raises:
        ScenarioError: missing or wrong; the text says what to do.
    """
    path = find(name)
    try:
        return parse(path.read_text(encoding="utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path}: cannot be read: {problem}") from problem


def find(name: str) -> Path:
    """Return the file of a scenario given as a path or as the name of one that comes with the simulator.

    Raises:
        ScenarioError: neither exists.
    """
    path = Path(name)
    if path.is_file():
        return path
    named = SCENARIOS / f"{name.removesuffix('.toml')}.toml"
    if named.is_file():
        return named
    known = ", ".join(sorted(file.stem for file in SCENARIOS.glob("*.toml")))
    raise ScenarioError(f"no scenario file {name}; give a path, or one of: {known}")
