"""Leases on what one process of the whole installation does at a time, whatever is started: the scheduler.

Whether a lease has run out is judged by the database's clock, so the clocks of the machines do not matter. Its holder
judges by its own monotonic clock, counted from before it asked: it is never the last to know.
"""

from __future__ import annotations

import os
import secrets
import socket
import time

from sqlalchemy import Connection, bindparam, func, null, or_, select, update

from app import clock
from app.database import is_sqlite, upsert, writing
from app.jobs.tables import lease_table

_c = lease_table.c
_NAMED = _c.name == bindparam("b_name")
_MINE = (_NAMED, _c.owner == bindparam("b_owner"), _c.token == bindparam("b_token"))
_RENEW = update(lease_table).where(*_MINE).values(until=bindparam("b_until"))
_IS_FREE = or_(_c.owner.is_(None), _c.until.is_(None), _c.until < bindparam("b_now"))
_TAKE = (
    update(lease_table)
    .where(_NAMED, _IS_FREE)
    .values(owner=bindparam("b_owner"), until=bindparam("b_until"), token=_c.token + 1)
)
_TOKEN = select(_c.token).where(_NAMED, _c.owner == bindparam("b_owner"))
_LOCK = select(_c.token).where(*_MINE).with_for_update(read=True)
_GIVE = update(lease_table).where(*_MINE).values(owner=null(), until=null())
_INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_CLOCK = select(func.to_char(func.timezone("UTC", func.clock_timestamp()), _INSTANT))


def database_now(connection: Connection) -> str:
    """Return the present instant by the clock of the database; SQLite's is that of this machine."""
    if is_sqlite(connection):
        return clock.now()
    return str(connection.scalar(_CLOCK))


def new_owner() -> str:
    """Return a name that no process had before."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"


class Lease:
    """One lease as one process sees it. ``token`` counts the owners: what an earlier one writes is refused."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self.owner = new_owner()
        self.token = 0
        self._certain_until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether it is certain, at this moment, that nobody else has it."""
        return time.monotonic() < self._certain_until

    def hold(self) -> bool:
        """Take the lease, or renew it unless it is young; False when another process has it."""
        if self._certain_until - time.monotonic() > self.seconds * 0.8:
            return True
        asked_at = time.monotonic()
        with writing() as connection:
            now = database_now(connection)
            until = clock.after(self.seconds, since=now)
            is_mine = self._renewed(connection, until) or self._taken(connection, now, until)
        self._certain_until = asked_at + self.seconds if is_mine else 0.0
        return is_mine

    def confirmed(self, connection: Connection) -> bool:
        """Whether what this transaction writes may count: it is held now, and cannot be taken before the commit."""
        return self.is_held and connection.scalar(_LOCK, self._mine) is not None

    def give_back(self) -> None:
        """Let another process have it at once."""
        self._certain_until = 0.0
        with writing() as connection:
            connection.execute(_GIVE, self._mine)

    @property
    def _mine(self) -> dict[str, object]:
        return {"b_name": self.name, "b_owner": self.owner, "b_token": self.token}

    def _renewed(self, connection: Connection, until: str) -> bool:
        return bool(connection.execute(_RENEW, self._mine | {"b_until": until}).rowcount)

    def _taken(self, connection: Connection, now: str, until: str) -> bool:
        row = {"name": self.name, "token": 0}
        connection.execute(upsert(connection, lease_table).on_conflict_do_nothing(), row)
        wanted = {"b_name": self.name, "b_owner": self.owner, "b_now": now, "b_until": until}
        if not connection.execute(_TAKE, wanted).rowcount:
            return False
        self.token = connection.scalar(_TOKEN, {"b_name": self.name, "b_owner": self.owner}) or 0
        return True
