"""A simulated customer of iCIMS: token server, API, and the sender of event notifications (vendors.md §2.9).

with serve(ICIMSSimulator(people=100, faults="limit:calls=50")) as server:
    server.url + "/oauth/token", server.url + "/customers/1234/people/2"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator, as_json
from app.simulation.application import Control
from app.vendors.icims.simulator import events
from app.vendors.icims.simulator.access import TOKEN_LIFE, DayBudget, TokenDesk, seconds_to_midnight
from app.vendors.icims.simulator.api import PERSONAS, Api
from app.vendors.icims.simulator.company import APPLIED, HIRED, Company, Row
from app.vendors.icims.simulator.errors import Refusal, error_answer
from app.vendors.icims.simulator.events import Sent, Subscription

CUSTOMER = "1234"
CLIENT_ID = "simulator-client"
DEFAULT_SECRET = "simulator-key"
CALLS_PER_DAY = 10_000

__all__ = ["CLIENT_ID", "CUSTOMER", "DEFAULT_SECRET", "Company", "ICIMSSimulator", "Sent", "Subscription"]


class ICIMSSimulator(Simulator):
    """A customer with ``people`` made-up employees. ``key`` is the client secret; client id and customer are fixed."""

    kind = "icims"
    personas = {
        **PERSONAS,
        "limit": "allows `calls` (10000) in a day; `reset` seconds instead of those to 00:00 UTC",
        "no-limit": "allows any number of calls, and says nothing of limits",
        "token-life": "tokens live `seconds` (86400)",
        "duplicate-events": "sends each event `times` (2) times",
        "bad-signatures": "signs events with another secret",
        "plain-events": "sends events uncompressed",
    }
    secret_query = frozenset()

    def __init__(
        self,
        *,
        people: int = 0,
        seed: int = 0,
        key: str = DEFAULT_SECRET,
        faults: str = "",
        calls_per_day: int | None = CALLS_PER_DAY,
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.base = f"/customers/{CUSTOMER}"
        self.company = Company(people, seed)
        self.tokens = TokenDesk()
        self.budget = DayBudget(calls_per_day)
        self.subscriptions: dict[str, Subscription] = {}
        self._api = Api(self.company, self.persona)

    @property
    def key_header(self) -> str:
        """What proves a caller."""
        return f"client_id={CLIENT_ID} client_secret={self.key}, at /oauth/token"

    def answer(self, request: Request) -> Response:
        """Answer a token request, or a request to the API."""
        try:
            if request.path == "/oauth/token":
                return self._token(request)
            return self._metered(request)
        except Refusal as refused:
            return error_answer(refused.status, refused.message, refused.code)

    def refuse(self, status: int, message: str) -> Response:
        """Return an error in iCIMS's form."""
        return error_answer(status, message)

    # --- tokens and limits

    def _token(self, request: Request) -> Response:
        form = request.form
        if form.get("grant_type") != "client_credentials" or not form.get("audience"):
            return as_json({"error": "invalid_request"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, self.key):
            return as_json({"error": "access_denied", "error_description": "Unauthorized"}, 401)
        life = float((self.persona("token-life") or {}).get("seconds", TOKEN_LIFE))
        token = self.tokens.issue(life)
        if token is None:
            return as_json({"error": "access_denied", "error_description": "Too many tokens"}, 429)
        return as_json({"access_token": token, "token_type": "Bearer", "expires_in": int(life)})

    def _metered(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.takes(token):
            raise Refusal(401, "Invalid Username or Password credentials provided.", 6)
        limit = self._limit()
        within, left = self.budget.take(limit)
        response = self._answered_by_api(request) if within else error_answer(429, "Too many requests.")
        if limit is not None:
            reset = (self.persona("limit") or {}).get("reset") or str(seconds_to_midnight())
            response.headers["x-ratelimit-limit"] = str(limit)
            response.headers["x-ratelimit-remaining"] = str(left)
            response.headers["x-ratelimit-reset"] = reset
        return response

    def _answered_by_api(self, request: Request) -> Response:
        words = [word for word in request.path.split("/") if word]
        if words[:1] != ["customers"] or request.path != request.path.replace("//", "/"):
            return error_answer(404, "Not found.")
        if words[1:2] != [CUSTOMER]:
            return error_answer(404, "Customer not found.")
        try:
            return self._api.answer(request, words[2:])
        except Refusal as refused:
            return error_answer(refused.status, refused.message, refused.code)

    def _limit(self) -> int | None:
        if self.persona("no-limit") is not None:
            return None
        persona = self.persona("limit")
        return self.budget.calls if persona is None else int(persona.get("calls", CALLS_PER_DAY))

    # --- events

    def subscribe(self, name: str, url: str, **how: str) -> Subscription:
        """Have events sent to ``url``: ``form`` (basic, hmac, oauth2, none), ``user``, ``secret``, ``token_url``."""
        if how.get("form", "basic") not in events.FORMS:
            raise ValueError(f"form must be one of {', '.join(events.FORMS)}")
        self.subscriptions[name] = Subscription(url, **how)
        return self.subscriptions[name]

    def notify(
        self,
        person_id: int | str,
        *,
        status: str = HIRED,
        kind: str = "status",
        sign: str | None = None,
        times: int | None = None,
        root: str = "https://api.icims.com/customers/" + CUSTOMER,
    ) -> list[Sent]:
        """Send an event about a person to every subscription: their latest workflow moves to ``status``, or a task.

        ``sign`` is good, bad, missing or old; left out, the personas decide. Raises UnknownRecord.
        """
        sign = sign or ("good" if self.persona("bad-signatures") is None else "bad")
        if sign not in events.SIGNATURES:
            raise ValueError(f"sign must be one of {', '.join(events.SIGNATURES)}")
        event = self._event(person_id, status, kind, root)
        repeat = self.persona("duplicate-events")
        times = times or (1 if repeat is None else int(repeat.get("times", 2)))
        compressed = self.persona("plain-events") is None
        return [
            events.send(to, event, sign=sign, compressed=compressed)
            for to in list(self.subscriptions.values())
            for _ in range(times)
        ]

    def _event(self, person_id: int | str, status: str, kind: str, root: str) -> dict[str, Any]:
        if kind == "task":
            return events.portal_task(CUSTOMER, int(person_id), root)
        workflow = self.company.workflow_of(person_id)
        old = str(workflow["status"]["id"])
        self.company.set_status(workflow["_id"], status)
        before = APPLIED if old == status else old
        job = int(workflow["baseprofile"]["id"])
        return events.status_change(CUSTOMER, int(person_id), job, before, status, root)

    # --- controls

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for people, jobs, workflows, events, tokens and the day's budget."""
        company = self.company
        return {
            ("GET", "people"): lambda _: [_shown(row) for row in company.people.values()],
            ("POST", "people"): lambda members: _shown(self._added(members)),
            ("PATCH", "people"): lambda members, row_id: _shown(company.change_person(row_id, members)),
            ("DELETE", "people"): lambda _, row_id: company.remove_person(row_id),
            ("POST", "terminate"): lambda asked, row_id: _shown(
                company.terminate(row_id, (asked or {}).get("day"))
            ),
            ("GET", "jobs"): lambda _: [_shown(row) for row in company.jobs.values()],
            ("POST", "jobs"): lambda members: _shown(company.add_job(members)),
            ("PATCH", "jobs"): lambda members, row_id: _shown(company.change_job(row_id, members)),
            ("POST", "subscriptions"): lambda asked: asdict(self.subscribe(**asked)),
            ("POST", "events"): lambda asked: [asdict(sent) for sent in self.notify(**asked)],
            ("PUT", "key"): lambda asked: self.rotate(asked["key"]),
            ("DELETE", "tokens"): lambda _: self.tokens.revoke_all(),
            ("DELETE", "budget"): lambda _: self.budget.renew(),
        }

    def rotate(self, key: str) -> None:
        """Give the client another secret; its tokens end."""
        self.key = key
        self.tokens.revoke_all()

    def summary(self) -> dict[str, Any]:
        """Return the size of the customer, and what was used."""
        company = self.company
        return {
            "customer": CUSTOMER,
            "client_id": CLIENT_ID,
            "people": len(company.people),
            "jobs": len(company.jobs),
            "workflows": len(company.workflows),
            "tokens issued": self.tokens.issued,
            "calls today": self.budget.used,
            "base": self.base,
        }

    def _added(self, members: Mapping[str, Any]) -> Row:
        """Hire somebody, or add a person to the folder that is named."""
        members = dict(members)
        job_id = members.pop("job_id", None)
        if "folder" in members:
            return self.company.add_person(members)
        return self.company.hire(members, job_id=job_id)


def _shown(row: Row) -> Row:
    plain = {name: value for name, value in row.items() if not name.startswith("_")}
    return {"id": row["_id"], **plain}
