"""People as they are listed, joined with the job that counts and with the e-mail address of its supervisor.

A page of people names all jobs of theirs, so one call more brings the jobs that count of a whole page. Nothing of
other pages is needed: memory stays the same for 100 people and for 100,000, and a read goes on at any page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.sources.errors import IncompleteRead
from app.sources.records import SourceRecord
from app.vendors.intellihr.client import IntelliHRClient, Row
from app.vendors.intellihr.custom_fields import custom_values
from app.vendors.intellihr.jobs import Summary, dated_jobs, job_that_counts
from app.vendors.intellihr.records import Flat, email_of, job_values, person_values
from app.vendors.intellihr.settings import Choices


@dataclass
class Joiner:
    """Makes records of people. It remembers supervisors' addresses, so that each is asked for once at most."""

    client: IntelliHRClient
    choices: Choices
    _addresses: dict[str, str | None] = field(default_factory=dict, init=False)

    def records(self, people: Sequence[Row], number: int) -> list[SourceRecord]:
        """Return the records of some people, numbered from ``number`` + 1. Raises as the client does."""
        for person in people:
            if person.get("isSupervisor"):
                self._addresses[str(person.get("id"))] = email_of(person)
        chosen = [job_that_counts(_summaries(person)) for person in people]
        jobs = self._jobs([summary for summary in chosen if summary is not None])
        return [
            SourceRecord(number + offset, self._values(person, summary, jobs))
            for offset, (person, summary) in enumerate(zip(people, chosen, strict=True), start=1)
        ]

    def _jobs(self, summaries: Sequence[Summary]) -> dict[str, Row]:
        ids = [str(summary["id"]) for summary in summaries]
        found = {str(row.get("id")): row for row in self.client.with_ids("/jobs", "jobId", ids)}
        # One job may have been deleted since its person was listed; all of them have not.
        if len(ids) > 1 and not found:
            raise IncompleteRead(f"intelliHR lists people with {len(ids)} jobs and shows none of these jobs.")
        return found

    def _values(self, person: Row, summary: Summary | None, jobs: dict[str, Row]) -> Flat:
        values = person_values(person, self.choices)
        job = jobs.get(str(summary["id"])) if summary is not None else None
        if isinstance(person.get("jobs"), list):
            values |= job_values(job, summary, self.choices)
        values |= custom_values(self.choices, person, job)
        if "supervisor_id" in values:
            values["supervisor_email"] = self._address(values["supervisor_id"])
        return values

    def _address(self, person_id: str | None) -> str | None:
        if person_id is None:
            return None
        if person_id not in self._addresses:
            row = self.client.record("/people", person_id)
            self._addresses[person_id] = email_of(row) if row is not None else None
        return self._addresses[person_id]


def dated(people: Sequence[Row]) -> set[str]:
    """Return the ids of these people's jobs that begin or end by themselves one day."""
    return {job_id for person in people for job_id in dated_jobs(_summaries(person))}


def _summaries(person: Row) -> list[Summary]:
    jobs = person.get("jobs")
    return jobs if isinstance(jobs, list) else []
