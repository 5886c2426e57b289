"""When imports start by themselves: exactly one daily import on each local date, in every zone, whatever clocks do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
import time_machine
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app import clock
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs import upkeep
from app.sources import catalog, life, runner, runs, starting
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.runs import Run
from app.sources.schedules import Schedule, parse_schedule
from app.sources.tables import import_run
from app.sources.tables import source as source_table

ZONES = sorted(available_timezones())
DAY = timedelta(days=1)


# --- the arithmetic -------------------------------------------------------------------------------------------------


def starts(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    """The instants at which imports start between two instants."""
    found, moment = [], begin
    while (following := schedule.next_after(moment)) is not None and following < end:
        found.append(following)
        moment = following
    return found


def dates_that_exist(zone: ZoneInfo, begin: datetime, end: datetime) -> list[date]:
    """The local dates on which there is some instant, found by looking every quarter of an hour."""
    seen: dict[date, None] = {}
    moment = begin
    while moment < end:
        seen[moment.astimezone(zone).date()] = None
        moment += timedelta(minutes=15)
    return sorted(seen)


def assert_one_on_each_date(schedule: Schedule, around: datetime, days: int) -> None:
    """Each date that exists has one import; the first and the last one of the window may be cut off."""
    zone = ZoneInfo(schedule.zone)
    begin, end = around - days * DAY, around + days * DAY
    found = [moment.astimezone(zone).date() for moment in starts(schedule, begin, end)]
    there = dates_that_exist(zone, begin, end)
    assert found == sorted(set(found)), f"a date with two imports: {schedule} around {around}"
    assert found[0] <= there[1]
    assert found[-1] >= there[-2]
    assert found == [day for day in there if found[0] <= day <= found[-1]], f"{schedule} around {around}"


@dataclass(frozen=True)
class Shift:
    """A change of clocks: the offset before and after it, and the local time at which it comes."""

    before: timedelta
    after: timedelta
    at: time


def shifts() -> dict[Shift, tuple[str, datetime]]:
    """Every form of a change of clocks that any zone had or will have from 1970 to 2037, each with an example."""
    known: dict[Shift, tuple[str, datetime]] = {}
    for name in ZONES:
        for moment, before, after in _changes(ZoneInfo(name)):
            shift = Shift(before, after, (moment + before).time())
            known.setdefault(shift, (name, moment))
    return known


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    step, moment = timedelta(days=12), datetime(1970, 1, 1, tzinfo=UTC)
    offset = _offset(zone, moment)
    while moment.year < 2038:
        following = moment + step
        later = _offset(zone, following)
        if later != offset:
            low, high = moment, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
            exact = high.replace(second=0, microsecond=0)
            yield exact, offset, later
        moment, offset = following, later


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def test_every_form_of_a_change_of_clocks_leaves_one_import_on_each_date() -> None:
    known = shifts()
    assert len(known) > 200
    skipped = 0
    for name, moment in known.values():
        zone = ZoneInfo(name)
        days = dates_that_exist(zone, moment - 2 * DAY, moment + 2 * DAY)
        skipped += any(later - day > DAY for day, later in pairwise(days))
        for hour, minute in ((0, 0), (0, 30), (2, 30), (12, 0), (23, 30)):
            assert_one_on_each_date(Schedule(at=time(hour, minute), zone=name), moment, 2)
    assert skipped >= 2, "Samoa and Kwajalein have left out a date"


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.datetimes(datetime(1970, 1, 10), datetime(2037, 12, 20), timezones=st.just(UTC)),
    at=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
)
def test_any_time_of_day_on_any_day_in_any_zone(zone: str, day: datetime, at: time) -> None:
    assert_one_on_each_date(Schedule(at=at, zone=zone), day, 4)


@pytest.mark.parametrize(
    "zone",
    ["Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Santiago", "Atlantic/Azores", "America/Nuuk"],
)
def test_where_midnight_is_sometimes_missing_every_date_of_40_years_has_its_import(zone: str) -> None:
    found = [
        moment.astimezone(ZoneInfo(zone)).date()
        for moment in starts(
            Schedule(at=time(0), zone=zone),
            datetime(1997, 12, 31, 12, tzinfo=UTC),
            datetime(2037, 12, 31, 12, tzinfo=UTC),
        )
    ]
    days = (date(2037, 12, 31) - date(1998, 1, 1)).days + 1
    assert found == [date(1998, 1, 1) + number * DAY for number in range(days)]


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21))],
)
@pytest.mark.parametrize("at", [time(0), time(12), time(23, 59)])
def test_a_date_that_a_zone_has_left_out_has_no_import(zone: str, skipped: date, at: time) -> None:
    around = datetime(skipped.year, skipped.month, skipped.day, tzinfo=UTC)
    found = [
        moment.astimezone(ZoneInfo(zone)).date()
        for moment in starts(Schedule(at=at, zone=zone), around - 5 * DAY, around + 5 * DAY)
    ]
    assert skipped not in found
    assert {skipped - DAY, skipped + DAY} <= set(found)
    assert len(found) == len(set(found))


def test_a_time_that_is_skipped_comes_later_and_stays_on_its_date() -> None:
    cairo = Schedule(at=time(0), zone="Africa/Cairo")
    assert cairo.next_after(datetime(2026, 4, 23, 12, tzinfo=UTC)) == datetime(2026, 4, 23, 22, tzinfo=UTC)
    # 23:30 is not there in Nuuk on 28 March 2026, and half an hour later is another date: it is an hour earlier then.
    nuuk = Schedule(at=time(23, 30), zone="America/Nuuk")
    found = nuuk.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert found is not None
    assert found.astimezone(ZoneInfo("America/Nuuk")).isoformat() == "2026-03-28T22:30:00-02:00"


@pytest.mark.parametrize(
    ("day", "utc_hour"), [(date(2026, 7, 1), 7), (date(2026, 12, 1), 8), (date(2026, 3, 8), 8)]
)
def test_12_am_pst_is_midnight_in_los_angeles_in_summer_and_in_winter(day: date, utc_hour: int) -> None:
    schedule = parse_schedule("daily 12:00 AM PST")
    assert schedule == parse_schedule("daily 00:00 America/Los_Angeles")
    eve = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert schedule.next_after(eve) == eve + timedelta(hours=utc_hour)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("daily", "daily 00:00 UTC"),
        ("Daily 6:30", "daily 06:30 UTC"),
        ("daily 12:00 PM Pacific/Auckland", "daily 12:00 Pacific/Auckland"),
        ("daily 1:05pm PT", "daily 13:05 America/Los_Angeles"),
        ("every 90 s", "90s"),
        ("1d", "1d"),
        ("never", "off"),
    ],
)
def test_what_can_be_written(text: str, meant: str) -> None:
    assert str(parse_schedule(text)) == meant
    assert parse_schedule(meant) == parse_schedule(text)


@pytest.mark.parametrize(
    "text",
    ["59", "0", "daily 24:00", "daily 13:00 PM", "daily 0:30 AM", "daily 00:00 Mars/Olympus", "often", ""],
)
def test_what_cannot_be_written_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(WrongSource, match=r"write 15m|names no time|IANA"):
        parse_schedule(text)


@given(
    seconds=st.integers(60, 10_000_000),
    now=st.datetimes(timezones=st.just(UTC), max_value=datetime(9000, 1, 1)),
)
def test_every_so_often_counts_from_the_last_start(seconds: int, now: datetime) -> None:
    assert Schedule(every=seconds).next_after(now) == now + timedelta(seconds=seconds)


# --- with a database ------------------------------------------------------------------------------------------------

MIDNIGHT = datetime(2026, 12, 1, 8, tzinfo=UTC)  # in Los Angeles
DAILY = "daily 00:00 America/Los_Angeles"


@dataclass
class Clockwork:
    """The scheduler's part of a source, at times that a test sets."""

    tenant: Tenant
    known: Source
    travel: time_machine.Traveller

    def at(self, moment: datetime, *, ends: bool = True) -> list[Run]:
        """What a beat at this moment starts; the imports are over at once unless told otherwise."""
        self.travel.move_to(moment, tick=False)
        with writing() as connection:
            started = starting.start_due(connection, clock.now())
        for run in started if ends else ():
            runner.work(run.tenant_id, run.id)
        return started

    def minute_passes(self) -> None:
        upkeep.watch()

    def source(self) -> Source:
        with reading() as connection:
            found = catalog.with_id(connection, self.tenant.id, self.known.id)
        assert found is not None
        return found

    def due(self) -> list[tuple[int, int]]:
        with reading() as connection:
            return starting.due_sources(connection, clock.now())

    def dates(self) -> list[date]:
        """The local dates of the imports that started by schedule."""
        c = import_run.c
        query = select(c.started_at).where(c.trigger == "schedule").order_by(c.id)
        with reading() as connection:
            instants = connection.scalars(query).all()
        zone = ZoneInfo(self.known.schedule.zone)
        return [clock.parse_instant(each).astimezone(zone).date() for each in instants]


