"""The connection check of JazzHR: one named finding for each thing that can be wrong."""

from __future__ import annotations

import pytest

from app.sources.records import Check
from app.vendors.jazzhr.source import JazzHRSource


def found(context) -> dict[str, Check]:
    return {check.name: check for check in JazzHRSource().check(context)}


def test_a_good_key_passes_every_check_and_tells_how_many_hires_there_are(account):
    checks = found(account(people=3).context())
    assert list(checks) == [
        *("reach", "sign in", "permission hires", "permission applicants", "permission jobs", "people")
    ]
    assert all(check.ok for check in checks.values())
    assert checks["people"].message.startswith("3 hires on the first page; the first: ")


def test_nobody_is_named(account):
    jazz = account(people=3)
    said = " ".join(check.message for check in JazzHRSource().check(jazz.context()))
    for applicant in jazz.simulator.company.applicants.values():
        assert applicant["last_name"] not in said
        assert applicant["email"] not in said


def test_a_wrong_key_is_one_finding_that_says_where_it_is_mended(account):
    checks = found(account(people=3).context(key="wrong-key-canary"))
    assert {name: check.ok for name, check in checks.items()} == {"reach": True, "sign in": False}
    assert "rollcall source set jazz --secret api_key=-" in checks["sign in"].message
    assert "wrong-key-canary" not in checks["sign in"].message


def test_a_look_is_not_held_by_a_long_wait_that_jazzhr_asks_for(account):
    checks = found(account(people=3, faults="no-limit;503:retry_after=3600").context())
    assert [(name, check.ok) for name, check in checks.items()] == [("reach", False)]
    assert "JazzHR asks to be called again only in 60 minutes" in checks["reach"].message


@pytest.mark.parametrize("resource", ["hires", "applicants", "jobs"])
def test_a_resource_that_the_key_may_not_read_is_told_by_name_with_what_is_lost(account, resource):
    jazz = account(people=3, faults=f"no-limit;403:path=/{resource}/page")
    checks = found(jazz.context())
    failed = [name for name, check in checks.items() if not check.ok]
    assert failed == [f"permission {resource}"]
    assert checks[failed[0]].needed
    assert f"{resource} cannot be read: " in checks[failed[0]].message


def test_an_account_that_does_not_answer_is_out_of_reach(account):
    jazz = account(people=3, faults="503")
    assert [(check.name, check.ok) for check in JazzHRSource().check(jazz.context())] == [("reach", False)]


def test_an_account_without_hires_is_fine(account):
    checks = found(account().context())
    assert (checks["people"].ok, checks["people"].message) == (True, "Nobody is hired yet.")
