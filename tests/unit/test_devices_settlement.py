"""What happens to jobs a restarted spooler still holds, and what the end of a job is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.printing.ipp import PrinterJob
from devices.printing.notices import JobState
from devices.printing.settlement import (
    LOST_SIGHT,
    PRINTER_MEMORY_S,
    Settling,
    SpooledJob,
    came_to_nothing,
    is_doubtful,
    newest_by_title,
    settle,
)

NOW = 1_800_000_000


def spooled(documents: int = 1, begun_s_ago: int = 0) -> SpooledJob:
    return SpooledJob(1, "p1", "B1-J01-aaaa", JobState.PENDING, documents, NOW - begun_s_ago if begun_s_ago else 0, 0)


def printer_job(state: JobState, impressions: int, job_id: int = 1) -> PrinterJob:
    return PrinterJob(job_id, "B1-J01-aaaa", state, impressions)


@pytest.mark.parametrize(
    ("job", "at_printer", "answers", "up_s", "expected"),
    [
        (spooled(documents=0), None, True, 1000, Settling.DROP),
        (spooled(), None, True, 1000, Settling.SEND),
        (spooled(), None, False, 0, Settling.SEND),  # never begun: CUPS may go on trying
        (spooled(begun_s_ago=5), printer_job(JobState.PROCESSING, 3), True, 1000, Settling.FOLLOW_AT_PRINTER),
        (spooled(begun_s_ago=5), printer_job(JobState.PENDING, 0), True, 1000, Settling.FOLLOW_AT_PRINTER),
        (spooled(begun_s_ago=5), printer_job(JobState.COMPLETED, 8), True, 1000, Settling.FOLLOW_AT_PRINTER),
        (spooled(begun_s_ago=5), printer_job(JobState.ABORTED, 3), True, 1000, Settling.FOLLOW_AT_PRINTER),
        (spooled(begun_s_ago=5), printer_job(JobState.ABORTED, 0), True, 1000, Settling.SEND),
        (spooled(begun_s_ago=5), None, True, 1000, Settling.SEND),
        (spooled(begun_s_ago=5), None, True, 0, Settling.SEND),
        (
            spooled(begun_s_ago=5),
            None,
            True,
            3,
            Settling.ASK,
        ),  # the printer has been restarted since: it may have printed
        (
            spooled(begun_s_ago=PRINTER_MEMORY_S + 1),
            None,
            True,
            1000,
            Settling.ASK,
        ),  # it may have printed and forgotten
        (spooled(begun_s_ago=5), None, False, 0, Settling.ASK),
    ],
)
def test_a_job_is_sent_only_if_the_printer_certainly_has_nothing_of_it(
    job: SpooledJob, at_printer: PrinterJob | None, answers: bool, up_s: int, expected: Settling
) -> None:
    assert settle(job, at_printer, answers, up_s, NOW) is expected


printer_jobs = st.builds(
    PrinterJob, st.integers(1, 9), st.just("B1-J01-aaaa"), st.sampled_from(JobState), st.integers(-1, 9)
)


@given(printer_jobs, st.integers(0, 100), st.integers(0, 1000))
def test_what_may_be_on_paper_is_never_sent_again_by_itself(
    at_printer: PrinterJob, begun_s_ago: int, up_s: int
) -> None:
    settling = settle(spooled(begun_s_ago=begun_s_ago), at_printer, True, up_s, NOW)
    if at_printer.impressions > 0 or at_printer.state in (JobState.PROCESSING, JobState.COMPLETED):
        assert settling is Settling.FOLLOW_AT_PRINTER


@given(st.lists(printer_jobs, min_size=1, max_size=5, unique_by=lambda job: job.job_id))
def test_of_several_jobs_with_one_title_one_that_may_be_on_paper_counts(jobs: list[PrinterJob]) -> None:
    chosen = newest_by_title(jobs)["B1-J01-aaaa"]
    if not all(came_to_nothing(job) for job in jobs):
        assert not came_to_nothing(chosen)


@pytest.mark.parametrize(
    ("state", "impressions", "expected", "reasons", "doubtful"),
    [
        (JobState.COMPLETED, 8, 8, (), False),
        (JobState.COMPLETED, -1, 8, (), False),  # nobody counts
        (JobState.COMPLETED, 3, 0, (), False),  # nobody said how many
        (JobState.COMPLETED, 3, 8, (), True),
        (JobState.COMPLETED, 9, 8, (), True),
        (JobState.COMPLETED, 8, 8, (LOST_SIGHT,), True),
        (JobState.ABORTED, 0, 8, (), True),
        (JobState.CANCELED, 8, 8, (), True),
    ],
)
def test_an_end_is_doubtful_when_counts_differ_or_sight_was_lost(
    state: JobState, impressions: int, expected: int, reasons: tuple[str, ...], doubtful: bool
) -> None:
    assert is_doubtful(state, impressions, expected, reasons) is doubtful
