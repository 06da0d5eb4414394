"""The serial line of the inserter behind a terminal server: one TCP client at a time, on loopback. It carries bytes and knows no protocol."""

from __future__ import annotations

import contextlib
import socket

from simulator.defects import Defects
from simulator.inserter.port import BytePort


def _listen(port: int) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port))
    listener.setblocking(False)
    return listener


class SocketPort(BytePort):
    """A listening socket; a second client is turned away while the first is there, as an exclusive serial port would."""

    def __init__(self, *, baud: int, defects: Defects | None = None, port: int = 0) -> None:
        super().__init__(baud=baud, defects=defects)
        self._client: socket.socket | None = None
        self._listener: socket.socket | None = _listen(port)
        self._wanted = int(self._listener.getsockname()[1])
        self.url = f"socket://127.0.0.1:{self._wanted}"

    @property
    def fds(self) -> list[int]:
        return [one.fileno() for one in (self._listener, self._client) if one is not None]

    @property
    def is_plugged(self) -> bool:
        return self._listener is not None

    def plug(self) -> None:
        """Listen (again) at the same address."""
        if self._listener is None:
            self._listener = _listen(self._wanted)

    def unplug(self) -> None:
        """Cut the connection and stop listening."""
        for one in (self._client, self._listener):
            if one is not None:
                one.close()
        self._client = self._listener = None
        self.drop()

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listener.accept()
            if self._client is not None:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client

    def _take(self) -> bytes:
        self._accept()
        if self._client is None:
            return b""
        try:
            data = self._client.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._client.close()
            self._client = None
        return data

    def _give(self, data: bytes) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.send(data)
