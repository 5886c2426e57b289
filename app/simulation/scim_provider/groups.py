"""/Groups of a simulated service provider (RFC 7643 §4.2): made, read, listed, and their members changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.simulation.scim_provider.errors import ScimRefusal, Taken
from app.simulation.scim_provider.limits import check_operations
from app.simulation.scim_provider.pages import Page
from app.simulation.scim_provider.patching import patched
from app.simulation.scim_provider.paths import GROUP, Clause, holds, key_of
from app.simulation.scim_provider.personas import Persona
from app.simulation.scim_provider.store import DocumentStore, Users


class Groups:
    """The groups of one provider and the rules that its personas set for them."""

    def __init__(self, users: Users, persona: Persona, seed: int = 0) -> None:
        self.store = DocumentStore(seed, kind="Group")
        self._users = users
        self._persona = persona

    def shown(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a group as it is answered."""
        if self._persona("hide-members") is None:
            return dict(document)
        return {key: value for key, value in document.items() if key != "members"}

    def listed(self, clauses: tuple[Clause, ...] | None, page: Page) -> tuple[list[dict[str, Any]], int]:
        """Return the groups of the page among those that fulfil the filter, and how many fulfil it."""
        hits = [each for each in self.everyone() if clauses is None or holds(clauses, each)]
        return hits[page.start - 1 : page.start - 1 + page.count], len(hits)

    def check_filter(self, clauses: tuple[Clause, ...]) -> None:
        """Do nothing: groups can be filtered by whatever they have."""

    def everyone(self) -> list[dict[str, Any]]:
        """Return all groups with their members, oldest first."""
        return self.store.page(0, self.store.total())

    def existing(self, group_id: str) -> dict[str, Any]:
        """Return a group; raises ScimRefusal (404)."""
        document = self.store.get(group_id)
        if document is None:
            raise ScimRefusal(404, f"no group {group_id[:100]}")
        return document

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create and return a group; raises ScimRefusal (400, 409)."""
        with self.store.lock:
            kept = self._kept(body, None)
            self._check_members(_ids(kept), len(_ids(kept)))
            return self.store.add(kept, unique=False)

    def replace(self, group_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Replace and return a group; raises ScimRefusal (400, 404, 409)."""
        with self.store.lock:
            self.existing(group_id)
            if self._persona("no-member-replace") is not None and "members" in body:
                raise ScimRefusal(400, "all members cannot be replaced", "invalidValue")
            kept = self._kept(body, group_id)
            self._check_members(_ids(kept), len(_ids(kept)))
            return self.store.put(group_id, kept, unique=False)

    def patch(self, group_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change and return a group; raises ScimRefusal (400, 404, 409)."""
        check_operations(body, self._of_operations)
        with self.store.lock:
            old = self.existing(group_id)
            steps = body.get(key_of(body, "Operations")) or []
            new = self._kept(patched(old, {"Operations": self._spelt_out(steps)}), group_id)
            self._check_members(set(_ids(new)) - set(_ids(old)), _changes(steps))
            return self.store.put(group_id, new, unique=False)

    def remove(self, group_id: str) -> bool:
        """Delete a group; False when there is none."""
        return self.store.remove(group_id)

    def _spelt_out(self, steps: Iterable[Any]) -> list[Any]:
        """The operations as RFC 7644 means them: a removal by value becomes one for each member."""
        found: list[Any] = []
        for step in steps:
            is_members = isinstance(step, dict) and str(step.get("path", "")).lower() == "members"
            op = str(step.get("op", "")).lower() if is_members else ""
            named = _values(step.get("value")) if op == "remove" else []
            if named and self._persona("remove-by-value") is not None:
                found += [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in named]
                continue
            if op in ("remove", "replace") and self._persona("no-member-replace") is not None:
                raise ScimRefusal(400, "all members cannot be replaced or removed", "invalidValue")
            found.append(step)
        return found

    def _of_operations(self, name: str) -> Mapping[str, str] | None:
        """The persona, but taking a member out is no clearing."""
        return None if name == "clear-with" else self._persona(name)

    def _kept(self, document: Mapping[str, Any], own_id: str | None) -> dict[str, Any]:
        name = document.get("displayName")
        if not isinstance(name, str) or not name:
            raise ScimRefusal(400, "displayName is required", "invalidValue")
        if self._persona("unique-groups") is not None:
            same = (g for g in self.everyone() if g["displayName"].lower() == name.lower())
            if any(each["id"] != own_id for each in same):
                raise Taken("displayName")
        entries = [each for each in document.get("members") or () if _values(each)]
        members = list({entry["value"]: entry for entry in entries}.values())
        kept = {"schemas": [GROUP], "displayName": name, "externalId": document.get("externalId")}
        return {key: value for key, value in {**kept, "members": members}.items() if value}

    def _check_members(self, new_ids: Iterable[str], changes: int) -> None:
        limit = self._persona("member-limit")
        if limit is not None and changes > int(limit.get("size", 100)):
            raise ScimRefusal(400, f"{changes} members are too many for one request", "tooMany")
        if self._persona("known-members") is not None:
            for each in new_ids:
                if self._users.get(each) is None:
                    raise ScimRefusal(400, f"the member {each[:100]} is no user", "invalidValue")


def _ids(document: Mapping[str, Any]) -> list[str]:
    return _values(document.get("members"))


def _values(entries: Any) -> list[str]:
    listed = entries if isinstance(entries, list) else [entries]
    found = (entry.get("value") for entry in listed if isinstance(entry, dict))
    return [value for value in found if isinstance(value, str)]


def _changes(steps: Iterable[Any]) -> int:
    """How many members the operations name: by path one each."""
    return sum(len(_values(step.get("value"))) or 1 for step in steps if isinstance(step, dict))
