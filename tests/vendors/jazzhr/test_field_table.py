"""vendors.md §7.0, row by row: a value in JazzHR, and where it is in the directory after an import."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.access.encryption import unseal
from app.database import reading
from app.directory.tables import SealedValue
from app.sources.tables import source_record
from scim.resources import ENTERPRISE, HR

MAYA = {
    "first_name": "Maya",
    "last_name": "Okafor",
    "email": "maya.okafor@example.org",
    "phone": "+1 555 0100",
    "address": "12 Larch Road, Springfield, OH 45501",
    "desired_start_date": "2026-04-01",
    "desired_salary": "72341",
}
JOB = {
    "title": "Field Engineer",
    "department": "Operations",
    "city": "Dayton",
    "state": "OH",
    "zip": "45402",
    "country_id": "United States",
}


def entry(document: dict[str, Any], attribute: str, kind: str, member: str) -> Any:
    return next(each.get(member) for each in document[attribute] if each["type"] == kind)


#: The row of the table → how its SCIM value is read from a document, and what it is.
ROWS: dict[str, tuple[Any, Any]] = {
    "First name → core:name.givenName": (lambda d: d["name"]["givenName"], "Maya"),
    "Last name → core:name.familyName": (lambda d: d["name"]["familyName"], "Okafor"),
    "Email → core:emails[home].value": (
        lambda d: entry(d, "emails", "home", "value"),
        "maya.okafor@example.org",
    ),
    "Email → userName": (lambda d: d["userName"], "maya.okafor@example.org"),
    "Address → core:addresses[home].formatted": (
        lambda d: entry(d, "addresses", "home", "formatted"),
        "12 Larch Road, Springfield, OH 45501",
    ),
    "Earliest start date → hr:startDate": (lambda d: d[HR]["startDate"], "2026-04-01"),
    "Job Title → core:title": (lambda d: d["title"], "Field Engineer"),
    "Department → ent:department": (lambda d: d[ENTERPRISE]["department"], "Operations"),
    "Job City → core:addresses[work].locality": (
        lambda d: entry(d, "addresses", "work", "locality"),
        "Dayton",
    ),
    "Job State → core:addresses[work].region": (lambda d: entry(d, "addresses", "work", "region"), "OH"),
    "Job Postal Code → core:addresses[work].postalCode": (
        lambda d: entry(d, "addresses", "work", "postalCode"),
        "45402",
    ),
    "Job Country → core:addresses[work].country": (
        lambda d: entry(d, "addresses", "work", "country"),
        "United States",
    ),
    "Job City, State, Postal Code, Country → hr:locationName": (
        lambda d: d[HR]["locationName"],
        "Dayton, OH, 45402, United States",
    ),
    "Active → hr:employmentStatus": (lambda d: d[HR]["employmentStatus"], "Active"),
    "Active → core:active": (lambda d: d["active"], True),
    "(id) → hr:source.recordId": (lambda d: d[HR]["sources"][0]["recordId"][:9], "prospect_"),
    "(hire id) → hr:source.eventId": (lambda d: d[HR]["sources"][0]["eventId"][:9], "prospect_"),
    "phone → core:phoneNumbers[mobile].value": (
        lambda d: entry(d, "phoneNumbers", "mobile", "value"),
        "+1 555 0100",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_guides_table(account, add_jazzhr, pull, people, row):
    jazz = account()
    jazz.simulator.hire(MAYA, job_id=jazz.simulator.company.add_job(JOB)["id"])
    pull(add_jazzhr(jazz))
    [document] = people().values()
    read, value = ROWS[row]
    assert read(document) == value


def test_the_id_of_the_applicant_is_the_record_of_the_person(account, add_jazzhr, pull, tenant):
    jazz = account()
    hired = jazz.simulator.hire(MAYA)
    pull(add_jazzhr(jazz))
    with reading() as connection:
        where = source_record.c.tenant_id == tenant.id
        assert list(connection.scalars(select(source_record.c.record_id).where(where))) == [
            hired["applicant_id"]
        ]


def test_the_salary_is_sealed_when_it_is_switched_on(account, add_jazzhr, pull, people, tenant):
    jazz = account()
    jazz.simulator.hire(MAYA)
    pull(add_jazzhr(jazz, include_salary="yes"))
    [document] = people().values()
    assert "salary" not in document[HR]
    with reading() as connection:
        [row] = connection.execute(select(SealedValue.__table__)).all()
    place = f"employee_secret/{row.resource_id}/{row.path}"
    assert b"72341" in unseal(tenant.id, place, row.sealed)


@pytest.mark.parametrize("text", ["0000-00-00", "", "soon"])
def test_a_start_date_that_is_none_leaves_the_person_without_one(account, add_jazzhr, pull, people, text):
    jazz = account()
    jazz.simulator.hire({**MAYA, "desired_start_date": text})
    assert pull(add_jazzhr(jazz)).counts.added == 1
    [document] = people().values()
    assert "startDate" not in document[HR]
