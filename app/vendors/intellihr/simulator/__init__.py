"""A simulated intelliHR account: API v1 with people, jobs that change by schedule, and unsigned webhooks.

with serve(IntelliHRSimulator(people=100, faults="500:every=30")) as server:
    GET server.url + "/v1/people" with the headers Authorization: Bearer simulator-key and tenant: your-company
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator
from app.simulation.application import Control
from app.vendors.intellihr.simulator.api import BASE, PERSONAS, Api
from app.vendors.intellihr.simulator.company import Company
from app.vendors.intellihr.simulator.errors import Refusal, envelope
from app.vendors.intellihr.simulator.hooks import EVENTS, Delivery, Hooks, body_of
from app.vendors.intellihr.simulator.rows import LINK, Row

DEFAULT_KEY = "simulator-key"
DEFAULT_SUBDOMAIN = "your-company"

__all__ = ["BASE", "DEFAULT_KEY", "DEFAULT_SUBDOMAIN", "EVENTS", "Company", "Delivery", "IntelliHRSimulator"]


class IntelliHRSimulator(Simulator):
    """An account with ``people`` made-up people, each with a current job."""

    kind = "intellihr"
    personas = PERSONAS

    def __init__(
        self,
        *,
        people: int = 0,
        seed: int = 0,
        key: str = DEFAULT_KEY,
        faults: str = "",
        subdomain: str = DEFAULT_SUBDOMAIN,
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.base = BASE
        self.subdomain = subdomain
        self.company = Company(people, seed)
        self.hooks = Hooks()
        self._api = Api(self.company, self.hooks, self.persona)

    @property
    def key_header(self) -> str:
        """What proves a caller."""
        return f"Authorization: Bearer {self.key}, tenant: {self.subdomain}"

    def answer(self, request: Request) -> Response:
        """Answer an API request."""
        try:
            self._admit(request)
            if not request.path.startswith(BASE + "/"):
                raise Refusal(404, "Not Found")
            return self._api.answer(request)
        except Refusal as refused:
            return envelope(refused.status, refused.message, refused.detail)

    def refuse(self, status: int, message: str) -> Response:
        """Return an error envelope."""
        return envelope(status, message)

    def _admit(self, request: Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), self.key.encode()):
            raise Refusal(401, "Unauthenticated")
        if request.headers.get("tenant", "").lower() != self.subdomain.lower():
            persona = self.persona("wrong-tenant") or {}
            raise Refusal(int(persona.get("status", 403)), "This key is not of this tenant")

    # --- what people do at intelliHR, each with the webhook that follows ---------------------------------------------

    def add(self, members: Mapping[str, Any] | None = None, job: Mapping[str, Any] | None = None) -> Row:
        """Add a person with a job; returns the person."""
        row = self.company.add(members, job)
        self._tell("person.created", row["id"])
        self._tell("job.created", self.company.jobs_of[row["id"]][0])
        return row

    def change_person(self, person_id: str, members: Mapping[str, Any]) -> Row:
        """Change a person; raises UnknownRecord."""
        row = self.company.change_person(person_id, members)
        self._tell("person.updated", person_id, updated_attributes=sorted(members))
        return row

    def change_job(self, job_id: str, members: Mapping[str, Any]) -> Row:
        """Change a job from today on; raises UnknownRecord."""
        row = self.company.change_job(job_id, members)
        self._tell("job.timeline_updated", job_id)
        return row

    def schedule(self, job_id: str, on: str, members: Mapping[str, Any]) -> Row:
        """Have a job change on a day to come; raises UnknownRecord."""
        row = self.company.schedule(job_id, on, members)
        self._tell("job.update_scheduled", job_id)
        return row

    def terminate(self, person_id: str, on: str) -> None:
        """End somebody's jobs with a last day; raises UnknownRecord."""
        self.company.terminate(person_id, on)
        for job_id in self.company.jobs_of[person_id]:
            start = self.company.job(job_id)["companyStartDate"]
            self._tell("job.end_date_finalised", job_id, start_date=start, inclusive_end_date=on)

    def remove(self, person_id: str) -> None:
        """Delete a person; raises UnknownRecord."""
        jobs = list(self.company.jobs_of.get(person_id, ()))
        self.company.remove(person_id)
        for job_id in jobs:
            self._tell("job.deleted", job_id)
        self._tell("person.deleted", person_id)

    def send(self, event: str, record_id: str, times: int = 1, **more: Any) -> list[Delivery]:
        """Call the webhooks of an event about a record, whatever has happened to it."""
        host = (self.persona("false-links") or {}).get("host", "http://127.0.0.1:9")
        link = LINK if self.persona("false-links") is None else host
        moment = self.company.now().isoformat(timespec="seconds")
        return self.hooks.send(body_of(event, record_id, moment, link, **more), times)

    def _tell(self, event: str, record_id: str, **more: Any) -> None:
        if self.persona("quiet-hooks") is None:
            twice = self.persona("duplicate-hooks")
            self.send(event, record_id, 1 if twice is None else int(twice.get("times", 2)), **more)

    # --- controls ----------------------------------------------------------------------------------------------------

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for people, jobs, the day, webhooks, key and subdomain."""
        company = self.company
        return {
            ("GET", "people"): lambda _: [company.shown_person(row) for row in list(company.people.values())],
            ("POST", "people"): lambda asked: self.add(
                {name: value for name, value in asked.items() if name != "job"}, asked.get("job")
            ),
            ("PATCH", "people"): lambda members, row_id: self.change_person(row_id, members),
            ("DELETE", "people"): lambda _, row_id: self.remove(row_id),
            ("GET", "jobs"): lambda _: [company.shown_job(row) for row in list(company.jobs.values())],
            ("POST", "jobs"): lambda members, person_id: company.shown_job(
                company.add_job(person_id, members)
            ),
            ("PATCH", "jobs"): lambda members, row_id: self.change_job(row_id, members),
            ("POST", "schedule"): lambda asked: self.schedule(asked["job_id"], asked["on"], asked["members"]),
            ("POST", "terminate"): lambda asked: self.terminate(asked["person_id"], asked["on"]),
            ("PUT", "clock"): lambda asked: setattr(company, "days_ahead", int(asked["days"])),
            ("GET", "webhooks"): lambda _: list(self.hooks.rows.values()),
            ("POST", "deliveries"): lambda asked: [asdict(each) for each in self.send(**asked)],
            ("PUT", "key"): lambda asked: setattr(self, "key", str(asked["key"])),
            ("PUT", "subdomain"): lambda asked: setattr(self, "subdomain", str(asked["subdomain"])),
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the account."""
        return {
            "people": len(self.company.people),
            "jobs": len(self.company.jobs),
            "subdomain": self.subdomain,
            "webhooks": len(self.hooks.rows),
            "base": BASE,
        }
