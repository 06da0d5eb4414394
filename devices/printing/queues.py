"""Print queues that never send a job twice: the shell around CUPS, the printers themselves and ``settlement``.

Two threads: one sends documents, one follows what becomes of jobs and printers. A job is known everywhere by its uid, which is its title: the
only name that survives to the printer and over a restart of the spooler. Before a job is sent, spooler and printer are asked for that title.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from devices.errors import Busy, DeviceError, LinkError, SpoolerError
from devices.printing.following import Follower
from devices.printing.ipp import Printer
from devices.printing.notices import (
    JobAccepted,
    JobEndedClaim,
    JobRefused,
    JobState,
    PrintNotice,
    PrintSink,
    SpoolerDown,
    SpoolerUp,
)
from devices.printing.settlement import came_to_nothing, newest_by_title
from devices.printing.spool_client import SpoolClient
from devices.printing.spooler import PrinterAddress

_FOLLOW_EVERY_S = 0.5
_RETRY_S = 0.3
_CHUNK = 1 << 16

Document = Path | Iterable[bytes]
"""A finished PDF, or its bytes while they are still being made."""


@dataclass(slots=True)
class _Order:
    job_uid: str
    document: Document
    sheets: int
    impressions: int
    options: dict[str, str] = field(default_factory=dict)
    queue: str = ""


class PrintQueues:
    """Several raw queues of one spooler.

    Args:
        server: what ``Spooler.server`` gives, or ``host:port`` of another CUPS server.
        printers: one queue each; made when missing.
        sink: takes each notice, on one of the two threads, one at a time.
        max_sheets_ahead: back-pressure: submitted sheets whose job is not over. ``submit`` raises ``Busy`` beyond it.
    """

    def __init__(
        self, server: str, printers: Sequence[PrinterAddress], sink: PrintSink, max_sheets_ahead: int = 2000
    ) -> None:
        self._server = server
        self._printers = {printer.name: printer for printer in printers}
        self._max_ahead = max_sheets_ahead
        self._sink = sink
        self._sink_lock = threading.Lock()
        self._undelivered: deque[PrintNotice] = deque()
        self._lock = threading.Lock()
        self._orders: queue.Queue[_Order] = queue.Queue(maxsize=1000)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._open_orders: dict[str, _Order] = {}
        self._follower = Follower(self._printers, self._hear, self._send_anew)
        self._sender = threading.Thread(target=self._send_on, name="print-sender", daemon=True)
        self._watcher = threading.Thread(target=self._follow_on, name="print-follower", daemon=True)

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._watcher.start()
        self._sender.start()

    def close(self) -> None:
        """Stop following. Jobs the spooler holds go on without us."""
        self._stop.set()
        for thread in (self._sender, self._watcher):
            if thread.is_alive():
                thread.join(5.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- verbs ---------------------------------------------------------------------------------------------------------

    def submit(
        self,
        job_uid: str,
        document: Document,
        sheets: int,
        *,
        impressions: int = 0,
        options: Mapping[str, str] | None = None,
        queue_name: str = "",
    ) -> None:
        """Hand one job over; ``JobAccepted`` or ``JobRefused`` tells how it went. Saying it again is harmless: the job is found by its uid.

        Args:
            sheets: for back-pressure and for choosing the queue with least to do.
            impressions: printed sides, to compare with what the printer claims; 0: do not compare.
            options: IPP job attributes such as ``{"sides": "two-sided-long-edge"}``.
            queue_name: this queue; otherwise the best one.

        Raises:
            Busy: ``max_sheets_ahead`` would be passed. Wait for a job to end.
        """
        ahead = self.sheets_ahead
        if ahead and ahead + sheets > self._max_ahead:
            raise Busy(f"{ahead} sheets wait at the printers already; the limit is {self._max_ahead}")
        if queue_name and queue_name not in self._printers:
            raise SpoolerError(f"there is no print queue {queue_name}; known: {', '.join(self._printers)}")
        order = _Order(job_uid, document, sheets, impressions, dict(options or {}), queue_name)
        self._follower.expect(job_uid, sheets, impressions)
        with self._lock:
            self._open_orders[job_uid] = order
        try:
            self._orders.put_nowait(order)
        except queue.Full:
            self._forget(job_uid)
            raise Busy("1000 print jobs wait already") from None

    @property
    def sheets_ahead(self) -> int:
        return self._follower.sheets_ahead

    def send_again(self, job_uid: str) -> None:
        """Decide about a ``JobStuck``: let the spooler send it from the first page, sheets that were printed already will come twice."""
        self._follower.decide(job_uid, send=True)

    def give_up(self, job_uid: str) -> None:
        """Cancel a job at the spooler. What the printer already has may still be printed; its sheets must be accounted for."""
        self._follower.decide(job_uid, send=False)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send_on(self) -> None:
        while not self._stop.is_set():
            try:
                order = self._orders.get(timeout=0.1)
            except queue.Empty:
                continue
            self._send_until_settled(order)

    def _send_until_settled(self, order: _Order) -> None:
        while not self._stop.is_set():
            if not self._ready.wait(0.1):
                continue
            try:
                self._send(SpoolClient(self._server), order)
                return
            except LinkError as problem:
                if not isinstance(order.document, Path):
                    self._refuse(
                        order,
                        f"the print spooler went away while the document was being made ({problem}); submit it again",
                    )
                    return
                self._stop.wait(_RETRY_S)
            except (DeviceError, OSError) as problem:
                self._refuse(order, str(problem))
                return

    def _send(self, client: SpoolClient, order: _Order) -> None:
        found = self._find(client, order.job_uid)
        if found is not None:
            self._follower.took(order.job_uid, *found)
            self._tell(JobAccepted(found[0], order.job_uid, found[1], already=True))
            return
        name = order.queue or self._follower.best_queue()
        self._follower.sending(order.job_uid)
        try:
            job_id = client.send(name, order.job_uid, order.options, self._pieces(order.document))
            self._follower.took(order.job_uid, name, job_id)
        finally:
            self._follower.sending("")
        self._tell(JobAccepted(name, order.job_uid, job_id, already=False))

    def _find(self, client: SpoolClient, job_uid: str) -> tuple[str, int] | None:
        """(queue, CUPS job id) where this job already is; id 0 when only the printer has it."""
        for job in client.jobs():
            if job.title != job_uid:
                continue
            if job.is_over:
                if job.impressions > 0 or job.state is JobState.COMPLETED:
                    return job.queue, job.job_id
            elif job.documents == 0:
                client.cancel(job.job_id)  # left half sent by a host that died
            else:
                return job.queue, job.job_id
        for name, printer in self._printers.items():
            with contextlib.suppress(
                DeviceError
            ):  # a printer that does not answer is looked at again when its queue is settled
                at_printer = newest_by_title(Printer(printer.uri).jobs()).get(job_uid)
                if at_printer is not None and not came_to_nothing(at_printer):
                    return name, 0
        return None

    def _pieces(self, document: Document) -> Iterator[bytes]:
        if not isinstance(document, Path):
            yield from document
            return
        with document.open("rb") as file:
            while piece := file.read(_CHUNK):
                yield piece

    def _refuse(self, order: _Order, why: str) -> None:
        self._forget(order.job_uid)
        self._tell(JobRefused(order.queue, order.job_uid, why))

    def _send_anew(self, job_uid: str) -> bool:
        """Put a job back in line whose submission the spooler has lost; it is looked for again before it is sent."""
        with self._lock:
            order = self._open_orders.get(job_uid)
        if order is None or not isinstance(order.document, Path):
            return False
        try:
            self._orders.put_nowait(order)
        except queue.Full:
            return False
        return True

    def _forget(self, job_uid: str) -> None:
        with self._lock:
            self._open_orders.pop(job_uid, None)
        self._follower.forget(job_uid)

    # -- following -----------------------------------------------------------------------------------------------------

    def _follow_on(self) -> None:
        down_told = False
        while not self._stop.is_set():
            try:
                client = SpoolClient(self._server)
                for printer in self._printers.values():
                    client.ensure_queue(printer)
                self._ready.set()
                self._tell(SpoolerUp(self._server))
                down_told = False
                while not self._stop.is_set():
                    self._follower.look(client, time.time())
                    self._deliver()
                    self._stop.wait(_FOLLOW_EVERY_S)
            except DeviceError as problem:
                self._ready.clear()
                if not down_told:
                    down_told = True
                    self._tell(SpoolerDown(str(problem)))
                self._stop.wait(_RETRY_S)

    def _hear(self, notice: PrintNotice) -> None:
        if isinstance(notice, JobEndedClaim):
            with self._lock:
                self._open_orders.pop(notice.job_uid, None)
        self._tell(notice)

    def _tell(self, notice: PrintNotice) -> None:
        with self._lock:
            self._undelivered.append(notice)
        self._deliver()

    def _deliver(self) -> None:
        """Pass notices on in order; when the sink has no room they wait for the next round."""
        with self._sink_lock:
            while self._undelivered:
                try:
                    self._sink(self._undelivered[0])
                except queue.Full:
                    return
                with self._lock:
                    self._undelivered.popleft()
