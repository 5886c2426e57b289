"""What a look at a BambooHR account finds: each permission by name, with what is lost and where it is granted."""

from __future__ import annotations

import pytest

from app.vendors.bamboohr import records
from app.vendors.bamboohr.source import BambooHRSource


def found(bamboo, **choice):
    """The findings by name."""
    checks = BambooHRSource().check(bamboo.context(**choice))
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def failed(checks):
    return {name for name, check in checks.items() if not check.ok}


def test_a_good_key_is_told_with_every_field_and_without_personal_values(account):
    bamboo = account(people=24)
    checks = found(bamboo)
    assert failed(checks) == set()
    assert list(checks)[:3] == ["reach", "sign in", "people"]
    fields = {name for name in records.EMPLOYEE_FIELDS if name not in (*records.SWITCHED, "id")}
    assert {f"permission {name}" for name in fields} <= checks.keys()
    assert checks["people"].message.startswith("24 people, 22 of them active; the first: ")
    said = " ".join(check.message for check in checks.values())
    assert not any(row["lastName"] in said for row in bamboo.company.employees.values())


def test_a_wrong_key_is_one_finding_in_one_call(account):
    bamboo = account(people=3)
    checks = found(bamboo, secrets={"api_key": "wrong-key-canary"})
    assert failed(checks) == {"sign in"}
    assert "rollcall source set hr --secret api_key=-" in checks["sign in"].message
    assert "canary" not in checks["sign in"].message
    assert len(bamboo.paths()) == 1


def test_no_key_yet_calls_nobody(account):
    bamboo = account()
    assert failed(found(bamboo, secrets={})) == {"sign in"}
    assert bamboo.paths() == []


@pytest.mark.parametrize("faults", ["503", "drop", "404:path=changed"])
def test_an_account_that_is_not_there_is_told_as_not_reached(account, faults):
    assert failed(found(account(people=1, faults=faults))) == {"reach"}


def test_an_address_that_nobody_listens_on_is_not_reached(account):
    assert failed(found(account(), base_url="http://127.0.0.1:1/api/v1")) == {"reach"}


def test_every_missing_field_is_named_with_what_is_lost(account):
    checks = found(account(people=5, faults="no-permission:fields=homePhone+workEmail+status"))
    assert failed(checks) == {"permission homePhone", "permission workEmail", "permission status"}
    assert not checks["permission homePhone"].needed
    assert checks["permission workEmail"].needed
    assert "Settings > Access Levels" in checks["permission homePhone"].message
    assert "nobody who leaves is suspended" in checks["permission status"].message


def test_further_fields_are_checked_too(account):
    bamboo = account(people=2)
    bamboo.company.change("100", {"customTeam": "Blue"})
    checks = found(bamboo, extra_fields="customTeam,customGone")
    assert checks["permission customTeam"].ok
    assert failed(checks) == {"permission customGone"}


def test_a_field_counts_as_readable_when_one_of_the_first_people_has_it(account):
    bamboo = account(people=3)
    del bamboo.company.employees["100"]["homePhone"]
    assert failed(found(bamboo)) == set()


@pytest.mark.parametrize(
    ("faults", "settings", "words"),
    [
        ("no-ats", {}, "work addresses stay unknown"),
        ("", {"locations": "hris"}, "OAuth only"),
        ("500:path=applicant_tracking", {}, "status 500|500"),
    ],
)
def test_locations_that_cannot_be_read_are_a_note_that_does_not_stop_anything(
    account, faults, settings, words
):
    checks = found(account(people=2, faults=faults), **settings)
    assert failed(checks) == {"permission locations"}
    assert not checks["permission locations"].needed


def test_a_key_without_webhooks_is_a_note(account):
    checks = found(account(people=2, faults="no-webhooks"))
    assert failed(checks) == {"permission webhooks"}
    assert not checks["permission webhooks"].needed


def test_a_key_that_may_list_nobody_or_view_nobody_is_told(account):
    assert failed(found(account(people=2, faults="403:path=changed"))) == {"permission employees"}
    assert failed(found(account(people=2, faults="hidden"))) == {"permission employees"}


@pytest.mark.parametrize("faults", ["", "private-directory"])
def test_an_empty_account_and_a_directory_that_is_not_shared_are_no_failures(account, faults):
    bamboo = account(faults=faults)
    assert failed(found(bamboo)) == set()
    bamboo.company.add()
    checks = found(bamboo)
    assert failed(checks) == set()
    assert checks["people"].message.startswith("1 people")


def test_a_failure_behind_the_first_findings_keeps_those(account):
    checks = found(account(people=2, faults="500:path=directory"))
    assert failed(checks) == {"read"}
    assert checks["sign in"].ok
