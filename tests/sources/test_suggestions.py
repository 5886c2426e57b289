"""Records that may be somebody who is known: suggested, decided by a person, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.errors import NotFoundError, WrongUse
from app.sources import catalog, row_errors, suggestions
from app.sources.catalog import Source
from app.sources.runs import Run

MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "Number"
"name.givenName" = "First"
"name.familyName" = "Last"
"displayName" = "Shown"
"emails[home].value" = "Home"
"emails[work].value" = "Work"
"title" = "Title"
"""
HEADER = "ID,Number,First,Last,Shown,Home,Work,Title"
ADA = {
    "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"type": "work", "value": "ada@example.com"}, {"type": "home", "value": "ada@home.example"}],
}
FACTS = {"title": "Analyst", "state": "active"}
SAME = "9,,ADA,lovelace,,Ada@Home.example,,Analyst"


@pytest.fixture
def ats(rows: Callable[..., Path], add_source: Callable[..., Source]) -> Source:
    """Give the source whose records may be somebody."""
    rows()
    return add_source("ats", mapping=MAPPING)


@pytest.fixture
def rows(write: Callable[..., Path]) -> Callable[..., Path]:
    """Give a function that writes the file of the source."""
    return lambda *lines: write(*lines, header=HEADER)


@pytest.fixture
def ada(tenant: Tenant) -> str:
    """Give the id of somebody who is known."""
    with writing() as connection:
        return directory.create(connection, tenant.id, Actor("client", "1"), dict(ADA)).id


def problems(tenant: Tenant, run: Run) -> list[tuple[str, str]]:
    with reading() as connection:
        return [(line.code, line.reason) for line in row_errors.lines(connection, tenant.id, run.id)]


def waiting(source: Source, **choice: bool) -> list[tuple[str, str, str]]:
    with reading() as connection:
        found = suggestions.listed(connection, source, **choice)
    return [(each.record_id, each.employee_id, each.state) for each in found]


def decide(source: Source, *, is_same: bool, **choice: Any) -> None:
    with writing() as connection:
        suggestions.confirm(connection, source, "9", is_same=is_same, by="admin:eve", **choice)


def facts(source: Source) -> dict[str, str]:
    with reading() as connection:
        return dict(suggestions.of_records(connection, source.tenant_id, source.id, ["9"])["9"].facts)


def everybody(tenant: Tenant) -> int:
    with reading() as connection:
        return directory.total(connection, tenant.id)


