"""Undo: the inverse of a plan gives back what was there, says what it cannot, and refuses who moved on."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.database import writing
from app.errors import WrongUse
from app.provisioning import ticks, undo
from app.provisioning.tables import gate_table
from tests.provisioning.world import World


def undone(world: World, plan_id: int) -> list[Any]:
    """The lines of the inverse plan, after it was approved and delivered."""
    number = undo.plan_inverse(world.target, plan_id)
    world.approve(number)
    world.settle()
    assert world.plans(id=number)[0].state == "applied"
    return world.lines(number)


def title_and_name(world: World, email: str) -> tuple[str, str]:
    """Job title and first name of an account."""
    account = world.account(email)
    return account["title"], account["givenName"]


@contextmanager
def ticking(world: World, app: Flask) -> Iterator[None]:
    """A tick in a thread of its own; its end is waited for."""

    def work() -> None:
        with app.app_context():
            ticks.run(world.tenant.id, world.target.id)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def newest(world: World) -> int:
    """The number of the plan that was applied last."""
    return int(world.plans(state="applied")[0].id)


def test_every_tick_that_writes_is_a_plan_and_one_that_does_not_is_none(world: World) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    before = len(world.plans())

    world.tick()
    assert len(world.plans()) == before

    world.hire("Noor", "Haddad")
    world.tick()
    plan = world.plans()[0]
    assert (plan.kind, plan.state, plan.reason, plan.created) == ("tick", "applied", "scheduled", 1)
    assert [line["state"] for line in world.lines(plan.id)] == ["applied"]


def test_undoing_an_update_gives_back_the_values_and_leaves_the_directory(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title="Lead", name={"givenName": "Maja", "familyName": "Okafor"})
    world.tick()

    (line,) = undone(world, newest(world))

    assert (line["kind"], line["state"]) == ("update", "applied")
    assert title_and_name(world, "maya.okafor@example.com") == ("Engineer", "Maya")
    world.full()
    assert title_and_name(world, "maya.okafor@example.com") == ("Engineer", "Maya")
    assert "undone by an admin" in world.link(maya).reason


def test_what_was_undone_is_sent_again_when_the_directory_changes_it(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title="Lead")
    world.tick()
    undone(world, newest(world))

    world.change(maya, title="Head")
    world.tick()

    assert world.account("maya.okafor@example.com")["title"] == "Head"


def test_undoing_a_suspend_re_activates_and_the_next_full_resync_does_not_suspend_again(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    world.tick()
    assert not world.account("maya.okafor@example.com")["active"]

    (line,) = undone(world, newest(world))

    assert line["kind"] == "activate"
    assert world.account("maya.okafor@example.com")["active"]
    world.full()
    assert world.account("maya.okafor@example.com")["active"]


def test_undoing_a_creation_suspends_and_the_original_plan_says_that_nothing_is_deleted(world: World) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    original = newest(world)
    assert "nothing is ever deleted" in world.lines(original)[0]["irreversible"]

    (line,) = undone(world, original)

    assert line["kind"] == "suspend"
    assert not world.account("maya.okafor@example.com")["active"]


def test_undoing_an_undo_brings_the_first_state_back(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title="Lead")
    world.tick()
    number = undo.plan_inverse(world.target, newest(world))
    world.approve(number)
    world.settle()

    undone(world, number)

    assert world.account("maya.okafor@example.com")["title"] == "Lead"


def test_who_changed_at_the_target_since_is_held_by_name(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title="Lead")
    world.tick()
    original = newest(world)
    world.change(maya, title="Head")
    world.tick()

    number = undo.plan_inverse(world.target, original)

    (line,) = world.lines(number)
    assert (line["state"], line["reason"]) == ("held", "cannot be undone: the account changed since")
    assert line["label"].startswith("Maya Okafor")


def test_who_changes_between_draft_and_approval_is_refused(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title="Lead")
    world.tick()
    number = undo.plan_inverse(world.target, newest(world))
    world.change(maya, title="Head")
    world.approve(number)
    world.settle()

    (line,) = world.lines(number)
    assert line["state"] == "refused"
    assert world.account("maya.okafor@example.com")["title"] == "Head"


def test_a_draft_that_was_never_applied_cannot_be_undone(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Lead")
    world.tick()
    number = undo.plan_inverse(world.target, newest(world))

    with pytest.raises(WrongUse, match="nothing to undo"):
        undo.plan_inverse(world.target, number)


def all_undone(world: World, first: int) -> None:
    """Undo the scheduled plans from this one on, the newest first."""
    for plan in world.plans(kind="tick"):
        if plan.id >= first:
            undone(world, plan.id)


def test_undoing_a_hire_and_the_naming_of_their_manager_in_one_tick_suspends_the_account(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world()
    world.configure(fields=["givenName", "familyName", "manager"])
    world.settle()
    first = newest(world) + 1
    boss = world.hire("Noor", "Haddad")
    world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.change(boss, enterprise={"manager": {"value": world.hire("Ida", "Lund")}})
    world.tick()
    maya = "maya.okafor@example.com"
    assert world.account(maya)["manager"] == world.link(boss).remote_id

    all_undone(world, first)

    assert not any(account["active"] for account in world.far.accounts().values())
    assert "manager" not in world.account(maya)


def test_undoing_two_changes_of_one_tick_gives_back_what_was_before_both(
    scim_world: Callable[..., World], app: Flask
) -> None:
    world = scim_world("slow:ms=1000,method=PATCH,count=1")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    first = newest(world) + 1
    world.change(maya, title="Lead")
    with ticking(world, app):
        while world.link(maya).attempt_started_at is None:
            time.sleep(0.01)
        world.change(maya, title="Head")
    assert world.account("maya.okafor@example.com")["title"] == "Head"
    assert [plan.id for plan in world.plans(kind="tick") if plan.id >= first] == [first + 1, first]

    all_undone(world, first)

    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_undoing_a_suspend_whose_other_fields_came_later_re_activates(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    first = newest(world) + 1
    world.far.simulator.plan_faults("500:method=PATCH,nth=2")  # type: ignore[attr-defined]
    world.change(maya, active=False, title="Alumna")
    world.settle()
    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (False, "Alumna")
    (line,) = world.lines(first)
    assert (line["kind"], line["state"], line["after"]) == ("suspend", "applied", {"active": False})
    assert line["refusal"].startswith("only the suspend was delivered: ")
    assert (world.plans(id=first)[0].suspended, len(line["requests"])) == (1, 1)

    all_undone(world, first)

    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (True, "Engineer")


def test_undoing_a_suspend_whose_other_fields_were_refused_re_activates(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.simulator.plan_faults("400:method=PATCH,nth=2")  # type: ignore[attr-defined]
    world.change(maya, active=False, title="Refused")
    world.tick()

    undone(world, newest(world))

    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (True, "Engineer")


_rounds = itertools.count()
#: A change of one person: field → new value, None to take it away.
_changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Lead", "Head", None]),
        "nickName": st.sampled_from(["Mo", None]),
        "active": st.booleans(),
        "enterprise": st.fixed_dictionaries({"department": st.sampled_from(["Sales", "R&D", None])}),
    },
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(_changes, min_size=1, max_size=4))
def test_undo_after_apply_is_identity_where_nothing_else_moved(
    world: World, changes: list[dict[str, Any]]
) -> None:
    family = f"Round{next(_rounds)}"
    more: dict[str, Any] = {"title": "Engineer", "enterprise": {"department": "Ops"}}
    people = [world.hire(f"P{n}", family, **more) for n in range(len(changes))]
    world.settle()
    before = world.far.accounts()
    for id_, change in zip(people, changes, strict=True):
        if change:
            world.change(id_, **change)
    plans_before = len(world.plans())
    world.settle()
    if len(world.plans()) == plans_before:
        return

    undone(world, newest(world))

    assert world.far.accounts() == before
    with writing() as connection:
        connection.execute(delete(gate_table))
    world.full()
