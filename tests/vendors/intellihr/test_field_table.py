"""The field table of vendors.md §7.4, row by row: a value at intelliHR, and the employee after an import."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app import directory
from app.database import reading
from app.directory.tables import SealedValue
from scim.resources import ENTERPRISE, HR

MAIL = {"email": "Maya.Okafor@example.com", "isPrimary": True, "isPersonal": False, "customFields": {}}
HOME_MAIL = {"email": "maya@example.org", "isPrimary": False, "isPersonal": True, "customFields": {}}
PHONE = {"number": "0400000000", "fullNumber": "+61400000000", "isPrimary": True, "isPersonal": True}
ADDRESS = {
    "addressType": "Home",
    "fullAddress": "1 Example St, Milton QLD 4064",
    "street": "1 Example St",
    "suburb": "Milton",
    "state": "QLD",
    "postcode": "4064",
    "country": "Australia",
    "isPrimary": True,
}
OTHER_ADDRESS = {**ADDRESS, "suburb": "Elsewhere", "isPrimary": False}
COST_CENTRE = {"costCentre": {"definitionId": "d1", "name": "Cost centre", "type": "text", "value": "CC-100"}}
SALARY = {
    "type": "Annual Salary",
    "baseAnnualSalary": 72341,
    "baseHourlyRate": None,
    "currency": "AUD",
    "hoursPerCycle": 38,
    "payCycle": "Weekly",
    "annualPackage": 81000,
}
HOURLY = {**SALARY, "type": "Hourly Rate", "baseAnnualSalary": None, "baseHourlyRate": 41.5}
PAID = {"include_salary": "yes"}

#: Title, the person's members, the job's members, where it is in the document, what stands there, settings.
Row = tuple[str, dict[str, Any], dict[str, Any], str, Any, dict[str, str]]
ROWS: tuple[Row, ...] = (
    ("Employee ID", {"employeeNumber": "E-1001"}, {}, f"{ENTERPRISE}.employeeNumber", "E-1001", {}),
    (
        "Employee ID, fall-back",
        {"employeeNumber": None, "autoIncrementIntellihrId": 995},
        {},
        f"{ENTERPRISE}.employeeNumber",
        "995",
        {},
    ),
    ("Email Address", {"primaryEmailAddress": MAIL}, {}, "emails.work.value", "Maya.Okafor@example.com", {}),
    (
        "Email Address as userName",
        {"primaryEmailAddress": MAIL},
        {},
        "userName",
        "Maya.Okafor@example.com",
        {},
    ),
    ("Employment status, active", {"employmentStatus": "Current Staff"}, {}, "active", True, {}),
    ("Employment status, exiting", {"employmentStatus": "Exiting Staff"}, {}, "active", True, {}),
    ("Employment status, past", {"employmentStatus": "Past Staff"}, {}, "active", False, {}),
    ("Employment status, no job", {"employmentStatus": "No Job Records"}, {}, "active", False, {}),
    ("Employment status, upcoming", {"employmentStatus": "Upcoming Staff"}, {}, "active", False, {}),
    ("Employment status, returning", {"employmentStatus": "Returning Staff"}, {}, "active", False, {}),
    (
        "Employment status, upcoming by policy",
        {"employmentStatus": "Upcoming Staff"},
        {},
        "active",
        True,
        {"upcoming_staff": "active"},
    ),
    ("Status, current", {"employmentStatus": "Current Staff"}, {}, f"{HR}.employmentStatus", "Active", {}),
    ("Status, exiting", {"employmentStatus": "Exiting Staff"}, {}, f"{HR}.employmentStatus", "Active", {}),
    (
        "Status, upcoming",
        {"employmentStatus": "Upcoming Staff"},
        {},
        f"{HR}.employmentStatus",
        "Upcoming",
        {},
    ),
    ("Status, past", {"employmentStatus": "Past Staff"}, {}, f"{HR}.employmentStatus", "Terminated", {}),
    ("Status, no job", {"employmentStatus": "No Job Records"}, {}, f"{HR}.employmentStatus", "Inactive", {}),
    ("Status, on leave", {}, {"extendedLeave": {"type": "Parental"}}, f"{HR}.employmentStatus", "Leave", {}),
    ("First name", {"firstName": "Maya"}, {}, "name.givenName", "Maya", {}),
    ("Middle name", {"middleName": "Rose"}, {}, "name.middleName", "Rose", {}),
    ("Last name", {"lastName": "Okafor"}, {}, "name.familyName", "Okafor", {}),
    ("Preferred name", {"preferredName": "May"}, {}, "nickName", "May", {}),
    ("Display name", {"displayName": "Maya Okafor"}, {}, "displayName", "Maya Okafor", {}),
    ("Title", {"title": "Dr"}, {}, "name.honorificPrefix", "Dr", {}),
    (
        "Date of birth",
        {"dateOfBirth": "1990-02-03"},
        {},
        f"{HR}.dateOfBirth",
        "1990-02-03",
        {"include_date_of_birth": "yes"},
    ),
    ("Date of birth, off", {"dateOfBirth": "1990-02-03"}, {}, f"{HR}.dateOfBirth", None, {}),
    ("Gender", {"gender": "Female"}, {}, f"{HR}.gender", "Female", {"include_gender": "yes"}),
    ("Gender, off", {"gender": "Female"}, {}, f"{HR}.gender", None, {}),
    (
        "Personal e-mail",
        {"emailAddresses": [MAIL, HOME_MAIL]},
        {},
        "emails.home.value",
        "maya@example.org",
        {},
    ),
    ("Phone, personal", {"primaryPhoneNumber": PHONE}, {}, "phoneNumbers.mobile.value", "+61400000000", {}),
    (
        "Phone, of the office",
        {"primaryPhoneNumber": {**PHONE, "isPersonal": False}},
        {},
        "phoneNumbers.work.value",
        "+61400000000",
        {},
    ),
    *(
        (
            f"Home address, {member}",
            {"addresses": [OTHER_ADDRESS, ADDRESS]},
            {},
            f"addresses.home.{name}",
            value,
            {},
        )
        for member, name, value in (
            ("street", "streetAddress", "1 Example St"),
            ("suburb", "locality", "Milton"),
            ("state", "region", "QLD"),
            ("postcode", "postalCode", "4064"),
            ("country", "country", "Australia"),
        )
    ),
    ("Start date", {}, {"companyStartDate": "2026-04-01"}, f"{HR}.startDate", "2026-04-01", {}),
    ("End date", {}, {"companyEndDate": "2026-06-30"}, f"{HR}.terminationDate", "2026-06-30", {}),
    (
        "Job title",
        {},
        {"positionTitle": {"id": "p", "name": "Field Engineer", "code": "FE2"}},
        "title",
        "Field Engineer",
        {},
    ),
    (
        "Job code",
        {},
        {"positionTitle": {"id": "p", "name": "X", "code": "FE2"}},
        f"{HR}.positionCode",
        "FE2",
        {},
    ),
    (
        "Business unit",
        {},
        {"businessUnit": {"name": "Ops", "code": "O"}},
        f"{ENTERPRISE}.department",
        "Ops",
        {},
    ),
    (
        "Business unit's code",
        {},
        {"businessUnit": {"name": "Ops", "code": "O"}},
        f"{HR}.departmentCode",
        "O",
        {},
    ),
    (
        "Business entity",
        {},
        {"businessEntity": {"name": "Example Pty"}},
        f"{ENTERPRISE}.organization",
        "Example Pty",
        {},
    ),
    ("Location", {}, {"location": {"name": "Brisbane", "code": "BNE"}}, f"{HR}.locationName", "Brisbane", {}),
    (
        "Location's code",
        {},
        {"location": {"name": "Brisbane", "code": "BNE"}},
        f"{HR}.locationCode",
        "BNE",
        {},
    ),
    (
        "Location's address",
        {},
        {"location": {"address": "2 River St"}},
        "addresses.work.formatted",
        "2 River St",
        {},
    ),
    (
        "Employment type, full time",
        {},
        {"workType": "Permanent", "workClass": "Full-Time"},
        f"{HR}.employmentType",
        "FullTime",
        {},
    ),
    (
        "Employment type, part time",
        {},
        {"workType": "Permanent", "workClass": "Part-Time"},
        f"{HR}.employmentType",
        "PartTime",
        {},
    ),
    (
        "Employment type, fixed",
        {},
        {"workType": "Fixed Contract", "workClass": "Full-Time"},
        f"{HR}.employmentType",
        "Contractor",
        {},
    ),
    (
        "Employment type, casual",
        {},
        {"workType": "Temporary/Casual", "workClass": None},
        f"{HR}.employmentType",
        "Temporary",
        {},
    ),
    (
        "Employment type, unpaid",
        {},
        {"workType": "Unpaid", "workClass": None},
        f"{HR}.employmentType",
        "Other",
        {},
    ),
    ("FTE as a number", {}, {"fte": 0.8}, f"{HR}.fte", "0.8", {}),
    ("FTE as text", {}, {"fte": "0.80"}, f"{HR}.fte", "0.8", {}),
    ("FTE that is null", {}, {"fte": None}, f"{HR}.fte", None, {}),
    (
        "Cost centre of the person",
        {"customFields": COST_CENTRE},
        {},
        f"{ENTERPRISE}.costCenter",
        "CC-100",
        {},
    ),
    (
        "Cost centre of the job",
        {"customFields": {}},
        {"customFields": COST_CENTRE},
        f"{ENTERPRISE}.costCenter",
        "CC-100",
        {},
    ),
    (
        "Cost centre under another name",
        {"customFields": {"gl": {"name": "GL code", "value": 4711}}},
        {},
        f"{ENTERPRISE}.costCenter",
        "4711",
        {"cost_centre_field": "gl_code"},
    ),
)


#: Members that no two people share; the rows about them are asserted one by one.
_UNIQUE = {"employeeNumber", "autoIncrementIntellihrId", "primaryEmailAddress"}


def at(document: dict[str, Any] | None, path: str) -> Any:
    """Return what stands at a place: an extension's URN, or words; a typed entry by its type."""
    here: Any = document
    urn = next((urn for urn in (ENTERPRISE, HR) if path.startswith(urn)), None)
    words = [urn, *path.removeprefix(urn).strip(".").split(".")] if urn else path.split(".")
    for word in words:
        if isinstance(here, list):
            here = next((entry for entry in here if entry["type"] == word), None)
        else:
            here = (here or {}).get(word)
    return here


