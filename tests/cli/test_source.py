"""``rollcall source`` and ``rollcall run-log`` as they are typed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import directory
from app.access.tenants import Tenant
from app.cli import main
from app.database import reading
from scim.resources import ENTERPRISE, HR

#: The messy export of the issue: a byte-order mark, Latin-1 text, "Last, First", M/D/YYYY, trailing spaces,
#: duplicates, blank lines, a termination date, a shifted row, a total.
MESSY = """\
Employee ID ,Name,Work Email ,Department,Hire Date,Termination Date,Phone,Notes
00123 ,"O'Neil, Mary Ann",Mary.ONeil@Example.com ,Sales ,3/4/2019,,(212) 555-0123 x45,"two
lines"
00124,"Müller, Jörg",jorg.muller@example.com,R&D,12/25/2020,1/31/2024,N/A,
00125,"Ng, Wei",wei.ng@example.com,R&D,1/2/2021,12/31/2999,-,
,,,,,,,

00125,"Ng, Wei",wei.ng@example.com,R&D,1/2/2021,12/31/2999,-,
00125,"Ng, Wei",wei.ng@example.com,Sales,1/2/2021,12/31/2999,-,
00126,Madonna,madonna@example.com,Sales,1/2/2021,,,
00127,"Smith, John",john.smith@example.com,Sales,13/2/2021,,,
00128,"Smith, Jane",not an address,Sales,1/2/2021,,,
,"Nobody, Known",nobody@example.com,Sales,1/2/2021,,,
00129,"Short, Row",short@example.com
Total: 9,,,,,,,
"""
MAPPING = """
[record]
key = "Employee ID"
skip_rows = { "Employee ID" = ["Total*"] }

