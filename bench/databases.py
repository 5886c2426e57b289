"""Databases full of people: seeded once through the directory, then copied for each server.

Durable as in production: SQLite with ``synchronous=FULL`` and PostgreSQL with ``fsync``, both on a disk.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app, directory
from app.access import tenants, tokens
from app.config import Settings
from app.database import Model, db, reading_once, writing
from bench.people import person
from scim.codec import codec_of
from scim.resources import user_type
from tests.harness.postgres import PostgresCluster

SECRET_KEY = "5" * 64
KEY_RING = "k1:" + "7" * 64
_BATCH = 1000


@dataclass(frozen=True)
class Seeded:
    """A database with people: the ids by number, a token, and ``copy`` (name → URL of a copy of its own)."""

    kind: str
    version: str
    ids: list[str]
    token: str
    copy: Callable[[str], str]


@contextmanager
def sqlite_with(users: int, folder: Path) -> Iterator[Seeded]:
    """Give an SQLite database with this many people in ``folder``."""
    template = folder / "template.db"
    ids, token = _seed(f"sqlite:///{template}", users, folder)

    def copy(name: str) -> str:
        shutil.copyfile(template, folder / f"{name}.db")
        return f"sqlite:///{folder / name}.db"

    yield Seeded("sqlite", f"SQLite {sqlite3.sqlite_version}, synchronous=FULL", ids, token, copy)


@contextmanager
def postgresql_with(users: int, folder: Path) -> Iterator[Seeded]:
    """Give a PostgreSQL database with this many people, in a cluster of its own."""
    with PostgresCluster(durable=True) as cluster:
        template = cluster.create_database("template_people")
        ids, token = _seed(template, users, folder)

        def copy(name: str) -> str:
            return cluster.create_database(name, template=template)

        yield Seeded("postgresql", f"PostgreSQL {cluster.binaries.parent.name}, fsync on", ids, token, copy)


#: Word of the command line → what gives such a database.
KINDS = {"sqlite": sqlite_with, "postgresql": postgresql_with}


def _seed(url: str, users: int, folder: Path) -> tuple[list[str], str]:
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
        ids, token = _fill(app, users)
        _settle(settings)
        db.engine.dispose()
    return ids, token


def _fill(app: Flask, users: int) -> tuple[list[str], str]:
    codec, actor, ids = codec_of(user_type()), directory.Actor("client", "1"), []
    with writing() as connection:
        tenant = tenants.create(connection, "acme")
        token = tokens.create(connection, tenant, "bench").text
    for start in range(0, users, _BATCH):
        with writing() as connection:
            for number in range(start, min(start + _BATCH, users)):
                document = codec.check(person(number)).document
                ids.append(directory.create(connection, tenant.id, actor, document).id)
    return ids, token


def _settle(settings: Settings) -> None:
    """Leave nothing to be done later: statistics, dead rows, the write-ahead log."""
    with reading_once() as connection:
        connection.exec_driver_sql(
            "PRAGMA wal_checkpoint(TRUNCATE)" if settings.is_sqlite else "VACUUM ANALYZE"
        )
