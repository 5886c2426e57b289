"""A throw-away installation: a database of its own, an application, a tenant."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, make_url, text

from app import Settings, create_app
from app.database import Model, db


@contextmanager
def sqlite_database(template: Path, folder: Path) -> Iterator[str]:
    """Give the URL of a copy of an SQLite file that has the whole schema."""
    path = folder / "rollcall.db"
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"


@contextmanager
def postgresql_database(server: str) -> Iterator[str]:
    """Give the URL of a schema of its own in a PostgreSQL database; nothing else in that database is touched."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    name = f"rollcall_kit_{secrets.token_hex(6)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE SCHEMA "{name}"'))
        own = url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(
            hide_password=False
        )
        make_tables(own)
        yield own
        with engine.connect() as connection:
            connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    finally:
        engine.dispose()


def make_tables(url: str) -> None:
    """Create every table of the product in an empty database."""
    create_app(settings(url, Path("instance")))  # imports the rooms that have tables
    engine = create_engine(url)
    Model.metadata.create_all(engine)
    engine.dispose()


def settings(url: str, folder: Path) -> Settings:
    """Return settings that let vendors live on loopback, and that log everything."""
    return Settings(
        database_url=url,
        instance_path=folder,
        allow_private_targets=True,
        secret_key=secrets.token_hex(32),
        key_ring=f"k1:{secrets.token_hex(32)}",
        sqlite_synchronous="off",
        log_level="debug",
    )


@contextmanager
def running(url: str, folder: Path) -> Iterator[Flask]:
    """Give the application on a database that has the schema, its context pushed."""
    application = create_app(settings(url, folder))
    with application.app_context():
        yield application
        application.extensions["rollcall.inbound"].flush()
        db.engine.dispose()
