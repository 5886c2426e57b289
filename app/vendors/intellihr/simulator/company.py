"""The data of a simulated intelliHR account: people, jobs with timelines, and a day that can be moved."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.simulation import UnknownRecord, person
from app.vendors.intellihr.simulator.rows import (
    LINK,
    Row,
    employment_status,
    identifier,
    job_row,
    job_status,
    on_the_day,
    person_row,
    summary_of,
)

#: Every tenth person supervises the nine that follow.
TEAM = 10
CUSTOM_FIELDS = (
    {"id": "d1", "name": "Cost centre", "type": "text"},
    {"id": "d2", "name": "T-shirt size", "type": "text"},
)


class Company:
    """Tables by id, oldest record first; every method is atomic. ``people`` have a current job each."""

    def __init__(self, people: int = 0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.people: dict[str, Row] = {}
        self.jobs: dict[str, Row] = {}
        self.jobs_of: dict[str, list[str]] = {}
        self.days_ahead = 0
        self._made = {"person": 0, "job": 0}
        for _ in range(people):
            self._add({}, {}, is_new=False)

    def now(self) -> datetime:
        """Return the account's time: the machine's, moved by :attr:`days_ahead`."""
        return datetime.now(UTC) + timedelta(days=self.days_ahead)

    @property
    def today(self) -> date:
        """The account's day."""
        return self.now().date()

    def add(self, members: Mapping[str, Any] | None = None, job: Mapping[str, Any] | None = None) -> Row:
        """Create a person with a job; members given replace made-up ones. Returns the person as it is stored."""
        return self._add(members or {}, job or {}, is_new=True)

    def _add(self, members: Mapping[str, Any], job: Mapping[str, Any], *, is_new: bool) -> Row:
        with self.lock:
            number = self._next("person")
            like = person(number, self.seed)
            person_id = str(members.get("id") or identifier("person", number, self.seed))
            row = {
                **person_row(person_id, like),
                **({"createdAt": self._moment()} if is_new else {}),
                **members,
            }
            row["updatedAt"] = members.get("updatedAt", row["createdAt"])
            self.people[person_id] = row
            self.jobs_of[person_id] = []
            first = identifier("person", number - (number - 1) % TEAM, self.seed)
            self.add_job(
                person_id, {"_supervisor": first if first != person_id else None, **job}, is_new=is_new
            )
            return row

    def add_job(self, person_id: str, members: Mapping[str, Any], *, is_new: bool = True) -> Row:
        """Give somebody a job; raises UnknownRecord."""
        with self.lock:
            holder = self.person(person_id)
            number = self._next("job")
            like = person(int(holder["autoIncrementIntellihrId"]) % 900 or 1, self.seed)
            row = job_row(identifier("job", number, self.seed), person_id, None, like)
            if is_new:
                row |= {"createdAt": self._moment(), "_written_at": self._moment()}
            row |= members
            self.jobs[row["id"]] = row
            self.jobs_of[person_id].append(row["id"])
            return row

    def change_person(self, person_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a person now; raises UnknownRecord."""
        with self.lock:
            row = {**self.person(person_id), "updatedAt": self._moment(), **members}
            self.people[person_id] = row
            return row

    def change_job(self, job_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a job now: the person's ``updatedAt`` stays as it is. Raises UnknownRecord."""
        with self.lock:
            row = {**self.job(job_id), "_written_at": self._moment(), **members}
            self.jobs[job_id] = row
            return row

    def schedule(self, job_id: str, on: str, members: Mapping[str, Any]) -> Row:
        """Have members of a job change on a day (``YYYY-MM-DD``), without any write then; raises UnknownRecord."""
        with self.lock:
            entry = {"effectiveDate": date.fromisoformat(on).isoformat(), "members": dict(members)}
            return self.change_job(job_id, {"_timeline": [*self.job(job_id)["_timeline"], entry]})

    def terminate(self, person_id: str, on: str) -> None:
        """End all jobs of somebody with a last day; raises UnknownRecord."""
        with self.lock:
            self.person(person_id)
            for job_id in self.jobs_of[person_id]:
                self.change_job(job_id, {"companyEndDate": on, "isEndDateConfirmed": True})

    def remove(self, person_id: str) -> None:
        """Delete a person with the jobs; raises UnknownRecord."""
        with self.lock:
            self.person(person_id)
            del self.people[person_id]
            for job_id in self.jobs_of.pop(person_id):
                del self.jobs[job_id]

    def person(self, person_id: str) -> Row:
        """Return a person as stored; raises UnknownRecord."""
        return _existing(self.people, person_id, "person")

    def job(self, job_id: str) -> Row:
        """Return a job as stored; raises UnknownRecord."""
        return _existing(self.jobs, job_id, "job")

    def shown_person(self, row: Row) -> Row:
        """Return a person as the API shows them today."""
        jobs = [summary_of(self.jobs[job_id], self.today) for job_id in self.jobs_of[row["id"]]]
        status = row.get("employmentStatus") or employment_status(job["jobStatus"] for job in jobs)
        supervises = (int(row["autoIncrementIntellihrId"]) - 901) % TEAM == 0
        return {"isSupervisor": supervises, **row, "employmentStatus": status, "jobs": jobs}

    def shown_job(self, row: Row) -> Row:
        """Return a job as the API shows it today."""
        supervisor = self.people.get(row["_supervisor"]) if row["_supervisor"] else None
        return {
            **on_the_day(row, self.today),
            "person": _reference(self.people[row["_person"]]),
            "supervisorPerson": None if supervisor is None else _reference(supervisor),
        }

    def status_of(self, row: Row) -> str:
        """Return the status of a job today."""
        return job_status(on_the_day(row, self.today), self.today)

    def _moment(self) -> str:
        return self.now().isoformat(timespec="seconds")

    def _next(self, kind: str) -> int:
        self._made[kind] += 1
        return self._made[kind]


def _reference(row: Row) -> Row:
    members = ("id", "displayName", "employeeNumber", "autoIncrementIntellihrId")
    return {**{name: row.get(name) for name in members}, "link": f"{LINK}/people/{row['id']}"}


def _existing(table: dict[str, Row], row_id: str, kind: str) -> Row:
    row = table.get(row_id)
    if row is None:
        raise UnknownRecord(f"no {kind} {row_id}")
    return row
