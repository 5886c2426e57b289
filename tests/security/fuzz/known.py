"""What the answers so far have taught: ids, versions and cursors that later requests use."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.security.fuzz.hostile import Request

STRANGER = "00000000-0000-4000-8000-000000000000"
_MOST = 300  # resources of a type: beyond, old ones are deleted, so that requests stay quick


class Known:
    """The resources that this run has made, by endpoint, and their versions; the cursors it was given."""

    def __init__(self, prefix: str) -> None:
        self.ids: dict[str, list[str]] = {"/Users": [], "/Groups": []}
        self.versions: dict[str, str] = {}
        self.cursors: list[str] = []
        self._prefix = prefix
        self._number = 0

    def fresh(self, word: str) -> str:
        """Return a name that no request has used."""
        self._number += 1
        return f"{word}-{self._prefix}-{self._number}@example.com"

    def any_id(self, chance: Random, endpoint: str | None = None) -> str:
        """Return the id of something that is probably there, or of a stranger."""
        ids = self.ids[endpoint or chance.choice(("/Users", "/Users", "/Groups"))]
        return chance.choice(ids) if ids and chance.random() < 0.9 else STRANGER

    def is_full(self, endpoint: str) -> bool:
        """True when there are enough resources of this type."""
        return len(self.ids[endpoint]) > _MOST

    def oldest(self, endpoint: str) -> str:
        """Return the id of the resource that was made first."""
        return self.ids[endpoint][0]

    def learn(self, request: Request, status: int, document: Any) -> None:
        """Take note of an answer's body."""
        if request.method == "DELETE" and status in (204, 404):
            self._forget(request.target.decode("latin-1").rpartition("/")[2])
        if not isinstance(document, Mapping):
            return
        for resource in (document, *(document.get("Resources") or ())):
            self._note(resource)
        for operation in document.get("Operations") or ():
            self._note_operation(operation)
        for name in ("nextCursor", "previousCursor"):
            if isinstance(document.get(name), str):
                self.cursors = [*self.cursors[-20:], document[name]]

    def _note(self, resource: Any) -> None:
        meta = resource.get("meta") if isinstance(resource, Mapping) else None
        if not isinstance(meta, Mapping) or "id" not in resource or "location" not in meta:
            return
        self._add(f"/{str(meta['location']).rsplit('/', 2)[-2]}", str(resource["id"]))
        self.versions[str(resource["id"])] = str(meta.get("version"))

    def _note_operation(self, operation: Mapping[str, Any]) -> None:
        *_, endpoint, resource_id = ["", "", *str(operation.get("location", "")).split("/")]
        if operation.get("method") == "POST":
            self._add(f"/{endpoint}", resource_id)
        elif operation.get("method") == "DELETE" and operation.get("status") == "204":
            self._forget(resource_id)

    def _add(self, endpoint: str, resource_id: str) -> None:
        ids = self.ids.get(endpoint)
        if ids is not None and resource_id not in self.versions:
            ids.append(resource_id)
            self.versions[resource_id] = ""

    def _forget(self, resource_id: str) -> None:
        if self.versions.pop(resource_id, None) is None:
            return
        for ids in self.ids.values():
            if resource_id in ids:
                ids.remove(resource_id)
