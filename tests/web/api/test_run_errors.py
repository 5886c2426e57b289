"""The error file and the warnings file of a run, as JSON in pages and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.api.conftest import Caller, problem

BAD = [f"{number},Bo,Li,nonsense{number}" for number in range(1, 8)]


def test_lines_come_in_pages(call: Caller, imported: Callable[..., Any]) -> None:
    run = imported(*BAD)
    address, rows = f"/runs/{run.id}/errors?limit=3", []
    while address:
        page = call.get(address)
        rows.append([line["row"] for line in page["lines"]])
        address = (page["next"] or "").removeprefix("/api/v1")
    assert rows == [[2, 3, 4], [5, 6, 7], [8]]


def test_a_line_says_where_what_and_why(call: Caller, imported: Callable[..., Any]) -> None:
    (line,) = call.get(f"/runs/{imported(BAD[0]).id}/errors")["lines"]
    assert {name: line[name] for name in ("row", "column", "code", "record_id", "severity")} == {
        "row": 2,
        "column": "Email",
        "code": "invalid_email",
        "record_id": "1",
        "severity": "error",
    }


def test_the_whole_is_a_csv_file_that_no_spreadsheet_runs(call: Caller, imported: Callable[..., Any]) -> None:
    run = imported("=cmd(),Bo,Li,nonsense", *BAD[1:])
    answer = call("GET", f"/runs/{run.id}/errors", headers={"Accept": "text/csv"})
    assert answer.content_type.startswith("text/csv")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=run-{run.id}-errors.csv"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == len(BAD)
    assert rows[0]["record id"] == "'=cmd()"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
    ],
)
def test_the_form_is_the_one_that_is_asked_for(
    call: Caller, imported: Callable[..., Any], accept: str, expected: str
) -> None:
    answer = call("GET", f"/runs/{imported(BAD[0]).id}/errors", headers={"Accept": accept})
    assert answer.content_type == expected


def test_warnings_are_a_list_of_their_own(call: Caller, imported: Callable[..., Any]) -> None:
    run = imported(BAD[0])
    assert call.get(f"/runs/{run.id}/warnings") == {"lines": [], "next": None}
    assert call("GET", f"/runs/{run.id}/warnings", headers={"Accept": "text/csv"}).status_code == 200


def test_a_run_that_is_not_there_has_no_file(call: Caller) -> None:
    for headers in ({}, {"Accept": "text/csv"}):
        assert problem(call("GET", "/runs/7/errors", headers=headers)) == (404, "not_found")
        assert problem(call("GET", "/runs/7/warnings", headers=headers)) == (404, "not_found")
