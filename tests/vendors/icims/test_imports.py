"""Imports from a simulated iCIMS: the guide's field table row by row, changes, leavers, removals, no loops."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import select

from app import directory
from app.access.encryption import unseal
from app.database import db, reading, writing
from app.directory.tables import SealedValue
from app.sources.tables import source_record
from app.vendors.icims.simulator import DEFAULT_SECRET
from app.vendors.icims.simulator.company import JOB_JOB_CODE, NEW_HIRE
from scim.resources import ENTERPRISE, HR
from tests.sources.reports import counted

SSN = "000-77-3141"
MAYA: dict[str, Any] = {
    "firstname": "Maya",
    "lastname": "Okafor",
    "email": "maya.okafor@example.org",
    "hiredate": "2026-04-01",
    "birthdate": "1990-02-28",
    "usssn": SSN,
    "folder": NEW_HIRE,
    "field50001": "ADP4711",
    "field50002": "JC-17",
    "field50003": "OPS-4",
    "field50004": "LOC-DAY",
    "addresses": [
        {
            "entry": 7,
            "primary": True,
            "addressstreet1": "12 Larch Road",
            "addressstreet2": "Apt 3",
            "addresscity": "Springfield",
            "addresszip": "45501",
            "addresstype": {"id": "D84002", "value": "Home", "formattedvalue": "Home"},
            "addressstate": {"id": "D41001036", "abbrev": "OH", "value": "Ohio"},
            "addresscountry": {"id": "D41001", "abbrev": "US", "value": "United States"},
        }
    ],
}


def employees(tenant) -> dict[str, Any]:
    """Every employee of the tenant by e-mail."""
    with reading() as connection:
        ids = directory.iterate_ids(connection, tenant.id, None, 1000)
        found = directory.get_many(connection, tenant.id, ids).values()
    return {employee.document["userName"]: employee for employee in found}


def documents(tenant) -> dict[str, Any]:
    return {name: employee.document for name, employee in employees(tenant).items()}


def sealed(tenant, employee_id: str) -> dict[str, Any]:
    """What is sealed of an employee, opened: path → value."""
    rows = SealedValue.__table__
    with reading() as connection:
        query = select(rows).where(rows.c.tenant_id == tenant.id, rows.c.resource_id == employee_id)
        found = connection.execute(query).all()
    place = f"employee_secret/{employee_id}/"
    return {row.path: json.loads(unseal(tenant.id, place + row.path, row.sealed)) for row in found}


@pytest.fixture
def hire_maya(account):
    """Give a function that serves a customer who hired Maya; the hiring manager is Lee Ortiz."""

    def start(**changed: Any):
        icims = account()
        job = icims.simulator.company.add_job(
            {
                "jobtitle": "Field Engineer",
                "hiringmanager": 1,
                "department": {"id": "D60009", "value": "Operations"},
                "joblocation": {"id": 9, "companyid": "2", "value": "US-OH-Dayton"},
                JOB_JOB_CODE: "POS-900",
            }
        )
        icims.simulator.company.change_person(1, {"email": "lee.ortiz@example.org"})
        maya = icims.simulator.company.hire({**MAYA, **changed}, job_id=job["_id"])
        return icims, maya

    return start


def at(document: dict[str, Any], place: str) -> Any:
    """Return what a document holds at a place of vendors.md §7.1."""
    schema, _, path = place.partition(":")
    found: Any = document.get({"hr": HR, "ent": ENTERPRISE}[schema], {}) if schema != "core" else document
    for step in path.split("."):
        name, _, kind = step.partition("[")
        found = (found or {}).get(name)
        if kind:
            found = next((entry for entry in found or [] if entry.get("type") == kind.rstrip("]")), None)
    return found


#: The lines of vendors.md §7.1, in its order: field of iCIMS, place in the directory, value.
TABLE = [
    ("First Name", "core:name.givenName", "Maya"),
    ("Last Name", "core:name.familyName", "Okafor"),
    ("Email → Account Email", "core:emails[work].value", "maya.okafor@example.org"),
    ("Email → userName", "core:userName", "maya.okafor@example.org"),
    ("Email → Personal Email", "core:emails[home].value", "maya.okafor@example.org"),
    ("Hire Date", "hr:startDate", "2026-04-01"),
    ("Street, Street 2", "core:addresses[home].streetAddress", "12 Larch Road\nApt 3"),
    ("City", "core:addresses[home].locality", "Springfield"),
    ("State", "core:addresses[home].region", "OH"),
    ("Zip", "core:addresses[home].postalCode", "45501"),
    ("Country", "core:addresses[home].country", "US"),
    ("Job Code", "hr:positionCode", "JC-17"),
    ("Home Department", "hr:departmentCode", "OPS-4"),
    ("Home Department (name)", "ent:department", "Operations"),
    ("Location Code", "hr:locationCode", "LOC-DAY"),
    ("Hiring Manager", "hr:managerEmail", "lee.ortiz@example.org"),
    ("Hiring Manager (id)", "hr:managerSourceId", "1"),
    ("Birthdate", "hr:dateOfBirth", "1990-02-28"),
]


@pytest.fixture
def maya(hire_maya, add_icims, pull, tenant):
    """Give Maya as the first import brought her."""
    icims, row = hire_maya()
    source = add_icims(icims)
    assert counted(pull(source)) == {"added": 1, "total": 1}
    return employees(tenant)["maya.okafor@example.org"], source, row


@pytest.mark.parametrize(("line", "place", "value"), TABLE, ids=[line for line, _, _ in TABLE])
def test_the_field_table(maya, line, place, value):
    assert at(maya[0].document, place) == value


def test_the_profile_id_is_the_key_of_the_record(maya, tenant):
    employee, source, row = maya
    with reading() as connection:
        query = select(source_record.c.record_id, source_record.c.employee_id).where(
            source_record.c.tenant_id == tenant.id, source_record.c.source_id == source.id
        )
        assert connection.execute(query).all() == [(str(row["_id"]), employee.id)]
    told = {"system": "icims", "tenant": "icims", "recordId": str(row["_id"])}
    assert employee.document[HR]["sources"] == [told]


def test_the_social_security_number_is_sealed_and_stands_nowhere_else(maya, tenant, tmp_path):
    employee = maya[0]
    assert sealed(tenant, employee.id) == {f"{HR}:nationalId": {"value": SSN, "type": "SSN"}}
    assert SSN not in json.dumps(employee.document)
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            files = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert not [path for path in files if SSN.encode() in path.read_bytes()]


def test_without_the_setting_no_number_is_stored(hire_maya, add_icims, pull, tenant):
    icims, _ = hire_maya()
    pull(add_icims(icims, include_national_id="no"))
    [employee] = employees(tenant).values()
    assert sealed(tenant, employee.id) == {}


def test_codes_may_come_from_the_job(hire_maya, add_icims, pull, tenant):
    icims, _ = hire_maya()
    pull(
        add_icims(
            icims,
            field_job_code=f"job:{JOB_JOB_CODE}",
            field_home_department="job:department.id",
            field_location_code="job:joblocation.companyid",
        )
    )
    told = documents(tenant)["maya.okafor@example.org"][HR]
    assert (told["positionCode"], told["departmentCode"], told["locationCode"]) == ("POS-900", "D60009", "2")


def test_everybody_comes_once_and_a_second_import_changes_nobody(account, add_icims, pull, tenant):
    icims = account(people=60)
    source = add_icims(icims)
    assert counted(pull(source)) == {"added": 60, "total": 60}
    assert counted(pull(source))["total"] <= 60
    assert "updated" not in counted(pull(source))


def test_a_change_is_one_update(hire_maya, add_icims, pull, tenant):
    icims, row = hire_maya()
    source = add_icims(icims)
    pull(source)
    icims.simulator.company.change_person(row["_id"], {"lastname": "Okafor-Lindqvist"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    assert documents(tenant)["maya.okafor@example.org"]["name"]["familyName"] == "Okafor-Lindqvist"


def test_a_second_address_line_goes_when_somebody_moves(hire_maya, add_icims, pull, tenant):
    icims, row = hire_maya()
    source = add_icims(icims)
    pull(source)
    icims.simulator.company.change_person(
        row["_id"], {"addresses": [{"entry": 8, "primary": True, "addressstreet1": "9 Oak Street"}]}
    )
    pull(source)
    document = documents(tenant)["maya.okafor@example.org"]
    assert at(document, "core:addresses[home].streetAddress") == "9 Oak Street"


def test_a_leaver_becomes_inactive_and_comes_back_when_hired_again(hire_maya, add_icims, pull, tenant):
    icims, row = hire_maya()
    icims.simulator.company.hire({})
    source = add_icims(icims)
    pull(source)
    icims.simulator.company.terminate(row["_id"])
    assert pull(source).counts.updated == 1
    document = documents(tenant)["maya.okafor@example.org"]
    assert (document["active"], document[HR]["employmentStatus"]) == (False, "Terminated")
    icims.simulator.company.change_person(row["_id"], {"folder": NEW_HIRE})
    pull(source)
    assert documents(tenant)["maya.okafor@example.org"]["active"] is True


def test_a_change_at_icims_does_not_let_in_again_whom_somebody_else_let_go(
    hire_maya, add_icims, pull, tenant
):
    icims, row = hire_maya()
    source = add_icims(icims)
    pull(source)
    [employee] = employees(tenant).values()
    with writing() as connection:
        directory.merge(
            connection, tenant.id, employee.id, directory.Actor("client", "idp"), {"active": False}
        )
    icims.simulator.company.change_person(row["_id"], {"field50002": "JC-99"})
    assert pull(source).counts.updated == 1
    document = documents(tenant)["maya.okafor@example.org"]
    assert (document["active"], document[HR]["positionCode"]) == (False, "JC-99")


def test_what_icims_hides_empties_nothing(hire_maya, add_icims, pull, tenant):
    icims, row = hire_maya()
    source = add_icims(icims)
    pull(source)
    icims.simulator.plan_faults("hide:names=hiredate+addresses+field50002")
    icims.simulator.company.change_person(row["_id"], {"firstname": "May"})
    pull(source)
    document = documents(tenant)["maya.okafor@example.org"]
    assert document["name"]["givenName"] == "May"
    for _, place, value in TABLE[5:12]:
        assert at(document, place) == value


def test_a_lost_right_suspends_nobody_and_is_one_message(account, add_icims, pull, tenant):
    icims = account(people=5)
    source = add_icims(icims)
    pull(source)
    icims.simulator.plan_faults("hide:names=email")
    for person in list(icims.simulator.company.people)[1:6]:
        icims.simulator.company.change_person(person, {"firstname": "Renamed"})
    run = pull(source)
    assert run.state == "failed"
    assert "shows the field email of none" in run.message
    assert all(document["active"] for document in documents(tenant).values())


def test_neither_secret_nor_token_nor_number_stands_in_a_log(hire_maya, add_icims, pull, caplog, capsys):
    caplog.set_level(logging.DEBUG, "app")
    icims, _ = hire_maya()
    icims.simulator.plan_faults("500:path=/jobs/")
    run = pull(add_icims(icims, calls_per_minute="0"))
    spoken = capsys.readouterr()
    for text in (caplog.text, spoken.out, spoken.err, run.message or ""):
        for canary in (DEFAULT_SECRET, "sim-token-", SSN):
            assert canary not in text