@pytest.fixture
def clockwork(
    app: Flask, tenant: Tenant, write: Callable[..., object], add_source: Callable[..., Source]
) -> Iterator[Callable[..., Clockwork]]:
    """Give a function that adds a source with a schedule at noon before the midnight of the tests."""
    write("1,Ada,Lovelace,ada@example.com,Engineer,Active")
    with time_machine.travel(MIDNIGHT - timedelta(hours=12), tick=False) as travel:
        yield lambda schedule=DAILY: Clockwork(tenant, add_source(schedule=schedule), travel)


def test_a_daily_import_starts_once_on_each_date(clockwork: Callable[..., Clockwork]) -> None:
    works = clockwork()
    for minute in range(0, 3 * 24 * 60, 20):
        works.at(MIDNIGHT - timedelta(hours=6) + timedelta(minutes=minute))
        works.minute_passes()
    assert works.dates() == [date(2026, 12, day) for day in (1, 2, 3)]


def test_after_days_in_which_nothing_ran_one_import_catches_up(clockwork: Callable[..., Clockwork]) -> None:
    works = clockwork()
    assert len(works.at(MIDNIGHT)) == 1
    back = MIDNIGHT + timedelta(days=3, hours=9)
    assert len(works.at(back)) == 1
    assert works.at(back + timedelta(hours=1)) == []
    assert len(works.at(MIDNIGHT + 4 * DAY)) == 1
    assert works.dates() == [date(2026, 12, day) for day in (1, 4, 5)]


