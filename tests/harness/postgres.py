"""Throw-away PostgreSQL servers for tests, from the binaries that Debian installs.

A cluster lives in a folder of its own, is reached over a Unix socket in that folder (no port to race for),
trades durability for speed, and sorts text by ICU's English rules on purpose: a query that relies on the
byte order of SQLite without saying so then gives different rows here.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

SERVER_USER = "postgres"  # the account that Debian's package creates; initdb refuses to run as root
OWNER_FILE = "owner.pid"
FOLDER_PREFIX = "rollcall-pg-"
LONGEST_SOCKET_PATH = 107
ENOUGH_MEMORY = 2 << 30  # bytes; containers often have 64 MiB of /dev/shm, which one cluster fills
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
}
#: What a durable cluster has instead: a commit that has been answered survives a power cut.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


class PostgresError(Exception):
    """A cluster could not be made, started or stopped; the message carries the server's own words."""


class PostgresCluster:
    """One running server, removed from the disk when it stops.

    Use it as a context manager. `kill` and `restart` are for tests that take the database away.
    """

    def __init__(self, deadline: float = 60.0, *, durable: bool = False) -> None:
        """Makes and starts the cluster; raises `PostgresError` when that takes over `deadline` seconds.

        A `durable` one is for measuring writes: it lives on a disk and waits for it.
        Call it on a thread that lives as long as the cluster: the kernel ends the server with that thread.
        """
        self.deadline = deadline
        self.binaries = find_binaries()
        self.folder = _make_folder(durable)
        self._settings = SETTINGS | (DURABLE if durable else {})
        self._data = self.folder / "data"
        self._log = self.folder / "server.log"
        self._numbers = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> PostgresCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of one database of this cluster."""
        return f"postgresql+psycopg://{SERVER_USER}@/{database}?host={quote(str(self.folder), safe='/')}"

    def create_database(self, name: str | None = None, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of `template` (the name or the URL of another one).

        A template is copied as it stands; whoever is still connected to it is disconnected first. A database
        takes 8 MiB of memory or disk: `drop_database` gives it back before the cluster stops.
        """
        name = name or f"database_{next(self._numbers)}"
        source = database_name(template or "template1")
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self._administrator() as connection:
            if template:
                _disconnect_everyone(connection, source)
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Removes the database with this URL, whoever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._administrator() as connection:
            connection.execute(statement.format(sql.Identifier(database_name(url))))

    def start(self) -> None:
        """Starts the stopped or killed server and returns when it answers."""
        give_up = time.monotonic() + self.deadline
        while True:
            settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
            self._server = self._spawn("postgres", "-D", str(self._data), "-k", str(self.folder), *settings)
            if self._answers_before(give_up):
                return
            self._server.wait()
            # Right after a kill the old backends still hold the shared memory for some milliseconds.
            if time.monotonic() > give_up or "pre-existing shared memory" not in self._last_words():
                raise PostgresError(f"PostgreSQL did not start in {self.folder}: {self._last_words()}")

    def halt(self) -> None:
        """Stops the server in order; open connections are closed, committed rows stay."""
        self._signal_and_wait(signal.SIGINT)

    def kill(self) -> None:
        """Ends the server with SIGKILL, as a crash does; `start` then runs its recovery."""
        self._signal_and_wait(signal.SIGKILL)

    def restart(self) -> None:
        """Stops and starts the server; every open connection breaks."""
        self.halt()
        self.start()

    def stop(self) -> None:
        """Stops the server, if it still runs, and removes its folder."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        words = ["initdb", "-D", str(self._data), "-U", SERVER_USER, "--encoding=UTF8", "--auth=trust"]
        server = self._spawn(*words, "--no-sync", *_collation(self.binaries))
        if server.wait(self.deadline) != 0:
            raise PostgresError(f"initdb failed: {self._last_words()}")

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A program of the server, as the server's user, that ends when this process ends."""
        owner = {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if os.geteuid() == 0 else {}
        with self._log.open("ab") as log:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                [str(self.binaries / program), *arguments],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
                **owner,
            )

    def _administrator(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), user=SERVER_USER, dbname="postgres", autocommit=True, connect_timeout=10
        )

    def _answers_before(self, give_up: float) -> bool:
        """True once the server takes a connection; False when it ended, or did not in time."""
        assert self._server is not None
        while self._server.poll() is None and time.monotonic() < give_up:
            try:
                self._administrator().close()
            except psycopg.OperationalError:
                time.sleep(0.01)
            else:
                return True
        return False

    def _signal_and_wait(self, number: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None or server.poll() is not None:
            return
        server.send_signal(number)
        try:
            server.wait(self.deadline)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-1500:].strip() if self._log.exists() else "no log"


def database_name(url: str) -> str:
    """The name of the database that a URL of `PostgresCluster` leads to; a plain name is itself."""
    return urlsplit(url).path.removeprefix("/")


def find_binaries() -> Path:
    """The folder of the newest `initdb` of this machine; raises `PostgresError` when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)
    on_path = shutil.which("initdb")
    if found is None and on_path is None:
        raise PostgresError("PostgreSQL's server programs are missing: scripts/need postgresql")
    return found or Path(os.path.realpath(on_path or "")).parent


def _collation(binaries: Path) -> list[str]:
    """The options of initdb for a collation that is not the byte order, where this server can have one."""
    words = subprocess.run([binaries / "initdb", "--help"], capture_output=True, text=True, check=True).stdout
    icu = ["--locale-provider=icu", "--icu-locale=en"] if "--icu-locale" in words else []
    return ["--locale=C.UTF-8", *icu]


def _make_folder(durable: bool) -> Path:
    """A new folder that the server's user owns, with a short path that this user can walk down."""
    base = next(base for base in _places(durable) if _can_hold_sockets(base))
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=base))
    (folder / OWNER_FILE).write_text(str(os.getpid()))
    if os.geteuid() == 0:
        shutil.chown(folder, SERVER_USER, SERVER_USER)
    return folder


def _places(durable: bool) -> Iterator[Path]:
    """Where a cluster may live, best first.

    A copy of a database is 300 new files. Measured: on ext4 30 ms at first, 300 to 450 ms once a test run has
    dropped some databases; in memory 30 ms, however many were dropped.
    """
    memory = Path("/dev/shm")
    if not durable and memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_MEMORY:
        yield memory
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")


def _can_hold_sockets(base: Path) -> bool:
    socket = base / f"{FOLDER_PREFIX}12345678" / ".s.PGSQL.5432"
    short = len(str(socket)) <= LONGEST_SOCKET_PATH
    reachable = os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in [base, *base.parents])
    return short and reachable


def _remove_abandoned(base: Path) -> None:
    """Removes the clusters of test runs that were killed; their servers ended with them."""
    for folder in base.glob(f"{FOLDER_PREFIX}*"):
        try:
            os.kill(int((folder / OWNER_FILE).read_text()), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):
            continue  # another user's, or one that is being made or removed right now


def _disconnect_everyone(connection: psycopg.Connection, database: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
    )


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """In the child, before it becomes the server: ask the kernel to stop it when the test process dies."""
    if _libc is not None:
        _libc.prctl(1, signal.SIGQUIT, 0, 0, 0)  # PR_SET_PDEATHSIG; SIGQUIT is an immediate shutdown
