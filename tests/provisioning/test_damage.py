"""The balance finds each kind of damage and names it, and so does `rollcall verify`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.cli.verify import verify
from app.database import is_sqlite, reading, writing
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, Membership, Revision, RosterLine
from app.provisioning import resync
from app.provisioning.tables import (
    gate_table,
    group_link_member_table,
    group_link_table,
    link_table,
    operation_table,
    plan_table,
    target_table,
)
from scim.keys import comparison_key
from tests.provisioning.balancing import LONG_AGO, Make, checks, codes, edit, edit_link, figures, wrong
from tests.provisioning.commands import answer, run
from tests.provisioning.world import World

# --- damage of links ---------------------------------------------------------------------------------------------


@pytest.fixture
def healthy(scim_world: Make) -> tuple[World, str]:
    """A world with a few people who are delivered, and one of them."""
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.hire("Noor", "Haddad")
    world.tick()
    assert wrong(world) == set()
    return world, maya


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("undelivered", {"sent": {"givenName": "Maya", "title": "Boss"}}),
        ("lost_mark", {"generation": 9, "due_generation": 9}),
        ("generations", {"delivered_generation": 99}),
        ("version_ahead", {"delivered_version": 99}),
        ("no_remote_id", {"remote_id": None}),
        ("lost_attempt", {"attempt_kind": "update", "attempt_started_at": LONG_AGO}),
        ("left_lease", {"lease_owner": "gone", "lease_until": LONG_AGO}),
        ("stuck", {"due_at": LONG_AGO}),
        ("orphan_of_nobody", {"state": "orphan"}),
        ("reason_is_over", {"state": "not_needed", "reason": "not needed: inactive"}),
        ("reason_is_over", {"state": "held", "reason_code": "work_email_not_unique", "reason": "shared"}),
        ("sync_ended", {"sync_id": 77}),
        ("plan_ended", {"plan_id": 77}),
    ],
)
def test_damage_of_a_link_is_found_and_named(
    healthy: tuple[World, str], code: str, values: dict[str, Any]
) -> None:
    world, maya = healthy
    edit_link(maya, **values)

    assert (code, maya) in wrong(world)
    for check in checks(world):
        for finding in check.findings:
            assert finding.says
            assert finding.way_out
            assert "None" not in finding.says


def test_a_suspend_that_is_not_delivered_is_found_whatever_holds_the_rest(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    world.email(maya, None)
    world.change(maya, active=False)
    world.tick()
    assert wrong(world) == set()

    edit_link(maya, sent={"active": True, "workEmail": "maya.okafor@example.com"})

    assert ("undelivered", maya) in wrong(world)


def test_a_due_link_has_reasons_not_to_be_stuck(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    later = clock.after(600)
    for values in (
        {"next_attempt_at": later},
        {"quiet_until": later},
        {"lease_owner": "worker", "lease_until": later},
    ):
        usual = {"due_at": LONG_AGO, "next_attempt_at": None, "quiet_until": None, "lease_until": None}
        edit_link(maya, **(usual | values))
        assert wrong(world) == set(), values
    edit_link(maya, lease_owner=None, lease_until=None)
    of_target = target_table.c.tenant_id == world.tenant.id
    edit(target_table, of_target, tick_until=later, tick_owner="worker")
    assert wrong(world) == set()
    edit(target_table, of_target, tick_until=None, tick_owner=None)
    assert ("stuck", maya) in wrong(world)


def test_a_link_that_is_gone_is_found(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    with writing() as connection:
        connection.execute(delete(link_table).where(link_table.c.employee_id == maya))

    assert ("no_link", maya) in wrong(world)


def test_a_link_without_its_employee_and_a_debt_that_is_lost_are_found(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    world.change(maya, active=False)
    world.delete(maya)
    assert wrong(world) == set()
    edit_link(maya, due_at=None)
    assert ("lost_debt", maya) in wrong(world)
    edit_link(maya, state="linked", frozen=None)
    assert ("employee_missing", maya) in wrong(world)


def test_two_links_with_one_account_are_found_or_refused_by_the_database(healthy: tuple[World, str]) -> None:
    world, _ = healthy
    with writing() as connection:
        if not is_sqlite(connection):
            name = connection.scalar(
                text("select conname from pg_constraint where conrelid = 'link'::regclass and contype = 'u'")
            )
            connection.execute(text(f'alter table link drop constraint "{name}"'))
            connection.execute(update(link_table).values(remote_id="same"))
    with reading() as connection:
        is_refused = is_sqlite(connection)
    if is_refused:
        with pytest.raises(IntegrityError), writing() as connection:
            connection.execute(update(link_table).values(remote_id="same"))
    else:
        assert ("account_shared", "same") in wrong(world)


# --- damage of plans, gates and groups ---------------------------------------------------------------------------


def test_a_plan_that_applies_nothing_and_an_approved_line_that_nobody_applies_are_found(
    healthy: tuple[World, str],
) -> None:
    world, maya = healthy
    plan = world.plans()[0]
    edit(plan_table, plan_table.c.id == plan.id, state="applying", created_at=LONG_AGO)
    assert ("plan_open", str(plan.id)) in wrong(world)
    edit(plan_table, plan_table.c.id == plan.id, state="approved", decided_at=LONG_AGO)
    assert ("plan_open", str(plan.id)) in wrong(world)
    edit(operation_table, operation_table.c.employee_id == maya, state="approved")
    assert ("line_forgotten", maya) in wrong(world)


def test_a_gate_without_a_plan_or_a_link_is_found(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    key = {"tenant_id": world.tenant.id, "target_id": world.target.id}
    with writing() as connection:
        connection.execute(insert(gate_table), key | {"employee_id": maya, "change": "email", "plan_id": 77})
        connection.execute(
            insert(gate_table), key | {"employee_id": "nobody", "change": "email", "plan_id": None}
        )

    assert wrong(world) == {("gate_without_plan", maya), ("gate_without_link", "nobody")}


def test_a_group_that_is_stuck_lost_or_without_link_is_found(healthy: tuple[World, str]) -> None:
    world, _ = healthy
    key = {"tenant_id": world.tenant.id, "target_id": world.target.id}
    usual = {"state": "linked", "generation": 1, "delivered_generation": 1, "tries": 0, "lease_token": 0}
    rows = [
        {"key": "department:a", "name": "A", "remote_id": "1", "due_at": LONG_AGO},
        {"key": "department:b", "name": "B", "remote_id": None, "due_at": None},
        {"key": "department:c", "name": "C", "remote_id": "3", "due_at": None},
    ]
    with writing() as connection:
        connection.execute(insert(group_link_table), [key | usual | row for row in rows])
        connection.execute(insert(group_link_member_table), key | {"key": "department:x", "remote_id": "9"})

    assert wrong(world) == {
        ("group_stuck", "department:a"),
        ("group_lost", "department:b"),
        ("member_of_nothing", "department:x"),
    }


# --- damage of the directory -------------------------------------------------------------------------------------


def test_damage_of_the_directory_is_found_and_named(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    world.change(maya, title="Manager")
    world.tick()
    revision, of_maya = Revision.__table__, Revision.__table__.c.resource_id == maya
    employee, is_maya = EmployeeRow.__table__, EmployeeRow.__table__.c.id == maya
    with reading() as connection:
        wire = connection.execute(employee.select().where(is_maya)).one().wire
        changes = {row.number: row.changes for row in connection.execute(revision.select().where(of_maya))}

    edit(employee, is_maya, wire=wire.replace("Manager", "Owner"))
    assert ("document_changed", maya) in wrong(world)
    edit(employee, is_maya, wire=wire, version=7)
    assert ("version_differs", maya) in wrong(world)
    edit(employee, is_maya, version=2, user_name_key="somebody-else")
    assert ("look_up_differs", maya) in wrong(world)
    edit(RosterLine.__table__, RosterLine.__table__.c.employee_id == maya, name_key="somebody else")
    assert ("roster_differs", maya) in wrong(world)
    edit(employee, is_maya, user_name_key=_key_of(wire), owners="{}")
    assert ("owners_differ", maya) in wrong(world)
    edit(revision, of_maya & (revision.c.number == 2), changes=changes[2].replace("Engineer", "Intern"))
    assert ("revision_changed", maya) in wrong(world)
    edit(revision, of_maya & (revision.c.number == 2), number=3)
    assert ("revision_missing", maya) in wrong(world)


def _key_of(wire: str) -> str:
    return comparison_key(json.loads(wire)["userName"])


def test_rows_that_are_gone_or_left_over_are_found(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    with writing() as connection:
        connection.execute(delete(EmployeeEmail.__table__))
        connection.execute(
            insert(Membership.__table__),
            {"tenant_id": world.tenant.id, "group_id": "no-group", "member_id": maya, "type": "User"},
        )
        connection.execute(update(Counter.__table__).values(number=Counter.number + 1))
    assert {("look_up_differs", maya), ("left_over", "no-group"), ("counter_differs", "User")} <= wrong(world)
    with writing() as connection:
        connection.execute(delete(RosterLine.__table__))
    assert ("roster_missing", maya) in wrong(world)
    with writing() as connection:
        connection.execute(delete(Revision.__table__).where(Revision.resource_id == maya))
    assert ("no_revision", maya) in wrong(world)
    with writing() as connection:
        connection.execute(delete(EmployeeRow.__table__).where(EmployeeRow.id != maya))
    assert "resource_missing" in codes(world)


def test_deleted_people_and_groups_agree_too(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    world.delete(maya)
    world.tick()

    assert wrong(world) == set()
    assert figures(world, "revisions")["deleted"] == 1


def test_a_resync_that_is_still_being_marked_is_a_reason(healthy: tuple[World, str]) -> None:
    world, maya = healthy
    with writing() as connection:
        resync.request_full(connection, world.target, "test")
        connection.execute(delete(link_table).where(link_table.c.employee_id == maya))

    assert wrong(world) == set()
    assert figures(world)["pending: being_marked"] == 1


# --- the command -------------------------------------------------------------------------------------------------


def test_verify_is_green_and_shows_figures(healthy: tuple[World, str]) -> None:
    done = run(verify)

    assert done.exit_code == 0, done.stdout
    line = next(line for line in done.stdout.splitlines() if " delivery " in line)
    assert "acme" in line
    assert "far" in line
    assert "2 delivered" in line
    rows = answer(verify)
    assert {row["check"] for row in rows} == {
        *("audit chain", "counters", "revisions", "look-up tables", "delivery"),
        *("links", "plans", "gates", "groups"),
    }
    assert {row["state"] for row in rows} == {"ok"}


def test_verify_names_what_is_wrong_with_the_way_out_and_exits_with_1(healthy: tuple[World, str]) -> None:
    _, maya = healthy
    edit_link(maya, due_at=LONG_AGO)

    done = run(verify)

    assert done.exit_code == 1
    assert f"acme far delivery: {maya}: Maya Okafor" in done.stdout
    assert "[stuck]" in done.stdout
    assert "rollcall doctor" in done.stdout
    rows = answer(verify, exit_code=1)
    finding = next(row for row in rows if row["check"] == "delivery")["findings"][0]
    assert (finding["code"], finding["subject"]) == ("stuck", maya)
    assert run(verify, "--employee", maya).exit_code == 1


def test_verify_of_somebody_who_never_was_is_an_error(healthy: tuple[World, str]) -> None:
    assert run(verify, "--employee", "nobody").exit_code == 1
