"""Employees read from a simulated iCIMS: searches, profiles, jobs, watermarks, budgets, faults."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from app.sources.errors import IncompleteRead, SourceUnavailable, WrongSource
from app.vendors.icims.simulator.company import FORMER, MANAGER
from app.vendors.icims.source import ICIMSSource
from app.vendors.icims.watermark import Position, position_of, search_date

SOURCE = ICIMSSource()


def pages(context, resume=None):
    return list(SOURCE.read(context, resume))


def ids(records):
    return [record.values.get("profile_id") for record in records]


def searches(icims, kind="people"):
    found = [call for call in icims.simulator.log.calls() if call.path.endswith(f"/search/{kind}")]
    return [json.loads(call.body) for call in found]


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


# --- the calls of a day


def test_a_budget_that_is_used_up_breaks_off_and_says_when_it_goes_on(account):
    icims = account(people=60, faults="limit:calls=95,reset=7500")
    with pytest.raises(IncompleteRead, match=r"used up; this goes on in 2 h 5 min \(at .* UTC\)"):
        pages(icims.context())
    assert icims.simulator.budget.used == 95


def test_the_read_goes_on_where_the_calls_of_the_day_ended(account):
    icims = account(people=60)
    read = []
    icims.simulator.plan_faults("limit:calls=80,reset=7500")
    with pytest.raises(IncompleteRead) as caught:
        for page in SOURCE.read(icims.context(), None):
            read.append(page)
    assert ([len(page.records) for page in read], caught.value.goes_on_in) == ([25], 7500.0)
    icims.simulator.plan_faults("")
    rest = pages(icims.context(), read[-1].resume)
    assert [r for p in rest for r in ids(p.records)] == [str(number) for number in range(27, 62)]
    assert [r.number for p in rest for r in p.records] == list(range(26, 61))


def test_a_reset_that_is_now_is_not_tried_at_once(account):
    icims = account(people=3, faults="limit:calls=2,reset=0")
    with pytest.raises(IncompleteRead) as caught:
        pages(icims.context())
    assert caught.value.goes_on_in == 60.0


def test_settings_that_change_in_the_middle_read_everybody_again(account):
    icims = account(people=30)
    first = next(iter(SOURCE.read(icims.context(), None)))
    records = icims.read(icims.context(include_national_id="no"), first.resume)
    assert len(records) == 30
    assert [record.number for record in records] == list(range(26, 56))


def test_a_429_whose_reset_is_far_breaks_off_at_once(account):
    icims = account(people=3, faults="limit:calls=2,reset=50000")
    with pytest.raises(IncompleteRead, match="used up"):
        pages(icims.context(calls_per_day="0"))
    assert len(icims.paths("/customers/")) <= 3


def test_a_429_that_ends_soon_is_waited_for(account):
    waited: list[float] = []
    icims = account(people=2, faults="no-limit;429:nth=4,retry_after=7")
    context = replace(icims.context(), pause=waited.append)
    assert sum(len(page.records) for page in pages(context)) == 2
    assert 7.0 in waited


def test_our_own_limit_leaves_calls_to_others(account):
    icims = account(people=60)
    with pytest.raises(IncompleteRead, match="calls_per_day"):
        pages(icims.context(calls_per_day="40"))
    assert icims.simulator.budget.used == 40


def test_our_own_limit_counts_where_icims_tells_nothing(account):
    icims = account(people=60, faults="no-limit")
    with pytest.raises(IncompleteRead, match="used up"):
        pages(icims.context(calls_per_day="40"))
    assert len(icims.paths("/customers/")) == 40


# --- faults


@pytest.mark.parametrize(
    "faults",
    [
        "500:every=7",
        "drop:every=9",
        "half-body:every=11",
        "no-limit;429:every=6,retry_after=0",
        "html:every=13",
        "extra-member",
        "wrong-type",
        "503:nth=2+3+4,retry_after=0",
    ],
)
def test_quirks_and_passing_faults_cost_nobody(account, faults):
    icims = account(people=26)
    pages(icims.context(folders="D99999"))  # the token is there; its address is not tried again
    icims.simulator.plan_faults(faults)
    assert len([r for r in icims.read(icims.context()) if r.values.get("lastname")]) == 26


def test_wrong_credentials_are_one_plain_message(account):
    icims = account(people=3)
    with pytest.raises(SourceUnavailable, match=r"refused the credentials.*source set NAME") as caught:
        pages(icims.context(secret="wrong-canary"))
    assert "wrong-canary" not in str(caught.value)
    assert not icims.paths("/customers/")


def test_missing_credentials_are_named(account):
    context = replace(account().context(), secrets={})
    with pytest.raises(SourceUnavailable, match="client_id and client_secret"):
        list(SOURCE.read(context, None))


def test_icims_that_is_away_is_told(account):
    icims = account(people=3)
    pages(icims.context())
    icims.simulator.plan_faults("503")
    with pytest.raises(IncompleteRead, match="after 6 tries"):
        pages(icims.context())


def test_a_token_server_that_stumbles_is_asked_again(account):
    icims = account(people=2, faults="503:path=/oauth/token,count=2;no-limit")
    assert len(icims.read(icims.context())) == 2


def test_a_token_address_that_answers_nonsense_is_told(account):
    icims = account(people=2, faults="redirect:to=https://example.org,path=/oauth/token")
    with pytest.raises(SourceUnavailable, match=r"no token.*token_url"):
        pages(icims.context())


def test_a_404_that_is_not_of_icims_makes_nobody_gone(account):
    icims = account(people=2)
    icims.simulator.refuse = lambda status, message: Response(message, status)
    icims.simulator.plan_faults("404:path=/people/")
    with pytest.raises(IncompleteRead, match="answered 404"):
        list(SOURCE.read_some(icims.context(), [{"person": "2"}]))


def test_another_customer_than_the_credentials_is_told(account):
    with pytest.raises(SourceUnavailable, match="no customer 77"):
        pages(account(people=1).context(customer_id="77"))


@pytest.mark.parametrize("kind", ["people", "jobs", "applicantworkflows"])
def test_a_right_that_was_taken_away_is_named(account, kind):
    icims = account(people=3, faults=f"deny:kinds={kind}")
    with pytest.raises(SourceUnavailable, match=f"{kind} .*403.*Integration User"):
        pages(icims.context())


@pytest.mark.parametrize("field", ["email", "lastname"])
def test_a_needed_field_that_vanished_is_one_plain_message(account, field):
    icims = account(people=3, faults=f"hide:names={field}")
    with pytest.raises(SourceUnavailable, match=f"shows the field {field} of none of 3"):
        pages(icims.context())


def test_a_person_whose_folder_is_hidden_is_an_errored_row(account):
    icims = account(people=2, faults="hide:names=folder")
    assert [record.problem.code for record in icims.read(icims.context())] == ["hidden_field"] * 2


@pytest.mark.parametrize("name", ["hiredate", "addresses", "usssn", "birthdate", "field50002"])
def test_what_icims_leaves_out_is_unknown(account, name):
    icims = account(people=3)
    before = icims.read(icims.context())
    icims.simulator.plan_faults(f"missing-member:name={name}")
    after = icims.read(icims.context())
    for known, now in zip(before, after, strict=True):
        assert now.values.items() <= known.values.items()
        assert len(now.values) < len(known.values)


def test_a_null_member_is_empty(account):
    icims = account(people=2, faults="null-member:name=hiredate")
    assert [record.values["hire_date"] for record in icims.read(icims.context())] == [None, None]


def test_what_one_lacks_and_others_have_is_empty_only_where_that_was_chosen(account):
    icims = account(people=3)
    icims.simulator.company.change_person(3, {"hiredate": None, "enddate": None})
    unknown, empty = (
        {r.values["profile_id"]: r.values for r in icims.read(icims.context(absent_is_empty=choice))}
        for choice in ("no", "yes")
    )
    assert "hire_date" not in unknown["3"]
    assert empty["3"]["hire_date"] is None
    assert "end_date" not in empty["3"]  # nobody of the page has one: it may be hidden


def test_an_address_that_is_shown_says_all_of_itself(account):
    icims = account(people=2)
    row = icims.simulator.company.people[2]
    row["addresses"] = [
        {"entry": 9, "primary": False, "addressstreet1": "elsewhere"},
        {"entry": 3, "primary": True, "addressstreet1": "9 Oak", "addressstate": {"value": "Ohio"}},
    ]
    values = icims.read(icims.context())[0].values
    assert values["addressstreet1"] == "9 Oak"
    assert (values["addressstreet2"], values["addressstate"]) == (None, "Ohio")


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("same-page;search-cap:size=2", "same people again"),
        ("descending", "out of order"),
        ("no-results-member;empty-lists", "without searchResults"),
        ("empty:path=/search/", "not complete JSON"),
        ("empty:path=/people/", "not complete JSON"),
    ],
)
def test_an_answer_that_cannot_be_trusted_breaks_off(account, faults, words):
    icims = account(people=5, faults=faults)
    with pytest.raises(IncompleteRead, match=words):
        pages(icims.context())


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


# --- single people


@pytest.mark.parametrize("hint", [{"person": "3"}, {"record": "3"}, {"record": 3}])
def test_a_single_person_is_read(account, hint):
    icims = account(people=5)
    [page] = SOURCE.read_some(icims.context(), [hint])
    assert page.complete and page.watermark is None
    assert ids(page.records) == ["3"]
    assert page.records[0].values["hiring_manager_email"]


@pytest.mark.parametrize("folder", [MANAGER, "C10001", "D32017"])
def test_somebody_in_another_folder_is_gone(account, folder):
    icims = account(people=2)
    icims.simulator.company.change_person(3, {"folder": folder})
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}])
    assert [(r.gone, r.values) for r in page.records] == [(True, {"profile_id": "3"})]


def test_a_deleted_person_is_gone(account):
    icims = account(people=2)
    icims.simulator.company.remove_person(3)
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}, {"person": "2"}])
    assert [(r.values["profile_id"], r.gone) for r in page.records] == [("2", False), ("3", True)]


def test_a_leaver_is_no_employee(account):
    icims = account(people=2)
    icims.simulator.company.terminate(3, "2026-05-31")
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}])
    [record] = page.records
    assert (record.gone, record.values["is_employee"], record.values["end_date"]) == (
        False,
        "no",
        "2026-05-31",
    )
    assert icims.simulator.company.people[3]["folder"]["id"] == FORMER


def test_hints_that_name_nobody_read_nobody(account):
    icims = account(people=2)
    found = list(SOURCE.read_some(icims.context(), [{"person": "x"}, {}, {"record": "../2"}]))
    assert [(page.records, page.complete) for page in found] == [([], True)]


# --- settings


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"customer_id": "x"}, "customer_id"),
        ({"customer_id": ""}, "customer_id"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"token_url": "http://user:p@x/"}, "token_url"),
        ({"folders": "Employees"}, "folders"),
        ({"former_folders": "a;b"}, "former_folders"),
        ({"field_job_code": "Job Code"}, "field_job_code"),
        ({"field_job_code": "people/1"}, "field_job_code"),
        ({"include_national_id": "maybe"}, "include_national_id"),
        ({"calls_per_day": "-1"}, "calls_per_day"),
        ({"staleness": "soon"}, "staleness"),
    ],
)
def test_a_wrong_setting_is_told_by_name(changed, words):
    with pytest.raises(WrongSource, match=words):
        SOURCE.settle({"customer_id": "1234", **changed})


def test_settings_are_kept_in_one_spelling():
    settled = SOURCE.settle(
        {"customer_id": "1234", "folders": " d32013, C16818,d32013", "field_job_code": "JOB:RCF3001"}
    )
    assert (settled["folders"], settled["field_job_code"]) == ("D32013,C16818", "job:rcf3001")
    assert SOURCE.settle(settled) == settled
