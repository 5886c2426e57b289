"""What scim2-server leaves to its storage: who is in which group (RFC 7643 §4.1.2 and §4.2, scim.md §1).

It keeps ``members`` as they were sent. Here the storage refuses members that do not exist and lets go of deleted ones,
and the service shows ``groups`` of people and ``type``, ``$ref`` and ``display`` of members, worked out from scratch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from scim2_models import InvalidValueException, ResourceType, ScimProvider, SearchRequest
from scim2_server.memory import InMemoryStorage, _sort_key
from scim2_server.service import ScimService
from scim2_server.storage import SearchPage


class RelatedStorage(InMemoryStorage):
    """Keeps references between resources sound; gives ids in order of creation, which is the order of lists then."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def generate_id(self, resource_type: ResourceType, resource: Any) -> str:
        """Return the next number."""
        return f"peer-{next(self._numbers):09}"

    def create(self, resource_type: ResourceType, resource: Any) -> Any:
        """Store a new resource; raises InvalidValueException when one of its members does not exist."""
        self._check_members(resource)
        return super().create(resource_type, resource)

    def update(
        self, resource_type: ResourceType, resource: Any, *, expected_version: str | None = None
    ) -> Any:
        """Replace a resource; raises as :meth:`create`."""
        self._check_members(resource)
        return super().update(resource_type, resource, expected_version=expected_version)

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource, also from the members of groups."""
        super().delete(resource_type, resource_id, expected_version=expected_version)
        for group in self._groups():
            kept = [member for member in group.members or () if member.value != resource_id]
            if len(kept) != len(group.members or ()):
                group.members = kept or None
                group.meta.version, group.meta.last_modified = self.next_version(), self.clock()

    def search(
        self, resource_types: list[ResourceType], search_request: Any, *, position: Any = None
    ) -> SearchPage:
        """Return a page, in Rollcall's order where RFC 7644 §3.4.2.3 leaves it open, so that this is no difference.

        What nobody sorted comes type by type in order of creation; what sorts alike in order of creation, descending
        too, where theirs turns it round.
        """
        whole = {"sort_order": SearchRequest.SortOrder.ascending, "count": None, "start_index": 1}
        found = super().search(resource_types, search_request.model_copy(update=whole)).resources
        if not search_request.sort_by:
            names = [resource_type.name for resource_type in resource_types]
            found.sort(key=lambda resource: names.index(resource.meta.resource_type))
        elif search_request.sort_order == SearchRequest.SortOrder.descending:
            found.sort(key=lambda resource: _sort_key(search_request, resource)[:2], reverse=True)
        start = search_request.start_index_0 or 0
        return SearchPage(len(found), found[start : start + search_request.count])

    def related(self, resource: Any) -> Any:
        """Return a copy of a resource with what follows from the others."""
        shown = resource.model_copy(deep=True)
        for member in getattr(shown, "members", None) or ():
            other = self._with_id(member.value)
            member.type = other.meta.resource_type
            member.ref = f"{other.meta.resource_type}s/{other.id}"
            member.display = other.display_name or getattr(other, "user_name", None)
        if hasattr(shown, "groups"):
            entry = type(shown).get_field_root_type("groups")
            shown.groups = [entry(**values) for values in self._belongings(shown.id)] or None
        return shown

    def _belongings(self, member_id: str) -> Iterator[dict[str, Any]]:
        """Yield the groups that somebody is in, the direct ones first; a circle of groups is walked once."""
        reached, seen, kind = {member_id}, set[str](), "direct"
        while reached:
            above = [group for group in self._groups() if group.id not in seen and _has(group, reached)]
            for group in above:
                yield {
                    "value": group.id,
                    "ref": f"Groups/{group.id}",
                    "display": group.display_name,
                    "type": kind,
                }
            reached, kind = {group.id for group in above}, "indirect"
            seen |= reached

    def _candidates(self, names: Any, scim_filter: Any) -> list[Any]:
        return [
            self.related(resource) for name in names for resource in self._resources.get(name, {}).values()
        ]

    def _groups(self) -> list[Any]:
        return list(self._resources.get("Group", {}).values())

    def _with_id(self, resource_id: str) -> Any:
        return next((found for found in self.resources if found.id == resource_id), None)

    def _check_members(self, resource: Any) -> None:
        for member in getattr(resource, "members", None) or ():
            if self._with_id(member.value) is None and member.value != resource.id:
                raise InvalidValueException(detail=f"There is no member {member.value}")


def _has(group: Any, ids: set[str]) -> bool:
    return any(member.value in ids for member in group.members or ())


class RelatedService(ScimService):
    """Shows resources as :meth:`RelatedStorage.related` completes them."""

    def __init__(self, provider: ScimProvider, storage: RelatedStorage) -> None:
        super().__init__(provider)
        self._storage = storage

    def publish(self, base_url: str, resource: Any) -> Any:
        """Return a stored resource as clients see it."""
        return super().publish(base_url, self._storage.related(resource))
