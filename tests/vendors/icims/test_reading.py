"""Employees read from a simulated iCIMS: searches, profiles, jobs, watermarks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.icims.watermark import Position, position_of, search_date
from tests.vendors.icims.reads import SOURCE, ids, pages, searches


def test_employees_come_in_the_order_of_their_ids_and_applicants_do_not(account):
    icims = account(people=30)
    records = icims.read(icims.context())
    assert ids(records) == [str(number) for number in range(2, 32)]
    assert [record.number for record in records] == list(range(1, 31))
    assert {record.values["is_employee"] for record in records} == {"yes"}


def test_the_last_page_is_complete_and_the_only_one(account):
    icims = account(people=26)
    found = pages(icims.context())
    assert [(len(page.records), page.complete) for page in found] == [(25, False), (1, False), (0, True)]


def test_nobody_in_the_folders_is_a_complete_read_of_nobody(account):
    assert [page.complete for page in pages(account().context())] == [True]


def test_more_than_a_search_can_list_is_read_behind_the_last_id(account):
    icims = account(people=30, faults="search-cap:size=7")
    assert len(icims.read(icims.context())) == 30
    behind = [query["filters"][0]["value"] for query in searches(icims)]
    assert behind == [["0"], ["8"], ["15"], ["22"], ["29"], ["31"]]


def test_ids_may_be_text(account):
    icims = account(people=12, faults="text-ids")
    assert len(icims.read(icims.context())) == 12


def test_one_token_serves_all_reads_of_a_process(account):
    icims = account(people=3)
    for _ in range(3):
        icims.read(icims.context())
    assert icims.simulator.tokens.issued == 1


def test_a_token_that_ends_in_the_middle_is_renewed(account):
    icims = account(people=60)
    reading = SOURCE.read(icims.context(), None)
    next(reading)
    icims.simulator.tokens.revoke_all()
    assert sum(len(page.records) for page in reading) == 35
    assert icims.simulator.tokens.issued == 2


def test_a_secret_that_changes_in_the_middle_breaks_the_read_off(account):
    icims = account(people=60)
    reading = SOURCE.read(icims.context(), None)
    next(reading)
    icims.simulator.rotate("another-secret")
    with pytest.raises((IncompleteRead, SourceUnavailable), match="client id and secret"):
        list(reading)


# --- jobs and managers


def test_each_job_and_manager_is_asked_for_once(account):
    icims = account(people=60)
    icims.read(icims.context())
    for part in ("/jobs/", "/people/"):
        asked = [
            (call.path, call.query.get("fields")) for call in icims.simulator.log.calls() if part in call.path
        ]
        assert len(asked) == len(set(asked)) > 2
    assert len(searches(icims, "applicantworkflows")) == 3


def test_the_latest_job_of_a_person_counts(account):
    icims = account(people=4)
    old, new = list(icims.simulator.company.jobs)[:2]
    hired = icims.simulator.company.hire({}, job_id=old)
    icims.simulator.company.apply(hired["_id"], new)
    [record] = [r for r in icims.read(icims.context()) if r.values["profile_id"] == str(hired["_id"])]
    assert record.values["job_profile_id"] == str(new)


def test_only_a_job_for_which_the_person_was_hired_counts_where_those_statuses_are_known(account):
    icims = account(people=4)
    old, new = list(icims.simulator.company.jobs)[:2]
    hired = icims.simulator.company.hire({}, job_id=old)
    icims.simulator.company.apply(hired["_id"], new)
    records = icims.read(icims.context(hired_statuses="C2040,C9999"))
    [record] = [r for r in records if r.values["profile_id"] == str(hired["_id"])]
    assert record.values["job_profile_id"] == str(old)


def test_more_workflows_than_a_search_can_list_are_searched_in_halves(account, monkeypatch):
    monkeypatch.setattr("app.vendors.icims.jobs.SEARCH_CAP", 10)
    icims = account(people=12, faults="search-cap:size=10")
    assert all(record.values["job_profile_id"] for record in icims.read(icims.context()))


def test_the_hiring_manager_may_stand_on_the_person(account):
    icims = account(people=2)
    company = icims.simulator.company
    company.change_person(3, {"field50009": {"id": 2, "value": "somebody"}})
    context = icims.context(
        field_hiring_manager="field50009", field_home_department="none", field_location_code="none"
    )
    by_id = {record.values["profile_id"]: record.values for record in icims.read(context)}
    assert by_id["3"]["hiring_manager_id"] == "2"
    assert by_id["3"]["hiring_manager_email"] == company.people[2]["email"]
    assert "hiring_manager_id" not in by_id["2"]
    assert not icims.paths("applicantworkflows") and not icims.paths("/jobs/")


def test_somebody_without_a_job_is_read_without_one(account):
    icims = account()
    icims.simulator.company.add_person({"folder": "D32013"})
    [record] = icims.read(icims.context())
    assert record.values["lastname"]
    assert not {name for name in record.values if name.startswith(("job_profile", "hiring"))}


def test_a_manager_whom_icims_does_not_show_leaves_the_address_unknown(account):
    icims = account(people=2)
    icims.simulator.company.remove_person(1)
    company = icims.simulator.company
    company.change_job(1, {"hiringmanager": {"id": 1, "_kind": "people"}})
    company.hire({}, job_id=1)
    record = icims.read(icims.context())[-1]
    assert record.values["hiring_manager_id"] == "1"
    assert "hiring_manager_email" not in record.values


# --- changes since a watermark


def test_only_who_changed_since_is_read(account):
    icims = account(people=40)
    watermark = pages(icims.context())[-1].watermark
    icims.simulator.log.clear()
    icims.simulator.company.change_person(5, {"lastname": "Changed"})
    icims.simulator.company.terminate(7)
    hired = icims.simulator.company.hire({})
    records = icims.read(icims.context(watermark=watermark))
    told = {record.values["profile_id"]: record.values["is_employee"] for record in records}
    assert told == {"5": "yes", "7": "no", str(hired["_id"]): "yes"}
    assert len(icims.paths("/people/")) < 10


def test_changes_are_searched_from_before_the_staleness_of_searches(account):
    icims = account(people=1)
    watermark = pages(icims.context())[-1].watermark
    icims.simulator.log.clear()
    pages(icims.context(watermark=watermark, staleness="30"))
    [asked] = [f for f in searches(icims)[0]["filters"] if f["name"] == "person.updateddate"]
    since = datetime.strptime(watermark["since"], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    assert asked == {
        "name": "person.updateddate",
        "operator": ">=",
        "value": [search_date(since - timedelta(minutes=35))],
    }


def test_a_change_that_the_search_did_not_know_yet_comes_with_the_next_read(account):
    icims = account(people=3)
    pages(icims.context())
    icims.simulator.company.change_person(3, {"lastname": "Late"})
    icims.simulator.plan_faults("stale-search:minutes=15")
    watermark = pages(icims.context())[-1].watermark
    assert icims.read(icims.context(watermark=watermark)) == []
    icims.simulator.plan_faults("")
    assert ids(icims.read(icims.context(watermark=watermark))) == ["3"]


def test_the_watermark_is_icims_clock_and_not_ours(account):
    icims = account(people=1)
    ours = datetime(2001, 1, 1, tzinfo=UTC)
    watermark = pages(replace(icims.context(), now=lambda: ours))[-1].watermark
    assert watermark["since"] >= f"{datetime.now(UTC) - timedelta(minutes=2):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    "changed",
    [
        {"folders": "D32013"},
        {"field_job_code": "field50009"},
        {"include_national_id": "no"},
        {"hired_statuses": "C2040"},
    ],
)
def test_other_settings_read_everybody_again(account, changed):
    icims = account(people=8)
    watermark = pages(icims.context())[-1].watermark
    assert len(icims.read(icims.context(watermark=watermark, **changed))) >= 7


@pytest.mark.parametrize("watermark", [{}, {"of": "x"}, {"since": "yesterday"}, {"of": None, "since": 7}])
def test_a_watermark_that_cannot_be_read_reads_everybody(account, watermark):
    icims = account(people=2)
    assert len(icims.read(icims.context(watermark=watermark))) == 2


def test_a_date_of_ours_is_never_one_that_icims_would_ignore():
    place = position_of({"of": "d", "since": "0001-01-01T00:00Z"}, "d")
    with pytest.raises((ValueError, OverflowError)):
        place.searched_since(15)


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 1440),
)
def test_a_searched_date_reads_back_as_the_same_minute(moment, staleness):
    text = Position("d", since=moment).searched_since(staleness)
    back = datetime.strptime(text, "%Y-%m-%d %I:%M %p").replace(tzinfo=UTC)
    wanted = moment - timedelta(minutes=staleness + 5)
    assert back == wanted.replace(second=0, microsecond=0)


# --- broken off and resumed


@pytest.fixture(scope="module")
def big():
    from app.simulation import serve
    from app.vendors.icims.simulator import ICIMSSimulator
    from tests.vendors.icims.conftest import Account

    simulator = ICIMSSimulator(people=70, calls_per_day=None)
    with serve(simulator) as server:
        yield Account(simulator, server.url)


@given(st.integers(0, 3))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_resumed_behind_any_page_a_read_gives_the_same_records(big, stop):
    whole = pages(big.context())
    before = whole[: stop + 1]
    resume = json.loads(json.dumps(before[-1].resume))
    after = pages(big.context(), resume) if not before[-1].complete else []
    joined = [record for page in [*before, *after] for record in page.records]
    assert joined == [record for page in whole for record in page.records]
    assert {k: v for k, v in (after or before)[-1].watermark.items() if k != "since"} == {
        k: v for k, v in whole[-1].watermark.items() if k != "since"
    }


def test_a_resumed_read_keeps_the_time_at_which_it_began(account):
    icims = account(people=30)
    first = next(iter(SOURCE.read(icims.context(), None)))
    resume = {**first.resume, "began_at": "2026-01-01T10:00Z"}
    assert pages(icims.context(), resume)[-1].watermark["since"] == "2026-01-01T10:00Z"


def test_who_joins_while_it_is_read_comes_too_and_nobody_twice(account):
    icims = account(people=30)
    reading = SOURCE.read(icims.context(), None)
    first = next(reading)
    joined = icims.simulator.company.hire({})
    found = ids(first.records) + [i for page in reading for i in ids(page.records)]
    assert len(found) == len(set(found)) == 31
    assert found[-1] == str(joined["_id"])


def test_somebody_deleted_between_search_and_profile_is_gone(account):
    icims = account(people=5, faults="losing-people")
    records = icims.read(icims.context())
    assert [record.gone for record in records] == [False] * 4 + [True]
    assert records[-1].values == {"profile_id": "6"}


# --- what is asked for


def test_the_social_security_number_is_never_asked_for_when_it_is_switched_off(account):
    icims = account(people=3)
    records = icims.read(icims.context(include_national_id="no", field_birthdate="none"))
    asked = " ".join(call.query.get("fields", "") for call in icims.simulator.log.calls())
    assert "usssn" not in asked and "birthdate" not in asked
    assert "000-00" not in str(records)


def test_only_what_the_guide_syncs_is_asked_for(account):
    icims = account(people=1)
    icims.read(icims.context())
    [asked] = {c.query["fields"] for c in icims.simulator.log.calls() if c.path.endswith("/people/2")} - {
        "email"
    }
    assert asked == (
        "firstname,lastname,email,folder,addresses,usssn,hiredate,enddate,field50001,field50002,field50003,"
        "field50004,birthdate"
    )


def test_sensitive_fields_are_marked(account):
    marks = {field.name: field.sensitivity for field in SOURCE.record_fields(account().context())}
    assert marks["usssn"] == "secret"
    assert marks["birthdate"] == marks["email"] == marks["addressstreet1"] == "personal"
