"""Upkeep: every minute a look, every day a clearing; nothing of it needs more than one tenant at a time."""

from __future__ import annotations

from flask import Flask

from app.access.tenants import Tenant
from app.database import writing
from app.jobs import upkeep
from app.jobs.upkeep import Cadence
from app.notices import channels
from tests.harness.isolation import watched


def test_a_look_comes_every_minute_and_a_clearing_every_day() -> None:
    moment = 1000.0
    cadence = Cadence(lambda: moment)
    asked = []
    for minute in range(1, 60 * 24 * 2):
        moment = 1000.0 + minute * 60
        asked += [(task, minute) for task in cadence.due()]
    assert len([task for task, _ in asked if task == "watch"]) == 60 * 24 * 2 - 1
    assert [minute for task, minute in asked if task == "retention"] == [10, 10 + 60 * 24]


def test_a_pause_of_the_scheduler_makes_one_look_not_many() -> None:
    moment = 0.0
    cadence = Cadence(lambda: moment)
    moment = 10_000.0
    assert sorted(cadence.due()) == ["retention", "watch"]
    assert cadence.due() == []


def test_upkeep_keeps_to_one_tenant_at_a_time(app: Flask, tenant: Tenant) -> None:
    with writing() as connection:
        channels.add(connection, tenant.id, "test", kind="email", name="m", address="a@x.example")
    with watched() as watch:
        upkeep.watch()
        upkeep.clear()
        assert watch.taken() == []
