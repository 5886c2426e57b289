"""Where a simulated SCIM service provider keeps its users, and its groups.

Documents with indexes on userName, e-mail and externalId.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, Protocol

from app.simulation.scim_provider.errors import Taken


class Users(Protocol):
    """What the provider needs of a store. Documents carry ``id`` and ``meta`` without ``location``."""

    lock: threading.RLock

    def get(self, user_id: str) -> dict[str, Any] | None:
        """Return a user's document, or None."""

    def add(self, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Create and return a user; raises ScimRefusal, Taken when ``unique``."""

    def put(self, user_id: str, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Replace and return a user; raises ScimRefusal, Taken when ``unique``, KeyError."""

    def remove(self, user_id: str) -> bool:
        """Delete a user; False when there is none."""

    def page(self, start: int, count: int) -> list[dict[str, Any]]:
        """Return ``count`` users from the 0-based position ``start``, in a stable order."""

    def total(self) -> int:
        """Return how many users there are."""

    def candidates(self, attribute: str, value: str) -> list[dict[str, Any]] | None:
        """Return the users that may have ``value`` in ``attribute`` (lower case), or None when that is not indexed."""


INDEXED: dict[str, str] = {
    "username": "userName",
    "externalid": "externalId",
    "emails": "emails",
    "emails.value": "emails",
    "id": "id",
}


def keys_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the (attribute, lower-case value) pairs under which a document is found."""
    for name in ("userName", "externalId", "id"):
        if document.get(name):
            yield name, str(document[name]).lower()
    for entry in document.get("emails", ()):
        if isinstance(entry, dict) and entry.get("value"):
            yield "emails", str(entry["value"]).lower()


class DocumentStore:
    """Users, or resources of another ``kind``, as SCIM documents; every method is atomic."""

    def __init__(self, seed: int = 0, kind: str = "User") -> None:
        self._kind = kind
        self.lock = threading.RLock()
        self._documents: dict[str, dict[str, Any]] = {}
        self._index: dict[tuple[str, str], dict[str, None]] = {}
        self._chance = Random(f"ids/{seed}" if kind == "User" else f"ids/{kind}/{seed}")

    def get(self, user_id: str) -> dict[str, Any] | None:
        """Return a user's document, or None; callers copy before they change it."""
        with self.lock:
            return self._documents.get(user_id)

    def add(self, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Create and return a user; raises Taken when ``unique`` and the userName is in use."""
        with self.lock:
            if unique:
                self._refuse_taken(document, None)
            user_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
            now = _now()
            kept = {
                **document,
                "id": user_id,
                "meta": {"resourceType": self._kind, "created": now, "lastModified": now},
            }
            self._keep(kept)
            return kept

    def put(self, user_id: str, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Replace and return a user; raises Taken when ``unique`` and another user has the userName, KeyError."""
        with self.lock:
            old = self._documents[user_id]
            if unique:
                self._refuse_taken(document, user_id)
            kept = {**document, "id": user_id, "meta": {**old["meta"], "lastModified": _now()}}
            self._forget(old)
            self._keep(kept)
            return kept

    def remove(self, user_id: str) -> bool:
        """Delete a user; False when there is none."""
        with self.lock:
            old = self._documents.pop(user_id, None)
            if old is not None:
                self._forget(old)
            return old is not None

    def page(self, start: int, count: int) -> list[dict[str, Any]]:
        """Return ``count`` users from the 0-based position ``start``, oldest first."""
        with self.lock:
            return list(islice(self._documents.values(), start, start + count))

    def total(self) -> int:
        """Return how many users there are."""
        return len(self._documents)

    def candidates(self, attribute: str, value: str) -> list[dict[str, Any]] | None:
        """Return the users that may have ``value`` in ``attribute``, or None when the attribute has no index."""
        name = INDEXED.get(attribute)
        if name is None:
            return None
        with self.lock:
            return [self._documents[user_id] for user_id in self._index.get((name, value.lower()), ())]

    def _refuse_taken(self, document: Mapping[str, Any], own_id: str | None) -> None:
        holders: Iterable[str] = self._index.get(("userName", str(document.get("userName", "")).lower()), ())
        if any(holder != own_id for holder in holders):
            raise Taken("userName")

    def _keep(self, document: dict[str, Any]) -> None:
        self._documents[document["id"]] = document
        for key in keys_of(document):
            self._index.setdefault(key, {})[document["id"]] = None

    def _forget(self, document: dict[str, Any]) -> None:
        for key in keys_of(document):
            holders = self._index.get(key, {})
            holders.pop(document["id"], None)
            if not holders:
                self._index.pop(key, None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
