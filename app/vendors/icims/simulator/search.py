"""Searches of the simulated iCIMS: filters, nested groups, ascending ids, at most 1000 (vendors.md §2.3)."""

from __future__ import annotations

import json
import operator as op
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.vendors.icims.simulator.company import Company, Row
from app.vendors.icims.simulator.errors import Refusal

CAP = 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d [AP]M")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": op.eq,
    "==": op.eq,
    "!=": op.ne,
    "!==": op.ne,
    "<": op.lt,
    ">": op.gt,
    "<=": op.le,
    ">=": op.ge,
}
_ATTRIBUTES = {"name", "value", "secondaryValue", "operator"}
Reader = Callable[[Row], Any]


def _text(name: str) -> Reader:
    return lambda row: str(row.get(name) or "").lower()


def _list_id(name: str) -> Reader:
    return lambda row: str((row.get(name) or {}).get("id") or "").lower()


def _number(row: Row) -> int:
    return int(row["_id"])


_PERSON: dict[str, Reader] = {
    "person.id": _number,
    "person.folder": _list_id("folder"),
    "person.firstname": _text("firstname"),
    "person.lastname": _text("lastname"),
    "person.email": _text("email"),
    "person.emailaddress": _text("email"),
    "person.updateddate": lambda row: row["_updated"],
    "person.createddate": lambda row: row["_created"],
    "person.hiredate": _text("hiredate"),
    "person.enddate": _text("enddate"),
    "person.startdate": _text("startdate"),
}
FILTERS: dict[str, dict[str, Reader]] = {
    "people": _PERSON,
    "jobs": {
        "job.id": _number,
        "job.folder": _list_id("folder"),
        "job.jobnumber": _text("jobid"),
        "job.jobtitle": _text("jobtitle"),
        "job.updateddate": lambda row: row["_updated"],
    },
    "applicantworkflows": {
        "applicantworkflow.status": _list_id("status"),
        "applicantworkflow.updateddate": lambda row: row["_updated"],
        "applicantworkflow.person.id": lambda row: row["associatedprofile"]["id"],
        "applicantworkflow.job.id": lambda row: row["baseprofile"]["id"],
    },
}
_TABLES = {"people": "people", "jobs": "jobs", "applicantworkflows": "workflows"}


def find(
    company: Company, kind: str, asked: Any, *, cap: int = CAP, behind: timedelta | None = None
) -> list[int]:
    """Return the ids of the profiles that a query finds; raises Refusal.

    `behind`: the index of people does not know what happened in this time.
    """
    fits = _group(asked, FILTERS[kind])
    with company.lock:
        rows = list(getattr(company, _TABLES[kind]).values())
        if kind == "people" and behind is not None:
            rows = [seen for row in rows if (seen := _as_indexed(company, row, behind)) is not None]
        return sorted(row["_id"] for row in rows if fits(row))[:cap]


def query_of(body: bytes) -> Any:
    """Return the query of a body; raises Refusal when it is no JSON object."""
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refusal(400, "The search could not be parsed.", 1)
    return asked


def _as_indexed(company: Company, row: Row, behind: timedelta) -> Row | None:
    until = datetime.now(UTC) - behind
    known = [entry for entry in company.history[row["_id"]] if entry[0] <= until]
    if not known:
        return None
    return {**row, "_updated": known[-1][0], "folder": {"id": known[-1][1]}}


def _group(asked: Mapping[str, Any], readers: Mapping[str, Reader]) -> Callable[[Row], bool]:
    unknown = set(asked) - {"filters", "operator", "children"}
    if unknown:
        raise Refusal(400, f"Unrecognized attribute {sorted(unknown)[0]}.", 1)
    filters = asked.get("filters")
    if not isinstance(filters, list) or not filters:
        raise Refusal(400, "At least one filter is required.", 1)
    combine = {"&": all, "|": any}.get(asked.get("operator", "&"))
    if combine is None:
        raise Refusal(400, "The operator is not valid for a group.", 1)
    tests = [test for one in filters if (test := _filter(one, readers)) is not None]
    tests += [_group(child, readers) for child in asked.get("children", [])]
    return lambda row: not tests or combine(test(row) for test in tests)


def _filter(asked: Any, readers: Mapping[str, Reader]) -> Callable[[Row], bool] | None:
    """Return the test of one filter; None for a malformed date, which is ignored without a word."""
    if not isinstance(asked, dict) or set(asked) - _ATTRIBUTES:
        raise Refusal(400, "Unrecognized attribute in a filter.", 1)
    name, values = asked.get("name"), asked.get("value")
    reader, compare = readers.get(str(name)), _OPERATORS.get(asked.get("operator", "="))
    if reader is None or not isinstance(values, list) or not values:
        raise Refusal(400, f"The filter {name} is invalid or hidden.", 1)
    if compare is None or (name in ("person.folder",) and compare not in (op.eq, op.ne)):
        raise Refusal(400, f"The operator is not valid for the filter {name}.", 1)
    if str(name).endswith("updateddate") or str(name).endswith("createddate"):
        if not _DATE.fullmatch(str(values[0])):
            return None
        moment = datetime.strptime(str(values[0]), "%Y-%m-%d %I:%M %p").replace(tzinfo=UTC)
        return lambda row: compare(reader(row).replace(second=0, microsecond=0), moment)
    if str(name).endswith(".id"):
        if not all(str(value).isdigit() for value in values):
            raise Refusal(400, f"The filter {name} is invalid.", 1)
        return lambda row: any(compare(reader(row), int(value)) for value in values)
    return lambda row: any(compare(reader(row), str(value).lower()) for value in values)
