"""100,000 people as a console shows them: in the directory, at a target in every state, with a source's records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, literal, select, update

from app import clock, directory
from app.access.encryption import seal
from app.database import writing
from app.directory.tables import EmployeeRow, RosterLine
from app.provisioning import targets
from app.provisioning.tables import link_table
from app.sources.tables import source, source_record
from bench import templates
from scim.resources import ENTERPRISE, HR, USER

_employee, _roster = EmployeeRow.__table__, RosterLine.__table__
ACTOR = directory.Actor("admin", "bench")
#: One in so many people has a link in this state; the rest is linked.
_STATES = (("held", 1000), ("waiting", 200), ("vanished", 5000))
#: Somebody whose name nobody shares.
RARE = {
    "schemas": [USER, ENTERPRISE, HR],
    "userName": "xenia.quillfeather@example.com",
    "displayName": "Xenia Quillfeather",
    "name": {"givenName": "Xenia", "familyName": "Quillfeather"},
    "active": True,
    "emails": [{"type": "work", "value": "xenia.quillfeather@example.com", "primary": True}],
    ENTERPRISE: {"employeeNumber": "X-1", "department": "Legal"},
    HR: {"startDate": "2099-01-01"},
}


def fill(tenant_id: int, people: int) -> str:
    """Put this many people into a tenant that has none, with links and records; return the id of the rare one."""
    ids = templates.fill(tenant_id, people - 1)
    with writing() as connection:
        rare = directory.create(connection, tenant_id, ACTOR, RARE).id
        inactive = ids[::50]
        for start in range(0, len(inactive), 500):
            some = inactive[start : start + 500]
            connection.execute(update(_employee).where(_employee.c.id.in_(some)).values(active=False))
            connection.execute(update(_roster).where(_roster.c.employee_id.in_(some)).values(active=False))
        target = targets.add(
            connection,
            tenant_id,
            "admin:bench",
            kind="jumpcloud",
            name="JumpCloud",
            url="https://console.jumpcloud.example",
            token="x" * 20,
            paused=True,
        )
        _link(connection, tenant_id, target.id)
        _record(connection, tenant_id)
        for state, every in _STATES:
            some = ids[7::every]
            connection.execute(
                update(link_table)
                .where(link_table.c.tenant_id == tenant_id, link_table.c.employee_id.in_(some))
                .values(state=state, reason=f"{state} for the bench", reason_code="bench")
            )
    return rare


def _link(connection: Connection, tenant_id: int, target_id: int) -> None:
    values: dict[str, Any] = {
        "tenant_id": _employee.c.tenant_id,
        "target_id": literal(target_id),
        "employee_id": _employee.c.id,
        "remote_id": _employee.c.id,
        "state": literal("linked"),
        "generation": literal(1),
        "due_generation": literal(1),
        "delivered_generation": literal(1),
        "priority": literal(2),
        "rides_along": literal(False),
        "sent": literal('{"active":true,"displayName":"Ada Lovelace","workEmail":"ada@example.com"}'),
        "tries": literal(0),
        "lease_token": literal(1),
        "delivered_at": literal(clock.now()),
        "delivered_version": literal(1),
    }
    query = select(*values.values()).where(_employee.c.tenant_id == tenant_id)
    connection.execute(insert(link_table).from_select(list(values), query, include_defaults=False))


def _record(connection: Connection, tenant_id: int) -> None:
    key = seal(tenant_id, "source/1/print_key", bytes(32))
    connection.execute(
        insert(source),
        {
            "tenant_id": tenant_id,
            "id": 1,
            "name": "hr-system",
            "kind": "csv",
            "state": "paused",
            "settings": {},
            "print_key": key,
            "mapping": "",
            "work_email": "source",
            "schedule": "off",
            "created_at": clock.now(),
            "set_up_by": "admin:bench",
            "hook_key": "bench",
        },
    )
    values: dict[str, Any] = {
        "tenant_id": _employee.c.tenant_id,
        "source_id": literal(1),
        "record_id": _employee.c.id,
        "employee_id": _employee.c.id,
        "prints": literal("{}"),
        "last_seen_run": literal(1),
    }
    query = select(*values.values()).where(_employee.c.tenant_id == tenant_id)
    connection.execute(insert(source_record).from_select(list(values), query, include_defaults=False))
