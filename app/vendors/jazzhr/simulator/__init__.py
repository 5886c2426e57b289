"""A simulated JazzHR account: API v1 and the Candidate Export sender.

with serve(JazzHRSimulator(people=100, faults="no-limit;500:every=30")) as server:
    server.url + "/v1/hires/page/1?apikey=simulator-key"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator
from app.simulation.application import Control
from app.vendors.jazzhr.simulator.api import BASE, PERSONAS, Api
from app.vendors.jazzhr.simulator.company import Company, Row
from app.vendors.jazzhr.simulator.errors import IntegrationNotSaved, Refusal
from app.vendors.jazzhr.simulator.exports import (
    SIGNATURES,
    Delivery,
    Integration,
    candidate_payload,
    deliver,
    signature,
    verify,
)
from app.vendors.jazzhr.simulator.limiter import MinuteLimiter

DEFAULT_KEY = "simulator-key"
CALLS_PER_MINUTE = 80

__all__ = [
    "BASE",
    "DEFAULT_KEY",
    "Company",
    "Delivery",
    "IntegrationNotSaved",
    "JazzHRSimulator",
    "signature",
]


class JazzHRSimulator(Simulator):
    """An account with ``people`` made-up hires.

    ``calls_per_minute`` None, or the persona ``no-limit``, switches the limiter off.
    """

    kind = "jazzhr"
    personas = PERSONAS
    secret_query = frozenset({"apikey"})

    def __init__(
        self,
        *,
        people: int = 0,
        seed: int = 0,
        key: str = DEFAULT_KEY,
        faults: str = "",
        calls_per_minute: int | None = CALLS_PER_MINUTE,
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.base = BASE
        self.company = Company(people, seed)
        self.calls_per_minute = calls_per_minute
        self.integrations: dict[str, Integration] = {}
        self._limiter = MinuteLimiter()
        self._api = Api(self.company, self.persona)

    @property
    def key_header(self) -> str:
        """What proves a caller."""
        return f"?apikey={self.key}"

    def answer(self, request: Request) -> Response:
        """Answer an API request."""
        try:
            if self._key_of(request) != self.key:
                raise Refusal(401, "Unauthorized")
            if not self._limiter.allows(self._limit()):
                return self._too_many()
            if not request.path.startswith(BASE + "/"):
                raise Refusal(404, "Not Found")
            return self._api.answer(request)
        except Refusal as refused:
            return self.refuse(refused.status, refused.message)

    def refuse(self, status: int, message: str) -> Response:
        """Return an opaque text: JazzHR's error bodies are not documented."""
        return Response(message, status, content_type="text/plain")

    def regenerate_key(self, key: str) -> None:
        """Replace the account's one active key; the old one stops at once."""
        self.key = key

    def hire(self, members: Mapping[str, Any] | None = None, **choice: Any) -> Row:
        """Hire somebody new with the given applicant members, or ``applicant_id``, for ``job_id``; returns the hire."""
        return self.company.hire(members, **choice)

    def add_integration(self, name: str, url: str, secret: str | None = None) -> Integration:
        """Save a candidate export integration after its verify call; raises IntegrationNotSaved."""
        integration = Integration(name, url, secret)
        verify(integration)
        self.integrations[name] = integration
        return integration

    def export(
        self,
        applicant_id: str,
        job_id: str | None = None,
        *,
        times: int | None = None,
        signature: str | None = None,
        request_id: str | None = None,
    ) -> list[Delivery]:
        """Export a candidate to every integration, ``times`` times with one request id; raises UnknownRecord.

        ``signature`` is good, bad or missing; left out, the personas decide.
        """
        repeat, sparse = self.persona("duplicate-exports"), self.persona("sparse-exports") is not None
        times = times or (1 if repeat is None else int(repeat.get("times", 2)))
        sign = signature or ("good" if self.persona("bad-signatures") is None else "bad")
        if sign not in SIGNATURES:
            raise ValueError(f"signature must be one of {', '.join(SIGNATURES)}")
        with self.company.lock:
            payload = candidate_payload(self.company, self.company.applicant(applicant_id), job_id, sparse)
        context = payload["candidate"]["profiles"][0]["associatedPositionOpenings"][0]["positionOpeningId"][
            "value"
        ]
        deliveries: list[Delivery] = []
        for integration in list(self.integrations.values()):
            request = request_id
            for _ in range(times):
                deliveries.append(
                    deliver(integration, payload, context=context, sign=sign, request_id=request)
                )
                request = deliveries[-1].uuid
        return deliveries

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for hires, applicants, jobs, integrations and exports."""
        company = self.company
        return {
            ("GET", "hires"): lambda _: list(company.hires.values()),
            ("POST", "hires"): self._hire_by_hand,
            ("DELETE", "hires"): lambda _, hire_id: company.withdraw(hire_id),
            ("GET", "applicants"): lambda _: [_shown(row) for row in company.applicants.values()],
            ("PATCH", "applicants"): lambda members, row_id: _shown(
                company.change_applicant(row_id, members)
            ),
            ("POST", "jobs"): company.add_job,
            ("PATCH", "jobs"): lambda members, row_id: company.change_job(row_id, members),
            ("POST", "integrations"): lambda asked: {"name": self.add_integration(**asked).name},
            ("POST", "exports"): lambda asked: [asdict(delivery) for delivery in self.export(**asked)],
            ("PUT", "key"): lambda asked: self.regenerate_key(asked["key"]),
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the account."""
        company = self.company
        return {
            "hires": len(company.hires),
            "applicants": len(company.applicants),
            "jobs": len(company.jobs),
            "base": BASE,
        }

    def _hire_by_hand(self, asked: dict[str, Any]) -> Row:
        members = {
            name: value for name, value in asked.items() if name not in ("applicant_id", "job_id", "again")
        }
        if asked.get("again"):
            return self.company.hire_again(asked["applicant_id"])
        return self.company.hire(members, applicant_id=asked.get("applicant_id"), job_id=asked.get("job_id"))

    def _limit(self) -> int | None:
        if self.persona("no-limit") is not None:
            return None
        persona = self.persona("limit")
        return self.calls_per_minute if persona is None else int(persona.get("per_minute", CALLS_PER_MINUTE))

    def _too_many(self) -> Response:
        response = self.refuse(429, "Too Many Requests")
        wait = (self.persona("limit") or {}).get("retry_after")
        if wait is not None:
            response.headers["Retry-After"] = wait
        return response

    def _key_of(self, request: Request) -> str | None:
        """Reads carry the key in the query, writes in the body."""
        if request.method != "POST":
            return request.args.get("apikey")
        try:
            body = json.loads(request.get_data())
        except ValueError:
            return None
        return body.get("apikey") if isinstance(body, dict) else None


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