def test_of_two_schedulers_one_starts_it(clockwork: Callable[..., Clockwork]) -> None:
    works = clockwork()
    works.travel.move_to(MIDNIGHT, tick=False)
    known = works.source()
    assert len(works.at(MIDNIGHT, ends=False)) == 1
    with writing() as connection:
        assert not starting._take(connection, known, clock.now()), "it was seen as due, and then taken"
        assert starting.start_due(connection, clock.now()) == []
    assert len(works.dates()) == 1


@pytest.mark.parametrize("back", [timedelta(seconds=10), timedelta(hours=3), timedelta(hours=23)])
def test_a_clock_that_is_set_back_over_midnight_starts_no_second_import_of_a_date(
    clockwork: Callable[..., Clockwork], back: timedelta
) -> None:
    works = clockwork()
    assert len(works.at(MIDNIGHT + timedelta(seconds=2))) == 1
    for minute in range(0, 4 * 24 * 60, 30):
        works.at(MIDNIGHT - back + timedelta(minutes=minute))
        works.minute_passes()
    assert works.dates() == [date(2026, 12, day) for day in (1, 2, 3, 4)]


def test_a_clock_that_was_years_ahead_keeps_nothing_waiting_for_years(
    clockwork: Callable[..., Clockwork],
) -> None:
    works = clockwork()
    works.at(MIDNIGHT + 900 * DAY)
    assert (works.source().next_run_at or "") > "2029"
    works.travel.move_to(MIDNIGHT + timedelta(hours=1), tick=False)
    works.minute_passes()
    assert works.source().next_run_at == clock.instant(MIDNIGHT + DAY)
    assert len(works.at(MIDNIGHT + DAY)) == 1


def test_an_interval_that_was_counted_from_a_clock_ahead_is_brought_nearer(
    clockwork: Callable[..., Clockwork],
) -> None:
    works = clockwork("15m")
    works.at(MIDNIGHT + 900 * DAY)
    works.travel.move_to(MIDNIGHT, tick=False)
    works.minute_passes()
    assert works.source().next_run_at == clock.instant(MIDNIGHT + timedelta(minutes=15))


