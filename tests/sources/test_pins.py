"""Pinned values: nobody but who pinned them changes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.errors import NotFoundError, WrongUse
from app.sources import pins, precedence
from app.sources.pins import AS_IT_IS, Pin
from app.sources.precedence import field_named
from scim.errors import NotFound, Uniqueness
from tests.sources.employees import BY, Books

EVE = Actor("admin", "eve@example.com")


@pytest.fixture
def books(tenant: Tenant, tmp_path: Path) -> Books:
    """Give the sources ``hr`` and ``ats``, which know Ada, an engineer."""
    made = Books(tenant.id, tmp_path, ("hr", "ats"))
    made.say("hr", title="Engineer")
    return made


def pin(books: Books, field: str, value: Any = AS_IT_IS, note: str = "") -> Pin:
    with writing() as connection:
        place = (connection, books.tenant_id, books.employee)
        return pins.put(*place, field_named(field), EVE, value=value, note=note)


def unpin(books: Books, field: str) -> None:
    with writing() as connection:
        pins.take_away(connection, books.tenant_id, books.employee, field_named(field), EVE)


def test_a_pinned_value_is_written_and_no_source_changes_it(books: Books) -> None:
    pin(books, "title", "Countess")
    run = books.say("hr", title="Principal")
    assert books.value("title") == "Countess"
    assert books.owner("title") == "admin:eve@example.com"
    assert (run.counts.skipped, run.counts.errored) == (1, 0)


def test_the_strongest_source_changes_no_pinned_value(books: Books, tenant: Tenant) -> None:
    with writing() as connection:
        precedence.put(connection, tenant.id, "*", ["source:hr", "source:ats"], BY)
    pin(books, "title", "Countess")
    books.again("hr")
    assert books.value("title") == "Countess"


def test_what_stands_can_be_pinned_as_it_is(books: Books) -> None:
    pin(books, "title")
    books.say("hr", title="Principal")
    assert books.value("title") == "Engineer"
    assert books.owner("title") == "source:hr"


def test_an_empty_value_can_be_pinned(books: Books) -> None:
    pin(books, "title", "")
    books.say("hr", title="Principal")
    assert books.value("title") is None


def test_other_fields_of_the_row_are_written_as_ever(books: Books) -> None:
    pin(books, "title")
    books.say("hr", title="Principal", department="R&D")
    assert (books.value("title"), books.value("department")) == ("Engineer", "R&D")


def test_a_pin_withholds_from_a_source_that_matches_for_the_first_time(books: Books) -> None:
    pin(books, "title")
    books.say("ats", title="Candidate")
    assert books.value("title") == "Engineer"


def test_once_let_go_the_next_import_says_what_the_source_has_said_meanwhile(books: Books) -> None:
    pin(books, "title", "Countess")
    books.say("hr", title="Principal")
    unpin(books, "title")
    assert books.value("title") == "Countess"
    assert books.again("hr").counts.updated == 1
    assert books.value("title") == "Principal"


def test_a_pin_names_who_when_and_why_and_can_be_renewed(books: Books, tenant: Tenant) -> None:
    pin(books, "Department", "Labs", note="she asked")
    made = pin(books, "Department", note="she asked twice")
    with reading() as connection:
        found = pins.of_employees(connection, tenant.id, [books.employee])[books.employee]
    assert list(found.values()) == [made]
    assert (made.field, made.by, made.note) == (
        "enterprise.department",
        "admin:eve@example.com",
        "she asked twice",
    )


def test_only_what_is_pinned_can_be_let_go(books: Books) -> None:
    with pytest.raises(NotFoundError, match="not pinned"):
        unpin(books, "title")


@pytest.mark.parametrize(
    ("field", "value"),
    [("active", "perhaps"), ("hr.startDate", "soon"), ("emails[work].value", "nobody"), ("userName", " ")],
)
def test_a_value_that_does_not_fit_its_field_is_refused(books: Books, field: str, value: str) -> None:
    with pytest.raises(WrongUse):
        pin(books, field, value)


def test_a_user_name_that_is_taken_cannot_be_pinned(books: Books, tenant: Tenant) -> None:
    with writing() as connection:
        directory.create(connection, tenant.id, EVE, {"userName": "taken"})
    with pytest.raises(Uniqueness):
        pin(books, "userName", "taken")


def test_nobody_who_is_not_there_is_pinned(books: Books, tenant: Tenant) -> None:
    with writing() as connection, pytest.raises(NotFound):
        pins.put(connection, tenant.id, "nobody", field_named("title"), EVE)


def test_of_an_employee_who_was_deleted_nothing_is_pinned(books: Books, tenant: Tenant) -> None:
    pin(books, "title")
    with writing() as connection:
        directory.delete(connection, tenant.id, books.employee, EVE)
        assert not pins.has_any(connection, tenant.id)
