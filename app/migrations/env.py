"""How Alembic runs here: one transaction, foreign keys off while SQLite rebuilds tables, Huey's tables left alone.

With foreign keys on, recreating a parent table in batch mode deletes its ON DELETE CASCADE children.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from app import database
from app.database import Model, begin_writing, db

_UPGRADE_LOCK = 7_325_001


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name in Model.metadata.tables


def _form(thing: Any) -> str:
    """Return what tells column types apart: the type and what it is on other databases (``repr`` leaves those out)."""
    variants = getattr(thing, "_variant_mapping", {})
    return repr(thing) + repr(sorted((name, repr(variant)) for name, variant in variants.items()))


_NAMED_TYPES = {
    _form(getattr(database, name)): f"database.{name}"
    for name in ("Key", "InstantText", "IdText", "SearchJson")
}


def _rendered(kind: str, thing: Any, _context: Any) -> str | bool:
    """Return how a migration writes one of our column types; False leaves it to Alembic."""
    if kind != "type":
        return False
    return "sa.Text()" if isinstance(thing, database.Json) else _NAMED_TYPES.get(_form(thing), False)


def _foreign_keys(connection: Connection, switch: str) -> None:
    """Switch enforcement on the raw connection: inside a transaction SQLite would ignore it."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {switch}")
    cursor.close()


def run() -> None:
    """Run the migrations on the application's engine."""
    with db.engine.connect() as connection:
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
            render_item=_rendered,
        )
        with begin_writing(connection):
            if not is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            context.run_migrations()
            if is_sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(
                    f"The migration would break {len(broken)} references; nothing was changed."
                )
        if is_sqlite:
            _foreign_keys(connection, "ON")


run()