[fields]
"enterprise.employeeNumber" = "Employee ID"
"name.givenName"            = { from = "Name", split = "last_first", part = "first" }
"name.familyName"           = { from = "Name", split = "last_first", part = "last" }
"emails[work].value"        = "Work Email"
"enterprise.department"     = "Department"
"hr.startDate"              = { from = "Hire Date", date = "M/D/YYYY" }
"hr.terminationDate"        = { from = "Termination Date", date = "M/D/YYYY" }
"phoneNumbers[work].value"  = { from = "Phone", phone = "US" }
"active"                    = { from = "Termination Date", active_until = "M/D/YYYY" }
"""


@pytest.fixture
def rollcall(app: Flask, tenant: Tenant) -> Callable[..., Result]:
    """Give a function that runs a command line for the tenant ``acme``."""
    runner = app.test_cli_runner()

    def run(*words: str, stdin: str | None = None) -> Result:
        return runner.invoke(main, [*words, "--tenant", "acme"], input=stdin)

    return run


@pytest.fixture
def messy(tmp_path: Path) -> tuple[Path, Path]:
    """Give the messy file and its mapping."""
    file, mapping = tmp_path / "messy.csv", tmp_path / "messy.toml"
    file.write_bytes(b"\xef\xbb\xbf" + MESSY.replace("\n", "\r\n").encode("latin-1"))
    mapping.write_text(MAPPING)
    return file, mapping


def add(rollcall: Callable[..., Result], file: Path, mapping: str, *more: str, name: str = "hr") -> Result:
    return rollcall(
        "source", "add", "csv", "--name", name, "--set", f"path={file}", "--set", f"mapping={mapping}", *more
    )


def counters(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout.splitlines()[-1])


def document(tenant: Tenant, user_name: str) -> dict[str, Any]:
    with reading() as connection:
        [employee_id] = directory.ids_by_user_name(connection, tenant.id, user_name)
        found = directory.get(connection, tenant.id, employee_id)
    assert found is not None
    return found.document


def test_a_messy_export_is_imported_with_correct_counters(rollcall, messy, tenant):
    file, mapping = messy
    assert add(rollcall, file, f"@{mapping}").exit_code == 0
    result = rollcall("source", "import", "hr", "--json")
    assert result.exit_code == 0
    assert counters(result) == {
        "added": 3, "updated": 0, "deleted": 0, "skipped": 2, "errored": 6, "total": 11, "run": 1
    }  # fmt: skip
    assert "run-log errors 1 --tenant acme" in result.stderr
    mary = document(tenant, "mary.oneil@example.com")
    assert mary["name"] == {"givenName": "Mary Ann", "familyName": "O'Neil"}
    assert mary["emails"] == [{"type": "work", "value": "Mary.ONeil@Example.com"}]
    assert mary["phoneNumbers"] == [{"type": "work", "value": "+12125550123;ext=45"}]
    assert mary[ENTERPRISE] == {"employeeNumber": "00123", "department": "Sales"}
    assert mary[HR] == {"startDate": "2019-03-04"}
    joerg, wei = document(tenant, "jorg.muller@example.com"), document(tenant, "wei.ng@example.com")
    assert (joerg["name"]["givenName"], joerg["active"], joerg[HR]["terminationDate"]) == (
        "Jörg",
        False,
        "2024-01-31",
    )
    assert (wei["active"], wei[ENTERPRISE]["department"]) == (True, "R&D")


def test_the_error_file_names_row_column_code_and_reason(rollcall, messy, tmp_path):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    rollcall("source", "import", "hr", "--json")
    output = tmp_path / "errors.csv"
    assert rollcall("run-log", "errors", "1", "--output", str(output)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(output.read_text(encoding="utf-8-sig"))))
    assert [(row["row"], row["column"], row["code"], row["record id"]) for row in rows] == [
        ("8", "Employee ID", "duplicate_key", "00125"),
        ("9", "Name", "invalid_name", "00126"),
        ("10", "Hire Date", "invalid_date", "00127"),
        ("11", "Work Email", "invalid_email", "00128"),
        ("12", "Employee ID", "missing_key", ""),
        ("13", "", "wrong_number_of_cells", ""),
    ]
    assert rows[2]["reason"] == "hr.startDate: '13/2/2021' is not a date of the form M/D/YYYY"
    assert rollcall("run-log", "errors", "1").stdout.startswith("row,column,code,reason,record id,severity")


def test_a_second_import_adds_and_updates_nobody(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    rollcall("source", "import", "hr")
    again = counters(rollcall("source", "import", "hr", "--json"))
    assert (again["added"], again["updated"], again["skipped"], again["errored"]) == (0, 0, 5, 6)


def test_a_dry_run_counts_the_same_and_adds_nobody(rollcall, messy, tenant):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    dry = counters(rollcall("source", "import", "hr", "--dry-run", "--json"))
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 0
    real = counters(rollcall("source", "import", "hr", "--json"))
    assert {**dry, "run": 0} == {**real, "run": 0}


def test_without_json_the_counters_are_a_sentence(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    last = rollcall("source", "import", "hr").stdout.splitlines()[-1]
    assert last == "Run 1 of hr: added 3, updated 0, deleted 0, skipped 2, errored 6, total 11."


def test_guess_prints_the_mapping_and_imports_with_it(rollcall, messy):
    file, _ = messy
    result = add(rollcall, file, "guess")
    assert result.exit_code == 0
    assert '"name.givenName" = { from = "Name", split = "last_first", part = "first" }' in result.stdout
    assert '"hr.startDate" = { from = "Hire Date", date = "M/D/YYYY" }' in result.stdout
    assert counters(rollcall("source", "import", "hr", "--json"))["added"] == 3


def test_a_failed_run_exits_with_1_and_says_why(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    file.unlink()
    result = rollcall("source", "import", "hr", "--json")
    assert result.exit_code == 1
    assert "messy.csv cannot be read" in result.stderr
    assert counters(result)["total"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "mapping=guess"), "needs --set path="),
        (("--set", "path=/nowhere.csv", "--set", "mapping=guess"), "'/nowhere.csv' is no file"),
        (("--set", "path={file}"), "--set mapping=@FILE.toml"),
        (("--set", "path={file}", "--set", "mapping=@/nowhere.toml"), "/nowhere.toml, cannot be read"),
        (("--set", "path={file}", "--set", "mapping=x.toml"), "write mapping=@FILE.toml"),
        (("--set", "path={file}", "--set", "mapping=@{broken}"), "it is not TOML"),
        (
            ("--set", "path={file}", "--set", "mapping=guess", "--set", "colour=red"),
            "colour=… is not known to csv",
        ),
        (("--set", "path={file}", "--set", "mapping=guess", "--secret", "k=v"), "--secret k=…"),
        (("--set", "path={file}", "--set", "mapping=guess", "--set", "schedule=5"), "schedule='5'"),
        (("--set", "path={file}", "--set", "mapping=guess", "--set", "delimiter=;;"), "delimiter=';;'"),
        (
            ("--set", "path={file}", "--set", "mapping=guess", "--set", "encoding=klingon"),
            "encoding='klingon'",
        ),
        (("--set", "path={file}", "--set", "mapping=guess", "--set", "header_row=0"), "header_row='0'"),
        (("--set", "path={file}", "--set", "mapping=guess", "--set", "work_email={x}@e.com"), "work_email"),
        (("--set", "path"), "is not KEY=VALUE"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(rollcall, messy, words, said):
    file, mapping = messy
    broken = mapping.with_name("broken.toml")
    broken.write_text("key = ")
    filled = (word.replace("{file}", str(file)).replace("{broken}", str(broken)) for word in words)
    result = rollcall("source", "add", "csv", "--name", "hr", *filled)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_unknown_kind_names_the_known_ones(rollcall):
    result = rollcall("source", "add", "workday", "--name", "hr")
    assert result.exit_code == 2
    assert "csv, icims, intellihr, jazzhr" in result.stderr


def test_a_source_that_is_not_there_is_wrong_use(rollcall):
    result = rollcall("source", "import", "nobody")
    assert (result.exit_code, "no source 'nobody'" in result.stderr) == (2, True)


def test_a_taken_name_is_wrong_use(rollcall, messy):
    file, _ = messy
    add(rollcall, file, "guess")
    result = add(rollcall, file, "guess")
    assert (result.exit_code, "already" in result.stderr) == (2, True)


def test_a_secret_comes_from_stdin_and_is_never_shown(rollcall):
    rollcall("vendor", "enable", "jazzhr")
    added = rollcall(
        "source", "add", "jazzhr", "--name", "jazz", "--secret", "api_key=-", stdin="canary-key\n"
    )
    assert added.exit_code == 0
    shown = rollcall("source", "show", "jazz", "--json")
    assert json.loads(shown.stdout)["secrets"] == ["api_key"]
    assert "canary-key" not in added.output + shown.output


def test_a_source_is_listed_shown_changed_paused_and_removed(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}", "--set", "schedule=2h")
    assert json.loads(rollcall("source", "list", "--json").stdout)["schedule"] == "2h"
    assert rollcall("source", "set", "hr", "--set", "schedule=off", "--set", "work_email=none").exit_code == 0
    shown = json.loads(rollcall("source", "show", "hr", "--json").stdout)
    assert (shown["schedule"], shown["work_email"], shown["mapping"]) == ("off", "none", MAPPING)
    rollcall("source", "pause", "hr")
    assert json.loads(rollcall("source", "list", "--json").stdout)["state"] == "paused"
    rollcall("source", "resume", "hr")
    rollcall("source", "import", "hr")
    assert rollcall("source", "remove", "hr").exit_code == 0
    assert "No sources yet" in rollcall("source", "list").stdout


def test_check_and_preview_change_nothing(rollcall, messy, tenant):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    checked = rollcall("source", "check", "hr")
    assert "Encoding cp1252, delimiter ','" in checked.stdout
    rows = [
        json.loads(line)
        for line in rollcall("source", "preview", "hr", "--rows", "5", "--json").stdout.splitlines()
    ]
    assert rows[0]["fields"]["name.familyName"] == "O'Neil"
    assert [row["left_out"] for row in rows] == [False] * 5
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 0


def test_a_source_that_cannot_be_read_fails_its_check(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    file.unlink()
    result = rollcall("source", "check", "hr")
    assert (result.exit_code, "FAIL" in result.stdout) == (1, True)


def test_runs_are_listed_shown_and_tried_again(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    rollcall("source", "import", "hr")
    listed = json.loads(rollcall("run-log", "list", "--json").stdout)
    assert (listed["run"], listed["source"], listed["state"], listed["errored"]) == (1, "hr", "finished", 6)
    assert json.loads(rollcall("run-log", "show", "1", "--json").stdout)["error_lines"] == 6
    assert counters(rollcall("run-log", "retry", "1", "--json"))["run"] == 2
    assert rollcall("run-log", "show", "99").exit_code == 2


def test_an_ended_run_cannot_be_cancelled(rollcall, messy):
    file, mapping = messy
    add(rollcall, file, f"@{mapping}")
    rollcall("source", "import", "hr")
    result = rollcall("run-log", "cancel", "1")
    assert (result.exit_code, "has ended already" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "words", [("source",), ("source", "add"), ("source", "import"), ("run-log",), ("run-log", "errors")]
)
def test_help_is_useful(app, words):
    result = app.test_cli_runner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
