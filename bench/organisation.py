"""An organisation to measure provisioning on: the application, people in the directory, the same people at a target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from app import create_app, directory
from app.config import Settings
from app.database import Model, db, writing
from bench.databases import KEY_RING, SECRET_KEY, Host
from scim.resources import USER
from tests.harness.fault_target import TargetProcess

ADMIN = directory.Actor("admin", "bench")
_BATCH = 500


@contextmanager
def application(host: Host, folder: Path, name: str, **changes: Any) -> Iterator[Flask]:
    """Give Rollcall on an empty database, durable as in production, with its context pushed."""
    folder.mkdir(exist_ok=True)
    given: dict[str, Any] = {
        "database_url": host.create(f"{name}_{host.kind}", None),
        "instance_path": folder,
        "allow_private_targets": True,
        "secret_key": SECRET_KEY,
        "key_ring": KEY_RING,
        "log_level": "error",
    }
    app = create_app(Settings(**given | changes))
    with app.app_context():
        Model.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


def person(number: int) -> dict[str, Any]:
    """Return a canonical document, which a target that has it already holds alike."""
    return {
        "schemas": [USER],
        "userName": f"person{number}",
        "name": {"givenName": "Given", "familyName": f"Family{number}"},
        "title": "Engineer",
        "active": True,
        "emails": [{"type": "work", "value": f"person{number}@example.com", "primary": True}],
    }


def hired(tenant_id: int, people: int) -> list[str]:
    """Put people into the directory; return their ids."""
    ids: list[str] = []
    for start in range(0, people, _BATCH):
        with writing() as connection:
            for number in range(start, min(start + _BATCH, people)):
                ids.append(directory.create(connection, tenant_id, ADMIN, person(number)).id)
    return ids


def the_same_at(target: TargetProcess, people: int, differs: int) -> None:
    """Put the same people into a target, one in ``differs`` of them with another title."""
    for number in range(people):
        shown = {"displayName": f"Given Family{number}"}
        other = {"title": "Other"} if number % differs == 0 else {}
        target.add_account(person(number) | shown | other)
