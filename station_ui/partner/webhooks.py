"""Tells partners what happened: one thread follows the ledger, queues events, and delivers them signed, with retries. Shell."""

from __future__ import annotations

import logging
import threading
import time
import urllib.error
import urllib.request
from typing import Final

from controller.model import batch_of
from controller.service.partners import Partners, sign
from controller.service.views import LedgerDoor

log = logging.getLogger(__name__)

KINDS: Final = ("batch.opened", "batch.closed", "tray.closed", "tray.handed-over", "tray.accepted", "letter.cancelled")
PERIOD_S: Final = 1.0
TIMEOUT_S: Final = 5.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that redirects is not followed: it could lead into our own network."""

    def redirect_request(self, *_: object) -> None:
        return None


class WebhookSender:
    """Owns the thread. A context manager; `close` joins it."""

    def __init__(self, door: LedgerDoor, partners: Partners) -> None:
        self._door, self._partners = door, partners
        self._since_ns = time.time_ns()
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def __enter__(self) -> WebhookSender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(timeout=TIMEOUT_S + 5)

    def turn(self) -> None:
        """Queue what happened since the last turn and deliver what is due. The same event is never queued twice."""
        for _uid, moment in self._door.moments(KINDS, self._since_ns, 1000):
            for batch in self._batches_of(moment.kind, moment.data, moment.subject):
                self._partners.announce(
                    batch, f"e{moment.seq}", moment.kind, {"at_unix_ns": moment.at_unix_ns, "subject": moment.subject}
                )
            self._since_ns = max(self._since_ns, moment.at_unix_ns)
        for delivery, hook in self._partners.due():
            if self._closing.is_set():
                return
            good, answer = self._deliver(
                str(hook["url"]), bytes(hook["secret"]), str(delivery["body"]), active=bool(hook["active"])
            )
            self._partners.delivered(int(delivery["number"]), int(delivery["attempts"]), answer, good=good)

    def _batches_of(self, kind: str, _data: object, subject: int) -> set[int]:
        if kind.startswith("tray."):
            return {piece.batch for piece in self._door.tray_pieces(subject)}
        return {subject if kind.startswith("batch.") else batch_of(subject * 100)}

    def _deliver(self, url: str, secret: bytes, body: str, *, active: bool) -> tuple[bool, str]:
        if not active or not self._partners.may_call(url):
            return False, "the webhook is stopped or its address may not be called"
        now_s = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Letterline-Signature": sign(secret, now_s, body),
            "User-Agent": "Letterline/1",
        }
        call = urllib.request.Request(url, data=body.encode(), headers=headers, method="POST")
        try:
            with self._opener.open(call, timeout=TIMEOUT_S) as answer:
                return 200 <= answer.status < 300, str(answer.status)
        except urllib.error.HTTPError as error:
            return False, str(error.code)
        except (OSError, ValueError) as error:
            return False, type(error).__name__

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            try:
                self.turn()
            except Exception:
                # A locked ledger or store passes; the next turn starts from what is durable.
                log.exception("webhooks: this turn failed, the next one tries again")
