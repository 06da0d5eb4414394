"""Testing the tester: production rules switched off one by one, and in pairs, in this process only; the campaign must notice each.

A mutant replaces a piece of one function's text and puts the new code into that function object, so every caller has it; leaving the
context puts the old code back. A mutant whose text is no longer in the source is an error, not a survivor. Production never sees any
of this. The list of what is switched off is in `simulator.campaign.mutant_list`.
"""

from __future__ import annotations

import importlib
import inspect
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType

from simulator.campaign.faults import Profile
from simulator.campaign.run import audited
from simulator.campaign.shift import Shift, ShiftPlan

SHIFT_LETTERS = 200
RATE = 0.2


@dataclass(frozen=True, slots=True)
class Switch:
    """In ``function`` (``module:name`` or ``module:Class.name``) the text ``old`` becomes ``new``."""

    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One or more switches. ``excuse``: why no run can notice it, when that is known and argued."""

    name: str
    switches: tuple[Switch, ...]
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class MutantResult:
    """``killed_by`` "" when it survived ``letters`` letters."""

    mutant: Mutant
    killed_by: str
    letters: int
    seconds: float


class StaleMutant(Exception):
    """The text a mutant replaces is not in the source any more, or more than once."""


def _function(path: str) -> FunctionType:
    module, _, name = path.partition(":")
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert isinstance(found, FunctionType)
    return found


def _mutated_code(function: FunctionType, switches: Sequence[Switch]) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    for switch in switches:
        if source.count(switch.old) != 1:
            raise StaleMutant(f"{switch.function}: {switch.old!r} is there {source.count(switch.old)} times")
        source = source.replace(switch.old, switch.new)
    space = dict(function.__globals__)
    # The annotations of a dedented method need no evaluation, as everywhere in this project.
    exec(
        compile("from __future__ import annotations\n" + source, function.__qualname__, "exec"),
        space,
    )
    made = space[function.__name__]
    assert isinstance(made, FunctionType)
    return made.__code__


@contextmanager
def switched(mutant: Mutant) -> Iterator[None]:
    """Run the body with the rules of ``mutant`` switched off."""
    with ExitStack() as undo:
        for path in dict.fromkeys(switch.function for switch in mutant.switches):
            function = _function(path)
            code = _mutated_code(function, [switch for switch in mutant.switches if switch.function == path])
            undo.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = code
        yield


def hunt(mutant: Mutant, shifts: int, seed: int = 1) -> MutantResult:
    """Run up to ``shifts`` shifts with the mutant; stop at the first that something noticed."""
    started = time.monotonic()
    with switched(mutant):
        for index in range(shifts):
            plan = ShiftPlan(seed * 1_000_003 + index, SHIFT_LETTERS, Profile(rate=RATE))
            killed_by = _noticed(plan)
            if killed_by:
                return MutantResult(mutant, killed_by, (index + 1) * SHIFT_LETTERS, time.monotonic() - started)
    return MutantResult(mutant, "", shifts * SHIFT_LETTERS, time.monotonic() - started)


def _noticed(plan: ShiftPlan) -> str:
    """Return what noticed the mutant in this shift: an assertion of production, the harness, the auditor; "" nobody."""
    try:
        tally = audited(0, Shift(plan).run())
    except Exception as error:
        # A refused event or a failed assertion stops the line (I9): noticed.
        return f"{type(error).__name__}: {error}"
    for found in (tally.violations, tally.findings, tally.unfinished):
        if found:
            return found[0][1]
    return ""


def hunt_all(mutants: Sequence[Mutant], shifts: int) -> list[MutantResult]:
    """Hunt each in turn."""
    return [hunt(mutant, shifts) for mutant in mutants]
