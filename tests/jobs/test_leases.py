"""Leases: one holder at a time, judged by the database's clock; what an earlier holder writes is refused."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import reading, writing
from app.jobs.leases import Lease, database_now
from app.jobs.tables import lease_table
from tests.harness.facts import wait_until

pytestmark = pytest.mark.usefixtures("app")
SHORT = 0.3


def _confirmed(lease: Lease) -> bool:
    with writing() as connection:
        return lease.confirmed(connection)


def test_one_of_two_has_a_lease_and_keeps_it_while_it_renews() -> None:
    one, other = Lease("scheduler", 30), Lease("scheduler", 30)

    assert (one.hold(), other.hold(), one.hold()) == (True, False, True)
    assert (one.is_held, other.is_held) == (True, False)
    assert (_confirmed(one), _confirmed(other)) == (True, False)


def test_leases_of_two_names_are_two() -> None:
    assert Lease("scheduler", 30).hold()
    assert Lease("another", 30).hold()


def test_a_holder_that_stood_still_loses_it_and_knows_before_it_asks() -> None:
    slow, quick = Lease("scheduler", SHORT), Lease("scheduler", 30)
    assert slow.hold()

    wait_until(quick.hold, "the other has it")

    assert not slow.is_held
    assert not _confirmed(slow)
    assert not slow.hold()
    assert quick.token == slow.token + 1


def test_a_lease_that_ran_out_is_confirmed_by_nobody_until_it_is_renewed() -> None:
    lease = Lease("scheduler", SHORT)
    assert lease.hold()

    wait_until(lambda: not lease.is_held, "it has run out")

    assert not _confirmed(lease)
    assert lease.hold()
    assert lease.token == 1, "nobody had it in between"
    assert _confirmed(lease)


def test_a_lease_that_was_given_back_is_free_at_once() -> None:
    one, other = Lease("scheduler", 30), Lease("scheduler", 30)
    assert one.hold()

    one.give_back()

    assert other.hold()
    one.give_back()
    assert _confirmed(other), "it was not the first one's to give back"


def test_an_active_holder_is_read_from_the_row(app: Flask) -> None:
    lease = Lease("scheduler", 30)
    lease.hold()
    with reading() as connection:
        row = connection.execute(select(lease_table)).one()
    assert (row.name, row.owner, row.token) == ("scheduler", lease.owner, 1)
    assert clock.now() < row.until < clock.after(31)


def test_the_database_tells_the_time_as_we_store_it(app: Flask) -> None:
    with reading() as connection:
        told = database_now(connection)
    assert clock.instant(clock.parse_instant(told)) == told
    assert clock.after(-5) < told < clock.after(5)