@pytest.fixture
def imported(account, add_intellihr, pull, tenant):
    """Give a function that imports one person and returns the document, and how many values were sealed."""

    def run(
        members: dict[str, Any], job: dict[str, Any], settings: dict[str, str]
    ) -> tuple[dict[str, Any], int]:
        ihr = account()
        ihr.simulator.add(members, job)
        ended = pull(add_intellihr(ihr, **settings))
        assert (ended.state, ended.counts.added) == ("finished", 1), ended.message
        with reading() as connection:
            [employee_id] = list(directory.iterate_ids(connection, tenant.id, None, 10))
            found = directory.get(connection, tenant.id, employee_id)
            sealed = connection.execute(
                select(SealedValue.__table__).where(SealedValue.__table__.c.tenant_id == tenant.id)
            ).all()
        assert found is not None
        return found.document, len(sealed)

    return run


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_field_table(imported, row):
    _, members, job, path, expected, settings = row
    document, sealed = imported(members, job, settings)
    assert at(document, path) == expected
    assert sealed == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_whole_field_table_in_one_import(account, add_intellihr, pull, tenant):
    ihr, expected, found = account(), {}, {}
    for title, members, job, path, value, settings in ROWS:
        if not settings:
            own = {name: each for name, each in members.items() if name not in _UNIQUE}
            mail = {**MAIL, "email": f"row.{len(expected)}@example.com"}
            ihr.simulator.add({"primaryEmailAddress": mail, **own}, job)
            expected[mail["email"]] = (title, path, None if set(members) & _UNIQUE else value)
    pull(add_intellihr(ihr))
    with reading() as connection:
        ids = directory.iterate_ids(connection, tenant.id, None, 1000)
        for employee in directory.get_many(connection, tenant.id, ids).values():
            found[employee.document["userName"]] = employee.document
    assert set(found) == set(expected)
    for mail, (title, path, value) in expected.items():
        assert value is None or at(found[mail], path) == value, title


