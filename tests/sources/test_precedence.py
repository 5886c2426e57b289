"""Whose word counts: the lists of a tenant, and what they make of several sources."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import create_app, directory
from app.access import tenants
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.directory import Actor
from app.errors import NotFoundError, WrongUse
from app.sources import catalog, precedence
from app.sources.precedence import Precedence, field_named, value_paths
from scim.resources import ENTERPRISE
from tests.conftest import make_settings
from tests.sources.employees import BY, Books

_audit = AuditRow.__table__.c
FIELDS = {"title": "title", "department": f"{ENTERPRISE}:department"}


@pytest.fixture
def books(tenant: Tenant, tmp_path: Path) -> Books:
    """Give the sources ``hr``, ``ats`` and ``lms``, a file each."""
    return Books(tenant.id, tmp_path, ("hr", "ats", "lms"))


def rank(tenant: Tenant, field: str, *writers: str) -> None:
    """Store a list."""
    with writing() as connection:
        precedence.put(connection, tenant.id, field, writers, BY)


# --- the lists ------------------------------------------------------------------------------------------------------


def test_without_a_list_the_last_writer_wins(books: Books) -> None:
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    assert books.value("title") == "Candidate"


def test_a_stronger_writers_value_is_not_overwritten_and_that_is_no_error(
    books: Books, tenant: Tenant
) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("hr", title="Engineer")
    run = books.say("ats", title="Candidate")
    assert books.value("title") == "Engineer"
    assert (run.counts.skipped, run.counts.errored) == (1, 0)


def test_the_list_for_every_field_gives_way_to_a_fields_own(books: Books, tenant: Tenant) -> None:
    rank(tenant, "*", "source:hr", "source:ats")
    rank(tenant, "department", "source:ats", "source:hr")
    books.say("hr", title="Engineer", department="R&D")
    books.say("ats", title="Candidate", department="Labs")
    books.say("hr", title="Engineer", department="Research")
    assert (books.value("title"), books.value("department")) == ("Engineer", "Labs")


def test_who_is_not_named_stands_behind_all_who_are(books: Books, tenant: Tenant) -> None:
    rank(tenant, "title", "source:hr")
    books.say("lms", title="Learner")
    books.say("hr", title="Engineer")
    books.say("lms", title="Pupil")
    assert books.value("title") == "Engineer"


def test_a_withheld_value_is_no_work_at_the_next_import(books: Books, tenant: Tenant) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    with books.statements() as texts:
        books.again("ats")
    assert not [text for text in texts if text.startswith(("UPDATE employee", "INSERT INTO source_record"))]


def test_a_list_that_is_set_later_counts_with_the_next_import(books: Books, tenant: Tenant) -> None:
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    rank(tenant, "title", "source:hr", "source:ats")
    assert books.value("title") == "Candidate"
    run = books.again("hr")
    assert (books.value("title"), run.counts.updated) == ("Engineer", 1)
    assert books.again("hr").counts.skipped == 1


def test_what_a_stronger_source_empties_is_left_to_the_weaker_one(books: Books, tenant: Tenant) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    books.say("hr", title="")
    assert books.value("title") is None
    books.again("ats")
    assert books.value("title") == "Candidate"


def test_an_empty_cell_of_a_stronger_source_takes_nothing_away_from_others(
    books: Books, tenant: Tenant
) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("ats", title="Candidate")
    books.say("hr", title="")
    assert books.value("title") == "Candidate"


@pytest.mark.parametrize("leave", ["remove", "disconnect"])
def test_a_source_that_is_gone_has_no_word(books: Books, tenant: Tenant, leave: str) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    with writing() as connection:
        if leave == "remove":
            catalog.remove(connection, tenant.id, "hr", BY)
        else:
            # A file cannot be disconnected as a vendor can; its state can be that of one that was.
            catalog.write(connection, catalog.named(connection, tenant.id, "hr"), state="disconnected")
    books.again("ats")
    assert books.value("title") == "Candidate"


def test_who_says_the_same_with_more_weight_owns_the_value(books: Books, tenant: Tenant) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("ats", title="Engineer")
    books.say("hr", title="Engineer")
    books.say("ats", title="Candidate")
    assert books.value("title") == "Engineer"
    assert books.owner("title") == "source:hr"


def test_an_admins_change_that_is_not_pinned_lasts_until_the_next_import(
    books: Books, tenant: Tenant
) -> None:
    rank(tenant, "title", "source:hr")
    books.say("hr", title="Engineer")
    with writing() as connection:
        directory.merge(connection, tenant.id, books.employee, Actor("admin", "ada"), {"title": "Queen"})
    books.again("hr")
    assert books.value("title") == "Engineer"


def test_a_dry_run_counts_what_precedence_leaves_of_it(books: Books, tenant: Tenant) -> None:
    rank(tenant, "title", "source:hr", "source:ats")
    books.say("hr", title="Engineer")
    books.write("ats", title="Candidate")
    assert books.again("ats", dry_run=True).counts.skipped == 1


def test_a_change_of_precedence_has_every_source_read_whole(books: Books, tenant: Tenant) -> None:
    with writing() as connection:
        known = catalog.named(connection, tenant.id, "hr")
        catalog.write(connection, known, watermark={"since": 1}, read_whole_at="2026-01-01T00:00:00.000000Z")
    rank(tenant, "title", "source:hr")
    with reading() as connection:
        assert catalog.named(connection, tenant.id, "hr").read_whole_at is None


@pytest.mark.parametrize(("field", "is_read_whole"), [("title", True), (None, False)])
def test_the_end_of_a_source_has_the_others_read_whole_where_there_is_a_list(
    books: Books, tenant: Tenant, field: str | None, is_read_whole: bool
) -> None:
    if field is not None:
        rank(tenant, field, "source:hr", "source:ats")
    with writing() as connection:
        ats = catalog.named(connection, tenant.id, "ats")
        catalog.write(connection, ats, read_whole_at="2026-01-01T00:00:00.000000Z")
        catalog.remove(connection, tenant.id, "hr", BY)
        assert (catalog.named(connection, tenant.id, "ats").read_whole_at is None) is is_read_whole


def test_a_removed_source_stands_in_no_list_any_more_and_a_list_of_it_alone_goes_away(
    books: Books, tenant: Tenant
) -> None:
    rank(tenant, "*", "source:ats")
    rank(tenant, "title", "source:ats", "source:hr")
    rank(tenant, "department", "source:hr")
    with writing() as connection:
        catalog.remove(connection, tenant.id, "hr", BY)
        assert precedence.listed(connection, tenant.id) == {"title": ["source:ats"], "*": ["source:ats"]}
        query = select(_audit.action, _audit.subject).where(_audit.action.startswith("precedence."))
        deeds = connection.execute(query.order_by(_audit.id.desc()).limit(2)).all()
    assert sorted(deeds) == [
        ("precedence.removed", "field:enterprise.department"),
        ("precedence.set", "field:title"),
    ]


def test_lists_are_shown_as_they_were_set_and_can_be_taken_away(books: Books, tenant: Tenant) -> None:
    rank(tenant, "*", "source:ats")
    rank(tenant, "title", "source:hr", "source:ats")
    with writing() as connection:
        assert list(precedence.listed(connection, tenant.id).items()) == [
            ("title", ["source:hr", "source:ats"]),
            ("*", ["source:ats"]),
        ]
        assert precedence.take_away(connection, tenant.id, "Title", BY) == "title"
        assert list(precedence.listed(connection, tenant.id)) == ["*"]
        with pytest.raises(NotFoundError, match="no list of its own"):
            precedence.take_away(connection, tenant.id, "title", BY)


@pytest.mark.parametrize(
    ("field", "writers", "error"),
    [
        ("titel", ("source:hr",), WrongUse),
        ("hr.salary.amount", ("source:hr",), WrongUse),
        ("title", (), WrongUse),
        ("title", ("source:hr", "source:hr"), WrongUse),
        ("title", ("hr",), WrongUse),
        ("title", ("source:nobody",), NotFoundError),
        ("title", ("client:nobody",), NotFoundError),
    ],
)
def test_a_list_that_means_nothing_is_refused(
    books: Books, tenant: Tenant, field: str, writers: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        rank(tenant, field, *writers)


def test_every_field_has_one_value_path() -> None:
    paths = value_paths()
    assert len(set(paths.values())) == len(paths)
    assert paths["enterprise.department"] == f"{ENTERPRISE}:department"


def test_a_field_is_found_in_any_spelling() -> None:
    assert field_named("Department").name == "enterprise.department"


def test_an_unchanged_source_makes_nobody_active_whom_an_unnamed_hand_has_set_inactive() -> None:
    lists = Precedence({"*": {"source:hr": 0, "source:ats": 1}}, frozenset({"source:hr", "source:ats"}))
    assert not lists.lets("active", "source:hr", "admin:eve", value=True, is_changed=False)
    assert lists.lets("active", "source:hr", "admin:eve", value=True, is_changed=True)
    assert lists.lets("active", "source:hr", "source:ats", value=True, is_changed=False)
    assert lists.lets("active", "source:hr", "admin:eve", value=False, is_changed=False)


# --- the law --------------------------------------------------------------------------------------------------------

_WRITERS = ("hr", "ats", "lms")
_WORDS = st.sampled_from(["", "a", "b", "c"])
_STEPS = st.lists(st.tuples(st.sampled_from(_WRITERS), _WORDS, _WORDS), min_size=1, max_size=7)
_LISTS = st.dictionaries(st.sampled_from(["title", "enterprise.department", "*"]), st.permutations(_WRITERS))


@pytest.fixture(scope="module")
def lawbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Books]]:
    """Give a function that makes three sources in a tenant of their own, in one SQLite database for all examples."""
    path = tmp_path_factory.mktemp("law")
    application = create_app(make_settings(f"sqlite:///{path}/law.db", path))
    numbers = count()
    with application.app_context():
        db.metadata.create_all(db.engine)

        def made() -> Books:
            number = next(numbers)
            folder = path / str(number)
            folder.mkdir()
            with writing() as connection:
                tenant = tenants.create(connection, f"law-{number}")
            return Books(tenant.id, folder, _WRITERS)

        yield made
        db.engine.dispose()
    shutil.rmtree(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=_LISTS, early=st.booleans(), steps=_STEPS, last=st.permutations(_WRITERS))
def test_in_whatever_order_sources_speak_the_strongest_that_has_a_word_is_heard(
    lawbooks: Callable[[], Books],
    lists: dict[str, list[str]],
    early: bool,
    steps: list[tuple[str, str, str]],
    last: list[str],
) -> None:
    books = lawbooks()

    def set_lists() -> None:
        for field, writers in lists.items():
            with writing() as connection:
                precedence.put(connection, books.tenant_id, field, [f"source:{w}" for w in writers], BY)

    if early:
        set_lists()
    words: dict[str, tuple[str, str]] = {}
    for name, title, department in steps:
        books.say(name, title=title, department=department)
        words[name] = (title, department)
    if not early:
        set_lists()
    for name in last:
        if name in words:
            books.again(name)
    for place, field in enumerate(("title", "enterprise.department")):
        writers = lists.get(field) or lists.get("*")
        if writers is None:
            continue
        heard = [words[writer][place] for writer in writers if words.get(writer, ("", ""))[place]]
        assert books.value(field.rpartition(".")[2]) == (heard[0] if heard else None)
    for name in words:
        assert books.again(name).counts.updated == 0


@given(
    writers=st.permutations(["source:a", "source:b", "client:1"]),
    one=st.sampled_from(["source:a", "source:b", "client:1", "admin:x"]),
    other=st.sampled_from(["source:a", "source:b", "client:1", "admin:x"]),
)
def test_of_two_writers_one_at_most_may_take_the_others_value_unasked(
    writers: list[str], one: str, other: str
) -> None:
    lists = Precedence({"title": {w: n for n, w in enumerate(writers)}}, frozenset({"source:a", "source:b"}))
    takes = lists.lets("title", one, other, "x", is_changed=False)
    assert not (takes and lists.lets("title", other, one, "x", is_changed=False))
