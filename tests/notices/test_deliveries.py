"""Deliveries: each is made by one worker, tried again for a day, and keeps nothing else waiting."""

from __future__ import annotations

import random
import threading

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app import clock
from app.database import reading, writing
from app.notices import deliveries, delivering
from app.notices.deliveries import FIRST_PAUSE, LONGEST_PAUSE, pause
from app.notices.errors import DeliveryFailed
from app.notices.tables import delivery_table, notice_table
from tests.notices.desk import Desk

CHANCE = random.Random(4)


def _set(**columns: object) -> None:
    with writing() as connection:
        connection.execute(update(delivery_table).values(**columns))


def _make_due() -> None:
    _set(next_attempt_at=clock.after(-1))


def test_only_tenants_with_something_due_are_woken(desk: Desk) -> None:
    def due() -> list[int]:
        with reading() as connection:
            return deliveries.due_tenants(connection, clock.now())

    assert due() == []
    desk.webhook()
    desk.tell()
    assert due() == [desk.tenant.id]
    delivering.drain(desk.tenant.id)
    assert due() == []


def test_a_claimed_delivery_is_not_given_out_again_before_its_lease_ends(desk: Desk) -> None:
    desk.webhook()
    desk.tell()
    with writing() as connection:
        assert deliveries.claim(connection, desk.tenant.id, "one") is not None
        assert deliveries.claim(connection, desk.tenant.id, "two") is None
        assert deliveries.due_tenants(connection, clock.now()) == []
    _set(lease_until=clock.after(-1))
    with writing() as connection:
        taken = deliveries.claim(connection, desk.tenant.id, "two")
    assert taken is not None
    assert taken.owner == "two"


def test_who_lost_the_lease_settles_nothing(desk: Desk) -> None:
    desk.webhook()
    desk.tell()
    with writing() as connection:
        first = deliveries.claim(connection, desk.tenant.id, "one")
    _set(lease_until=clock.after(-1))
    with writing() as connection:
        deliveries.claim(connection, desk.tenant.id, "two")
    assert first is not None
    with writing() as connection:
        deliveries.note_sent(connection, first)
    assert (desk.deliveries()[0].state, desk.deliveries()[0].lease_owner) == ("pending", "two")


def test_many_workers_deliver_each_notice_once(app: Flask, desk: Desk) -> None:
    hook = desk.webhook()
    for number in range(20):
        desk.tell(about=f"target:{number}")

    def work() -> None:
        with app.app_context():
            delivering.drain(desk.tenant.id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    ids = [headers["webhook-id"] for headers, _ in hook.calls]
    assert len(ids) == len(set(ids)) == 20
    assert {delivery.state for delivery in desk.deliveries()} == {"sent"}


def test_after_a_day_a_delivery_is_given_up_and_shown(desk: Desk) -> None:
    hook = desk.webhook(statuses=("500 Broken",) * 3)
    desk.tell()
    delivering.drain(desk.tenant.id)
    assert desk.deliveries()[0].state == "pending"
    with writing() as connection:
        connection.execute(update(notice_table).values(at=clock.after(-deliveries.GIVE_UP_SECONDS - 1)))
    _make_due()
    delivering.drain(desk.tenant.id)
    delivery = desk.deliveries()[0]
    assert (delivery.state, delivery.tries, delivery.next_attempt_at) == ("failed", 2, None)
    assert delivery.error == "The receiver answered with status 500."
    _make_due()
    delivering.drain(desk.tenant.id)
    assert len(hook.calls) == 2


def test_a_receiver_that_is_down_is_asked_once_and_everything_for_it_waits(desk: Desk) -> None:
    hook = desk.webhook(statuses=("503 Busy",))
    well = desk.webhook("well")
    for number in range(5):
        desk.tell(about=f"target:{number}")
    delivering.drain(desk.tenant.id)
    assert (len(hook.calls), len(well.calls)) == (1, 5)
    waiting = [delivery for delivery in desk.deliveries() if delivery.state == "pending"]
    assert len(waiting) == 5
    assert {delivery.next_attempt_at > clock.now() for delivery in waiting} == {True}
    _make_due()
    delivering.drain(desk.tenant.id)
    assert {delivery.state for delivery in desk.deliveries()} == {"sent"}


def test_one_notice_that_is_refused_keeps_no_other_waiting(desk: Desk) -> None:
    desk.webhook(statuses=("422 No",))
    for number in range(3):
        desk.tell(about=f"target:{number}")
    delivering.drain(desk.tenant.id)
    assert [delivery.state for delivery in desk.deliveries()] == ["pending", "sent", "sent"]


def test_retry_after_is_obeyed(desk: Desk) -> None:
    hook = desk.webhook(statuses=("429 Slow down",))
    hook.headers = [("Retry-After", "600")]
    desk.tell()
    delivering.drain(desk.tenant.id)
    assert desk.deliveries()[0].next_attempt_at > clock.after(590)


def test_a_defect_in_one_delivery_does_not_come_back_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.webhook()
    desk.tell()
    _set_secret_to_rubbish()
    delivering.drain(desk.tenant.id)
    delivery = desk.deliveries()[0]
    assert (delivery.state, delivery.tries) == ("pending", 1)
    assert delivery.error == "It could not be sent (UnsealError); Rollcall's log has the cause."


def _set_secret_to_rubbish() -> None:
    from app.notices.tables import channel_table

    with writing() as connection:
        connection.execute(update(channel_table).values(secret=b"rubbish"))


@given(tries=st.integers(1, 1000), asked=st.none() | st.floats(0, 3600))
def test_a_pause_grows_up_to_an_hour_and_is_never_shorter_than_asked_for(
    tries: int, asked: float | None
) -> None:
    seconds = pause(tries, asked, CHANCE)
    assert FIRST_PAUSE / 2 <= seconds <= LONGEST_PAUSE
    assert seconds >= (asked or 0)


def test_what_fails_for_good_puts_nothing_off(desk: Desk) -> None:
    desk.webhook()
    for number in range(2):
        desk.tell(about=f"target:{number}")
    with writing() as connection:
        first = deliveries.claim(connection, desk.tenant.id, "one")
        assert first is not None
        state = deliveries.note_failed(connection, first, DeliveryFailed("gone", is_final=True), CHANCE)
        assert state == "failed"
        assert deliveries.claim(connection, desk.tenant.id, "one") is not None
