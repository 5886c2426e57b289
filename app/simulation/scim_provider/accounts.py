"""/Users of a simulated service provider: kept, changed and found as its personas say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.simulation.scim_provider.errors import ScimRefusal, Taken
from app.simulation.scim_provider.limits import check_operations, check_user
from app.simulation.scim_provider.pages import Page
from app.simulation.scim_provider.patching import READ_ONLY, patched
from app.simulation.scim_provider.paths import CASE_EXACT, CORE, PRESENT, Clause, holds
from app.simulation.scim_provider.personas import Persona
from app.simulation.scim_provider.store import Users

Found = tuple[list[dict[str, Any]], int]


class Accounts:
    """The users of one provider and the rules that its personas set for them."""

    def __init__(self, users: Users, persona: Persona) -> None:
        self._users = users
        self._persona = persona

    def shown(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a user as it is answered."""
        roles = {"roles": [{"value": "admin"}]} if document["id"] in self._protected_ids() else {}
        return {**document, **roles}

    def listed(self, clauses: tuple[Clause, ...] | None, page: Page) -> Found:
        """Return the users of the page among those that fulfil the filter, and how many fulfil it."""
        with self._users.lock:
            if clauses is None:
                return self._users.page(page.start - 1, page.count), self._users.total()
            hits = self._found(clauses)
        return hits[page.start - 1 : page.start - 1 + page.count], len(hits)

    def check_filter(self, clauses: tuple[Clause, ...]) -> None:
        """Raise ScimRefusal (400) for a filter by an attribute that cannot be filtered by."""
        allowed = self._persona("filter-on")
        if allowed is None:
            return
        known = allowed.get("names", "userName+externalId").lower().split("+")
        for path in (clause.path for clause in clauses):
            name = f"{path.attribute}.{path.sub}" if path.sub else path.attribute
            if name.lower() not in known:
                raise ScimRefusal(400, f"{name[:100]} cannot be filtered by", "invalidFilter")

    def existing(self, user_id: str) -> dict[str, Any]:
        """Return a user; raises ScimRefusal (404)."""
        document = self._users.get(user_id)
        if document is None:
            raise ScimRefusal(404, f"no user {user_id[:100]}")
        return document

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create and return a user; raises ScimRefusal (400, 409)."""
        with self._users.lock:
            document = {"active": True, **self._kept(body, None)}
            return self._users.add(document, unique=self._unique())

    def replace(self, user_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Replace and return a user; raises ScimRefusal."""
        if self._persona("no-put") is not None:
            raise ScimRefusal(501, "PUT is not implemented")
        with self._users.lock:
            return self._written(self.existing(user_id), body)

    def patch(self, user_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change and return a user; raises ScimRefusal."""
        check_operations(body, self._persona)
        with self._users.lock:
            old = self.existing(user_id)
            return self._written(old, patched(old, body))

    def remove(self, user_id: str) -> bool:
        """Delete a user; False when there is none."""
        return self._users.remove(user_id)

    # --- finding ---

    def _found(self, clauses: tuple[Clause, ...]) -> list[dict[str, Any]]:
        exact = self._case_exact()
        for clause in clauses:
            path = clause.path
            name = f"{path.attribute}.{path.sub}" if path.sub else path.attribute
            if path.urn is None and clause.value is not PRESENT:
                candidates = self._users.candidates(name.lower(), str(clause.value))
                if candidates is not None:
                    return [each for each in candidates if holds(clauses, each, exact)]
        everyone = self._users.page(0, self._users.total())
        return [each for each in everyone if holds(clauses, each, exact)]

    def _case_exact(self) -> frozenset[str]:
        if self._persona("filter-any-case") is not None:
            return CASE_EXACT - {"externalid"}
        is_strict = self._persona("filter-exact-case") is not None
        return CASE_EXACT | {"username", "emails", "value"} if is_strict else CASE_EXACT

    # --- keeping ---

    def _written(self, old: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        if old["id"] in self._protected_ids():
            raise ScimRefusal(403, "an administrator cannot be changed")
        if self._persona("ignore-writes") is not None:
            return old
        kept = self._kept(document, old)
        if self._persona("ignore-active") is not None:
            kept["active"] = old.get("active", True)
        return self._users.put(old["id"], kept, unique=self._unique())

    def _kept(self, document: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
        dropped = READ_ONLY | {"password"}
        kept = {
            key: value
            for key, value in document.items()
            if key.lower() not in dropped and value not in (None, "", [], {})
        }
        if not isinstance(kept.get("userName"), str):
            raise ScimRefusal(400, "userName is required", "invalidValue")
        if not isinstance(kept.get("active", True), bool):
            kept["active"] = str(kept["active"]).lower() == "true"
        if self._persona("no-external-id") is not None:
            kept.pop("externalId", None)
        if self._persona("rewrite-usernames") is not None:
            kept["userName"] = kept["userName"].lower().replace(".", "")
        kept["schemas"] = [CORE, *(key for key in kept if key.startswith("urn:"))]
        check_user(old, kept, self._persona)
        if self._persona("unique-emails") is not None:
            self._check_emails(kept, old["id"] if old else None)
        return kept

    def _check_emails(self, kept: Mapping[str, Any], own_id: str | None) -> None:
        for entry in kept.get("emails", ()):
            holders = self._users.candidates("emails", str(entry.get("value"))) or ()
            if any(holder["id"] != own_id for holder in holders):
                raise Taken("emails.value")

    def _unique(self) -> bool:
        return self._persona("no-uniqueness") is None

    def _protected_ids(self) -> frozenset[str]:
        asked = self._persona("protected-accounts")
        count = 0 if asked is None else int(asked.get("count", 1))
        return frozenset(each["id"] for each in self._users.page(0, count)) if count else frozenset()
