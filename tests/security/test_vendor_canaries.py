"""Canaries through every vendor: in by pull, webhook and write-back, then looked for wherever anything is kept or said.

A birthday is no sealed value: it stands in the employee's document, and is given out on request. So it may be where
employees are stored, and nowhere else.
"""

from __future__ import annotations

import gzip
import io
import logging
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import clock, directory
from app.access import audit
from app.access.tenants import Tenant
from app.database import Model, db, is_sqlite, reading, writing
from app.directory.tables import SealedValue
from app.exporting import write_back
from app.keeping import backup
from app.keeping.schema import newest_revision
from app.log import init_logging
from app.provisioning import ticks
from app.simulation import serve as serve_simulator
from app.sources import catalog, checking, drafts, hooks, inbox, previewing, row_errors, runner, welcome
from app.sources.adapter import Subscribes, WritesBack
from app.sources.catalog import Source
from app.sources.error_file import write_error_file
from app.sources.runs import Run
from app.sources.welcome import Welcome
from tests.harness.connecting import connect
from tests.harness.postgres import PostgresCluster
from tests.security import planted
from tests.security.planted import VENDORS, Planted
from tests.sources import letter_box

BY = "system:test"
FAULTS = ("500", "html", "half-body", "401", "")
Places = dict[str, str]


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Have every logger speak, urllib3 and Werkzeug included."""
    caplog.set_level(logging.DEBUG)


@pytest.fixture(params=VENDORS)
def lived(
    request: pytest.FixtureRequest, app: Flask, tenant: Tenant, serve: Callable[[Any], str]
) -> Iterator[tuple[Planted, Places]]:
    """Give a vendor after all that a source can do with it, and what was said on the way."""
    init_logging("debug")
    with writing() as connection:
        words = Welcome("Welcome", "Hello {first_name}, begin at {link}", "https://acme.example/begin")
        welcome.keep(connection, tenant.id, words, BY)
    made = VENDORS[request.param]()
    with serve_simulator(made.vendor) as server:
        yield made, {"said": "\n".join(_live(tenant, made, server.url, serve(app)))}


def _live(tenant: Tenant, made: Planted, url: str, ours: str) -> list[str]:
    """Do everything that a source does; return what administrators are told of it."""
    people = [made.plant(f"maya{number}@example.com") for number in range(2)]
    made.plant("no address")
    made.plant("maya9@example.com", salary=f"{planted.SALARY} a year, {planted.SSN}")
    source = _add(tenant, made, "hr", url, made.credentials)
    wrong = _add(tenant, made, "wrong", url, made.wrong)
    said = [str(list(previewing.previewed(source, runner.context_of(source), 4)))]
    said += [str(checking.checked(each, runner.context_of(each), BY)) for each in (source, wrong)]
    ended = [_pull(tenant, "hr"), _pull(tenant, "wrong")]
    address = ours + hooks.path_of(source, tenant.public_id, keyed=True)
    if isinstance(source.adapter(), Subscribes):
        hooks.subscribe(source, runner.context_of(source), address, BY)
    made.call(address, people[0])
    ended += _work_off()
    _write_back(tenant, source)
    for faults in FAULTS:
        made.vendor.plan_faults(f"no-limit;{faults}" if "no-limit" in made.vendor.personas else faults)
        ended.append(_pull(tenant, "hr", is_full=True))
    assert {run.state for run in ended} == {"finished", "failed"}
    return [*said, *(each for run in ended for each in _told(run))]


def _add(tenant: Tenant, made: Planted, name: str, url: str, secrets: Any) -> Source:
    draft = drafts.drafted(made.kind, name, made.given(url) | {"welcome": "yes", "report": "every"}, secrets)
    with writing() as connection:
        return connect(connection, tenant.id, draft)


def _pull(tenant: Tenant, name: str, **choice: Any) -> Run:
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    return runner.import_now(known, dry_run=False, requested_by=BY, **choice)


def _work_off() -> list[Run]:
    with writing() as connection:
        started = inbox.start_waiting(connection, clock.after(inbox.LONGEST_WAIT))
    return [run for each in started if (run := runner.work(each.tenant_id, each.id))]


def _write_back(tenant: Tenant, source: Source) -> None:
    """Write somebody back, where that is done by a target; others have done it while they imported."""
    if not isinstance(source.adapter(), WritesBack):
        return
    with writing() as connection:
        target = write_back.switch_on(connection, source, BY)
        for employee_id in directory.iterate_ids(connection, tenant.id, None, 10):
            fragment = {"name": {"givenName": "Written"}}
            directory.merge(connection, tenant.id, employee_id, directory.Actor("client", "77"), fragment)
    ticks.run(tenant.id, target.id)


def _told(run: Run) -> Iterator[str]:
    with reading() as connection:
        lines = list(row_errors.lines(connection, run.tenant_id, run.id))
    file = io.StringIO()
    write_error_file(lines, file)
    yield f"{run} {file.getvalue()}"


# --- where it is looked for


def _tables() -> Places:
    with reading() as connection:
        return {
            f"table {table.name}": "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
            for table in Model.metadata.sorted_tables
        }


def _files(folder: Path, cluster: PostgresCluster | None) -> Places:
    """Return every file of the installation: the database and its write-ahead log are among them."""
    found = [file for file in folder.rglob("*") if file.is_file()]
    if cluster is not None:
        with db.engine.connect() as connection:
            connection.execute(text("CHECKPOINT"))
            name = connection.scalar(text("SELECT pg_relation_filepath('employee')"))
            found += [file for file in (cluster.folder / "data" / name).parent.iterdir() if file.is_file()]
        found += [file for file in (cluster.folder / "data" / "pg_wal").iterdir() if file.is_file()]
    return {f"file {file}": file.read_bytes().decode("latin-1") for file in found}


def _backup(folder: Path) -> Places:
    """Return the members of a backup, unpacked."""
    with writing() as connection:
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:number)"), {"number": newest_revision()}
        )
    path = folder / "backup.tar"
    backup.make(path, with_keys=False)
    found = {}
    with tarfile.open(path) as members:
        for member in members.getmembers():
            handle = members.extractfile(member)
            assert handle is not None
            content = handle.read()
            plain = gzip.decompress(content) if member.name.endswith(".gz") else content
            found[f"backup {member.name}"] = plain.decode("latin-1")
    path.unlink()
    return found


def _everywhere(
    request: pytest.FixtureRequest, tenant: Tenant, folder: Path, caplog: Any, capfd: Any
) -> Places:
    letters = letter_box.waiting()
    assert len(letters) > len(FAULTS), "reports and welcomes were to be written"
    places = {f"mail {n}": f"{each.to} {each.subject} {each.text}" for n, each in enumerate(letters)}
    with writing() as connection:
        audit.seal(connection, tenant.id)
        cluster = None if is_sqlite(connection) else request.getfixturevalue("postgres_cluster")
    out, err = capfd.readouterr()
    spoken = {"stdout": out, "stderr": err, "log": caplog.text}
    return places | spoken | _tables() | _backup(folder) | _files(folder, cluster)


def test_what_is_secret_at_a_vendor_is_found_in_sealed_columns_only(
    request: pytest.FixtureRequest,
    lived: tuple[Planted, Places],
    tenant: Tenant,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    made, places = lived
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == made.sealed
    places |= _everywhere(request, tenant, tmp_path, caplog, capfd)
    secrets = {
        "ssn": planted.SSN,
        "salary": planted.SALARY.partition(".")[0],
        "stray": planted.STRAY,
        "key": planted.KEY,
        "webhook secret": planted.HOOK,
        "wrong key": planted.WRONG,
        **{f"made by the vendor {number}": secret for number, secret in enumerate(made.made())},
    }
    assert made.made() or made.kind in ("jazzhr", "intellihr")
    assert [
        (name, place) for name, canary in secrets.items() for place in places if canary in places[place]
    ] == []
    born = {place for place, said in places.items() if planted.BORN in said}
    assert {place for place in born if not place.startswith("file ")} <= {
        "table employee",
        "backup tables/employee.jsonl.gz",
    }
    # What is looked for this way would be found: names are no secret, and stand in each of these.
    for place in ("table employee", "table revision", "backup tables/employee.jsonl.gz", "said"):
        assert "Okafor" in places[place], place
    assert any("Okafor" in said for place, said in places.items() if place.startswith("file "))
    assert any("Maya" in said for place, said in places.items() if place.startswith("mail "))