def test_a_clock_that_jumps_ahead_over_many_midnights_starts_one_import(
    clockwork: Callable[..., Clockwork],
) -> None:
    works = clockwork()
    works.at(MIDNIGHT + 30 * DAY + timedelta(hours=5))
    works.minute_passes()
    assert works.at(MIDNIGHT + 30 * DAY + timedelta(hours=6)) == []
    assert len(works.dates()) == 1


def test_looking_at_times_that_are_right_changes_none(clockwork: Callable[..., Clockwork]) -> None:
    works = clockwork()
    for hour in range(30):
        works.at(MIDNIGHT + timedelta(hours=hour))
        before = works.source().next_run_at
        works.minute_passes()
        assert works.source().next_run_at == before


def test_every_15_minutes_is_counted_from_each_start_and_missed_ones_are_one(
    clockwork: Callable[..., Clockwork],
) -> None:
    works = clockwork("15m")
    began = MIDNIGHT - timedelta(hours=12)
    assert works.at(began + timedelta(minutes=14, seconds=59)) == []
    assert len(works.at(began + timedelta(minutes=15, seconds=3))) == 1
    assert works.at(began + timedelta(minutes=30)) == []
    assert len(works.at(began + timedelta(minutes=31))) == 1
    assert len(works.at(began + timedelta(hours=9))) == 1
    assert works.at(began + timedelta(hours=9, minutes=14)) == []


def test_a_daily_import_follows_one_that_is_under_way_at_its_time(
    clockwork: Callable[..., Clockwork],
) -> None:
    works = clockwork()
    works.travel.move_to(MIDNIGHT - timedelta(minutes=1), tick=False)
    with writing() as connection:
        other = runs.start(connection, works.source(), dry_run=False, requested_by="admin:1").run
    assert works.at(MIDNIGHT) == []
    assert works.at(MIDNIGHT + timedelta(seconds=30)) == []
    runner.work(other.tenant_id, other.id)
    assert len(works.at(MIDNIGHT + timedelta(seconds=61))) == 1
    works.minute_passes()
    assert works.at(MIDNIGHT + timedelta(hours=1)) == []
    assert works.source().next_run_at == clock.instant(MIDNIGHT + DAY)


def test_a_source_that_cannot_be_opened_keeps_no_other_waiting(
    tenant: Tenant, clockwork: Callable[..., Clockwork], add_source: Callable[..., Source]
) -> None:
    works = clockwork()
    bad = add_source("bad", schedule=DAILY)
    where = (source_table.c.tenant_id == tenant.id, source_table.c.id == bad.id)
    with writing() as connection:
        connection.execute(update(source_table).where(*where).values(print_key=b"rubbish"))
    started = works.at(MIDNIGHT)
    assert [run.source_id for run in started] == [works.known.id]
    works.minute_passes()
    assert works.due() == []


@pytest.mark.parametrize("state", ["draft", "paused", "disconnected"])
def test_only_an_active_source_is_ever_due(
    tenant: Tenant, clockwork: Callable[..., Clockwork], state: str
) -> None:
    works = clockwork()
    where = (source_table.c.tenant_id == tenant.id, source_table.c.id == works.known.id)
    with writing() as connection:
        connection.execute(update(source_table).where(*where).values(state=state))
    works.travel.move_to(MIDNIGHT + 5 * DAY, tick=False)
    assert works.due() == []
    works.minute_passes()
    assert works.at(MIDNIGHT + 6 * DAY) == []


def test_a_source_that_is_resumed_waits_for_its_next_time(clockwork: Callable[..., Clockwork]) -> None:
    works = clockwork()
    with writing() as connection:
        life.pause(connection, works.source(), "admin:1")
    works.travel.move_to(MIDNIGHT + timedelta(hours=1), tick=False)
    with writing() as connection:
        resumed = life.resume(connection, works.source(), "admin:1")
    assert works.due() == []
    assert resumed.next_run_at == clock.instant(MIDNIGHT + DAY)
