"""Somebody who only ever does the first task of the list ends the batch balanced, with every letter in a closed tray once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from line_floor import KEY, Envelope, Floor, violations

from controller.line import events as ev
from controller.line.state import LineConfig
from controller.model import BatchId, JobId, PrintJob, s10_item_id
from controller.planning import next_attempts
from controller.runner.floor_tasks import floor_tasks
from controller.service.live import Task, TaskKind
from controller.states import BatchState, LetterState, PackState, PieceState

BATCH = 1


class Guided(Floor):
    """A floor whose one person does what the list says, with a second person when it takes two."""

    def __init__(self) -> None:
        super().__init__(LineConfig(key=KEY))
        self.in_hand: Counter[int] = Counter()
        self.done: list[TaskKind] = []

    def tasks(self) -> tuple[Task, ...]:
        pieces = self.core.book.batches[BATCH].pieces
        return floor_tasks(self.core, BATCH, Counter(piece.state for piece in pieces))

    def shift(self) -> None:
        """Run the line, do the first task that can be done, again and again; reprint when the paper is through."""
        self.tell(ev.LinkUp(self.machine.epoch))
        for _ in range(400):
            if self.core.book.batches[BATCH].state == BatchState.CLOSED:
                return
            if self.core.line.tray is not None:
                if self.machine.state != PackState.EXECUTE:
                    self.tell(ev.StartLine(self.next_command(), "op1"))
                self.run()
            if any(self.do(task) for task in self.tasks()):
                continue
            self.reprint()
        raise AssertionError(f"the shift never ends: {self.tasks()}")

    def do(self, task: Task) -> bool:
        self.done.append(task.kind)
        match task.kind:
            case TaskKind.PUT_TRAY | TaskKind.CHANGE_TRAY:
                self.tell(ev.OpenTray(self.next_command(), "op1", max(self.core.book.trays, default=0) + 1))
            case TaskKind.AUDIT_TRAY:
                self.audit(task.number)
            case TaskKind.SCAN_BIN:
                return self.scan_bin()
            case TaskKind.DECIDE:
                for uid in self.in_state(PieceState.QUARANTINED):
                    self.tell(ev.VoidPiece(self.next_command(), "op1", uid, "rejected"))
            case TaskKind.DESTROY:
                for uid in self.in_state(PieceState.VOID):
                    act = ev.DestroyPiece(self.next_command(), "op1", "op2", uid)
                    lost = ev.DeclareLoss(self.next_command(), "op1", "op2", uid, "not found")
                    self.tell(act if self.in_hand[uid] else lost)
            case TaskKind.SEARCH:
                if self.scan_bin():
                    return True
                self.tell(ev.SearchEnded(self.next_command(), "op1", task.number))
            case TaskKind.CLOSE_TRAY:
                self.close_tray(task.number)
            case TaskKind.CLOSE_BATCH:
                self.tell(ev.CloseBatch(self.next_command(), "op1", task.number))
        return True

    def scan_bin(self) -> bool:
        papers = [paper for envelope in self.bin for paper in envelope.papers]
        self.bin.clear()
        for paper in papers:
            self.in_hand[paper.uid] += 1
            if paper.readable:
                self.tell(ev.CustodyScan(self.next_command(), "op1", paper.payload, ""))
            else:
                self.tell(ev.CustodyTyped(self.next_command(), "op1", "op2", paper.uid, ""))
        return bool(papers)

    def in_state(self, state: PieceState) -> list[int]:
        return [piece.uid for piece in self.core.book.batches[BATCH].pieces if piece.state == state]

    def reprint(self) -> None:
        again = next_attempts(self.core.book.needs_attempt(BATCH), lambda uid: s10_item_id("XB", uid % 10**8))
        if again:
            name = JobId(f"B{BATCH:06d}-J{len(self.jobs):02d}-00000000")
            self.submit(PrintJob(name, BatchId(BATCH), tuple(again)))


@settings(max_examples=60, deadline=None)
@given(
    sheets=st.lists(st.integers(1, 3), min_size=3, max_size=14),
    unreadable=st.sets(st.integers(0, 30), max_size=4),
    missing=st.sets(st.integers(0, 30), max_size=3),
    unseen=st.sets(st.integers(1, 14), max_size=2),
)
def test_the_first_task_again_and_again_ends_the_batch(sheets, unreadable, missing, unseen) -> None:
    floor = Guided()
    floor.plan(BATCH, sheets)
    for number, papers in list(floor.stacks):
        for place, paper in enumerate(papers):
            paper.readable = place not in unreadable
        kept = [paper for place, paper in enumerate(papers) if place not in missing]
        papers.clear()
        papers.extend(kept)
        if not kept:
            floor.stacks.remove((number, papers))

    def eye(envelope: Envelope) -> bool:
        return envelope.number not in unseen

    floor.tray_eye = eye
    floor.shift()
    assert {letter.state for letter in floor.core.book.batches[BATCH].letters} == {LetterState.MAILED}
    assert violations(floor) == []
    assert floor.tasks() == ()


def test_a_calm_batch_asks_for_a_tray_then_for_the_ends() -> None:
    floor = Guided()
    floor.config = floor.core.line.config
    floor.plan(BATCH, [1] * 5)
    assert [task.kind for task in floor.tasks()] == [TaskKind.PUT_TRAY]
    floor.shift()
    assert floor.done[0] == TaskKind.PUT_TRAY
    assert floor.done[-1] == TaskKind.CLOSE_BATCH
