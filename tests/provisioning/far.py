"""The far side of provisioning tests: real targets over real HTTP, each looked at past Rollcall.

scim2-server (PyPI) is the referee; both views of the JumpCloud simulator are the product's own rehearsal stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import requests
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from app.simulation import Server, Simulator, serve
from app.vendors.jumpcloud.simulator import REST_BASE, SCIM_BASE, JumpCloudSimulator
from app.vendors.jumpcloud.systemuser import values_of as jumpcloud_values
from app.vendors.scim import mapping, profile
from app.vendors.scim.simulator import ScimSimulator

TOKEN = "far-side-token"
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Far(Protocol):
    """What a test may know of a target."""

    kind: str
    url: str
    header: str

    def accounts(self) -> dict[str, dict[str, Any]]:
        """E-mail → neutral values, `id` and `userName` with them."""

    def add(self, email: str, user_name: str, **values: Any) -> str: ...
    def change(self, remote_id: str, **values: Any) -> None: ...
    def remove(self, remote_id: str) -> None: ...
    def calls(self) -> list[tuple[str, str]]: ...
    def forget_calls(self) -> None: ...
    def stop(self) -> None: ...


def is_write(method: str, path: str) -> bool:
    """A search by POST is no write."""
    return method in WRITES and "/search/" not in path


class Scim2Server:
    """scim2-server from PyPI, counted."""

    kind = "scim"
    header = "Authorization"

    def __init__(self) -> None:
        self._inner = BearerTokenApplication(
            InMemoryStorage(), load_default_provider(), bearer_tokens=[TOKEN]
        )
        self._calls: list[tuple[str, str]] = []
        self._server: Server = serve(self._counted)
        self.url = self._server.url + "/v2"
        self._by_hand = requests.Session()
        self._by_hand.headers["Authorization"] = f"Bearer {TOKEN}"
        self._by_hand.headers["X-By-Hand"] = "yes"

    def _counted(self, environ: Any, start_response: Any) -> Any:
        if "HTTP_X_BY_HAND" not in environ:
            self._calls.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return self._inner(environ, start_response)

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        answer = self._by_hand.request(method, self.url + path, json=document, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def accounts(self) -> dict[str, dict[str, Any]]:
        documents = self._ask("GET", "/Users?count=1000")["Resources"]
        return {values["workEmail"]: values for values in map(_scim_values, documents)}

    def raw(self, remote_id: str) -> dict[str, Any]:
        return self._ask("GET", f"/Users/{remote_id}")

    def add(self, email: str, user_name: str, **values: Any) -> str:
        document = _scim_document(email, user_name, values)
        return self._ask("POST", "/Users", document)["id"]

    def change(self, remote_id: str, **values: Any) -> None:
        steps = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": steps}
        self._ask("PATCH", f"/Users/{remote_id}", body)

    def remove(self, remote_id: str) -> None:
        self._ask("DELETE", f"/Users/{remote_id}")

    def calls(self) -> list[tuple[str, str]]:
        return list(self._calls)

    def forget_calls(self) -> None:
        self._calls.clear()

    def stop(self) -> None:
        self._by_hand.close()
        self._server.stop()


def _scim_document(email: str, user_name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name,
        "emails": [{"type": "work", "value": email, "primary": True}],
        "active": True,
        **values,
    }


def _scim_values(document: dict[str, Any]) -> dict[str, Any]:
    found = mapping.values_of(document, profile.load("generic"))
    return {
        "workEmail": document["userName"],
        **found,
        "id": document["id"],
        "userName": document["userName"],
    }


class Simulated:
    """A simulator of ours behind a real server; `faults` are planned on it."""

    def __init__(self, simulator: Simulator, base: str, header: str, kind: str) -> None:
        self.simulator = simulator
        self.kind = kind
        self.header = header
        self._server = serve(simulator)
        self.url = self._server.url + base

    def users(self) -> list[dict[str, Any]]:
        return self.simulator.users()  # type: ignore[attr-defined]

    def calls(self) -> list[tuple[str, str]]:
        return [(call.method, call.path) for call in self.simulator.log]

    def forget_calls(self) -> None:
        self.simulator.log.clear()

    def remove(self, remote_id: str) -> None:
        self.simulator.remove_user(remote_id)  # type: ignore[attr-defined]

    def stop(self) -> None:
        self._server.stop()


class JumpCloud(Simulated):
    """The JumpCloud simulator, by REST v1 or by its SCIM view."""

    MEMBERS = {"title": "jobTitle", "active": "state", "displayName": "displayname"}

    def __init__(self, view: str) -> None:
        simulator = JumpCloudSimulator(key=TOKEN)
        base, kind = (REST_BASE, "jumpcloud") if view == "rest" else (SCIM_BASE, "scim")
        super().__init__(simulator, base, "x-api-key", kind)

    def accounts(self) -> dict[str, dict[str, Any]]:
        return {
            user["email"]: {**jumpcloud_values(user), "id": user["_id"], "userName": user["username"]}
            for user in self.users()
            if user["username"] not in ("sysadmin", "keyowner")
        }

    def add(self, email: str, user_name: str, **values: Any) -> str:
        return self.simulator.add_user({"email": email, "username": user_name, **self._members(values)})[
            "_id"
        ]  # type: ignore[attr-defined]

    def change(self, remote_id: str, **values: Any) -> None:
        self.simulator.change_user(remote_id, self._members(values))  # type: ignore[attr-defined]

    def _members(self, values: Mapping[str, Any]) -> dict[str, Any]:
        members = {self.MEMBERS.get(name, name): value for name, value in values.items()}
        if "state" in members:
            members["state"] = "ACTIVATED" if members["state"] else "SUSPENDED"
        return members


class Scim(Simulated):
    """The generic SCIM simulator, for faults and odd personas; `persona` stays when the fault plan changes."""

    def __init__(self, faults: str = "", persona: str = "") -> None:
        simulator = ScimSimulator(key=TOKEN, faults=faults, persona=persona)
        super().__init__(simulator, "/scim/v2", "Authorization", "scim")

    def accounts(self) -> dict[str, dict[str, Any]]:
        return {values["workEmail"]: values for values in map(_scim_values, self.users())}

    def add(self, email: str, user_name: str, **values: Any) -> str:
        return self.simulator.add_user(_scim_document(email, user_name, values))["id"]  # type: ignore[attr-defined]

    def change(self, remote_id: str, **values: Any) -> None:
        self.simulator.change_user(remote_id, values)  # type: ignore[attr-defined]


FARS = {
    "scim2-server": Scim2Server,
    "jumpcloud-rest": lambda: JumpCloud("rest"),
    "jumpcloud-scim": lambda: JumpCloud("scim"),
}
