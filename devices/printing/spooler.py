"""A private ``cupsd``: own directory, own socket, own queues, nobody else's printers.

It listens on a UNIX socket inside a directory only its user can enter, keeps no document after printing, writes every state change to disk at
once (otherwise a crash forgets whole jobs), and never retries by itself. Run as root it drops to the user ``lp``; run by anyone else it runs as that user.

After a crash of cupsd its backends live on and cupsd would send the active job again from page 1. So a restart first ends all processes of the
old one, then starts with every queue stopped; ``devices.printing.queues`` settles what each printer already has and only then lets the queues go.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from devices.errors import SpoolerError

CUPSD = "/usr/sbin/cupsd"
_READY_S = 10.0
_STOP_S = 5.0
_MAX_SOCKET_PATH = 100
"""A UNIX socket address holds 107 bytes (sun_path in unix(7))."""

_FILES_CONF = """\
SystemGroup {group}
{user_line}
ServerRoot {root}/etc
ServerBin /usr/lib/cups
DataDir /usr/share/cups
RequestRoot {root}/spool
TempDir {root}/spool/tmp
CacheDir {root}/cache
StateDir {root}/state
ErrorLog {root}/log/error_log
AccessLog {root}/log/access_log
PageLog {root}/log/page_log
Sandboxing Relaxed
SyncOnClose Yes
"""

_CUPSD_CONF = """\
Listen {socket}
Browsing No
BrowseLocalProtocols none
DefaultAuthType None
WebInterface No
LogLevel warn
DirtyCleanInterval 0
MaxJobs 0
MaxClients 100
PreserveJobHistory Yes
PreserveJobFiles No
JobRetryInterval 5
MaxJobTime 0
MultipleOperationTimeout 900
DefaultLeaseDuration 0
MaxLeaseDuration 0
MaxLogSize 10m
<Location />
Order allow,deny
Allow localhost
</Location>
<Location /admin>
Order allow,deny
Allow localhost
</Location>
<Policy default>
JobPrivateAccess all
JobPrivateValues none
SubscriptionPrivateAccess all
SubscriptionPrivateValues none
<Limit CUPS-Get-Document>
Order deny,allow
Deny all
</Limit>
<Limit All>
Order allow,deny
Allow localhost
</Limit>
</Policy>
"""


@dataclass(frozen=True, slots=True)
class PrinterAddress:
    """A raw queue ``name`` whose jobs go unchanged to ``uri``."""

    name: str
    uri: str


class Spooler:
    """The private cupsd of one run directory. ``start`` is idempotent over restarts: queues and jobs in the directory are kept."""

    def __init__(self, directory: Path, user: str = "") -> None:
        self._wanted = directory
        self._user = pwd.getpwnam(user or "lp") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._private: Path | None = None
        self.notice = ""
        """Says why the spool is not where it was asked for; empty when it is."""
        self.root = self._choose_place(directory.resolve())

    @property
    def server(self) -> str:
        """What a CUPS client gives as server name: the socket's path."""
        return str(self.root / "s")

    @property
    def pid(self) -> int:
        """Process id of the running cupsd, 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self, queues_stopped: bool = True) -> None:
        """Start cupsd and wait until it answers.

        Args:
            queues_stopped: queues of an earlier run send nothing until they are enabled, so that unfinished jobs can be settled first.

        Raises:
            SpoolerError: it is not installed, or did not answer in time; the text holds the last lines of its log.
        """
        if self.pid:
            return
        if not Path(CUPSD).exists():
            raise SpoolerError("cupsd is not installed; run the set-up (package cups)")
        self._end_remains()
        self._lay_out()
        if queues_stopped:
            self._stop_queues_on_disk()
        command = [CUPSD, "-f", "-c", f"{self.root}/etc/cupsd.conf", "-s", f"{self.root}/etc/cups-files.conf"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TMPDIR": f"{self.root}/spool/tmp"}
        as_root = os.geteuid() == 0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
            cwd="/",
            user=self._user.pw_uid if as_root else None,
            group=self._user.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        (self.root / "session").write_text(f"{self._process.pid}\n")
        self._await_ready()

    def stop(self) -> None:
        """End cupsd and all its backends, as a power-off would find them: nothing is tidied up that a crash would not tidy."""
        self.kill(signal.SIGTERM)

    def kill(self, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """End cupsd by this signal, then whatever it has left behind."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(with_signal)
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_S)
        self._process = None
        self._end_remains()

    def restart(self) -> None:
        """Kill and start again with stopped queues."""
        self.kill()
        self.start()

    def remove_private_directory(self) -> None:
        """Delete the spool if it had to be placed outside the run directory. Only after ``stop``, and only when no job is open."""
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self._wanted / "moved-to").unlink()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- the directory -------------------------------------------------------------------------------------------------

    def _choose_place(self, wanted: Path) -> Path:
        wanted.mkdir(parents=True, exist_ok=True)
        pointer = wanted / "moved-to"
        if pointer.exists():
            self._private = Path(pointer.read_text().strip())
            if self._private.is_dir() and self._private.stat().st_uid == self._user.pw_uid:
                self.notice = f"the print spool of {wanted} is at {self._private}"
                return self._private
        if self._can_reach(wanted) and len(f"{wanted}/s") <= _MAX_SOCKET_PATH:
            return wanted
        parent = "/run" if os.access("/run", os.W_OK) else None
        self._private = Path(tempfile.mkdtemp(prefix="letterline-cups-", dir=parent))
        pointer.write_text(f"{self._private}\n")
        self.notice = f"the print spool is at {self._private}: user {self._user.pw_name} cannot use {wanted}"
        return self._private

    def _can_reach(self, directory: Path) -> bool:
        """May the spool user pass every directory above? (Only mode bits are looked at; ACLs could allow more.)"""
        if self._user.pw_uid == os.geteuid():
            return True
        for parent in directory.parents:
            status = parent.stat()
            if status.st_uid == self._user.pw_uid:
                bit = 0o100
            elif status.st_gid == self._user.pw_gid:
                bit = 0o010
            else:
                bit = 0o001
            if not status.st_mode & bit:
                return False
        return True

    def _lay_out(self) -> None:
        for name in ("etc/ppd", "etc/ssl", "spool/tmp", "cache", "state/certs", "log"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        group = "lpadmin" if _group_exists("lpadmin") else "root"
        # cupsd started unprivileged takes its own user; naming another would be refused.
        (self.root / "etc/cups-files.conf").write_text(_FILES_CONF.format(root=self.root, group=group, user_line=""))
        (self.root / "etc/cupsd.conf").write_text(_CUPSD_CONF.format(socket=self.server))
        if os.geteuid() == 0:
            for path in (self.root, *self.root.rglob("*")):
                os.chown(path, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)
        self.root.chmod(0o700)  # letters of real people pass through here

    def _stop_queues_on_disk(self) -> None:
        """cupsd reads queue states from printers.conf at its start; a queue that is Stopped there sends nothing."""
        conf = self.root / "etc/printers.conf"
        if conf.exists():
            conf.write_text(re.sub(r"^State \w+$", "State Stopped", conf.read_text(), flags=re.MULTILINE))

    # -- processes -----------------------------------------------------------------------------------------------------

    def _end_remains(self) -> None:
        """End every process of the last cupsd's session: backends outlive a killed cupsd and would print beside the new one."""
        record = self.root / "session"
        if not record.exists():
            return
        session = int(record.read_text().strip() or 0)
        deadline = time.monotonic() + _STOP_S
        while members := _session_members(session, self._user.pw_uid, str(self.root)):
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise SpoolerError(f"processes {members} of the old print spooler cannot be ended")
            time.sleep(0.02)
        record.unlink(missing_ok=True)

    def _await_ready(self) -> None:
        import cups

        process = self._process
        assert process is not None
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SpoolerError(f"cupsd ended at once (exit code {process.returncode}): {self._last_log_lines()}")
            cups.setServer(self.server)
            try:
                cups.Connection(host=self.server).getDefault()
                return
            except (RuntimeError, cups.IPPError):
                time.sleep(0.02)
        raise SpoolerError(f"cupsd did not answer within {_READY_S:.0f} s: {self._last_log_lines()}")

    def _last_log_lines(self) -> str:
        log = self.root / "log/error_log"
        try:
            return " / ".join(log.read_text(errors="replace").splitlines()[-3:]) or "its log is empty"
        except OSError:
            return "it has written no log"


def _group_exists(name: str) -> bool:
    import grp

    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _session_members(session: int, uid: int, marker: str) -> list[int]:
    """Living processes of this session and user that belong to the spooler in directory ``marker`` (so a reused number harms nobody)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            if after_name[0] == "Z" or int(after_name[3]) != session or entry.stat().st_uid != uid:
                continue
            evidence = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            continue
        if marker.encode() in evidence:
            found.append(int(entry.name))
    return found
