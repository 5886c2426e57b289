"""What the adapter reads: everybody, what changed, single people; whole, resumed, and while things move."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.intellihr import reading
from app.vendors.intellihr.source import IntelliHRSource

SMALL = {"page_size": "4"}


def by_id(records: Any) -> dict[str, dict[str, Any]]:
    return {record.values["person_id"]: dict(record.values) for record in records}


def watermark_of(pages: Any) -> dict[str, Any]:
    assert pages[-1].complete
    found = pages[-1].watermark
    assert found is not None
    return json.loads(json.dumps(found))


def changed(account: Any, watermark: dict[str, Any], **settings: str) -> dict[str, dict[str, Any]]:
    return by_id(account.records(watermark=watermark, **settings))


# --- everybody ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [0, 1, 4, 5, 45])
def test_everybody_comes_once_with_a_running_number(account, people):
    found = account(people).records(**SMALL)
    assert [record.number for record in found] == list(range(1, people + 1))
    assert len(by_id(found)) == people


def test_only_the_last_page_is_complete_and_has_a_watermark(account):
    pages = account(9).pages(**SMALL)
    assert [(page.complete, page.watermark is not None) for page in pages] == [(False, False)] * 2 + [
        (True, True)
    ]


def test_a_page_of_people_costs_two_calls_and_a_supervisor_that_was_listed_none(account):
    ihr = account(40)
    ihr.records(page_size="20")
    assert ihr.paths() == ["/v1/people"] * 2 + ["/v1/jobs", "/v1/people", "/v1/jobs"]


def test_a_supervisor_who_is_listed_later_is_asked_for_once(account):
    ihr = account(8)
    last = list(ihr.simulator.company.people)[-1]
    for job in list(ihr.simulator.company.jobs):
        ihr.simulator.company.change_job(job, {"_supervisor": last})
    found = by_id(ihr.records(**SMALL))
    mail = ihr.simulator.company.people[last]["primaryEmailAddress"]["email"]
    assert {values["supervisor_email"] for values in found.values()} == {mail}
    assert ihr.paths().count(f"/v1/people/{last}") == 1


def test_a_supervisor_who_is_gone_leaves_the_address_empty(account):
    ihr = account(1)
    job = next(iter(ihr.simulator.company.jobs))
    ihr.simulator.company.change_job(job, {"_supervisor": None})
    [record] = ihr.records()
    assert (record.values["supervisor_id"], record.values["supervisor_email"]) == (None, None)


def test_a_read_goes_on_behind_every_page_and_gives_what_one_read_gives(account):
    ihr = account(30)
    whole = ihr.pages(**SMALL)
    for count, page in enumerate(whole[:-1], start=1):
        rest = ihr.pages(json.loads(json.dumps(page.resume)), **SMALL)
        joined = [record for part in (*whole[:count], *rest) for record in part.records]
        assert joined == [record for part in whole for record in part.records]
        assert rest[-1].watermark["dated"] == whole[-1].watermark["dated"]


def test_the_instant_of_the_watermark_is_that_of_the_first_process(account):
    ihr = account(9)
    first = ihr.pages(**SMALL)[0]
    resume = {**first.resume, "since": "2026-01-01T00:00:00+00:00"}
    assert ihr.pages(resume, **SMALL)[-1].watermark["since"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "faults",
    [
        "page-cap:size=3",
        "no-totals",
        "extra-member",
        "duplicate-rows",
        "500:every=3",
        "502:every=4",
        "429:every=4",
        "429:every=4,retry_after=0",
        "429:every=5,retry_after=date+0",
        "503:every=5,retry_after=-5",
        "drop:every=5",
        "half-body:every=5",
        "html:every=4",
        "broken-json:every=4",
        "wrong-type",
    ],
)
def test_quirks_and_passing_faults_cost_nobody(account, faults):
    assert len(by_id(account(23, faults).records(**SMALL))) == 23


@pytest.mark.parametrize("count", [1, 2, 5])
def test_people_who_are_deleted_while_they_are_listed_hide_nobody_else(account, count):
    ihr = account(23, f"losing-rows:count={count}")
    found = by_id(ihr.records(**SMALL))
    assert set(ihr.simulator.company.people) <= set(found)


def test_people_who_come_while_they_are_listed_come_once(account):
    ihr = account(23, "shifting-rows")
    records = ihr.records(**SMALL)
    assert len(records) == len(by_id(records)) >= 23


def test_a_listing_that_never_shows_all_that_it_counts_is_incomplete(account):
    ihr = account(9, "more-counted:count=2")
    with pytest.raises(IncompleteRead, match="counts 11 records of /people and showed 9"):
        ihr.records(**SMALL)


@pytest.mark.parametrize("faults", ["page-loop", "page-loop;no-totals"])
def test_pages_that_repeat_are_incomplete_and_end(account, faults):
    ihr = account(23, faults)
    with pytest.raises(IncompleteRead):
        ihr.records(**SMALL)
    assert len(ihr.paths()) < 100


def test_an_empty_list_is_read_as_it_is(account):
    ihr = account(5, "empty-lists")
    assert ihr.records() == []


def test_jobs_that_are_named_and_never_shown_break_the_read_off(account):
    with pytest.raises(IncompleteRead, match="people with 5 jobs and shows none"):
        account(5, "empty-lists:of=jobs").records()


def test_a_job_that_was_deleted_meanwhile_leaves_its_fields_unknown(account):
    [record] = account(1, "empty-lists:of=jobs").records()
    assert "position_title" not in record.values
    assert record.values["employment_status"] == "Current Staff"


def test_a_body_without_data_breaks_the_read_off(account):
    with pytest.raises(IncompleteRead, match="has no data"):
        account(5, "empty").records()


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_a_read_at_once_with_the_way_out(account, status):
    ihr = account(5, str(status))
    with pytest.raises(SourceUnavailable) as caught:
        ihr.records()
    assert "Settings > Public API Access Keys" in str(caught.value)
    assert "rollcall source set ihr --secret api_key=-" in str(caught.value)
    assert len(ihr.paths()) == 1


def test_a_key_that_is_revoked_midway_ends_the_read(account):
    ihr = account(23, "401:after=4")
    with pytest.raises(SourceUnavailable, match="subdomain"):
        ihr.records(**SMALL)


def test_without_a_key_nothing_is_called(account):
    ihr = account(5)
    with pytest.raises(SourceUnavailable, match="needs an API key"):
        ihr.records(secrets={})
    assert ihr.paths() == []


def test_a_vendor_that_stays_away_is_tried_six_times_and_named(account):
    ihr, waited = account(5, "503:after=1"), []
    with pytest.raises(IncompleteRead, match="after 6 tries of /people"):
        ihr.records(pause=waited.append, retry_seconds="1")
    assert len(ihr.paths()) == 7
    assert len([seconds for seconds in waited if seconds > 0]) == 5


def test_a_wait_that_the_vendor_asks_for_is_waited(account):
    ihr, waited = account(2, "429:nth=2,retry_after=7"), []
    ihr.records(pause=waited.append)
    assert 7.0 in waited


def test_calls_are_spread_over_the_second(account):
    ihr, waited = account(12), []
    ihr.records(pause=waited.append, calls_per_second="10", **SMALL)
    assert sum(waited) >= 0.05 * (len(ihr.paths()) - 1)


@pytest.mark.parametrize("member", ["id", "employmentStatus", "primaryEmailAddress"])
def test_a_vanished_required_member_is_one_plain_message(account, member):
    with pytest.raises(SourceUnavailable, match=f"people have no {member} any more"):
        account(5, f"missing-member:name={member}").records()


@pytest.mark.parametrize(
    "member", ["jobs", "gender", "addresses", "middleName", "customFields", "phoneNumbers"]
)
def test_another_member_that_is_missing_or_null_ends_nothing(account, member):
    for word in ("missing", "null"):
        assert len(account(5, f"{word}-member:name={member}").records()) == 5


def test_jobs_that_are_not_told_leave_everything_of_the_job_unknown(account):
    [record] = account(1, "missing-member:name=jobs").records()
    assert not {"position_title", "start_date", "supervisor_id"} & set(record.values)


def test_an_error_is_told_by_its_codes_and_never_by_its_sentences(account):
    ihr = account(5, "400:after=1")
    with pytest.raises(IncompleteRead) as caught:
        ihr.records()
    assert "BadRequest, invalid" in str(caught.value)
    assert "simulated fault" not in str(caught.value)


# --- what changed ---------------------------------------------------------------------------------------------------


def test_nothing_comes_when_nothing_changed(account):
    ihr = account(9)
    assert changed(ihr, watermark_of(ihr.pages())) == {}


def test_a_change_a_new_person_and_a_change_of_a_job_come(account):
    ihr = account(9)
    watermark = watermark_of(ihr.pages())
    person, other = list(ihr.simulator.company.people)[:2]
    ihr.simulator.change_person(person, {"firstName": "Anna"})
    ihr.simulator.change_job(ihr.simulator.company.jobs_of[other][0], {"fte": "0.4"})
    added = ihr.simulator.add()["id"]
    found = changed(ihr, watermark)
    assert set(found) == {person, other, added}
    assert (found[person]["first_name"], found[other]["fte"]) == ("Anna", "0.4")


def test_people_written_before_the_last_read_do_not_come_again_on_the_same_day(account):
    ihr = account(9)
    person = next(iter(ihr.simulator.company.people))
    earlier = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    ihr.simulator.change_person(person, {"firstName": "Anna", "updatedAt": earlier})
    assert changed(ihr, watermark_of(ihr.pages())) == {}


def test_people_written_while_the_last_read_began_come_again(account):
    ihr = account(9)
    person = next(iter(ihr.simulator.company.people))
    ihr.simulator.change_person(person, {"firstName": "Anna"})
    assert set(changed(ihr, watermark_of(ihr.pages()))) == {person}


def test_somebody_whose_instant_of_change_is_missing_comes_again(account):
    ihr = account(9)
    watermark = watermark_of(ihr.pages())
    person = next(iter(ihr.simulator.company.people))
    ihr.simulator.change_person(person, {})
    ihr.simulator.plan_faults("missing-member:name=updatedAt")
    assert set(changed(ihr, watermark)) == {person}


def test_days_since_the_last_read_are_asked_for_with_one_more(account):
    ihr = account(3)
    watermark = watermark_of(ihr.pages())
    watermark["since"] = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    changed(ihr, watermark)
    asked = [call.query.get("filters[updatedWithin][eq]") for call in ihr.simulator.log.calls()]
    assert {days for days in asked if days} == {"5"}


def test_a_job_that_begins_without_any_write_is_read_on_its_day(account):
    ihr = account(9)
    begins = str(ihr.simulator.company.today + timedelta(days=30))
    person = ihr.simulator.add({"updatedAt": "2026-01-01T00:00:00+00:00"}, _quiet(companyStartDate=begins))[
        "id"
    ]
    first = ihr.pages()
    assert by_id(first[0].records)[person]["counted_status"] == "Upcoming Staff"
    watermark = watermark_of(first)
    ihr.simulator.company.days_ahead = 30
    found = changed(ihr, watermark)
    assert found[person]["counted_status"] == "Current Staff"
    assert set(found) == {person}


def test_a_job_that_ends_without_any_write_is_read_on_the_day_behind(account):
    ihr = account(9)
    ends = str(ihr.simulator.company.today + timedelta(days=30))
    person = ihr.simulator.add({"updatedAt": "2026-01-01T00:00:00+00:00"}, _quiet(companyEndDate=ends))["id"]
    pages = ihr.pages()
    statuses = []
    for days in (29, 30, 31):
        ihr.simulator.company.days_ahead = days
        pages = ihr.pages(watermark=watermark_of(pages))
        [values] = by_id(record for page in pages for record in page.records).values()
        assert values["person_id"] == person
        statuses.append(values["counted_status"])
    assert statuses == ["Exiting Staff", "Exiting Staff", "Past Staff"]
    assert watermark_of(pages)["dated"] == []


def _quiet(**members: str) -> dict[str, str]:
    """A job whose last write is long ago."""
    return {"_written_at": "2026-01-01T00:00:00+00:00", **members}


def test_more_dated_jobs_than_are_remembered_make_the_next_read_one_of_everybody(account, monkeypatch):
    monkeypatch.setattr(reading, "MOST_DATED", 2)
    ihr = account(3)
    for _ in range(3):
        ihr.simulator.add({}, {"companyEndDate": str(ihr.simulator.company.today)})
    pages = ihr.pages()
    assert pages[-1].complete
    assert pages[-1].watermark is None


def test_a_read_of_changes_goes_on_behind_every_page(account):
    ihr = account(12)
    ends = str(ihr.simulator.company.today + timedelta(days=3))
    for _ in range(6):
        ihr.simulator.add({}, {"companyEndDate": ends})
    watermark = watermark_of(ihr.pages())
    for person in list(ihr.simulator.company.people)[:6]:
        ihr.simulator.change_person(person, {"firstName": "Anna"})
    whole = ihr.pages(watermark=watermark, page_size="2")
    expected = by_id(record for page in whole for record in page.records)
    assert len(expected) == 12
    for count, page in enumerate(whole[:-1], start=1):
        # A run goes on as it began, whatever the source's watermark is by then.
        rest = ihr.pages(json.loads(json.dumps(page.resume)), watermark=None, page_size="2")
        records = [record for part in (*whole[:count], *rest) for record in part.records]
        assert by_id(records) == expected
        assert [record.number for record in records] == list(range(1, len(records) + 1))
        assert rest[-1].watermark == whole[-1].watermark


# --- single people --------------------------------------------------------------------------------------------------


def some(account: Any, *hints: dict[str, str], **settings: str) -> list[Any]:
    pages = list(IntelliHRSource().read_some(account.context(**settings), hints))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [record for page in pages for record in page.records]


@pytest.mark.parametrize("word", ["record", "person"])
def test_a_person_that_is_named_is_read_as_a_whole_read_would(account, word):
    ihr = account(3)
    whole = by_id(ihr.records())
    person = list(whole)[1]
    [record] = some(ihr, {word: person})
    assert dict(record.values) == whole[person]


def test_a_job_leads_to_who_has_it(account):
    ihr = account(3)
    person, [job] = list(ihr.simulator.company.jobs_of.items())[2]
    assert [record.values["person_id"] for record in some(ihr, {"job": job})] == [person]


def test_several_hints_at_one_person_read_them_once(account):
    ihr = account(7)
    people = list(ihr.simulator.company.people)
    hints = [{"person": person} for person in people] + [{"record": person} for person in people]
    jobs = [{"job": job} for job in ihr.simulator.company.jobs]
    records = some(ihr, *hints, *jobs, page_size="3")
    assert sorted(record.values["person_id"] for record in records) == sorted(people)
    assert sorted(record.number for record in records) == list(range(1, 8))


def test_a_person_who_is_deleted_comes_as_gone_with_the_key_only(account):
    ihr = account(3)
    person, other = list(ihr.simulator.company.people)[:2]
    ihr.simulator.remove(person)
    records = {
        record.values["person_id"]: record for record in some(ihr, {"person": person}, {"person": other})
    }
    assert (records[person].gone, dict(records[person].values)) == (True, {"person_id": person})
    assert records[other].gone is False
    assert {record.number for record in records.values()} == {1, 2}


def test_a_job_that_is_deleted_leads_to_nobody(account):
    assert some(account(3), {"job": "gone"}) == []


def test_no_hints_are_one_empty_page(account):
    ihr = account(3)
    assert some(ihr) == []
    assert ihr.paths() == []


def test_an_id_cannot_leave_its_place_in_the_path(account):
    ihr = account(3)
    [record] = some(ihr, {"record": "../jobs?limit=1"})
    assert record.gone
    assert all("/people/" in path for path in ihr.paths())
