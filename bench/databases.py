"""Databases for measuring, durable as in production: SQLite with ``synchronous=FULL``, PostgreSQL with ``fsync``."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app
from app.config import Settings
from app.database import Model, db, reading_once
from tests.harness.postgres import PostgresCluster

SECRET_KEY = "5" * 64
KEY_RING = "k1:" + "7" * 64


@dataclass(frozen=True)
class Host:
    """Where databases of one kind live; ``create`` returns the URL of a new one, or of a copy of a second URL."""

    kind: str
    version: str
    folder: Path
    create: Callable[[str, str | None], str]


@contextmanager
def _sqlite(folder: Path) -> Iterator[Host]:
    """Give SQLite files in ``folder``."""

    def create(name: str, template: str | None) -> str:
        path = folder / f"{name}.db"
        if template:
            shutil.copyfile(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    yield Host("sqlite", f"SQLite {sqlite3.sqlite_version}, synchronous=FULL", folder, create)


@contextmanager
def _postgresql(folder: Path) -> Iterator[Host]:
    """Give a PostgreSQL cluster of its own, on a disk."""
    with PostgresCluster(durable=True) as cluster:
        version = f"PostgreSQL {cluster.binaries.parent.name}, fsync on"
        yield Host("postgresql", version, folder, cluster.create_database)


@contextmanager
def working_folder() -> Iterator[Path]:
    """Give a folder for a run's files; it goes with the run."""
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


#: Word of the command line → what gives such databases.
KINDS = {"sqlite": _sqlite, "postgresql": _postgresql}


@contextmanager
def application(url: str, folder: Path) -> Iterator[Flask]:
    """Give Rollcall on an empty database, to fill it; at the end nothing is left for the servers to do later.

    Filling need not survive a power cut, and does not wait for the disk on SQLite.
    """
    settings = Settings(
        database_url=url,
        instance_path=folder,
        secret_key=SECRET_KEY,
        key_ring=KEY_RING,
        log_level="warning",
        sqlite_synchronous="off",
    )
    app = create_app(settings)
    with app.app_context():
        Model.metadata.create_all(db.engine)
        yield app
        with reading_once() as connection:
            for statement in _SETTLING[connection.dialect.name]:
                connection.exec_driver_sql(statement)
        db.engine.dispose()


#: What the databases do by themselves in time: autovacuum with its statistics, the write-ahead log.
_SETTLING = {
    "sqlite": ("PRAGMA wal_checkpoint(TRUNCATE)",),
    "postgresql": ("VACUUM ANALYZE", "CHECKPOINT"),
}
