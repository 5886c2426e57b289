"""A simulated JumpCloud organisation: REST v1 for systemusers and a SCIM view of the same accounts.

with serve(JumpCloudSimulator(people=100, faults="429:every=20,retry_after=2")) as server:
    server.url + "/api"            # REST v1,  x-api-key: simulator-key
    server.url + "/api/v2/scim"    # SCIM,     x-api-key: simulator-key   (base path unverified: ``scim_base``)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Simulator, UnknownRecord, as_json, people
from app.simulation.application import Control
from app.simulation.scim_provider import PERSONAS, KeyHeader, ScimProvider, refusal
from app.vendors.jumpcloud.simulator.errors import Refusal
from app.vendors.jumpcloud.simulator.rest import RestV1
from app.vendors.jumpcloud.simulator.scim import ScimView
from app.vendors.jumpcloud.simulator.systemusers import ORGANIZATION, SystemUsers, systemuser_members

REST_BASE = "/api"
SCIM_BASE = "/api/v2/scim"  # unverified (vendors.md §6.4)
DEFAULT_KEY = "simulator-key"
PROTECTED = (
    ("sysadmin", {"sudo": True}),
    ("keyowner", {"admin": {"id": "65f0a1b2c3d4e5f601020301", "roleName": "Administrator"}}),
)

__all__ = ["DEFAULT_KEY", "ORGANIZATION", "REST_BASE", "SCIM_BASE", "JumpCloudSimulator"]


class JumpCloudSimulator(Simulator):
    """An organisation with ``people`` made-up accounts and, when ``protected``, one sudo account and one of an admin.

    ``scim_base`` None switches the SCIM view off; ``default_state`` is the state of accounts created without one.
    """

    kind = "jumpcloud"
    personas = PERSONAS

    def __init__(
        self,
        *,
        people: int = 0,
        seed: int = 0,
        key: str = DEFAULT_KEY,
        faults: str = "",
        scim_base: str | None = SCIM_BASE,
        default_state: str = "ACTIVATED",
        protected: bool = True,
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.base = REST_BASE
        self.scim_base = scim_base
        self.systemusers = SystemUsers(default_state)
        self._rest = RestV1(self.systemusers, key, self.persona)
        view = ScimView(self.systemusers)
        self._scim = ScimProvider(
            view, scim_base or "", KeyHeader("x-api-key", "", key), self.persona, max_results=100
        )
        self.seed_people(people, seed)
        if protected:
            self._seed_protected()

    @property
    def key_header(self) -> str:
        """The header that proves a caller."""
        return f"x-api-key: {self.key}"

    def seed_people(self, count: int, seed: int = 0) -> None:
        """Create ``count`` made-up accounts."""
        for person in people(count, seed):
            self.systemusers.create(systemuser_members(person))

    def answer(self, request: Request) -> Response:
        """Answer a REST or SCIM request."""
        if self.scim_base and request.path.startswith(self.scim_base):
            if request.path.startswith(f"{self.scim_base}/Groups"):
                return refusal(404, "group import is not supported")
            return self._scim.answer(request)
        try:
            if not request.path.startswith(REST_BASE + "/"):
                raise Refusal(404, "Not Found")
            return self._rest.answer(request)
        except Refusal as refused:
            return self.refuse(refused.status, refused.message)

    def refuse(self, status: int, message: str) -> Response:
        """Return an error as REST v1 does; SCIM clients get the same under a fault, as from a gateway before it."""
        return as_json({"message": message}, status)

    def users(self) -> list[dict[str, Any]]:
        """Return all systemusers, oldest first."""
        return self.systemusers.everyone()

    def add_user(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Create an account by hand; ``admin`` and ``activated`` may be given too."""
        record = self.systemusers.create(members)
        return self.change_user(record["_id"], members)

    def change_user(self, user_id: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Change an account by hand, past authentication and faults; raises UnknownRecord."""
        by_hand = {
            name: members[name] for name in ("admin", "activated", "account_locked") if name in members
        }
        try:
            self.systemusers.mark(user_id, **by_hand)
            return self.systemusers.change(
                user_id, {k: v for k, v in members.items() if (k, v) != ("state", "STAGED")}
            )
        except Refusal as refused:
            raise _to_operator(refused) from refused

    def remove_user(self, user_id: str) -> None:
        """Delete an account by hand; raises UnknownRecord."""
        try:
            self.systemusers.remove(user_id)
        except Refusal as refused:
            raise _to_operator(refused) from refused

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for accounts."""
        return {
            ("GET", "users"): lambda _: self.users(),
            ("POST", "users"): self.add_user,
            ("PATCH", "users"): lambda members, user_id: self.change_user(user_id, members),
            ("DELETE", "users"): lambda _, user_id: self.remove_user(user_id),
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the organisation and where it is served."""
        return {"users": self.systemusers.total(), "base": REST_BASE, "scim_base": self.scim_base}

    def _seed_protected(self) -> None:
        for username, marks in PROTECTED:
            record = self.systemusers.create(
                {"username": username, "email": f"{username}@example.com", "lastname": username}
            )
            self.systemusers.mark(record["_id"], **marks)


def _to_operator(refused: Refusal) -> Exception:
    return UnknownRecord(refused.message) if refused.status == 404 else ValueError(refused.message)
