"""The people of the floor in virtual time: they carry, start, audit, scan, shred and hand over; some of it goes wrong by the fault plan.

They know what people know: the answers of the controller, what they see lying about, what stands on a label. They look around every
few seconds; each task can be broken off (the controller died) and is simply done again at the next look.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from controller.line import actions as act
from controller.line import events as ev
from controller.model import parse_piece_name
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan, Site
from simulator.campaign.host import Host, SafetyBreach
from simulator.campaign.machine import Machine, Reason, State
from simulator.campaign.paper import Envelope, Sheet, Stack
from simulator.campaign.places import Places

LOOK_US = 2_000_000
ANNA, BORIS = "b-01", "b-02"
TRIES = 8
HASTE = 0.3
"""How often hasty people act on what they see while the machine runs."""
OPEN_TRAYS = frozenset({"OPEN", "CLOSING", "AUDIT"})
NAMELESS_PAGE = 0.3
"""So many of the unreadable sheets do not even show the printed piece name."""


class People:
    """One crew. ``batch`` is what they work on."""

    def __init__(
        self, clock: Clockwork, plan: FaultPlan, host: Host, machine: Machine, places: Places, batch: int, capacity: int
    ) -> None:
        self.clock, self.plan, self.host, self.machine, self.places = clock, plan, host, machine, places
        self.batch = batch
        self.capacity = capacity
        self.stacks: deque[Stack] = deque()
        self.forgotten: list[Sheet] = []
        self.trays_used = 0
        self._at_machine = False
        self.haste: random.Random | None = None
        """Decides when somebody settles a tray on HOLD at once, whatever the machine is doing; None: nobody is hasty."""
        self.before: Callable[[str], None] = lambda task: None
        """Called before a task is begun: "settle" trays, "hand over" trays."""

    # --- at the machine ---

    def tend(self) -> None:
        """Look after the machine: paper in, tray in place and not full, running."""
        machine, host = self.machine, self.host
        if not host.alive or not machine.linked or self._at_machine:
            return
        if not machine.belt.stacks and self.stacks:
            machine.load(self.stacks.popleft())
        tray = host.core.line.tray
        if tray is None or len(tray.pieces) >= self.capacity or not host.core.line.tray_ready:
            self.change_tray()
        if self.haste is not None and self.haste.random() < HASTE:
            self._settle_in_haste(self.haste)
        if machine.state not in (
            State.EXECUTE,
            State.SUSPENDED,
            State.STARTING,
            State.UNHOLDING,
            State.CLEARING,
            State.RESETTING,
        ):
            self.ask(ev.StartLine, ANNA)

    def _settle_in_haste(self, rng: random.Random) -> None:
        """Look through a tray on HOLD while paper is under way or stands in the machine; perhaps say at once that the floor was searched."""
        if self.machine.state is not State.EXECUTE and not self.machine.belt.is_empty() and rng.random() < HASTE:
            self.change_tray()  # with envelopes in the machine that stopped
        held = [
            number for number, entry in self.host.core.book.trays.items() if entry.holds and entry.state in OPEN_TRAYS
        ]
        if not held:
            return
        number = rng.choice(held)
        tray = self.host.core.line.tray
        if tray is not None and tray.number == number and not self.change_tray():
            return
        self._audit(number)
        if rng.random() < HASTE:
            self.ask(ev.SearchEnded, ANNA, self.batch)

    def ask(self, command: type, *fields: object) -> act.Reply | None:
        """Give a command at the screen; None when nobody answered."""
        row = self.plan.draw(Site.DESK)
        if row:
            self._desk_fault(row)
        return self.host.ask(command, *fields)

    def change_tray(self) -> bool:
        """Say the number of an empty tray; it is put in place when the machine shows that number."""
        self.trays_used += 1
        number = self.trays_used
        reply = self.ask(ev.OpenTray, ANNA, number)
        return reply is not None and reply.answer is act.Answer.DONE

    # --- what can go wrong by hand ---

    def belt_fault(self, row: int, envelope: Envelope) -> None:
        """A fault of the belt or the cable strikes while ``envelope`` is under way."""
        machine, host, rng = self.machine, self.host, self.plan.rng
        if not machine.linked or machine.state is not State.EXECUTE or self.plan.quiet:
            return
        self.plan.struck(row, self.places.state_of(envelope.sheets))
        if row in (18, 19):
            machine.block(Reason.JAM, envelope.zone)
            self._at_machine = True
            self.clock.after(rng.randrange(3_000_000, 20_000_000), self._open_cover, row)
        elif row == 27:
            host.noise_left = rng.randrange(1, 6)
        elif row == 28:
            host.lose_link()
            self.clock.after(rng.randrange(500_000, 60_000_000), host.connect)
        elif row == 30:
            machine.reboot()
            host.hear(ev.LinkLost("no frame for 300 ms"))
            self.clock.after(rng.randrange(1_000_000, 5_000_000), host.connect)
        elif row == 31:
            machine.seq += rng.randrange(1, 5)
        elif row == 32:
            for _ in range(400):
                machine.emit(ev.MachineState, int(machine.state), 1, int(machine.reason))

    def _open_cover(self, row: int) -> None:
        machine, rng = self.machine, self.plan.rng
        machine.block(Reason.COVER_OPEN, 5)
        taken = machine.belt.take_out(rng.randrange(0, 4))
        for _, envelope in taken:
            if row == 19 and rng.random() < 0.5:
                (self.places.into_tray if rng.random() < 0.6 else self.places.into_bin)(envelope)
            else:
                self.places.hands.append(envelope)
        zones = [zone for zone, _ in taken]
        self.clock.after(rng.randrange(2_000_000, 30_000_000), self._close_cover, zones, self.machine.epoch)

    def _close_cover(self, zones: list[int], epoch: int) -> None:
        machine = self.machine
        self._at_machine = False
        if epoch == machine.epoch:
            machine.unblock(Reason.COVER_OPEN, 5)
            for zone in sorted(set(zones)):
                machine.removed(zone, zones.count(zone))
        machine.unblock(Reason.JAM, 5)

    def _desk_fault(self, row: int) -> None:
        rng, places = self.plan.rng, self.places
        self.plan.struck(row, self.machine.state.name)
        if row == 20 and places.bin:
            gone = places.bin.pop(rng.randrange(len(places.bin)))
            places.throw_away(gone.sheets)
        elif row == 37:
            number = self.machine.belt.tray_number
            self.machine.tray_present(number, present=False)
            places.place_tray(0)
            self.machine.tray_present(number, present=True)
        elif row == 47 and self.host.core.book.trays:
            number = rng.choice(list(self.host.core.book.trays))
            before = self.host.core.book.trays[number].state
            reply = self.host.ask(ev.TrayAccepted, "post", number)
            if (
                reply is not None
                and reply.answer is act.Answer.DONE
                and before not in ("CLOSED", "HANDED_OVER", "ACCEPTED")
            ):
                raise SafetyBreach(f"tray {number}, {before}, was believed to be with the post")
        elif row == 49:
            self._one_person_twice()

    def _one_person_twice(self) -> None:
        pieces = list(self.host.core.book.pieces)
        if not pieces:
            return
        uid = self.plan.rng.choice(pieces)
        for command in (
            (ev.DestroyPiece, ANNA, ANNA.upper(), uid),
            (ev.DeclareLoss, ANNA, f" {ANNA}", uid, "none"),
            (ev.FreeLetter, ANNA, ANNA, uid // 100),
        ):
            reply = self.host.ask(*command)
            if reply is not None and reply.answer is not act.Answer.REFUSED:
                raise SafetyBreach(f"{command[0].__name__}: one person was taken for two")

    # --- the end of a round ---

    def settle_trays(self) -> bool:
        """Take the tray away, audit what is on HOLD, close what can be closed; return whether every tray is settled."""
        if not self.change_tray():
            return False
        self.before("settle")
        settled = True
        for number, entry in sorted(self.host.core.book.trays.items()):
            if number != self.trays_used and entry.state in OPEN_TRAYS:
                settled &= self._settle_tray(number)
            elif entry.state == "CLOSED" and entry.holds:
                settled &= self._audit(number)
        return settled

    def _settle_tray(self, number: int) -> bool:
        for _ in range(TRIES):
            entry = self.host.core.book.trays[number]
            # Half of the time somebody just tries to close it, whatever the screen says about a HOLD.
            careful = self.plan.rng.random() < 0.5
            if entry.state == "AUDIT" or (entry.holds and careful):
                if not self._audit(number):
                    return False
                continue
            reply = self.ask(ev.CloseTray, ANNA, number)
            if reply is None:
                return False
            if reply.answer is act.Answer.DONE:
                return True
            if not self._audit(number):
                return False
        return False

    def _audit(self, number: int) -> bool:
        """Scan every envelope of a tray through its window; take out what the controller asks for; until it is content."""
        for turn in range(TRIES):
            tray = self.places.trays.get(number)
            envelopes = tray.envelopes if tray else []
            payloads = tuple(envelope.shown.payload if envelope.shown else "" for envelope in envelopes)
            reply = self.ask(ev.TrayAudit, (BORIS, ANNA)[turn % 2], number, payloads, len(payloads))
            if reply is None:
                return False
            if reply.answer is act.Answer.DONE:
                return True
            if reply.why == "pull-first":
                self._pull(envelopes, reply)
            elif reply.why != "recount-by-another":
                return False
        return False

    def _pull(self, envelopes: list[Envelope], reply: act.Reply) -> None:
        wanted = {parse_piece_name(name) for name in reply.subjects if name != "?"}
        for envelope in list(envelopes):
            shown = envelope.shown
            if shown is None or not shown.payload or shown.uid in wanted:
                envelopes.remove(envelope)
                self.places.hands.append(envelope)
                if shown is not None and shown.payload:
                    self.ask(ev.CustodyScan, ANNA, shown.payload, "pulled")

    def scan_everything(self) -> None:
        """Scan the reject bin, what was taken out by hand, trays without a label, and loose sheets; all of it goes to the pile."""
        places = self.places
        envelopes = places.bin + places.hands
        for tray in places.nameless:
            if tray is not places.standing:
                envelopes += tray.envelopes
                tray.envelopes = []
        places.bin, places.hands = [], []
        found = [sheet for envelope in envelopes for sheet in envelope.sheets] + places.loose
        places.loose = []
        for sheet in found:
            self._scan(sheet)
            if self.plan.rng.random() < 0.002:
                self.forgotten.append(sheet)
            else:
                places.pile.append(sheet)

    def _scan(self, sheet: Sheet) -> None:
        if sheet.payload:
            self.ask(ev.CustodyScan, ANNA, sheet.payload, "rejected")
        elif self.plan.rng.random() > NAMELESS_PAGE:
            self.ask(ev.CustodyTyped, ANNA, BORIS, sheet.uid, "rejected")

    def shred(self) -> None:
        """Shred the pile before two persons, say of which pieces it was, and declare lost what cannot be found."""
        self.ask(ev.SearchEnded, ANNA, self.batch)
        places = self.places
        if places.pile:
            places.shred(places.pile)
            for uid in dict.fromkeys(sheet.uid for sheet in places.pile):
                self.ask(ev.DestroyPiece, ANNA, BORIS, uid)
            places.pile = []

    def account_for_the_rest(self) -> bool:
        """Ask for the batch to be closed until it balances: shred or declare lost, piece by piece, whatever is named."""
        for _ in range(TRIES):
            reply = self.ask(ev.CloseBatch, ANNA, self.batch)
            if reply is None:
                return False
            if reply.answer is act.Answer.DONE or reply.why == "batch-not-open":
                return True  # not open: it was closed, and only the answer was lost with the controller that gave it
            for name in reply.subjects:
                self._account_for(name)
        return False

    def _account_for(self, name: str) -> None:
        uid_text, _, rest = name.partition(" (")
        try:
            uid = parse_piece_name(uid_text)
        except ValueError:
            return  # a letter: it is not mailed yet
        count = int(rest.split()[0]) if rest else 1
        for _ in range(count):
            self.ask(ev.DeclareLoss, ANNA, BORIS, uid, "not found at the end of the batch")

    def hand_over(self) -> None:
        """Give every closed tray without a HOLD to the carrier; the post accepts most of them at once."""
        self.before("hand over")
        for number, entry in sorted(self.host.core.book.trays.items()):
            if entry.state in ("CLOSED", "HANDED_OVER", "ACCEPTED") and number in self.places.trays and not entry.holds:
                done = entry.state != "CLOSED"
                if not done:
                    reply = self.ask(ev.HandOverTray, ANNA, number)
                    done = reply is not None and reply.answer is act.Answer.DONE
                if done:
                    self.places.leave(number)
                    self.ask(ev.TrayAccepted, "post", number)

    def decide_held(self, letters: list[int]) -> None:
        """Two persons look at letters that may have been posted before: some are freed, the others are cancelled."""
        for letter in letters:
            entry = self.host.core.book.letters.get(letter)
            if entry is not None and entry.state == "HELD":
                if letter % 2:
                    self.ask(ev.FreeLetter, ANNA, BORIS, letter)
                else:
                    self.ask(ev.RecallLetter, ANNA, letter)
