"""One person known by several sources: linked once, and every value says where it is from."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.provisioning import origins
from app.sources import catalog, explaining, pins, precedence
from app.sources.explaining import Told
from app.sources.precedence import field_named, path_of
from app.sources.tables import source_record
from tests.sources.employees import BY, MAPPING, Books


@pytest.fixture
def books(tenant: Tenant, tmp_path: Path) -> Books:
    """Give the sources ``hr`` and ``ats``."""
    return Books(tenant.id, tmp_path, ("hr", "ats"))


def told(books: Books) -> dict[str, Told]:
    with reading() as connection:
        found = directory.get(connection, books.tenant_id, books.employee)
        assert found is not None
        owners = directory.owners(connection, books.tenant_id, found.id)
        return explaining.told_of(connection, books.tenant_id, found.id, found.document, owners)


def codes(books: Books, field: str) -> dict[str, str]:
    return {word.source: word.code for word in told(books)[path_of(field_named(field))].words}


def test_records_of_several_sources_are_one_employee(books: Books, tenant: Tenant) -> None:
    books.say("hr", title="Engineer")
    books.say("ats", title="Engineer", department="R&D")
    with reading() as connection:
        assert directory.total(connection, tenant.id) == 1
        query = select(source_record.c.employee_id).where(source_record.c.tenant_id == tenant.id)
        assert list(connection.scalars(query)) == [books.employee] * 2
    assert (books.value("title"), books.value("department")) == ("Engineer", "R&D")


def test_each_value_says_who_wrote_it_and_by_which_rule(books: Books) -> None:
    books.say("hr", title="Engineer")
    (word,) = told(books)["title"].words
    assert (word.source, word.record, word.rule, word.code) == ("hr", "7", '"Title"', "stands")


def test_the_same_the_silent_and_the_overwritten_are_told_apart(books: Books) -> None:
    books.say("hr", title="Engineer", department="R&D")
    books.say("ats", title="Candidate")
    assert codes(books, "title") == {"hr": "overwritten", "ats": "stands"}
    assert codes(books, "department") == {"hr": "emptied", "ats": "silent"}
    assert codes(books, "name.familyName") == {"hr": "stands", "ats": "same"}


def test_what_precedence_withholds_is_told_with_who_stands_before_it(books: Books, tenant: Tenant) -> None:
    with writing() as connection:
        precedence.put(connection, tenant.id, "*", ["source:hr", "source:ats"], BY)
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate", department="Labs")
    assert codes(books, "title") == {"hr": "stands", "ats": "weaker"}
    found = told(books)["title"]
    assert found.writers == ("source:hr", "source:ats")
    assert found.words[1].says == "says another value; source:hr stands before it"
    with writing() as connection:
        precedence.put(connection, tenant.id, "title", ["source:ats", "source:hr"], BY)
    assert codes(books, "title") == {"hr": "stands", "ats": "to_come"}


def test_that_an_unchanged_source_revives_nobody_is_told(books: Books, tenant: Tenant) -> None:
    active = MAPPING + '"active" = { from = "Title", map = { "Engineer" = true, "Gone" = false } }\n'
    with writing() as connection:
        catalog.write(connection, catalog.named(connection, tenant.id, "hr"), mapping=active)
        precedence.put(connection, tenant.id, "*", ["source:hr"], BY)
    books.say("hr", title="Engineer")
    with writing() as connection:
        directory.merge(connection, tenant.id, books.employee, Actor("admin", "eve"), {"active": False})
    books.say("hr", title="Engineer", department="Labs")
    assert (books.value("active"), codes(books, "active")) == (False, {"hr": "waits"})


def test_a_pin_is_told_with_who_and_why(books: Books, tenant: Tenant) -> None:
    books.say("hr", title="Engineer")
    with writing() as connection:
        place = (connection, tenant.id, books.employee, field_named("title"), Actor("admin", "eve"))
        pins.put(*place, value="Countess", note="she asked")
    found = told(books)["title"]
    assert found.pin is not None
    assert (found.pin.by, found.pin.note) == ("admin:eve", "she asked")
    assert [word.code for word in found.words] == ["pinned"]


def test_a_pin_of_nothing_is_told_too(books: Books, tenant: Tenant) -> None:
    books.say("hr")
    with writing() as connection:
        pins.put(connection, tenant.id, books.employee, field_named("nickName"), Actor("admin", "eve"))
    assert told(books)["nickName"].pin is not None


def test_what_is_asked_once_is_told_so(books: Books, tenant: Tenant) -> None:
    once = MAPPING.replace('"title" = "Title"', '"title" = { from = "Title", once = true }')
    with writing() as connection:
        catalog.write(connection, catalog.named(connection, tenant.id, "hr"), mapping=once)
    books.say("hr", title="Engineer")
    books.say("hr", title="Principal")
    assert books.value("title") == "Engineer"
    assert codes(books, "title") == {"hr": "once"}


def test_a_rule_that_the_mapping_has_lost_is_told_so(books: Books, tenant: Tenant) -> None:
    books.say("hr", title="Engineer")
    with writing() as connection:
        known = catalog.named(connection, tenant.id, "hr")
        catalog.write(connection, known, mapping=MAPPING.replace('"title" = "Title"\n', ""))
    assert told(books)["title"].words[0].rule is None


def test_a_value_that_a_stronger_source_took_over_names_no_run_of_another(
    books: Books, tenant: Tenant
) -> None:
    with writing() as connection:
        precedence.put(connection, tenant.id, "title", ["source:hr", "source:ats"], BY)
    run = books.say("ats", title="Engineer").id
    with reading() as connection:
        assert origins.of(connection, tenant.id, books.employee)["title"].run == run
    books.say("hr", title="Engineer")
    with reading() as connection:
        origin = origins.of(connection, tenant.id, books.employee)["title"]
    assert (origin.owner, origin.run) == ("source:hr", None)
