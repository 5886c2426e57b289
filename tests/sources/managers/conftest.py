"""A source that names managers by address, and what became of them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app import directory
from app.database import reading, writing
from app.directory import Actor
from app.directory.tables import EmployeeRow
from app.sources import second_pass
from app.sources.tables import awaited_manager
from scim.resources import ENTERPRISE, USER
from tests.sources.reports import problems

MAPPING = """
[record]
key = "ID"
[fields]
"name.givenName" = "First"
"emails[work].value" = "Email"
"title" = "Title"
"hr.managerEmail" = "Manager"
"""
HEADER = "ID,First,Email,Title,Manager"
BOSS = "1,Bea,bea@example.com,Chief,"
CY = "2,Cy,cy@example.com,Clerk,Bea@Example.com"
DEE = "3,Dee,dee@example.com,Clerk,gus@example.com"
CLIENT = Actor("client", "7")


@pytest.fixture
def say(write, add_source, import_from):
    """Give a function that writes a file for the one source, imports it and returns the run."""
    made = []

    def imported(*rows, dry_run=False):
        write(*rows, header=HEADER)
        if not made:
            made.append(add_source(mapping=MAPPING))
        return import_from(made[0], dry_run=dry_run)

    return imported


@pytest.fixture
def who(tenant):
    """Give a function that returns an employee's id by user name."""

    def found(name):
        with reading() as connection:
            [employee_id] = directory.ids_by_user_name(connection, tenant.id, f"{name}@example.com")
        return employee_id

    return found


@pytest.fixture
def manager(person):
    """Give a function that returns the manager of an employee as the document has it."""
    return lambda name: person(f"{name}@example.com").get(ENTERPRISE, {}).get("manager")


@pytest.fixture
def change(tenant, who):
    """Give a function that changes an employee as a client does."""

    def changed(name, fragment, actor=CLIENT):
        with writing() as connection:
            directory.merge(connection, tenant.id, who(name), actor, fragment)

    return changed


@pytest.fixture
def come(tenant):
    """Give a function that adds somebody with a work e-mail as a client does."""

    def created(name):
        document = {"schemas": [USER], "userName": f"{name}@example.com"}
        document["emails"] = [{"type": "work", "value": f"{name}@example.com"}]
        with writing() as connection:
            return directory.create(connection, tenant.id, CLIENT, document).id

    return created


def warned(run):
    """Return (row, column, record) of the warnings about managers."""
    return [
        (line.row, line.column, line.record_id) for line in problems(run) if line.code == second_pass.CODE
    ]


def waiting():
    """Return how many wait for a manager."""
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(awaited_manager))


def versions(tenant):
    """Return employee → version of everybody."""
    with reading() as connection:
        table = EmployeeRow.__table__
        query = select(table.c.id, table.c.version).where(table.c.tenant_id == tenant.id)
        return {row.id: row.version for row in connection.execute(query)}
