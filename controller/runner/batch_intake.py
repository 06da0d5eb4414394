"""From a judged case file to a batch in the ledger: letters opened, or held where they may have been posted already."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from controller.intake import Intake
from controller.ledger.cases import StoredCase
from controller.ledger.opening import OpenLedger
from controller.ledger.records import Record
from controller.line.core import LineCore
from controller.model import letter_id
from controller.planning import seen_before

SOURCE_KIND = "intake.taken"
CHINA = timezone(timedelta(hours=8))
"""A letter is dated by the calendar of those who read it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch and the fields of its cases by letter. ``held``: letters that two persons must decide about, with the reason."""

    batch: int
    fields: Mapping[int, Mapping[str, str]]
    held: Mapping[int, str]
    resumed: bool


def batch_of_file(opened: OpenLedger, sha256: str) -> int:
    """Return the batch that was made of the very same file, 0 when there is none."""
    for event in opened.ledger.read_notes():
        if event.kind == SOURCE_KIND and json.loads(event.data)["sha256"] == sha256:
            return event.batch
    return 0


def resume(opened: OpenLedger, batch: int) -> Taken:
    """Take up a batch whose cases are stored already."""
    fields = {case.letter: json.loads(case.document) for case in opened.cases.of_batch(batch) if case.document}
    return Taken(batch, fields, {}, resumed=True)


def open_batch(
    opened: OpenLedger, core: LineCore, intake: Intake, key: bytes, defects: Mapping[int, str], client: str = ""
) -> Taken:
    """Store the cases, open the letters and commit both.

    ``client`` is whose batch it is, in the words the screens show. ``defects`` are held letters by their place in the file (from 1). A case whose number or content was seen in any earlier batch is held:
    the same list, or overlapping ones, must never post a letter twice.
    """
    batch = max(core.book.batches, default=0) + 1
    of_batch = {"letter_date": datetime.now(CHINA).date().isoformat()}
    cases = []
    for place, case in enumerate(intake.accepted, start=1):
        content = json.dumps(case.fields, ensure_ascii=False, sort_keys=True)
        # The day of the letter is that of its batch: a reprint says the same, and it is no part of what makes a case the same case.
        document = json.dumps({**case.fields, **of_batch, "case_id": case.case_no}, ensure_ascii=False, sort_keys=True)
        cases.append(
            StoredCase(
                letter_id(batch, place),
                batch,
                _hash(key, "case", case.case_no),
                _hash(key, "content", content),
                document,
            )
        )
    known = opened.cases.known([c.case_key for c in cases], [c.content_hash for c in cases])
    ids, hashes = {c.case_key for c in known}, {c.content_hash for c in known}
    opened.cases.add(cases)
    held: dict[int, str] = {}
    core.book.batch(batch, {"client": client, "refused": intake.refused_rows})
    for place, stored in enumerate(cases, start=1):
        why = defects.get(place, "") or seen_before(stored.content_hash, stored.case_key, hashes, ids)
        if why:
            held[stored.letter] = why
        core.book.open_letter(stored.letter, held=why)
    source = Record(
        SOURCE_KIND,
        batch,
        data={"sha256": intake.sha256, "accepted": len(intake.accepted), "refused": intake.refused_rows},
    )
    records, core.book.out = core.book.out, []
    opened.ledger.append([*records, source], time.time_ns())
    fields = {stored.letter: {**case.fields, **of_batch} for stored, case in zip(cases, intake.accepted, strict=True)}
    return Taken(batch, fields, held, resumed=False)


def _hash(key: bytes, what: str, text: str) -> str:
    return hmac.digest(key, f"{what}:{text}".encode(), "sha256").hex()
