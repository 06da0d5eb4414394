"""The partner API attacked from its own document, and its webhooks received by a partner's server."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from station_world import BATCH, Floor, floor

from controller.ledger.records import Record
from controller.service.partners import ATTEMPTS_MAX, PartnerRefused, Partners, Scope, check_webhook_url, sign
from controller.service.store import StationStore
from station_ui.partner.webhooks import WebhookSender

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
QUICK = settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[tuple[Floor, str]]:
    with floor(tmp_path_factory.mktemp("api")) as ground:
        partners = ground.app.extensions["station"].partners
        partners.add("post", "平江邮政")
        partners.give_batch("post", 6)
        token = partners.make_token("post", "fuzz", list(Scope), by="test")
        # The rate limit has its own test; here every request is to reach the API.
        ground.app.extensions["station"].limits.take = lambda *_: True
        yield ground, token


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_made_from_the_document_breaks_the_api_or_its_promises(api, mode):
    ground, token = api
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", ground.app)
    tried: dict[str, int] = {}
    for found in schema.get_all_operations():
        operation = found.ok()

        def attack(case) -> None:
            tried[case.operation.label] = tried.get(case.operation.label, 0) + 1
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

        QUICK(given(case=operation.as_strategy(generation_mode=mode))(attack))()
    assert len(tried) >= 8
    assert sum(tried.values()) >= 45


@pytest.mark.parametrize("number", [2**63, 2**90])
def test_a_number_the_ledger_cannot_hold_names_nothing(api, number):
    ground, token = api
    headers = {"Authorization": f"Bearer {token}"}
    assert ground.app.test_client().get(f"/api/v1/commands/{number}", headers=headers).status_code == 404


class Receiver(http.server.BaseHTTPRequestHandler):
    """A partner's server: keeps what it gets and answers with the next code."""

    got: ClassVar[list[tuple[str, bytes]]] = []
    codes: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append((self.headers["Letterline-Signature"], body))
        self.send_response(type(self).codes.pop(0) if type(self).codes else 204)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got, Receiver.codes = [], []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def test_a_webhook_is_signed_retried_and_delivered_once(api, receiver, tmp_path):
    ground, _ = api
    clock = [1_790_000_000.0]
    store = StationStore(f"sqlite:///{tmp_path / 'w.db'}")
    partners = Partners(store, lambda: clock[0], local_webhooks=True)
    partners.add("bank", "云海银行")
    partners.give_batch("bank", BATCH)
    _, secret = partners.add_webhook("bank", receiver)
    sender = WebhookSender(ground.app.extensions["station"].door, partners)
    Receiver.codes = [500, 302]
    ground.line.books.ledger.append([Record("tray.closing", tray=12)], sender._since_ns + 1)
    ground.line.books.ledger.append([Record("tray.closed", tray=12)], sender._since_ns + 2)
    for wait in (0, 5, 5, 20, 100):
        clock[0] += wait
        sender.turn()
    assert len(Receiver.got) == 3
    header, body = Receiver.got[-1]
    at, given_hash = (part.split("=")[1] for part in header.split(","))
    assert given_hash == hmac.new(bytes.fromhex(secret), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert json.loads(body) | {"type": "tray.closed", "batch": BATCH, "subject": 12} == json.loads(body)
    assert partners.deliveries()[0]["state"] == "delivered"
    store.close()


def test_a_partner_that_never_answers_is_given_up_after_eight_attempts(tmp_path):
    clock = [1_790_000_000.0]
    store = StationStore(f"sqlite:///{tmp_path / 'w.db'}")
    partners = Partners(store, lambda: clock[0], local_webhooks=True)
    partners.add("bank", "云海银行")
    partners.give_batch("bank", 7)
    partners.add_webhook("bank", "http://127.0.0.1:9/hook")
    partners.announce(7, "e1", "batch.closed", {})
    assert partners.announce(7, "e1", "batch.closed", {}) == 0
    attempts = 0
    for _ in range(50):
        clock[0] += 3600
        for delivery, _hook in partners.due():
            attempts += 1
            partners.delivered(delivery["number"], delivery["attempts"], "refused", good=False)
    assert attempts == ATTEMPTS_MAX
    assert partners.deliveries()[0]["state"] == "given-up"
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook", "https://127.0.0.1/hook", "https://localhost/hook", "https://10.0.0.8/hook", "https://[::1]/hook",
        "https://169.254.169.254/latest", "https://user:pw@93.184.216.34/", "https://93.184.216.34/#x", "ftp://93.184.216.34/", "https://", "x", "https://[",
    ],
)  # fmt: skip
def test_a_webhook_cannot_be_pointed_into_our_own_network(url):
    with pytest.raises(PartnerRefused):
        check_webhook_url(url, local=False)


def test_a_signature_depends_on_secret_time_and_body():
    assert len({sign(b"a", 1, "x"), sign(b"b", 1, "x"), sign(b"a", 2, "x"), sign(b"a", 1, "y")}) == 4
