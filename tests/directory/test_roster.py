"""The roster follows every write of a person, and finds them by the beginnings of their words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, select

from app import directory
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.directory import Actor, finding, roster
from app.directory.finding import Wanted
from app.directory.tables import RosterLine
from scim.resources import ENTERPRISE, HR, USER

ADMIN = Actor("admin", "test")
MAYA = {
    "schemas": [USER, ENTERPRISE, HR],
    "userName": "m.okafor",
    "displayName": "Máya Okafor-Lindqvist",
    "active": True,
    "emails": [{"type": "work", "value": "maya.okafor@acme.example"}],
    ENTERPRISE: {"employeeNumber": "E 77", "department": "Sales"},
    HR: {"startDate": "2099-01-04", "terminationDate": "not a day"},
}


def hire(tenant: Tenant, **members: Any) -> str:
    """The id of a new employee."""
    with writing() as connection:
        return directory.create(connection, tenant.id, ADMIN, MAYA | members).id


def lines() -> dict[str, Any]:
    """Employee → line, of everybody."""
    with reading() as connection:
        return {row.employee_id: row for row in connection.execute(select(RosterLine.__table__))}


def found(tenant: Tenant, text: str) -> int:
    """How many people fit the words."""
    with reading() as connection:
        return finding.counted(connection, tenant.id, Wanted(text=text, today="2026-01-01")).total


def test_a_line_says_what_lists_ask_for(tenant: Tenant) -> None:
    maya = hire(tenant)
    line = lines()[maya]
    assert (line.active, line.department, line.has_work_email) == (True, "Sales", True)
    assert (line.starts_on, line.ends_on, line.name_key) == ("2099-01-04", None, "máya okafor-lindqvist")


def test_words_begin_names_addresses_and_numbers_with_and_without_marks(tenant: Tenant) -> None:
    hire(tenant)
    for text in ("maya", "MÁYA", "lind", "okafor-l", "m.oka", "okafor@acme", "e", "77", "maya 77 lind"):
        assert found(tenant, text) == 1, text
    for text in ("aya", "acme.example", "maya noor", "%", "_"):
        assert found(tenant, text) == 0, text


def test_a_change_that_a_line_does_not_show_writes_none(tenant: Tenant) -> None:
    maya = hire(tenant)
    heard: list[str] = []
    listener = lambda *given: heard.append(given[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        with writing() as connection:
            directory.merge(connection, tenant.id, maya, ADMIN, {"title": "Director", "nickName": "Maya"})
        assert not [text for text in heard if "UPDATE roster" in text]
        with writing() as connection:
            directory.merge(connection, tenant.id, maya, ADMIN, {"displayName": "Noor"})
        assert [text for text in heard if "UPDATE roster" in text]
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)


def test_a_deleted_person_has_no_line(tenant: Tenant) -> None:
    maya = hire(tenant)
    with writing() as connection:
        directory.delete(connection, tenant.id, maya, ADMIN)
    assert lines() == {}


def test_endless_names_fit_an_index() -> None:
    line = roster.line_of(MAYA | {"displayName": "a" * 10_000, "name": {"familyName": "b " * 9_000}})
    assert len(line["name_key"]) == roster.LONGEST and len(line["words"]) <= roster.MOST_WORDS


def test_both_databases_order_names_and_pages_alike(tenant: Tenant) -> None:
    names = ["Zoë", "zoe", "Émile", "emil", "Ab", "a b", "ÅA", "Åb"]
    for number, name in enumerate(names):
        hire(tenant, userName=f"u{number}", displayName=name)
    who = Wanted(today="2026-01-01")
    with reading() as connection:
        everybody = finding.by_name(connection, tenant.id, who, 20)
        assert [key for _, key in everybody.rows] == sorted(name.lower() for name in names)
        first = finding.by_name(connection, tenant.id, who, 3)
        place = (first.rows[-1][1], first.rows[-1][0])
        rest = finding.by_name(connection, tenant.id, who, 20, after=place)
        assert [*first.rows, *rest.rows] == list(everybody.rows)
        back = finding.by_name(connection, tenant.id, who, 3, before=(rest.rows[0][1], rest.rows[0][0]))
        assert (back.rows, back.has_before, back.has_after) == (first.rows, False, True)
