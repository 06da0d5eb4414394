"""The screens somebody may open, in the order of a shift, and what every page needs around its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, request, url_for
from flask_babel import gettext, lazy_gettext

from controller.service.approvals import Refusal
from controller.service.commands import CommandRefused, Sent
from controller.service.rights import Right
from controller.service.sessions import IDLE_LOCK_S, SessionState
from controller.service.views import EXCEPTION_STATES
from station_ui import words
from station_ui.catalogue import language
from station_ui.security.access import csrf, drawn_for, may, visit
from station_ui.station import station
from station_ui.trainee import move_on

_ = lazy_gettext


@dataclass(frozen=True, slots=True)
class Item:
    screen: str
    endpoint: str
    word: Any
    icon: str
    right: Right


ITEMS: Final = (
    Item("line", "line.page", _("Line"), "line", Right.SEE_LINE),
    Item("exceptions", "exceptions.page", _("Exceptions"), "scan", Right.SEE_PIECES),
    Item("batches", "batches.page", _("Batches"), "batch", Right.SEE_BATCHES),
    Item("trays", "trays.page", _("Trays"), "tray", Right.SEE_TRAYS),
    Item("returns", "returns.page", _("Returns"), "return", Right.RETURNS),
    Item("approvals", "approvals.page", _("Approvals"), "approve", Right.REQUEST_OVERRIDE),
    Item("kpi", "kpi.page", _("Figures"), "kpi", Right.SEE_KPI),
    Item("templates", "letter_templates.page", _("Templates"), "template", Right.SEE_TEMPLATES),
    Item("partners", "partners.page", _("Partners"), "partner", Right.MANAGE_PARTNERS),
    Item("people", "people.page", _("People"), "people", Right.MANAGE_PEOPLE),
    Item("audit", "audit.page", _("Audit log"), "audit", Right.SEE_AUDIT),
    Item("training", "training.page", _("Training"), "train", Right.TRAIN),
)

SAID: Final[Mapping[str, tuple[str, Any]]] = {
    "saved": ("good", _("Saved.")),
    "signed-out": ("good", _("You are signed out.")),
    "asked": ("good", _("The request waits for a second person.")),
    "refused-by-person": ("good", _("The request was refused.")),
    "wrong": ("stop", _("Badge and PIN do not fit. Try again.")),
    "locked-out": ("stop", _("Five wrong PINs: this badge is locked for 15 minutes. A supervisor can give a new PIN.")),
    "too-many": ("stop", _("Too many attempts. Wait a minute.")),
    "pin-digits": ("stop", _("A PIN is 6 to 12 digits.")),
    "pin-easy": ("stop", _("This PIN is too easy to guess. Choose another one.")),
    "pin-repeat": ("stop", _("The two PINs differ. Type them again.")),
    "badge": ("stop", _("A badge is 4 to 32 letters, digits, '-' or '_'.")),
    "badge-taken": ("stop", _("This badge belongs to somebody already.")),
    "name": ("stop", _("Give a name of 1 to 60 characters.")),
    "roles": ("stop", _("Choose at least one role.")),
    "last-supervisor": ("stop", _("This is the last supervisor. Add another one first.")),
    "no-such-badge": ("stop", _("Nobody has this badge.")),
    "zone-not-empty": ("stop", _("Pieces of the stop are not scanned yet. Scan them all, then resume.")),
    "reason": ("stop", _("Say why, in 2 to 200 characters.")),
    "subject": ("stop", _("Say which piece, letter or camera.")),
    "not-found": ("stop", _("Nothing is known under this number.")),
    "no-manifest": ("stop", _("There is no manifest yet: it is written when the trays are closed.")),
    "not-clean": ("stop", _("Only a version whose preflight found nothing can be released.")),
    "not-simulated": ("stop", _("Training runs only on a simulated line.")),
    "no-simulator": ("stop", _("The simulator of this line does not answer.")),
    "no-line": ("stop", _("No line has reported yet. Start it, then try again.")),
    "no-right": ("stop", _("Your badge may not do that.")),
    "photo": ("stop", _("The photo must be a JPEG or PNG of at most 5 MB.")),
    "signature": ("stop", _("The carrier must sign on the screen.")),
    "partner": ("stop", _("A short name is 2 to 39 of a-z, 0-9 and '-', and free.")),
    "scopes": ("stop", _("Choose at least one right of the token.")),
    "count": ("stop", _("Count the envelopes and write the number.")),
    **{f"approval-{one}": ("stop", words.REFUSAL_WORDS[one]) for one in Refusal},
}


def _menu() -> list[dict[str, Any]]:
    if visit() is None:
        return []
    shown = [item for item in ITEMS if may(item.right) or (item.screen == "line" and visit())]
    counts = {"exceptions": _exceptions, "approvals": station().overrides.waiting}
    return [
        {
            "screen": item.screen,
            "url": url_for(item.endpoint),
            "word": str(item.word),
            "icon": item.icon,
            "count": counts[item.screen]() if item.screen in counts else 0,
        }
        for item in shown
    ]


def _exceptions() -> int:
    live = station().hub.snapshot()
    return 0 if live is None else sum(live.counts.get(state, 0) for state in EXCEPTION_STATES[:4])


def refusal_text(refused: CommandRefused) -> str:
    """Return in words why a command was not even sent."""
    found = SAID.get(refused.code)
    return str(refused) if found is None else str(found[1])


def said_text() -> Mapping[str, str] | None:
    found = SAID.get(request.args.get("said", ""))
    return None if found is None else {"kind": found[0], "text": str(found[1])}


def outcome_text(sent: Sent) -> tuple[bool, str]:
    """Return whether a command ended well, and the line's answer in words."""
    if sent.outcome is None:
        return True, gettext("sent; waiting for the line to answer …")
    answer, why = str(sent.outcome.get("answer", "")), str(sent.outcome.get("why", ""))
    said = sent.outcome.get("why_zh" if language() == "zh" else "why_en")
    because = str(said) if said else words.word({**words.PIECE_STATES, **words.REFUSAL_WORDS}, why) if why else ""
    subjects = sent.outcome.get("subjects")
    listed = "、".join(str(one) for one in subjects[:8]) if isinstance(subjects, list) and subjects else ""
    text = "：".join(part for part in (words.word(words.ANSWERS, answer), because) if part)
    return answer in ("done", "waiting"), f"{text} {listed}".strip()


def _sent() -> Mapping[str, Any] | None:
    number = request.args.get("command", "")
    sent = station().door.command(int(number)) if number.isascii() and number.isdigit() and len(number) < 15 else None
    who = visit()
    if sent is None or who is None or who.state is not SessionState.OPEN:
        return None
    return {
        "number": sent.number,
        "outcome": sent.outcome,
        "word": words.word(words.COMMANDS, sent.name),
        "answer": outcome_text(sent)[1],
    }


def register(app: Flask) -> None:
    @app.context_processor
    def _around() -> dict[str, Any]:
        return {
            "csrf": csrf, "may": may, "Right": Right, "language": language(), "idle_s": IDLE_LOCK_S, "drawn": drawn_for(),
        }  # fmt: skip


def page_context(screen: str) -> dict[str, Any]:
    """Return what `base.html` needs; every page passes it on, before anything it lists.

    The live parts it carries are then never newer than the lists, and a list that has aged is fetched again.
    """
    move_on()
    return {
        "screen": screen,
        "who": visit(),
        "menu": _menu(),
        "parts": station().hub.parts(language()),
        "said": said_text(),
        "sent": _sent(),
    }
