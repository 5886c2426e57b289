"""An identity provider that goes on writing over SCIM while the server is killed under it, and never loses count.

An answer that does not come leaves open whether the write was made, so it is repeated until there is one: a POST that
meets its own earlier self is answered 409, and the person is there under the same externalId (RFC 7644 §3.3).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import requests

from scim.resources import ENTERPRISE, USER
from tests.harness.checker import Truth

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#: What says "not now": the server is down, on its way, or its database is.
AGAIN = frozenset({429, 503})
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Member:
    """A person of the identity provider."""

    number: int
    active: bool = True
    title: str = "Analyst"

    @property
    def email(self) -> str:
        """The work e-mail, which is the user name too."""
        return f"member{self.number}@example.com"

    def truth(self) -> Truth:
        """Return what must be true of this person everywhere."""
        return Truth(self.email, self.active, {"title": self.title})


class ScimClient:
    """Writes members act by act, each act in a thread of its own; ``faults`` are answers that may not be."""

    def __init__(self, base: str, token: str, members: int, chance: Random, *, rest: float) -> None:
        self.members = [Member(number) for number in range(members)]
        self.faults: list[str] = []
        self.repeats = self.answers = 0
        self._base, self._rest, self._chance = base, rest, chance
        self._ids: dict[int, str] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._thread: threading.Thread | None = None
        self._given_up = threading.Event()

    @property
    def acts(self) -> Sequence[Callable[[], None]]:
        """Everybody joins; some leave, some change; half of the leavers come back."""
        return (self._join, self._leave, self._return)

    def begin(self, act: Callable[[], None]) -> None:
        """Begin an act in a thread."""
        self._thread = threading.Thread(target=self._guarded, args=(act,), daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether the act that was begun last is over."""
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """Stop in the middle, if need be."""
        self._given_up.set()
        if self._thread is not None:
            self._thread.join(30)
        self._session.close()

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            self.faults.append(f"the client broke: {type(error).__name__}: {error}")

    # --- acts ---

    def _join(self) -> None:
        for member in self.members:
            self._post(member)

    def _leave(self) -> None:
        for number in self._some(5):
            self._patch(number, active=False)
        for number in self._some(4):
            self._patch(number, title="Senior Analyst")

    def _return(self) -> None:
        leavers = [member.number for member in self.members if not member.active]
        for number in leavers[::2]:
            self._patch(number, active=True)

    def _some(self, share: int) -> list[int]:
        return self._chance.sample(range(len(self.members)), max(1, len(self.members) // share))

    # --- writes ---

    def _post(self, member: Member) -> None:
        document = {
            "schemas": [USER, ENTERPRISE],
            "userName": member.email,
            "externalId": f"idp-{member.number}",
            "name": {"givenName": "Member", "familyName": f"Number{member.number}"},
            "title": member.title,
            "active": True,
            "emails": [{"type": "work", "value": member.email, "primary": True}],
        }
        answer = self._answered("POST", "/Users", document, (201, 409))
        if answer is None:
            return
        found = answer.json() if answer.status_code == 201 else self._found(member)
        if found is not None:
            self._ids[member.number] = found["id"]

    def _found(self, member: Member) -> dict[str, Any] | None:
        """The person whom an earlier POST, whose answer was lost, has made."""
        query = f'/Users?filter=externalId eq "idp-{member.number}"'
        answer = self._answered("GET", query, None, (200,))
        resources = [] if answer is None else answer.json().get("Resources", [])
        if len(resources) != 1:
            self.faults.append(f"{member.email}: 409, and {len(resources)} people have its externalId")
            return None
        return dict(resources[0])

    def _patch(self, number: int, **values: Any) -> None:
        operations = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
        document = {"schemas": [PATCH_OP], "Operations": operations}
        if self._answered("PATCH", f"/Users/{self._ids[number]}", document, (200, 204)) is not None:
            self.members[number] = replace(self.members[number], **values)

    def _answered(
        self, method: str, path: str, document: Any, expected: tuple[int, ...]
    ) -> requests.Response | None:
        """Return the answer, however often it has to be asked for; None, and a fault, when it may not be one."""
        while not self._given_up.is_set():
            time.sleep(self._rest)
            try:
                answer = self._session.request(
                    method, self._base + path, json=document, timeout=20,
                    headers={"Content-Type": "application/scim+json"},
                )  # fmt: skip
            except requests.RequestException:
                self.repeats += 1
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code not in AGAIN:
                break
            self.repeats += 1
            time.sleep(PAUSE_SECONDS)
        else:
            return None
        self.answers += 1
        if answer.status_code in expected:
            return answer
        self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return None
