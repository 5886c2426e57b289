"""The queue that wakes workers (Huey). It holds no truth: a lost task is asked for again by the schedule.

Huey removes a task when it hands it out, so a SIGKILL loses what was running. Tasks therefore only say "drain what is
due"; the rows and their leases say what that is. For the same reason a queue that cannot be reached stops nothing but
wake-ups: whoever uses it goes on trying.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, current_app
from huey.api import Huey
from huey.storage import PostgresStorage, RedisStorage, SqliteStorage

from app.config import Settings
from app.jobs.messages import JsonMessages

log = structlog.get_logger(__name__)

NAME = "rollcall"
#: Seconds until a server that does not answer counts as one that cannot be reached.
CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
#: Seconds between tries at a queue that cannot be reached.
TRY_AGAIN_SECONDS = 1.0
_KEY = "rollcall.queue"
_TABLES_LOCK = 7_325_002


class Queue(Huey):
    """A queue whose consumer waits for a server that is away, and says so once, not at every try."""

    #: What its driver raises when the server is away or refuses.
    errors: tuple[type[Exception], ...] = ()

    def __init__(self, storage: type[Any], errors: tuple[type[Exception], ...], **options: Any) -> None:
        self.errors = errors
        self._is_reached = True
        self._lock = threading.Lock()
        super().__init__(NAME, results=False, serializer=JsonMessages(), storage_class=storage, **options)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Let the queue's own failures pass, with one line in the log when they begin and one when they end."""
        try:
            yield
        except self.errors as error:
            self._note(False, str(error).strip().partition("\n")[0])
        else:
            self._note(True)

    @property
    def is_reached(self) -> bool:
        """Whether the last try reached it."""
        return self._is_reached

    def _note(self, is_reached: bool, reason: str = "") -> None:
        with self._lock:
            is_news, self._is_reached = is_reached is not self._is_reached, is_reached
        if is_news and is_reached:
            log.info("the queue is reached again")
        elif is_news:
            log.warning(
                "the queue cannot be reached; what is due stays due and is asked for when it is back",
                reason=reason,
            )

    def dequeue(self) -> Any:
        """Return the next task, None when there is none at the moment, or no queue."""
        with self.trying():
            return super().dequeue()
        time.sleep(TRY_AGAIN_SECONDS)
        return None

    def read_schedule(self, timestamp: Any = None) -> list[Any]:
        """Return nothing: no task of ours waits for its hour in the queue."""
        return []


class TablesOnDemand(PostgresStorage):
    """Huey's storage on PostgreSQL; it connects, and makes its tables, at the first use and not when it is built."""

    _has_tables = False

    def _connect(self) -> Any:
        connection = super()._connect()
        if not self._has_tables:
            with connection.transaction():
                # Two processes that make the same table at the same time would break one another.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_TABLES_LOCK])
                for statement in self.ddl:
                    connection.execute(statement)
            self._has_tables = True
        return connection

    _create_connection = _connect


def _on_sqlite(settings: Settings) -> Queue:
    path = Path(settings.instance_path) / "queue.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    return Queue(SqliteStorage, (sqlite3.Error,), filename=str(path))


def _on_postgresql(settings: Settings) -> Queue:
    import psycopg

    return Queue(
        TablesOnDemand,
        (psycopg.Error,),
        dsn=settings.queue_url,
        table_prefix="rollcall_queue",
        create_tables=False,
        connect_timeout=CONNECT_SECONDS,
        # A machine that vanished closes nothing: without these a worker would listen to it for hours.
        keepalives_idle=ANSWER_SECONDS,
        keepalives_interval=ANSWER_SECONDS,
        keepalives_count=2,
    )


def _on_redis(settings: Settings) -> Queue:
    from redis import ConnectionPool
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    pool = ConnectionPool.from_url(
        settings.queue_url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    return Queue(RedisStorage, (RedisError,), connection_pool=pool)


#: Scheme of ``ROLLCALL_QUEUE_URL`` → what makes the queue (app.config checks the scheme).
MAKERS: dict[str, Callable[[Settings], Queue]] = {
    "": _on_sqlite,
    "postgresql": _on_postgresql,
    "redis": _on_redis,
    "rediss": _on_redis,
    "unix": _on_redis,
}


def queue_of(settings: Settings) -> Queue:
    """Return the queue of an installation; without a URL an SQLite file of its own in the instance folder."""
    return MAKERS[urlsplit(settings.queue_url).scheme](settings)


def current_queue() -> Queue:
    """Return the running application's queue, made at its first use."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if _KEY not in app.extensions:
        app.extensions[_KEY] = queue_of(app.extensions["rollcall.settings"])
    queue: Queue = app.extensions[_KEY]
    return queue
