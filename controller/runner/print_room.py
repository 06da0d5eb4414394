"""The print server and its queues as the line sees them: submit a finished file under its job uid, hear what is claimed.

Everything said here is a claim; the paper itself speaks at the sheet camera.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from controller.line import events as line
from controller.runner.line_file import PrinterEntry
from devices.printing.notices import (
    JobAccepted,
    JobEndedClaim,
    JobMissing,
    JobMoved,
    JobProgress,
    JobRefused,
    JobState,
    JobStuck,
    PrinterReasons,
    PrintNotice,
)
from devices.printing.queues import PrintQueues
from devices.printing.spooler import PrinterAddress, Spooler

Tell = Callable[[line.LineEvent], None]

OPTIONS = {"sides": "two-sided-long-edge", "media": "iso_a4_210x297mm"}


def end_print_server(directory: Path) -> None:
    """End what a killed run left of its print server; nothing happens when there is none."""
    if directory.exists():
        Spooler(directory).stop()


class PrintRoom:
    """A private print server with one raw queue per printer. ``tell`` is called on the queue's own threads."""

    def __init__(self, directory: Path, printers: Sequence[PrinterEntry], tell: Tell) -> None:
        self._tell = tell
        self.spooler = Spooler(directory)
        addresses = [PrinterAddress(printer.name, printer.uri) for printer in printers]
        self.queues = PrintQueues(self.spooler.server, addresses, self._hear)
        self._noting = threading.Lock()
        self.states: Mapping[str, tuple[str, str, int]] = {}
        """Queue, state and impressions of each job. Replaced, never changed: the line's thread walks through it while queues go on telling."""
        self.reasons: Mapping[str, tuple[str, ...]] = {}

    def start(self) -> None:
        """Start the server with its queues stopped; they go on when what they hold is settled.

        Raises:
            SpoolerError: cupsd is missing or did not start.
        """
        self.spooler.start(queues_stopped=True)
        self.queues.start()

    def restart_server(self, *, kill: bool) -> None:
        """End the print server as a fault would, and start it again."""
        if kill:
            self.spooler.kill()
        else:
            self.spooler.stop()
        self.spooler.start(queues_stopped=True)

    def submit(self, job: str, pdf: Path, sheets: int, impressions: int) -> None:
        """Hand one job over; saying it again prints nothing twice.

        Raises:
            Busy: too many sheets wait already.
        """
        self.queues.submit(job, pdf, sheets, impressions=impressions, options=OPTIONS)

    def close(self) -> None:
        self.queues.close()
        self.spooler.stop()

    def _note(self, job: str, queue: str, state: str, impressions: int) -> None:
        with self._noting:
            self.states = {**self.states, job: (queue, state, max(0, impressions))}

    def _hear(self, notice: PrintNotice) -> None:
        match notice:
            case JobAccepted():
                self._note(notice.job_uid, notice.queue, "pending", 0)
                self._tell(line.JobAccepted(notice.job_uid, notice.cups_job, notice.queue))
            case JobProgress():
                self._note(notice.job_uid, notice.queue, notice.state.name.lower(), notice.impressions)
            case JobEndedClaim():
                self._note(notice.job_uid, notice.queue, notice.state.name.lower(), notice.impressions)
                if notice.doubtful or notice.state is not JobState.COMPLETED:
                    self._tell(line.JobDoubted(notice.job_uid, ", ".join(notice.reasons) or notice.state.name.lower()))
                else:
                    self._tell(line.JobClaim(notice.job_uid, max(0, notice.impressions)))
            case JobMissing():
                self._tell(line.JobDoubted(notice.job_uid, "missing at the print server"))
            case JobStuck():
                # Sent again, its sheets may come twice; the second copies carry the same marks and are diverted as duplicates.
                self._tell(line.JobDoubted(notice.job_uid, "print server restarted while it was being sent"))
                self.queues.send_again(notice.job_uid)
            case JobMoved():
                self._note(notice.job_uid, notice.to_queue, "pending", 0)
            case JobRefused():
                self._tell(line.JobAbsent(notice.job_uid))
            case PrinterReasons():
                with self._noting:
                    self.reasons = {**self.reasons, notice.queue: notice.reasons}
            case _:
                pass
