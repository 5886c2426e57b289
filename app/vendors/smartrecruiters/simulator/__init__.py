"""A simulated SmartRecruiters company: Customer API, OAuth token, and the sender of webhooks.

with serve(SmartRecruitersSimulator(people=100, faults="no-limit;500:every=30")) as server:
    server.url + "/candidates?status=HIRED"      # header X-SmartToken: simulator-key
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator, as_json
from app.simulation.application import Control
from app.vendors.smartrecruiters.simulator import api, limiter, views
from app.vendors.smartrecruiters.simulator.api import Api
from app.vendors.smartrecruiters.simulator.company import Company, Row
from app.vendors.smartrecruiters.simulator.errors import NoSubscription, Refusal
from app.vendors.smartrecruiters.simulator.limiter import Limiter
from app.vendors.smartrecruiters.simulator.webhooks import SIGNATURES, Delivery, Webhooks

DEFAULT_KEY = "simulator-key"
CLIENT_ID = "simulator-client"
TOKEN_PATH = "/identity/oauth/token"
TOKEN_SECONDS = 1800

__all__ = ["CLIENT_ID", "DEFAULT_KEY", "Company", "Delivery", "NoSubscription", "SmartRecruitersSimulator"]


class SmartRecruitersSimulator(Simulator):
    """A company with ``people`` made-up hires. The client secret of OAuth is the key."""

    kind = "smartrecruiters"
    personas = {
        **api.PERSONAS,
        **views.PERSONAS,
        "limit": "allows `per_second` (10) calls a second, then 429; with `retry_after` the answer says so",
        "no-limit": "allows any number of calls a second",
        "token-life": "gives tokens that live `seconds` (1800)",
        "push": "sends an event after every hire, move, change and deletion that is made by hand",
        "bad-signatures": "signs webhooks with other keys",
        "duplicate-deliveries": "sends each event `times` (2) times",
    }

    def __init__(
        self, *, people: int = 0, seed: int = 0, key: str = DEFAULT_KEY, faults: str = "", url: str = ""
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.company = Company(people, seed)
        self.webhooks = Webhooks()
        self.limiter = Limiter()
        self.url = url
        self._tokens: dict[str, float] = {}
        self._views = views.Views(self.company, lambda: self.url, self.persona)
        self._api = Api(self.company, self._views, self.webhooks, self.persona)

    @property
    def key_header(self) -> str:
        """What proves a caller."""
        return f"X-SmartToken: {self.key}   (or OAuth: client {CLIENT_ID}, its secret is the key)"

    def answer(self, request: Request) -> Response:
        """Answer an API request, within the limits of rate and concurrency."""
        self.url = self.url or request.host_url.rstrip("/")
        try:
            if request.path == TOKEN_PATH:
                return self._token(request)
            if not self._is_proven(request):
                raise Refusal(401, "Unauthorized", "UNAUTHORIZED")
            return self._limited(request)
        except Refusal as refused:
            return self._refused(refused)

    def refuse(self, status: int, message: str) -> Response:
        """Return an error in SmartRecruiters' form."""
        return self._refused(Refusal(status, message))

    def regenerate_key(self, key: str) -> None:
        """Replace the credential; the old key and its tokens stop at once."""
        self.key = key
        self._tokens.clear()

    # --- what people do in the company ------------------------------------------------------------------------------

    def hire(self, members: Mapping[str, Any] | None = None, **choice: Any) -> Row:
        """Hire somebody (see :meth:`Company.hire`) and return the candidate."""
        return self._announced("application.status.updated", self.company.hire(members, **choice))

    def move(self, candidate_id: str, job_id: str | None, status: str) -> Row:
        """Give an application another status."""
        return self._announced("application.status.updated", self.company.move(candidate_id, job_id, status))

    def change(self, candidate_id: str, members: Mapping[str, Any]) -> Row:
        """Change members of a candidate."""
        return self._announced("candidate.updated", self.company.change_candidate(candidate_id, members))

    def delete(self, candidate_id: str) -> None:
        """Delete a candidate."""
        row = self.company.candidate(candidate_id)
        self.company.delete_candidate(candidate_id)
        self._announced("candidate.deleted", row)

    def send(self, event: str, candidate_id: str, job_id: str | None = None, **choice: Any) -> list[Delivery]:
        """Send an event about a candidate to whoever subscribed (see :meth:`Webhooks.send`); raises NoSubscription.

        Left out, signature and repetition are as the personas decide.
        """
        repeated = self.persona("duplicate-deliveries")
        choice.setdefault("times", 1 if repeated is None else int(repeated.get("times", 2)))
        choice.setdefault("sign", "good" if self.persona("bad-signatures") is None else "bad")
        if choice["sign"] not in SIGNATURES:
            raise ValueError(f"sign must be one of {', '.join(SIGNATURES)}")
        body = {"job_id": job_id, "candidate_id": candidate_id} if job_id else {"candidate_id": candidate_id}
        return self.webhooks.send(event, body, f"{self.url}/candidates/{candidate_id}", **choice)

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for candidates, jobs, sources, subscriptions, events and keys."""
        company = self.company
        return {
            ("GET", "candidates"): lambda _: [_shown(row) for row in company.candidates.values()],
            ("POST", "candidates"): lambda members: _shown(company.apply(members)),
            ("PATCH", "candidates"): lambda members, row_id: _shown(self.change(row_id, members)),
            ("DELETE", "candidates"): lambda _, row_id: self.delete(row_id),
            ("POST", "hires"): self._hire_by_hand,
            ("POST", "moves"): lambda asked: _shown(self.move(**asked)),
            ("POST", "jobs"): lambda members: _shown(company.add_job(members)),
            ("PATCH", "jobs"): lambda members, row_id: _shown(company.change_job(row_id, members)),
            ("POST", "sources"): lambda asked: company.add_source(**asked),
            ("GET", "subscriptions"): lambda _: [s.shown() for s in self.webhooks.subscriptions.values()],
            ("POST", "events"): lambda asked: [asdict(delivery) for delivery in self.send(**asked)],
            ("POST", "expired-keys"): lambda _: self.webhooks.expire_keys(),
            ("PUT", "key"): lambda asked: self.regenerate_key(asked["key"]),
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the company."""
        company = self.company
        hired = [
            row
            for row in company.candidates.values()
            if any(e["status"] == "HIRED" for e in row["_applications"])
        ]
        return {"candidates": len(company.candidates), "hired": len(hired), "jobs": len(company.jobs)}

    # --- within -----------------------------------------------------------------------------------------------------

    def _limited(self, request: Request) -> Response:
        allowed = self._per_second()
        left = self.limiter.remaining(allowed)
        if left is not None and left < 0:
            return self._too_many()
        crowd = (
            limiter.CANDIDATES_AT_ONCE if (request.method, request.path) == ("GET", "/candidates") else None
        )
        room, queue = ("candidates", crowd) if crowd else ("others", limiter.AT_ONCE)
        with (
            self.limiter.inside("all", limiter.AT_ONCE) as has_room,
            self.limiter.inside(room, queue) as is_alone,
        ):
            if not has_room or not is_alone:
                return self._too_many()
            response = self._api.answer(request)
        if allowed is not None:
            response.headers["X-RateLimit-Limit"] = str(allowed)
            response.headers["X-RateLimit-Remaining"] = str(left)
        response.headers["X-RateLimit-Concurrent-Limit"] = str(crowd or limiter.AT_ONCE)
        return response

    def _per_second(self) -> int | None:
        if self.persona("no-limit") is not None:
            return None
        return int((self.persona("limit") or {}).get("per_second", limiter.PER_SECOND))

    def _too_many(self) -> Response:
        response = self.refuse(429, "Too Many Requests")
        wait = (self.persona("limit") or {}).get("retry_after")
        if wait is not None:
            response.headers["Retry-After"] = wait
        return response

    def _token(self, request: Request) -> Response:
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return as_json({"error": "unsupported_grant_type"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, self.key):
            return as_json({"error": "invalid_client"}, 401)
        life = float((self.persona("token-life") or {}).get("seconds", TOKEN_SECONDS))
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + life
        return as_json({"access_token": token, "token_type": "bearer", "expires_in": int(life)})

    def _is_proven(self, request: Request) -> bool:
        if request.headers.get("X-SmartToken") == self.key:
            return True
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > time.monotonic()

    def _refused(self, refused: Refusal) -> Response:
        code = refused.code or f"HTTP_{refused.status}"
        body = {"message": refused.message, "errors": [{"code": code, "message": refused.message}]}
        return as_json(body, refused.status)

    def _announced(self, event: str, candidate: Row) -> Row:
        if self.persona("push") is not None:
            job_id = candidate["_applications"][-1]["job_id"] if candidate["_applications"] else None
            self.send(event, candidate["id"], job_id)
        return candidate

    def _hire_by_hand(self, asked: dict[str, Any]) -> Row:
        names = ("candidate_id", "job_id", "starts_on", "offer")
        members = {name: value for name, value in asked.items() if name not in names}
        chosen = {name: asked[name] for name in names if name in asked}
        return _shown(self.hire(members, **chosen))


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _is_hired(row: Row) -> bool:
    return any(each["status"] == "HIRED" for each in row["_applications"])