def test_the_supervisor_of_the_job(account, add_intellihr, pull, tenant):
    ihr = account(2)
    pull(add_intellihr(ihr))
    boss, member = ihr.simulator.company.people.values()
    with reading() as connection:
        [found] = directory.ids_by_user_name(connection, tenant.id, member["primaryEmailAddress"]["email"])
        document = directory.get(connection, tenant.id, found).document
        [above] = directory.ids_by_user_name(connection, tenant.id, boss["primaryEmailAddress"]["email"])
    assert at(document, f"{ENTERPRISE}.manager.value") == above
    assert at(document, f"{HR}.managerSourceId") == boss["id"]
    assert document[HR]["sources"] == [{"system": "intellihr", "tenant": "ihr", "recordId": member["id"]}]
    assert at(document, f"{HR}.managerEmail") == boss["primaryEmailAddress"]["email"]


@pytest.mark.parametrize(("schedule", "amount"), [(SALARY, "72341"), (HOURLY, "41.5")])
def test_pay_is_sealed_when_it_is_switched_on_and_in_no_document(imported, schedule, amount):
    document, sealed = imported({}, {"remunerationSchedule": schedule}, PAID)
    assert sealed >= 1
    assert amount not in str(document)


def test_pay_that_is_not_switched_on_is_nowhere(imported):
    document, sealed = imported({}, {"remunerationSchedule": SALARY}, {})
    assert sealed == 0
    assert "72341" not in str(document)


