"""The life of a batch and of a print job."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from controller.states.table import StateTable, Transition, rows_from, table


class BatchState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class BatchEvent(StrEnum):
    """What may happen to a batch; the word after ``batch.`` in the ledger."""

    OPENED = "opened"
    CLOSED = "closed"


BATCH: Final[StateTable] = table(
    "batch",
    "批次",
    (
        Transition("B1", None, BatchEvent.OPENED, BatchState.OPEN, "case_file_accepted"),
        Transition("B2", BatchState.OPEN, BatchEvent.CLOSED, BatchState.CLOSED, "balance_zero"),
    ),
    ends=frozenset({BatchState.CLOSED}),
)


class JobState(StrEnum):
    """What we know of one submission. COMPLETED is the queue's claim; DOUBTFUL, that the claim cannot be believed."""

    PLANNED = "PLANNED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    DOUBTFUL = "DOUBTFUL"
    CANCELLED = "CANCELLED"


class JobEvent(StrEnum):
    """What may happen to a print job; the word after ``job.`` in the ledger."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    DOUBTED = "doubted"
    CANCELLED = "cancelled"


_S = JobState
_E = JobEvent

JOB: Final[StateTable] = table(
    "job",
    "打印作业",
    (
        Transition("J1", None, _E.PLANNED, _S.PLANNED),
        Transition("J2", _S.PLANNED, _E.SUBMITTED, _S.SUBMITTED, "intent_before_call"),
        Transition("J2 (asked again)", _S.SUBMITTED, _E.SUBMITTED, _S.SUBMITTED, "job_proven_absent"),
        Transition("J3", _S.SUBMITTED, _E.ACCEPTED, _S.ACCEPTED, "queue_has_the_job"),
        *rows_from("J4", (_S.SUBMITTED, _S.ACCEPTED), _E.COMPLETED, _S.COMPLETED, "impressions_as_planned"),
        *rows_from(
            "J5", (_S.SUBMITTED, _S.ACCEPTED, _S.COMPLETED, _S.DOUBTFUL), _E.DOUBTED, _S.DOUBTFUL, "claim_in_doubt"
        ),
        *rows_from("J6", (_S.PLANNED, _S.SUBMITTED), _E.CANCELLED, _S.CANCELLED, "job_proven_absent"),
    ),
    ends=frozenset({_S.CANCELLED}),
)

GUARDS: Final = {
    "case_file_accepted": "intake accepted the file; its content hash was not seen before",
    "balance_zero": "minted = released + destroyed + lost + never printed; every letter mailed or cancelled; every copy destroyed",
    "intent_before_call": "the intent is durable before the queue is called; the job name is the idempotency key",
    "job_proven_absent": "the queue answered that it has never had the job",
    "queue_has_the_job": "the queue gave the job a number",
    "impressions_as_planned": "the queue claims completion with the planned number of impressions",
    "claim_in_doubt": "the server restarted, the job vanished, repeated, or printed another number of impressions",
}
