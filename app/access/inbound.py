"""The inbound log: what the requests of a client had dropped, or why they were refused; the newest of each client.

A request only puts a note into a short queue; a thread writes them at most once a second. What a busy process cannot
write is counted, and the oldest goes first. No value that a client sent is kept: of an error's sentence what stands
before the first one, of a path the names.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any
from weakref import WeakSet

import structlog
from flask import Flask
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import clock
from app.access.tables import InboundRequest
from app.access.tokens import Principal
from app.database import writing
from app.identifiers import new_id
from scim.errors import ScimError

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 1000
KEPT_PER_CLIENT = 1000
WRITE_SECONDS = 1.0
#: How often one thread tries to write while the database is away.
MOST_TRIES = 60
_MAX_DROPPED = 50
_HIDDEN = "…"
_inbound = InboundRequest.__table__

#: How an echo of input can begin in a sentence (``scim.errors.echo``): a quotation, an object, a list, a number.
_VALUE = re.compile(r"[\"{\[(]|(?<!\w)'|(?<![\w.:])[-+]?\d")
_ENDPOINT = re.compile(r"[A-Za-z.]{0,40}")
#: What may stand behind an endpoint: an id that the server gave, a URN, a word of the protocol.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|urn:[\w:.-]{1,120}|\.search|", re.ASCII)
_ATTRIBUTE = re.compile(r"[\w:./$-]{1,200}", re.ASCII)


class InboundLog:
    """Takes notes from many threads; each process that notes writes its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._forget()
        _logs.add(self)

    def _forget(self) -> None:
        """Begin empty; also in a forked child, whose parent writes what it had and has the thread."""
        self._queue: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many notes this process could not keep."""
        return self._lost

    def note(
        self,
        principal: Principal,
        *,
        method: str,
        path: str,
        status: int,
        error: ScimError | None = None,
        dropped: Iterable[str] = (),
    ) -> None:
        """Note a request that was refused with ``error``, or the names of the attributes that were not taken of it."""
        row = {
            "tenant_id": principal.tenant_id,
            "id": new_id(),
            "client_id": principal.client_id,
            "at": clock.now(),
            "method": method[:10],
            "path": names_of_path(path)[:200],
            "status": status,
            "scim_type": error.scim_type if error else None,
            "detail": without_values(error.detail)[:300] if error else None,
            "dropped": [_attribute(name) for name in islice(dropped, _MAX_DROPPED)],
        }
        with self._lock:
            self._put([row])
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="inbound log", daemon=True)
                self._writer.start()

    def flush(self) -> None:
        """Write what is noted so far; while the database is away, it stays noted."""
        with self._lock:
            rows, self._queue = list(self._queue), deque()
        if not rows:
            return
        try:
            with self._app.app_context(), writing() as connection:
                _store(connection, rows)
        except (OperationalError, PoolTimeout) as error:
            log.warning("the inbound log is not written yet", rows=len(rows), cause=type(error).__name__)
            with self._lock:
                newer, self._queue = self._queue, deque()
                self._put([*rows, *newer])
        except Exception:
            # The edge of the thread: what can never be written must not keep it from what comes after.
            log.exception("notes for the inbound log were lost", rows=len(rows))
            with self._lock:
                self._lost += len(rows)

    def _put(self, rows: Iterable[dict[str, Any]]) -> None:
        self._queue.extend(rows)
        while len(self._queue) > QUEUE_LIMIT:
            self._queue.popleft()
            self._lost += 1

    def _write_on(self) -> None:
        """Write once a second until nothing is left, or the database is gone; the next note starts another thread."""
        pause = threading.Event()
        for tries_left in reversed(range(MOST_TRIES)):
            pause.wait(WRITE_SECONDS)
            self.flush()
            with self._lock:
                if not self._queue or not tries_left:
                    self._writer = None
                    return


def _store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(_inbound), rows)
    for tenant_id, client_id in sorted({(row["tenant_id"], row["client_id"]) for row in rows}):
        where = (_inbound.c.tenant_id == tenant_id, _inbound.c.client_id == client_id)
        newest = select(_inbound.c.id).where(*where).order_by(_inbound.c.id.desc())
        oldest_kept = newest.offset(KEPT_PER_CLIENT - 1).limit(1).scalar_subquery()
        connection.execute(delete(_inbound).where(*where, _inbound.c.id < oldest_kept))


def listed(connection: Connection, tenant_id: int, client_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest notes about a client's requests, newest first."""
    where = (_inbound.c.tenant_id == tenant_id, _inbound.c.client_id == client_id)
    columns = [column for column in _inbound.c if column.name not in ("tenant_id", "client_id")]
    query = select(*columns).where(*where).order_by(_inbound.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(query)]


def without_values(detail: str) -> str:
    """Return an error's sentence up to the first value that it repeats.

    >>> without_values('userName: "ada@example.com" is not unique.')
    'userName: …'
    >>> without_values("The number 271828 is out of range.")
    'The number …'
    >>> without_values("title is read-only: the server sets it. Leave it out.")
    'title is read-only: the server sets it. Leave it out.'
    """
    found = _VALUE.search(detail)
    return detail if found is None else detail[: found.start()] + _HIDDEN


def names_of_path(path: str) -> str:
    """Return a path without its query and without steps that could be somebody's data.

    >>> names_of_path("/scim/v2/Users/ada@example.com?filter=x")
    '/scim/v2/Users/…'
    >>> names_of_path("/t/acme/scim/v2/Groups/0198a5b2-0f00-7abc-8def-0123456789ab")
    '/t/acme/scim/v2/Groups/0198a5b2-0f00-7abc-8def-0123456789ab'
    """
    start, mark, rest = path.partition("?")[0].partition("/scim/v2")
    if not mark:
        start, rest = "", start
    kept = [
        step if (_ENDPOINT if place == 1 else _ID).fullmatch(step) else _HIDDEN
        for place, step in enumerate(rest.split("/"))
    ]
    return start + mark + "/".join(kept)


def _attribute(name: str) -> str:
    return name if _ATTRIBUTE.fullmatch(name) else _HIDDEN


_logs: WeakSet[InboundLog] = WeakSet()


def _forget_all() -> None:
    for each in list(_logs):
        each._forget()


def _flush_all() -> None:
    for each in list(_logs):
        each.flush()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_flush_all)
