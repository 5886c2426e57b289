"""Who takes part: a table of servers, each with its command, workers and the way requests see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.web.server import APPLICATION
from bench import peer, scimmy
from bench.databases import KEY_RING, SECRET_KEY, Host
from bench.operations import GET, Audience
from bench.processes import ServerProcess, free_ports, granian
from bench.seeding import Seeded

OURS, BARE, PEER, NODE_PEER = "Rollcall", "bare Flask", "scim2-server", "scimmy"
WORKERS = 2


@dataclass(frozen=True)
class Contestant:
    """A kind of server. ``command`` makes the words that start it from the number of people and the port.

    ``note`` goes into the output. A server without a database gives the people the ids of ``id_of``.
    """

    name: str
    command: Callable[[int, int], list[str]]
    workers: int
    base: str
    note: str
    id_of: Callable[[int], str] | None = None

    def ids(self, seeded: Seeded) -> Sequence[str]:
        """Return the ids of the people by number."""
        return [self.id_of(number) for number in range(len(seeded.ids))] if self.id_of else seeded.ids


def _granian(application: str, workers: int) -> Callable[[int, int], list[str]]:
    return lambda _users, port: granian(application, workers, port)


CONTESTANTS = (
    Contestant(
        OURS, _granian(APPLICATION, WORKERS), WORKERS, "/scim/v2",
        "2 granian workers; authentication on; each write also writes revision, audit row and counters",
    ),
    Contestant(
        BARE, _granian("bench.bare:application", WORKERS), WORKERS, "/scim/v2",
        "2 granian workers; one prebuilt statement, no authentication, no validation, nothing else written",
    ),
    Contestant(
        PEER, _granian("bench.peer:application", 1), 1, "/v2",
        "in memory, so 1 granian worker (its people belong to one process); nothing is kept", peer.id_of,
    ),
)  # fmt: skip


def with_scimmy(server: Path) -> Contestant:
    """Return the contestant whose file :func:`bench.scimmy.install` has put into place."""
    versions = ", ".join(f"{name} {number}" for name, number in scimmy.PACKAGES.items())
    note = (
        f"{versions}; in memory, so 1 Node process; users in maps, userName eq by an index; nothing is kept"
    )
    return Contestant(NODE_PEER, partial(scimmy.command, server), 1, "/scim/v2", note, scimmy.id_of)


@dataclass(frozen=True)
class Running:
    """A server that is measured, under this name, with the people whom requests are about."""

    name: str
    process: ServerProcess
    workers: int
    audience: Audience


@dataclass(frozen=True)
class Entry:
    """A contestant that is to be started under a name of its own, with these people."""

    name: str
    contestant: Contestant
    seeded: Seeded


def with_copies(contestants: Sequence[Contestant], host: Host, people: Seeded) -> list[Entry]:
    """Return the contestants, each that uses a database with a copy of the people's."""
    entries = []
    for each in contestants:
        copied = people
        if each.id_of is None:
            copied = replace(people, url=host.create(each.name.lower().replace(" ", "_"), people.url))
        entries.append(Entry(each.name, each, copied))
    return entries


@contextmanager
def started(entries: Sequence[Entry], folder: Path) -> Iterator[list[Running]]:
    """Give every server when all of them answer."""
    with ExitStack() as stack:
        running = []
        for entry, port in zip(entries, free_ports(len(entries)), strict=True):
            contestant, people = entry.contestant, entry.seeded
            command, environ = contestant.command(len(people.ids), port), environment(folder, people)
            process = ServerProcess(entry.name, command, port, environ, folder)
            stack.enter_context(process)
            audience = Audience(contestant.base, people.token, contestant.ids(people))
            running.append(Running(entry.name, process, contestant.workers, audience))
        for each in running:
            each.process.wait_until(GET.request(each.audience, 0), GET.statuses)
        yield running


def environment(folder: Path, people: Seeded) -> dict[str, str]:
    """Return the settings of a server on the people's database, for whichever server reads them."""
    return {
        "ROLLCALL_DATABASE_URL": people.url,
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_SECRET_KEY": SECRET_KEY,
        "ROLLCALL_KEY_RING": KEY_RING,
        "ROLLCALL_LOG_LEVEL": "warning",
        "ROLLCALL_SCIM_RATE": "0",
        "ROLLCALL_SQLITE_SYNCHRONOUS": "full",
        peer.USERS_VARIABLE: str(len(people.ids)),
        scimmy.TOKEN_VARIABLE: people.token,
        "NODE_ENV": "production",
    }
