"""Transactions begin as they are meant to, on both databases, and leave nothing behind in the pool."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import OperationalError

from app import create_app, database
from app.database import (
    begin_writing,
    db,
    one_of,
    plan_for_values,
    reading,
    reading_once,
    require_writing,
    writing,
)
from app.directory.tables import Counter
from app.errors import WriteOptionIgnored
from tests.conftest import make_settings
from tests.harness.postgres import PostgresCluster

_counter = Counter.__table__
_ROW = {"tenant_id": 1, "resource": "User", "slot": 0, "number": 1}


def _is_in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction
    assert isinstance(driver, psycopg.Connection)
    return driver.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


def _count() -> int:
    with reading() as connection:
        return len(connection.execute(select(_counter)).all())


def test_writing_is_in_a_transaction_from_the_first_moment(app: Flask) -> None:
    with writing() as connection:
        assert _is_in_transaction(connection)


def test_reading_is_in_a_transaction_where_that_makes_it_one_moment(app: Flask) -> None:
    with reading() as connection:
        assert _is_in_transaction(connection) is database.is_sqlite(connection)


def test_a_single_read_is_in_none(app: Flask) -> None:
    with reading_once() as connection:
        connection.execute(select(_counter)).all()
        assert not _is_in_transaction(connection)


def test_what_fails_is_undone_and_what_ends_well_is_kept(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), writing() as connection:
        connection.execute(insert(_counter), _ROW)
        _ = 1 / 0
    assert _count() == 0
    with writing() as connection:
        connection.execute(insert(_counter), _ROW)
    assert _count() == 1


def test_a_connection_that_served_a_single_read_begins_transactions_again(app: Flask) -> None:
    with reading_once():
        pass
    with pytest.raises(ZeroDivisionError), db.engine.begin() as connection:
        assert _is_in_transaction(connection)
        connection.execute(insert(_counter), _ROW)
        _ = 1 / 0
    assert _count() == 0


def test_writing_is_refused_in_a_reading_transaction(app: Flask) -> None:
    with reading() as connection, pytest.raises(WriteOptionIgnored):
        require_writing(connection)
    with db.engine.connect() as connection, begin_writing(connection):
        require_writing(connection)


def test_a_writing_transaction_on_sqlite_holds_the_lock_before_it_writes(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "rollcall.db"
    path.write_bytes(sqlite_template.read_bytes())
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with create_app(make_settings(f"sqlite:///{path}", tmp_path)).app_context():
        with writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        with reading():
            other.execute("BEGIN IMMEDIATE")
        other.close()
        db.engine.dispose()


@pytest.fixture
def on_postgres(postgres_cluster: PostgresCluster, postgres_template: str, tmp_path: Path) -> Flask:
    """Give the application on a PostgreSQL database of its own."""
    return create_app(make_settings(postgres_cluster.create_database(template=postgres_template), tmp_path))


def _cut_pooled_connections() -> None:
    of_this_database = "datname = current_database() AND pid <> pg_backend_pid()"
    with writing() as connection:
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {of_this_database}")
        )


def _pool_some_connections() -> None:
    with reading(), reading(), reading():
        pass


def test_connections_that_rested_are_tested_before_they_are_used(
    on_postgres: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "REST_SECONDS", 0.0)
    with on_postgres.app_context():
        _pool_some_connections()
        _cut_pooled_connections()
        with reading(), reading(), reading():
            assert _count() == 0
        db.engine.dispose()


def test_one_lost_connection_of_a_busy_pool_renews_them_all(
    on_postgres: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "REST_SECONDS", 3600.0)
    with on_postgres.app_context():
        _pool_some_connections()
        _cut_pooled_connections()
        with pytest.raises(OperationalError), writing(), writing(), writing():
            pass
        with reading(), reading(), reading():
            assert _count() == 0
        db.engine.dispose()


# --- lists as one parameter -----------------------------------------------------------------------------------------


def _named(names: Sequence[str]) -> list[str]:
    query = select(_counter.c.resource).where(_counter.c.tenant_id == 1, one_of(_counter.c.resource, "names"))
    with reading() as connection:
        return sorted(connection.scalars(query, {"names": names}))


ODD = ["", "a'b", 'quo"te', "comma,", "{brace}", "NULL", "null", "\\back", "Łódź 🏙", "1"]


def test_one_of_finds_the_rows_of_a_list_and_no_others(app: Flask) -> None:
    with writing() as connection:
        connection.execute(insert(_counter), [_ROW | {"resource": name} for name in [*ODD, "other"]])
    assert _named(ODD) == sorted(ODD)
    assert _named(["other", "nobody"]) == ["other"]
    assert _named([]) == []


def test_one_of_takes_numbers(app: Flask) -> None:
    with writing() as connection:
        connection.execute(insert(_counter), [_ROW | {"slot": slot} for slot in range(5)])
    with reading() as connection:
        query = select(_counter.c.slot).where(one_of(_counter.c.slot, "slots"))
        assert sorted(connection.scalars(query, {"slots": [1, 3, 9]})) == [1, 3]


def test_one_of_takes_more_values_than_a_statement_may_have_parameters(app: Flask) -> None:
    with writing() as connection:
        connection.execute(insert(_counter), _ROW)
    assert _named([*map(str, range(70_000)), "User"]) == ["User"]


def test_one_of_uses_the_key_of_a_table(app: Flask) -> None:
    executed: list[tuple[str, Any]] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        executed.append((statement, parameters))

    _named(["User"])
    statement, parameters = executed[-1]
    with reading() as connection:
        driver = connection.connection.driver_connection
        if database.is_sqlite(connection):
            plan = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            assert "USING PRIMARY KEY (tenant_id=? AND resource=?)" in str(plan)
        else:
            driver.execute("SET enable_seqscan = off")
            plan = driver.execute(f"EXPLAIN {statement}", parameters).fetchall()
            driver.execute("RESET enable_seqscan")
            assert re.search(r"Index Cond: .*resource.* = ANY", str(plan))


def _planning() -> str:
    with writing() as connection:
        plan_for_values(connection)
        return "" if database.is_sqlite(connection) else str(connection.scalar(text("SHOW plan_cache_mode")))


def test_who_plans_for_values_does_so_until_the_transaction_ends(app: Flask) -> None:
    assert _planning() in ("", "force_custom_plan")
    with writing() as connection:
        if not database.is_sqlite(connection):
            assert connection.scalar(text("SHOW plan_cache_mode")) == "auto"
