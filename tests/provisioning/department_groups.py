"""What tests of department groups look at: the groups at the target, and who should be in them."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import or_, select, update

from app.database import reading, writing
from app.provisioning import targets
from app.provisioning.groups import wanted
from app.provisioning.tables import group_link_table, link_table
from tests.provisioning.far import Scim, Scim2Server
from tests.provisioning.world import World


def documents(world: World) -> list[dict[str, Any]]:
    """The groups at the target as SCIM documents."""
    far = world.far
    if isinstance(far, Scim):
        return far.simulator.groups()  # type: ignore[attr-defined, no-any-return]
    assert isinstance(far, Scim2Server)
    return list(far._ask("GET", "/Groups?count=1000").get("Resources", []))


def ids_in(document: dict[str, Any]) -> list[str]:
    """The accounts in a group."""
    return [entry["value"] for entry in document.get("members") or ()]


def members(world: World) -> dict[str, set[str]]:
    """Name of a group at the target → the first names of who is in it; no two groups have one name."""
    found: dict[str, set[str]] = {}
    names = {account["id"]: account["givenName"] for account in world.far.accounts().values()}
    for document in documents(world):
        assert document["displayName"] not in found, f"two groups {document['displayName']}"
        ids = ids_in(document)
        assert len(ids) == len(set(ids))
        found[document["displayName"]] = {names.get(each, each) for each in ids}
    return found


def wanted_members(world: World) -> dict[str, set[str]]:
    """Key of a group → the accounts that should be in it."""
    with reading() as connection:
        return {key: set(each.members) for key, each in wanted.load(connection, world.target).items()}


def rows(world: World) -> list[Any]:
    """The group links, by key."""
    with reading() as connection:
        where = group_link_table.c.tenant_id == world.tenant.id
        return list(
            connection.execute(select(group_link_table).where(where).order_by(group_link_table.c.key))
        )


def row(world: World, department: str) -> Any:
    """The group link of a department."""
    return next(each for each in rows(world) if each.key == f"department:{department.lower()}")


def settle(world: World, seconds: float = 30, *, waits: bool = True) -> None:
    """Tick until neither a person nor a group is due; for targets that fail now and then.

    Without `waits`, back-offs are over as soon as they begin.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not waits:
            let_time_pass(world)
        world.tick()
        if not _is_due(link_table) and not _is_due(group_link_table):
            return
        time.sleep(0.02)
    raise AssertionError(f"still due after {seconds} s: {rows(world)}")


def let_time_pass(world: World) -> None:
    """As if leases, graces and back-offs of the groups, and the rest that the target asked for, were over."""
    with writing() as connection:
        where = group_link_table.c.tenant_id == world.tenant.id
        over = {"next_attempt_at": None, "lease_until": None}
        connection.execute(update(group_link_table).where(where).values(over))
        targets.note_answer(connection, world.target, failures=0, retry_at=None)


def _is_due(table: Any) -> bool:
    with reading() as connection:
        busy = or_(table.c.due_at.is_not(None), table.c.lease_owner.is_not(None))
        return connection.execute(select(table.c.target_id).where(busy)).first() is not None


def group_calls(world: World) -> list[tuple[str, str]]:
    """The writing calls to groups since `far.forget_calls()`."""
    return [(method, path) for method, path in world.writes() if "/Groups" in path]


def hire(world: World, given: str, department: str | None, **more: object) -> str:
    """An employee of a department."""
    return world.hire(given, "Okafor", enterprise={"department": department} if department else {}, **more)


def move(world: World, employee_id: str, department: str | None) -> None:
    """Move an employee to another department."""
    world.change(employee_id, enterprise={"department": department})
