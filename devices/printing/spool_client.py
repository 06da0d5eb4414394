"""What we ask of a CUPS server, in our words. The only module that calls pycups.

A connection belongs to the thread that made it: libcups keeps the server's name per thread. Every failure to reach the server is ``LinkError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import cups

from devices.errors import LinkError, SpoolerError
from devices.printing.notices import JobState
from devices.printing.settlement import SpooledJob
from devices.printing.spooler import PrinterAddress

_ASKED = [
    "job-id",
    "job-name",
    "job-state",
    "job-impressions-completed",
    "number-of-documents",
    "job-state-reasons",
    "time-at-processing",
    "job-printer-uri",
    "job-printer-state-message",
    "job-printer-state-reasons",
]
_CONTINUE = 100
_NOT_FOUND = 0x0406
_UNREACHABLE = frozenset({0x0500, 0x0502, 0x0506, 0x0507})
"""RFC 8011 §B.1.5: internal-error (how libcups reports a socket that is gone), service-unavailable, not-accepting-jobs (a queue half made by a spooler that died), busy."""
_PIECE = 65536
_T = TypeVar("_T")


class SpoolClient:
    """One connection to one CUPS server, for one thread."""

    def __init__(self, server: str) -> None:
        self._server = server
        cups.setServer(server)
        try:
            self._connection = cups.Connection(host=server)
        except RuntimeError as problem:
            raise LinkError(f"the print spooler at {server} does not answer") from problem

    def ensure_queue(self, printer: PrinterAddress) -> None:
        """Make the raw queue, stopped, unless it is there with this address. A job that fails is ended, never tried again by CUPS."""
        known = self._call(lambda c: c.getPrinters())
        if known.get(printer.name, {}).get("device-uri") != printer.uri:
            self._call(lambda c: c.addPrinter(printer.name, device=printer.uri, info="Letterline"))
            self._call(lambda c: c.disablePrinter(printer.name))
        self._call(lambda c: c.setPrinterErrorPolicy(printer.name, "abort-job"))
        self._call(lambda c: c.setPrinterShared(printer.name, False))
        self._call(lambda c: c.acceptJobs(printer.name))

    def let_go(self, queue: str) -> None:
        self._call(lambda c: c.enablePrinter(queue))
        self._call(lambda c: c.acceptJobs(queue))

    def queue_state(self, queue: str) -> tuple[int, tuple[str, ...], str, bool]:
        """(printer-state, reasons, message, accepting) as CUPS has it."""
        found = self._call(
            lambda c: c.getPrinterAttributes(
                queue,
                requested_attributes=[
                    "printer-state",
                    "printer-state-reasons",
                    "printer-state-message",
                    "printer-is-accepting-jobs",
                ],
            )
        )
        reasons = tuple(str(r) for r in _as_list(found.get("printer-state-reasons")) if r != "none")
        return (
            int(found.get("printer-state", 5)),
            reasons,
            str(found.get("printer-state-message", "")),
            bool(found.get("printer-is-accepting-jobs")),
        )

    def jobs(self, unfinished_only: bool = False) -> list[SpooledJob]:
        which = "not-completed" if unfinished_only else "all"
        found = self._call(lambda c: c.getJobs(which_jobs=which, requested_attributes=_ASKED))
        return [_spooled_job(job_id, attributes) for job_id, attributes in found.items()]

    def job(self, job_id: int) -> SpooledJob | None:
        try:
            return _spooled_job(job_id, self._call(lambda c: c.getJobAttributes(job_id, _ASKED)))
        except SpoolerError:
            return None

    def send(self, queue: str, title: str, options: Mapping[str, str], document: Iterable[bytes]) -> int:
        """Create a job, stream its document, return the CUPS job id.

        Raises:
            LinkError: the spooler went away; what it kept is unknown until asked.
            SpoolerError: it refused; nothing of the job is left there.
        """
        job_id = int(self._call(lambda c: c.createJob(queue, title, dict(options))))
        try:
            self._stream(queue, job_id, title, document)
        except BaseException as problem:
            if not isinstance(problem, LinkError):
                self.cancel(job_id)
            raise
        return job_id

    def _stream(self, queue: str, job_id: int, title: str, document: Iterable[bytes]) -> None:
        self._call(lambda c: c.startDocument(queue, job_id, title, "application/pdf", 1))
        for chunk in document:
            for at in range(0, len(chunk), _PIECE):
                piece = chunk[at : at + _PIECE]
                if self._write(piece) != _CONTINUE:
                    raise SpoolerError(f"the print spooler stopped taking job {title} in the middle")
        status = self._call(lambda c: c.finishDocument(queue))
        if status != 0:
            raise SpoolerError(f"the print spooler refused job {title} (IPP status {status:#06x})")

    def _write(self, piece: bytes) -> int:
        return int(self._call(lambda c: c.writeRequestData(piece, len(piece))))

    def cancel(self, job_id: int) -> None:
        """Cancel and forget a job; one that is over or gone already is no error."""
        try:
            self._call(lambda c: c.cancelJob(job_id, purge_job=True))
        except SpoolerError:
            pass

    def hold(self, job_id: int) -> None:
        self._call(lambda c: c.setJobHoldUntil(job_id, "indefinite"))

    def release(self, job_id: int) -> None:
        """Let CUPS send the job. Holding first wakes a job that a restart has left asleep as pending."""
        self._call(lambda c: c.setJobHoldUntil(job_id, "indefinite"))
        self._call(lambda c: c.setJobHoldUntil(job_id, "no-hold"))

    def move(self, job_id: int, queue: str) -> None:
        self._call(lambda c: c.moveJob(job_id=job_id, job_printer_uri=f"ipp://localhost/printers/{queue}"))

    def _call(self, question: Callable[[Any], _T]) -> _T:
        try:
            return question(self._connection)
        except cups.HTTPError as problem:
            raise LinkError("the print spooler broke the connection") from problem
        except cups.IPPError as problem:
            code, text = (*problem.args, "")[:2]
            if code in _UNREACHABLE:
                raise LinkError(f"the print spooler does not answer ({text})") from problem
            raise SpoolerError(f"the print spooler refused: {text} ({code:#06x})") from problem
        except RuntimeError as problem:
            raise LinkError(f"the print spooler does not answer ({problem})") from problem


def _spooled_job(job_id: int, attributes: Mapping[str, Any]) -> SpooledJob:
    reasons = tuple(
        str(reason)
        for name in ("job-state-reasons", "job-printer-state-reasons")
        for reason in _as_list(attributes.get(name))
    )
    return SpooledJob(
        job_id=job_id,
        queue=str(attributes.get("job-printer-uri", "")).rpartition("/")[2],
        title=str(attributes.get("job-name", "")),
        state=JobState(int(attributes.get("job-state", JobState.PENDING))),
        documents=int(attributes.get("number-of-documents") or 0),
        begun_unix=int(attributes.get("time-at-processing") or 0),
        impressions=int(attributes.get("job-impressions-completed") or 0),
        reasons=tuple(reason for reason in reasons if reason != "none"),
        message=str(attributes.get("job-printer-state-message", "")),
    )


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
