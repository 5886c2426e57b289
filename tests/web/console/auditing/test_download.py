"""The audit as a CSV file."""

from __future__ import annotations

import csv
import io

import pytest

from app.access import audit
from app.access.tenants import Tenant
from app.database import writing
from app.web.console.auditing import download
from tests.web.console.browser import Browser


def read(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/audit/audit.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_the_file_has_what_the_filters_ask_for(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        for number in range(3):
            audit.record(
                connection, tenant.id, "admin:ann@acme.example", "token.revoked", f"token:{number}", {}
            )
    page = signed_in.page("/audit?deed=token.revoked&who=ann")
    address = next(
        found["href"] for tag, found in page.elements if tag == "a" and "audit.csv" in found["href"]
    )
    rows = list(csv.DictReader(io.StringIO(signed_in.get(address).text)))
    assert [row["subject"] for row in rows] == ["token:2", "token:1", "token:0"]
    assert rows[0] | {"at": ""} == {
        "at": "",
        "who": "ann@acme.example",
        "actor": "admin:ann@acme.example",
        "deed": "revoked a token",
        "code": "token.revoked",
        "about": "Token 2",
        "subject": "token:2",
        "values": "",
        "seal": "",
    }


def test_more_than_is_read_at_once_comes_whole_and_in_order(
    signed_in: Browser, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CHUNK", 4)
    with writing() as connection:
        for number in range(9):
            audit.record(connection, tenant.id, "system:cli", "welcome.set", "welcome", {"link": str(number)})
    rows = read(signed_in, "deed=welcome.set")
    assert [row["values"] for row in rows] == [f"link: {number}" for number in reversed(range(9))]


def test_no_spreadsheet_runs_a_cell(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        audit.record(connection, tenant.id, "=HYPERLINK()", "token.revoked", "@SUM(1)", {"+a": "-1"})
    (row,) = read(signed_in, "deed=token.revoked")
    assert (row["actor"], row["subject"], row["values"]) == ("'=HYPERLINK()", "'@SUM(1)", "'+a: -1")


def test_lines_and_quotes_stay_in_their_cells(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        audit.record(connection, tenant.id, "system:cli", "token.revoked", "token:1", {"note": 'a"b\r\nc,d'})
    (row,) = read(signed_in, "deed=token.revoked")
    assert row["values"] == 'note: a"b\r\nc,d'


def test_the_browser_keeps_it_as_a_file(signed_in: Browser, tenant: Tenant) -> None:
    answer = signed_in.get("/audit/audit.csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-acme-')
    assert answer.headers["Cache-Control"] == "no-store"
