"""``ippeveprinter`` of CUPS as a foreign, conformant IPP printer: on a private bus, on loopback, printing into a folder."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_type="method_call"/><allow send_type="signal"/><allow send_type="method_return"/><allow send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="signal"/><allow receive_type="method_return"/><allow receive_type="error"/>
</policy></busconfig>
"""


class PrivateBus:
    """libavahi inside ippeveprinter insists on a system bus, though nothing is announced."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "bus"
        conf = directory / "bus.conf"
        conf.write_text(_BUS.format(socket=self.socket))
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={conf}", "--nofork", "--nopidfile"], stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 5
        while not self.socket.exists():
            assert time.monotonic() < deadline, "dbus-daemon did not start"
            time.sleep(0.01)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(5)


class ForeignPrinter:
    """One ippeveprinter; ``hook`` is a shell script body that plays the engine (see ippeveprinter(1), -c)."""

    def __init__(self, directory: Path, bus: PrivateBus, hook: str, port: int = 0) -> None:
        self.folder = directory
        self.folder.mkdir(exist_ok=True)
        self.port = port or free_port()
        script = directory / "hook.sh"
        script.write_text("#!/bin/sh\n" + hook)
        script.chmod(0o755)
        self.uri = f"ipp://localhost:{self.port}/ipp/print"
        options = f"-n localhost -r off --no-web-forms -p {self.port} -k -2 -f application/pdf".split()
        self.process = subprocess.Popen(
            ["ippeveprinter", *options, "-d", str(directory), "-c", str(script), "Foreign"],
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus.socket}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while True:
            try:
                connection = http.client.HTTPConnection("localhost", self.port, timeout=1)
                connection.request("GET", "/")
                connection.getresponse()
                return
            except OSError:
                assert time.monotonic() < deadline, "ippeveprinter did not start"
                time.sleep(0.02)

    def received(self) -> list[Path]:
        """The documents that arrived, in order."""
        return sorted(self.folder.glob("*.pdf"), key=lambda path: int(path.name.split("-")[0]))

    def close(self) -> None:
        self.process.kill()
        self.process.wait(5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
