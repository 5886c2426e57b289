"""The check of a connection: each permission of the guide as granted, missing, not needed or not to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.vendors.smartrecruiters import permissions
from app.vendors.smartrecruiters.simulator import CLIENT_ID, DEFAULT_KEY
from app.vendors.smartrecruiters.simulator.scopes import SCOPES
from app.vendors.smartrecruiters.source import SmartRecruitersSource

SOURCE = SmartRecruitersSource()
#: The guide's list (seed 3), in its order.
GUIDE = (
    *("candidates_read", "candidates_create", "candidates_offers_read"),
    *("candidates_manage", "candidate_status_read", "job_applications_read"),
    *("configuration_read", "configuration_manage", "jobs_read"),
    *("users_read", "user_me_read", "messages_read"),
    *("messages_manage", "interview_types_read", "interview_types_write"),
    *("interviews_write", "interviews_read", "reviews_read"),
    *("reviews_write", "approvals_read"),
)
USED = [scope.name for scope in permissions.SCOPES if scope.place and scope.lost]
UNUSED = [scope.name for scope in permissions.SCOPES if scope.place and not scope.lost]
WRITING = [scope.name for scope in permissions.SCOPES if scope.place is None]


def found(account, **choice):
    return {check.name: check for check in SOURCE.check(account.context(**choice))}


def test_every_permission_of_the_guide_and_that_for_webhooks_is_a_finding(company):
    names = list(found(company(people=3)))
    assert names == [
        "reach",
        "sign in",
        *(f"permission {name}" for name in (*GUIDE, "webhooks_manage")),
        "people",
    ]
    assert len(GUIDE) == 20
    assert {*GUIDE, "webhooks_manage"} == SCOPES


def test_all_is_well_with_a_credential_that_has_everything(company):
    account = company(people=3)
    checks = found(account)
    assert all(check.ok for check in checks.values())
    first = account.company.candidates[next(iter(account.company.candidates))]
    assert "3 hired candidates on the first page" in checks["people"].message
    assert first["lastName"] not in "".join(check.message for check in checks.values())
    for name in USED:
        assert checks[f"permission {name}"].message.endswith(": granted.")
    for name in UNUSED:
        assert "granted, but not needed" in checks[f"permission {name}"].message


@pytest.mark.parametrize("name", USED)
def test_a_permission_that_is_missing_says_what_is_lost_and_where_it_is_granted(company, name):
    checks = found(company(people=3, faults=f"missing-scope:name={name}"))
    check = checks.pop(f"permission {name}")
    scope = next(scope for scope in permissions.SCOPES if scope.name == name)
    assert (check.ok, check.needed) == (False, name == "candidates_read")
    assert f"missing. Without it {scope.lost}" in check.message
    assert "Settings > Administration > Apps & Integrations > Credentials" in check.message
    if name != "candidates_read":
        assert all(other.ok for other in checks.values())


@pytest.mark.parametrize("name", UNUSED)
def test_a_permission_that_nobody_needs_may_be_missing(company, name):
    check = found(company(people=3, faults=f"missing-scope:name={name}"))[f"permission {name}"]
    assert (check.ok, check.needed) == (True, False)
    assert "missing, and not needed" in check.message


@pytest.mark.parametrize("name", WRITING)
def test_a_permission_to_write_is_not_tried_by_writing(company, name):
    account = company(people=3)
    check = found(account)[f"permission {name}"]
    assert (check.ok, check.needed) == (True, False)
    assert "cannot be seen without writing" in check.message
    assert {call.method for call in account.simulator.log.calls()} == {"GET"}


def test_writing_back_makes_its_permission_one_that_is_used(company):
    account = company(people=3)
    name = "permission candidates_manage"
    assert "not needed by the present settings" in found(account)[name].message
    assert "without it the onboarding status" in found(account, write_onboarding_status="yes")[name].message


def test_a_role_that_does_not_reach_far_enough_looks_like_missing_permissions(company):
    checks = found(company(people=3, faults="not-admin"))
    missing = {name for name, check in checks.items() if not check.ok}
    assert missing == {"permission users_read", "permission configuration_read"}
    assert "Admin" in checks["permission users_read"].message


def test_without_any_candidate_the_rest_is_told_all_the_same(company):
    checks = found(company())
    assert "no candidate to try it on" in checks["permission candidate_status_read"].message
    assert checks["permission jobs_read"].message.endswith("granted.")
    assert checks["people"].ok


def test_places_that_are_not_what_they_were_decide_nothing(company):
    checks = found(company(people=3, faults="404:path=/reviews-api;500:path=/offers"))
    assert (
        "cannot be seen (the trial was answered with status 404)" in checks["permission reviews_read"].message
    )
    assert checks["permission candidates_offers_read"].ok


def test_a_refused_key_ends_the_check_with_the_way_out(company):
    account = company(people=3)
    checks = found(account, secrets={"api_key": "wrong"})
    assert list(checks) == ["reach", "sign in"]
    assert (checks["reach"].ok, checks["sign in"].ok) == (True, False)
    assert "--secret api_key=-" in checks["sign in"].message
    assert len(account.paths()) == 1


def test_a_host_that_is_away_or_broken_ends_the_check_at_once(company):
    broken = found(company(faults="503"))
    away = found(company(), base_url="http://127.0.0.1:9")
    assert [list(checks) for checks in (broken, away)] == [["reach"], ["reach"]]
    assert not broken["reach"].ok
    assert not away["reach"].ok
    assert "base_url" in away["reach"].message


@pytest.mark.parametrize("status", [404, 400])
def test_an_address_that_is_not_theirs_is_not_taken_for_a_sign_in(company, status):
    checks = found(company(people=3, faults=f"{status}"))
    assert [(name, check.ok) for name, check in checks.items()] == [("reach", True), ("sign in", False)]
    assert "base_url" in checks["sign in"].message


def test_a_company_that_is_busy_says_so(company):
    checks = found(company(people=3, faults="429:path=/candidates?status"))
    assert (checks["sign in"].ok, checks["people"].ok) == (True, False)
    assert "too many calls" in checks["people"].message


def test_a_source_without_credential_says_so_and_calls_nobody(company):
    account = company()
    [check] = SOURCE.check(account.context(secrets={}))
    assert (check.name, check.ok) == ("sign in", False)
    assert account.paths() == []


def test_oauth_credentials_are_checked_like_a_key(company):
    account = company(people=3)
    good = found(account, secrets={"client_id": CLIENT_ID, "client_secret": DEFAULT_KEY})
    assert all(check.ok for check in good.values())
    [check] = SOURCE.check(account.context(secrets={"client_id": CLIENT_ID, "client_secret": "wrong"}))
    assert (check.name, check.ok) == ("sign in", False)


def test_a_check_costs_one_call_for_each_permission_that_can_be_read(company):
    account = company(people=3)
    found(account)
    assert len(account.paths()) == 1 + len(USED) + len(UNUSED)


def test_the_page_for_admins_lists_every_permission():
    page = Path("docs/sources/smartrecruiters.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page))
    assert {*GUIDE, "webhooks_manage"} <= told
