"""BambooHR employees imported with the bundled mapping: the guide's table row by row, and what people live through."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from app.database import reading
from app.directory.tables import SealedValue
from app.vendors.bamboohr.simulator import DEFAULT_KEY
from scim.resources import ENTERPRISE, HR
from tests.sources.reports import counted, error_lines, problems

MAYA = {
    "firstName": "Maya",
    "middleName": "A",
    "lastName": "Okafor",
    "preferredName": "May",
    "status": "Active",
    "employeeNumber": "1001",
    "workEmail": "maya.okafor@example.com",
    "jobTitle": "Field Engineer",
    "division": "North",
    "department": "Operations",
    "location": "Dayton HQ",
    "workPhone": "555-0101",
    "workPhoneExtension": "12",
    "mobilePhone": "555-0102",
    "homePhone": "555-0103",
    "address1": "12 Larch Road",
    "address2": "Apt 3",
    "city": "Springfield",
    "state": "Ohio",
    "stateCode": "OH",
    "zipcode": "45501",
    "country": "United States",
    "hireDate": "2026-04-01",
    "terminationDate": "0000-00-00",
    "supervisorEId": "100",
    "supervisorEmail": "lee.ortiz@example.com",
}
DAYTON = {
    "address1": "1 Main St",
    "address2": "Floor 2",
    "city": "Dayton",
    "state": {"id": "36", "name": "Ohio", "abbreviation": "OH"},
    "zipcode": "45402",
    "country": {"id": "1", "name": "United States", "isoCode": "US"},
}


def with_maya(account, faults="", **members):
    """An account with Maya and the place where she works."""
    bamboo = account(faults=faults)
    bamboo.company.add_location("Dayton HQ", **DAYTON)
    bamboo.company.add({**MAYA, **members})
    return bamboo


def entry(document, attribute, kind):
    return next(each for each in document[attribute] if each["type"] == kind)


#: vendors.md §7.2: the row of the guide → where the value of MAYA is found.
TABLE = {
    "First Name": (lambda d: d["name"]["givenName"], "Maya"),
    "Last Name": (lambda d: d["name"]["familyName"], "Okafor"),
    "Status": (lambda d: (d["active"], d[HR]["employmentStatus"]), (True, "Active")),
    "Work Email": (lambda d: entry(d, "emails", "work")["value"], "maya.okafor@example.com"),
    "Work Email local part": (lambda d: d["userName"], "maya.okafor"),
    "Preferred Name or First + Last": (lambda d: d["displayName"], "May Okafor"),
    "Preferred Name": (lambda d: d["nickName"], "May"),
    "Middle Name": (lambda d: d["name"]["middleName"], "A"),
    "Employee #": (lambda d: d[ENTERPRISE]["employeeNumber"], "1001"),
    "Job Title": (lambda d: d["title"], "Field Engineer"),
    "Division": (lambda d: d[ENTERPRISE]["division"], "North"),
    "Department": (lambda d: d[ENTERPRISE]["department"], "Operations"),
    "Location": (lambda d: d[HR]["locationName"], "Dayton HQ"),
    "Location Country": (lambda d: entry(d, "addresses", "work")["country"], "United States"),
    "Location Street 1 & 2": (lambda d: entry(d, "addresses", "work")["streetAddress"], "1 Main St, Floor 2"),
    "Location City": (lambda d: entry(d, "addresses", "work")["locality"], "Dayton"),
    "Location State": (lambda d: entry(d, "addresses", "work")["region"], "Ohio"),
    "Location ZIP": (lambda d: entry(d, "addresses", "work")["postalCode"], "45402"),
    "Work Phone & Ext": (lambda d: entry(d, "phoneNumbers", "work")["value"], "555-0101;ext=12"),
    "Home Phone": (lambda d: entry(d, "phoneNumbers", "home")["value"], "555-0103"),
    "Mobile Phone": (lambda d: entry(d, "phoneNumbers", "mobile")["value"], "555-0102"),
    "Address Street 1 & 2": (
        lambda d: entry(d, "addresses", "home")["streetAddress"],
        "12 Larch Road, Apt 3",
    ),
    "Address City": (lambda d: entry(d, "addresses", "home")["locality"], "Springfield"),
    "Address State": (lambda d: entry(d, "addresses", "home")["region"], "Ohio"),
    "Address ZIP": (lambda d: entry(d, "addresses", "home")["postalCode"], "45501"),
    "Address Country": (lambda d: entry(d, "addresses", "home")["country"], "United States"),
    "Hire Date": (lambda d: d[HR]["startDate"], "2026-04-01"),
    "(id)": (lambda d: d[HR]["sources"][0]["recordId"].isdigit(), True),
    "Supervisor (id)": (lambda d: d[HR]["managerSourceId"], "100"),
    "Supervisor (e-mail)": (lambda d: d[HR]["managerEmail"], "lee.ortiz@example.com"),
}


@pytest.mark.parametrize("way", ["each", "report"])
def test_every_row_of_the_guides_table_reaches_the_directory(account, add_bamboohr, pull, people, way):
    assert counted(pull(add_bamboohr(with_maya(account), read_everyone=way))) == {"added": 1, "total": 1}
    [maya] = people().values()
    assert {row: read(maya) for row, (read, _) in TABLE.items()} == {
        row: value for row, (_, value) in TABLE.items()
    }
    assert "terminationDate" not in maya[HR]


#: An edit of one field → the rows of the guide that it changes, with their new values.
EDITS = {
    "firstName": ("Maia", {"First Name": "Maia"}),
    "lastName": ("Obi", {"Last Name": "Obi", "Preferred Name or First + Last": "May Obi"}),
    "middleName": ("B", {"Middle Name": "B"}),
    "preferredName": ("Mae", {"Preferred Name": "Mae", "Preferred Name or First + Last": "Mae Obi"}),
    "status": ("Inactive", {"Status": (False, "Inactive")}),
    "workEmail": ("maya.obi@example.com", {"Work Email": "maya.obi@example.com"}),
    "employeeNumber": ("2002", {"Employee #": "2002"}),
    "jobTitle": ("Lead", {"Job Title": "Lead"}),
    "division": ("South", {"Division": "South"}),
    "department": ("Finance", {"Department": "Finance"}),
    "workPhone": ("555-0201", {"Work Phone & Ext": "555-0201;ext=12"}),
    "workPhoneExtension": ("34", {"Work Phone & Ext": "555-0201;ext=34"}),
    "homePhone": ("555-0203", {"Home Phone": "555-0203"}),
    "mobilePhone": ("555-0202", {"Mobile Phone": "555-0202"}),
    "address1": ("9 Elm Road", {"Address Street 1 & 2": "9 Elm Road, Apt 3"}),
    "address2": ("Apt 4", {"Address Street 1 & 2": "9 Elm Road, Apt 4"}),
    "city": ("Akron", {"Address City": "Akron"}),
    "state": ("Oregon", {"Address State": "Oregon"}),
    "zipcode": ("97201", {"Address ZIP": "97201"}),
    "country": ("Canada", {"Address Country": "Canada"}),
    "hireDate": ("2026-05-01", {"Hire Date": "2026-05-01"}),
    "supervisorEId": ("101", {"Supervisor (id)": "101"}),
    "supervisorEmail": ("kim@example.com", {"Supervisor (e-mail)": "kim@example.com"}),
    "location": (
        "Zürich",
        {
            "Location": "Zürich",
            "Location Country": "Switzerland",
            "Location Street 1 & 2": "2 Seeweg",
            "Location City": "Zürich",
            "Location State": "ZH",
            "Location ZIP": "8001",
        },
    ),
}


def test_an_edit_of_each_field_changes_its_rows_and_no_others(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    zurich = {
        "address1": "2 Seeweg",
        "city": "Zürich",
        "state": "ZH",
        "zipcode": "8001",
        "country": "Switzerland",
    }
    bamboo.company.add_location("Zürich", **zurich)
    source = add_bamboohr(bamboo)
    pull(source)
    expected = {row: value for row, (_, value) in TABLE.items()}
    for name, (value, rows) in EDITS.items():
        bamboo.company.change("100", {name: value})
        assert counted(pull(source)) == {"updated": 1, "total": 1}, name
        expected |= rows
        [maya] = people().values()
        assert {row: read(maya) for row, (read, _) in TABLE.items()} == expected, name


@pytest.mark.parametrize(
    ("members", "row", "expected"),
    [
        ({"preferredName": None}, "Preferred Name or First + Last", "Maya Okafor"),
        ({"preferredName": "", "firstName": None}, "Preferred Name or First + Last", "Okafor"),
        ({"workPhoneExtension": ""}, "Work Phone & Ext", "555-0101"),
        ({"address2": None}, "Address Street 1 & 2", "12 Larch Road"),
        ({"status": "Inactive"}, "Status", (False, "Inactive")),
        ({"terminationDate": "2026-09-30"}, "Status", (True, "Active")),
    ],
)
def test_rows_with_a_part_that_is_empty(account, add_bamboohr, pull, people, members, row, expected):
    pull(add_bamboohr(with_maya(account, **members)))
    [maya] = people().values()
    assert TABLE[row][0](maya) == expected


def test_everybody_comes_once_and_a_second_import_changes_nobody(account, add_bamboohr, pull):
    source = add_bamboohr(account(people=60))
    assert counted(pull(source)) == {"added": 60, "total": 60}
    again = pull(source)
    assert (again.counts.added, again.counts.updated, again.counts.deleted, again.counts.errored) == (
        0,
        0,
        0,
        0,
    )


def test_a_leaver_is_inactive_and_a_rehire_is_the_same_person_again(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.company.terminate("100", on="2026-09-30")
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    [maya] = people().values()
    assert (maya["active"], maya[HR]["terminationDate"], maya[HR]["employmentStatus"]) == (
        False,
        "2026-09-30",
        "Inactive",
    )
    bamboo.company.rehire("100", on="2026-11-01")
    pull(source)
    [maya] = people().values()
    assert (maya["active"], maya[HR]["startDate"], "terminationDate" in maya[HR]) == (
        True,
        "2026-11-01",
        False,
    )


def test_a_deleted_employee_counts_as_deleted_once_and_the_person_stays(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.company.delete("100")
    assert counted(pull(source)) == {"deleted": 1, "total": 1}
    assert [document["active"] for document in people().values()] == [True]
    assert pull(source).counts.deleted == 0


def test_a_permission_that_is_taken_away_clears_nothing(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.simulator.plan_faults("no-ats;no-permission:fields=homePhone+department+preferredName")
    bamboo.company.change("100", {"jobTitle": "Lead"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    [maya] = people().values()
    kept = ("Home Phone", "Department", "Preferred Name", "Location City", "Location Street 1 & 2")
    assert {row: TABLE[row][0](maya) for row in kept} == {row: TABLE[row][1] for row in kept}


def test_a_value_that_is_emptied_is_emptied_and_the_username_stays(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.company.change("100", {"department": "", "homePhone": None, "workEmail": "m.okafor@example.com"})
    pull(source)
    maya = people()["maya.okafor"]
    assert "department" not in maya[ENTERPRISE]
    assert {each["type"] for each in maya["phoneNumbers"]} == {"work", "mobile"}
    assert entry(maya, "emails", "work")["value"] == "m.okafor@example.com"


def test_a_move_to_a_place_without_an_address_empties_the_work_address(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.company.change("100", {"location": "Remote"})
    pull(source)
    [maya] = people().values()
    assert [each["type"] for each in maya["addresses"]] == ["home"]
    assert maya[HR]["locationName"] == "Remote"


def test_a_new_status_is_a_warning_and_puts_nobody_out(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    bamboo.simulator.plan_faults("new-status:value=On Leave")
    run = pull(source)
    assert counted(run) == {"updated": 1, "total": 1}
    told = [(each.code, each.severity) for each in problems(run)]
    assert told == [("unknown_value", "warning"), ("manager_unknown", "warning")]
    [maya] = people().values()
    assert (maya["active"], maya[HR]["employmentStatus"]) == (True, "On Leave")


def test_an_employee_that_is_hidden_from_the_key_is_one_errored_row(account, add_bamboohr, pull):
    run = pull(add_bamboohr(account(people=5, faults="hidden:ids=102")))
    assert counted(run) == {"added": 4, "errored": 1, "total": 5}
    assert [code for _, _, code in error_lines(run)] == ["record_refused"]


def test_a_vanished_work_email_fails_the_run_and_changes_nobody(account, add_bamboohr, pull, people):
    bamboo = with_maya(account)
    source = add_bamboohr(bamboo)
    pull(source)
    before = people()
    bamboo.simulator.plan_faults("missing-member:name=workEmail")
    run = pull(source)
    assert (run.state, counted(run)) == ("failed", {"total": 0})
    assert "workEmail" in run.message
    assert people() == before


def test_a_read_that_breaks_off_suspends_nobody_and_the_next_one_does(account, add_bamboohr, pull, people):
    bamboo = account(people=60)
    source = add_bamboohr(bamboo)
    pull(source)
    leaving = [row["id"] for row in bamboo.company.employees.values() if row["status"] == "Active"][:3]
    for employee_id in leaving:
        bamboo.company.terminate(employee_id)
    bamboo.simulator.plan_faults(f"500:path=employees/{leaving[2]}")
    run = pull(source)
    assert run.state == "failed"
    assert sum(document["active"] for document in people().values()) == 55
    bamboo.simulator.plan_faults("")
    pull(source)
    assert sum(document["active"] for document in people().values()) == 52


def test_secret_values_are_nowhere_and_the_key_is_in_no_message(account, add_bamboohr, pull, people):
    bamboo = account(people=6)
    source = add_bamboohr(bamboo)
    pull(source)
    assert not any(word in json.dumps(people()) for word in ("900-55-", " USD", "Female", "1970-"))
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == 0
    bamboo.simulator.plan_faults("500")
    run = pull(source)
    assert DEFAULT_KEY not in f"{run.message}{json.dumps(bamboo.paths())}"


def test_gender_and_date_of_birth_are_kept_when_they_are_switched_on(account, add_bamboohr, pull, people):
    bamboo = with_maya(account, gender="Female", dateOfBirth="1990-02-03")
    pull(add_bamboohr(bamboo, include_gender="yes", include_date_of_birth="yes"))
    [maya] = people().values()
    assert (maya[HR]["gender"], maya[HR]["dateOfBirth"]) == ("Female", "1990-02-03")
