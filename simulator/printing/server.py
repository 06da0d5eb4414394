"""The IPP door of a virtual printer: HTTP in, operations on `Printer`, answers out. Listens on loopback only.

Source: RFC 8010 section 4 (HTTP transport), RFC 8011 section 4 (operations). Judged by ``ipptool`` and by CUPS.
"""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import ClassVar

from simulator.loopback import LoopbackServer
from simulator.printing.attributes import COMPRESSIONS, FORMATS, SIDES, choose, job_attributes, printer_attributes
from simulator.printing.ipp import (
    Attribute,
    Attributes,
    MalformedMessage,
    Message,
    Operation,
    Status,
    Tag,
    decode,
    encode,
)
from simulator.printing.printer import Job, JobState, Printer

REQUEST_BYTES_MAX = 512 * 1024 * 1024
SOCKET_TIMEOUT_S = 60


class Refusal(Exception):
    """An operation is refused with an IPP status; ``unsupported`` names the attributes at fault."""

    def __init__(self, status: Status, message: str, unsupported: Attributes | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.unsupported = unsupported


class IppService:
    """Answers IPP requests for one printer."""

    def __init__(self, printer: Printer, uri: str) -> None:
        self.printer = printer
        self.uri = uri
        self._verbs: dict[int, Callable[[Message, bytes], list[tuple[int, Attributes]]]] = {
            Operation.PRINT_JOB: self._print_job,
            Operation.VALIDATE_JOB: self._validate_job,
            Operation.CREATE_JOB: self._create_job,
            Operation.SEND_DOCUMENT: self._send_document,
            Operation.CANCEL_JOB: self._cancel_job,
            Operation.GET_JOB_ATTRIBUTES: self._get_job_attributes,
            Operation.GET_JOBS: self._get_jobs,
            Operation.GET_PRINTER_ATTRIBUTES: self._get_printer_attributes,
        }

    def answer(self, data: bytes) -> bytes:
        """Return the response to one request.

        Raises:
            MalformedMessage: not IPP at all (the HTTP layer answers 400).
        """
        request, at = decode(data)
        try:
            groups = self._perform(request, data[at:])
            status, text = Status.OK, "successful-ok"
        except Refusal as refusal:
            groups = [(Tag.UNSUPPORTED, refusal.unsupported)] if refusal.unsupported else []
            status, text = refusal.status, str(refusal)
        head: Attributes = {
            "attributes-charset": Attribute(Tag.CHARSET, ("utf-8",)),
            "attributes-natural-language": Attribute(Tag.LANGUAGE, ("en",)),
            "status-message": Attribute(Tag.TEXT, (text,)),
        }
        version = request.version if request.version[0] in (1, 2) else (2, 0)
        return encode(Message(version, status, request.request_id, [(Tag.OPERATION, head), *groups]))

    def _perform(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        if request.version[0] not in (1, 2):
            raise Refusal(Status.VERSION_NOT_SUPPORTED, "only IPP 1.1 and 2.0 are spoken here")
        if request.request_id == 0:
            raise Refusal(Status.BAD_REQUEST, "request-id must not be 0")
        names = list(request.group(Tag.OPERATION))
        if names[:2] != ["attributes-charset", "attributes-natural-language"]:
            raise Refusal(
                Status.BAD_REQUEST, "a request begins with attributes-charset and attributes-natural-language"
            )
        if request.text("attributes-charset") not in ("utf-8", "us-ascii"):
            raise Refusal(Status.CHARSET_NOT_SUPPORTED, "only utf-8 is spoken here")
        if request.text("printer-uri") is None and request.text("job-uri") is None:
            raise Refusal(Status.BAD_REQUEST, "printer-uri or job-uri is missing")
        verb = self._verbs.get(request.code)
        if verb is None:
            raise Refusal(Status.OPERATION_NOT_SUPPORTED, f"operation {request.code:#06x} is not supported")
        return verb(request, document)

    # --- jobs -----------------------------------------------------------------------------------------------------

    def _check_template(self, request: Message) -> bool:
        """Check format, compression and job template; return whether the job is duplex."""
        document_format = request.text("document-format")
        if document_format is not None and document_format not in FORMATS:
            bad = {"document-format": Attribute(Tag.MIME, (document_format,))}
            raise Refusal(Status.FORMAT_NOT_SUPPORTED, f"{document_format} cannot be printed; send PDF", bad)
        compression = request.text("compression")
        if compression is not None and compression not in COMPRESSIONS:
            bad = {"compression": Attribute(Tag.KEYWORD, (compression,))}
            raise Refusal(Status.ATTRIBUTES_NOT_SUPPORTED, f"compression {compression} is not supported", bad)
        sides = request.text("sides", Tag.JOB) or SIDES[1]
        if sides not in SIDES:
            bad = {"sides": Attribute(Tag.KEYWORD, (sides,))}
            raise Refusal(Status.ATTRIBUTES_NOT_SUPPORTED, f"sides={sides} is not supported", bad)
        return sides != SIDES[0]

    def _document(self, request: Message, document: bytes) -> bytes:
        if request.text("compression") != "gzip":
            return document
        try:
            return gzip.decompress(document)
        except (OSError, EOFError, zlib.error) as problem:
            raise Refusal(Status.BAD_REQUEST, "the document is not gzip, as compression says") from problem

    def _create(self, request: Message) -> Job:
        duplex = self._check_template(request)
        name = request.text("job-name") or "untitled"
        return self.printer.create(name, request.text("requesting-user-name") or "anonymous", duplex=duplex)

    def _status(self, job: Job) -> list[tuple[int, Attributes]]:
        wanted = Attribute(Tag.KEYWORD, ("job-id", "job-uri", "job-state", "job-state-reasons"))
        return [(Tag.JOB, choose(job_attributes(job, self.printer, self.uri), wanted))]

    def _print_job(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        if not document:
            raise Refusal(Status.BAD_REQUEST, "Print-Job without a document")
        plain = self._document(request, document)
        job = self._create(request)
        self.printer.supply(job, plain)
        return self._status(job)

    def _validate_job(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        self._check_template(request)
        return []

    def _create_job(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        return self._status(self._create(request))

    def _find(self, request: Message) -> Job:
        job_id = request.integer("job-id")
        uri = request.text("job-uri")
        if job_id is None and uri is not None and uri.rpartition("/")[2].isdigit():
            job_id = int(uri.rpartition("/")[2])
        if job_id is None:
            raise Refusal(Status.BAD_REQUEST, "job-id is missing")
        job = self.printer.job(job_id)
        if job is None:
            raise Refusal(Status.NOT_FOUND, f"job {job_id} does not exist")
        return job

    def _send_document(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        job = self._find(request)
        last = request.group(Tag.OPERATION).get("last-document")
        if last is None:
            raise Refusal(Status.BAD_REQUEST, "last-document is missing")
        self._check_template(request)
        if job.state is not JobState.HELD:
            raise Refusal(Status.NOT_POSSIBLE, f"job {job.job_id} has its document already")
        if not document:
            raise Refusal(Status.BAD_REQUEST, "Send-Document without a document")
        self.printer.supply(job, self._document(request, document))
        return self._status(job)

    def _cancel_job(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        job = self._find(request)
        if not self.printer.cancel(job.job_id):
            raise Refusal(Status.NOT_POSSIBLE, f"job {job.job_id} is finished already")
        return []

    def _get_job_attributes(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        attributes = job_attributes(self._find(request), self.printer, self.uri)
        return [(Tag.JOB, choose(attributes, request.group(Tag.OPERATION).get("requested-attributes")))]

    def _get_jobs(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        which = request.text("which-jobs") or "not-completed"
        if which not in ("completed", "not-completed"):
            bad = {"which-jobs": Attribute(Tag.KEYWORD, (which,))}
            raise Refusal(Status.ATTRIBUTES_NOT_SUPPORTED, f"which-jobs={which} is not supported", bad)
        jobs = self.printer.jobs(finished=which == "completed")
        mine = request.group(Tag.OPERATION).get("my-jobs")
        if mine is not None and mine.first:
            user = request.text("requesting-user-name")
            jobs = [job for job in jobs if job.user == user]
        wanted = request.group(Tag.OPERATION).get("requested-attributes")
        limit = request.integer("limit") or len(jobs)
        return [
            (Tag.JOB, choose(job_attributes(job, self.printer, self.uri), wanted, ("job-id", "job-uri")))
            for job in jobs[:limit]
        ]

    def _get_printer_attributes(self, request: Message, document: bytes) -> list[tuple[int, Attributes]]:
        attributes = printer_attributes(self.printer, self.uri)
        return [(Tag.PRINTER, choose(attributes, request.group(Tag.OPERATION).get("requested-attributes")))]


def _read_chunked(stream: BufferedIOBase) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        size = int(stream.readline(64).split(b";")[0], 16)
        if size == 0:
            while stream.readline(1024).strip():
                pass
            return b"".join(parts)
        total += size
        if total > REQUEST_BYTES_MAX:
            raise MalformedMessage("the request is too large")
        parts.append(_read_exactly(stream, size))
        stream.readline(8)


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    if not 0 <= size <= REQUEST_BYTES_MAX:
        raise MalformedMessage("the request is too large")
    body = stream.read(size)
    if len(body) < size:
        raise MalformedMessage("the connection ended in the middle of the request")
    return body


class IppServer:
    """Serves one printer on a free loopback port until closed."""

    def __init__(self, printer: Printer, port: int = 0) -> None:
        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = SOCKET_TIMEOUT_S
            disable_nagle_algorithm = True
            service: ClassVar[IppService]

            def do_POST(self) -> None:
                try:
                    if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                        body = _read_chunked(self.rfile)
                    else:
                        body = _read_exactly(self.rfile, int(self.headers.get("Content-Length", "0")))
                    self._reply(200, "application/ipp", self.service.answer(body))
                except (MalformedMessage, ValueError) as problem:
                    self.close_connection = True
                    self._reply(400, "text/plain; charset=utf-8", f"{problem}\n".encode())

            def do_GET(self) -> None:
                text = f"SIMULATED 模拟: {self.service.printer.name}\n{self.service.uri}\n"
                self._reply(200, "text/plain; charset=utf-8", text.encode())

            def _reply(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Job names and users are nobody's business on a terminal."""

        self._server = LoopbackServer(port, Door)
        self.uri = f"ipp://127.0.0.1:{self._server.server_address[1]}/ipp/print"
        Door.service = IppService(printer, self.uri)
        self.printer = printer
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"sim-ipp-{printer.name}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
