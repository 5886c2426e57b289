"""A hire as one record: the candidate with the job, the accepted offer and the hiring manager (vendors.md §3.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.sources.records import RowProblem, SourceRecord
from app.vendors.smartrecruiters import offers
from app.vendors.smartrecruiters import settings as choices
from app.vendors.smartrecruiters.client import LABEL, Client, Row, path_of
from app.vendors.smartrecruiters.offers import OfferFields
from app.vendors.smartrecruiters.records import (
    HIRED,
    ApplicationSchema,
    CandidateSchema,
    JobSchema,
    day_of,
    read,
    text_of,
)

KEY = "candidate_id"
USERS = ("user-api", "v201804", "users")
_LETTERS = re.compile(r"[^a-z]")
Found = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Application:
    """A candidate's assignment to a job. `status` is None where it cannot be found out."""

    document: Row
    job_id: str | None
    status: str | None

    @property
    def is_hired(self) -> bool:
        """Whether the candidate was hired for this job."""
        return (self.status or "").upper() == HIRED


@dataclass
class Hires:
    """Looks hires up, each job, hiring team and user once in a run."""

    client: Client
    settings: Mapping[str, str]
    offer_fields: OfferFields
    _jobs: dict[str, Row | None] = field(default_factory=dict)
    _managers: dict[str, Found] = field(default_factory=dict)
    _users: dict[str, Row | None] = field(default_factory=dict)

    def record(self, number: int, candidate_id: str) -> SourceRecord | None:
        """Return the record of a candidate, None for one that is not hired as far as can be seen.

        Gone is who is not there any more, or who is hired for no job any more. Raises as ``Client.get``.
        """
        response = self.client.caller.answer("GET", path_of("candidates", candidate_id), expected=(403, 404))
        if response.status == 404:
            return SourceRecord(number, {KEY: candidate_id}, gone=True)
        document = response.json() if response.ok and response.body.strip() else None
        if not isinstance(document, dict):
            reason = (
                f"{LABEL} lists the candidate {candidate_id} and does not show it (status {response.status})"
            )
            return SourceRecord(number, {}, RowProblem("record_not_found", reason, KEY))
        applications = self.applications(candidate_id, document)
        hired = hired_for(applications)
        if hired is not None:
            return SourceRecord(number, self._values(candidate_id, document, applications, hired))
        if any(each.status is None for each in applications):
            return None
        return SourceRecord(number, {KEY: candidate_id}, gone=True)

    def applications(self, candidate_id: str, document: Row) -> list[Application]:
        """Return the primary application and the others. Lists of others may lack the status: it is asked for."""
        others = document.get("secondaryAssignments")
        found = [document.get("primaryAssignment"), *(others if isinstance(others, list) else ())]
        applications = []
        for each in found:
            if not isinstance(each, dict):
                continue
            job_id = text_of((each.get("job") or {}).get("id")) if isinstance(each.get("job"), dict) else None
            status = text_of(each.get("status")) or self._latest_status(candidate_id, job_id)
            applications.append(Application(each, job_id, status))
        return applications

    def job(self, job_id: str) -> Row | None:
        """Return a job, None when there is none or the credential may not see it."""
        if job_id not in self._jobs:
            self._jobs[job_id] = _object(self.client.optional(path_of("jobs", job_id)))
        return self._jobs[job_id]

    def _values(
        self, candidate_id: str, document: Row, applications: list[Application], hired: Application
    ) -> Found:
        values = {**read(CandidateSchema, document), KEY: candidate_id}
        values |= {"applications": _summary(applications), **read(ApplicationSchema, hired.document)}
        values["application_status"] = hired.status
        if hired.job_id is None:
            return values
        job = self.job(hired.job_id)
        if job is not None:
            values |= read(JobSchema, job)
        values |= self._manager(hired.job_id)
        values |= self._offer(candidate_id, hired.job_id, job)
        if "onboarding_status" not in values and choices.SWITCH[self.settings["onboarding_status"]]:
            values |= self._onboarding(candidate_id, hired.job_id)
        if choices.SWITCH[self.settings["hire_date"]]:
            values |= self._hired_on(candidate_id, hired.job_id)
        return values

    def _offer(self, candidate_id: str, job_id: str, job: Row | None) -> Found:
        place = ("candidates", candidate_id, "jobs", job_id, "offers")
        listed = _content(self.client.optional(path_of(*place)))
        if listed is None:
            return self.offer_fields.pay(None, job)
        offer = offers.accepted(listed)
        if offer is not None and "properties" not in offer and text_of(offer.get("id")):
            offer = _object(self.client.optional(path_of(*place, str(offer["id"])))) or offer
        return {**self.offer_fields.values(offer), **self.offer_fields.pay(offer, job)}

    def _manager(self, job_id: str) -> Found:
        """Return the e-mail address of the hiring manager; nothing where team or user cannot be seen."""
        if job_id not in self._managers:
            self._managers[job_id] = self._manager_found(job_id)
        return self._managers[job_id]

    def _manager_found(self, job_id: str) -> Found:
        team = _content(self.client.optional(path_of("jobs", job_id, "hiring-team")))
        if team is None:
            return {}
        roles = {_letters(role) for role in choices.names(self.settings["hiring_manager_role"])}
        ids = [text_of(each.get("id")) for each in team if _letters(text_of(each.get("role")) or "") in roles]
        if not ids or ids[0] is None:
            return {"hiring_manager_email": None}
        user_id = ids[0]
        if user_id not in self._users:
            self._users[user_id] = _object(self.client.optional(path_of(*USERS, user_id)))
        user = self._users[user_id]
        return {"hiring_manager_email": text_of(user["email"])} if user and "email" in user else {}

    def _onboarding(self, candidate_id: str, job_id: str) -> Found:
        place = path_of("candidates", candidate_id, "jobs", job_id, "onboardingStatus")
        document = _object(self.client.optional(place))
        return {"onboarding_status": text_of(document.get("onboardingStatus"))} if document else {}

    def _hired_on(self, candidate_id: str, job_id: str) -> Found:
        """Return the day of the latest HIRED row of the history: ``startsOn`` is the first day of work (§3.7)."""
        rows = self._history(candidate_id, job_id)
        if rows is None:
            return {}
        moments = [text_of(row.get("changedOn")) or "" for row in rows if _status(row) == HIRED]
        return {"hired_on": day_of(max(moments, default=None))}

    def _latest_status(self, candidate_id: str, job_id: str | None) -> str | None:
        rows = self._history(candidate_id, job_id) if job_id else None
        latest = max(rows or (), key=lambda row: str(row.get("changedOn") or ""), default=None)
        return _status(latest) if latest else None

    def _history(self, candidate_id: str, job_id: str) -> list[Row] | None:
        place = path_of("candidates", candidate_id, "jobs", job_id, "status", "history")
        return _content(self.client.get(place, [("limit", "100")], absent=(403, 404)))


def hired_for(applications: list[Application]) -> Application | None:
    """Return the application by which somebody was hired; of several the one that starts last, the primary first."""
    hired = [each for each in applications if each.is_hired]
    return max(hired, key=lambda each: text_of(each.document.get("startsOn")) or "", default=None)


def _summary(applications: list[Application]) -> str | None:
    told = []
    for each in applications:
        job = each.document.get("job")
        title = text_of(job.get("title")) if isinstance(job, dict) else None
        told.append(f"{title or each.job_id or 'no job'}: {each.status or 'unknown'}")
    return "; ".join(told) or None


def _status(row: Mapping[str, Any]) -> str | None:
    status = text_of(row.get("status"))
    return status.upper() if status else None


def _letters(role: str) -> str:
    """The spelling of roles is a guess (vendors.md §10): only letters count."""
    return _LETTERS.sub("", role.lower())


def _object(document: Any) -> Row | None:
    return document if isinstance(document, dict) else None


def _content(document: Any) -> list[Row] | None:
    """Return the rows of a short list, with or without its envelope; None when it cannot be seen."""
    rows = document.get("content") if isinstance(document, dict) else document
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None
