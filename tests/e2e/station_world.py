"""A floor for the tests of the screens: a real ledger in the middle of a shift, pictures, people, and a stand-in for the line.

The stand-in takes commands from the real inbox and answers through the real state tables; it moves no paper and reads no camera.
The scenario tests have the real line; here only the screens are on trial.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from controller.ledger.cases import StoredCase
from controller.ledger.inbox import OperatorCommand
from controller.ledger.opening import OpenLedger, open_ledger
from controller.ledger.records import Record
from controller.model import ControlMark, letter_id, letter_of, piece_uid, s10_item_id
from controller.service.entry import Entry
from controller.service.ledger_door import DeskDoor
from controller.service.live import (
    Alarm,
    BeltPiece,
    Camera,
    LiveSnapshot,
    Machine,
    Press,
    QueuedJob,
    RecentVerdict,
    Severity,
    Task,
    TaskKind,
    Words,
)
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore
from controller.states import RefusedEvent

KEY = b"station-test-key"
LINE = "line-1"
BATCH = 7
TRAY = 12
PIN = "835926"
PEOPLE = {
    "LBOPER0001": ("林晓雨", (Role.OPERATOR,)),
    "LBPOST0001": ("赵寄云", (Role.POSTAL,)),
    "LBQUAL0001": ("钱质安", (Role.QUALITY,)),
    "LBSUPE0001": ("孙督明", (Role.SUPERVISOR,)),
    "LBSUPE0002": ("李协同", (Role.SUPERVISOR,)),
    "LBENGI0001": ("周工程", (Role.ENGINEER,)),
    "LBAUDI0001": ("吴审之", (Role.AUDITOR,)),
}
NAMES = ("王喆", "李堃", "张龘", "刘镕", "陈犇", "杨靐", "黄囍", "吴㐂", "周䶮", "徐鄧")
PATH = ("planned", "rendered", "submitted", "printed", "fed", "collated", "verified", "granted")


def item_of(uid: int) -> str:
    return s10_item_id("XA", uid // 10**9 % 100 * 10**6 + uid // 100 % 10**5 * 10 + uid % 10)


def mark_of(uid: int, sheet: int = 1, sheets: int = 2) -> str:
    return ControlMark(uid, sheet, sheets).encode(KEY)


def piece(number: int, attempt: int = 1, batch: int = BATCH) -> int:
    return piece_uid(batch, number, attempt)


def _walk(uid: int, job: str, upto: str, tray: int = 0, data: Mapping[str, object] | None = None) -> list[Record]:
    records = []
    for word in PATH:
        records.append(Record(f"piece.{word}", piece=uid, job=job))
        if word == upto:
            return records
    ends = {
        "in-tray": [Record("piece.in-tray", piece=uid, tray=tray, job=job)],
        "exit-unknown": [Record("piece.exit-unknown", piece=uid, tray=tray, job=job, data=data or {})],
    }
    return records + ends[upto]


def fill_ledger(books: OpenLedger, letters: int = 60) -> None:
    """A closed batch 6 of the day before, and batch 7 in the middle of its run."""
    now = time.time_ns()
    books.ledger.append(_opening(6, 20, "job-6"), now - 86_400 * 10**9)
    yesterday: list[Record] = [Record("tray.opened", tray=11)]
    for number in range(1, 21):
        yesterday += [
            r for r in _walk(piece(number, 1, 6), "B000006-J01-0a1b2c3d", "in-tray", 11) if r.kind != "piece.planned"
        ]
    yesterday += [Record("tray.closing", tray=11), Record("tray.closed", tray=11)]
    for number in range(1, 21):
        yesterday += [
            Record("piece.released", piece=piece(number, 1, 6), tray=11),
            Record("letter.mailed", letter=letter_id(6, number)),
        ]
    yesterday += [Record("batch.closed", 6), Record("tray.handed-over", tray=11)]
    books.ledger.append(yesterday, now - 80_000 * 10**9)
    books.ledger.append(
        [
            *_opening(BATCH, letters, "job-7"),
            Record("tray.opened", tray=12),
            Record("line.state", data={"state": 6, "mode": 1, "reason": 0}),
        ],
        now - 900 * 10**9,
    )
    step = 800 * 10**9 // letters
    for number in range(1, letters + 1):
        books.ledger.append(_story(number, letters), now - 880 * 10**9 + number * step)
    for ago, state, reason in ((610, 11, 4), (520, 6, 0), (400, 5, 5), (370, 6, 0)):
        books.ledger.append(
            [Record("line.state", data={"state": state, "mode": 1, "reason": reason})], now - ago * 10**9
        )
    books.cases.add(
        StoredCase(
            letter_id(BATCH, n), BATCH, f"key-{n}", f"content-{n}",
            json.dumps({"case_id": f"A-2026-{n:05d}", "recipient": NAMES[n % 10], "address": f"云海省平江市河东区和平路{n}号"}, ensure_ascii=False),
        )
        for n in range(1, letters + 1)
    )  # fmt: skip


def _opening(batch: int, letters: int, _job: str) -> list[Record]:
    job = f"B{batch:06d}-J01-0a1b2c3d"
    pieces = [[piece(n, 1, batch), 2, item_of(piece(n, 1, batch))] for n in range(1, letters + 1)]
    return [
        Record("batch.opened", batch, data={"client": "云海银行", "refused": 12}),
        *(Record("letter.opened", letter=letter_id(batch, n)) for n in range(1, letters + 1)),
        Record("job.planned", batch, job=job, data={"pieces": pieces}),
        *(Record("piece.planned", piece=uid, job=job) for uid, _, _ in pieces),
        Record("job.submitted", batch, job=job),
        Record("job.accepted", batch, job=job, data={"queue_job": batch, "queue": "printer-1"}),
    ]


SUSPECTS = {9: "no-read", 17: "double-feed", 18: "double-feed", 23: "mismatch"}
UNKNOWN_AFTER_GATE = 31
TASKS = (
    Task(TaskKind.CHANGE_TRAY, 32, 12),
    Task(TaskKind.SCAN_BIN, 7),
    Task(TaskKind.SEARCH, 12, 7),
    Task(TaskKind.DESTROY, 3),
)
ZONE = (piece(38), piece(39), piece(40))


def _story(number: int, letters: int) -> list[Record]:
    uid, job = piece(number), f"B{BATCH:06d}-J01-0a1b2c3d"
    if number in SUSPECTS:
        records = [
            *_walk(uid, job, "collated"),
            Record("piece.suspected", piece=uid, job=job, data={"reason": SUSPECTS[number]}),
        ]
        records.append(Record("piece.diverted", piece=uid, job=job, data={"reason": SUSPECTS[number], "seq": number}))
    elif number == UNKNOWN_AFTER_GATE:
        records = [
            *_walk(uid, job, "exit-unknown", 12, {"why": "cover-opened"}),
            Record("hold.placed", tray=12, data={"reason": "exit-unknown"}),
        ]
    elif uid in ZONE:
        records = [*_walk(uid, job, "collated"), Record("piece.suspected", piece=uid, job=job, data={"reason": "zone"})]
    elif number <= 37:
        records = _walk(uid, job, "in-tray", 12)
    elif number <= 50:
        records = _walk(uid, job, "printed")
    else:
        records = _walk(uid, job, "submitted")
    return records[1:]  # planned already


def draw_pictures(out: Path, uids: list[int]) -> None:
    """Small frames and letters of made-up people, drawn here."""
    (out / "frames").mkdir(parents=True, exist_ok=True)
    (out / "letters").mkdir(exist_ok=True)
    font = ImageFont.truetype(_face(), 44)
    small = ImageFont.truetype(_face(), 30)
    for uid in uids:
        for folder, ending, paper in (("letters", "png", 255), ("frames", "jpg", 226)):
            image = Image.new("L", (1040, 520), paper)
            pen = ImageDraw.Draw(image)
            number = uid // 100 % 10**7
            pen.rectangle((60, 60, 980, 460), outline=140 if folder == "frames" else 220, width=3)
            pen.text((120, 110), f"{NAMES[number % 10]} 先生", 20, font)
            pen.text((120, 180), f"云海省平江市河东区和平路{number}号", 20, small)
            pen.text((120, 230), f"3100{number % 100:02d}", 20, small)
            for bar in range(60):
                if (uid >> bar % 30) + bar * 7 & 3 != 0:
                    pen.rectangle((120 + bar * 8, 320, 124 + bar * 8, 400), 20)
            for cell in range(324):
                if (uid * 2654435761 >> cell % 32) + cell * cell & 1:
                    pen.rectangle(
                        (700 + cell % 18 * 9, 110 + cell // 18 * 9, 708 + cell % 18 * 9, 118 + cell // 18 * 9), 20
                    )
            if folder == "frames" and number in SUSPECTS:
                pen.ellipse((690, 150, 880, 280), fill=120)
            image.save(out / folder / f"{uid}.{ending}", quality=80)


def _face() -> str:
    return "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


@dataclass
class StandInLine:
    """Publishes a live picture ten times a second and answers the inbox. ``story`` may change any part of the picture."""

    books: OpenLedger
    state: int = 6
    reason: str = ""
    alarms: tuple[Alarm, ...] = ()
    zone: list[int] = field(default_factory=list)
    rate: float = 214
    tasks: tuple[Task, ...] = ()
    verdicts: tuple[RecentVerdict, ...] = ()
    frozen: bool = False
    finished: bool = False
    handled: list[str] = field(default_factory=list)
    period_s: float = 0.1
    _stop: threading.Event = field(default_factory=threading.Event)
    _showing: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __enter__(self) -> StandInLine:
        self.publish()
        self._thread = threading.Thread(target=self._run, name="stand-in-line", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)

    def calm(self) -> None:
        self.state, self.reason, self.rate, self.alarms, self.zone, self.frozen = 6, "", 214, (), [], False
        self.tasks, self.verdicts, self.finished = (), (), False
        self.publish()

    def jam(self) -> None:
        """A jam with the cover opened: three pieces were inside."""
        self.state, self.reason, self.rate = 11, "JAM", 0
        self.zone = list(ZONE)
        self.alarms = (
            Alarm(
                "jam",
                Words("卡纸", "Jam"),
                Words("封装机，折页站", "Inserter, folder"),
                Words(
                    "打开盖板，取出 3 件，逐件扫描，再按“继续”",
                    "Open the cover, take out 3 pieces, scan each one, then resume",
                ),
                Severity.STOP,
                Press.SCAN_ZONE,
                time.time_ns(),
            ),
        )

    def end_batch(self) -> None:
        """The batch is closed, its tray too; the line has finished and tells nothing more."""
        lifted = Record("hold.lifted", tray=TRAY, data={"reason": "exit-unknown"})
        closed = [Record("tray.closing", tray=TRAY), Record("tray.closed", tray=TRAY), Record("batch.closed", BATCH)]
        self.books.ledger.append([lifted, *closed], time.time_ns())
        self.finished, self.frozen = True, True
        self.publish()

    def publish(self) -> None:
        """Show the line as it is now. Two threads do this; the later picture is shown later."""
        with self._showing:
            snapshot = self.snapshot()
            self.books.inbox.show(LINE, json.loads(snapshot.to_json()), snapshot.at_unix_ns)

    def snapshot(self) -> LiveSnapshot:
        now = time.time_ns()
        running = self.state == 6 and not self.finished
        verdicts = [
            RecentVerdict(
                piece(n), "DIVERT" if n in SUSPECTS else "PASS", SUSPECTS.get(n, ""), now - (38 - n) * 2_000_000_000
            )
            for n in (23, 22, 21, 20, 19, 18)
        ]
        return LiveSnapshot(
            line=LINE, at_unix_ns=now, simulated=True,
            machines=(Machine("inserter-1", self.state, self.reason), Machine("printer-1", 6, kind="printer"), Machine("printer-2", 4, kind="printer")),
            belt=tuple(BeltPiece(piece(n), z, v) for n, z, v in ((46, 1, ""), (45, 2, ""), (44, 3, ""), (43, 4, ""), (42, 5, ""), (41, 6, "PASS"))) if running else tuple(BeltPiece(uid, 4, "", True) for uid in self.zone),
            rate_now=self.rate, rate_shift=189, rate_target=240,
            counts=self.books.queries.piece_counts(BATCH), batch=str(BATCH), letters=60,
            queue=(QueuedJob("B000007-J01-0a1b2c3d", "printer-1", "completed", 100, 100), QueuedJob("B000007-J02-5e6f7a8b", "printer-2", "processing", 14, 20)),
            cameras=(Camera("C1", 0.9991, "A", tuple(0.999 - (i % 7) * 0.0006 for i in range(40))), Camera("C2", 0.9942, "B", tuple(0.9995 - i * 0.00013 for i in range(40)))),
            alarms=self.alarms, verdicts=self.verdicts or tuple(verdicts), zone_to_scan=tuple(self.zone), tasks=self.tasks, tray=12, tray_count=32, finished=self.finished,
        )  # fmt: skip

    def _run(self) -> None:
        while not self._stop.wait(self.period_s):
            for command in self.books.inbox.open_commands(LINE):
                self._answer(command)
            if not self.frozen:
                self.publish()

    def _answer(self, command: OperatorCommand) -> None:
        self.handled.append(command.name)
        try:
            records, subjects = self._records(command)
            outcome: dict[str, object] = {"answer": "done", "why": "", "subjects": subjects}
            self.books.ledger.append(records, time.time_ns(), finished=[(command.id, json.dumps(outcome))])
        except (RefusedEvent, KeyError, ValueError) as refused:
            outcome = {
                "answer": "refused",
                "why": "",
                "why_zh": f"此件现在不能这样做（{refused}）",
                "why_en": f"not possible now ({refused})",
            }
            self.books.ledger.append(
                [], time.time_ns(), finished=[(command.id, json.dumps(outcome, ensure_ascii=False))]
            )

    def _records(self, command: OperatorCommand) -> tuple[list[Record], list[str]]:
        args: Mapping[str, Any] = command.arguments
        who = {
            "badge": command.badge,
            "reason": str(args.get("reason", "")),
            "second": str(args.get("second_badge", "")),
        }
        if command.name in ("hold", "resume"):
            return self._control(command.name, who)
        if command.name in ("custody-scan", "custody-typed"):
            return self._custody(args, who)
        kind = ONE_RECORD.get(command.name)
        if kind is None:
            raise ValueError("not supported")
        noun = kind.partition(".")[0]
        field, argument = {
            "piece": ("piece", "uid"),
            "tray": ("tray", "tray"),
            "recall": ("letter", "letter"),
            "letter": ("letter", "uid"),
        }[noun]
        subject = letter_of(args["uid"]) if noun == "letter" else args[argument]
        return [Record(kind, **{field: subject}, data=who)], []

    def _control(self, name: str, who: Mapping[str, object]) -> tuple[list[Record], list[str]]:
        if name == "resume" and self.zone:
            raise ValueError("zone not empty")
        held = name == "hold"
        self.state, self.reason, self.rate = (11, "HOST", 0) if held else (6, "", 214)
        self.alarms = self.alarms if held else ()
        return [Record("line.hold" if held else "line.start", data=who)], []

    def _custody(self, args: Mapping[str, Any], who: Mapping[str, object]) -> tuple[list[Record], list[str]]:
        uid = int(args["payload"][1:16]) if "payload" in args else args["uid"]
        if self.books.queries.state("piece", uid) is None:
            raise ValueError("foreign")
        if uid in self.zone:
            self.zone.remove(uid)
        more = [Record("piece.voided", piece=uid, data=who)] if args.get("reason") else []
        return [Record("piece.quarantined", piece=uid, data=who), *more], [str(uid)]


ONE_RECORD = {
    "void": "piece.voided",
    "reprint-after-grant": "piece.voided",
    "destroy": "piece.destroyed",
    "declare-lost": "piece.lost",
    "tray-open": "tray.opened",
    "tray-close": "tray.closing",
    "tray-accepted": "tray.accepted",
    "hand-over": "tray.handed-over",
    "returned-mail": "letter.returned",
    "recall": "recall.noted",
    "recall-after-close": "recall.noted",
}


@dataclass
class Floor:
    """A served station: its address, its parts, its line."""

    url: str
    out: Path
    line: StandInLine
    entry: Entry
    store: StationStore
    app: Any
    server: Any


@contextlib.contextmanager
def floor(directory: Path, *, port: int = 0) -> Iterator[Floor]:
    """Serve a station over a fresh ledger in ``directory``."""
    books = open_ledger(directory / "ledger.db")
    fill_ledger(books)
    draw_pictures(directory, [piece(n) for n in (9, 17, 18, 19, 20, 21, 22, 23, 31, 38, 39, 40)])
    vault = PinVault(memory_kib=8, passes=1, lanes=1)
    store = StationStore(f"sqlite:///{directory / 'station.db'}")
    entry = Entry(store, vault)
    for badge, (name, roles) in PEOPLE.items():
        if entry.person(badge) is None:
            entry.add(badge, name, roles, PIN, by="test")
    with StandInLine(books) as line, serving(directory, store, port, vault) as (app, server):
        yield Floor(
            f"http://127.0.0.1:{server.effective_port}",
            directory,
            line,
            app.extensions["station"].entry,
            store,
            app,
            server,
        )
    store.close()
    books.close()


@contextlib.contextmanager
def serving(
    directory: Path, store: StationStore, port: int = 0, vault: PinVault | None = None, line: str | None = LINE
) -> Iterator[tuple[Any, Any]]:
    """Serve the station in a thread of this process."""
    from controller.service.ledger_door import open_door
    from station_ui.server import make_server

    door: DeskDoor = open_door(directory / "ledger.db")
    server, app = make_server(door, store, directory, port, line, vault=vault)

    thread = threading.Thread(target=server.run, name="station", daemon=True)
    with app.extensions["station"].hub:
        thread.start()
        try:
            yield app, server
        finally:
            server.close()
            thread.join(timeout=10)
    door.close()


__all__ = [
    "BATCH",
    "KEY",
    "LINE",
    "PEOPLE",
    "PIN",
    "TASKS",
    "TRAY",
    "ZONE",
    "Floor",
    "floor",
    "item_of",
    "mark_of",
    "piece",
    "replace",
    "serving",
]
