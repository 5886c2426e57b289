"""Salaries and secrets of JazzHR: looked for in every file, table and log line after all that a source can do."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.database import Model, reading
from app.directory.tables import SealedValue
from app.log import init_logging
from app.sources import runner
from app.sources.error_file import write_error_file
from app.vendors.jazzhr.simulator import IntegrationNotSaved
from tests.sources.reports import problems

SALARY, KEY = "871234.56", "canary-api-key-77a"
SECRET, WRONG = "canary-hook-secret-5c1", "canary-wrong-secret-9f2"
CANARIES = (SALARY.partition(".")[0], KEY, SECRET, WRONG)
PERSON = {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.org", "desired_salary": SALARY}


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Have every logger speak, urllib3 and Werkzeug included."""
    caplog.set_level(logging.DEBUG)


@pytest.mark.parametrize(("include_salary", "sealed"), [("no", 0), ("yes", 2)])
def test_neither_salaries_nor_secrets_are_found_anywhere(
    capfd, account, add_jazzhr, address, work_off, tmp_path, caplog, include_salary, sealed
):
    init_logging("debug")
    jazz = account(key=KEY)
    source = add_jazzhr(jazz, key=KEY, secret=SECRET, include_salary=include_salary)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    with pytest.raises(IntegrationNotSaved):
        jazz.simulator.add_integration("forged", address, WRONG)
    hired = jazz.simulator.hire(PERSON)
    jazz.simulator.hire({**PERSON, "email": "second@example.org"})
    jazz.simulator.hire({**PERSON, "email": "third@example.org", "desired_salary": f"{SALARY} a year"})
    jazz.simulator.hire({**PERSON, "email": "no address", "first_name": "", "last_name": ""})
    jazz.simulator.export(hired["applicant_id"])
    ended = work_off()
    for faults in ("no-limit", "no-limit;500:after=2", "no-limit;401"):
        jazz.simulator.plan_faults(faults)
        ended.append(runner.import_now(source, dry_run=False, requested_by="test"))
    assert [run.state for run in ended] == ["finished", "finished", "failed", "failed"]

    error_file = io.StringIO()
    write_error_file([line for run in ended for line in problems(run)], error_file)
    assert "nobody_named" in error_file.getvalue()
    spoken = capfd.readouterr()
    assert "a webhook call was refused" in spoken.err
    texts = {"error file": error_file.getvalue(), "log": caplog.text, "out": spoken.out, "err": spoken.err}
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(SealedValue.__table__)) == sealed
        for table in Model.metadata.sorted_tables:
            texts[table.name] = str([tuple(row) for row in connection.execute(select(table))])
    texts |= {str(file): file.read_bytes().decode("latin-1") for file in _files(tmp_path)}
    assert [(place, canary) for place, text in texts.items() for canary in CANARIES if canary in text] == []


def _files(folder: Path) -> list[Path]:
    """Return every file of the installation: on SQLite the database and its write-ahead log are among them."""
    return [file for file in folder.rglob("*") if file.is_file()]
