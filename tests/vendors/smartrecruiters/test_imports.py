"""Imports with the default mapping: the field table of vendors.md §7.3 row by row, then changes, faults and leavers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app import directory
from app.access.encryption import unseal
from app.database import reading, writing
from app.directory.tables import SealedValue
from app.sources import catalog
from app.sources.adapter import SourceContext
from app.sources.mapping_text import compile_mapping
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY
from app.vendors.smartrecruiters.source import SmartRecruitersSource
from scim.resources import ENTERPRISE, HR
from tests.sources.reports import counted, error_lines, problems
from tests.vendors.smartrecruiters.hiring import MAYA, hired

MAYA_KEY = "maya.okafor@example.org"


def at(document: dict[str, Any], *place: str) -> Any:
    """Return what stands at a place; ``home`` and the like choose the entry of that type."""
    for name in place:
        if isinstance(document, list):
            document = next((each for each in document if each["type"] == name), {})
        else:
            document = document.get(name, {})
    return document


#: The rows of vendors.md §7.3: candidate field, place in the employee, what Maya's hire makes of it.
ROWS: tuple[tuple[str, tuple[str, ...], Any], ...] = (
    ("First name", ("name", "givenName"), "Maya"),
    ("Last name", ("name", "familyName"), "Okafor"),
    ("E-mail", ("emails", "home", "value"), MAYA_KEY),
    ("Phone", ("phoneNumbers", "mobile", "value"), "+1 555 0100"),
    ("Location: city", ("addresses", "home", "locality"), "Springfield"),
    ("Location: region", ("addresses", "home", "region"), "Ohio"),
    ("Location: country", ("addresses", "home", "country"), "US"),
    ("LinkedIn", ("profileUrl",), "https://example.invalid/in/maya"),
    ("Internal", ("userType",), "External candidate"),
    ("Application status", (HR, "applicationStatus"), "HIRED"),
    ("Start date", (HR, "startDate"), "2026-04-01"),
    ("Onboarding status", (HR, "onboardingStatus"), "READY_TO_ONBOARD"),
    ("Job title", ("title",), "Field Engineer"),
    ("Job ref", (HR, "positionCode"), "REF77"),
    ("Department", (ENTERPRISE, "department"), "Operations"),
    ("Department code", (HR, "departmentCode"), "10"),
    ("Job location: street", ("addresses", "work", "streetAddress"), "1 Main St"),
    ("Job location: city", ("addresses", "work", "locality"), "Dayton"),
    ("Job location: region", ("addresses", "work", "region"), "Ohio"),
    ("Job location: postal code", ("addresses", "work", "postalCode"), "45402"),
    ("Job location: country", ("addresses", "work", "country"), "US"),
    ("Job location: name", (HR, "locationName"), "Dayton, Ohio, US"),
    ("Employment type", (HR, "employmentType"), "Full-time"),
    ("Hiring manager", (HR, "managerEmail"), "nadia.becker@example.com"),
    ("Tags", (HR, "tags"), ["referral", "night shift"]),
    ("Hired: active", ("active",), True),
    ("Hired: employed", (HR, "employmentStatus"), "Active"),
)


@pytest.fixture
def maya(company, add_smart, pull, people):
    """Give the document of an imported hire."""
    account = company()
    hired(account)
    assert counted(pull(add_smart(account))) == {"added": 1, "total": 1}
    return people()[MAYA_KEY]


@pytest.mark.parametrize(
    ("place", "value"), [pytest.param(place, value, id=name) for name, place, value in ROWS]
)
def test_a_row_of_the_field_table_arrives(maya, place, value):
    assert at(maya, *place) == value


def test_the_candidate_and_the_source_of_the_application_are_told_as_the_source_s_own(maya):
    [entry] = maya[HR]["sources"]
    told = {"system": "smartrecruiters", "tenant": "smart", "channel": "Careers page"}
    assert entry == {**told, "recordId": entry["recordId"]}
    assert len(entry["recordId"]) == 36


def test_an_internal_candidate_is_told_as_one(company, add_smart, pull, people):
    account = company()
    hired(account, {**MAYA, "internal": True})
    pull(add_smart(account))
    assert people()[MAYA_KEY]["userType"] == "Internal candidate"


def test_the_offers_first_day_stands_in_for_the_start_date(company, add_smart, pull, people):
    account = company()
    hired(account, starts_on="")
    pull(add_smart(account, offer_start_date="salary.start.date"))
    assert people()[MAYA_KEY][HR]["startDate"] == "2026-05-01"


def sealed() -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(SealedValue.__table__)))


@pytest.mark.parametrize(("given", "count"), [({}, 0), ({"include_salary": "yes"}, 1)])
def test_the_salary_is_sealed_when_it_is_switched_on_and_else_stays_outside(
    company, add_smart, pull, people, given, count
):
    account = company()
    hired(account)
    pull(add_smart(account, offer_salary="salary.base", **given))
    found = sealed()
    assert len(found) == count
    for row in found:
        opened = json.loads(
            unseal(row.tenant_id, f"employee_secret/{row.resource_id}/{row.path}", row.sealed)
        )
        assert opened == {"amount": 72341, "currency": "USD"}
    assert "72341" not in json.dumps(people())
    assert "salary" not in people()[MAYA_KEY][HR]


def test_a_mapping_of_ones_own_may_name_any_offer_property(company, add_smart, pull, people):
    account = company()
    hired(account)
    mapping = """
