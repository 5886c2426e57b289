"""Which of several jobs counts (vendors.md §4.5)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.vendors.intellihr.jobs import dated_jobs, job_that_counts

STATUSES = ("Current Job", "Ending Job", "Future Job", "Past Job", "Job Of Tomorrow", None)


def job(
    job_id: str, status: str | None = "Current Job", start: str | None = "2026-01-01", **more: Any
) -> dict[str, Any]:
    return {
        "id": job_id,
        "jobStatus": status,
        "startDate": start,
        "endDate": None,
        "isPrimaryJob": False,
        **more,
    }


def chosen(*jobs: dict[str, Any]) -> str | None:
    found = job_that_counts(jobs)
    return None if found is None else str(found["id"])


def test_the_primary_job_counts():
    assert (
        chosen(job("older", start="2020-01-01"), job("main", start="2026-01-01", isPrimaryJob=True)) == "main"
    )


def test_without_a_primary_job_the_one_with_the_earliest_start_counts():
    assert chosen(job("newer", start="2026-01-01"), job("older", start="2020-01-01")) == "older"


def test_a_job_without_a_start_comes_behind_those_with_one():
    assert chosen(job("unknown", start=None), job("known", start="2026-01-01")) == "known"


def test_a_job_to_come_does_not_hide_the_one_that_is_done_today():
    assert chosen(job("next", "Future Job", isPrimaryJob=True), job("now")) == "now"


def test_an_ended_primary_job_does_not_hide_the_one_that_is_done_today():
    assert chosen(job("before", "Past Job", isPrimaryJob=True), job("now", "Ending Job")) == "now"


def test_somebody_who_is_to_come_has_the_job_to_come():
    assert chosen(job("before", "Past Job", isPrimaryJob=True), job("next", "Future Job")) == "next"


def test_of_past_jobs_the_last_counts():
    first, last = (
        job("first", "Past Job", endDate="2024-06-30"),
        job("last", "Past Job", endDate="2026-06-30"),
    )
    assert chosen(last, first) == "last"


def test_nobody_without_jobs_has_one():
    assert chosen() is None


def test_jobs_that_begin_or_end_one_day_are_dated():
    jobs = [job(str(status), status) for status in STATUSES]
    assert dated_jobs(jobs) == ["Ending Job", "Future Job"]


@given(
    st.lists(
        st.builds(
            job,
            st.uuids().map(str),
            st.sampled_from(STATUSES),
            st.none() | st.dates().map(str),
            isPrimaryJob=st.sampled_from([True, False, None]),
            endDate=st.none() | st.dates().map(str),
        )
    )
)
def test_one_job_counts_whatever_their_order_and_one_in_force_if_there_is_any(jobs):
    forwards, backwards = job_that_counts(jobs), job_that_counts(reversed(jobs))
    assert (forwards or {}).get("id") == (backwards or {}).get("id")
    assert (forwards is None) == (not jobs)
    in_force = [each for each in jobs if each["jobStatus"] in ("Current Job", "Ending Job")]
    if in_force:
        assert forwards in in_force
        assert forwards["isPrimaryJob"] or not any(each["isPrimaryJob"] for each in in_force)
