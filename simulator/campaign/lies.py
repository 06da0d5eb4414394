"""Every lie that is told on the wire, and the small worlds they are told in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from controller.line import actions as act
from controller.line import events as ev
from controller.model import BatchId, ControlMark
from controller.planning import next_attempts, print_jobs
from controller.states import RefusedEvent
from simulator.campaign.exhaustive import CALM, PlacedFaults
from simulator.campaign.franking import POSTAGE
from simulator.campaign.machine import State
from simulator.campaign.meddling import Lie, Meddling
from simulator.campaign.paper import Stack
from simulator.campaign.people import ANNA, BORIS
from simulator.campaign.run import Tally, audited
from simulator.campaign.shift import BATCH, Shift, ShiftPlan

FOUR_LETTERS = (2, 1, 2, 1)
HOURS = 12
LATE_US = (200_000, 270_000, 340_000)
WEIGHT_OFF_MG = 5_000


# --- a word says something else ---------------------------------------------------------------------------------------


def _says(**fields: Any) -> Callable[[Meddling, Any], list[Any]]:
    return lambda meddling, word: [replace(word, **fields)]


def _left_out(meddling: Meddling, word: Any) -> list[Any]:
    """The word is never heard. The machine says something again a little later, as on a wire it does until it is acknowledged."""
    machine = meddling.shift.machine
    meddling.shift.clock.after(
        300_000, lambda: meddling.emit(ev.MachineState, int(machine.state), 1, int(machine.reason))
    )
    return []


def _twice(meddling: Meddling, word: Any) -> list[Any]:
    return [word, word]


def _late(delay_us: int) -> Callable[[Meddling, Any], list[Any]]:
    def bend(meddling: Meddling, word: Any) -> list[Any]:
        meddling.shift.clock.after(delay_us, meddling.shift.host.hear, word)
        return []

    return bend


def _shows_other(place: int) -> Callable[[Meddling, Any], list[Any]]:
    """The mark of another letter is read."""

    def bend(meddling: Meddling, word: Any) -> list[Any]:
        uid = meddling.live(place)
        marks = [payload for payload, mark in meddling.shift.press.papers.marks.items() if mark[:2] == (uid, 1)]
        return [replace(word, payloads=tuple(marks[:1]))]

    return bend


def _counts_otherwise(meddling: Meddling, word: Any) -> list[Any]:
    """The mark is ours, but says another number of sheets than its piece has."""
    papers, key = meddling.shift.press.papers, meddling.shift.press.key
    marks = [papers.marks[payload] for payload in word.payloads if payload in papers.marks]
    if not marks:
        return [word]
    uid, k, count = marks[0]
    payload = ControlMark(uid, k, count + 1).encode(key)  # type: ignore[arg-type]
    papers.marks[payload] = (uid, k, count + 1)
    return [replace(word, payloads=(payload,))]


def _weighs(off_mg: int) -> Callable[[Meddling, Any], list[Any]]:
    return lambda meddling, word: [replace(word, weight_mg=word.weight_mg + off_mg)]


def _franked_again(meddling: Meddling, word: Any) -> list[Any]:
    """The head says a second time that it printed; once is on the envelope."""
    meddling.soon(meddling.emit, ev.Franked, word.piece_no, word.amount, 1)
    return [word]


def _refused_then_printed(meddling: Meddling, word: Any) -> list[Any]:
    meddling.soon(meddling.emit, ev.Franked, word.piece_no, word.amount, 1)
    return [replace(word, amount=0, outcome=0)]


def _first_sheet_later(meddling: Meddling, word: Any) -> list[Any]:
    return [replace(word, first_sheet=min(word.first_sheet + 1, word.last_sheet), last_sheet=word.last_sheet)]


def _ends_otherwise(meddling: Meddling, action: Any) -> list[Any]:
    return [replace(action, ends=not action.ends)]


def _falls_elsewhere(meddling: Meddling, word: Any) -> list[Any]:
    return [replace(word, tray=word.tray + 1)]


# --- a word nobody spoke ----------------------------------------------------------------------------------------------


def _first(say: Callable[[Meddling], object]) -> Callable[[Meddling, Any], list[Any]]:
    """Say something in the machine's own numbering just after the word."""

    def bend(meddling: Meddling, word: Any) -> list[Any]:
        meddling.soon(say, meddling)
        return [word]

    return bend


def _gate_opens(meddling: Meddling) -> None:
    for envelope in meddling.shift.machine.belt.inside:
        if envelope.piece_no not in meddling.granted:
            meddling.emit(ev.GateSet, envelope.piece_no, True, 0)
            return


