"""A simulated SCIM 2.0 service provider: forgiving by default, as bad as its fault plan says.

with serve(ScimSimulator(people=100, faults="page-cap:size=50;500:rate=0.05")) as server:
    server.url + "/scim/v2"      # Authorization: Bearer simulator-key
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import Person, Simulator, UnknownRecord, people
from app.simulation.application import Control
from app.simulation.scim_provider import (
    CORE,
    ENTERPRISE,
    PERSONAS,
    DocumentStore,
    Groups,
    KeyHeader,
    ScimProvider,
    refusal,
)
from app.vendors.scim.personas import VENDORS

BASE = "/scim/v2"
DEFAULT_KEY = "simulator-key"


class ScimSimulator(Simulator):
    """A generic SCIM service provider with bearer authentication, holding ``people`` made-up users at first."""

    kind = "scim"
    personas = PERSONAS
    vendors = VENDORS

    def __init__(
        self,
        *,
        people: int = 0,
        seed: int = 0,
        key: str = DEFAULT_KEY,
        faults: str = "",
        persona: str = "",
        base: str = BASE,
    ) -> None:
        super().__init__(people=people, seed=seed, key=key, faults=faults)
        self.play(*filter(None, [persona]))
        self.base = base
        self.store = DocumentStore(seed)
        self._groups = Groups(self.store, self.persona, seed)
        self._provider = ScimProvider(
            self.store, base, KeyHeader("Authorization", "Bearer ", key), self.persona, groups=self._groups
        )
        self.seed_people(people, seed)

    @property
    def key_header(self) -> str:
        """The header that proves a caller."""
        return f"Authorization: Bearer {self.key}"

    def seed_people(self, count: int, seed: int = 0) -> None:
        """Create ``count`` made-up users."""
        for person in people(count, seed):
            self.store.add(scim_document(person), unique=False)

    def answer(self, request: Request) -> Response:
        """Answer a SCIM request."""
        if not request.path.startswith(self.base):
            return refusal(404, f"nothing at {request.path}; the SCIM base is {self.base}")
        return self._provider.answer(request)

    def refuse(self, status: int, message: str) -> Response:
        """Return a SCIM Error."""
        return refusal(status, message)

    def users(self) -> list[dict[str, Any]]:
        """Return all users as SCIM documents, oldest first."""
        return self.store.page(0, self.store.total())

    def groups(self) -> list[dict[str, Any]]:
        """Return all groups as SCIM documents with their members, oldest first."""
        return self._groups.everyone()

    def add_group(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create a group by hand, past authentication, faults and the personas' limits."""
        return self._groups.store.add(document, unique=False)

    def add_user(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create a user by hand, past authentication, faults and uniqueness."""
        return self.store.add({"active": True, "schemas": [CORE], **document}, unique=False)

    def change_user(self, user_id: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Overwrite top-level members of a user by hand (None removes one); raises UnknownRecord."""
        with self.store.lock:
            document = self.store.get(user_id)
            if document is None:
                raise UnknownRecord(f"no user {user_id}")
            changed = {key: value for key, value in {**document, **members}.items() if value is not None}
            return self.store.put(user_id, changed, unique=False)

    def remove_user(self, user_id: str) -> None:
        """Delete a user by hand; raises UnknownRecord."""
        if not self.store.remove(user_id):
            raise UnknownRecord(f"no user {user_id}")

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the control calls for users."""
        return {
            ("GET", "users"): lambda _: self.users(),
            ("POST", "users"): self.add_user,
            ("PATCH", "users"): lambda members, user_id: self.change_user(user_id, members),
            ("DELETE", "users"): lambda _, user_id: self.remove_user(user_id),
            ("GET", "groups"): lambda _: self.groups(),
            ("POST", "groups"): self.add_group,
        }

    def summary(self) -> dict[str, Any]:
        """Return the size of the store."""
        return {
            "users": self.store.total(),
            "groups": self._groups.store.total(),
            "base": self.base,
        }


def scim_document(person: Person) -> dict[str, Any]:
    """Return a made-up person as a SCIM User."""
    name = {
        "givenName": person.given_name,
        "middleName": person.middle_name,
        "familyName": person.family_name,
    }
    return {
        "schemas": [CORE, ENTERPRISE],
        "userName": person.username,
        "name": {key: value for key, value in name.items() if value},
        "displayName": person.display_name,
        "title": person.title,
        "active": True,
        "emails": [{"type": "work", "value": person.email, "primary": True}],
        "phoneNumbers": [
            {"type": "work", "value": person.work_phone},
            {"type": "work_fax", "value": "+1 555 0199"},
        ],
        ENTERPRISE: {
            "employeeNumber": person.employee_number,
            "department": person.department,
            "division": person.division,
        },
    }
