"""``python -m bench.throughput``: a push with raised limits beside a bare pool of ``requests``, to a target of 20 ms.

Both send with 16 threads in one process, one after the other, to the same target, which answers every call after
20 ms. The bare pool sends the requests that the push has sent, and keeps nothing; the push plans, marks, sends, settles
and records every attempt. The plan for everybody is timed too, with the memory that it takes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from flask import Flask
from sqlalchemy import text

from app import create_app, directory
from app.access import tenants
from app.config import Settings
from app.database import Model, db, writing
from app.provisioning import rehearsal, targets, ticks
from app.provisioning.targets import Target
from bench.databases import KEY_RING, KINDS, SECRET_KEY, Host, working_folder
from scim.resources import USER

THREADS = 16
_SECONDS = 0.02
_ADMIN = directory.Actor("admin", "bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on each database and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    options = parser.parse_args(arguments)
    with working_folder() as folder:
        for kind in list(KINDS) if options.database == "both" else [options.database]:
            with KINDS[kind](folder) as host:
                _measure(host, folder, options.people)
    return 0


def _measure(host: Host, folder: Path, people: int) -> None:
    print(
        f"{host.version}: {people:,} people, {THREADS} threads, {_SECONDS * 1000:g} ms an answer", flush=True
    )
    command = [sys.executable, "-m", "bench.slow_target", str(_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as target:
        assert target.stdout is not None
        url = f"http://127.0.0.1:{int(target.stdout.readline())}"
        app = _application(host, folder)
        try:
            with app.app_context():
                _run(url, people)
                db.engine.dispose()
        finally:
            target.kill()


def _application(host: Host, folder: Path) -> Flask:
    settings = Settings(
        database_url=host.create(f"throughput_{host.kind}", None),
        instance_path=folder / host.kind,
        allow_private_targets=True,
        secret_key=SECRET_KEY,
        key_ring=KEY_RING,
        log_level="error",
    )
    settings.instance_path.mkdir(exist_ok=True)
    app = create_app(settings)
    with app.app_context():
        Model.metadata.create_all(db.engine)
    return app


def _run(url: str, people: int) -> None:
    with writing() as connection:
        tenant = tenants.create(connection, "bench")
        options = {"rate": "0", "concurrency": str(THREADS)}
        target = targets.add(
            connection, tenant.id, "bench", kind="scim", name="slow", url=url, token="t", options=options
        )
    ids = _hire(tenant.id, people)
    before = _peak_mib()
    started = time.perf_counter()
    rehearsal.rehearse(target)
    print(
        f"  plan for everybody: {time.perf_counter() - started:.1f} s, "
        f"peak memory {_peak_mib():.0f} MiB ({_peak_mib() - before:+.0f} for the plan)",
        flush=True,
    )
    _report("create (two look-ups and a POST each)", people, _pushed(target), url, "POST")
    _promote(tenant.id, ids)
    _report("update (a PATCH each)", people, _pushed(target), url, "PATCH")


def _pushed(target: Target) -> float:
    """Seconds until nothing is due any more."""
    started = time.perf_counter()
    while ticks.run(target.tenant_id, target.id):
        pass
    return time.perf_counter() - started


def _hire(tenant_id: int, people: int) -> list[str]:
    ids = []
    for start in range(0, people, 500):
        with writing() as connection:
            ids += [
                directory.create(connection, tenant_id, _ADMIN, _person(n)).id
                for n in range(start, min(start + 500, people))
            ]
    return ids


def _person(number: int) -> dict[str, object]:
    address = f"person{number}@example.com"
    return {
        "schemas": [USER],
        "userName": address,
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "active": True,
        "title": "Engineer",
        "emails": [{"type": "work", "value": address, "primary": True}],
    }


def _promote(tenant_id: int, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), 500):
        with writing() as connection:
            for id_ in ids[start : start + 500]:
                directory.merge(connection, tenant_id, id_, _ADMIN, {"title": "Lead"})


def _report(what: str, people: int, seconds: float, url: str, method: str) -> None:
    with writing() as connection:
        query = "SELECT request_body FROM attempt WHERE method = :method LIMIT 1"
        body = connection.scalar(text(query), {"method": method})
        calls = connection.scalar(text("SELECT count(*) FROM attempt"))
        connection.execute(text("DELETE FROM attempt"))
    bare = _bare_rate(url, method, body.encode(), people)
    rate = calls / seconds
    print(
        f"  {what}: {rate:.0f} calls/s beside {bare:.0f} of the bare pool: {rate / bare:.2f} × "
        f"({people / seconds:.0f} people/s)",
        flush=True,
    )


def _bare_rate(url: str, method: str, body: bytes, calls: int) -> float:
    """Calls per second of a bare pool that sends this request again and again."""
    headers = {"Authorization": "Bearer t", "Content-Type": "application/scim+json"}
    path = "/Users" if method == "POST" else "/Users/u1"
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

        def call(_number: int) -> int:
            return session.request(method, url + path, data=body, headers=headers, timeout=30).status_code

        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            statuses = set(pool.map(call, range(calls)))
        seconds = time.perf_counter() - started
    assert statuses <= {201, 204}, statuses
    return calls / seconds


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
