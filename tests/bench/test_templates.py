"""The quick way to fill a database leaves the rows that the directory writes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, func, select

from app import directory
from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, Revision
from bench.people import PERIOD, person
from bench.templates import fill
from scim.codec import codec_of
from scim.resources import user_type

USERS = 10
#: Differ between any two databases.
PASSING = {"tenant_id", "id", "employee_id", "created_at", "last_modified"}


@pytest.fixture
def ids(app: Flask, tenant: Tenant) -> list[str]:
    """Give the ids of the people who were filled in by templates."""
    return fill(tenant.id, USERS)


def _rows(table: Table, tenant_id: int, employee_id: str) -> list[dict[str, Any]]:
    key = "id" if table is EmployeeRow.__table__ else "employee_id"
    query = select(table).where(table.c.tenant_id == tenant_id, table.c[key] == employee_id)
    with reading() as connection:
        found = [dict(row._mapping) for row in connection.execute(query)]
    return [{name: value for name, value in row.items() if name not in PASSING} for row in found]


def _assert_as_the_directory_writes(tenant: Tenant, employee_id: str, number: int) -> None:
    with writing() as connection:
        other = tenants.create(connection, f"other-{number}")
        document = codec_of(user_type()).check(person(number)).document
        made = directory.create(connection, other.id, directory.Actor("client", "1"), document)
    for table in (EmployeeRow.__table__, EmployeeEmail.__table__):
        assert _rows(table, tenant.id, employee_id) == _rows(table, other.id, made.id) != []


def test_a_filled_in_person_has_the_rows_that_the_directory_writes(tenant: Tenant, ids: list[str]) -> None:
    for number in (0, 7):
        _assert_as_the_directory_writes(tenant, ids[number], number)


def test_a_person_beyond_the_templates_has_them_too(tenant: Tenant) -> None:
    ids = fill(tenant.id, PERIOD + 3)
    _assert_as_the_directory_writes(tenant, ids[-1], PERIOD + 2)


def test_everybody_is_counted_and_nobody_has_a_history(tenant: Tenant, ids: list[str]) -> None:
    def number(expression: Any, table: Table) -> int:
        with reading() as connection:
            return int(connection.scalar(select(expression).where(table.c.tenant_id == tenant.id)) or 0)

    assert number(func.count(), EmployeeRow.__table__) == len(set(ids)) == USERS
    assert number(func.sum(Counter.__table__.c.number), Counter.__table__) == USERS
    assert number(func.count(), Revision.__table__) == 0


def test_people_come_in_the_order_of_their_numbers(ids: list[str]) -> None:
    assert ids == sorted(ids)
