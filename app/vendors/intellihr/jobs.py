"""Which of a person's jobs counts (vendors.md §4.5), from the summaries that a person's record has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Summary = Mapping[str, Any]
#: Jobs that begin or end by themselves one day, without any write.
DATED = frozenset({"Future Job", "Ending Job"})
_PAST = "Past Job"
#: In which order jobs are looked at: those in force, those to come, those of a status that we do not know.
_ORDER: tuple[frozenset[str], ...] = (frozenset({"Current Job", "Ending Job"}), frozenset({"Future Job"}))
_NO_DATE = "9999-12-31"


def job_that_counts(summaries: Iterable[Summary]) -> Summary | None:
    """Return the primary job, else the one with the earliest start; None when there is no job at all.

    A job in force comes before one to come, and that before a past one: the flag says which of several jobs is the
    main one, not that a primary job that has ended, or has not begun, hides the one that somebody does today. Of past
    jobs the last one counts.
    """
    jobs = [job for job in summaries if isinstance(job, Mapping) and job.get("id")]
    for statuses in _ORDER:
        held = [job for job in jobs if job.get("jobStatus") in statuses]
        if held:
            return min(held, key=_earliest)
    unknown = [job for job in jobs if job.get("jobStatus") != _PAST]
    if unknown:
        return min(unknown, key=_earliest)
    return max(jobs, key=_latest, default=None)


def dated_jobs(summaries: Iterable[Summary]) -> list[str]:
    """Return the ids of the jobs that begin or end by themselves one day."""
    return [
        str(job["id"])
        for job in summaries
        if isinstance(job, Mapping) and job.get("jobStatus") in DATED and job.get("id")
    ]


def _earliest(job: Summary) -> tuple[bool, str, str]:
    return not job.get("isPrimaryJob"), str(job.get("startDate") or _NO_DATE), str(job["id"])


def _latest(job: Summary) -> tuple[bool, str, str]:
    return (
        bool(job.get("isPrimaryJob")),
        str(job.get("endDate") or job.get("startDate") or ""),
        str(job["id"]),
    )
