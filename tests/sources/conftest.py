"""Builders of sources and files for import tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import directory, registry
from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import catalog, drafts, runner
from app.sources.catalog import Source
from app.sources.runs import Run
from tests.harness.connecting import connect
from tests.sources import ledger as ledgers
from tests.sources.ledger import Ledger

MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "ID"
"name.givenName" = "First"
"name.familyName" = "Last"
"emails[work].value" = "Email"
"title" = "Title"
"active" = { from = "Status", map = { "Active" = true, "Left" = false } }
"""
HEADER = "ID,First,Last,Email,Title,Status"


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    """Give the place of the file that the test's source reads."""
    return tmp_path / "people.csv"


@pytest.fixture
def write(csv_file: Path) -> Callable[..., Path]:
    """Give a function that writes rows under the usual header."""

    def write_rows(*rows: str, header: str = HEADER) -> Path:
        csv_file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return csv_file

    return write_rows


@pytest.fixture
def add_source(tenant: Tenant, csv_file: Path) -> Callable[..., Source]:
    """Give a function that adds a source; a CSV one with the usual mapping unless told otherwise."""

    def add(name: str = "hr", kind: str = "csv", mapping: str | None = MAPPING, **settings: str) -> Source:
        secrets = settings.pop("secrets", {})
        given: dict[str, Any] = {"path": str(csv_file)} if kind == "csv" else {}
        given |= settings
        if mapping is not None:
            given["mapping"] = mapping
        draft = drafts.drafted(kind, name, given, secrets)  # type: ignore[arg-type]
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add


@pytest.fixture
def import_from(tenant: Tenant) -> Callable[..., Run]:
    """Give a function that imports a source and returns the ended run."""

    def run(source: Source, *, dry_run: bool = False) -> Run:
        with reading() as connection:
            known = catalog.named(connection, tenant.id, source.name)
        return runner.import_now(known, dry_run=dry_run, requested_by="system:test")

    return run


@pytest.fixture
def person(tenant: Tenant) -> Callable[[str], dict[str, Any] | None]:
    """Give a function that returns the document of the employee with a userName."""

    def find(user_name: str) -> dict[str, Any] | None:
        with reading() as connection:
            ids = directory.ids_by_user_name(connection, tenant.id, user_name)
            found = directory.get(connection, tenant.id, ids[0]) if ids else None
        return found.document if found else None

    return find


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Give the HR system that sources of the kind ``ledger`` read."""
    yield ledgers.install(monkeypatch)
    registry.adapter_class.cache_clear()


@pytest.fixture
def books(tenant: Tenant, ledger: Ledger) -> Callable[..., Source]:
    """Give a function that connects a ledger."""

    def add(**given: str) -> Source:
        draft = drafts.drafted("ledger", "books", given, {"key": "k"})
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add
