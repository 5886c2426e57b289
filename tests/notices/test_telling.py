"""What is told: changes of state, once each."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import WriteOptionIgnored
from app.notices import telling
from app.notices.telling import Finding
from tests.notices.desk import Desk

PLAN = {"kind": "breaker.tripped", "about": "plan:7", "state": "waiting", "title": "t", "text": "x"}


def test_the_same_state_is_told_once(desk: Desk) -> None:
    assert [desk.tell("paused") for _ in range(3)] == [True, False, False]
    assert len(desk.notices()) == 1


def test_a_state_that_comes_back_is_told_again(desk: Desk) -> None:
    for state in ("paused", "active", "paused"):
        assert desk.tell(state)
    assert [notice.state for notice in desk.notices()] == ["paused", "active", "paused"]


def test_families_and_things_have_states_of_their_own(desk: Desk) -> None:
    assert desk.tell("paused")
    assert desk.tell("paused", about="target:other")
    assert desk.tell("open", kind="circuit.opened")
    assert not desk.tell("paused")


def test_that_something_is_over_is_told_only_when_its_beginning_was(desk: Desk) -> None:
    words = {"title": "far is resumed", "text": "It goes on."}
    with writing() as connection:
        given_ = (connection, desk.tenant.id, "target.resumed", "target:far", "active")
        assert not telling.settled(*given_, **words)
        telling.tell(connection, desk.tenant.id, "target.paused", "target:far", "paused", **words)
        assert telling.settled(*given_, **words)
        assert not telling.settled(*given_, **words)


def test_a_notice_that_is_rolled_back_was_never_told(desk: Desk) -> None:
    with pytest.raises(RuntimeError), writing() as connection:
        telling.tell(connection, desk.tenant.id, **PLAN)
        raise RuntimeError
    assert desk.notices() == desk.deliveries() == []
    assert desk.tell("paused")


def test_each_channel_that_wants_the_kind_gets_a_delivery(desk: Desk) -> None:
    desk.email("everything")
    desk.email("family", kinds=["target"])
    desk.email("kind", kinds=["target.paused"])
    desk.email("other", kinds=["breaker", "target.resumed"])
    desk.tell()
    assert [delivery.channel_id for delivery in desk.deliveries()] == [1, 2, 3]


def test_another_thing_of_the_same_name_begins_anew(desk: Desk) -> None:
    desk.tell("paused")
    with writing() as connection:
        telling.forget(connection, desk.tenant.id, "target:far")
    assert desk.tell("paused")
    assert [notice.about for notice in desk.notices()] == ["target:far (removed)", "target:far"]


def test_it_belongs_into_a_writing_transaction(desk: Desk) -> None:
    with pytest.raises(WriteOptionIgnored), reading() as connection:
        telling.tell(connection, desk.tenant.id, **PLAN)


def test_an_unknown_kind_is_a_defect(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"target\.painted"):
        desk.tell(kind="target.painted")


def test_many_processes_that_tell_the_same_thing_tell_it_once(app: Flask, desk: Desk) -> None:
    said: list[bool] = []
    start = threading.Barrier(8)

    def tell() -> None:
        with app.app_context():
            start.wait()
            with writing() as connection:
                said.append(telling.tell(connection, desk.tenant.id, **PLAN))

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == [False] * 7 + [True]
    assert len(desk.notices()) == 1


_STATES = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y", "z"])), max_size=12)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seen=_STATES)
def test_what_is_told_is_what_is_seen_without_repetitions(desk: Desk, seen: list[tuple[str, str]]) -> None:
    """Law: per thing, the states told are the states seen with equal neighbours made one."""
    before = len(desk.notices())
    mark = f"{before}-"
    for about, state in seen:
        with writing() as connection:
            finding = Finding("circuit.opened", mark + about, state, "t", "x")
            telling.tell_all(connection, desk.tenant.id, [finding])
    told = [(notice.about.removeprefix(mark), notice.state) for notice in desk.notices()[before:]]
    for thing in ("a", "b"):
        states = [state for about, state in seen if about == thing]
        wanted = [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]
        assert [state for about, state in told if about == thing] == wanted


def test_a_good_finding_is_no_news_before_a_bad_one(desk: Desk, tenant: Tenant) -> None:
    good = Finding("circuit.closed", "target:far", "closed", "it answers", "x")
    bad = Finding("circuit.opened", "target:far", "open", "it does not answer", "x")
    for findings, told in (([good], 0), ([bad], 1), ([bad], 1), ([good], 2), ([good], 2)):
        with writing() as connection:
            telling.tell_all(connection, tenant.id, findings)
        assert len(desk.notices()) == told
