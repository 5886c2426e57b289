"""Jobs and hiring managers: which job a person was hired for, and whom it names as manager. Each is asked for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.vendors.icims import records
from app.vendors.icims.client import SEARCH_CAP, ICIMSClient, any_of, equals
from app.vendors.icims.places import text_of
from app.vendors.icims.records import Values

_WORKFLOWS = "applicantworkflows"


@dataclass
class JobBook:
    """What one read has learnt of jobs and managers."""

    client: ICIMSClient
    _jobs: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _emails: dict[str, Values] = field(default_factory=dict)

    def values_for(self, people: Mapping[int, Mapping[str, Any]]) -> dict[int, Values]:
        """Return person id → what the person's job and hiring manager add to the record.

        Nothing is added where there is no job, or nobody may see it. Raises as ``ICIMSClient.profile``.
        """
        account = self.client.account
        jobs = self._jobs_of(list(people)) if account.needs_jobs and people else {}
        manager = records.manager_place(account)
        found: dict[int, Values] = {}
        for person_id, profile in people.items():
            job_id = jobs.get(person_id)
            job = self._job(job_id) if job_id is not None else None
            values = (
                records.job_values(job_id, job, account) if job_id is not None and job is not None else {}
            )
            holder = profile if manager is not None and manager.profile == "person" else job
            if manager is not None and holder is not None:
                values |= self._manager(records.linked_id(holder.get(manager.field)))
            found[person_id] = values
        return found

    def _jobs_of(self, people: Sequence[int]) -> dict[int, str]:
        """Return person id → the job of the latest workflow (with a status that means hired, where those are known)."""
        jobs: dict[int, str] = {}
        for workflow_id in reversed(self._workflows(people)):
            workflow = self.client.profile(_WORKFLOWS, workflow_id, ("associatedprofile", "baseprofile"))
            person = records.linked_id((workflow or {}).get("associatedprofile"))
            job = records.linked_id((workflow or {}).get("baseprofile"))
            if person is not None and job is not None and int(person) in people:
                jobs.setdefault(int(person), job)
            if len(jobs) == len(people):
                break
        return jobs

    def _workflows(self, people: Sequence[int]) -> list[int]:
        """Return the ids of the workflows of these people, ascending; one search for many people."""
        name, statuses = "applicantworkflow.person.id", sorted(self.client.account.hired_statuses)
        search, texts = self.client.search, [str(person) for person in people]
        if statuses:
            # One search for each status: a filter must stand beside a group (vendors.md §2.3).
            hired = (equals("applicantworkflow.status", status) for status in statuses)
            found = [search(_WORKFLOWS, [status], [any_of(name, texts)]).ids for status in hired]
        else:
            found = [search(_WORKFLOWS, [equals(name, text) for text in texts], operator="|").ids]
        if len(people) == 1 or all(len(ids) < SEARCH_CAP for ids in found):
            return sorted({workflow for ids in found for workflow in ids})
        half = len(people) // 2
        return sorted(self._workflows(people[:half]) + self._workflows(people[half:]))

    def _job(self, job_id: str) -> dict[str, Any] | None:
        if job_id not in self._jobs:
            self._jobs[job_id] = self.client.profile("jobs", job_id, records.job_fields(self.client.account))
        return self._jobs[job_id]

    def _manager(self, manager_id: str | None) -> Values:
        """Return id and e-mail of a manager; without the latter where iCIMS does not show it."""
        if manager_id is None:
            return {}
        if manager_id not in self._emails:
            profile = self.client.profile("people", manager_id, ("email",)) or {}
            email: Values = {"hiring_manager_email": text_of(profile["email"])} if "email" in profile else {}
            self._emails[manager_id] = {"hiring_manager_id": manager_id, **email}
        return self._emails[manager_id]
