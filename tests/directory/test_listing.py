"""Lists by index, by cursor and across types: what is on which page, on both databases."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app import directory
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.directory.listing import Listed, Wanted, across, cursor_page, page
from app.directory.shelves import Shelf
from scim.cursors import CursorPage, CursorSeal, Position
from scim.errors import ExpiredCursor, TooMany
from scim.filters import Filter, matches, parse_filter
from scim.paging import CursorPaging
from scim.resources import ENTERPRISE, USER
from scim.sorting import Sort, beyond, in_order, parse_sort, place
from tests.directory.populations import ACTOR, LEASE, SHELVES, Population, created, populate, scope

PEOPLE, GROUPS, DEVICES = SHELVES.values()
SORTS: list[tuple[Shelf, str | None]] = [
    *((PEOPLE, path) for path in (None, "userName", "displayName", "active", "meta.lastModified", "emails")),
    *((PEOPLE, path) for path in ("externalId", "title", f"{ENTERPRISE}:employeeNumber", "meta.version")),
    *((GROUPS, path) for path in (None, "displayName", "meta.created")),
    *((DEVICES, path) for path in ("displayName", "weight", "isNew", "bought", "parts", f"{LEASE}:ends")),
]
DIRECTIONS = ["ascending", "descending"]
FILTERS = {PEOPLE: "active eq true", GROUPS: "members pr", DEVICES: "weight pr or labels pr"}


def sort_of(shelf: Shelf, path: str | None, direction: str | None = None) -> Sort | None:
    """Return a sort of a shelf's resources, None without a path."""
    return parse_sort(path, direction, shelf.resource_type)


def filter_of(shelf: Shelf, text: str) -> Filter:
    """Return a filter of a shelf's resources."""
    return parse_filter(text, shelf.resource_type)


