"""``python -m bench.import_run``: one import in a process of its own, and the bare costs beside it; prints JSON.

A process for each size, because the most memory that a process had is told for its whole life.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from app import create_app, directory
from app.access import tenants
from app.access.tenants import Tenant
from app.config import Settings
from app.database import Model, db, is_sqlite, reading, writing
from app.sources import catalog, drafts, runner
from app.sources.applying import BATCH_ROWS
from app.sources.catalog import Source
from app.sources.fragments import fragment_of, without_empty
from app.sources.mapping import Mapping
from app.sources.mapping_text import compile_mapping
from app.sources.runs import Run
from bench import paged_source
from bench.databases import KEY_RING, SECRET_KEY
from bench.paged_source import FIELD_NAMES, KIND, MAPPING, PAGE_SIZE, RecordSchema, record

_BARE = (
    "CREATE TABLE bare (tenant_id INTEGER, id VARCHAR(36), user_name TEXT, document TEXT, "
    "PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, user_name))"
)


def main() -> None:
    """Measure one size: URL of an empty database, folder, people, source (`paged` or `csv`)."""
    url, folder, people, kind = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    settings = Settings(
        database_url=url,
        instance_path=folder,
        allow_private_targets=True,
        secret_key=SECRET_KEY,
        key_ring=KEY_RING,
        log_level="error",
    )
    app = create_app(settings)
    paged_source.install()
    with app.app_context(), ExitStack() as stack:
        Model.metadata.create_all(db.engine)
        with writing() as connection:
            tenant = tenants.create(connection, "bench")
        if kind == "paged":
            base_url = stack.enter_context(_served(people))
            figures = _bare_paged(base_url, people)
            known = _connected(tenant, KIND, {"base_url": base_url}, {"key": "bench"})
        else:
            path = folder / f"people-{people}.csv"
            _write_file(path, people)
            figures = _bare_file(path)
            known = _connected(tenant, "csv", {"path": str(path), "mapping": MAPPING}, {})
        figures |= _directory_alone(people) | {"rss_before_mib": _peak_mib()}
        figures |= _imported(known, people, "import", "added")
        figures |= _imported(known, people, "again", "skipped")
        figures["rss_mib"] = _peak_mib()
        db.engine.dispose()
    print(json.dumps(figures))


@contextmanager
def _served(people: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.paged_server", str(people)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def _write_file(path: Path, people: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELD_NAMES)
        writer.writeheader()
        writer.writerows(record(number) for number in range(people))


# --- the bare costs -------------------------------------------------------------------------------------------------


def _bare_paged(base_url: str, people: int) -> dict[str, float]:
    """Seconds for fetching the same pages, validating with the same schema, inserting the rows in batches."""

    def pages(session: requests.Session) -> Iterator[list[dict[str, Any]]]:
        for after in range(0, people, PAGE_SIZE):
            yield session.get(f"{base_url}/people/{after}", timeout=30).json()["people"]

    with requests.Session() as session:
        session.trust_env = False
        return _bare(pages(session), RecordSchema(many=True))


def _bare_file(path: Path) -> dict[str, float]:
    """The same of a file: read with ``csv``, nothing to validate."""

    def pages() -> Iterator[list[dict[str, Any]]]:
        with path.open(encoding="utf-8", newline="") as file:
            page = []
            for row in csv.DictReader(file):
                page.append(row)
                if len(page) == PAGE_SIZE:
                    yield page
                    page = []
            if page:
                yield page

    return _bare(pages(), None)


def _bare(pages: Iterable[list[dict[str, Any]]], schema: RecordSchema | None) -> dict[str, float]:
    spent = {"fetch": 0.0, "validate": 0.0, "insert": 0.0}
    with writing() as connection:
        connection.execute(text(_BARE))
    waiting, number, started = iter(pages), 0, time.perf_counter()
    while (page := next(waiting, None)) is not None:
        fetched = time.perf_counter()
        rows = schema.load(page) if schema else page
        validated = time.perf_counter()
        for start in range(0, len(rows), BATCH_ROWS):
            _insert(
                [_bare_row(number + n, row) for n, row in enumerate(rows[start : start + BATCH_ROWS], start)]
            )
        number += len(rows)
        done = time.perf_counter()
        for name, seconds in zip(
            spent, (fetched - started, validated - fetched, done - validated), strict=True
        ):
            spent[name] += seconds
        started = time.perf_counter()
    with writing() as connection:
        connection.execute(text("DROP TABLE bare"))
    return spent


def _bare_row(number: int, row: dict[str, Any]) -> tuple[int, str, str, str]:
    return (1, f"{number:036d}", row["workEmail"], json.dumps(row, ensure_ascii=False))


def _insert(rows: list[tuple[int, str, str, str]]) -> None:
    with writing() as connection:
        mark = "?" if is_sqlite(connection) else "%s"
        connection.exec_driver_sql(f"INSERT INTO bare VALUES ({', '.join([mark] * 4)})", rows)


def _directory_alone(people: int) -> dict[str, float]:
    """Seconds in which the directory takes (at most 2,000 of) the same people, in batches, without an import."""
    with writing() as connection:
        tenant = tenants.create(connection, "alone")
    mapping = compile_mapping(MAPPING, list(FIELD_NAMES))
    wanted = min(people, 2000)
    documents = [_document(mapping, number) for number in range(wanted)]
    actor, started = directory.Actor("admin", "bench"), time.perf_counter()
    for start in range(0, wanted, BATCH_ROWS):
        with writing() as connection:
            for document in documents[start : start + BATCH_ROWS]:
                directory.create(connection, tenant.id, actor, document)
    return {"directory": (time.perf_counter() - started) * people / wanted}


def _document(mapping: Mapping, number: int) -> dict[str, Any]:
    said = mapping.apply(str(number), record(number), date(2026, 1, 1))
    document = without_empty(fragment_of(said.values, mapping.targets).document)
    return document | {"userName": f"alone{number}@example.com"}


# --- the import -----------------------------------------------------------------------------------------------------


def _connected(tenant: Tenant, kind: str, settings: dict[str, str], secrets: dict[str, str]) -> Source:
    draft = drafts.drafted(kind, "bench", settings, secrets)
    with writing() as connection:
        return catalog.add(connection, tenant.id, draft, "admin:bench")


def _imported(known: Source, people: int, name: str, word: str) -> dict[str, float]:
    """Seconds of reading and of applying, and of this process's CPU; every record must have come to `word`."""
    started, read_at, cpu = time.perf_counter(), 0.0, time.process_time()

    def progress(run: Run) -> None:
        nonlocal read_at
        if not read_at and run.phase == "applying":
            read_at = time.perf_counter()

    with reading() as connection:
        known = catalog.named(connection, known.tenant_id, known.name)
    run = runner.import_now(known, dry_run=False, requested_by="admin:bench", progress=progress, is_full=True)
    ended = time.perf_counter()
    counts = run.counts.as_dict()
    assert counts[word] == counts["total"] == people, (run.message, counts)
    spent = time.process_time() - cpu
    return {f"{name}_read": read_at - started, f"{name}_apply": ended - read_at, f"{name}_cpu": spent}


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
