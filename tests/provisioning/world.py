"""A small organisation with one target: people are hired and changed in the directory, and delivered."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import approvals, plans, resync, targets, ticks
from app.provisioning.counts import Counts
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from scim.resources import ENTERPRISE, HR, USER
from tests.provisioning.far import TOKEN, Far, is_write

HUMAN = directory.Actor("admin", "test")


class World:
    """One tenant, one target, the people of the test."""

    def __init__(self, tenant: Tenant, far: Far, **options: str) -> None:
        self.tenant = tenant
        self.far = far
        self.name = "far"
        with writing() as connection:
            targets.add(
                connection,
                tenant.id,
                "test",
                kind=far.kind,
                name=self.name,
                url=far.url,
                auth_header=far.header,
                token=getattr(far, "token", TOKEN),
                options={"rate": "0", **options},
            )

    # --- the directory ---

    def hire(self, given: str, family: str, email: str | None = "", **more: Any) -> str:
        """Create an employee; the work e-mail is made of the name unless given, None for none."""
        document = person(given, family, email, **more)
        with writing() as connection:
            return directory.create(connection, self.tenant.id, HUMAN, document).id

    def hire_many(self, count: int, *, run: int | None = None, **more: Any) -> list[str]:
        """Create people `p0…`; `run` makes it an import run's doing."""
        actor = HUMAN if run is None else directory.Actor("source", "hr", run)
        with writing() as connection:
            return [
                directory.create(connection, self.tenant.id, actor, person(f"P{n}", "Many", **more)).id
                for n in range(count)
            ]

    def change(self, employee_id: str, *, run: int | None = None, **fragment: Any) -> None:
        """Merge a fragment into an employee's document; `run` makes it an import run's doing."""
        actor = HUMAN if run is None else directory.Actor("source", "hr", run)
        fragment = {_URNS.get(name, name): value for name, value in fragment.items()}
        with writing() as connection:
            directory.merge(connection, self.tenant.id, employee_id, actor, fragment)

    def email(self, employee_id: str, address: str | None) -> None:
        """Change the work e-mail."""
        entry = {"type": "work", "value": address, "primary": True if address else None}
        self.change(employee_id, emails=[entry])

    def delete(self, employee_id: str) -> None:
        """Delete an employee."""
        with writing() as connection:
            directory.delete(connection, self.tenant.id, employee_id, HUMAN)

    # --- provisioning ---

    @property
    def target(self) -> Target:
        """The target as it is now."""
        with reading() as connection:
            return targets.named(connection, self.tenant.id, self.name)

    def tick(self) -> Counts:
        """Deliver what is due, as a tick does."""
        counts = ticks.run(self.tenant.id, self.target.id)
        assert counts is not None
        return counts

    def full(self) -> Counts:
        """Run a full resync to its end."""
        with writing() as connection:
            resync.request_full(connection, self.target, "test")
        return self.tick()

    def settle(self, seconds: float = 20) -> Counts:
        """Tick until nothing is due any more; for targets that fail now and then."""
        total, end = Counts(), time.monotonic() + seconds
        while time.monotonic() < end:
            total.update(self.tick())
            with reading() as connection:
                due = link_table.c.due_at.is_not(None)
                if connection.execute(select(link_table.c.employee_id).where(due)).first() is None:
                    return total
            time.sleep(0.02)
        raise AssertionError(f"still due after {seconds} s: {total}")

    def link(self, employee_id: str) -> Any:
        """The link's row, None without one."""
        with reading() as connection:
            where = link_table.c.employee_id == employee_id
            return connection.execute(select(link_table).where(where)).first()

    def plans(self, **members: Any) -> list[Any]:
        """Plans, newest first, with these members."""
        with reading() as connection:
            found = plans.listed(connection, self.tenant.id)
        return [plan for plan in found if all(getattr(plan, k) == v for k, v in members.items())]

    def lines(self, plan_id: int) -> list[Any]:
        """The lines of a plan."""
        with reading() as connection:
            return plans.lines(connection, self.tenant.id, plan_id)

    def approve(self, plan_id: int) -> None:
        """Approve a plan."""
        with writing() as connection:
            approvals.approve(connection, self.tenant.id, plan_id, "test")

    def configure(self, fields: list[str] | None = None, **options: str) -> None:
        """Change the target's settings as `target set` and `target fields` do."""
        with writing() as connection:
            target = targets.change(connection, self.target, "test", options=options, fields=fields)
            resync.after_change_of_settings(connection, target)

    # --- what the far side saw ---

    def account(self, email: str) -> dict[str, Any]:
        """The account with this e-mail."""
        return self.far.accounts()[email]

    def writes(self) -> list[tuple[str, str]]:
        """The writing calls since `far.forget_calls()`."""
        return [call for call in self.far.calls() if is_write(*call)]


_URNS = {"enterprise": ENTERPRISE, "hr": HR}


def in_days(number: int) -> str:
    """Return the date so many days from today (UTC)."""
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def person(given: str, family: str, email: str | None = "", **more: Any) -> dict[str, Any]:
    """A canonical document."""
    address = f"{given}.{family}@example.com".lower() if email == "" else email
    document: dict[str, Any] = {
        "schemas": [USER],
        "userName": f"{given}.{family}.{time.monotonic_ns()}".lower(),
        "name": {"givenName": given, "familyName": family},
        "active": True,
    }
    if address:
        document["emails"] = [{"type": "work", "value": address, "primary": True}]
    return document | {_URNS.get(name, name): value for name, value in more.items()}
