"""The calls that iCIMS allows in a day: a read that has used them up goes on when there are new ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.sources.errors import IncompleteRead
from tests.vendors.icims.reads import SOURCE, ids, pages


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
