"""The simulated operator: carries stacks to the feeder, clears jams, scans what lies in the reject bin with a hand scanner.

Acts only in the machine's thread, through its timers, as slowly as a person does; the reading of pictures has a thread of its own.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable

import zxingcpp

from simulator.defects import Defects
from simulator.inserter.device import InserterDevice
from simulator.inserter.vocabulary import Reason
from simulator.journal import Journal
from simulator.paper import Envelope, Sheet, Stack
from simulator.printing.raster import blank
from simulator.scenario import PeoplePlan

UNREADABLE = "?"
BOX_SHEETS_MAX = 200


def read_by_hand(sheet: Sheet) -> str:
    """Return what a hand scanner reads from one sheet: a mark's payload, else the printed line typed in, else ``?``."""
    formats = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode))
    for picture in (sheet.margin, sheet.panel):
        for found in zxingcpp.read_barcodes(picture.pixels(), formats=formats):
            if found.text:
                return str(found.text)
    return sheet.caption or UNREADABLE


def test_stack(sheets: int) -> Stack:
    """Return a stack of blank sheets, as a maker puts them on a machine under test."""
    panel, margin = blank()
    return Stack("test", "TEST", deque(Sheet(-index, "test", "TEST", index, panel, margin) for index in range(sheets)))


class ScanDesk:
    """Scans every sheet of what is brought to it, one after another; ``emit`` gets one line each (it must only enqueue)."""

    def __init__(self, plan: PeoplePlan, speed: float, journal: Journal, emit: Callable[[str], None]) -> None:
        self._pause_s = plan.scan_s / speed
        self._journal = journal
        self._emit = emit
        self._brought: queue.Queue[tuple[Envelope, str] | Callable[[], None] | None] = queue.Queue()
        self._box: deque[Sheet] = deque(maxlen=BOX_SHEETS_MAX)
        self._thread = threading.Thread(target=self._run, name="sim-scan-desk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._brought.put(None)

    def bring(self, envelope: Envelope, where: str) -> None:
        """Bring an envelope or loose sheets found at ``where`` (bin, cover, floor)."""
        self._brought.put((envelope, where))

    def take_old_sheet(self) -> Sheet | None:
        """Take one sheet out of the box of scanned rejects, None when it is empty."""
        return self._box.popleft() if self._box else None

    def also(self, errand: Callable[[], None]) -> None:
        """Have ``errand`` done by the same person, after what was brought before: two things are never scanned at once."""
        self._brought.put(errand)

    def waiting(self) -> int:
        return self._brought.qsize()

    def _run(self) -> None:
        while (brought := self._brought.get()) is not None:
            if callable(brought):
                brought()
                continue
            envelope, where = brought
            for sheet in envelope.sheets:
                time.sleep(self._pause_s)
                text = read_by_hand(sheet)
                self._journal.write("scanned", where=where, sheet=sheet.told(), readable=text != UNREADABLE)
                self._box.append(sheet)
                self._emit(text)


class Operator:
    """One person at the line; ``present`` False means everything is left to whoever sits at the console."""

    def __init__(
        self, plan: PeoplePlan, speed: float, device: InserterDevice, desk: ScanDesk, journal: Journal, defects: Defects
    ) -> None:
        self._defects = defects
        self.present = plan.present
        self.next_clearing = "remove"
        self.stacks: deque[Stack] = deque()
        self._plan = plan
        self._speed = speed
        self._device = device
        self._desk = desk
        self._journal = journal
        self._carrying = False
        self._stack_no = 0

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        self._device.firmware.timers.after(int(delay_s / self._speed * 1e6), act)

    # --- feeder ---------------------------------------------------------------------------------------------------

    def stack_ready(self, stack: Stack) -> None:
        """A printer has finished a job; call from any thread."""
        self._device.post(lambda: self._collect(stack))

    def _collect(self, stack: Stack) -> None:
        if self._defects.take("burn_stack"):
            self._journal.write("stack_burnt", job=stack.job, sheets=[sheet.told() for sheet in stack.sheets])
            return
        self.stacks.append(stack)
        self.tend_feeder()

    def tend_feeder(self) -> None:
        """Carry the next stack when the feeder is empty and one is there."""
        if self._carrying or not self.present or self._device.firmware.path.has_sheets():
            return
        if not self.stacks and self._plan.test_sheets:
            # A maker's feeder is never found empty: the kit would call that a machine it cannot test.
            self.stacks.append(test_stack(self._plan.test_sheets))
            self._load()
            return
        if not self.stacks:
            return
        self._carrying = True
        self.after(self._plan.carry_s, self._load)

    def _load(self) -> None:
        self._carrying = False
        if not self.stacks or self._device.firmware.path.has_sheets():
            return
        stack = self.stacks.popleft()
        self._stack_no += 1
        stack.stack_no = self._stack_no
        self._journal.write("stack_loaded", stack=stack.stack_no, job=stack.job, sheets=len(stack.sheets))
        self._device.firmware.load(stack)

    # --- jams -----------------------------------------------------------------------------------------------------

    def jammed(self, zone: int) -> None:
        """Something sticks in ``zone``: open the cover, take it out, close the cover."""
        if self.present:
            self.after(self._plan.clear_s, lambda: self.clear(zone))

    def clear(self, zone: int) -> None:
        firmware = self._device.firmware
        firmware.block(Reason.COVER_OPEN, zone)
        how, self.next_clearing = self.next_clearing, "remove"
        self.after(self._plan.clear_s / 2, lambda: self._hands_in(zone, how))

    def _hands_in(self, zone: int, how: str) -> None:
        firmware = self._device.firmware
        self._journal.write("hands_in", zone=zone, how=how)
        if how != "back":
            for taken in firmware.take_out(zone):
                self._journal.write(
                    "taken_out", zone=zone, piece_no=taken.piece_no, sheets=[s.told() for s in taken.sheets]
                )
                if how == "tray":
                    firmware.path.hand_into_tray(taken)
                else:
                    self._desk.bring(taken, "cover")
        firmware.path.free_jam()
        self.after(self._plan.clear_s / 2, self._close)

    def _close(self) -> None:
        firmware = self._device.firmware
        firmware.unblock(Reason.JAM)
        firmware.unblock(Reason.COVER_OPEN)

    # --- reject bin -----------------------------------------------------------------------------------------------

    def rejected(self, envelope: Envelope) -> None:
        """Something fell into the reject bin: scan it, and empty the bin before it is full."""
        if not self.present:
            return
        if self._defects.take("skip_scan"):
            sheets = [sheet.told() for sheet in envelope.sheets]
            self._journal.write("thrown_away", piece_no=envelope.piece_no, sheets=sheets)
        else:
            self._desk.bring(envelope, "bin")
        firmware = self._device.firmware
        if firmware.path.bin_count >= firmware.path.mechanics.bin_capacity // 2:
            self.after(self._plan.clear_s, firmware.empty_bin)
