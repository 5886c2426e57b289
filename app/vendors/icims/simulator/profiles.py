"""Profiles of the simulated iCIMS as they are shown and written (vendors.md §2.4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.vendors.icims.simulator.company import FOLDERS, Company, Row, listed
from app.vendors.icims.simulator.errors import Refusal, not_found
from app.vendors.icims.simulator.schemas import PERSON

_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DATES = {name for name, told in PERSON.items() if told.get("format") == "date"}
_REQUIRED = ("lastname",)
#: What a GET without ``fields`` shows.
DEFAULT_FIELDS: dict[str, tuple[str, ...]] = {
    "people": ("firstname", "middlename", "lastname", "email", "folder", "addresses", "phones", "startdate"),
    "jobs": ("jobid", "jobtitle", "folder", "hiringmanager", "department", "joblocation", "startdate"),
    "applicantworkflows": ("baseprofile", "associatedprofile", "status", "source", "sourcename"),
}
Warnings = list[dict[str, Any]]


def shown(row: Row, kind: str, fields: Collection[str], root: str) -> Row:
    """Return a profile with the fields that were asked for; what is empty is left out, links get their address."""
    wanted = fields or DEFAULT_FIELDS[kind]
    found = {
        name: _linked(value, root)
        for name, value in row.items()
        if name in wanted and not name.startswith("_") and value not in (None, "", [], {})
    }
    title = f"{row.get('firstname', '')} {row.get('lastname', '')}".strip() or row.get("jobtitle", "")
    found["links"] = [{"rel": "self", "title": title, "url": f"{root}/{kind}/{row['_id']}"}]
    return found


def _linked(value: Any, root: str) -> Any:
    """Return a link to a profile with the profile's address."""
    if not isinstance(value, dict) or "_kind" not in value:
        return value
    plain = {name: member for name, member in value.items() if name != "_kind"}
    return {**plain, "profile": f"{root}/{value['_kind']}/{value['id']}"}


def merge(company: Company, person_id: int, asked: Mapping[str, Any], refused: Collection[str]) -> Warnings:
    """Write members of a person, null and "" empty one; return a warning for each field that could not be set.

    Raises Refusal when a required field would become empty, or the person is not there.
    """
    with company.lock:
        row = company.people.get(person_id)
        if row is None:
            raise not_found("Person")
        empty = [name for name in _REQUIRED if name in asked and asked[name] in (None, "")]
        if empty:
            raise Refusal(400, f"The required field {empty[0]} is missing.", 1)
        wrong = [name for name, value in asked.items() if name in refused or not _can_be_set(name, value)]
        written = {name: _stored(name, value) for name, value in asked.items() if name not in wrong}
        if any(row.get(name) != (value or None) for name, value in written.items()):
            company.change_person(person_id, written)
        return [
            {"errorMessage": f"Field {name} could not be set.", "errorCode": 4, "field": name}
            for name in wrong
        ]


def _can_be_set(name: str, value: Any) -> bool:
    if name not in PERSON or name in ("addresses", "phones"):
        return False
    if value in (None, ""):
        return True
    if name in _DATES:
        return isinstance(value, str) and _DAY.fullmatch(value) is not None
    if name == "folder":
        return isinstance(value, dict) and value.get("id") in FOLDERS
    return isinstance(value, str)


def _stored(name: str, value: Any) -> Any:
    return listed(value["id"], FOLDERS[value["id"]]) if name == "folder" and value else value


def addresses(company: Company, person_id: int) -> list[Row]:
    """Return the address entries of a person; raises Refusal."""
    row = company.people.get(person_id)
    if row is None:
        raise not_found("Person")
    entries: list[Row] = row.setdefault("addresses", [])
    return entries


def write_address(company: Company, person_id: int, entry: str, method: str, asked: Mapping[str, Any]) -> Row:
    """Post, patch or delete an entry and return it; posting an equal one changes nothing. Raises Refusal."""
    with company.lock:
        entries = addresses(company, person_id)
        if method == "POST":
            return _posted(company, entries, person_id, asked)
        known = next((held for held in entries if str(held["entry"]) == entry), None)
        if known is None:
            raise not_found("Address")
        if method == "PATCH":
            known.update({name: value for name, value in asked.items() if name != "entry"})
        elif method == "DELETE":
            entries.remove(known)
        if method != "GET":
            company.change_person(person_id, {})
        return known


def _posted(company: Company, entries: list[Row], person_id: int, asked: Mapping[str, Any]) -> Row:
    plain = {name: value for name, value in asked.items() if name != "entry"}
    for held in entries:
        if {name: value for name, value in held.items() if name != "entry"} == plain:
            return held
    entry = max((held["entry"] for held in entries), default=0) + 1
    entries.append({"entry": entry, **plain})
    company.change_person(person_id, {})
    return entries[-1]
