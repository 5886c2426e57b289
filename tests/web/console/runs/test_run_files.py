"""The error file and the warnings file of a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_DATE, BAD_MAIL, PeopleFile


def lines(browser: Browser, address: str) -> list[dict[str, str]]:
    """The lines of a file."""
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_error_file_has_every_row_and_no_spreadsheet_runs_it(
    as_role: Callable[[str], Browser], file: PeopleFile
) -> None:
    run = file.run(BAD_MAIL, "=cmd(),A,B,nonsense,Sales,3/4/2024", BAD_DATE)
    found = lines(as_role("viewer"), f"/runs/{run.id}/errors.csv")
    assert [(line["code"], line["record id"]) for line in found] == [
        ("invalid_email", "2"),
        ("invalid_email", "'=cmd()"),
    ]


def test_the_warnings_file_has_the_warnings(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(BAD_MAIL, BAD_DATE)
    found = lines(signed_in, f"/runs/{run.id}/warnings.csv")
    assert [(line["code"], line["severity"]) for line in found] == [("invalid_date", "warning")]
