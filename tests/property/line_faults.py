"""Faults for the small floor, each done to it between two pitches of the belt."""

from __future__ import annotations

from collections.abc import Callable

from line_floor import Envelope, Floor

from controller.line import events as ev
from controller.model import letter_id
from controller.states import PackState


def unread(floor: Floor) -> None:
    """The next sheet's mark cannot be read, at either camera."""
    if floor.stacks:
        floor.stacks[0][1][0].readable = False


def exit_unread(floor: Floor) -> None:
    """The next envelope's window cannot be read."""
    if floor.machine.belt:
        floor.machine.belt[0].shows_readable = False


def double_feed(floor: Floor, *, blind: bool = False) -> None:
    """Two sheets are drawn as one; the lower one is not seen."""
    if floor.stacks and len(floor.stacks[0][1]) > 1:
        papers = floor.stacks[0][1]
        lower = papers[1]
        if papers[0].under is not None or lower.under is not None:
            return
        del papers[1]
        papers[0].under = lower
        papers[0].sensor_blind = blind


def blind_double_feed(floor: Floor) -> None:
    double_feed(floor, blind=True)


def sheet_eaten(floor: Floor) -> None:
    """A sheet vanishes before the camera (a printer or feeder jam)."""
    if floor.stacks and len(floor.stacks[0][1]) > 1:
        floor.shredded.append(floor.stacks[0][1].popleft())


def sheet_repeated(floor: Floor) -> None:
    """The printer's jam recovery printed a sheet twice."""
    if floor.stacks:
        papers = floor.stacks[0][1]
        papers.insert(1, papers[0].__class__(papers[0].uid, papers[0].k, papers[0].sheets, papers[0].item))


def sheets_swapped(floor: Floor) -> None:
    if floor.stacks and len(floor.stacks[0][1]) > 1:
        papers = floor.stacks[0][1]
        papers[0], papers[1] = papers[1], papers[0]


def job_printed_twice(floor: Floor) -> None:
    """The queue restarts and prints the whole job again: a second stack with the same paper."""
    for name, job in list(floor.jobs.items())[:1]:
        floor.printed.discard(name)
        floor.tell(ev.JobDoubted(name, "queue restarted"))
        floor.print_job(job)


def gate_sticks_open(floor: Floor) -> None:
    """The gate lets the next envelope pass whatever the token says."""
    once = [True]

    def passes(envelope: Envelope, token: bool) -> bool:
        return token or bool(once and once.pop())

    floor.pass_gate = passes


def gate_sticks_shut(floor: Floor) -> None:
    once = [True]

    def passes(envelope: Envelope, token: bool) -> bool:
        return token and not (once and once.pop())

    floor.pass_gate = passes


def tray_eye_misses(floor: Floor) -> None:
    once = [True]
    floor.tray_eye = lambda envelope: not (once and once.pop())


def reject_eye_misses(floor: Floor) -> None:
    once = [True]
    floor.reject_eye = lambda envelope: not (once and once.pop())


def cover_opened(floor: Floor) -> None:
    """A cover opens while the belt runs; the operator takes out one envelope, if there is one, and drops it into the bin."""
    machine = floor.machine
    floor.tell(ev.Fault(floor.next_seq(), 3, 4, True))
    floor.enter(PackState.HOLDING, PackState.HELD, reason=3)
    inside = machine.belt or machine.at_gate
    if inside:
        floor.bin.append(inside.pop())
        floor.tell(ev.Removed(floor.next_seq(), 5, 1))
    floor.tell(ev.Fault(floor.next_seq(), 3, 4, False))


def hand_puts_a_piece_into_the_tray(floor: Floor) -> None:
    """A cover opens, and a helpful hand drops the envelope nearest to the gate into the tray."""
    machine = floor.machine
    floor.tell(ev.Fault(floor.next_seq(), 3, 7, True))
    floor.enter(PackState.HOLDING, PackState.HELD, reason=3)
    inside = machine.at_gate or machine.belt
    if inside and machine.tray:
        floor.trays[machine.tray].append(inside.popleft())
        floor.tell(ev.Removed(floor.next_seq(), 7, 1))
    floor.tell(ev.Fault(floor.next_seq(), 3, 7, False))


def jam(floor: Floor) -> None:
    floor.tell(ev.Fault(floor.next_seq(), 4, 4, True))
    floor.enter(PackState.HOLDING, PackState.HELD, reason=4)


def link_lost(floor: Floor) -> None:
    """The cable is pulled for a moment: the machine's watchdog stops it, the ring replays what was not heard."""
    if not floor.alive:
        return
    floor.unplugged = True
    floor.tell(ev.LinkLost("unplugged"))
    floor.pitch()
    floor.enter(PackState.ABORTING, PackState.ABORTED, reason=2)
    floor.unplugged = False
    floor.tell(ev.LinkUp(floor.machine.epoch))
    floor.replay()


def machine_reboots(floor: Floor) -> None:
    floor.reboot_machine()


def camera_misses_a_shot(floor: Floor) -> None:
    """The sheet camera misses one trigger: from then on every frame is one behind."""
    floor.camera_lag[1] += 1


def exit_camera_misses_a_shot(floor: Floor) -> None:
    floor.camera_lag[2] += 1


def controller_killed(floor: Floor) -> None:
    floor.kill()


def recall_first(floor: Floor) -> None:
    floor.tell(ev.RecallLetter(floor.next_command(), "op1", letter_id(1, 1)))


def recall_last(floor: Floor) -> None:
    floor.tell(ev.RecallLetter(floor.next_command(), "op1", max(floor.core.book.letters, default=0)))


def held_by_operator(floor: Floor) -> None:
    floor.tell(ev.HoldLine(floor.next_command(), "op1"))


FAULTS: tuple[Callable[[Floor], None], ...] = (
    unread,
    exit_unread,
    double_feed,
    blind_double_feed,
    sheet_eaten,
    sheet_repeated,
    sheets_swapped,
    job_printed_twice,
    gate_sticks_open,
    gate_sticks_shut,
    tray_eye_misses,
    reject_eye_misses,
    cover_opened,
    hand_puts_a_piece_into_the_tray,
    jam,
    link_lost,
    machine_reboots,
    camera_misses_a_shot,
    exit_camera_misses_a_shot,
    controller_killed,
    recall_first,
    recall_last,
    held_by_operator,
)
