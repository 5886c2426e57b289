"""What identity providers send, as data: scripts of steps, and the one runner that plays them.

A script is the life of one client from its connection test to the removal of what it made. ``{name}`` in a path, a
body or an expectation stands for what an earlier answer gave (``keeps``). A step is ``unverified`` where no public
source shows the request: it is then what the vendor's documents suggest, and may differ from the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, select

from app import directory
from app.access.tenants import Tenant
from app.database import reading
from app.directory.documents import loaded
from app.directory.members import members_of
from app.directory.tables import ResourceRow
from tests.web.scim.conftest import ScimCaller

PATCH_OP: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
#: What real clients leave as it is in a query; blanks, quotes and ``+`` are percent-encoded.
_UNQUOTED = "/?&=:,[]$.()"
_resource = ResourceRow.__table__


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: In an expectation: whatever it is, and not there at all.
ANYTHING: Final = _Mark("ANYTHING")
ABSENT: Final = _Mark("ABSENT")

#: An answer that lists nobody, as look-ups and keep-alive look-ups of unknown names must be answered.
NOBODY: Final[Mapping[str, Any]] = {"schemas": [LIST], "totalResults": 0, "Resources": []}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a client, what must be answered, and what must then be true."""

    does: str
    method: str
    path: str
    body: Any = None
    status: int = 200
    #: Parts of the answer; what is not named may be anything.
    answer: Any = ANYTHING
    #: Placeholder → where in the answer it is found, such as ``Resources.0.id``.
    keeps: Mapping[str, str] = field(default_factory=dict)
    #: userName → parts of the stored document, ABSENT for nobody.
    people: Mapping[str, Any] = field(default_factory=dict)
    #: displayName → the userNames of its members, ABSENT for no such group.
    groups: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The life of one client: its name, the headers of its every request, its steps."""

    client: str
    steps: Sequence[Step]
    headers: Mapping[str, str] = field(default_factory=dict)


def patch(*operations: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a PATCH with these operations."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


class Play:
    """Plays scripts through a caller and looks into the directory of its tenant after each step."""

    def __init__(self, scim: ScimCaller, tenant: Tenant) -> None:
        self._scim = scim
        self._tenant = tenant
        self._names: dict[str, str] = {}

    def run(self, script: Script) -> None:
        """Play every step; raises ``AssertionError`` that names the step, and what was answered instead."""
        for number, step in enumerate(script.steps, 1):
            self.perform(step, script.headers, f"{script.client}, step {number}: {step.does}")

    def perform(self, step: Step, headers: Mapping[str, str], title: str) -> None:
        """Send one request and check everything that its step says."""
        sent = {name.replace("-", "_"): value for name, value in {**headers, **step.headers}.items()}
        path = quote(self._filled(step.path), safe=_UNQUOTED)
        answer = self._scim(step.method, path, self._filled(step.body), **sent)
        assert answer.status_code == step.status, f"{title}: {answer.status_code} {answer.text}"
        document = answer.json if answer.data else None
        wrong = list(unlike(document, self._filled(step.answer)))
        assert not wrong, f"{title}: {wrong} in {answer.text}"
        self._names |= {name: str(_at(document, place)) for name, place in step.keeps.items()}
        with reading() as connection:
            wrong = [*self._wrong_people(connection, step), *self._wrong_groups(connection, step)]
        assert not wrong, f"{title}: {wrong}"

    def _filled(self, value: Any) -> Any:
        """Return a value with every placeholder in its texts replaced."""
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda found: self._names[found[1]], value)
        if isinstance(value, Mapping):
            return {self._filled(name): self._filled(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._filled(each) for each in value]
        return value

    def _wrong_people(self, connection: Connection, step: Step) -> Iterator[str]:
        for user_name, expected in self._filled(step.people).items():
            ids = directory.ids_by_user_name(connection, self._tenant.id, user_name)
            person = directory.get(connection, self._tenant.id, ids[0]) if ids else None
            yield from unlike(ABSENT if person is None else person.document, expected, user_name)

    def _wrong_groups(self, connection: Connection, step: Step) -> Iterator[str]:
        if not step.groups:
            return
        members = self._groups(connection)
        for name, expected in self._filled(step.groups).items():
            wanted = sorted(expected) if isinstance(expected, list) else expected
            yield from unlike(members.get(name, ABSENT), wanted, name)

    def _groups(self, connection: Connection) -> dict[str, list[str]]:
        """Return displayName → the userNames of its members, in their order."""
        of_tenant = (_resource.c.tenant_id == self._tenant.id, _resource.c.type == "Group")
        found = {}
        for group_id, wire in connection.execute(select(_resource.c.id, _resource.c.wire).where(*of_tenant)):
            ids = [each.id for each in members_of(connection, self._tenant.id, group_id)]
            people = directory.get_many(connection, self._tenant.id, ids).values()
            found[loaded(wire)["displayName"]] = sorted(each.document["userName"] for each in people)
        return found


def unlike(actual: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Yield where a value is not what was expected; objects may have more members than the expected one."""
    if expected is ANYTHING and actual is not ABSENT:
        return
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, each in expected.items():
            yield from unlike(actual.get(name, ABSENT), each, f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
            yield from unlike(one, other, f"{place}[{number}]")
    elif actual != expected:
        yield f"{place or 'the answer'} is {actual!r} and not {expected!r}"


def _at(document: Any, place: str) -> Any:
    for key in place.split("."):
        document = document[int(key) if key.isdigit() else key]
    return document
