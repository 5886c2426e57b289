"""Reminders: what waits is said at once and again after 15 minutes, unless it is over (rule 16)."""

from __future__ import annotations

import json
from datetime import timedelta

import time_machine

from app import clock
from app.database import reading, writing
from app.jobs import upkeep
from app.notices import delivering, reminding, telling
from tests.notices.desk import Desk


def _tell(desk: Desk) -> None:
    desk.tell("waiting", about="plan:7", kind="breaker.tripped", remind_after=900)


def _later(minutes: float) -> time_machine.travel:
    return time_machine.travel(clock.utcnow() + timedelta(minutes=minutes), tick=True)


def test_a_plan_that_waits_is_said_at_once_and_again_after_15_minutes(desk: Desk) -> None:
    hook = desk.webhook()
    _tell(desk)
    delivering.drain(desk.tenant.id)
    with _later(14):
        upkeep.watch()
        assert delivering.drain(desk.tenant.id) == 0
    with _later(16):
        for _ in range(3):
            upkeep.watch()
            delivering.drain(desk.tenant.id)
    assert [json.loads(body)["data"]["reminder"] for _, body in hook.calls] == [False, True]
    ids = [headers["webhook-id"] for headers, _ in hook.calls]
    assert ids[0] != ids[1], "a receiver that knows the first id would drop the reminder"


def test_what_was_decided_is_not_said_again(desk: Desk) -> None:
    hook = desk.webhook()
    _tell(desk)
    with writing() as connection:
        words = {"title": "Plan 7 is approved", "text": "x"}
        telling.settled(connection, desk.tenant.id, "breaker.decided", "plan:7", "approved", **words)
    with _later(16):
        upkeep.watch()
        delivering.drain(desk.tenant.id)
    assert [json.loads(body)["type"] for _, body in hook.calls] == ["breaker.tripped", "breaker.decided"]


def test_two_who_look_at_the_same_moment_remind_once(desk: Desk) -> None:
    desk.webhook()
    _tell(desk)
    now = clock.after(1000)
    with writing() as connection:
        assert reminding.remind(connection, desk.tenant.id, now) == 1
        assert reminding.remind(connection, desk.tenant.id, now) == 0
    with reading() as connection:
        assert not reminding.has_due(connection, desk.tenant.id, now)
