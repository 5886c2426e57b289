"""Dry runs and approvals: what was shown is what is sent, or it is refused by name (rules 3 and 16)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.database import reading, writing
from app.errors import WrongUse
from app.provisioning import approvals, plans, rehearsal, targets
from app.provisioning.fields import Selection
from tests.provisioning.far import TOKEN
from tests.provisioning.world import World


def dry_run(world: World) -> int:
    return rehearsal.rehearse(world.target)


def test_a_dry_run_writes_nothing_and_shows_every_request(world: World) -> None:
    world.hire("Maya", "Okafor", title="Engineer")
    world.far.add("noor.haddad@example.com", "nhaddad")
    world.hire("Noor", "Haddad")
    world.hire("Ana", "Silva", None)

    plan_id = dry_run(world)

    assert world.writes() == []
    lines = {line["label"].split()[0]: line for line in world.lines(plan_id)}
    assert {name: line["kind"] for name, line in lines.items()} == {
        "Maya": "create",
        "Noor": "adopt",
        "Ana": "hold",
    }
    assert "Engineer" in lines["Maya"]["requests"][0]["body"]
    assert lines["Noor"]["key"] == "work e-mail"
    assert lines["Ana"]["reason"] == "waiting: no work e-mail"


def test_a_dry_run_of_many_people_reads_the_target_as_a_whole(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    world.hire_many(25)
    world.tick()
    world.hire("Maya", "Okafor")
    world.far.forget_calls()

    plan_id = dry_run(world)

    assert len(world.far.calls()) <= 3  # what it can do, and a page of its accounts
    assert {line["kind"] for line in world.lines(plan_id)} == {"create"}


def test_a_dry_run_of_a_target_that_came_after_the_people_reads_it_as_a_whole_too(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world()
    world.hire_many(25)
    with writing() as connection:
        later = targets.add(
            connection, world.tenant.id, "test",
            kind="scim", name="later", url=world.far.url, token=TOKEN, paused=True,
        )  # fmt: skip
    world.far.forget_calls()

    plan_id = rehearsal.rehearse(later)

    assert len(world.far.calls()) <= 3
    assert len(world.lines(plan_id)) == 25


def test_an_approved_dry_run_is_applied_with_exactly_the_requests_it_showed(world: World) -> None:
    world.hire("Maya", "Okafor", title="Engineer")
    world.hire("Noor", "Haddad")
    world.far.add("noor.haddad@example.com", "nhaddad")
    plan_id = dry_run(world)
    shown = sorted(request["body"] for line in world.lines(plan_id) for request in line["requests"])

    world.approve(plan_id)
    world.tick()

    with reading() as connection:
        from app.provisioning.attempts import last

        sent = last(connection, world.tenant.id, world.target.id, limit=100)
    written = sorted(
        row.request_body
        for row in sent
        if row.method in ("POST", "PATCH", "PUT") and "/search" not in row.path
    )
    assert written == shown
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert {line["state"] for line in world.lines(plan_id)} == {"applied"}
    assert world.plans(id=plan_id)[0].state == "applied"


def test_a_plan_for_a_target_added_paused_applies_what_it_showed_and_nothing_else(world: World) -> None:
    with writing() as connection:
        targets.pause(connection, world.target, "test", "added paused")
    maya = world.hire("Maya", "Okafor")
    plan_id = dry_run(world)
    world.approve(plan_id)
    world.change(maya, title="Engineer")
    noor = world.hire("Noor", "Haddad")
    with writing() as connection:
        targets.resume(connection, world.target, "test")

    world.tick()

    line = world.lines(plan_id)[0]
    assert line["state"] == "refused"
    assert line["refusal"] == f"{line['label']} changed in the directory since the plan was made"
    assert world.account("maya.okafor@example.com")["title"] == "Engineer", (
        "the change itself is owed all the same"
    )
    assert world.link(noor).state == "linked"


def test_an_operation_whose_account_changed_since_is_refused_by_name_and_nothing_is_written(
    world: World,
) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    remote_id = world.link(maya).remote_id
    world.far.change(remote_id, title="King")
    plan_id = dry_run(world)
    assert world.lines(plan_id)[0]["before"] == {"title": "King"}

    world.far.change(remote_id, title="Emperor")
    world.approve(plan_id)
    world.far.forget_calls()
    counts = world.tick()

    assert world.writes() == []
    assert counts["held"] == 1
    assert "Maya Okafor" in world.lines(plan_id)[0]["refusal"]
    assert world.link(maya).due_at is None
    assert world.account("maya.okafor@example.com")["title"] == "Emperor"


def test_someone_deleted_since_the_plan_is_refused_by_name(world: World) -> None:
    with writing() as connection:
        targets.pause(connection, world.target, "test", "added paused")
    maya = world.hire("Maya", "Okafor")
    plan_id = dry_run(world)
    world.delete(maya)
    world.approve(plan_id)
    with writing() as connection:
        targets.resume(connection, world.target, "test")

    world.tick()

    assert world.far.accounts() == {}
    assert world.lines(plan_id)[0]["refusal"].startswith("Maya Okafor")


def test_adopting_and_suspending_at_once_needs_approval(world: World) -> None:
    world.far.add("maya.okafor@example.com", "mokafor")
    maya = world.hire("Maya", "Okafor", active=False)

    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is True
    assert world.writes() == []
    assert world.link(maya).reason_code == "adopt_and_suspend"
    plan = world.plans(kind="approval", state="waiting")[0]

    world.approve(plan.id)
    world.tick()

    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["userName"]) == (False, "mokafor")
    assert world.link(maya).state == "linked"
    assert world.plans(id=plan.id)[0].state == "applied"


def test_a_protected_account_is_neither_adopted_nor_changed_without_approval(world: World) -> None:
    world.configure(protected="mokafor")
    world.far.add("maya.okafor@example.com", "mokafor", title="Owner of the API key")
    maya = world.hire("Maya", "Okafor", title="Engineer")

    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "Owner of the API key"
    assert world.link(maya).reason_code == "protected_account"

    world.approve(world.plans(kind="approval")[0].id)
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"

    world.change(maya, title="Chief")
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_a_protected_account_waits_in_one_plan_however_often_it_is_looked_at(world: World) -> None:
    world.configure(protected="mokafor")
    world.far.add("maya.okafor@example.com", "mokafor")
    world.hire("Maya", "Okafor")

    world.settle()
    world.full()
    world.full()

    waiting = world.plans(kind="approval")
    assert len(waiting) == 1
    assert len(world.lines(waiting[0].id)) == 1


def test_a_full_resync_is_stored_as_a_readable_plan(world: World) -> None:
    world.hire("Maya", "Okafor")
    world.hire("Noor", "Haddad", None)

    world.tick()

    plan = world.plans(kind="full")[0]
    assert (plan.reason, plan.state, plan.created, plan.waiting) == ("first sync", "applied", 1, 1)
    line = world.lines(plan.id)[0]
    assert (line["kind"], line["state"]) == ("create", "applied")
    assert line["requests"][0]["method"] == "POST"


def test_a_discarded_plan_can_no_longer_be_approved(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor")
    plan_id = dry_run(world)
    with writing() as connection:
        approvals.discard(connection, world.tenant.id, plan_id, "test")

    with pytest.raises(WrongUse, match="is discarded"):
        world.approve(plan_id)


def test_names_that_meet_only_across_the_whole_plan_are_held(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor", "maya@example.com")
    world.hire("Maya", "Lee", "maya@example.org")

    lines = world.lines(dry_run(world))

    assert [line["kind"] for line in lines] == ["hold", "hold"]
    assert world.plans()[0].kind == plans.DRY_RUN
    assert Selection.of().sends("title")


def test_of_two_plans_for_one_person_the_one_approved_last_is_applied_and_the_other_is_closed(
    world: World,
) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    with writing() as connection:
        targets.pause(connection, world.target, "test", "for the test")
    world.change(maya, title="Lead")
    first = rehearsal.rehearse(world.target)
    second = rehearsal.rehearse(world.target)
    world.approve(first)
    world.approve(second)
    with writing() as connection:
        targets.resume(connection, world.target, "test")
    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "Lead"
    assert {world.plans(id=number)[0].state for number in (first, second)} == {"applied"}
    (closed,) = world.lines(first)
    assert (closed["state"], "approved for the same person" in closed["refusal"]) == ("refused", True)