def test_who_has_the_personal_email_and_the_name_of_an_employee_is_not_added_but_suggested(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    run = import_from(ats)
    ((code, reason),) = problems(tenant, run)
    assert (run.counts.errored, run.counts.added, code) == (1, 0, "confirm_match")
    assert ada in reason
    assert "home.example" not in reason.lower() and "lovelace" not in reason.lower()
    assert waiting(ats) == [("9", ada, "waiting")]
    assert everybody(tenant) == 1


def test_a_suggestion_says_what_tells_two_people_apart_until_it_is_decided(
    ats: Source, rows: Any, import_from: Any, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    assert facts(ats) == FACTS
    rows(SAME.replace("Analyst", "Countess"))
    import_from(ats)
    assert facts(ats) == FACTS | {"title": "Countess"}
    decide(ats, is_same=False)
    assert facts(ats) == {}


def test_a_dry_run_suggests_and_writes_nothing(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    run = import_from(ats, dry_run=True)
    assert [code for code, _ in problems(tenant, run)] == ["confirm_match"]
    assert waiting(ats) == []


def test_once_confirmed_as_the_same_the_next_import_links_and_merges(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    decide(ats, is_same=True)
    run = import_from(ats)
    assert (run.counts.updated, run.counts.errored) == (1, 0)
    with reading() as connection:
        found = directory.get(connection, tenant.id, ada)
    assert found is not None
    assert (found.document["title"], everybody(tenant)) == ("Analyst", 1)
    assert waiting(ats) == []
    rows(SAME.replace("Analyst", "Countess"))
    assert import_from(ats).counts.updated == 1


def test_once_confirmed_as_somebody_else_the_next_import_adds_them(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    decide(ats, is_same=False)
    run = import_from(ats)
    assert (run.counts.added, run.counts.errored, everybody(tenant)) == (1, 0, 2)
    assert waiting(ats, with_decided=True) == [("9", ada, "other")]


def test_what_waits_stays_waiting_until_it_is_decided(
    ats: Source, rows: Any, import_from: Any, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    assert import_from(ats).counts.errored == 1
    assert waiting(ats) == [("9", ada, "waiting")]


@pytest.mark.parametrize(
    "line",
    [
        "9,,Ada,Lovelace,,other@home.example,,",  # the name alone
        "9,,Byron,Lovelace,,ada@home.example,,",  # the address alone: a family
        "9,,,,Ada Lovelace,,,",  # a shown name alone
        "9,,Ada,Lovelace,,ada@example.com,ada9@example.com,",  # somebody's work address as one's own
    ],
)
def test_nobody_is_suggested_by_less_than_both(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str, line: str
) -> None:
    rows(line)
    assert import_from(ats).counts.added == 1
    assert waiting(ats) == []


def test_without_name_parts_the_shown_name_is_compared(
    ats: Source, rows: Any, import_from: Any, ada: str
) -> None:
    rows("9,,,,ada LOVELACE,ada@home.example,,")
    import_from(ats)
    assert waiting(ats) == [("9", ada, "waiting")]


def test_an_employee_number_or_work_email_matches_before_anything_is_suggested(
    ats: Source, rows: Any, import_from: Any, ada: str
) -> None:
    rows("9,,Ada,Lovelace,,ada@home.example,ada@example.com,Analyst")
    assert import_from(ats).counts.updated == 1
    assert waiting(ats) == []


def test_who_is_another_record_of_the_same_source_is_no_candidate(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant
) -> None:
    rows("8,,Ada,Lovelace,,ada@home.example,ada8@example.com,", SAME)
    assert import_from(ats).counts.added == 2
    assert waiting(ats) == []


def test_of_two_employees_who_look_alike_the_decision_names_one(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    with writing() as connection:
        twin = directory.create(
            connection,
            tenant.id,
            Actor("client", "1"),
            {**ADA, "userName": "ada2", "emails": ADA["emails"][1:]},
        ).id
    rows(SAME)
    reason = problems(tenant, import_from(ats))[0][1]
    assert ada in reason and twin in reason
    decide(ats, is_same=True, employee_id=twin)
    import_from(ats)
    with reading() as connection:
        found = directory.get(connection, tenant.id, twin)
    assert found is not None and found.document["title"] == "Analyst"


def test_a_suggestion_is_settled_when_the_record_is_matched_by_itself(
    ats: Source, rows: Any, import_from: Any, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    rows("9,,Ada,Lovelace,,ada@home.example,ada@example.com,Analyst")
    assert import_from(ats).counts.updated == 1
    assert waiting(ats, with_decided=True) == []


def test_a_confirmed_employee_who_was_linked_meanwhile_is_not_taken(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    decide(ats, is_same=True)
    rows("8,,Ada,Lovelace,,,ada@example.com,Boss", SAME)
    run = import_from(ats)
    assert [code for code, _ in problems(tenant, run)] == ["already_linked"]


def test_only_what_was_suggested_can_be_confirmed(ats: Source, rows: Any, import_from: Any, ada: str) -> None:
    with pytest.raises(NotFoundError, match="Nothing waits"):
        decide(ats, is_same=True)
    rows(SAME)
    import_from(ats)
    with pytest.raises(WrongUse, match="--same only"):
        decide(ats, is_same=False, employee_id=ada)


def test_a_decision_has_a_source_that_is_asked_for_changes_read_whole(
    ats: Source, rows: Any, import_from: Any, tenant: Tenant, ada: str
) -> None:
    rows(SAME)
    import_from(ats)
    with writing() as connection:
        catalog.write(connection, ats, watermark={"since": 1}, read_whole_at="2026-01-01T00:00:00.000000Z")
    decide(ats, is_same=True)
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "ats").read_whole_at is None
