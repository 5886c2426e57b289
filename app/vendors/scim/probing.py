"""Asking a SCIM service provider what it really does (rule 20), with requests that only read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.outbound import OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import Capabilities
from app.provisioning.probing import Report, nobody
from app.vendors.scim.answers import NOT_IMPLEMENTED, asked
from app.vendors.scim.listing import answered, resources_of
from app.vendors.scim.places import Document, member
from app.vendors.scim.profile import Profile
from scim.client import equals

#: Attributes that people are looked up by.
FILTERS = ("externalId", "emails.value", "userName")
_REFUSALS = (400, 403, 404, 405, NOT_IMPLEMENTED)
_TOO_FEW = "There are too few accounts to tell how it pages."
Observed = dict[str, Any]


class Questions:
    """The questions about one service provider; what was seen stands in `observed`, in words in `report`."""

    def __init__(self, http: OutboundSession, profile: Profile, capabilities: Capabilities) -> None:
        self.http = http
        self.profile = profile
        self.report = Report(capabilities=capabilities)
        self.observed: Observed = {}
        self._first: Document | None = None

    def ask_all(self) -> None:
        """Ask everything. Raises `TargetError` when nobody can be listed or looked up at all."""
        self._discovery()
        self._list()
        for name in FILTERS:
            with self.report.asking(f"filter {name}"):
                self._filter(name)
        self._conclude_filters()
        with self.report.asking("attributes"):
            self._attributes()
        with self.report.asking("groups"):
            self._groups()
        self._version()

    def _get(self, path: str, **query: str) -> Document:
        return asked(
            self.http, lambda: answered(self.http, "GET", path, headers=self.profile.headers, query=query)
        )

    # --- discovery ---

    def _discovery(self) -> None:
        notes = self.report.capabilities.notes
        if notes:
            self.report.add("discovery", "note", f"It does not describe itself: {'; '.join(notes)}.")
            return
        says = self.report.capabilities
        way = "PATCH" if says.patch else "only PUT"
        self.report.add("discovery", "ok", f"It says: {way}, at most {says.page_size} a page.")

    def _attributes(self) -> None:
        known = {
            member(each, "name")
            for schema in resources_of(self._get("/Schemas"))
            for each in member(schema, "attributes") or ()
            if isinstance(each, dict)
        }
        wanted = {
            place.container or place.name for places in self.profile.places.values() for place in places
        }
        missing = sorted(name for name in wanted if not name.startswith("urn:") and name not in known)
        if missing:
            self.report.add("attributes", "warning", f"Its schemas do not know {', '.join(missing)}.")
        else:
            self.report.add("attributes", "ok", "Its schemas know every attribute that is sent.")

    # --- lists ---

    def _list(self) -> None:
        """Raises `TargetError` when the list is refused for another reason than that it lacks a filter."""
        try:
            page = self._get("/Users", startIndex="1", count="1")
        except errors.Unauthorised:
            raise
        except errors.Vanished as error:
            raise errors.Unintelligible(
                "wrong_url",
                "There is no /Users at this address: check the target's URL.",
                status=error.status,
            ) from error
        except errors.Refused as error:
            if error.status != 400:
                raise
            self.observed["lists_all"] = False
            self.report.add("list", "note", f"It lists nobody without a filter: {error.message}")
            return
        self.observed["lists_all"] = True
        people = resources_of(page)
        self.report.has_accounts = bool(people)
        self._first = people[0] if people else None
        total = member(page, "totalResults")
        if people:
            self._paging(people, total if isinstance(total, int) else None)
        else:
            self.report.add("list", "unknown", _TOO_FEW)

    def _paging(self, people: list[Document], total: int | None) -> None:
        second = resources_of(self._get("/Users", startIndex="2", count="1"))
        by_index = len(people) == 1 and len(second) == 1 and second[0]["id"] != people[0]["id"]
        cursor = None
        with self.report.asking("cursor"):
            cursor = self._next_cursor()
        if by_index:
            self.observed["paging"] = "index"
            self.report.add("paging", "ok", "It pages by index.")
        elif cursor is not None:
            self.observed["paging"] = "cursor"
            self.report.add("paging", "note", "It pages by cursor; startIndex is ignored.")
        elif len(people) > 1:
            self.observed["paging"] = "none"
            self.report.add("paging", "note", "It gives the whole list at once, whatever is asked for.")
        elif total is None or total < 2:
            self.report.add("list", "unknown", _TOO_FEW)
        else:
            self.report.add("paging", "warning", "It gives no second page: nobody can read its list.")
        if by_index and total == 1:
            self.report.add("total", "warning", "It says that there is one account, and shows two.")
        self._page_size(total)

    def _next_cursor(self) -> str | None:
        try:
            found = member(self._get("/Users", cursor="", count="1"), "nextCursor")
        except errors.Refused:
            return None
        return found if isinstance(found, str) and found else None

    def _page_size(self, total: int | None) -> None:
        asked_for = self.profile.page_size
        by_cursor = {"cursor": ""} if self.observed.get("paging") == "cursor" else {}
        came = len(resources_of(self._get("/Users", count=str(asked_for), **by_cursor)))
        if total is not None and 0 < came < min(asked_for, total):
            self.observed["page_size"] = came
            self.report.add("page_size", "note", f"It gives {came} accounts a page, asked for {asked_for}.")

    # --- filters ---

    def _filter(self, name: str) -> None:
        """Whether the filter filters: nobody's value must find nobody, a known value its owner."""
        try:
            strangers = resources_of(self._get("/Users", filter=equals(name, nobody()), count="10"))
        except errors.TargetError as error:
            if error.status not in _REFUSALS:
                raise
            self._note_filter(name, False, "note", f"It cannot be filtered by {name} ({error.status}).")
            return
        if strangers:
            self._note_filter(
                name, False, "warning", f"It ignores filters by {name}: nobody's value finds people."
            )
            return
        owner, value = self._first, _value_of(self._first, name)
        if owner is not None and value is not None:
            found = resources_of(self._get("/Users", filter=equals(name, value), count="10"))
            if owner["id"] not in {each["id"] for each in found}:
                self._note_filter(
                    name, False, "warning", f"A filter by {name} does not find who has the value."
                )
                return
        self._note_filter(name, True, "ok", f"It filters by {name}.")

    def _note_filter(self, name: str, works: bool, state: str, words: str) -> None:
        self.observed.setdefault("filterable", {})[name] = works
        self.report.add(f"filter {name}", state, words)

    def _conclude_filters(self) -> None:
        works = self.observed.get("filterable", {})
        self.report.capabilities = replace(self.report.capabilities, filter=any(works.values()) or not works)
        if not any(works.values()) and not self.observed.get("lists_all", True):
            self.report.add("lookup", "warning", "Nobody can be looked up: it neither filters nor lists.")

    # --- the rest ---

    def _groups(self) -> None:
        try:
            self._get("/Groups", filter=equals("displayName", nobody()), count="1")
            self.observed |= {"takes_groups": True, "group_filter": True}
        except errors.TargetError as error:
            if error.status not in _REFUSALS:
                raise
            is_there = error.status == 400
            self.observed |= {"takes_groups": is_there} | ({"group_filter": False} if is_there else {})
        has = "It has groups." if self.observed["takes_groups"] else "It has no groups."
        self.report.add("groups", "ok" if self.observed["takes_groups"] else "note", has)

    def _version(self) -> None:
        meta = member(self._first or {}, "meta")
        has = isinstance(meta, dict) and isinstance(member(meta, "version"), str)
        words = "It gives versions (ETags)." if has else "It shows no versions (ETags); Rollcall needs none."
        self.report.add("etag", "ok" if has else "note", words)


def _value_of(document: Mapping[str, Any] | None, name: str) -> str | None:
    """The value of `externalId`, `userName` or the first of `emails.value`, None without one."""
    if document is None:
        return None
    attribute, _, sub = name.partition(".")
    value = member(document, attribute)
    if sub:
        entries = value if isinstance(value, list) else []
        value = next((member(each, sub) for each in entries if isinstance(each, dict)), None)
    return value if isinstance(value, str) and value else None
