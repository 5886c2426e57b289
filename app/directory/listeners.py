"""Change listeners: rooms above the directory are told of each change inside its transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection

_KEY = "rollcall.directory.listeners"


@dataclass(frozen=True)
class Actor:
    """Who changes the directory: ``kind`` is client, source, admin or system; an import names its run."""

    kind: str
    id: str
    run_id: int | None = None

    @property
    def name(self) -> str:
        """Return ``kind:id``, as owners, revisions and audit rows hold it."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Change:
    """One change of one resource; ``before`` is None at creation, ``after`` is None at deletion."""

    tenant_id: int
    resource_id: str
    kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    paths: frozenset[str]
    actor: Actor
    #: The name of the resource type: ``User`` for employees.
    resource_type: str = "User"

    @property
    def is_of_a_person(self) -> bool:
        """True when an employee changed, False for groups and resources of loaded types."""
        return self.resource_type == "User"


Listener = Callable[[Connection, Change], None]


def listen(app: Flask, listener: Listener) -> None:
    """Have ``listener(connection, change)`` called in the transaction of every change from now on."""
    app.extensions.setdefault(_KEY, []).append(listener)


def tell(connection: Connection, change: Change) -> None:
    """Call every listener; what one raises undoes the change."""
    for listener in current_app.extensions.get(_KEY, ()):
        listener(connection, change)