def _tray_eye_again(meddling: Meddling) -> None:
    belt = meddling.shift.machine.belt
    if meddling.granted:
        belt.tray_edges += 1
        meddling.emit(ev.TrayEye, meddling.granted[0], belt.tray_number, belt.tray_edges)


def _stranger_falls(meddling: Meddling) -> None:
    belt = meddling.shift.machine.belt
    belt.tray_edges += 1
    refused = [envelope.piece_no for envelope in belt.inside if envelope.piece_no not in meddling.granted]
    meddling.emit(ev.TrayEye, refused[0] if refused else 0, belt.tray_number, belt.tray_edges)


def _state(state: State, mode: int) -> Callable[[Meddling], None]:
    """The machine says a state for a while, then the one it is in."""

    def say(meddling: Meddling) -> None:
        machine = meddling.shift.machine
        meddling.emit(ev.MachineState, int(state), mode, 0)
        meddling.shift.clock.after(
            400_000, lambda: meddling.emit(ev.MachineState, int(machine.state), 1, int(machine.reason))
        )

    return say


def _reboots_unheard(meddling: Meddling) -> None:
    shift = meddling.shift
    shift.machine.reboot()
    shift.clock.after(1_000, shift.host.connect)


def _link_lost(meddling: Meddling) -> None:
    shift = meddling.shift
    if shift.machine.linked:
        shift.host.lose_link()
        shift.clock.after(100_000, shift.host.connect)


def _frame_gap(camera: int) -> Callable[[Meddling], None]:
    return lambda meddling: meddling.shift.host.hear(ev.FrameGap(camera))


def _vanishes(meddling: Meddling) -> None:
    """A hand takes a granted envelope out and no sensor says so; then somebody holds the line."""
    belt = meddling.shift.machine.belt
    for envelope in [envelope for envelope in belt.inside if envelope.piece_no in meddling.granted][:1]:
        belt.inside.remove(envelope)
        meddling.shift.places.hands.append(envelope)
        meddling.ask(ev.HoldLine, ANNA)


# --- people at the wrong time -----------------------------------------------------------------------------------------


def _typed(place: int) -> Callable[[Meddling], None]:
    """Two persons type the name of a piece that is somewhere else than in their hands."""

    def say(meddling: Meddling) -> None:
        if meddling.live(place):
            meddling.ask(ev.CustodyTyped, ANNA, BORIS, meddling.live(place), "typed by mistake")

    return say


def _recalled(place: int, *, other_tray: bool = False) -> Callable[[Meddling], None]:
    def say(meddling: Meddling) -> None:
        if other_tray:
            meddling.other_tray()
        meddling.soon(meddling.shift.recall, meddling.shift.letters[place].letter)

    return say


def _cover_and_other_tray(meddling: Meddling) -> None:
    """A cover is opened and closed; the machine runs on, into another tray."""
    meddling.emit(ev.Fault, 3, 5, True)
    meddling.other_tray()


def _then_blind(say: Callable[[Meddling], object]) -> Callable[[Meddling], None]:
    def both(meddling: Meddling) -> None:
        say(meddling)
        meddling.blind = True

    return both


def _tray_changed_and_closed(meddling: Meddling) -> None:
    number = meddling.tray
    meddling.other_tray()
    meddling.ask(ev.CloseTray, ANNA, number)


def _tray_changed_and_killed(meddling: Meddling) -> None:
    meddling.other_tray()
    meddling.die_at = ev.TrayEye


def _cover_and_killed_at(word: type) -> Callable[[Meddling], None]:
    """Hands may have been inside, the belt runs on, and the controller dies when it hears ``word``: the next one is told it again."""

    def both(meddling: Meddling) -> None:
        meddling.emit(ev.Fault, 3, 5, True)
        meddling.die_at = word

    return both


def _killed_and_printed_again(meddling: Meddling) -> None:
    """The controller dies; then a second print of everything that was printed is laid into the feeder."""
    shift = meddling.shift
    copies = [sheet.copy() for stack in meddling.shift.press.stacks for sheet in stack]
    shift.places.printed(copies)
    shift.people.stacks.append(Stack(copies))
    shift.host.kill()


def _planned_again(meddling: Meddling) -> None:
    """A second attempt is planned while the first may still leave."""
    shift = meddling.shift
    entries = [entry for entry in shift.host.core.book.letters.values() if entry.live is not None]
    pieces = next_attempts(entries[:1], shift.issue_item)
    for job in print_jobs(BatchId(BATCH), pieces, 900, 50):
        shift.press.rendered(job)
        try:
            shift.host.hear(ev.JobPlanned(job))
        except RefusedEvent:
            return  # as it must be


