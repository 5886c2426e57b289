"""A file and a JazzHR account as sources, and another tenant's source that nobody here sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts
from app.sources.catalog import Source
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from app.vendors.intellihr.simulator import BASE as INTELLIHR_BASE
from app.vendors.intellihr.simulator import DEFAULT_KEY as INTELLIHR_KEY
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator
from tests.harness.connecting import connect
from tests.web.console.browser import Browser, Page
from tests.web.console.runs.people_file import PeopleFile

#: Nothing listens there.
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def file(tenant: Tenant, tmp_path: Path) -> PeopleFile:
    """Give a source that reads a file."""
    return PeopleFile(tenant, tmp_path)


@pytest.fixture
def strange_file(tenant: Tenant, tmp_path: Path) -> PeopleFile:
    """Give the source of another tenant."""
    with writing() as connection:
        other = tenants.create(connection, "other")
    folder = tmp_path / "other"
    folder.mkdir()
    return PeopleFile(other, folder)


@pytest.fixture
def account() -> Iterator[Callable[..., str]]:
    """Give a function that serves a JazzHR account of so many hires, and returns its address."""
    with ExitStack() as servers:

        def start(people: int = 3) -> str:
            simulator = JazzHRSimulator(people=people, faults="no-limit")
            return servers.enter_context(serve_simulator(simulator)).url + BASE

        yield start


@pytest.fixture
def jazz(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that connects a JazzHR account; without an address one that does not answer."""

    def add(url: str = NOWHERE, key: str = DEFAULT_KEY, kind: str = "jazzhr", **settings: str) -> Source:
        given = {"base_url": url, "calls_per_minute": "0", "retry_seconds": "0.001", **settings}
        draft = drafts.drafted(kind, "jazz", given, {"api_key": key})
        with writing() as connection:
            return connect(connection, tenant.id, draft, "admin:owner@acme.example")

    return add


@pytest.fixture
def now() -> Callable[[Source], Source | None]:
    """Give a function that returns a source as the database has it; None when it was removed."""

    def read(known: Source) -> Source | None:
        with reading() as connection:
            return catalog.with_id(connection, known.tenant_id, known.id)

    return read


@pytest.fixture
def icims(tenant: Tenant) -> Iterator[Source]:
    """Give a connected customer of iCIMS, which takes changes back."""
    with serve_simulator(ICIMSSimulator(people=1)) as server:
        given = {"customer_id": CUSTOMER, "base_url": server.url, "token_url": f"{server.url}/oauth/token"}
        secrets = {"client_id": CLIENT_ID, "client_secret": DEFAULT_SECRET}
        with writing() as connection:
            known = connect(connection, tenant.id, drafts.drafted("icims", "icims", given, secrets))
        yield known


@pytest.fixture
def intellihr(tenant: Tenant) -> Iterator[Source]:
    """Give a connected intelliHR account, which is told by API where to call."""
    with serve_simulator(IntelliHRSimulator(people=1)) as server:
        given = {
            "subdomain": DEFAULT_SUBDOMAIN,
            "base_url": server.url + INTELLIHR_BASE,
            "calls_per_second": "0",
        }
        draft = drafts.drafted("intellihr", "ihr", given, {"api_key": INTELLIHR_KEY})
        with writing() as connection:
            known = connect(connection, tenant.id, draft)
        yield known


def token_of(browser: Browser) -> str:
    """The secret of a browser's forms."""
    return next(fields for _, fields in browser.page("/runs").forms if "csrf_token" in fields)["csrf_token"]


def press(browser: Browser, address: str, action: str, **fields: str) -> Page:
    """The page behind a button of the page at an address."""
    answer = browser.submit(browser.page(address), action, **fields)
    assert answer.status_code == 303, answer.text
    return browser.page(answer.headers["Location"])


def deeds(page: Page) -> set[str]:
    """The last words of the addresses to which a page's buttons post."""
    actions = [form["action"] for form, _ in page.forms if form.get("method") == "post"]
    return {action.rpartition("/")[2] for action in actions if action.startswith("/sources/")}
