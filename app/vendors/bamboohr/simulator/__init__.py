"""A simulated BambooHR account: the API with an API key, and the sender of its webhooks.

with serve(BambooHRSimulator(people=100, faults="503:every=30,retry_after=1")) as server:
    requests.get(server.url + "/api/v1/employees/changed?since=…", auth=("simulator-key", "x"))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator, as_json
from app.simulation.application import Control
from app.simulation.strikes import retry_after
from app.vendors.bamboohr.simulator.api import BASE, Api
from app.vendors.bamboohr.simulator.company import Company, Row
from app.vendors.bamboohr.simulator.errors import Refusal
from app.vendors.bamboohr.simulator.hooks import HookApi, signature
from app.vendors.bamboohr.simulator.limiter import MinuteLimiter
from app.vendors.bamboohr.simulator.personas import PERSONAS

DEFAULT_KEY = "simulator-key"

__all__ = ["BASE", "DEFAULT_KEY", "BambooHRSimulator", "Company", "signature"]


class BambooHRSimulator(Simulator):
    """An account with ``people`` made-up employees; the key's owner may see all unless a persona says otherwise."""

    kind = "bamboohr"
    personas = PERSONAS

    def __init__(self, *, people: int = 0, seed: int = 0, key: str = DEFAULT_KEY, faults: str = "") -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.base = BASE
        self.company = Company(people, seed)
        self.webhooks = HookApi(self.company, self.persona)
        self._api = Api(self.company, self.webhooks, self.persona)
        self._limiter = MinuteLimiter()

    @property
    def key_header(self) -> str:
        """What proves a caller."""
        return f"{self.key} (Basic: the key as user, any password)"

    def answer(self, request: Request) -> Response:
        """Answer an API request."""
        try:
            authorization = request.authorization
            if authorization is None or authorization.type != "basic" or authorization.username != self.key:
                raise Refusal(401, "Invalid API key")
            limit = self.persona("limit")
            if limit is not None and not self._limiter.allows(int(limit.get("per_minute", 60))):
                return self._throttled(limit)
            return self._api.answer(request)
        except Refusal as refused:
            if refused.body is not None:
                return as_json(refused.body, refused.status)
            return self.refuse(refused.status, refused.message)

    def refuse(self, status: int, message: str) -> Response:
        """Return an empty body with the reason in a header, as old endpoints do."""
        name = "Message" if self.persona("old-error-header") is not None else "Error-Message"
        return Response(b"", status, headers={f"X-BambooHR-{name}": message})

    def regenerate_key(self, key: str) -> None:
        """Replace the key; the old one stops at once."""
        self.key = key

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for employees, locations, webhooks and the key."""
        company = self.company
        return {
            ("GET", "employees"): lambda _: list(company.employees.values()),
            ("POST", "employees"): company.add,
            ("PATCH", "employees"): lambda members, row_id: company.change(row_id, members),
            ("DELETE", "employees"): lambda _, row_id: company.delete(row_id),
            ("POST", "terminations"): lambda asked, row_id: company.terminate(row_id, **asked),
            ("POST", "rehires"): lambda asked, row_id: company.rehire(row_id, **asked),
            ("GET", "locations"): lambda _: list(company.locations.values()),
            ("POST", "locations"): lambda asked: company.add_location(**asked),
            ("PATCH", "locations"): lambda members, row_id: company.change_location(row_id, members),
            ("GET", "webhooks"): lambda _: list(self.webhooks.hooks.values()),
            ("POST", "deliveries"): self._send,
            ("PUT", "key"): lambda asked: self.regenerate_key(asked["key"]),
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the account."""
        return {
            "employees": len(self.company.employees),
            "locations": len(self.company.locations),
            "webhooks": len(self.webhooks.hooks),
            "base": BASE,
        }

    def _send(self, asked: Row) -> list[Row]:
        """Send the events that wait; ``asked`` as in :meth:`HookApi.send`."""
        return self.webhooks.send(**asked)

    def _throttled(self, limit: Mapping[str, str]) -> Response:
        response = self.refuse(int(limit.get("status", 429)), "Rate limit exceeded")
        asked = limit.get("retry_after", "1")
        if asked != "none":
            response.headers["Retry-After"] = retry_after(asked)
        return response