def _search_too_early(meddling: Meddling) -> None:
    meddling.ask(ev.SearchEnded, ANNA, BATCH)


# --- people at the end ------------------------------------------------------------------------------------------------


def _strange_envelope(meddling: Meddling, task: str) -> list[Any]:
    """An audit finds one envelope more, whose mark nobody can read; the people then count again."""
    shift = meddling.shift
    for number, tray in shift.places.trays.items():
        payloads = tuple(envelope.shown.payload if envelope.shown else "" for envelope in tray.envelopes)
        shift.host.ask(ev.TrayAudit, BORIS, number, (*payloads, "?"), len(payloads) + 1)
    return []


def _counted_meanwhile(meddling: Meddling) -> None:
    """Somebody counts the tray in place while paper is being fed, and finds an envelope nobody can name."""
    meddling.ask(ev.TrayAudit, BORIS, meddling.tray, ("?",), 1)


def _wrong_audit_of_closed(meddling: Meddling, task: str) -> list[Any]:
    """A closed tray is scanned and something is missing; all the same somebody wants it handed over."""
    shift = meddling.shift
    for number, tray in list(shift.host.core.book.trays.items()):
        if tray.state == "CLOSED" and number in shift.places.trays:
            shift.host.ask(ev.TrayAudit, BORIS, number, ("?",), 1)
            shift.host.ask(ev.HandOverTray, ANNA, number)
    return []


def _recall_posted(meddling: Meddling, task: str) -> list[Any]:
    for letter in meddling.shift.letters:
        entry = meddling.shift.host.core.book.letters.get(letter.letter)
        if entry is not None and entry.state == "MAILED":
            meddling.shift.host.ask(ev.RecallLetter, "client", letter.letter)
    return []


