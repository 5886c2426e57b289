"""Writes that are sent together arrive as if they had been sent one by one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from app import directory
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.directory.tables import Counter, Revision
from app.directory.together import Write, inserting, together
from scim.resources import USER

_counter, _revision = Counter.__table__, Revision.__table__
_insert_counter, _insert_revision = inserting(_counter), inserting(_revision)
IDP = directory.Actor("client", "1")


def _count(slot: int) -> Write:
    return Write(_insert_counter, {"tenant_id": 1, "resource": "User", "slot": slot, "number": slot})


def _revised(number: int) -> Write:
    row = {"tenant_id": 1, "resource_id": "e", "number": number, "at": "t", "kind": "changed", "actor": "a"}
    return Write(_insert_revision, row | {"run_id": None, "changes": "{}"})


def test_writes_of_several_tables_and_several_of_one_all_arrive(app: Flask) -> None:
    with writing() as connection:
        together(connection, [_count(1), _revised(1), _count(2), _revised(2)])
    with reading() as connection:
        assert {row.slot: row.number for row in connection.execute(select(_counter))} == {1: 1, 2: 2}
        assert [row.number for row in connection.execute(select(_revision).order_by(_revision.c.number))] == [
            1,
            2,
        ]


def test_what_one_write_may_not_undoes_all_of_them(app: Flask) -> None:
    with pytest.raises(IntegrityError), writing() as connection:
        together(connection, [_count(1), _revised(1)])
        together(connection, [_count(2), _revised(1)])
    with reading() as connection:
        assert connection.execute(select(_counter)).all() == []


def test_a_person_with_many_addresses_is_found_by_each(tenant: Tenant) -> None:
    addresses = [f"ada{number}@example.com" for number in range(19)]
    document = {
        "schemas": [USER],
        "userName": "ada",
        "emails": [{"type": "work" if number else "home", "value": a} for number, a in enumerate(addresses)],
    }
    with writing() as connection:
        ada = directory.create(connection, tenant.id, IDP, document)
    with reading() as connection:
        found = [directory.ids_by_any_email(connection, tenant.id, address) for address in addresses]
        assert directory.ids_by_work_email(connection, tenant.id, addresses[0]) == []
    assert found == [[ada.id]] * 19


def test_a_change_takes_one_statement_for_all_that_it_writes_on_postgresql(tenant: Tenant) -> None:
    with writing() as connection:
        ada = directory.create(connection, tenant.id, IDP, {"schemas": [USER], "userName": "ada"})
    with writing() as connection:
        # Whether the tenant has lists or pins is believed for a second; this process knows now.
        directory.replace(
            connection, tenant.id, ada.id, IDP, {"schemas": [USER], "userName": "ada", "title": "Lady"}
        )
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement.split(None, 1)[0])

    event.listen(db.engine, "before_cursor_execute", listen)
    with writing() as connection:
        document = {"schemas": [USER], "userName": "ada", "title": "Countess"}
        directory.replace(connection, tenant.id, ada.id, IDP, document)
    event.remove(db.engine, "before_cursor_execute", listen)
    expected = {
        "postgresql": ["SELECT", "WITH", "SELECT"],  # hold, write, which targets there are
        "sqlite": ["SELECT", "UPDATE", "INSERT", "INSERT", "SELECT"],
    }
    assert said == expected[db.engine.dialect.name]
