"""Employees read from a simulated BambooHR account: everybody, who changed, single ones; its quirks and its faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sources.adapter import ReadsSome
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.bamboohr import reading
from app.vendors.bamboohr.source import BambooHRSource

SECRET_FIELDS = {"ssn", "payRate", "payType", "payPeriod", "gender", "dateOfBirth"}


def ids(records):
    return [record.values["id"] for record in records]


def watermark_of(pages):
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return pages[-1].watermark


# --- everybody -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["each", "report"])
def test_everybody_is_read_inactive_ones_too_each_with_an_address(account, way):
    bamboo = account(people=120)
    records = bamboo.read(read_everyone=way)
    assert ids(records) == [str(number) for number in range(100, 220)]
    assert {record.values["status"] for record in records} == {"Active", "Inactive"}
    assert all(record.values["location_city"] == record.values["location"] for record in records)
    assert [record.number for record in records] == list(range(1, 121))


def test_both_ways_of_reading_everybody_give_the_same_records(account):
    bamboo = account(people=70)
    bamboo.company.delete("110")
    assert bamboo.read(read_everyone="each") == bamboo.read(read_everyone="report")


def test_a_report_is_one_call_whatever_the_number_of_people(account):
    bamboo = account(people=70)
    bamboo.read(read_everyone="report")
    assert bamboo.paths() == ["/employees/changed", "/reports/custom", "/applicant_tracking/locations"]


def test_the_watermark_is_the_feeds_time_and_comes_with_the_last_page(account):
    bamboo = account(people=60)
    assert watermark_of(bamboo.pages()) == {"since": "2025-01-06T08:59:00+00:00"}


def test_an_account_without_anybody_is_read_whole(account):
    [page] = account().pages()
    assert (page.records, page.complete, page.watermark) == ([], True, {"since": "1970-01-01T00:00:00+00:00"})


def test_deleted_employees_come_as_gone_with_nothing_but_their_id(account):
    bamboo = account(people=3)
    bamboo.company.delete("101")
    gone = [record for record in bamboo.read() if record.gone]
    assert [record.values for record in gone] == [{"id": "101"}]
    assert "/employees/101" not in bamboo.paths()


def test_who_is_deleted_between_list_and_look_is_gone(account):
    bamboo = account(people=3)
    del bamboo.company.employees["101"]
    assert [record.values["id"] for record in bamboo.read() if record.gone] == ["101"]


# --- what changed ----------------------------------------------------------------------------------------------------


def test_only_who_changed_since_is_read_and_a_minute_is_asked_for_again(account):
    bamboo = account(people=200)
    mark = watermark_of(bamboo.pages())
    before = len(bamboo.simulator.log)
    changed_at = datetime.fromisoformat(mark["since"]) + timedelta(hours=1)
    bamboo.company.change("100", {"jobTitle": "Lead"}, changed_at)
    bamboo.company.terminate("101", at=changed_at)
    pages = bamboo.pages(watermark=mark)
    feed = bamboo.simulator.log.calls()[before]
    assert datetime.fromisoformat(feed.query["since"]) == datetime.fromisoformat(mark["since"]) - timedelta(
        minutes=1
    )
    # Who was hired in the last minute of the read before comes again.
    assert ids([record for page in pages for record in page.records])[:2] == ["100", "101"]
    assert len([record for page in pages for record in page.records]) == 2 + 2
    assert watermark_of(pages) == {"since": changed_at.isoformat()}


def test_a_change_that_the_feed_shows_late_is_found_by_the_overlap(account):
    bamboo = account(people=1)
    bamboo.company.now = lambda: datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    bamboo.company.add()
    mark = watermark_of(bamboo.pages())
    bamboo.company.change("100", {"jobTitle": "Late"}, datetime(2026, 3, 2, 9, 14, 30, tzinfo=UTC))
    assert "100" in ids(bamboo.read(watermark=mark))


def test_a_deleted_employee_is_named_by_the_feed(account):
    bamboo = account(people=200)
    mark = watermark_of(bamboo.pages())
    bamboo.company.delete("100")
    [gone] = [record for record in bamboo.read(watermark=mark) if record.gone]
    assert gone.values == {"id": "100"}


@pytest.mark.parametrize("habits", ["", "empty-array", "empty-array;no-latest", "no-latest"])
def test_nothing_new_is_no_page_of_people_and_keeps_the_watermark(account, habits):
    bamboo = account(people=3, faults=habits)
    mark = {"since": "2999-01-01T00:00:00+00:00"}
    [page] = bamboo.pages(watermark=mark)
    assert (page.records, page.watermark) == ([], mark)


def test_the_watermark_never_goes_back(account):
    bamboo = account(people=1)
    bamboo.simulator.plan_faults("no-latest")
    [page] = bamboo.pages(watermark={"since": "2025-01-06T08:00:30+00:00"})
    assert page.watermark == {"since": "2025-01-06T08:00:30+00:00"}
    assert ids(page.records) == ["100"]


def test_the_address_of_a_location_is_refreshed_when_everybody_is_read(account):
    bamboo = account(people=1)
    mark = watermark_of(bamboo.pages())
    bamboo.company.change_location("9", {"address1": "2 New Street"})
    assert bamboo.read(watermark={"since": "2027-01-01T00:00:00+00:00"}) == []
    assert bamboo.read()[0].values["location_address1"] == "2 New Street"
    assert watermark_of(bamboo.pages()) == mark


def test_who_changes_while_reading_is_read_again_the_next_time(account):
    bamboo = account(people=60, faults="changing:count=5")
    mark = watermark_of(bamboo.pages())
    assert mark == {"since": "2025-01-06T08:59:00+00:00"}
    again = {record.values["id"]: record.values["jobTitle"] for record in bamboo.read(watermark=mark)}
    moved = {
        row["id"]: row["jobTitle"] for row in bamboo.company.employees.values() if "Moved" in row["jobTitle"]
    }
    assert len(moved) == 5
    assert moved.items() <= again.items()


# --- after a kill ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["each", "report"])
def test_a_read_goes_on_after_every_page_and_gives_the_same_records(account, way, monkeypatch):
    monkeypatch.setattr(reading, "PAGE_PEOPLE", 7)
    bamboo = account(people=25)
    bamboo.company.delete("103")
    whole = bamboo.pages(read_everyone=way)
    for stopped in range(len(whole) - 1):
        resume = json.loads(json.dumps(whole[stopped].resume))
        rest = list(BambooHRSource().read(bamboo.context(read_everyone=way), resume))
        assert [*whole[: stopped + 1], *rest] == whole


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(1, 4), max_size=6), size=st.integers(1, 9))
def test_however_often_a_read_is_killed_nobody_is_skipped_or_read_twice(account, kills, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PAGE_PEOPLE", size)
        bamboo = account(people=17)
        found, resume, done = [], None, False
        for pages in [*kills, 1000]:
            for count, page in enumerate(BambooHRSource().read(bamboo.context(), resume), 1):
                found += page.records
                resume, done = json.loads(json.dumps(page.resume)), page.complete
                if done or count == pages:
                    break
            if done:
                break
        assert done
        assert found == bamboo.read()


def test_after_a_kill_nobody_who_was_read_is_looked_up_again(account, monkeypatch):
    monkeypatch.setattr(reading, "PAGE_PEOPLE", 5)
    bamboo = account(people=20)
    first = next(BambooHRSource().read(bamboo.context(), None))
    bamboo.company.add()
    list(BambooHRSource().read(bamboo.context(), first.resume))
    looked_up = [path for path in bamboo.paths() if path.startswith("/employees/1")]
    assert len(looked_up) == len(set(looked_up)) == 21


# --- single ones -----------------------------------------------------------------------------------------------------


def test_single_employees_are_read_as_they_are_now_and_missing_ones_are_gone(account):
    assert isinstance(BambooHRSource(), ReadsSome)
    bamboo = account(people=5)
    hints = [{"record": "103"}, {"record": "999"}, {"record": "103"}, {}]
    [page] = BambooHRSource().read_some(bamboo.context(), hints)
    assert [(record.values["id"], record.gone) for record in page.records] == [("103", False), ("999", True)]
    assert page.records[0].values["location_city"]
    assert (page.complete, page.watermark) == (True, None)


def test_an_odd_id_stays_within_its_place_in_the_path(account):
    bamboo = account(people=2)
    [page] = BambooHRSource().read_some(bamboo.context(), [{"record": "../meta/fields?x"}])
    assert page.records[0].gone
    assert not any(path.startswith("/meta") for path in bamboo.paths())


# --- locations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", ["no-ats", "404:path=applicant_tracking", "401:path=applicant_tracking"])
def test_addresses_that_the_key_may_not_see_stay_unknown(account, faults):
    bamboo = account(people=3, faults=faults)
    for record in bamboo.read():
        assert record.values["location"]
        assert not any(name.startswith("location_") for name in record.values)


@pytest.mark.parametrize("habits", ["", ";small-pages:size=2", ";page-loop"])
def test_addresses_can_come_from_the_newer_endpoint(account, habits):
    bamboo = account(people=30, faults="hris-with-key;no-ats" + habits)
    bamboo.company.add_location("Dayton", address1="9 Old Street", archived=True)
    records = bamboo.read(locations="hris")
    dayton = next(record for record in records if record.values["location"] == "Dayton")
    assert (dayton.values["location_address1"], dayton.values["location_state"]) == ("1 Main Street", "Ohio")
    if "loop" not in habits:
        assert all(record.values["location_city"] for record in records)


def test_locations_need_not_be_read_at_all(account):
    bamboo = account(people=2)
    bamboo.read(locations="none")
    assert not any("locations" in path for path in bamboo.paths())


def test_an_empty_list_of_locations_takes_nobodys_address_away(account):
    bamboo = account(people=2)
    bamboo.company.locations.clear()
    assert not any(name.startswith("location_") for record in bamboo.read() for name in record.values)


# --- quirks and faults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["each", "report"])
@pytest.mark.parametrize(
    "faults",
    [
        "number-ids",
        "extra-member",
        "null-member:name=middleName",
        "500:every=7",
        "drop:every=9",
        "half-body:every=11",
        "html:every=13",
        "wrong-type",
        "429:every=6",
        "429:every=6,retry_after=3",
        "503:every=6,retry_after=3",
        "503:every=6,retry_after=date+3",
        "429:every=6,retry_after=date-3",
        "503:every=6,retry_after=soon",
    ],
)
def test_quirks_and_passing_faults_cost_nobody(account, faults, way):
    bamboo = account(people=26)
    whole = ids(bamboo.read())
    bamboo.simulator.plan_faults(faults)
    assert ids(bamboo.read(read_everyone=way)) == whole


@pytest.mark.parametrize("way", ["each", "report"])
@pytest.mark.parametrize("fault", ["drop", "500", "half-body"])
def test_whichever_call_fails_once_everybody_is_read(account, fault, way):
    bamboo = account(people=6)
    whole = bamboo.read(read_everyone=way)
    for nth in range(1, len(bamboo.paths()) + 1):
        bamboo.simulator.plan_faults(f"{fault}:nth={nth}")
        assert bamboo.read(read_everyone=way) == whole
        assert bamboo.simulator.faults.counts() == {fault: 1}


@pytest.mark.parametrize(("asked", "least", "most"), [("3", 3, 3), ("date+3", 2, 3), ("-5", 0, 0)])
@pytest.mark.parametrize("status", [429, 503])
def test_both_forms_of_throttling_are_waited_for(account, status, asked, least, most):
    bamboo = account(people=3, faults=f"{status}:nth=2,retry_after={asked}")
    assert len(bamboo.read()) == 3
    assert least <= max(bamboo.pauses) <= most


def test_calls_are_paced(account):
    bamboo = account(people=20)
    bamboo.read(calls_per_second="10")
    assert sum(bamboo.pauses) > 0.5


def test_a_plus_in_since_is_encoded(account):
    bamboo = account(people=1)
    bamboo.read(watermark={"since": "2026-03-02T09:15:00+00:00"})
    assert bamboo.simulator.log.calls()[0].query["since"] == "2026-03-02T09:14:00+00:00"


def test_secret_fields_are_never_asked_for(account):
    bamboo = account(people=3)
    records = [*bamboo.read(), *bamboo.read(read_everyone="report")]
    sent = json.dumps([(call.query, call.body) for call in bamboo.simulator.log.calls()])
    assert not any(name in sent for name in SECRET_FIELDS)
    said = json.dumps([dict(record.values) for record in records])
    assert not any(name in said for name in (*SECRET_FIELDS, "900-55-", " USD"))


def test_gender_and_date_of_birth_are_read_when_they_are_switched_on(account):
    [record] = account(people=1).read(include_gender="yes", include_date_of_birth="yes")
    assert record.values["gender"] == "Male"
    assert record.values["dateOfBirth"] == "1970-07-31"


def test_further_fields_are_read_too(account):
    bamboo = account(people=1)
    bamboo.company.change("100", {"customTeam": "Blue"})
    [record] = bamboo.read(extra_fields="customTeam,homeEmail")
    assert (record.values["customTeam"], record.values["homeEmail"][-11:]) == ("Blue", "example.org")


def test_fields_without_permission_are_unknown(account):
    bamboo = account(people=2, faults="no-permission:fields=homePhone+supervisorEId")
    for record in bamboo.read():
        assert not {"homePhone", "supervisorEId"} & record.values.keys()
        assert "mobilePhone" in record.values


@pytest.mark.parametrize("way", ["each", "report"])
def test_a_vanished_work_email_is_one_plain_message(account, way):
    bamboo = account(people=4, faults="missing-member:name=workEmail")
    with pytest.raises(IncompleteRead, match=r"workEmail.*Access Levels"):
        bamboo.read(read_everyone=way)


def test_people_without_a_work_email_are_read_when_the_field_is_there(account):
    bamboo = account(people=1)
    bamboo.company.change("100", {"workEmail": None})
    assert bamboo.read()[0].values["workEmail"] is None


def test_an_employee_that_is_hidden_from_the_key_is_one_errored_row(account):
    records = account(people=5, faults="hidden:ids=102").read()
    assert [record.problem.code for record in records if record.problem] == ["record_refused"]
    assert len(ids(record for record in records if not record.problem)) == 4


def test_a_key_that_may_see_nobody_is_one_plain_message(account):
    with pytest.raises(SourceUnavailable, match="none of its employees"):
        account(people=5, faults="hidden").read()


def test_a_refused_key_is_one_call_and_one_plain_message(account):
    bamboo = account(people=3)
    with pytest.raises(
        SourceUnavailable, match=r"Invalid API key.*rollcall source set hr --secret api_key"
    ) as refused:
        bamboo.read(secrets={"api_key": "wrong-key-canary"})
    assert len(bamboo.paths()) == 1
    assert "wrong-key-canary" not in str(refused.value)


def test_a_source_without_a_key_says_where_to_set_one(account):
    with pytest.raises(SourceUnavailable, match="no API key yet"):
        account().read(secrets={})


@pytest.mark.parametrize("habit", ["", "old-error-header"])
def test_the_reason_of_an_empty_answer_is_read_from_its_header(account, habit):
    bamboo = account(people=1, faults=f"{habit};400:path=changed")
    with pytest.raises(IncompleteRead, match="it says: simulated fault"):
        bamboo.read()


def test_an_account_that_is_away_is_an_incomplete_read_after_six_tries(account):
    bamboo = account(people=3, faults="503")
    with pytest.raises(IncompleteRead, match="6 tries"):
        bamboo.read()
    assert len(bamboo.paths()) == 6


def test_a_key_that_is_withdrawn_midway_leaves_the_good_pages(account, monkeypatch):
    monkeypatch.setattr(reading, "PAGE_PEOPLE", 5)
    bamboo = account(people=20, faults="401:after=10")
    pages = BambooHRSource().read(bamboo.context(), None)
    first = next(pages)
    assert (len(first.records), first.complete) == (5, False)
    with pytest.raises(SourceUnavailable):
        next(pages)


def test_an_empty_list_is_nobody_and_an_empty_answer_breaks_off(account):
    bamboo = account(people=3, faults="empty-lists")
    assert bamboo.read() == []
    bamboo.simulator.plan_faults("empty:path=changed")
    with pytest.raises(IncompleteRead, match="has not the form"):
        bamboo.read()
