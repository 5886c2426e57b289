"""What a look at a customer of iCIMS finds, named one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.vendors.icims.source import ICIMSSource
from tests.vendors.icims.conftest import OWN_FIELDS


def findings(context):
    return {finding.name: finding for finding in ICIMSSource().check(context)}


def failed(context):
    return {name: finding for name, finding in findings(context).items() if not finding.ok}


def test_a_customer_that_shows_all_passes_every_check(account):
    found = findings(account(people=30).context())
    assert list(found)[:4] == ["reach", "sign in", "people", "permission schema"]
    assert all(finding.ok for finding in found.values())
    assert found["people"].message.startswith("30 people are in the folders of employees; the first: ")


def test_no_value_of_a_person_but_initials_is_told(account):
    icims = account(people=3)
    told = str(findings(icims.context()))
    for row in icims.simulator.company.people.values():
        for name in ("email", "usssn", "birthdate", "lastname"):
            assert row[name] not in told


def test_a_server_that_is_not_there_is_not_reached(account):
    found = findings(account().context(token_url="http://127.0.0.1:9/oauth/token"))
    assert not found["reach"].ok and "token_url" in found["reach"].message
    assert not found["sign in"].ok


def test_a_bad_secret_is_reached_and_not_signed_in(account):
    found = findings(account().context(secret="wrong-canary"))
    assert found["reach"].ok and not found["sign in"].ok
    assert "--secret client_secret=-" in found["sign in"].message
    assert "wrong-canary" not in str(found)


def test_missing_credentials_are_named(account):
    [finding] = findings(replace(account().context(), secrets={"client_id": "x"})).values()
    assert (finding.name, finding.ok) == ("sign in", False)
    assert "client_secret" in finding.message and "source set icims" in finding.message


@pytest.mark.parametrize(
    ("denied", "name"),
    [("people", "people"), ("applicantworkflows", "permission workflows"), ("jobs", "permission jobs")],
)
def test_a_missing_right_is_named_with_what_is_lost(account, denied, name):
    found = failed(account(people=3, faults=f"deny:kinds={denied}").context())
    assert list(found) == [name]
    assert found[name].needed
    assert "Integration User" in found[name].message


def test_rights_that_nothing_is_read_with_are_not_looked_at(account):
    icims = account(people=3, faults="deny:kinds=jobs+applicantworkflows")
    places = {"field_hiring_manager": "none", "field_home_department": "none", "field_location_code": "none"}
    assert failed(icims.context(**places)) == {}


def test_a_schema_that_cannot_be_read_keeps_nobody_from_publishing(account):
    found = failed(account(people=3, faults="deny:kinds=schema").context())
    assert list(found) == ["permission schema"]
    assert not found["permission schema"].needed


@pytest.mark.parametrize("name", ["job_code", "hire_date", "birthdate", "hiring_manager"])
def test_a_field_that_this_customer_does_not_have_is_named(account, name):
    found = failed(account(people=3).context(**{f"field_{name}": "field99999"}))
    assert list(found) == [f"field {name}"]
    assert "no field field99999" in found[f"field {name}"].message
    assert f"--set field_{name}=" in found[f"field {name}"].message
    assert not found[f"field {name}"].needed


def test_a_field_that_a_right_hides_is_named(account):
    found = failed(account(people=3, faults="hide:names=usssn+birthdate").context())
    assert list(found) == ["field usssn", "field birthdate"]


def test_a_field_that_is_not_set_is_told_and_proposed_where_its_name_or_title_says_it(account):
    icims = account(people=3, faults="schema-titles")
    found = findings(icims.context(**dict.fromkeys(OWN_FIELDS, "none")))
    for setting, place in OWN_FIELDS.items():
        finding = found[setting.replace("field_", "field ", 1)]
        assert finding.ok and not finding.needed
        assert f"Perhaps it is {place}" in finding.message
        assert f"--set {setting}=" in finding.message
    own = findings(account(people=3).context(field_job_code="none"))["field job_code"].message
    assert "field50001" in own and "--set field_job_code=" in own


def test_folders_in_which_nobody_is_are_named(account):
    found = failed(account(people=3).context(folders="D77777"))
    assert "D77777" in found["people"].message and "--set folders=" in found["people"].message


def test_a_budget_that_is_used_up_is_told(account):
    found = failed(account(people=3, faults="limit:calls=0,reset=50000").context())
    assert "used up" in found["people"].message