[record]
key = "candidate_id"
[fields]
"name.familyName" = "last_name"
"emails[home].value" = "email"
"nickName" = "offer.laptop"
"""
    pull(add_smart(account, mapping=mapping, offer_fields="laptop"))
    assert people()[MAYA_KEY]["nickName"] == "14 inch"


def test_the_mapping_in_the_page_for_admins_is_one():
    page = Path("docs/sources/smartrecruiters.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```toml\n(.*?)```", page, re.S)
    context = SourceContext("smart", {"offer_start_date": "salary.start.date", "offer_fields": "laptop"})
    fields = [field.name for field in SmartRecruitersSource().record_fields(context)]
    assert compile_mapping(text, fields).key == ("candidate_id",)


# --- a life -------------------------------------------------------------------------------------------------


def test_everybody_comes_once_and_the_second_import_finds_nothing_new(company, add_smart, pull):
    account = company(people=40)
    source = add_smart(account)
    assert counted(pull(source)) == {"added": 40, "total": 40}
    assert counted(pull(source)) == {"total": 0}


def test_what_changed_is_updated_by_the_next_import(company, add_smart, pull, people):
    account = company(people=5)
    candidate = hired(account)
    source = add_smart(account)
    pull(source)
    account.simulator.change(candidate, {"phoneNumber": "+1 555 0199"})
    assert counted(pull(source)) == {"updated": 1, "total": 1}
    assert at(people()[MAYA_KEY], "phoneNumbers", "mobile", "value") == "+1 555 0199"


def test_the_watermark_stays_where_it_was_when_an_import_breaks_off(company, add_smart, pull):
    account = company(people=5)
    source = add_smart(account)
    pull(source)
    with reading() as connection:
        before = catalog.named(connection, source.tenant_id, source.name).watermark
    account.simulator.change(next(iter(account.company.candidates)), {"phoneNumber": "1"})
    account.simulator.plan_faults("no-limit;500:path=/jobs/")
    assert pull(source).state == "failed"
    with reading() as connection:
        assert catalog.named(connection, source.tenant_id, source.name).watermark == before
    account.simulator.plan_faults("no-limit")
    assert pull(source).counts.updated == 1


def test_who_is_deleted_there_stays_as_they_are(company, add_smart, pull, people):
    account = company(people=3)
    candidate = hired(account)
    source = add_smart(account)
    pull(source)
    account.simulator.change(candidate, {})
    account.simulator.plan_faults(f"no-limit;404:path=/candidates/{candidate}")
    assert counted(pull(source)) == {"deleted": 1, "total": 1}
    assert people()[MAYA_KEY]["active"] is True


def test_an_old_hire_does_not_let_a_leaver_in_again(company, add_smart, pull, people):
    account = company()
    candidate = hired(account)
    source = add_smart(account)
    pull(source)
    _leaves(source.tenant_id, people()[MAYA_KEY]["userName"])
    account.simulator.change(candidate, {"phoneNumber": "+1 555 0199"})
    pull(source)
    assert people()[MAYA_KEY]["active"] is False


def _leaves(tenant_id: int, user_name: str) -> None:
    with writing() as connection:
        [employee] = directory.ids_by_user_name(connection, tenant_id, user_name)
        directory.merge(connection, tenant_id, employee, directory.Actor("client", "idp"), {"active": False})


@pytest.mark.parametrize(
    "faults", ["500:every=7", "drop:every=9", "429:every=6", "html:every=13", "next-by-link", "extra-member"]
)
def test_passing_faults_cost_nobody(company, add_smart, pull, faults):
    assert counted(pull(add_smart(company(people=26, faults=faults)))) == {"added": 26, "total": 26}


def test_a_permission_that_is_taken_away_clears_nothing(company, add_smart, pull, people):
    account = company()
    candidate = hired(account)
    source = add_smart(account)
    pull(source)
    account.simulator.plan_faults("no-limit;missing-scope:name=jobs_read+users_read+candidates_offers_read")
    account.simulator.change(candidate, {"phoneNumber": "+1 555 0199"})
    pull(source)
    maya = people()[MAYA_KEY]
    assert (maya["title"], maya[HR]["managerEmail"]) == ("Field Engineer", "nadia.becker@example.com")
    assert at(maya, "phoneNumbers", "mobile", "value") == "+1 555 0199"


def test_a_value_that_does_not_fit_is_a_warning(company, add_smart, pull):
    account = company()
    hired(account, {**MAYA, "email": "no address"})
    run = pull(add_smart(account))
    assert run.counts.added == 1
    assert "invalid_email" in {problem.code for problem in problems(run)}


def test_a_candidate_that_may_not_be_seen_is_one_errored_row(company, add_smart, pull):
    account = company(people=3)
    candidate = next(iter(account.company.candidates))
    account.simulator.plan_faults(f"no-limit;403:path=/candidates/{candidate}")
    run = pull(add_smart(account))
    assert counted(run) == {"added": 2, "errored": 1, "total": 3}
    # Who hired them is nobody whom SmartRecruiters has hired.
    assert {code for _, _, code in error_lines(run)} == {"record_not_found", "manager_unknown"}


def test_the_onboarding_status_is_written_back(company, add_smart, pull):
    account = company(people=3)
    pull(add_smart(account, write_onboarding_status="yes"))
    held = {
        each["onboarding"] for row in account.company.candidates.values() for each in row["_applications"]
    }
    assert held <= {"ONBOARDING_SUCCESSFUL", None}


def test_the_key_stands_in_no_message_and_no_log(company, add_smart, pull, caplog):
    account = company(people=2)
    source = add_smart(account)
    account.simulator.regenerate_key("another")
    run = pull(source)
    assert run.state == "failed"
    assert "--secret api_key=-" in (run.message or "")
    assert DEFAULT_KEY not in (run.message or "") + caplog.text
