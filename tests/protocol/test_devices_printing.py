"""Printing through a real cupsd to a foreign printer (ippeveprinter)."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.peers.foreign_printer import ForeignPrinter, PrivateBus
from devices.printing.ipp import Printer
from devices.printing.notices import (
    JobAccepted,
    JobEndedClaim,
    JobProgress,
    JobRefused,
    JobState,
    JobStuck,
    PrinterReasons,
    SpoolerDown,
    SpoolerUp,
)
from devices.printing.queues import PrintQueues
from devices.printing.spooler import PrinterAddress, Spooler

pytestmark = pytest.mark.slow

SLOW = "for n in 1 2 3 4 5 6 7 8; do echo ATTR: job-impressions-completed=$n >&2; sleep 0.1; done\n"
QUICK = "echo ATTR: job-impressions-completed=8 >&2\n"
JAM = "echo STATE: +media-jam-error >&2; sleep 2.5; echo STATE: -media-jam-error >&2\n"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 400 + b"\n%%EOF\n"


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBus]:
    bus = PrivateBus(tmp_path_factory.mktemp("bus"))
    yield bus
    bus.close()


@pytest.fixture
def spooler(tmp_path: Path) -> Iterator[Spooler]:
    with Spooler(tmp_path / "cups") as running:
        yield running
    running.remove_private_directory()


@pytest.fixture
def make_printer(tmp_path: Path, bus: PrivateBus) -> Iterator[Callable[[str], ForeignPrinter]]:
    with contextlib.ExitStack() as stack:

        def make(hook: str) -> ForeignPrinter:
            name = f"printer{len(list(tmp_path.glob('printer*')))}"
            printer = ForeignPrinter(tmp_path / name, bus, hook)
            stack.callback(printer.close)
            return printer

        yield make


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def ended(heard: list[object]) -> list[str]:
    return [n.job_uid for n in heard if isinstance(n, JobEndedClaim)]


def test_a_streamed_job_arrives_unchanged_once_and_its_end_is_told(
    spooler: Spooler, make_printer: Callable[[str], ForeignPrinter], tmp_path: Path
) -> None:
    go = tmp_path / "go"
    waits = f"while [ ! -e {go} ]; do sleep 0.05; done\n"
    printer = make_printer("echo ATTR: job-impressions-completed=3 >&2\n" + waits + QUICK)
    heard: list[object] = []
    with PrintQueues(spooler.server, [PrinterAddress("p1", printer.uri)], heard.append) as queues:
        queues.submit(
            "B1-J01-aaaa",
            (PDF[at : at + 1000] for at in range(0, len(PDF), 1000)),
            4,
            impressions=8,
            options={"sides": "two-sided-long-edge"},
        )
        wait_for(lambda: any(isinstance(n, JobProgress) and n.impressions == 3 for n in heard))
        go.touch()
        wait_for(lambda: ended(heard))
        queues.submit("B1-J01-aaaa", [PDF], 4)
        wait_for(lambda: sum(isinstance(n, JobAccepted) for n in heard) == 2)
    assert [path.read_bytes() for path in printer.received()] == [PDF]
    assert [n.already for n in heard if isinstance(n, JobAccepted)] == [False, True]
    end = next(n for n in heard if isinstance(n, JobEndedClaim))
    assert (end.state, end.impressions, end.doubtful) == (JobState.COMPLETED, 8, False)
    assert list(Path(spooler.root / "spool").glob("d*")) == []  # no letter is kept


def test_the_printer_says_what_it_lacks_and_the_other_queue_is_chosen(
    spooler: Spooler, make_printer: Callable[[str], ForeignPrinter], tmp_path: Path
) -> None:
    jammed, free = make_printer(JAM), make_printer(QUICK)
    heard: list[object] = []
    addresses = [PrinterAddress("p1", jammed.uri), PrinterAddress("p2", free.uri)]
    with PrintQueues(spooler.server, addresses, heard.append) as queues:
        queues.submit("B1-J01-aaaa", [PDF], 4, queue_name="p1")
        wait_for(
            lambda: any(
                isinstance(n, PrinterReasons) and n.queue == "p1" and "media-jam" in "".join(n.reasons) for n in heard
            )
        )
        queues.submit("B1-J02-bbbb", [PDF], 400)
        wait_for(lambda: "B1-J02-bbbb" in ended(heard))
        wait_for(lambda: "B1-J01-aaaa" in ended(heard))
        last = [n for n in heard if isinstance(n, PrinterReasons) and n.queue == "p1"][-1]
        assert "media-jam" not in "".join(last.reasons)
    assert len(free.received()) == 1


def test_a_spooler_killed_at_any_moment_prints_each_job_once(
    spooler: Spooler, make_printer: Callable[[str], ForeignPrinter], tmp_path: Path
) -> None:
    printer = make_printer("sleep 0.15\n" + QUICK)
    heard: list[object] = []
    document = tmp_path / "job.pdf"
    document.write_bytes(PDF)
    jobs = [f"B1-J{n:02d}-aaaa" for n in range(8)]
    with PrintQueues(spooler.server, [PrinterAddress("p1", printer.uri)], heard.append) as queues:
        for index, job in enumerate(jobs):
            queues.submit(job, document, 4, impressions=8)
            time.sleep(0.07 * index)
            spooler.kill(signal.SIGTERM if index % 2 else signal.SIGKILL)
            spooler.start()
        wait_for(lambda: len(ended(heard)) == len(jobs), 90)
    assert sorted(ended(heard)) == jobs
    assert not [n for n in heard if isinstance(n, (JobStuck, JobRefused))]
    assert sorted(path.stem.split("-", 1)[1].upper() for path in printer.received()) == [job.upper() for job in jobs]
    changes = [type(n) for n in heard if isinstance(n, (SpoolerDown, SpoolerUp))]
    assert changes[::2] == [SpoolerDown] * (
        len(changes) // 2
    )  # how many of the kills are noticed is a matter of timing
    assert changes[1::2] == [SpoolerUp] * (len(changes) // 2)
    assert changes


def test_a_printer_that_lost_the_job_makes_its_end_doubtful(spooler: Spooler, bus: PrivateBus, tmp_path: Path) -> None:
    printer = ForeignPrinter(tmp_path / "first", bus, SLOW + "sleep 30\n")
    heard: list[object] = []
    with PrintQueues(spooler.server, [PrinterAddress("p1", printer.uri)], heard.append) as queues:
        queues.submit("B1-J01-aaaa", [PDF], 4, impressions=8)
        wait_for(lambda: any(isinstance(n, JobProgress) and n.impressions >= 3 for n in heard))
        printer.close()
        again = ForeignPrinter(tmp_path / "second", bus, QUICK, printer.port)
        try:
            wait_for(lambda: ended(heard), 30)
        finally:
            again.close()
    end = next(n for n in heard if isinstance(n, JobEndedClaim))
    assert end.doubtful


def test_a_printer_answers_direct_questions(make_printer: Callable[[str], ForeignPrinter]) -> None:
    printer = Printer(make_printer(QUICK).uri)
    assert printer.status().state == 3
    assert printer.status().accepting
    assert printer.jobs() == []


def test_a_spool_under_a_closed_directory_moves_to_a_private_one_and_says_so(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    deep = closed / ("x" * 120)
    spooler = Spooler(deep / "cups")
    try:
        assert str(spooler.root) in spooler.notice
        with spooler:
            assert spooler.pid
        assert Spooler(deep / "cups").root == spooler.root
    finally:
        spooler.remove_private_directory()
    assert not spooler.root.exists()
