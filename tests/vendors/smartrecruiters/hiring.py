"""A hire to look at: Maya, her job and her offer."""

from __future__ import annotations

from typing import Any

from tests.vendors.smartrecruiters.conftest import Account

MAYA: dict[str, Any] = {
    "firstName": "Maya",
    "lastName": "Okafor",
    "email": "maya.okafor@example.org",
    "phoneNumber": "+1 555 0100",
    "location": {"country": "United States", "countryCode": "us", "region": "Ohio", "city": "Springfield"},
    "web": {"skype": "maya", "linkedin": "https://example.invalid/in/maya"},
    "tags": ["referral", "night shift"],
    "internal": False,
}
JOB: dict[str, Any] = {
    "title": "Field Engineer",
    "refNumber": "REF77",
    "department": {"id": "10", "label": "Operations", "description": ""},
    "location": {
        "country": "United States",
        "countryCode": "us",
        "region": "Ohio",
        "city": "Dayton",
        "address": "1 Main St",
        "postalCode": "45402",
    },
    "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
    "compensation": {"min": 60000, "max": 80000, "currency": "USD"},
}
OFFER = {"salary.start.date": "2026-05-01T00:00:00.000Z", "salary.base": "72341 USD", "laptop": "14 inch"}


def hired(account: Account, members: dict[str, Any] = MAYA, **choice: Any) -> str:
    """Hire somebody for a job of their own and return the candidate's id."""
    job = account.company.add_job(JOB)
    choice = {"offer": OFFER, "starts_on": "2026-04-01T00:00:00.000Z", **choice}
    return str(account.simulator.hire(members, job_id=job["id"], **choice)["id"])


def only(account: Account, **choice: Any) -> dict[str, str | None]:
    [record] = account.read(**choice)
    assert record.problem is None
    return dict(record.values)
