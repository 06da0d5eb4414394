"""Testing the tester: production rules switched off one by one, and in pairs, in this process only; the campaign must notice each.

A mutant replaces a piece of one function's text and puts the new code into that function object, so every caller has it; leaving the
context puts the old code back. A mutant whose text is no longer in the source is an error, not a survivor. Production never sees any
of this. The list of what is switched off is in `simulator.campaign.mutant_list`.
"""

from __future__ import annotations

import importlib
import inspect
import random
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from types import CodeType, FunctionType

from simulator.campaign import exhaustive, lies
from simulator.campaign.faults import ROWS, Profile
from simulator.campaign.franking import POSTAGE
from simulator.campaign.run import Tally, audited
from simulator.campaign.shift import Shift, ShiftPlan

SHIFT_LETTERS = 200
RATE = 0.2
MIXING_SEED = 3


@dataclass(frozen=True, slots=True)
class Switch:
    """In ``function`` (``module:name`` or ``module:Class.name``) the text ``old`` becomes ``new``."""

    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One or more switches."""

    name: str
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True)
class MutantResult:
    """``killed_by`` "" when it survived ``letters`` letters; ``where``: the small world or shift in which it was noticed."""

    mutant: Mutant
    killed_by: str
    letters: int
    seconds: float
    where: str = ""


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


World = tuple[str, int, Callable[[], Tally]]
"""What it is, in words; its letters; how it is run and audited."""


@cache
def small_worlds() -> tuple[World, ...]:
    """Return every lie of the wire and every single fault at every place of a job of a few letters, the kinds mixed.

    The places are counted with every rule in force: call it before anything is switched off.
    """
    told = lies.places()
    faults = exhaustive.places_of(lies.FOUR_LETTERS)
    made: list[World] = [
        (f"{lie.name}, at word {at}", len(lies.FOUR_LETTERS), partial(lies.run_lie, lie, at)) for lie, at in told
    ]
    made += [
        (
            f"fault row {place[0]} at its place {place[1]}",
            len(lies.FOUR_LETTERS),
            partial(exhaustive.run_placed, lies.FOUR_LETTERS, (place,)),
        )
        for place in faults
    ]
    random.Random(MIXING_SEED).shuffle(made)
    return tuple(made)


FOUND_AT_RATE, FOUND_LETTERS = 0.1, 500
ROWS_THEN = tuple(row.row for row in ROWS if row.row not in (39, 46, 50))
"""The rows that were struck when the first of those shifts were found: with others beside them a seed has another course."""
ALL_FIFTY = tuple(range(1, 51))
FOUND = (
    (11_007_244, False, ROWS_THEN),
    (11_007_502, False, ROWS_THEN),
    (12_000_319, False, ROWS_THEN),
    (7_000_382, False, ROWS_THEN),
    (29_002_924, True, ROWS_THEN),
    (29_003_548, True, ROWS_THEN),
    (7_001_996, True, ALL_FIFTY),
)
"""Shifts in which a large campaign once found a violation: seed, whether its people are hasty, and the rows that were struck."""


def shifts(count: int, seed: int = 1) -> Iterator[World]:
    """Yield stressed shifts."""
    for index in range(count):
        plan = ShiftPlan(
            seed * 1_000_003 + index,
            SHIFT_LETTERS,
            Profile(rate=RATE),
            hasty=index % 2 == 1,
            postage=POSTAGE if index % 3 == 2 else 0,
        )
        yield f"shift of seed {plan.seed}", SHIFT_LETTERS, partial(_shift, plan)


def shifts_found() -> Iterator[World]:
    """Yield the shifts in which a large campaign once found something."""
    for seed, hasty, rows in FOUND:
        plan = ShiftPlan(seed, FOUND_LETTERS, Profile(rate=FOUND_AT_RATE, only=rows), hasty=hasty)
        yield f"shift of seed {seed}", FOUND_LETTERS, partial(_shift, plan)


def _shift(plan: ShiftPlan) -> Tally:
    return audited(0, Shift(plan).run())


def hunt(mutant: Mutant, worlds: Iterable[World]) -> MutantResult:
    """Run the worlds with the mutant; stop at the first in which something noticed it."""
    started = time.monotonic()
    letters = 0
    with switched(mutant):
        for where, count, run in worlds:
            letters += count
            killed_by = _noticed(run)
            if killed_by:
                return MutantResult(mutant, killed_by, letters, time.monotonic() - started, where)
    return MutantResult(mutant, "", letters, time.monotonic() - started)


def _noticed(run: Callable[[], Tally]) -> str:
    """Return what noticed the mutant: an assertion of production, the harness, the onlooker, the auditor; "" nobody."""
    try:
        tally = run()
    except Exception as error:
        # A refused event or a failed assertion stops the line (I9): noticed.
        return f"{type(error).__name__}: {error}"
    return next(iter(exhaustive.problems(tally)), "")


def hunt_named(name: str, shift_count: int) -> MutantResult:
    """Hunt the mutant of that name through every small world and then so many shifts; called in a worker process."""
    from simulator.campaign.mutant_list import mutants

    mutant = next(mutant for mutant in mutants() if mutant.name == name)
    return hunt(mutant, chain(small_worlds(), shifts_found(), shifts(shift_count)))
