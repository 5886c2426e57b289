"""Who takes part: a table of servers, each with its application, workers and the way requests see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.web.server import APPLICATION
from bench import peer
from bench.databases import KEY_RING, SECRET_KEY, Seeded
from bench.operations import OPERATIONS, Audience
from bench.processes import ServerProcess, free_ports

OURS, BARE, PEER = "Rollcall", "bare Flask", "scim2-server"


@dataclass(frozen=True)
class Contestant:
    """A kind of server. ``share`` of the requests is enough for a slow one; ``note`` goes into the output."""

    name: str
    application: str
    workers: int
    base: str
    share: float
    note: str
    ids: Callable[[Seeded], list[str]]
    has_database: bool = True


def _peer_ids(seeded: Seeded) -> list[str]:
    return [peer.id_of(number) for number in range(len(seeded.ids))]


CONTESTANTS = (
    Contestant(
        OURS, APPLICATION, 2, "/scim/v2", 1.0,
        "authentication on; each write also writes revision, audit row and counters", lambda seeded: seeded.ids,
    ),
    Contestant(
        BARE, "bench.bare:application", 2, "/scim/v2", 1.0,
        "one prebuilt statement, no authentication, no validation, nothing else written", lambda seeded: seeded.ids,
    ),
    Contestant(
        PEER, "bench.peer:application", 1, "/v2", 0.25,
        "in memory, so one worker (its people belong to one process); nothing is kept", _peer_ids, has_database=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Running:
    """A contestant that serves."""

    contestant: Contestant
    process: ServerProcess
    audience: Audience


@contextmanager
def started(seeded: Seeded, folder: Path) -> Iterator[list[Running]]:
    """Give every contestant, serving its own copy of the seeded people."""
    with ExitStack() as stack:
        running = []
        for contestant, port in zip(CONTESTANTS, free_ports(len(CONTESTANTS)), strict=True):
            name, environ = contestant.name, _environ(contestant, seeded, folder)
            process = ServerProcess(name, contestant.application, contestant.workers, port, environ, folder)
            stack.enter_context(process)
            audience = Audience(contestant.base, seeded.token, contestant.ids(seeded))
            running.append(Running(contestant, process, audience))
        first = OPERATIONS[0]
        for each in running:
            each.process.wait_until(first.request(each.audience, 0), first.statuses)
        yield running


def _environ(contestant: Contestant, seeded: Seeded, folder: Path) -> Mapping[str, str]:
    settings = {
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_SECRET_KEY": SECRET_KEY,
        "ROLLCALL_KEY_RING": KEY_RING,
        "ROLLCALL_LOG_LEVEL": "warning",
        "ROLLCALL_RATE_LIMIT": "0",
        "ROLLCALL_SQLITE_SYNCHRONOUS": "full",
        peer.USERS_VARIABLE: str(len(seeded.ids)),
    }
    if contestant.has_database:
        settings["ROLLCALL_DATABASE_URL"] = seeded.copy(contestant.name.lower().replace(" ", "_"))
    return settings