@pytest.fixture
def sent(app: Flask) -> list[str]:
    """Give the list of the statements that were sent, the prepared ones too."""
    statements: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def on_execute(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    return statements


def _read(
    tenant: Tenant, shelf: Shelf, tree: Filter | None, sort: Sort | None, asked: CursorPage
) -> list[Listed]:
    with reading() as connection:
        return cursor_page(connection, scope(tenant), shelf, tree, sort, asked)[1]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("is_filtered", [False, True])
def test_pages_by_index_are_the_ordered_list_cut_into_pieces(
    tenant: Tenant, direction: str, is_filtered: bool
) -> None:
    population = populate(tenant)
    for shelf, path in SORTS:
        sort, tree = (
            sort_of(shelf, path, direction),
            filter_of(shelf, FILTERS[shelf]) if is_filtered else None,
        )
        resources = [one for one in population.of(shelf).values() if tree is None or matches(tree, one)]
        expected = [one["id"] for one in in_order(sort, resources)]
        found: list[str] = []
        with reading() as connection:
            while True:
                total, rows = page(connection, scope(tenant), shelf, tree, sort, len(found) + 1, 4)
                assert total == len(expected), (shelf.name, path)
                if not rows:
                    break
                found += [row.id for row in rows]
        assert found == expected, (shelf.name, path)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("is_filtered", [False, True])
def test_a_cursor_page_is_what_lies_beyond_its_position_on_either_side(
    tenant: Tenant, direction: str, is_filtered: bool
) -> None:
    population = populate(tenant)
    for shelf, path in SORTS:
        sort, tree = (
            sort_of(shelf, path, direction),
            filter_of(shelf, FILTERS[shelf]) if is_filtered else None,
        )
        everything = list(population.of(shelf).values())
        fitting = [one for one in everything if tree is None or matches(tree, one)]
        some = everything[:: max(len(everything) // 6, 1)]
        positions = [Position.at(place(sort, one), is_backward=b) for one in some for b in (False, True)]
        for position in [None, *positions]:
            asked = CursorPage(5, position)
            listed = _read(tenant, shelf, tree, sort, asked)
            expected = [place(sort, one) for one in beyond(sort, fitting, asked)]
            assert [one.place for one in listed] == expected, (shelf.name, path, position)


def test_cursors_lead_through_the_list_and_back(tenant: Tenant) -> None:
    population, sort = populate(tenant), sort_of(PEOPLE, "displayName", "descending")
    paging = CursorPaging(CursorSeal(b"1" * 32), ("acme",), 0)
    asked, pages = CursorPage(4), list[list[str]]()
    while True:
        rows = _read(tenant, PEOPLE, None, sort, asked)
        shown, beside = paging.turned(asked, rows, lambda one: one.place)
        pages.append([one.row.id for one in shown])
        if beside.next_cursor is None:
            break
        asked = paging.asked(beside.next_cursor, None)
    expected = [one["id"] for one in in_order(sort, population.people.values())]
    assert [id_ for ids in pages for id_ in ids] == expected
    for ids in reversed(pages[:-1]):
        assert beside.previous_cursor is not None
        asked = paging.asked(beside.previous_cursor, None)
        shown, beside = paging.turned(asked, _read(tenant, PEOPLE, None, sort, asked), lambda one: one.place)
        assert [one.row.id for one in shown] == ids


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("path", [None, "displayName", "title", "userName"])
def test_pages_by_cursor_stay_right_while_people_come_and_go(
    tenant: Tenant, path: str | None, seed: int
) -> None:
    chance, sort = random.Random(seed), sort_of(PEOPLE, path)
    before = set(populate(tenant, seed).people)
    gone, position, seen = set[str](), None, list[str]()
    for number in range(1_000):
        listed = _read(tenant, PEOPLE, None, sort, CursorPage(3, position))
        seen += [one.row.id for one in listed[:3]]
        if len(listed) <= 3:
            break
        position = Position.at(listed[2].place, is_backward=False)
        with writing() as connection:
            leaver = chance.choice(sorted(before - gone))
            directory.delete(connection, tenant.id, leaver, ACTOR)
            gone.add(leaver)
            if number < 10:
                title = {"title": chance.choice("abc")} if chance.random() < 0.5 else {}
                joiner = {"schemas": [USER], "userName": f"{chance.choice('aIxß')}-{number}", **title}
                directory.create(connection, tenant.id, ACTOR, joiner)
    assert len(seen) == len(set(seen))
    assert before - gone <= set(seen)


def test_a_cursor_with_a_long_key_finds_its_place_again(tenant: Tenant) -> None:
    titles = ["x" * 300 + letter for letter in "cab"]
    people = created(tenant, [{"title": title} for title in titles]).people
    sort = sort_of(PEOPLE, "title")
    second = _read(tenant, PEOPLE, None, sort, CursorPage(3))[1]
    position = Position.at(second.place, is_backward=False)
    assert position.digest is not None
    (last, *_) = listed = _read(tenant, PEOPLE, None, sort, CursorPage(3, position))
    assert (len(listed), last.row.id) == (1, next(iter(people)))
    with writing() as connection:
        directory.delete(connection, tenant.id, second.row.id, ACTOR)
    with pytest.raises(ExpiredCursor):
        _read(tenant, PEOPLE, None, sort, CursorPage(3, position))


def test_a_page_counts_everyone_and_returns_its_window(tenant: Tenant) -> None:
    people = list(created(tenant, [{"active": number % 2 == 0} for number in range(10)]).people)
    with reading() as connection:
        total, rows = page(connection, scope(tenant), PEOPLE, None, None, 4, 3)
        assert (total, [row.id for row in rows]) == (10, people[3:6])
        assert [row.external_id for row in rows] == ["x3", None, "x5"]
        active = filter_of(PEOPLE, "active eq true")
        total, rows = page(connection, scope(tenant), PEOPLE, active, None, 1, 2)
        assert (total, len(rows)) == (5, 2)
        assert page(connection, scope(tenant), PEOPLE, None, None, 11, 5) == (10, [])
        assert page(connection, scope(tenant), PEOPLE, None, None, 1, 0) == (10, [])


# --- across types ---

ALL = [PEOPLE, GROUPS, DEVICES]


def _across(tenant: Tenant, wanted: Sequence[Wanted], count: int) -> list[tuple[str, str]]:
    """Return (type, id) of everything, read in pages."""
    found: list[tuple[str, str]] = []
    with reading() as connection:
        while True:
            total, rows = across(connection, scope(tenant), wanted, len(found) + 1, count)
            found += [(shelf.name, row.id) for shelf, row in rows]
            if not rows:
                assert total == len(found)
                return found


def _fitting(population: Population, wanted: Wanted) -> list[dict[str, Any]]:
    found = population.of(wanted.shelf).values()
    return [one for one in found if wanted.tree is None or matches(wanted.tree, one)]


@pytest.mark.parametrize("filters", [(None, None, None), ("active eq true", None, "weight gt 1")])
def test_types_follow_each_other_as_given_without_a_sort(
    tenant: Tenant, filters: tuple[str | None, ...]
) -> None:
    population = populate(tenant)
    wanted = [Wanted(s, filter_of(s, text) if text else None) for s, text in zip(ALL, filters, strict=True)]
    expected = [
        (one.shelf.name, resource["id"])
        for one in wanted
        for resource in in_order(None, _fitting(population, one))
    ]
    for count in (4, 100):
        assert _across(tenant, wanted, count) == expected


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("path", ["displayName", "externalId", "meta.lastModified", "weight", "emails"])
def test_a_sort_makes_one_list_of_all_types(tenant: Tenant, path: str, direction: str) -> None:
    population = populate(tenant)
    sorts = [sort_of(shelf, path, direction) if shelf.resource_type.resolve(path) else None for shelf in ALL]
    trees = [filter_of(PEOPLE, "groups pr or active eq true"), None, filter_of(DEVICES, "labels pr")]
    wanted = [Wanted(*one) for one in zip(ALL, trees, sorts, strict=True)]
    keyed = {
        (resource["id"]): (place(one.sort, resource)[0], one.shelf.name)
        for one in wanted
        for resource in _fitting(population, one)
    }
    with_key = sorted((key, id_) for id_, (key, _) in keyed.items() if key is not None)
    if direction == "descending":
        with_key.sort(key=lambda entry: entry[0], reverse=True)
    without = sorted(id_ for id_, (key, _) in keyed.items() if key is None)
    ids = [id_ for _, id_ in with_key]
    expected = [*without, *ids] if direction == "descending" else [*ids, *without]
    assert [id_ for _, id_ in _across(tenant, wanted, 7)] == expected


# --- how much is looked at ---


@pytest.mark.parametrize("text", ['title co "a"', 'not (userName eq "a")', 'userName eq "a" or title pr'])
def test_a_filter_that_no_index_narrows_is_refused_beyond_the_limit(tenant: Tenant, text: str) -> None:
    created(tenant, [{"active": True}] * 3)
    tree = filter_of(PEOPLE, text)
    with reading() as connection:
        with pytest.raises(TooMany, match="all 3 resources of type User, more than 2"):
            page(connection, scope(tenant), PEOPLE, tree, None, 1, 10, look_through=2)
        with pytest.raises(TooMany):
            cursor_page(connection, scope(tenant), PEOPLE, tree, None, CursorPage(10), look_through=2)
        with pytest.raises(TooMany):
            across(connection, scope(tenant), [Wanted(GROUPS), Wanted(PEOPLE, tree)], 1, 10, look_through=2)
        for enough in (3, None):
            page(connection, scope(tenant), PEOPLE, tree, None, 1, 10, look_through=enough)


def test_a_narrowed_filter_is_answered_however_many_there_are(tenant: Tenant) -> None:
    created(tenant, [{"active": True}] * 3)
    tree = filter_of(PEOPLE, 'userName sw "a" and title co "a"')
    with reading() as connection:
        page(connection, scope(tenant), PEOPLE, tree, None, 1, 10, look_through=0)


@pytest.mark.parametrize("path", [None, "userName", "displayName", "meta.lastModified"])
def test_a_first_page_costs_one_statement_for_the_total_and_one_for_the_rows(
    tenant: Tenant, path: str | None, sent: list[str]
) -> None:
    created(tenant, [{"active": True}] * 3)
    with reading() as connection:
        del sent[:]
        page(connection, scope(tenant), PEOPLE, None, sort_of(PEOPLE, path), 1, 10)
    assert len(sent) == 2, sent
