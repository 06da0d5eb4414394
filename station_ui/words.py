"""Keywords of the ledger and the machines in the words people use. Every keyword has a word; an unknown one is shown as it is."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

_ = lazy_gettext

PACKML_WORDS: Final = {
    "UNKNOWN": _("No link"),
    "CLEARING": _("Clearing"),
    "STOPPED": _("Stopped"),
    "STARTING": _("Starting"),
    "IDLE": _("Ready"),
    "SUSPENDED": _("Waiting"),
    "EXECUTE": _("Running"),
    "STOPPING": _("Stopping"),
    "ABORTING": _("Aborting"),
    "ABORTED": _("Aborted"),
    "HOLDING": _("Holding"),
    "HELD": _("Held"),
    "UNHOLDING": _("Leaving hold"),
    "SUSPENDING": _("Pausing"),
    "UNSUSPENDING": _("Going on"),
    "RESETTING": _("Resetting"),
    "COMPLETING": _("Finishing"),
    "COMPLETE": _("Finished"),
}

MACHINE_REASONS: Final = {
    "BOOT": _("just started"),
    "WATCHDOG": _("heard nothing from the controller"),
    "COVER_OPEN": _("cover open"),
    "JAM": _("jam"),
    "NO_SHEETS": _("feeder empty"),
    "TRAY_MISSING": _("tray missing"),
    "BIN_FULL": _("reject bin full"),
    "HOST": _("held on request"),
    "ESTOP": _("emergency stop"),
    "RING_FULL": _("event memory full"),
    "FEED_LIMIT": _("waiting for work"),
}
REASON_NUMBERS: Final = (
    "NONE", "BOOT", "WATCHDOG", "COVER_OPEN", "JAM", "NO_SHEETS", "TRAY_MISSING", "BIN_FULL", "HOST", "ESTOP", "RING_FULL", "FEED_LIMIT",
)  # fmt: skip
"""Keywords by number (docs/protocols/inserter.md §2)."""

ZONES: Final = {
    1: _("Feeder"),
    2: _("Sheet camera"),
    3: _("Collator"),
    4: _("Folder"),
    5: _("Inserter"),
    6: _("Exit camera"),
    7: _("Gate"),
    8: _("Tray"),
    9: _("Reject bin"),
}

PIECE_STATES: Final = {
    "PLANNED": _("planned"),
    "RENDERED": _("rendered"),
    "SUBMITTED": _("at the printer"),
    "PRINTED": _("printed, not yet seen"),
    "IN_FEED": _("in the feeder"),
    "COLLATED": _("complete"),
    "VERIFIED": _("verified"),
    "PASS_GRANTED": _("let through"),
    "IN_TRAY": _("in a tray"),
    "RELEASED": _("released"),
    "ACCEPTED": _("accepted by the post"),
    "SUSPECT": _("in doubt"),
    "EXIT_UNKNOWN": _("in doubt after the gate"),
    "DIVERTED": _("in the reject bin"),
    "QUARANTINED": _("in custody"),
    "VOID": _("void, to be destroyed"),
    "DESTROYED": _("destroyed"),
    "LOST": _("lost, declared by two"),
    "NEVER_PRINTED": _("never printed"),
}

LETTER_STATES: Final = {
    "OPEN": _("open"),
    "HELD": _("held"),
    "MAILED": _("mailed"),
    "CANCELLED": _("cancelled"),
    "DELIVERED": _("delivered"),
    "RETURNED": _("returned"),
}

TRAY_STATES: Final = {
    "OPEN": _("open"),
    "CLOSING": _("being closed"),
    "AUDIT": _("being audited"),
    "CLOSED": _("closed"),
    "HANDED_OVER": _("handed over"),
    "ACCEPTED": _("accepted by the post"),
}

BATCH_STATES: Final = {"OPEN": _("open"), "CLOSED": _("closed and balanced")}

DIVERT_REASONS: Final = {
    "no-read": _("mark not readable"),
    "mismatch": _("another letter was expected here"),
    "mac-bad": _("mark is not genuine"),
    "duplicate": _("seen before"),
    "void": _("void copy"),
    "recalled": _("recalled"),
    "letter-not-open": _("letter is not open"),
    "unknown-piece": _("unknown piece"),
    "gap": _("sheet missing before or after"),
    "incomplete": _("sheets missing"),
    "foreign-sheet": _("sheet of another letter"),
    "double-feed": _("two sheets at once"),
    "successor-unseen": _("next letter not seen"),
    "stack-end": _("stack ended too early"),
    "undecided-set": _("set closed without a decision"),
    "codes-disagree": _("mark and postal number disagree"),
    "address-doubt": _("address not wholly in the window"),
    "weight": _("wrong weight"),
    "no-postage": _("postage not confirmed"),
    "late": _("decided too late"),
    "zone": _("was inside during a stop"),
    "link-lost": _("link to the machine lost"),
    "epoch": _("machine was restarted"),
    "restart": _("controller was restarted"),
    "not-producing": _("machine was not producing"),
    "no-tray": _("no tray in place"),
    "challenge": _("test piece"),
    "gate-rejected": _("the gate rejected it"),
    "not-found": _("not found in the search"),
}

CUSTODY_REASONS: Final = {
    "unreadable": _("mark not readable"),
    "damaged": _("damaged"),
    "jam": _("taken out after a jam"),
    "wrong-content": _("wrong content"),
    "nothing-wrong": _("nothing wrong found: false alarm"),
    "recalled": _("recalled"),
    "other": _("other reason"),
}

RETURN_REASONS: Final = {
    "moved": _("moved away"),
    "unknown": _("unknown at this address"),
    "refused": _("refused"),
    "not-collected": _("not collected"),
    "address-incomplete": _("address incomplete"),
    "deceased": _("deceased"),
    "other": _("other reason"),
}

ROLES: Final = {
    "operator": _("operator"),
    "postal": _("postal"),
    "quality": _("quality"),
    "supervisor": _("supervisor"),
    "engineer": _("engineer"),
    "partner": _("partner"),
    "auditor": _("auditor"),
}

OVERRIDES: Final = {
    "reprint-after-grant": _("Reprint after the gate let it through"),
    "declare-lost": _("Declare a void piece lost"),
    "custody-typed": _("Take a piece into custody by its printed number"),
    "destroy": _("Destroy a void piece before a witness"),
    "recall-after-close": _("Recall after the tray was closed"),
    "free-letter": _("Free a held letter for posting"),
    "bypass-camera": _("Bypass a camera"),
    "give-up-job": _("Give up a print job whose paper never comes"),
}

APPROVAL_STATES: Final = {
    "waiting": _("waits for a second person"),
    "approved": _("approved"),
    "refused": _("refused"),
    "expired": _("expired"),
}

COMMANDS: Final = {
    "hold": _("Hold the line"),
    "resume": _("Resume the line"),
    "custody-scan": _("Take into custody"),
    "custody-typed": _("Take into custody by number"),
    "void": _("Void and reprint"),
    "destroy": _("Destroy"),
    "declare-lost": _("Declare lost"),
    "search-ended": _("End the search"),
    "reprint-after-grant": _("Reprint after the gate"),
    "tray-open": _("Open tray"),
    "tray-close": _("Close tray"),
    "tray-audit": _("Audit tray"),
    "hand-over": _("Hand over tray"),
    "tray-accepted": _("Tray accepted"),
    "returned-mail": _("Returned mail"),
    "recall": _("Recall"),
    "recall-after-close": _("Recall after closing"),
    "free-letter": _("Free held letter"),
    "bypass-camera": _("Bypass camera"),
    "batch-close": _("Close batch"),
    "give-up-job": _("Give up print job"),
}

JOB_STATES: Final = {
    "pending": _("waiting"),
    "processing": _("printing"),
    "stopped": _("stopped"),
    "completed": _("printed (claimed)"),
    "held": _("held"),
    "canceled": _("cancelled"),
    "aborted": _("aborted"),
    "doubtful": _("in doubt"),
    "planned": _("planned"),
    "submitted": _("submitted"),
    "accepted": _("accepted"),
    "cancelled": _("cancelled"),
}

ANSWERS: Final = {
    "done": _("Done"),
    "refused": _("Refused"),
    "waiting": _("Accepted: it takes effect by itself"),
}

REFUSAL_WORDS: Final = {
    "not-supported": _("this line does not know that command"),
    "bad-arguments": _("the command was not complete"),
    "same-person": _("the second person must be somebody else"),
    "no-right": _("this badge may not approve that"),
    "not-active": _("one of the two badges is no longer active"),
    "expired": _("the request is older than ten minutes: ask again"),
    "already-decided": _("somebody decided this already"),
    "tray-number-used": _("this tray number was used before: take another one"),
    "tray-not-open": _("the tray is not open"),
    "tray-not-closed": _("the tray is not closed"),
    "tray-on-hold": _("the tray is on hold: audit it first"),
    "pieces-on-their-way": _("pieces are still on their way into it: wait a moment"),
    "audit-count-differs": _("the count by hand differs from the scans: count again"),
    "recount-by-another": _("the counts differ: somebody else must scan and count it again"),
    "pull-first": _("take out these pieces first and scan them at the exception station:"),
    "closed-tray-differs": _("a closed tray differs from its list: call the supervisor"),
    "no-link": _("there is no link to the machine"),
    "no-tray": _("no tray is in place: scan a tray label first"),
    "not-our-mark": _("the mark is not one of ours"),
    "two-persons": _("two different people are needed"),
    "unknown-piece": _("nobody knows this piece"),
    "already-released": _("this piece was released already: report it at once"),
    "not-in-custody": _("the piece is not in custody: scan it first"),
    "unknown-batch": _("there is no such batch"),
    "not-void": _("the piece is not void"),
    "unknown-letter": _("there is no such letter"),
    "already-mailed": _("too late: the letter was mailed"),
    "pull-the-tray": _("too late to stop it: pull it from its tray"),
    "letter-not-held": _("the letter is not held"),
    "already-returned": _("this letter was returned already"),
    "letter-not-mailed": _("this attempt was never mailed: report it at once"),
    "other-camera-bypassed": _("the other camera is bypassed: only one may be at a time"),
    "zone-not-empty": _("pieces taken out of the machine are not scanned yet: scan them all first"),
    "batch-not-open": _("the batch is not open"),
    "job-not-printed": _("this print job was never sent to print"),
    "stack-is-running": _("a stack is running: wait until it has ended"),
    "not-balanced": _("the account does not balance; these keep it open:"),
}


def word(table: dict[str, object] | dict[int, object], key: object) -> str:
    """Return the word for ``key`` in the language of the request, or the key itself."""
    found = table.get(key)  # type: ignore[call-overload]
    return str(key) if found is None else str(found)


MOMENTS: Final = {
    "piece.planned": _("planned"),
    "piece.rendered": _("rendered"),
    "piece.submitted": _("sent to the printer"),
    "piece.printed": _("printer says it is printed"),
    "piece.print-doubted": _("print in doubt"),
    "piece.fed": _("first sheet seen in the feeder"),
    "piece.collated": _("all sheets seen, in order"),
    "piece.suspected": _("in doubt"),
    "piece.verified": _("envelope verified"),
    "piece.granted": _("gate opened for it"),
    "piece.in-tray": _("seen in the tray"),
    "piece.diverted": _("seen in the reject bin"),
    "piece.exit-unknown": _("not known where it went"),
    "piece.quarantined": _("in custody: scanned by hand"),
    "piece.voided": _("void; a new attempt may be printed"),
    "piece.audit-present": _("found in the tray audit"),
    "piece.audit-absent": _("not found in the tray audit"),
    "piece.pulled": _("pulled from the tray"),
    "piece.destroyed": _("destroyed"),
    "piece.lost": _("declared lost"),
    "piece.never-printed": _("never printed"),
    "piece.released": _("tray closed: released"),
    "piece.accepted": _("accepted by the post"),
}
_BAD_MOMENTS: Final = frozenset({"suspected", "diverted", "exit-unknown", "lost", "print-doubted", "audit-absent"})
_GOOD_MOMENTS: Final = frozenset({"verified", "granted", "in-tray", "released", "accepted", "audit-present"})


def moment_look(kind: str) -> str:
    """Return the css class of an event: bad, ok or nothing."""
    event = kind.partition(".")[2]
    return "bad" if event in _BAD_MOMENTS else "ok" if event in _GOOD_MOMENTS else ""


HOLDS: Final = {
    "exit-unknown": _("an envelope may or may not be in it"),
    "cover-opened": _("a cover was open"),
    "taken-away-unannounced": _("the tray was taken away without a word"),
    "removed-by-hand": _("pieces were taken out by hand"),
    "cameras-disagree": _("the cameras disagreed: look at every window in it"),
    "eye-count-jumped": _("an envelope fell in that nobody granted"),
    "audit-differs": _("the audit found a difference"),
    "pull": _("a piece must be taken out of it"),
    "found-outside": _("a piece of it was found elsewhere"),
}

SECURITY_EVENTS: Final = {
    "sign-in": _("signed in"),
    "sign-out": _("signed out"),
    "sign-in-wrong": _("wrong PIN"),
    "sign-in-locked-out": _("locked out"),
    "unknown-badge": _("unknown badge"),
    "person-added": _("person added"),
    "person-revoked": _("person revoked"),
    "person-restored": _("person restored"),
    "person-roles": _("roles changed"),
    "pin-changed": _("PIN changed"),
    "override-approved": _("override approved"),
    "override-refused": _("override refused"),
    "approval-same-person": _("approval by the same person refused"),
    "approval-no-right": _("approval without the right refused"),
    "approval-expired": _("approval came too late"),
    "approval-not-active": _("approval of a revoked badge refused"),
    "token-made": _("partner token made"),
    "token-revoked": _("partner token revoked"),
    "template-released": _("template released"),
}

SCOPES: Final = {
    "manifest:read": _("read manifests"),
    "ack:write": _("acknowledge trays"),
    "tracking:write": _("send tracking events"),
    "recall:write": _("ask letters back"),
    "webhooks": _("be called on events"),
}

LOSSES: Final = {
    "fault": _("faults"),
    "repair": _("repair"),
    "waiting": _("waiting"),
    "job-change": _("job change"),
    "stopped": _("stopped by hand"),
}

DELIVERY_STATES: Final = {
    "waiting": _("waits"),
    "delivered": _("delivered"),
    "given-up": _("given up"),
}
