"""What the balance finds in a world, and how a world is damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from app.database import reading, writing
from app.directory import agreement
from app.directory.agreement import Check
from app.provisioning import balance, targets
from app.provisioning.tables import (
    link_table,
)
from tests.provisioning.world import World

Make = Callable[..., World]
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def checks(world: World) -> list[Check]:
    with reading() as connection:
        found = agreement.checked(connection, world.tenant.id, lambda number: None)
        for target in targets.listed(connection, world.tenant.id):
            found += balance.checked(connection, target, lambda number: None)
    return found


def wrong(world: World) -> set[tuple[str, str]]:
    """(code, subject) of everything that is wrong."""
    return {(finding.code, finding.subject) for check in checks(world) for finding in check.findings}


def codes(world: World) -> set[str]:
    return {code for code, _ in wrong(world)}


def figures(world: World, name: str = "delivery") -> dict[str, int]:
    return next(check.figures for check in checks(world) if check.name == name)


def edit(table: Any, where: Any, **values: Any) -> None:
    """What nobody should do: change rows by hand."""
    with writing() as connection:
        assert connection.execute(update(table).where(where).values(values)).rowcount


def edit_link(employee_id: str, **values: Any) -> None:
    edit(link_table, link_table.c.employee_id == employee_id, **values)
