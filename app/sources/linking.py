"""Who hears that a record has become an employee's, that a source has changed, that its credentials are good.

Rooms above are joined here. Listeners are called in the transaction of the import, or of the change.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import Connection

#: Called with tenant, source, record id and employee id.
Listener = Callable[[Connection, int, int, str, str], None]
#: Called with tenant, source and who changed it.
SourceListener = Callable[[Connection, int, int, str], None]
_KEY = "rollcall.record_listeners"
_SOURCES_KEY = "rollcall.source_listeners"
_PROOFS_KEY = "rollcall.proof_listeners"


def listen(app: Flask, listener: Listener) -> None:
    """Have ``listener`` called whenever a record of a source has become an employee's, or another one's."""
    app.extensions.setdefault(_KEY, []).append(listener)


def tell(connection: Connection, tenant_id: int, source_id: int, record_id: str, employee_id: str) -> None:
    """Call every listener; what one raises undoes the row."""
    for listener in current_app.extensions.get(_KEY, ()):
        listener(connection, tenant_id, source_id, record_id, employee_id)


def listen_to_sources(app: Flask, listener: SourceListener) -> None:
    """Have ``listener`` called whenever a source was given other settings or secrets, disconnected or removed."""
    app.extensions.setdefault(_SOURCES_KEY, []).append(listener)


def tell_of_source(connection: Connection, tenant_id: int, source_id: int, by: str) -> None:
    """Call every listener to sources; what one raises undoes the change."""
    for listener in current_app.extensions.get(_SOURCES_KEY, ()):
        listener(connection, tenant_id, source_id, by)


def listen_to_proofs(app: Flask, listener: SourceListener) -> None:
    """Have ``listener`` called whenever a source's system has taken the credentials that the source has now."""
    app.extensions.setdefault(_PROOFS_KEY, []).append(listener)


def tell_of_proof(connection: Connection, tenant_id: int, source_id: int, by: str) -> None:
    """Call every listener to proofs; what one raises undoes the transaction."""
    for listener in current_app.extensions.get(_PROOFS_KEY, ()):
        listener(connection, tenant_id, source_id, by)
