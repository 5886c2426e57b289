"""``python -m bench.console``: the console's lists and searches with 100,000 people, on both databases.

The server's own time for a page, without a network: medians of many requests of one signed-in admin to the application
in this process. A page has to be made in 300 ms, and what the first visit loads is at most 90 kB compressed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.access import admins, tenants
from app.access.tables import Admin
from app.database import writing
from bench import aims, console_people
from bench.databases import KINDS, Host, application, working_folder
from bench.errors import BenchError

_PEOPLE, _ROUNDS = 100_000, 15
_ASSET = re.compile(r'(?:href|src)="(/[^"]+\.(?:css|js|svg)[^"]*)"')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_EMAIL = "hr@acme.example"


@dataclass(frozen=True, slots=True)
class Figure:
    """A page: medians of the server's time in ms and of this process's share of the processor; kB compressed.

    On SQLite the process does all there is to do, on PostgreSQL the database's own time is not in ``cpu_ms``.
    """

    database: str
    page: str
    ms: float
    cpu_ms: float
    kb: float
    first_load_kb: float
    is_reached: bool


def pages(rare: str) -> dict[str, str]:
    """Return what is measured → its address; ``rare`` is the id of the one whose name nobody shares."""
    return {
        "people, by name": "/people",
        "people, by last change": "/people?sort=change",
        "search, one letter": "/people?q=a",
        "search, common word": "/people?q=lovelace",
        "search, two words": "/people?q=ada+lovelace",
        "search, common word by change": "/people?q=lovelace&sort=change",
        "search, rare word": "/people?q=quillf",
        "search, rare word by change": "/people?q=quillf&sort=change",
        "search, nobody": "/people?q=nobodyhere",
        "search, e-mail": "/people?q=person.00004711@example.com",
        "search, id": f"/people?q={rare}",
        "facet: inactive": "/people?state=inactive",
        "facet: department": "/people?department=Legal",
        "facet: starts in the future": "/people?moment=starting",
        "facet: held at a target": "/people?target=1&at=held",
        "facet: linked at a target": "/people?target=1&at=linked",
        "facet: source and department": "/people?source=1&department=Legal",
        "person": f"/people/{rare}",
        "person, fields": f"/people/{rare}/fields",
        "search everywhere": "/search?q=lovelace",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a page is not answered as it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--people", type=int, default=_PEOPLE)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="requests of each page")
    parser.add_argument("--json", action="store_true", help="the figures as JSON, a line for each page")
    options = parser.parse_args(arguments)
    try:
        with working_folder() as folder:
            for kind in list(KINDS) if options.database == "both" else [options.database]:
                with KINDS[kind](folder) as host:
                    _run(host, options.people, options.rounds, as_json=options.json)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _run(host: Host, people: int, rounds: int, *, as_json: bool) -> None:
    url = host.create("console", None)
    with application(url, host.folder):
        with writing() as connection:
            tenant = tenants.create(connection, "acme")
            password = admins.create(connection, tenant, _EMAIL)
            connection.execute(update(Admin.__table__).values(must_change_password=False))
        rare = console_people.fill(tenant.id, people)
    # A second application: the first one has told the database to settle, and closed its connections.
    with application(url, host.folder) as app:
        browser = _signed_in(app, password)
        if not as_json:
            print(f"{host.version}: {people:,} people; medians of {rounds}", flush=True)
            print(f"  {'':34}{'ms':>8}{'cpu':>8}{'kB':>8}{'first kB':>10}  reached", flush=True)
        for name, address in pages(rare).items():
            _say(_measured(host.kind, browser, name, address, rounds), as_json=as_json)


def _signed_in(app: Flask, password: str) -> FlaskClient:
    browser = app.test_client()
    token = _TOKEN.search(browser.get("/sign-in").text)
    if token is None:
        raise BenchError("the sign-in page has no form")
    typed = {"csrf_token": token[1], "tenant": "acme", "email": _EMAIL, "password": password}
    answer = browser.post("/sign-in", data=typed)
    if answer.status_code != 303:
        raise BenchError(f"the sign-in answered {answer.status_code}")
    return browser


def _measured(database: str, browser: FlaskClient, name: str, address: str, rounds: int) -> Figure:
    page = _page(browser, address)
    times = [_timed(lambda: _page(browser, address)) for _ in range(rounds)]
    milliseconds, cpu = median(wall for wall, _ in times), median(cpu for _, cpu in times)
    assets = sum(_compressed(_page(browser, asset)) for asset in sorted(set(_ASSET.findall(page.decode()))))
    kilobytes = _compressed(page)
    first = kilobytes + assets
    is_reached = milliseconds < aims.CONSOLE_MS and first <= aims.CONSOLE_KB
    return Figure(database, name, milliseconds, cpu, kilobytes, first, is_reached)


def _page(browser: FlaskClient, address: str) -> bytes:
    answer = browser.get(address)
    if answer.status_code != 200:
        raise BenchError(f"{address} answered {answer.status_code}")
    return answer.data


def _timed(visit: Callable[[], Any]) -> tuple[float, float]:
    """Return the ms of a visit, and those that the processor worked for this process."""
    start, worked = time.perf_counter(), time.process_time()
    visit()
    return (time.perf_counter() - start) * 1000, (time.process_time() - worked) * 1000


def _compressed(body: bytes) -> float:
    """Return kB of a body as a server sends it compressed."""
    return len(gzip.compress(body, 6)) / 1000


def _say(figure: Figure, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(figure)), flush=True)
        return
    reached = "yes" if figure.is_reached else "no"
    times = f"{figure.ms:8.1f}{figure.cpu_ms:8.1f}"
    print(f"  {figure.page:34}{times}{figure.kb:8.1f}{figure.first_load_kb:10.1f}  {reached}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
