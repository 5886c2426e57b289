"""BambooHR's webhooks through the web application: subscribed, proven, and the people read anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app import clock
from app.database import reading, writing
from app.sources import catalog, hooks, inbox, runner, runs
from scim.resources import ENTERPRISE
from tests.sources.reports import counted


@pytest.fixture
def subscribed(app, tenant, account, add_bamboohr, pull, serve):
    """Give an account with 20 people, and its imported source, which BambooHR calls."""
    bamboo = account(people=20)
    source = add_bamboohr(bamboo)
    pull(source)
    url = serve(app) + hooks.path_of(source, tenant.public_id, keyed=True)
    hooks.subscribe(source, runner.context_of(source), url, "system:test")
    return bamboo, source


@pytest.fixture
def work_off(app, subscribed):
    """Give a function that reads what the deliveries point at and returns the newest run."""
    _, source = subscribed

    def work():
        with writing() as connection:
            inbox.start_waiting(connection, clock.now())
        runner.resume_due(app)
        with reading() as connection:
            return max(runs.listed(connection, source.tenant_id), key=lambda run: run.id)

    return work


def test_changes_come_by_webhook_without_waiting_for_the_schedule(subscribed, work_off, people):
    bamboo, _ = subscribed
    bamboo.company.change("105", {"jobTitle": "Lead Engineer"})
    bamboo.company.add({"workEmail": "new.person@example.com"})
    bamboo.company.terminate("106")
    statuses = [entry["status"] for entry in bamboo.simulator.webhooks.send()]
    assert statuses == [202] * 4
    assert counted(work_off()) == {"added": 1, "updated": 2, "total": 3}
    numbers = {document[ENTERPRISE]["employeeNumber"]: document for document in people().values()}
    assert numbers[bamboo.company.employee("105")["employeeNumber"]]["title"] == "Lead Engineer"
    assert not numbers[bamboo.company.employee("106")["employeeNumber"]]["active"]
    assert "new.person" in people()


def test_deliveries_that_repeat_and_come_reordered_end_in_the_same_state(subscribed, work_off, people):
    bamboo, _ = subscribed
    for title in ("First", "Second", "Third"):
        bamboo.company.change("105", {"jobTitle": title})
    bamboo.simulator.webhooks.send(reverse=True, times=3)
    assert counted(work_off()) == {"updated": 1, "total": 1}
    assert sum(document.get("title") == "Third" for document in people().values()) == 1


def test_a_deleted_employee_counts_as_deleted_and_the_person_stays(subscribed, work_off, people):
    bamboo, _ = subscribed
    bamboo.company.delete("105")
    bamboo.simulator.webhooks.send()
    assert counted(work_off()) == {"deleted": 1, "total": 1}
    assert len(people()) == 20


def test_forged_deliveries_are_refused_and_start_nothing(subscribed, work_off):
    bamboo, _ = subscribed
    before = work_off()
    for sign in ("bad", "missing", "timestamp-first"):
        bamboo.company.change("105", {"jobTitle": sign})
        assert [entry["status"] for entry in bamboo.simulator.webhooks.send(sign=sign)] == [401]
    assert work_off() == before


def test_after_a_renewal_both_keys_are_taken_and_after_the_end_none(app, tenant, subscribed, work_off):
    bamboo, source = subscribed
    [first] = list(bamboo.simulator.webhooks.hooks.values())
    with reading() as connection:
        known = catalog.named(connection, tenant.id, source.name)
    hooks.subscribe(known, runner.context_of(known), first["url"], "system:test")
    [second] = list(bamboo.simulator.webhooks.hooks.values())
    assert second["id"] != first["id"]
    # What was under way with the old key when it was renewed.
    bamboo.simulator.webhooks.hooks["old"] = {**first, "id": "old"}
    bamboo.simulator.webhooks.logs["old"] = []
    bamboo.company.change("105", {"jobTitle": "Lead"})
    assert [entry["status"] for entry in bamboo.simulator.webhooks.send()] == [202, 202]
    with reading() as connection:
        known = catalog.named(connection, tenant.id, source.name)
    hooks.unsubscribe(known, runner.context_of(known), "system:test")
    bamboo.company.change("105", {"jobTitle": "Chief"})
    assert [entry["status"] for entry in bamboo.simulator.webhooks.send()] == [404]


def test_parallel_replays_of_one_delivery_make_one_person(subscribed, work_off, people):
    bamboo, _ = subscribed
    bamboo.company.add({"workEmail": "new.person@example.com"})
    [*waiting] = bamboo.simulator.webhooks.waiting
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            bamboo.simulator.webhooks.waiting = list(waiting)
            pool.submit(bamboo.simulator.webhooks.send, times=3)
    work_off()
    assert len(people()) == 21
