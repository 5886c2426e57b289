"""An admin's open sessions, as their own page lists them and ends them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from app import clock
from app.access import admins, audit
from app.access.admins import Admin
from app.access.tables import Session as SessionTable
from app.errors import NotFoundError

_session = SessionTable.__table__
#: Characters of the kept digest by which a session is named to its holder.
_NAME = 16
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session: a name that opens nothing, when and from where it was opened, and whether it is the one that asks."""

    name: str
    created_at: str
    expires_at: str
    place: str | None
    is_this: bool


def listed(connection: Connection, admin: Admin, asking: str) -> list[OpenSession]:
    """Return the admin's open sessions, newest first; ``asking`` is the cookie's value of the one that asks."""
    columns = (_session.c.hash, _session.c.created_at, _session.c.expires_at, _session.c.place)
    own = (_session.c.tenant_id == admin.tenant_id, _session.c.admin_id == admin.id)
    query = select(*columns).where(*own, _session.c.expires_at > clock.now())
    this = admins.hash_of(asking)
    return [
        OpenSession(row.hash[:_NAME], row.created_at, row.expires_at, row.place, row.hash == this)
        for row in connection.execute(query.order_by(_session.c.created_at.desc()))
    ]


def end(connection: Connection, admin: Admin, name: str) -> None:
    """End one session of the admin's own; raises ``NotFoundError`` when it is none, or over."""
    own = (_session.c.tenant_id == admin.tenant_id, _session.c.admin_id == admin.id)
    is_name = len(name) == _NAME and set(name) <= _DIGITS
    named = _session.c.hash.startswith(name, autoescape=True)
    if not is_name or not connection.execute(delete(_session).where(*own, named)).rowcount:
        raise NotFoundError("This session is over already.")
    _tell(connection, admin, {"session": name})


def end_others(connection: Connection, admin: Admin, asking: str) -> int:
    """End all sessions of the admin but the one that asks; return how many."""
    ended = admins.end_sessions(connection, admin.tenant_id, admin.id, but=asking)
    if ended:
        _tell(connection, admin, {"sessions": ended})
    return ended


def _tell(connection: Connection, admin: Admin, values: dict[str, object]) -> None:
    actor, subject = f"admin:{admin.email}", f"admin:{admin.id}"
    audit.record(connection, admin.tenant_id, actor, "admin.sessions_ended", subject, values)
