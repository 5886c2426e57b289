"""How Alembic runs here: one transaction, foreign keys off while SQLite rebuilds tables, Huey's tables left alone.

With foreign keys on, recreating a parent table in batch mode deletes its ON DELETE CASCADE children.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from app.database import WRITE_OPTION, Model, db

_UPGRADE_LOCK = 7_325_001


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name in Model.metadata.tables


def _foreign_keys(connection: Connection, switch: str) -> None:
    """Switch enforcement on the raw connection: inside a transaction SQLite would ignore it."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {switch}")
    cursor.close()


def run() -> None:
    """Run the migrations on the application's engine."""
    with db.engine.connect() as plain:
        connection = plain.execution_options(**{WRITE_OPTION: True})
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _foreign_keys(connection, "OFF")
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            render_as_batch=True,
            transactional_ddl=True,
            include_name=_is_ours,
            compare_type=True,
        )
        with connection.begin():
            if not is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            context.run_migrations()
            if is_sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(f"The migration would break {len(broken)} references; nothing was changed.")
        if is_sqlite:
            _foreign_keys(connection, "ON")


run()
