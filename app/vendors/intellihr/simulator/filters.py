"""The filters of people and jobs: ``filters[name][eq]=value``, several values with commas (vendors.md §4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from app.vendors.intellihr.simulator.company import Company
from app.vendors.intellihr.simulator.errors import Refusal
from app.vendors.intellihr.simulator.rows import Row

_NAME = re.compile(r"filters\[([A-Za-z]+)\]\[eq\]")
Test = Callable[[Company, Row, set[str]], bool]


def filtered(company: Company, table: str, query: Mapping[str, str]) -> list[Row]:
    """Return the stored rows of ``people`` or ``jobs`` that fulfil all filters, oldest first; raises Refusal."""
    wanted = {match[1]: value for name, value in query.items() if (match := _NAME.fullmatch(name))}
    tests = _TESTS[table]
    for name, value in wanted.items():
        if name not in tests:
            raise Refusal(400, "The filter is unknown", f"filters[{name}]")
        if name.endswith("Within") and not value.isdecimal():
            raise Refusal(400, "The filter takes whole days", f"filters[{name}]")
    values = {name: set(value.split(",")) for name, value in wanted.items()}
    return [
        row
        for row in _candidates(company, table, values)
        if all(tests[name](company, row, chosen) for name, chosen in values.items())
    ]


def _candidates(company: Company, table: str, values: Mapping[str, set[str]]) -> list[Row]:
    """The rows to look at: by job id they are found at once, in their own order."""
    if "jobId" not in values:
        return list(getattr(company, table).values())
    jobs = [company.jobs[job_id] for job_id in values["jobId"] if job_id in company.jobs]
    found = jobs if table == "jobs" else [company.people[each] for each in {job["_person"] for job in jobs}]
    return sorted(found, key=lambda row: (row["createdAt"], row["id"]))


def _member(name: str) -> Test:
    return lambda company, row, wanted: str(row.get(name)) in wanted


def _holder(name: str) -> Test:
    return lambda company, row, wanted: str(company.people[row["_person"]].get(name)) in wanted


def _holds_job(company: Company, row: Row, wanted: set[str]) -> bool:
    return any(job_id in wanted for job_id in company.jobs_of[row["id"]])


def _on_leave(company: Company, row: Row, wanted: set[str]) -> bool:
    is_away = any(company.jobs[job_id]["extendedLeave"] is not None for job_id in company.jobs_of[row["id"]])
    return str(is_away).lower() in wanted


def _within(member: str) -> Test:
    def test(company: Company, row: Row, wanted: set[str]) -> bool:
        written = datetime.fromisoformat(row[member]).date()
        return 0 <= (company.today - written).days < int(min(wanted)) or written > company.today

    return test


def _ends(ahead: int) -> Test:
    def test(company: Company, row: Row, wanted: set[str]) -> bool:
        if not row["companyEndDate"]:
            return False
        days = (date.fromisoformat(row["companyEndDate"]) - company.today) * ahead
        return timedelta(0) <= days <= timedelta(days=int(min(wanted)))

    return test


def _email(row: Row) -> str:
    return str((row.get("primaryEmailAddress") or {}).get("email"))


_TESTS: dict[str, dict[str, Test]] = {
    "people": {
        "jobId": _holds_job,
        "primaryEmailAddress": lambda company, row, wanted: _email(row) in wanted,
        "employeeNumber": _member("employeeNumber"),
        "autoIncrementIntellihrId": _member("autoIncrementIntellihrId"),
        "name": lambda company, row, wanted: any(
            each.lower() in row["displayName"].lower() for each in wanted
        ),
        "updatedWithin": _within("updatedAt"),
        "isOnExtendedLeave": _on_leave,
    },
    "jobs": {
        "personId": _member("_person"),
        "personName": _holder("displayName"),
        "primaryEmail": lambda company, row, wanted: _email(company.people[row["_person"]]) in wanted,
        "employeeNumber": _holder("employeeNumber"),
        "autoIncrementIntellihrId": _holder("autoIncrementIntellihrId"),
        "jobId": _member("id"),
        "jobName": _member("name"),
        "jobNameAsAt": _member("name"),
        "jobStatus": lambda company, row, wanted: company.status_of(row) in wanted,
        "jobEndingWithin": _ends(1),
        "jobEndedWithin": _ends(-1),
        "updatedWithin": _within("_written_at"),
        "workType": _member("workType"),
        "isPrimaryJob": lambda company, row, wanted: str(row["isPrimaryJob"]).lower() in wanted,
        "employmentConditionId": lambda company, row, wanted: row["employmentCondition"]["id"] in wanted,
    },
}


def number_in(query: Mapping[str, Any], name: str, default: int, most: int | None) -> int:
    """Return a whole number of the query from 1 to ``most``; raises Refusal with 400."""
    text = str(query.get(name, default))
    number = int(text) if text.isdecimal() else 0
    if number < 1 or (most is not None and number > most):
        upper = f" and {most}" if most is not None else ""
        raise Refusal(400, "The given data was invalid", f"{name} must be between 1{upper}")
    return number
