"""A caller of the admin API, and a tenant in which there is something of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import directory
from app.access import tokens
from app.access.tenants import Tenant
from app.database import writing
from app.provisioning import targets
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts, runner
from app.sources.catalog import Source
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator
from scim.resources import USER
from tests.harness.connecting import connect

HUMAN = directory.Actor("admin", "test")
MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "ID"
"name.givenName" = "First"
"name.familyName" = "Last"
"emails[work].value" = "Email"
"""


@dataclass
class Caller:
    """A program that calls the admin API with a token."""

    app: Flask
    token: str | None

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Return the answer to a request below ``/api/v1``."""
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options["json"] = body
        with self.app.test_client() as client:
            return client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Return what is read; the request must succeed."""
        answer = self("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """Return the answer's document; the request must end in ``status``."""
        answer = self("POST", path, body, **options)
        assert answer.status_code == status, answer.text
        return answer.json


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return (status, code) of an answer that must be a problem."""
    assert answer.content_type == "application/problem+json", answer.text
    assert answer.json is not None
    assert answer.json["status"] == answer.status_code
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json["code"]


def token_with(tenant: Tenant, *scopes: str) -> str:
    """Return the text of a fresh token."""
    with writing() as connection:
        return tokens.create(connection, tenant, "script", scopes=scopes).text


@pytest.fixture
def call(app: Flask, tenant: Tenant) -> Caller:
    """Give a caller that may read and write."""
    return Caller(app, token_with(tenant, "admin:write"))


@pytest.fixture
def jazz() -> Iterator[Callable[..., str]]:
    """Give a function that serves a JazzHR account and returns its address."""
    with ExitStack() as servers:

        def start(people: int = 3) -> str:
            simulator = JazzHRSimulator(people=people, faults="no-limit")
            return servers.enter_context(serve_simulator(simulator)).url + BASE

        yield start


def jazz_settings(url: str) -> dict[str, str]:
    """Return the settings of a source that reads an account."""
    return {"base_url": url, "calls_per_minute": "0", "retry_seconds": "0.01"}


@pytest.fixture
def published(tenant: Tenant, jazz: Callable[..., str]) -> Callable[..., Source]:
    """Give a function that connects a JazzHR account of so many people."""

    def add(name: str = "jazz", people: int = 3) -> Source:
        draft = drafts.drafted("jazzhr", name, jazz_settings(jazz(people)), {"api_key": DEFAULT_KEY})
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add


@pytest.fixture
def file_source(tenant: Tenant, tmp_path: Path) -> Callable[..., Source]:
    """Give a function that adds a source of these rows of a file."""

    def add(*rows: str, name: str = "hr") -> Source:
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["ID,First,Last,Email", *rows]) + "\n", encoding="utf-8")
        draft = drafts.drafted("csv", name, {"path": str(path), "mapping": MAPPING}, {})
        with writing() as connection:
            return catalog.add(connection, tenant.id, draft, "system:test")

    return add


@pytest.fixture
def imported(file_source: Callable[..., Source]) -> Callable[..., Any]:
    """Give a function that imports rows of a file and returns the ended run."""

    def run(*rows: str, name: str = "hr") -> Any:
        return runner.import_now(file_source(*rows, name=name), dry_run=False, requested_by="system:test")

    return run


@pytest.fixture
def hired(tenant: Tenant) -> Callable[..., str]:
    """Give a function that adds an employee and returns the id."""

    def hire(user_name: str, **members: Any) -> str:
        with writing() as connection:
            document = {"schemas": [USER], "userName": user_name, **members}
            return directory.create(connection, tenant.id, HUMAN, document).id

    return hire


@pytest.fixture
def target(tenant: Tenant) -> Callable[..., targets.Target]:
    """Give a function that adds a target, which nothing is sent to."""

    def add(name: str = "far", *, paused: bool = False) -> targets.Target:
        with writing() as connection:
            return targets.add(
                connection,
                tenant.id,
                "system:test",
                kind="scim",
                name=name,
                url="http://127.0.0.1:9/scim/v2",
                token="secret-of-the-target",
                paused=paused,
            )

    return add


@pytest.fixture
def documents() -> Callable[[str], str]:
    """Give a function that returns the text of a page of ``docs``."""
    return lambda name: (Path(__file__).parents[3] / "docs" / name).read_text(encoding="utf-8")
