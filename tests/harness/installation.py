"""An installation for tests that need real server processes: settings, the application in here, its web server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from flask import Flask

from app import create_app
from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.config import load_settings
from app.database import db, writing
from app.jobs.lifeline import die_with_parent
from app.migrations.upgrading import upgrade_database
from tests.harness.facts import wait_until
from tests.harness.wire import Connection, Unanswered

ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 30.0
_READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Installation:
    """An instance folder and a database; the same settings here and in every process."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "ROLLCALL_INSTANCE_PATH": str(folder),
            "ROLLCALL_DATABASE_URL": database_url,
            "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
            "ROLLCALL_SECRET_KEY": "5" * 64,
            "ROLLCALL_KEY_RING": "k1:" + "7" * 64,
            "ROLLCALL_SQLITE_SYNCHRONOUS": "off",
            "ROLLCALL_SCIM_RATE": "0",
            "ROLLCALL_LOG_LEVEL": "warning",
        }
        self.app: Flask = create_app(load_settings(self.environ))

    def migrate(self) -> None:
        """Give the database its tables; one made from a template has them."""
        with self.app.app_context():
            upgrade_database()

    def tenant(self, slug: str) -> Tenant:
        """Return a new tenant."""
        with self.app.app_context(), writing() as connection:
            return tenants.create(connection, slug)

    def token(self, tenant: Tenant, client: str, *scopes: str, employee_id: str | None = None) -> str:
        """Return a new bearer token of this client with these scopes, bound to this employee."""
        with self.app.app_context(), writing() as connection:
            issued = tokens.create(
                connection, tenant, client, scopes=scopes or ("scim:write",), employee_id=employee_id
            )
            return issued.text

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()

    @contextmanager
    def web(self, workers: int) -> Iterator[WebProcess]:
        """Give ``rollcall web`` with this many worker processes, serving."""
        process = WebProcess(self, workers)
        try:
            wait_until(process.serves, f"the web server serves ({process.log})", 120)
            yield process
        finally:
            process.stop()


class WebProcess:
    """``rollcall web`` on a port of its own; ends with this process, whatever happens to it."""

    def __init__(self, installation: Installation, workers: int) -> None:
        self.port = _free_port()
        self.log = installation.folder / f"web-{self.port}.log"
        words = ("web", "--host", "127.0.0.1", "--port", str(self.port), "--web-workers", str(workers))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *words],
                cwd=ROOT,
                env=kept | installation.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def serves(self) -> bool:
        """True when the web server and its database answer; fails the test when the server has ended."""
        assert self._process.poll() is None, f"the web server has ended:\n{self.last_words()}"
        try:
            with Connection(self.port) as connection:
                return connection.exchange(_READY, "GET").status == 200
        except (OSError, Unanswered):
            return False

    def resident_bytes(self) -> int:
        """Return the memory that the server and its workers hold: the sum of their resident sets."""
        return sum(map(_resident_bytes, [self._process.pid, *self.workers()]))

    def workers(self) -> set[int]:
        """Return the process ids of the workers."""
        return set(_children(self._process.pid))

    def last_words(self) -> str:
        """Return the end of the server's log."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End the server in order, or hard when it takes too long."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _children(parent: int) -> list[int]:
    """Return the processes whose parent is ``parent``; proc(5), ``stat``: the second field after the name."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(folder.name))
    return found


def _resident_bytes(pid: int) -> int:
    """Return the resident set of a process, 0 when it has ended; proc(5), ``statm``."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