LIES: Final[tuple[Lie, ...]] = (
    Lie("a sheet is not read", ev.SheetRead, _says(payloads=())),
    Lie("two marks in one frame", ev.SheetRead, lambda m, word: [replace(word, payloads=(*word.payloads, "?"))]),
    Lie("a sheet reads as the first letter's", ev.SheetRead, _shows_other(0)),
    Lie("a sheet reads as the last letter's", ev.SheetRead, _shows_other(3)),
    Lie("a mark counts other sheets", ev.SheetRead, _counts_otherwise),
    Lie("the thickness sensor fires", ev.SheetFed, _says(double=True)),
    Lie("the set was closed by the machine", ev.PieceFormed, _says(undecided=True)),
    Lie("the set begins a sheet later", ev.PieceFormed, _first_sheet_later),
    Lie("the end of a set is heard otherwise", act.EndSet, _ends_otherwise),
    Lie("the exit frame is not read", ev.ExitRead, _says(payloads=())),
    Lie("the exit frame shows nothing", ev.ExitRead, _says(payloads=(), items=())),
    Lie("the exit frame shows the first letter", ev.ExitRead, _shows_other(0)),
    Lie("the exit frame shows the last letter", ev.ExitRead, _shows_other(3)),
    Lie("the postal number is not read", ev.ExitRead, _says(items=())),
    Lie("the postal number is another", ev.ExitRead, _says(items=("XA000000000CN",))),
    Lie("the address is not in the window", ev.ExitRead, _says(address_ok=False)),
    *(Lie(f"the exit reading comes {us // 1000} ms late", ev.ExitRead, _late(us)) for us in LATE_US),
    Lie("the envelope weighs a sheet more", ev.PieceAtExit, _weighs(WEIGHT_OFF_MG), scale=True),
    Lie("the envelope weighs a sheet less", ev.PieceAtExit, _weighs(-WEIGHT_OFF_MG), scale=True),
    Lie("the franking head refuses", ev.Franked, _says(amount=0, outcome=0)),
    Lie("the franking head prints another amount", ev.Franked, _says(amount=POSTAGE - 20)),
    Lie("the franking head confirms nothing", ev.Franked, _says(outcome=2)),
    Lie("the franking head says it twice", ev.Franked, _franked_again),
    Lie("the franking head refuses, then prints", ev.Franked, _refused_then_printed),
    Lie("both eyes saw it", ev.PieceExited, _says(tray=True, reject=True)),
    Lie("no eye saw it", ev.PieceExited, _says(tray=False, reject=False)),
    Lie("the reject eye saw it", ev.PieceExited, _says(tray=False, reject=True)),
    Lie("the tray eye saw it", ev.PieceExited, _says(tray=True, reject=False)),
    Lie("a word is left out", None, _left_out),
    Lie("a word comes twice", None, _twice),
    Lie("a cover was opened", None, _first(lambda m: m.emit(ev.Fault, 3, 5, True))),
    Lie("a cover was opened, and the controller dies at the tray eye", None, _first(_cover_and_killed_at(ev.TrayEye))),
    Lie("a cover was opened, and the controller dies at the exit", None, _first(_cover_and_killed_at(ev.PieceExited))),
    Lie("a cover was opened, then another tray", None, _first(_cover_and_other_tray)),
    Lie("a cover, another tray, and no eye sees the next", None, _first(_then_blind(_cover_and_other_tray))),
    Lie("letter 2 is typed into custody, and no eye sees the next", None, _first(_then_blind(_typed(1)))),
    Lie("a jam", None, _first(lambda m: m.emit(ev.Fault, 4, 5, True))),
    Lie("paper was taken out of the accumulator", None, _first(lambda m: m.emit(ev.Removed, 3, 1))),
    Lie("paper was taken out at the tray", None, _first(lambda m: m.emit(ev.Removed, 8, 1))),
    Lie("the tray was taken away", None, _first(lambda m: m.emit(ev.TrayPresence, m.tray, False))),
    Lie("the gate opens for a piece without a grant", None, _first(_gate_opens)),
    Lie("the tray eye sees a piece twice", None, _first(_tray_eye_again)),
    Lie("the tray eye sees a stranger", None, _first(_stranger_falls)),
    Lie("the machine says Suspended", None, _first(_state(State.SUSPENDED, 1))),
    Lie("the machine says Maintenance", None, _first(_state(State.EXECUTE, 2))),
    Lie("the machine says Holding", None, _first(_state(State.HOLDING, 1))),
    Lie("the machine reboots and is back before anybody noticed", None, _first(_reboots_unheard)),
    Lie("the link is lost", None, _first(_link_lost)),
    Lie("the sheet camera lost count", None, _first(_frame_gap(1))),
    Lie("the exit camera lost count", None, _first(_frame_gap(2))),
    Lie("a granted envelope vanishes", None, _first(_vanishes)),
    *(Lie(f"letter {place} is typed into custody", None, _first(_typed(place))) for place in range(4)),
    *(Lie(f"letter {place} is recalled", None, _first(_recalled(place))) for place in range(4)),
    Lie("another tray, and a recall", None, _first(_recalled(3, other_tray=True))),
    Lie("another tray, and the old one is closed", None, _first(_tray_changed_and_closed)),
    Lie("another tray, and the controller dies after a fall", None, _first(_tray_changed_and_killed)),
    Lie("the controller dies, and everything is printed again", None, _first(_killed_and_printed_again)),
    Lie("another attempt is planned", None, _first(_planned_again)),
    Lie("the floor is searched too early", None, _first(_search_too_early)),
    Lie("the tray in place is counted, with a stranger in it", None, _first(_counted_meanwhile)),
    Lie("an audit finds a stranger", str, _strange_envelope),
    Lie("a closed tray is found wrong", str, _wrong_audit_of_closed),
    Lie("a posted letter is recalled", str, _recall_posted),
)

Place = tuple[Lie, int]


def _seed(*, scale: bool) -> int:
    """Return the first seed whose line has, or has not, a scale."""
    return next(seed for seed in range(1, 100) if _shift(seed).machine.belt.scale is scale)


def _shift(seed: int, lie: Lie | None = None) -> Shift:
    franks = lie is not None and lie.of is ev.Franked
    plan = ShiftPlan(seed, len(FOUR_LETTERS), CALM, FOUR_LETTERS, HOURS, postage=POSTAGE if franks else 0)
    return Shift(plan, faults=lambda rng: PlacedFaults((), rng))


SEEDS: Final = {scale: _seed(scale=scale) for scale in (False, True)}


def places() -> list[Place]:
    """Return every lie at every word it can bend, as counted in a run without lies."""
    found = []
    for lie in LIES:
        meddling = Meddling(_shift(SEEDS[lie.scale], lie), lie, 0)
        meddling.shift.run()
        found += [(lie, at) for at in range(1, meddling.passed + 1)]
    return found


def run_lie(lie: Lie, at: int) -> Tally:
    """Run the job with one lie, and audit it."""
    shift = _shift(SEEDS[lie.scale], lie)
    Meddling(shift, lie, at)
    return audited(0, shift.run())
