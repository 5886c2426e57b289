"""``python -m bench.webhooks``: how soon a vendor's call is answered, by two granian workers over real connections.

Every call is a signed candidate export of JazzHR with a number of its own, so each writes a row. Eight senders call at
once: first in a rhythm (a busy day), then each as soon as its last call is answered (everything exported at once). All
calls have to be answered with 200 and all of them must stand in the inbox; p99 has to be below 500 ms.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from sqlalchemy import func, select

from app.access import tenants
from app.database import reading, writing
from app.sources import drafts
from app.sources.catalog import Source
from app.sources.tables import webhook_delivery
from app.vendors.jazzhr.webhook import signature
from app.web.server import APPLICATION
from bench.client import Connection
from bench.contestants import WORKERS, environment
from bench.databases import KINDS, Host, application, working_folder
from bench.errors import BenchError
from bench.processes import ServerProcess, free_ports, granian
from bench.seeding import Seeded
from tests.harness.connecting import connect

SENDERS, SECRET = 8, "a-webhook-secret-of-the-benchmark"
_OK = frozenset({200})
_SETTINGS = {"base_url": "https://api.example.com", "work_email": "{given}.{family}@example.com"}


@dataclass(frozen=True)
class Rhythm:
    """How the senders call: so many calls a second, all together; 0 is as fast as answers come."""

    name: str
    a_second: float


RHYTHMS = (Rhythm("100 calls a second", 100.0), Rhythm("without pauses", 0.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on both databases, and print; 1 when a call was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="in each rhythm")
    parser.add_argument("--database", choices=list(KINDS), action="append")
    chosen = parser.parse_args(arguments)
    try:
        for kind in chosen.database or KINDS:
            with working_folder() as folder, KINDS[kind](folder) as host:
                print(
                    f"{host.version}: {chosen.calls} calls by {SENDERS} senders, aim p99 < 500 ms", flush=True
                )
                _measured(host, folder, chosen.calls)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _measured(host: Host, folder: Path, calls: int) -> None:
    url = host.create("webhooks", None)
    with application(url, folder):
        source, public_id = _source()
    (port,) = free_ports(1)
    environ = environment(folder, Seeded(url, (), ""))
    path = f"/api/jazzhr/webhook/{public_id}"
    with ServerProcess("Rollcall", granian(APPLICATION, WORKERS, port), port, environ, folder) as server:
        server.wait_until(_request(path, "first"), _OK)
        for rhythm in RHYTHMS:
            seconds, span = _sent(server, path, rhythm, calls)
            shares = quantiles((1000 * each for each in seconds), n=100)
            print(
                f"  {rhythm.name:<20} {calls / span:>6.0f} calls/s, p50 {shares[49]:>6.1f} ms, "
                f"p99 {shares[98]:>6.1f} ms, max {1000 * max(seconds):>6.1f} ms",
                flush=True,
            )
    with application(url, folder):
        kept = _kept(source)
    wanted = calls * len(RHYTHMS) + 1
    if kept != wanted:
        raise BenchError(f"{wanted} calls were answered with 200, and {kept} stand in the inbox")


def _source() -> tuple[Source, str]:
    """Return a published source and the name of its tenant in addresses."""
    with writing() as connection:
        tenant = tenants.create(connection, "bench")
        draft = drafts.drafted("jazzhr", "jazz", _SETTINGS, {"api_key": "none", "webhook_secret": SECRET})
        return connect(connection, tenant.id, draft), tenant.public_id


def _kept(source: Source) -> int:
    table = webhook_delivery.c
    query = select(func.count()).where(table.tenant_id == source.tenant_id, table.source_id == source.id)
    with reading() as connection:
        return connection.scalar(query) or 0


def _request(path: str, number: str) -> bytes:
    """Return an export's request, signed."""
    person = {"id": {"value": f"prospect_{number}"}, "name": {"given": "Given", "family": f"Family {number}"}}
    opening = {
        "positionOpeningId": {"value": "job_1", "schemeId": "JazzHR Job"},
        "candidateStatus": {"name": "Hired", "category": "Hired", "transitionDateTime": None},
    }
    profile = {"associatedPositionOpenings": [opening]}
    body = json.dumps({"candidate": {"person": person, "profiles": [profile]}}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-JazzHR-Event: CANDIDATE-EXPORT\r\nX-JazzHR-UUID: {number}\r\n"
        f"X-JazzHR-Signature: {signature(SECRET, body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _sent(server: ServerProcess, path: str, rhythm: Rhythm, calls: int) -> tuple[list[float], float]:
    """Return the seconds of each call, from when it was due, and of all of them together."""
    requests = [_request(path, f"{rhythm.name.split()[0]}-{number}") for number in range(calls)]
    shares = [requests[sender::SENDERS] for sender in range(SENDERS)]
    began = time.monotonic()

    def send(sender: int) -> list[float]:
        found = []
        with Connection(server.port) as connection:
            for number, request in enumerate(shares[sender]):
                due = time.monotonic()
                if rhythm.a_second:
                    due = began + (number * SENDERS + sender) / rhythm.a_second
                    time.sleep(max(0.0, due - time.monotonic()))
                server.check(connection.exchange(request), _OK, "a call")
                found.append(time.monotonic() - due)
        return found

    with ThreadPoolExecutor(SENDERS) as pool:
        seconds = [each for found in pool.map(send, range(SENDERS)) for each in found]
    return seconds, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
