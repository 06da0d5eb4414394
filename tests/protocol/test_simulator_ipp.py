"""The virtual printer before foreign judges: ipptool's suites of RFC 8011, and messages that are not IPP."""

from __future__ import annotations

import http.client
import io
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from simulator.defects import Defects
from simulator.journal import Journal
from simulator.printing import ipp
from simulator.printing.printer import Printer
from simulator.printing.server import IppServer, IppService


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IppServer]:
    journal = Journal(tmp_path / "world.jsonl")
    printer = Printer("P1", 50.0, journal, Defects(), on_stack=lambda stack: None, on_sheet=lambda: None)
    running = IppServer(printer)
    printer.start()
    running.start()
    yield running
    running.close()
    printer.close()
    journal.close()


def document(folder: Path) -> Path:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(100, 700, "SIMULATED")
    canvas.save()
    file = folder / "document.pdf"
    file.write_bytes(stream.getvalue())
    return file


@pytest.mark.parametrize(
    "suite",
    [pytest.param("ipp-1.1.test", marks=pytest.mark.slow), "get-printer-attributes.test", "get-completed-jobs.test"],
)
def test_ipptool_finds_no_fault(suite: str, server: IppServer, tmp_path: Path) -> None:
    checked = subprocess.run(
        ["ipptool", "-tI", "-f", str(document(tmp_path)), server.uri, suite],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "[PASS]" in checked.stdout
    assert "[FAIL]" not in checked.stdout


def test_what_is_not_ipp_is_answered_400_and_the_printer_lives(server: IppServer) -> None:
    host = server.uri.split("/")[2]
    for body in (b"", b"\x02\x00", b"\x02\x00\x00\x0b\x00\x00\x00\x01\x01\x44\xff\xff", b"GET / HTTP/1.1"):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp"})
        assert connection.getresponse().status == 400
        connection.close()
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("GET", "/")
    assert "SIMULATED" in connection.getresponse().read().decode()
    connection.close()


def test_a_document_cut_off_by_a_dying_spooler_is_never_printed(server: IppServer, tmp_path: Path) -> None:
    operation = {
        "attributes-charset": ipp.Attribute(ipp.Tag.CHARSET, ("utf-8",)),
        "attributes-natural-language": ipp.Attribute(ipp.Tag.LANGUAGE, ("en",)),
        "printer-uri": ipp.Attribute(ipp.Tag.URI, (server.uri,)),
        "job-name": ipp.Attribute(ipp.Tag.NAME, ("half",)),
    }
    whole = (
        ipp.encode(ipp.Message((2, 0), ipp.Operation.PRINT_JOB, 1, [(1, operation)])) + document(tmp_path).read_bytes()
    )
    host, port = server.uri.split("/")[2].split(":")
    heads = (
        f"Content-Length: {len(whole)}\r\n\r\n".encode() + whole[:-100],
        b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(whole):x}\r\n".encode() + whole[:-100],
    )
    for head in heads:
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"POST /ipp/print HTTP/1.1\r\nHost: printer\r\nContent-Type: application/ipp\r\n" + head)
            line.shutdown(socket.SHUT_WR)
            assert b" 400 " in line.recv(100)
    assert server.printer.jobs(finished=False) == []
    assert server.printer.jobs(finished=True) == []


def test_a_document_that_is_no_pdf_aborts_its_job_and_prints_nothing(server: IppServer) -> None:
    printer = server.printer
    job = printer.create("not-a-pdf", "somebody", duplex=True)
    printer.supply(job, b"%!PS these are not pages")
    for _ in range(200):
        if job.finished_s is not None:
            break
        time.sleep(0.02)
    assert job.reason == "document-format-error"
    assert job.sheets_done == 0


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
VALUES = st.one_of(
    st.tuples(st.just(ipp.Tag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(ipp.Tag.BOOLEAN), st.booleans()),
    st.tuples(st.just(ipp.Tag.KEYWORD), NAMES),
    st.tuples(st.just(ipp.Tag.RANGE), st.tuples(st.integers(0, 9), st.integers(0, 9))),
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_a_message_survives_encoding_and_decoding(values: dict[str, tuple[int, ipp.Value]]) -> None:
    group = {name: ipp.Attribute(tag, (value, value)) for name, (tag, value) in values.items()}
    nested = {"media-col": ipp.Attribute(ipp.Tag.COLLECTION, ({"media-size": ipp.Attribute(ipp.Tag.INTEGER, (7,))},))}
    message = ipp.Message((2, 0), 2, 7, [(1, group), (2, nested)])
    again, end = ipp.decode(ipp.encode(message) + b"document")
    assert again == message
    assert ipp.encode(message)[end:] == b""


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_either_a_message_or_malformed(data: bytes) -> None:
    try:
        ipp.decode(data)
    except ipp.MalformedMessage:
        return
    assert len(data) >= 9


def test_an_unknown_operation_and_version_are_refused_in_ipp_words(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "world.jsonl")
    printer = Printer("P1", 50.0, journal, Defects(), on_stack=lambda stack: None, on_sheet=lambda: None)
    service = IppService(printer, "ipp://127.0.0.1:1/ipp/print")
    operation = {
        "attributes-charset": ipp.Attribute(ipp.Tag.CHARSET, ("utf-8",)),
        "attributes-natural-language": ipp.Attribute(ipp.Tag.LANGUAGE, ("en",)),
        "printer-uri": ipp.Attribute(ipp.Tag.URI, ("ipp://127.0.0.1:1/ipp/print",)),
    }
    for version, code, status in (
        ((2, 0), 0x3FFF, ipp.Status.OPERATION_NOT_SUPPORTED),
        ((9, 9), 0x0B, ipp.Status.VERSION_NOT_SUPPORTED),
    ):
        answer = service.answer(ipp.encode(ipp.Message(version, code, 1, [(1, operation)])))
        assert ipp.decode(answer)[0].code == status
    journal.close()
