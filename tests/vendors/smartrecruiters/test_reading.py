"""Hires read from a simulated company: page by page, incremental, resumed, one by one, and through its faults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.simulation import serve
from app.sources.calling import Pace
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.smartrecruiters import source as source_module
from app.vendors.smartrecruiters.simulator import CLIENT_ID, DEFAULT_KEY, SmartRecruitersSimulator
from app.vendors.smartrecruiters.source import SmartRecruitersSource
from tests.vendors.smartrecruiters.conftest import Account
from tests.vendors.smartrecruiters.hiring import JOB, MAYA, hired, only

SOURCE = SmartRecruitersSource()


# --- reading on ---------------------------------------------------------------------------------------------


def test_the_next_read_asks_for_what_changed_and_finds_only_that(company):
    account = company(people=30)
    watermark = account.pages()[-1].watermark
    assert watermark["updated_on"] == max(row["updatedOn"] for row in hires_of(account))
    assert account.read(watermark=watermark) == []
    changed = next(iter(account.company.candidates))
    account.simulator.change(changed, {"phoneNumber": "+1 555 0199"})
    pages = account.pages(watermark=watermark)
    assert [record.values["phone"] for page in pages for record in page.records] == ["+1 555 0199"]
    assert pages[-1].watermark["updated_on"] > watermark["updated_on"]
    asked = [call.query for call in account.simulator.log.calls() if call.path == "/candidates"][-1]
    assert asked["updatedAfter"] < watermark["updated_on"]


def hires_of(account: Account) -> list[dict[str, Any]]:
    rows = account.company.candidates.values()
    return [row for row in rows if any(each["status"] == "HIRED" for each in row["_applications"])]


def test_only_the_last_page_carries_a_watermark_and_is_complete(company):
    pages = company(people=60).pages()
    assert [page.complete for page in pages] == [False, False, True]
    assert [page.watermark is None for page in pages] == [True, True, False]


def test_the_watermark_is_the_servers_clock_and_never_goes_back(company):
    account = company(people=3)
    ahead = {"updated_on": "2090-01-01T00:00:00.000Z", "seen": {}}
    assert account.pages(watermark=ahead)[-1].watermark["updated_on"] == "2090-01-01T00:00:00.000Z"
    for row in account.company.candidates.values():
        row["updatedOn"] = "2080-01-01T00:00:00.000Z"  # a clock of theirs that runs ahead
    assert account.pages()[-1].watermark["updated_on"] < "2080"


def test_an_empty_company_has_no_watermark(company):
    [page] = company().pages()
    assert (page.records, page.complete, page.watermark) == ([], True, None)


def test_who_changes_while_pages_are_turned_comes_now_or_next_time(company):
    account = company(people=230, faults="shifting-pages")
    pages = account.pages()
    read = {record.values["candidate_id"] for page in pages for record in page.records}
    account.simulator.plan_faults("no-limit")
    read |= {record.values["candidate_id"] for record in account.read(watermark=pages[-1].watermark)}
    assert {row["id"] for row in hires_of(account)} <= read


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(killed_after=st.integers(0, 4), people=st.sampled_from([0, 1, 6, 10]))
def test_going_on_after_any_page_gives_the_same_as_one_read(monkeypatch, killed_after, people):
    monkeypatch.setattr(source_module, "PAGE_PEOPLE", 2)
    simulator = SmartRecruitersSimulator(people=people, faults="no-limit")
    with serve(simulator) as server:
        account = Account(simulator, server.url)
        whole = account.pages()
        before = whole[: killed_after + 1]
        resume = json.loads(json.dumps(before[-1].resume))
        rest = [] if before[-1].complete else list(SOURCE.read(account.context(), resume))
    joined = [record for page in [*before, *rest] for record in page.records]
    assert joined == [record for page in whole for record in page.records]
    assert (rest or before)[-1].watermark == whole[-1].watermark


def test_a_read_that_goes_on_keeps_the_watermark_of_its_beginning(company, monkeypatch):
    monkeypatch.setattr(source_module, "PAGE_PEOPLE", 2)
    account = company(people=6)
    reading = SOURCE.read(account.context(), None)
    resume = next(reading).resume
    hired(account)  # while the process is dead: behind or before the place, it must not be passed over
    rest = list(SOURCE.read(account.context(), resume))
    assert rest[-1].watermark == resume["watermark"]
    again = account.read(watermark=rest[-1].watermark)
    assert "Maya" in {record.values.get("first_name") for record in again}


def test_who_is_deleted_between_list_and_look_is_gone(company):
    account = company(people=3)
    reading = SOURCE.read(account.context(), None)
    candidate = sorted(account.company.candidates)[0]
    account.simulator.plan_faults(f"no-limit;404:path=/candidates/{candidate}")
    gone = [record for page in reading for record in page.records if record.gone]
    assert [dict(record.values) for record in gone] == [{"candidate_id": candidate}]


def test_a_candidate_that_may_not_be_seen_is_one_row_that_says_so(company):
    account = company(people=3)
    candidate = sorted(account.company.candidates)[0]
    account.simulator.plan_faults(f"no-limit;403:path=/candidates/{candidate}")
    [problem] = [record.problem for record in account.read() if record.problem]
    assert (problem.code, candidate in problem.reason) == ("record_not_found", True)


# --- single records -----------------------------------------------------------------------------------------


def test_single_candidates_are_read_as_they_are_now(company):
    account = company(people=5)
    candidate = hired(account)
    values = dict(account.some({"candidate": candidate})[0].values)
    assert values == dict(account.some({"record": candidate})[0].values)
    assert values in [dict(record.values) for record in account.read()]


def test_who_is_deleted_or_not_hired_any_more_is_gone(company):
    account = company(people=3)
    deleted, withdrawn, *_ = account.company.candidates
    account.simulator.delete(deleted)
    for each in account.company.candidates[withdrawn]["_applications"]:
        account.company.move(withdrawn, each["job_id"], "WITHDRAWN")
    found = account.some({"candidate": deleted}, {"candidate": withdrawn}, {"candidate": deleted})
    assert [(record.gone, dict(record.values)) for record in found] == [
        (True, {"candidate_id": deleted}),
        (True, {"candidate_id": withdrawn}),
    ]


def test_nobody_is_gone_while_a_status_cannot_be_found_out(company):
    account = company(faults="secondary-without-status;missing-scope:name=candidate_status_read")
    candidate = account.company.apply(MAYA, "job-1")["id"]
    account.company.add_application(candidate, "job-2")
    assert account.some({"candidate": candidate}) == []


def test_a_job_points_at_its_hires(company):
    account = company(people=3)
    candidate = hired(account)
    job_id = account.company.candidates[candidate]["_applications"][0]["job_id"]
    assert [record.values["candidate_id"] for record in account.some({"job": job_id})] == [candidate]


def test_no_hint_is_no_record(company):
    assert company(people=3).some() == []
    assert company(people=3).some({"something": "else"}) == []


def test_jobs_come_as_a_list(company):
    account = company(people=600)
    rows = list(SOURCE.jobs(account.context()))
    assert [row["job_id"] for row in rows] == list(account.company.jobs)
    last = account.company.add_job(JOB)["id"]
    assert list(SOURCE.jobs(account.context()))[-1] == {
        "job_id": last,
        "job_title": "Field Engineer",
        "job_ref_number": "REF77",
        "job_department": "Operations",
        "job_department_id": "10",
        "job_city": "Dayton",
        "job_region": "Ohio",
        "job_country_code": "US",
        "job_address": "1 Main St",
        "job_postal_code": "45402",
        "job_employment_type": "Full-time",
        "job_status": "FILLED",
    }


@pytest.mark.parametrize("faults", ["page-size:size=7", "shrinking-total"])
def test_jobs_come_once_whatever_the_pages_are(company, faults):
    account = company(people=600, faults=faults)
    rows = [row["job_id"] for row in SOURCE.jobs(account.context())]
    assert len(rows) == len(set(rows)) >= len(account.company.jobs) - 1


# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [
        "500:every=5",
        "drop:every=7",
        "half-body:every=9",
        "html:every=11",
        "broken-json:every=8",
        "429:every=6",
        "429:every=6,retry_after=0",
        "page-size:size=5",
        "next-by-link;page-size:size=5",
        "duplicate-rows;page-size:size=5",
        "extra-member",
        "new-status",
        "null-member:name=phoneNumber",
        "null-member:name=location",
    ],
)
def test_passing_faults_and_new_members_cost_nobody(company, faults):
    account = company(people=12, faults=faults)
    records = account.read()
    assert len(records) == 12
    assert not any(record.problem for record in records)


def test_what_the_vendor_leaves_out_is_unknown_and_what_it_nulls_is_empty(company):
    account = company()
    hired(account)
    account.simulator.plan_faults("no-limit;missing-member:name=phoneNumber")
    assert "phone" not in only(account)
    account.simulator.plan_faults("no-limit;null-member:name=phoneNumber")
    assert only(account)["phone"] is None
    account.simulator.plan_faults("no-limit;null-member:name=location")
    assert (only(account)["city"], only(account)["country_code"]) == (None, None)


@pytest.mark.parametrize("member", ["email", "id"])
def test_a_member_that_vanishes_from_everybody_is_one_plain_message(company, member):
    account = company(people=4, faults=f"missing-member:name={member}")
    with pytest.raises((IncompleteRead, SourceUnavailable), match=f"without the member {member}"):
        account.read()


def test_a_list_without_end_is_an_incomplete_read(company):
    with pytest.raises(SourceUnavailable, match="repeats a page of /candidates"):
        company(people=12, faults="page-loop").read()


def test_an_empty_answer_is_no_list(company):
    with pytest.raises(SourceUnavailable, match="without a list of /candidates"):
        company(people=3, faults="empty:path=/candidates?").read()


def test_a_read_that_breaks_off_leaves_the_pages_before_it(company):
    account = company(people=60)
    reading = SOURCE.read(account.context(), None)
    assert len(next(reading).records) == 25
    account.simulator.plan_faults("no-limit;503")
    with pytest.raises(IncompleteRead, match="after 6 tries"):
        list(reading)


def test_a_refused_key_is_told_once_with_the_way_out(company):
    account = company(people=3)
    with pytest.raises(SourceUnavailable) as told:
        account.read(secrets={"api_key": "wrong-key-canary"})
    # One call for the list: it stops at once.
    assert len(account.paths()) == 1
    for words in ("status 401", "Credentials", "rollcall source set smart --secret api_key=-"):
        assert words in str(told.value)
    assert "canary" not in str(told.value)


def test_a_credential_without_candidates_is_told_to_lack_the_permission(company):
    with pytest.raises(SourceUnavailable, match=r"lacks a permission.*source check smart"):
        company(people=3, faults="missing-scope:name=candidates_read").read()


def test_a_source_without_credential_says_how_to_give_one(company):
    with pytest.raises(SourceUnavailable, match=r"no credential.*--secret api_key=-"):
        company().read(secrets={})


def test_oauth_credentials_do_as_well_as_a_key_with_one_token(company):
    account = company(people=12)
    secrets = {"client_id": CLIENT_ID, "client_secret": DEFAULT_KEY}
    assert len(account.read(secrets=secrets)) == 12
    assert sum(path == "/identity/oauth/token" for path in account.paths()) == 1


def test_a_token_that_ends_meanwhile_is_fetched_anew(company):
    account = company(people=12)
    secrets = {"client_id": CLIENT_ID, "client_secret": DEFAULT_KEY}
    account.read(secrets=secrets)
    account.simulator.regenerate_key(DEFAULT_KEY)
    assert len(account.read(secrets=secrets)) == 12


def test_refused_oauth_credentials_are_told(company):
    with pytest.raises(SourceUnavailable, match=r"refused the client id and secret.*client_secret=-"):
        company().read(secrets={"client_id": CLIENT_ID, "client_secret": "wrong"})


@pytest.mark.parametrize(("asked", "goes_on_in"), [("3600", 3600.0), ("121", 121.0)])
def test_a_long_wait_that_is_asked_for_is_told_and_not_waited_for(company, asked, goes_on_in):
    account = company(people=3, faults=f"503:nth=1,retry_after={asked}")
    with pytest.raises(IncompleteRead, match="asks to be called again only in") as caught:
        account.read()
    assert caught.value.goes_on_in == goes_on_in
    assert all(seconds < 1 for seconds in account.pauses)


def test_a_short_wait_that_is_asked_for_is_waited_for(company):
    account = company(people=3, faults="503:nth=1,retry_after=120")
    assert len(account.read()) == 3
    assert 120.0 in account.pauses


def test_one_call_at_a_time_and_no_more_than_the_pace_allows(company):
    account = company(people=5)
    account.read(calls_per_second="10")
    assert account.simulator.limiter.most["all"] == 1
    moments = iter([0.0, 0.0, 0.0, 1.0])
    pace = Pace(10, seconds=1.0, clock=lambda: next(moments))
    assert [round(pace.wait(), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.0]
    assert len([seconds for seconds in account.pauses if seconds > 0]) > 0


def test_the_lease_is_kept_before_each_person(company):
    account = company(people=4)
    calls: list[int] = []
    context = account.context()
    object.__setattr__(context, "alive", lambda: calls.append(1))
    list(SOURCE.read(context, None))
    assert len(calls) == 4
