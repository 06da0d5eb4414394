"""Small web servers of the simulator: on loopback, one thread a connection, quiet when the other side goes away."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LoopbackServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1; a peer that disappears (a killed spooler, a closed page) is an ordinary event, not a traceback."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over broken connections; anything else is a fault of the simulator and must be seen."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)
