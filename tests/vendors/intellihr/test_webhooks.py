"""Webhooks of a simulated intelliHR account over real HTTP: what they change, and what forged and repeated ones do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from app import clock, directory
from app.database import reading, writing
from app.sources import catalog, hooks, inbox, runner
from app.sources.catalog import Source
from app.sources.runs import Run
from app.vendors.intellihr.hooks import EVENTS
from tests.vendors.intellihr.conftest import Account


@pytest.fixture
def base(app: Any, serve: Callable[[Any], str]) -> str:
    """Give the address under which the product is reached."""
    return serve(app)


@pytest.fixture
def subscribed(base, account, add_intellihr, pull, tenant) -> tuple[Account, Source, str]:
    """Give an account of five people, all imported, its source, and the address that intelliHR calls."""
    ihr = account(5)
    source = add_intellihr(ihr)
    pull(source)
    address = base + hooks.path_of(source, tenant.public_id, keyed=True)
    hooks.subscribe(source, runner.context_of(source), address, "system:test")
    return ihr, now(source), address


def now(source: Source) -> Source:
    with reading() as connection:
        return catalog.named(connection, source.tenant_id, source.name)


def work_off(source: Source) -> list[Run]:
    """Carry out the runs that deliveries have called for."""
    ended = []
    while True:
        with writing() as connection:
            started = inbox.start_waiting(connection, clock.after(60))
        if not started:
            return ended
        for run in started:
            found = runner.work(run.tenant_id, run.id)
            assert found is not None
            ended.append(found)


def documents(source: Source) -> dict[str, dict[str, Any]]:
    with reading() as connection:
        ids = directory.iterate_ids(connection, source.tenant_id, None, 100)
        found = directory.get_many(connection, source.tenant_id, ids).values()
    return {employee.document["userName"]: employee.document for employee in found}


def first(ihr: Account) -> tuple[str, str]:
    """Return the id and the address of the account's first person."""
    row = next(iter(ihr.simulator.company.people.values()))
    return row["id"], row["primaryEmailAddress"]["email"]


def test_a_change_at_intellihr_arrives_and_costs_one_person(subscribed):
    ihr, source, _ = subscribed
    assert {row["webhookEvent"] for row in ihr.simulator.hooks.rows.values()} == set(EVENTS)
    person, mail = first(ihr)
    ihr.simulator.log.clear()
    ihr.simulator.change_person(person, {"lastName": "Renamed"})
    [run] = work_off(source)
    assert (run.state, run.counts.updated, run.counts.total) == ("finished", 1, 1)
    assert documents(source)[mail]["name"]["familyName"] == "Renamed"
    assert ihr.paths() == [f"/v1/people/{person}", "/v1/jobs"]


def test_a_leaver_and_a_newcomer_arrive_by_their_jobs(subscribed):
    ihr, source, _ = subscribed
    person, mail = first(ihr)
    added = ihr.simulator.add()
    ihr.simulator.terminate(person, str(ihr.simulator.company.today - timedelta(days=1)))
    work_off(source)
    found = documents(source)
    assert found[mail]["active"] is False
    assert added["primaryEmailAddress"]["email"] in found


def test_a_deleted_person_is_gone_and_stays_in_the_directory(subscribed):
    ihr, source, _ = subscribed
    person, mail = first(ihr)
    ihr.simulator.remove(person)
    runs = work_off(source)
    assert sum(run.counts.deleted for run in runs) == 1
    assert mail in documents(source)


@pytest.mark.parametrize("faults", ["duplicate-hooks:times=20", "false-links"])
def test_repeated_and_lying_deliveries_end_in_the_same_state(subscribed, faults):
    ihr, source, _ = subscribed
    ihr.simulator.plan_faults(faults)
    added = ihr.simulator.add()
    runs = work_off(source)
    assert sum(run.counts.added for run in runs) == 1
    assert len([mail for mail in documents(source) if mail == added["primaryEmailAddress"]["email"]]) == 1


def test_deliveries_that_come_in_another_order_end_in_the_same_state(subscribed):
    ihr, source, _ = subscribed
    person, mail = first(ihr)
    ihr.simulator.plan_faults("quiet-hooks")
    ihr.simulator.change_person(person, {"lastName": "First"})
    ihr.simulator.change_person(person, {"lastName": "Second"})
    for event in ("person.updated", "person.created", "person.deleted"):
        ihr.simulator.send(event, person)
    work_off(source)
    assert documents(source)[mail]["name"]["familyName"] == "Second"


@pytest.mark.parametrize("place", ["", "/wrong-key"])
def test_a_forged_call_without_the_connection_key_changes_nothing(subscribed, place):
    ihr, source, address = subscribed
    person, _ = first(ihr)
    ihr.simulator.plan_faults("quiet-hooks")
    ihr.simulator.change_person(person, {"lastName": "Forged"})
    body = json.dumps({"id": person, "event": "person.updated"})
    answer = requests.post(address.rpartition("/")[0] + place, data=body)
    assert answer.status_code in (401, 404)
    assert work_off(source) == []


def test_a_forged_call_with_the_key_can_only_make_us_look(subscribed):
    ihr, source, address = subscribed
    person, _ = first(ihr)
    before = documents(source)
    body = {"id": person, "event": "person.deleted", "lastName": "Forged", "employmentStatus": "Past Staff"}
    assert requests.post(address, json=body).status_code == 202
    [run] = work_off(source)
    assert run.counts.skipped == run.counts.total == 1
    assert documents(source) == before


def test_calls_after_unsubscribing_are_refused(subscribed):
    ihr, source, address = subscribed
    hooks.unsubscribe(source, runner.context_of(source), "system:test")
    assert ihr.simulator.hooks.rows == {}
    assert requests.post(address, json={"id": "x", "event": "person.updated"}).status_code in (401, 404)
    assert not now(source).secrets.get("webhook_on")
