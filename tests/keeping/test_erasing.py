"""Erasing a person: canary values go in by every door, and afterwards no byte of the database holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app import clock, directory
from app.access import audit
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db, reading, writing
from app.directory import agreement
from app.errors import NotFoundError, WrongUse
from app.keeping import erasing, rows
from app.notices import telling
from app.provisioning import balance, gates, links
from app.provisioning.tables import gate_table, link_table, operation_table
from app.sources import catalog, drafts, runner
from app.sources.tables import source_record
from scim.resources import HR
from tests.keeping.conftest import HUMAN
from tests.provisioning.far import Scim
from tests.provisioning.world import World, person

GIVEN, FAMILY, NICK, TITLE = "Zébulonette", "Quartermaine", "Zebbynickname", "Canary-Keeper-In-Chief"
EMAIL, NEW_EMAIL, PHONE = "zeb.quarter@example.com", "zeb.newaddress@example.com", "+1-555-0191-4455"
CANARIES = (GIVEN, FAMILY, NICK, TITLE, EMAIL, NEW_EMAIL, PHONE, "zeb.quarter", "zeb.newaddress")
SALARY = 777123.5


@pytest.fixture
def far() -> Iterator[Scim]:
    """Give a SCIM target."""
    target = Scim()
    yield target
    target.stop()


@pytest.fixture
def world(tenant: Tenant, far: Scim) -> World:
    """Give an organisation with that target."""
    return World(tenant, far, breaker="off")


def _everything(app: Flask, settings: Settings) -> str:
    """Return every stored byte: the files of SQLite; of PostgreSQL each row of each table."""
    db.engine.dispose()
    if settings.is_sqlite:
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        return "".join(
            file.read_bytes().decode("utf-8", "replace") for file in path.parent.glob("rollcall.db*")
        )
    with rows.snapshot() as connection:
        return "\n".join(
            line
            for table in rows.tables(connection)
            for tenant_id in rows.tenant_ids(connection)
            for line in rows.lines(connection, table, tenant_id)
        )


def _found(text: str) -> list[str]:
    escaped = {canary: json.dumps(canary)[1:-1] for canary in CANARIES}
    return [name for name, other in escaped.items() if name.lower() in text.lower() or other in text]


def _live(world: World) -> str:
    """Let the canary leave traces in every table that can hold some; return their id."""
    with writing() as connection:
        made = directory.create(
            connection, world.tenant.id, HUMAN,
            person(GIVEN, FAMILY, EMAIL, nickName=NICK, title="Keeper", userName=EMAIL,
                   phoneNumbers=[{"type": "work", "value": PHONE}]),
            secrets={f"{HR}:salary": {"amount": SALARY}}, external_id=EMAIL, client_id=1,
        )  # fmt: skip
    world.settle()
    world.change(made.id, title=TITLE)
    world.settle()
    world.email(made.id, NEW_EMAIL)
    world.settle()
    other = world.hire("Somebody", "Else")
    world.settle()
    with writing() as connection:
        reason = f"work e-mail not unique: {NEW_EMAIL} belongs to {GIVEN} {FAMILY} ({EMAIL})"
        where = (link_table.c.tenant_id == world.tenant.id, link_table.c.employee_id == other)
        connection.execute(update(link_table).where(*where).values(reason=reason))
        telling.tell(
            connection, world.tenant.id, "target.paused", "target:far", "paused", title="A pause",
            text=f"after {GIVEN} {FAMILY} ({NEW_EMAIL})", details={"who": NEW_EMAIL},
        )  # fmt: skip
    return made.id


def _by(world: World) -> directory.Actor:
    return directory.Actor("admin", "keeper")


def test_nothing_of_an_erased_person_is_found_in_any_byte_of_the_database(
    app: Flask, world: World, settings: Settings
) -> None:
    employee_id = _live(world)
    assert set(_found(_everything(app, settings))) == set(CANARIES)
    done = erasing.erase(world.tenant.id, employee_id, _by(world))
    assert done.is_swept
    assert _found(_everything(app, settings)) == []
    assert employee_id in _everything(app, settings)


def test_ids_and_times_stay(world: World) -> None:
    employee_id = _live(world)
    with reading() as connection:
        before = directory.revisions(connection, world.tenant.id, employee_id)
    done = erasing.erase(world.tenant.id, employee_id, _by(world))
    with reading() as connection:
        after = directory.revisions(connection, world.tenant.id, employee_id)
        assert directory.get(connection, world.tenant.id, employee_id) is None
    assert [(r["number"], r["at"], r["kind"]) for r in after[1:]] == [
        (r["number"], r["at"], r["kind"]) for r in before
    ]
    assert all(revision["changes"] == {} for revision in after)
    assert (done.was_present, done.revisions) == (True, len(after))
    assert world.link(employee_id).remote_id


def test_the_audit_chain_verifies_after_an_erasure(world: World) -> None:
    employee_id = _live(world)
    with writing() as connection:
        audit.seal(connection, world.tenant.id)
    erasing.erase(world.tenant.id, employee_id, _by(world))
    with writing() as connection:
        audit.seal(connection, world.tenant.id)
        assert audit.verify(connection, world.tenant.id).findings == ()
        assert directory.stored_totals(connection, world.tenant.id)["User"] == 1


def test_no_target_is_told_and_the_account_that_stays_is_named(world: World, far: Scim) -> None:
    employee_id = _live(world)
    remote_id = world.link(employee_id).remote_id
    far.forget_calls()
    done = erasing.erase(world.tenant.id, employee_id, _by(world))
    assert done.accounts == (erasing.Account("far", remote_id, "no"),)
    world.tick()
    assert [call for call in world.writes() if remote_id in call[1]] == []
    assert far.accounts()[NEW_EMAIL]["id"] == remote_id


def test_a_suspend_that_was_owed_is_still_sent_without_a_name(world: World, far: Scim) -> None:
    employee_id = _live(world)
    remote_id = world.link(employee_id).remote_id
    world.change(employee_id, active=False)
    done = erasing.erase(world.tenant.id, employee_id, _by(world))
    assert done.accounts == (erasing.Account("far", remote_id, "owed"),)
    assert world.link(employee_id).frozen == {"label": employee_id, "values": {"active": False}}
    world.settle()
    (account,) = (user for user in far.users() if user["id"] == remote_id)
    assert account["active"] is False
    assert account["title"] == TITLE
    assert world.link(employee_id).due_at is None


def _shut(world: World, employee_id: str, change: str) -> None:
    """Have a class of change discarded for somebody, or held by hand."""
    row = {"tenant_id": world.tenant.id, "target_id": world.target.id, "employee_id": employee_id}
    with writing() as connection:
        connection.execute(insert(gate_table), row | {"change": change, "plan_id": None})


@pytest.mark.parametrize("change", [links.HOLD, gates.blank("title")])
def test_a_suspend_that_no_gate_keeps_back_is_still_owed(world: World, far: Scim, change: str) -> None:
    employee_id = _live(world)
    world.change(employee_id, active=False)
    _shut(world, employee_id, change)
    (account,) = erasing.erase(world.tenant.id, employee_id, _by(world)).accounts
    assert account.suspend == "owed"
    world.settle()
    assert [user["active"] for user in far.users() if user["id"] == account.remote_id] == [False]


def test_a_suspend_that_an_admin_discarded_is_not_sent_after_the_erasure(world: World, far: Scim) -> None:
    employee_id = _live(world)
    world.change(employee_id, active=False)
    _shut(world, employee_id, gates.SUSPEND)
    (account,) = erasing.erase(world.tenant.id, employee_id, _by(world)).accounts
    assert account.suspend == "no"
    world.settle()
    assert [user["active"] for user in far.users() if user["id"] == account.remote_id] == [True]


def test_a_deleted_person_is_erased_too_and_twice_is_once(
    world: World, app: Flask, settings: Settings
) -> None:
    employee_id = _live(world)
    world.delete(employee_id)
    assert not erasing.erase(world.tenant.id, employee_id, _by(world)).was_present
    assert erasing.erase(world.tenant.id, employee_id, _by(world)).revisions
    assert _found(_everything(app, settings)) == []


def test_while_a_worker_speaks_to_a_target_about_the_person_nothing_is_erased(world: World) -> None:
    employee_id = _live(world)
    with writing() as connection:
        values = {"lease_owner": "worker", "lease_until": clock.after(60)}
        where = (link_table.c.tenant_id == world.tenant.id, link_table.c.employee_id == employee_id)
        connection.execute(update(link_table).where(*where).values(**values))
    with pytest.raises(WrongUse, match="speaks to 'far' about this person"):
        erasing.erase(world.tenant.id, employee_id, _by(world))
    with reading() as connection:
        assert directory.get(connection, world.tenant.id, employee_id) is not None


def test_an_operation_that_waits_for_the_person_is_refused(world: World) -> None:
    employee_id = _live(world)
    with writing() as connection:
        connection.execute(
            update(operation_table)
            .where(
                operation_table.c.tenant_id == world.tenant.id, operation_table.c.employee_id == employee_id
            )
            .values(state="planned")
        )
    erasing.erase(world.tenant.id, employee_id, _by(world))
    with reading() as connection:
        where = (operation_table.c.tenant_id == world.tenant.id, operation_table.c.employee_id == employee_id)
        for row in connection.execute(select(operation_table).where(*where)):
            assert (row.state, row.refusal) == ("refused", "the person was erased")
            assert (row.before, row.after, row.requests) == ({}, {}, [])


def test_an_imported_person_does_not_come_back_while_their_record_is_as_it_was(
    tenant: Tenant, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"ID,Last,Email\n17,{FAMILY},{EMAIL}\n")
    mapping = '[record]\nkey = "ID"\n[fields]\n"name.familyName" = "Last"\n"emails[work].value" = "Email"\n'
    draft = drafts.drafted("csv", "hr", {"path": str(file), "mapping": mapping}, {})
    with writing() as connection:
        known = catalog.add(connection, tenant.id, draft, "test")
    runner.import_now(known, dry_run=False, requested_by="test")
    with reading() as connection:
        (employee_id,) = directory.ids_by_work_email(connection, tenant.id, EMAIL)
    done = erasing.erase(tenant.id, employee_id, HUMAN)
    assert done.records == (("hr", "17"),)
    with reading() as connection:
        row = connection.execute(select(source_record).where(source_record.c.tenant_id == tenant.id)).one()
        assert row.prints == {}
    again = runner.import_now(known, dry_run=False, requested_by="test")
    assert (again.counts.added, again.counts.skipped) == (0, 1)


def test_somebody_who_never_was_is_not_erased(tenant: Tenant) -> None:
    with pytest.raises(NotFoundError, match="is and was no employee 'nobody'"):
        erasing.erase(tenant.id, "nobody", HUMAN)


def test_verify_has_nothing_to_say_after_an_erasure(world: World) -> None:
    employee_id = _live(world)
    leaver = world.hire("Frida", "Leaving")
    world.settle()
    world.change(leaver, active=False)
    for each in (employee_id, leaver):
        erasing.erase(world.tenant.id, each, _by(world))
    for _ in range(2):
        with reading() as connection:
            checks = [
                *agreement.checked(connection, world.tenant.id, lambda _number: None),
                *balance.checked(connection, world.target, lambda _number: None),
            ]
        assert [(check.name, check.findings) for check in checks if not check.is_well] == []
        world.settle()
