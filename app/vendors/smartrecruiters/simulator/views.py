"""How SmartRecruiters shows its tables, and how its habits may differ from the good case (vendors.md §3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.vendors.smartrecruiters.simulator.company import Company, Row

Persona = Callable[[str], Mapping[str, str] | None]
_LISTED = (
    "internal",
    "firstName",
    "lastName",
    "email",
    "createdOn",
    "updatedOn",
    "location",
    "averageRating",
    "tags",
)
PERSONAS: dict[str, str] = {
    "missing-member": "leaves the member `name` out of every candidate",
    "null-member": "answers null for the member `name` of every candidate",
    "extra-member": "adds the member `name` (newMember) to every candidate",
    "new-status": "shows the status `name` (ONBOARDED) for whoever is IN_REVIEW",
    "secondary-without-status": "shows secondary applications with their job only",
    "offers-without-properties": "shows the properties of an offer in its detail only",
    "team-role": "spells the role of the hiring manager `name`",
}


class Views:
    """Documents as calls see them."""

    def __init__(self, company: Company, base: Callable[[], str], persona: Persona) -> None:
        self._company = company
        self._base = base
        self._persona = persona

    def candidate_row(self, candidate: Row) -> Row:
        """Return a candidate as lists show it."""
        row = {"id": candidate["id"], **{name: candidate.get(name) for name in _LISTED}}
        first, *others = candidate["_applications"]
        shown = {"job": self._job_link(first), "status": self._status(first), "subStatus": ""}
        row |= {
            "primaryAssignment": shown,
            "secondaryAssignments": [{"job": self._job_link(e)} for e in others],
        }
        return self._drifted({**row, "actions": self._actions(candidate)})

    def candidate(self, candidate: Row) -> Row:
        """Return a candidate in full."""
        shown = {name: value for name, value in candidate.items() if not name.startswith("_")}
        first, *others = candidate["_applications"]
        secondary = [
            self._assignment(each, self._persona("secondary-without-status") is None) for each in others
        ]
        shown |= {"primaryAssignment": self._assignment(first, True), "secondaryAssignments": secondary}
        return self._drifted({**shown, "actions": self._actions(candidate)})

    def offer(self, candidate: Row, application: Row, offer: Row, *, in_full: bool = True) -> Row:
        """Return an offer; a list may leave its properties to the detail."""
        hides = not in_full and self._persona("offers-without-properties") is not None
        shown = {name: value for name, value in offer.items() if not (hides and name == "properties")}
        return {
            **shown,
            "actions": {"candidate": {"id": candidate["id"]}, "job": {"id": application["job_id"]}},
        }

    def job(self, job: Row) -> Row:
        """Return a job."""
        return {name: value for name, value in job.items() if not name.startswith("_")}

    def team(self, job: Row) -> list[Row]:
        """Return the hiring team of a job."""
        spelt = self._persona("team-role")
        return [
            {**each, "actions": {}}
            | ({"role": spelt.get("name", "")} if spelt and each["role"] == "HIRING_MANAGER" else {})
            for each in job["_team"]
        ]

    def history(self, application: Row) -> list[Row]:
        """Return the statuses of an application, the latest first."""
        return [{**each, "actions": {}} for each in reversed(application["history"])]

    def _assignment(self, application: Row, with_status: bool) -> Row:
        shown: Row = {"job": self._job_link(application), "actions": {}}
        if not with_status:
            return shown
        shown |= {"status": self._status(application), "subStatus": "", "source": application["source"]}
        if application["status"] == "HIRED":
            shown["startsOn"] = application["startsOn"]
        return shown

    def _status(self, application: Row) -> Any:
        persona = self._persona("new-status")
        if persona is not None and application["status"] == "IN_REVIEW":
            return persona.get("name", "ONBOARDED")
        return application["status"]

    def _job_link(self, application: Row) -> Row | None:
        job = self._company.jobs.get(application["job_id"] or "")
        return {"id": job["id"], "title": job["title"], "actions": {}} if job else None

    def _actions(self, candidate: Row) -> Row:
        return {"details": {"url": f"{self._base()}/candidates/{candidate['id']}", "method": "GET"}}

    def _drifted(self, row: Row) -> Row:
        missing, null, extra = (self._persona(f"{word}-member") for word in ("missing", "null", "extra"))
        drifted = {
            name: value for name, value in row.items() if missing is None or name != missing.get("name")
        }
        if null is not None and null.get("name") in drifted:
            drifted[null["name"]] = None
        return drifted if extra is None else {**drifted, extra.get("name", "newMember"): {"new": ["member"]}}