def test_somebody_without_a_remuneration_schedule_has_no_pay(imported):
    _, sealed = imported({}, {"remunerationSchedule": {"type": "No Remuneration Schedule"}}, PAID)
    assert sealed == 0


CANARIES = {
    "gender": "CANARY-GENDER",
    "dateOfBirth": "1911-11-11",
    "medicalConditions": ["CANARY-MEDICAL"],
    "emergencyContact": {
        "name": "CANARY-CONTACT",
        "relationship": "x",
        "phone": "1",
        "email": "c@example.org",
    },
    "workRights": {"name": "CANARY-RIGHTS", "country": "Australia", "expirationDate": ""},
    "customFields": {"tfn": {"definitionId": "d9", "name": "Tax file number", "value": "CANARY-TFN"}},
}


def test_no_secret_value_leaves_the_adapter_unless_it_is_switched_on(account):
    ihr = account()
    pay = {**SALARY, "baseAnnualSalary": 98989898, "annualPackage": 98989898}
    ihr.simulator.add(CANARIES, {"remunerationSchedule": pay})
    pages = ihr.pages()
    text = str(pages)
    assert "CANARY" not in text
    assert "1911-11-11" not in text
    assert "98989898" not in text
    assert not {"gender", "date_of_birth", "salary_amount"} & set(pages[0].records[0].values)


def test_custom_fields_are_read_when_they_are_chosen(account):
    ihr = account()
    ihr.simulator.add({"customFields": {"shirt": {"name": "T-shirt size", "value": "M"}}})
    [record] = ihr.records(custom_fields="T-Shirt Size, unheard of")
    assert record.values["custom_T-Shirt Size"] == "M"
    assert "custom_unheard of" not in record.values
