"""The partner API as a partner speaks it: HTTP and JSON, written from the OpenAPI document the station serves at ``/api/v1/openapi.json``.

Every act carries an idempotency key made from what it says, so that a request whose answer was lost can be sent again.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 30.0
BUSY_PAUSE_S: Final = 5.0
TRIES_MAX: Final = 40


class PostRefused(Exception):
    """The station refused, or cannot be reached; ``str(error)`` says what to do."""


@dataclass(slots=True)
class PartnerWire:
    """One partner's connection. ``loses_answer`` says of each act whether its answer is cut off, as on a bad line."""

    url: str
    token: str
    loses_answer: Callable[[], bool] = lambda: False
    sent: int = 0
    answers_lost: int = 0

    def batches(self) -> list[int]:
        """Return the numbers of the batches this partner may see."""
        return [int(one["batch"]) for one in self._ask("GET", "/batches")["batches"]]

    def manifest(self, batch: int) -> dict[int, dict[str, str]]:
        """Return tray → {postal number: state} as announced.

        Raises:
            PostRefused: the numbers are not those the manifest's own digest was made of.
        """
        told = self._ask("GET", f"/batches/{batch}/manifest")
        items = sorted(str(one["item"]) for one in told["items"])
        if hashlib.sha256("".join(f"{item}\n" for item in items).encode()).hexdigest() != told["sha256"]:
            raise PostRefused(f"batch {batch}: the manifest does not agree with its own SHA-256; ask the sender")
        trays: dict[int, dict[str, str]] = {}
        for one in told["items"]:
            trays.setdefault(int(one["tray"]), {})[str(one["item"])] = str(one["state"])
        return trays

    def accept(self, batch: int, tray: int, receipt: str) -> int:
        """Say that the post has a tray; return the number under which the line's answer can be asked."""
        return int(self._act(f"/batches/{batch}/trays/{tray}/acceptance", {"receipt": receipt})["command"])

    def answer(self, command: int) -> tuple[str, str] | None:
        """Return what the line answered and why, None while it has not."""
        told = self._ask("GET", f"/commands/{command}")
        return (str(told["answer"]), str(told["why"])) if told["answered"] else None

    def track(self, events: list[dict[str, str]]) -> Mapping[str, Any]:
        """Upload tracking events; return how many were stored and repeated, and which are unknown."""
        return self._act("/tracking", {"events": events})

    def _act(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        key = hashlib.sha256(f"{path}\n{text}".encode()).hexdigest()[:40]
        if self.loses_answer():
            self.answers_lost += 1
            self._send("POST", path, text, key, cut=True)
        return self._ask("POST", path, text, key)

    def _ask(self, method: str, path: str, body: str = "", key: str = "") -> Mapping[str, Any]:
        for _ in range(TRIES_MAX):
            status, told = self._send(method, path, body, key)
            if status == http.client.TOO_MANY_REQUESTS:
                time.sleep(BUSY_PAUSE_S)
                continue
            if status >= http.client.BAD_REQUEST:
                raise PostRefused(f"{method} {path}: {status} {told.get('detail', '')}".strip())
            return told
        raise PostRefused(f"{method} {path}: the station is too busy; try again later")

    def _send(
        self, method: str, path: str, body: str = "", key: str = "", *, cut: bool = False
    ) -> tuple[int, Mapping[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        try:
            connection.request(method, f"/api/v1{path}", body.encode() or None, headers)
            self.sent += 1
            if cut:
                return 0, {}
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else {}
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise PostRefused(
                f"{self.url}: 连不上工位服务 / the station cannot be reached, start letterline serve: {problem}"
            ) from problem
        finally:
            connection.close()
