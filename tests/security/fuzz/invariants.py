"""What must be true of a directory, whatever was sent to it: seen through the API, and beside it in its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from flask import Flask

from app.access.tenants import Tenant
from tests.harness.wire import Answer
from tests.security.fuzz import rows
from tests.security.fuzz.addresses import BASE
from tests.security.fuzz.checking import complaints
from tests.security.fuzz.hostile import Request
from tests.security.fuzz.senders import Sender

_PAGE = 100
_LONGEST_FILTER = 4096
Documents = dict[str, dict[str, Any]]


def broken(send: Sender, token: str, app: Flask, tenant: Tenant) -> Iterator[str]:
    """Yield what is not as it must be.

    What is listed, what ``totalResults`` says, what the counters say and what the tables hold are the same; every
    resource can be read and found by its name; groups and their members name each other.
    """
    reader = _Reader(send, token)
    counted, present = rows.counted(app, tenant), rows.present(app, tenant)
    found: dict[str, Documents] = {}
    for resource_type in reader.document("/ResourceTypes")["Resources"]:
        endpoint, name = resource_type["endpoint"], resource_type["name"]
        listed, total = reader.listed(endpoint)
        ids = present.get(name, set())
        if not len(listed) == total == counted.get(name, 0) == len(ids) or set(listed) != ids:
            yield (
                f"{name}: {len(listed)} listed, totalResults {total}, counters {counted.get(name, 0)}, {len(ids)} rows"
            )
        found[name] = {each: reader.resource(endpoint, each) for each in listed}
        for document in found[name].values():
            yield from reader.faults(endpoint, document)
    yield from _membership_faults(found.get("User", {}), found.get("Group", {}))
    yield from rows.orphans(app, tenant)
    yield from reader.refused


class _Reader:
    """Reads through the API; ``refused`` are the complaints about its answers."""

    def __init__(self, send: Sender, token: str) -> None:
        self._send = send
        self._headers = (("Authorization", b"Bearer " + token.encode()),)
        self.refused: list[str] = []

    def answer(self, path: str) -> Answer:
        """Return the answer to a GET below the base; what is wrong with it is noted."""
        request = Request("invariant", "GET", f"{BASE}{path}".encode(), self._headers)
        answer = self._send(request)
        said = complaints(request, answer)
        if answer.status != 200:
            said.append(f"status {answer.status}")
        self.refused += [f"GET {path[:200]}: {each}" for each in said]
        return answer

    def document(self, path: str) -> Any:
        """Return the body of the answer to a GET below the base."""
        return json.loads(self.answer(path).body)

    def resource(self, endpoint: str, resource_id: str) -> dict[str, Any]:
        """Return a resource that was listed; one that cannot be read is noted, and has nothing but its id."""
        return {"id": resource_id, **self.document(f"{endpoint}/{resource_id}")}

    def listed(self, endpoint: str) -> tuple[list[str], int]:
        """Return the ids on all pages of an endpoint, and the largest totalResults on the way."""
        ids: list[str] = []
        totals = {0}
        while True:
            page = self.document(f"{endpoint}?startIndex={len(ids) + 1}&count={_PAGE}&attributes=id")
            totals.add(page["totalResults"])
            if not page["Resources"]:
                return ids, max(totals)
            ids += [resource["id"] for resource in page["Resources"]]

    def faults(self, endpoint: str, resource: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with a resource that was read."""
        place = f"{endpoint}/{resource['id']}"
        location = resource.get("meta", {}).get("location", "")
        if not location.endswith(f"{BASE}{place}"):
            yield f"{place} says that it is at {location[:200]!r}"
        name = "userName" if endpoint == "/Users" else "displayName"
        if not self._finds(endpoint, name, resource):
            yield f"{place} is not found by its {name}"

    def _finds(self, endpoint: str, name: str, resource: Mapping[str, Any]) -> bool:
        """True when a filter for its name finds the resource, and nobody else where names are unique."""
        condition = f"{name} eq {json.dumps(resource.get(name), ensure_ascii=False)}"
        if len(condition) > _LONGEST_FILTER:
            return True
        page = self.document(f"{endpoint}?filter={quote(condition)}&count=1000&attributes=id")
        ids = [each["id"] for each in page.get("Resources", ())]
        return resource["id"] in ids and (name != "userName" or len(ids) == 1)


def _membership_faults(users: Documents, groups: Documents) -> Iterator[str]:
    """Yield each membership that only one side knows of (RFC 7643 §4.1.2 ``groups``, §4.2 ``members``)."""
    for group_id, group in groups.items():
        ids = [member.get("value") for member in group.get("members", ())]
        if len(ids) != len(set(ids)):
            yield f"group {group_id} has a member twice"
        if strangers := set(ids) - users.keys() - groups.keys():
            yield f"group {group_id} has members that do not exist: {sorted(map(str, strangers))[:3]}"
    for user_id, user in users.items():
        told = {each["value"] for each in user.get("groups", ()) if each.get("type") == "direct"}
        true = {
            group_id
            for group_id, group in groups.items()
            if any(member.get("value") == user_id for member in group.get("members", ()))
        }
        if told != true:
            yield f"user {user_id} names the groups {sorted(told)[:3]}, and is a member of {sorted(true)[:3]}"
