"""Groups of a SCIM service provider (RFC 7643 §4.2): names, members, and membership changes in chunks."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.outbound import OutboundError, OutboundSession, Response
from app.provisioning import errors
from app.provisioning.adapter import GroupAccount, Request
from app.vendors.scim.answers import NOT_IMPLEMENTED, asked, error_from
from app.vendors.scim.listing import answered, documents
from app.vendors.scim.places import Document, member
from app.vendors.scim.profile import Profile
from scim.client import equals, patch_body, resource_body
from scim.keys import comparison_key

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATH = "/Groups"


class GroupMethods:
    """What makes the SCIM target a `GroupAdapter`; the class that has it gives `profile`."""

    profile: Profile

    @property
    def takes_groups(self) -> bool:
        """Whether the profile says that there are groups."""
        return self.profile.takes_groups

    # --- requests that only read ---

    def find_groups(self, http: OutboundSession, name: str) -> list[GroupAccount]:
        """The groups of this name, by filter where there is one, else by reading the list."""
        key = comparison_key(name)
        found = {group.remote_id: group for group in self._groups_like(http, name)}
        return [group for group in found.values() if comparison_key(group.name) == key]

    def fetch_group(self, http: OutboundSession, remote_id: str) -> GroupAccount | None:
        """The group with its members, None on 404 and 410."""
        try:
            document = asked(
                http, lambda: answered(http, "GET", _address(remote_id), headers=self.profile.headers)
            )
        except errors.Vanished:
            return None
        return self.group_from(document)

    # --- requests that write ---

    def create_group_request(self, name: str, member_ids: Collection[str] = ()) -> Request:
        """A POST with the members that fit into one request."""
        members = [{"value": each} for each in self.first_members(member_ids)]
        document: Document = {"schemas": [GROUP], "displayName": name}
        if members:
            document["members"] = members
        return self._group_request("POST", _PATH, resource_body(document))

    def first_members(self, member_ids: Collection[str]) -> tuple[str, ...]:
        """The first chunk, in the order of the ids."""
        ordered = sorted(set(member_ids))
        return tuple(ordered[: self.profile.member_chunk] if self.profile.member_chunk else ordered)

    def member_requests(self, remote_id: str, add: Collection[str], remove: Collection[str]) -> list[Request]:
        """PATCHes of at most `member_chunk` changes each, in the order of the ids; never `replace`."""
        add_ids, remove_ids = sorted(set(add) - set(remove)), sorted(set(remove))
        bodies = [
            *(patch_body(self._removal(ids)) for ids in _chunks(remove_ids, self._removals)),
            *(patch_body([_with_values("add", ids)]) for ids in _chunks(add_ids, self.profile.member_chunk)),
        ]
        return [self._group_request("PATCH", _address(remote_id), body) for body in bodies]

    # --- answers ---

    def group_from(self, document: Mapping[str, Any]) -> GroupAccount:
        """The group in a Group resource."""
        remote_id = member(document, "id") if isinstance(document, Mapping) else None
        if not isinstance(remote_id, str) or remote_id in ("", ".", ".."):
            raise errors.Unintelligible("no_group", "The answer holds no group with a usable id.")
        name = member(document, "displayName")
        entries = member(document, "members")
        ids = (
            (member(e, "value") for e in entries if isinstance(e, dict)) if isinstance(entries, list) else ()
        )
        members = frozenset(each for each in ids if isinstance(each, str) and each)
        return GroupAccount(
            remote_id, name if isinstance(name, str) else "", members, self.profile.shows_members
        )

    def group_in(self, response: Response) -> GroupAccount | None:
        """The group in the answer to a create or change; None when it has no body, or an empty object."""
        if not response.ok:
            raise error_from(response)
        if not response.body.strip():
            return None
        try:
            document = response.json()
        except OutboundError as error:
            raise errors.from_outbound(error) from error
        return self.group_from(document) if document != {} else None

    # --- within ---

    @property
    def _removals(self) -> int:
        """How many members one request takes out; by path, each is an operation of its own. 0 for no limit."""
        by_path = self.profile.member_removal == "path"
        limits = (self.profile.member_chunk, self.profile.operations if by_path else 0)
        return min((limit for limit in limits if limit), default=0)

    def _removal(self, ids: list[str]) -> list[Document]:
        """One operation for each member, or one with all of them as its value (RFC 7644 §3.5.2.2 knows the first)."""
        if self.profile.member_removal == "value":
            return [_with_values("remove", ids)]
        return [{"op": "remove", "path": f"members[value eq {json.dumps(each)}]"} for each in ids]

    def _groups_like(self, http: OutboundSession, name: str) -> Iterator[GroupAccount]:
        if self.profile.group_filter:
            try:
                yield from list(self._listed_groups(http, equals("displayName", name)))
                return
            except errors.TargetError as error:
                if error.status not in (400, NOT_IMPLEMENTED):
                    raise
        yield from self._listed_groups(http, None)

    def _listed_groups(self, http: OutboundSession, condition: str | None) -> Iterator[GroupAccount]:
        listed = documents(http, _PATH, self.profile, page_size=self.profile.page_size, condition=condition)
        while (document := asked(http, lambda: next(listed, None))) is not None:
            yield self.group_from(document)

    def _group_request(self, method: str, path: str, body: bytes) -> Request:
        return Request(method, path, body=body, headers=write_headers(self.profile))


def write_headers(profile: Profile) -> tuple[tuple[str, str], ...]:
    """The headers of a request with a body."""
    return (
        ("Content-Type", profile.content_type),
        ("Accept", "application/scim+json, application/json"),
        *profile.headers.items(),
    )


def _with_values(op: str, ids: list[str]) -> Document:
    return {"op": op, "path": "members", "value": [{"value": each} for each in ids]}


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    """The items in lists of at most `size`, all in one for 0; none for no items."""
    step = size or len(items) or 1
    return (items[start : start + step] for start in range(0, len(items), step))


def _address(remote_id: str) -> str:
    return f"{_PATH}/{quote(remote_id, safe='')}"
