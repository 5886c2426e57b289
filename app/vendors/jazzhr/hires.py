"""Hires with their applicants and jobs, as records: all of them, or those of single applicants (vendors.md §1.3, §1.5).

The person is the applicant; of several hires of one person the latest counts (pitfall 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sources.adapter import Hint
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.sources.records import Page, RowProblem, SourceRecord
from app.vendors.jazzhr import records
from app.vendors.jazzhr.client import JazzHRClient, Row

#: Small pages: at 80 calls a minute one takes some 40 seconds, within a lease.
PAGE_PEOPLE = 25
#: Members without which an applicant is nobody: that all of a page lack one means that the API has changed.
_NEEDED = ("first_name", "last_name", "email")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
Hire = dict[str, str | None]


@dataclass
class Hires:
    """Reads the hires of one account; each job is looked up once."""

    client: JazzHRClient
    with_salary: bool
    _jobs: dict[str, Row | None] = field(default_factory=dict)

    def all(self, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield one record per hired person, in order of their ids, from behind the one that ``resume`` names.

        ``/hires`` has no "since" and its rows move while they are paged: it is listed whole at the beginning, and
        again after a kill, then applicants and jobs are looked up one by one. Raises as the client does.
        """
        people, nameless = self._listed(is_first=resume is None)
        last = str(resume["applicant"]) if resume else ""
        number = int(resume["number"]) if resume else 0
        waiting = [applicant for applicant in sorted(people) if applicant > last]
        problems = [_nameless(hire) for hire in nameless] if resume is None else []
        while True:
            page = [SourceRecord(number + place, {}, each) for place, each in enumerate(problems, 1)]
            number, problems = number + len(page), []
            chosen, waiting = waiting[:PAGE_PEOPLE], waiting[PAGE_PEOPLE:]
            page += self._records(chosen, people, number, is_whole=True)
            last, number = chosen[-1] if chosen else last, number + len(chosen)
            yield Page(page, {"applicant": last, "number": number}, complete=not waiting)
            if not waiting:
                return

    def some(self, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what JazzHR says now of the applicants that hints name; raises as the client does.

        The hire is that of ``/hires``; one that an export tells of and that is not listed (yet) is made of the hint.
        An applicant who is not there, or was to be looked at again and is hired no more, comes as gone.
        """
        told = _told(hints)
        listed = self._listed(is_first=True)[0] if told else {}
        people = {applicant: listed.get(applicant, hire) for applicant, hire in told.items()}
        waiting, number = sorted(people), 0
        while True:
            chosen, waiting = waiting[:PAGE_PEOPLE], waiting[PAGE_PEOPLE:]
            page = self._records(chosen, people, number, is_whole=False)
            number += len(chosen)
            yield Page(page, {"number": number}, complete=not waiting)
            if not waiting:
                return

    def _listed(self, *, is_first: bool) -> tuple[dict[str, Hire], list[Hire]]:
        """Return applicant id → the hire that counts, and hires that name no applicant."""
        people: dict[str, Hire] = {}
        nameless: list[Hire] = []
        try:
            for page in self.client.pages("hires"):
                hires = [records.hire_of(row) for row in page]
                _require(page, "hires", ("applicant_id",))
                nameless += [hire for hire in hires if not hire.get("applicant_id")]
                for hire in hires:
                    applicant = hire.get("applicant_id")
                    if applicant and _is_later(hire, people.get(applicant)):
                        people[applicant] = hire
        except IncompleteRead as error:
            # What can be read on later is not out of reach: the run waits for it.
            if is_first and not people and error.goes_on_in is None:
                raise SourceUnavailable(str(error)) from error
            raise
        return people, nameless

    def _records(
        self, chosen: Sequence[str], people: Mapping[str, Hire | None], number: int, *, is_whole: bool
    ) -> list[SourceRecord]:
        applicants = {applicant: self.client.record("applicants", applicant) for applicant in chosen}
        if is_whole:
            _require([row for row in applicants.values() if row is not None], "applicants", _NEEDED)
        return [
            self._record(number + place, applicant, applicants[applicant], people[applicant], is_whole)
            for place, applicant in enumerate(chosen, 1)
        ]

    def _record(
        self, number: int, applicant_id: str, applicant: Row | None, hire: Hire | None, is_whole: bool
    ) -> SourceRecord:
        if applicant is None and is_whole and hire is not None:
            reason = f"JazzHR lists the hire {hire.get('hire_id')} but has no applicant {applicant_id}"
            return SourceRecord(number, {}, RowProblem("record_not_found", reason, "applicant_id"))
        if applicant is None or hire is None:
            return SourceRecord(number, {"applicant_id": applicant_id}, gone=True)
        job = self._job(hire.get("job_id"))
        values = records.values_of(hire, applicant, job, with_salary=self.with_salary)
        return SourceRecord(number, values)

    def _job(self, job_id: str | None) -> Row | None:
        if not job_id:
            return None
        if job_id not in self._jobs:
            self._jobs[job_id] = self.client.record("jobs", job_id)
        return self._jobs[job_id]


def _told(hints: Iterable[Hint]) -> dict[str, Hire | None]:
    """Return applicant id → the latest hire that hints tell of; None when they tell only who is to be read."""
    told: dict[str, Hire | None] = {}
    for hint in hints:
        applicant = str(hint.get("applicant") or hint.get("record") or "")
        if not _ID.fullmatch(applicant):
            continue
        known = told.setdefault(applicant, None)
        if "applicant" not in hint:
            continue
        day, _, time = str(hint.get("hired_at") or "").partition(" ")
        said = {"job_id": hint.get("job"), "hired_date": day, "hired_time": time}
        hire: Hire = {
            "applicant_id": applicant,
            **{name: str(value) for name, value in said.items() if value},
        }
        if _is_later(hire, known):
            told[applicant] = hire
    return told


def _is_later(hire: Hire, known: Hire | None) -> bool:
    return known is None or _moment(hire) > _moment(known)


def _moment(hire: Hire) -> tuple[str, str, str]:
    return (hire.get("hired_date") or "", hire.get("hired_time") or "", hire.get("hire_id") or "")


def _nameless(hire: Hire) -> RowProblem:
    reason = f"the hire {hire.get('hire_id')} names no applicant"
    return RowProblem("missing_key", reason, "applicant_id")


def _require(rows: Sequence[Row], resource: str, members: Iterable[str]) -> None:
    """Raise ``IncompleteRead`` when none of several rows has a member that people cannot do without."""
    for member in members:
        if len(rows) > 1 and not any(member in row for row in rows):
            raise IncompleteRead(
                f"JazzHR's {resource} have no member {member!r} any more: its API has changed. Nobody is imported from "
                "such a page on, and nobody is suspended."
            )
