"""RFC 7644 §3.4.2.4, RFC 9865: pages by index and by cursor, and the ListResponse of either."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import ListResponse

from scim.cursors import CursorPage, CursorSeal, Position
from scim.errors import ExpiredCursor, InvalidCount, InvalidCursor, InvalidValue
from scim.paging import CursorPaging, Neighbours, Page, list_response, list_text, parse
from scim.resources import UserModel, user_type
from scim.sorting import Document, Sort, beyond, in_order, parse_sort, place


@pytest.mark.parametrize(
    ("start_index", "count", "page"),
    [
        (None, None, Page(1, 100)),
        ("", "", Page(1, 100)),
        ("0", "10", Page(1, 10)),
        ("-5", "-1", Page(1, 0)),
        ("7", "0", Page(7, 0)),
        ("1", "1001", Page(1, 1_000)),
        (3, 4, Page(3, 4)),
        ("9" * 40, "9" * 40, Page(2**53, 1_000)),
    ],
)
def test_parameters_are_brought_within_the_limits(start_index: Any, count: Any, page: Page) -> None:
    assert parse(start_index, count) == page


@pytest.mark.parametrize("given_text", ["x", "1.5", "1e3", "9" * 5_000, True, [1], 1.5])
def test_what_is_no_integer_is_refused_by_name(given_text: Any) -> None:
    with pytest.raises(InvalidValue, match="count"):
        parse(1, given_text)
    with pytest.raises(InvalidValue, match="startIndex"):
        parse(given_text, 1)


@given(st.text() | st.integers(), st.text() | st.integers())
def test_every_page_can_be_asked_of_a_database(start_index: Any, count: Any) -> None:
    try:
        page = parse(start_index, count)
    except InvalidValue:
        return
    assert 0 <= page.offset < 2**63 and 0 <= page.count <= 1_000


# --- pages by cursor ---

NOW = 1_800_000_000
PAGING = CursorPaging(CursorSeal(bytes(32)), ("7", "/Users"), NOW)


def cursor_of(count: int, position: Position | None = None) -> str:
    return PAGING.seal.seal(CursorPage(count, position), PAGING.query, NOW)


@pytest.mark.parametrize(
    ("count", "taken"), [(None, 100), ("", 100), ("10", 10), (10, 10), ("0", 0), ("-3", 0), ("1000", 1_000)]
)
def test_an_empty_cursor_asks_for_the_first_page(count: Any, taken: int) -> None:
    assert PAGING.asked("", count) == CursorPage(taken, None)


@pytest.mark.parametrize("count", ["1001", "x", "1.5", True, [1], "9" * 5_000])
def test_a_count_that_no_page_can_have_is_an_invalid_count(count: Any) -> None:
    with pytest.raises(InvalidCount, match=r"^count: "):
        PAGING.asked("", count)


@pytest.mark.parametrize("count", ["10", 10, None, ""])
def test_a_cursor_asks_for_a_page_of_the_size_of_the_first(count: Any) -> None:
    position = Position("bjensen", "1")
    assert PAGING.asked(cursor_of(10, position), count) == CursorPage(10, position)


@pytest.mark.parametrize("count", ["11", "0", "-1", "100", 9])
def test_the_count_must_be_that_of_the_initial_query(count: Any) -> None:
    with pytest.raises(InvalidCount, match="is not the 10 of the first page"):
        PAGING.asked(cursor_of(10), count)


@pytest.mark.parametrize("start_index", ["1", "7", 1, 0])
def test_cursor_and_start_index_together_are_refused(start_index: Any) -> None:
    with pytest.raises(InvalidValue, match="two ways of paging"):
        PAGING.asked("", None, start_index)


@pytest.mark.parametrize("start_index", [None, ""])
def test_an_empty_start_index_says_nothing(start_index: Any) -> None:
    assert PAGING.asked("", None, start_index) == CursorPage(100)


def test_what_is_wrong_with_the_cursor_is_said_before_what_is_wrong_with_the_count() -> None:
    with pytest.raises(InvalidCursor):
        PAGING.asked("forged", "1001")
    later = CursorPaging(PAGING.seal, PAGING.query, NOW + 11, timeout=10)
    with pytest.raises(ExpiredCursor):
        later.asked(cursor_of(10), "11")


def test_a_page_without_resources_reads_none_and_has_no_neighbours() -> None:
    page = PAGING.asked("", "0")
    assert page.limit == 0
    assert PAGING.turned(page, [], place_of) == ([], Neighbours())


# --- walks, over a list in memory that stands for the database ---


def place_of(document: Document, sort: Sort | None = None) -> Any:
    return place(sort, document)


def turn(
    documents: list[Document], sort: Sort | None, cursor: str, count: int
) -> tuple[list[str], Neighbours]:
    page = PAGING.asked(cursor, count)
    shown, neighbours = PAGING.turned(page, beyond(sort, documents, page), lambda d: place(sort, d))
    return [document["id"] for document in shown], neighbours


def people(names: str) -> list[Document]:
    return [{"id": name, "title": name} for name in names]


def test_the_first_page_has_no_previous_and_the_last_no_next_cursor() -> None:
    first, beside = turn(people("abcde"), None, "", 2)
    assert first == ["a", "b"] and beside.next_cursor and not beside.previous_cursor
    second, beside = turn(people("abcde"), None, beside.next_cursor, 2)
    assert second == ["c", "d"] and beside.next_cursor and beside.previous_cursor
    last, beside = turn(people("abcde"), None, beside.next_cursor, 2)
    assert last == ["e"] and not beside.next_cursor and beside.previous_cursor


def test_a_list_that_fills_its_last_page_has_no_empty_page_behind_it() -> None:
    _, beside = turn(people("abcd"), None, "", 2)
    last, beside = turn(people("abcd"), None, beside.next_cursor or "", 2)
    assert last == ["c", "d"] and beside.next_cursor is None


def test_the_previous_page_is_in_the_order_of_the_list_and_leads_back() -> None:
    _, beside = turn(people("abcde"), None, "", 2)
    _, beside = turn(people("abcde"), None, beside.next_cursor or "", 2)
    first, beside = turn(people("abcde"), None, beside.previous_cursor or "", 2)
    assert first == ["a", "b"] and beside.previous_cursor is None
    assert turn(people("abcde"), None, beside.next_cursor or "", 2)[0] == ["c", "d"]


def test_when_nothing_is_left_before_a_page_the_next_one_is_the_first() -> None:
    _, beside = turn(people("abcd"), None, "", 2)
    _, beside = turn(people("abcd"), None, beside.next_cursor or "", 2)
    gone, beside = turn(people("cd"), None, beside.previous_cursor or "", 2)
    assert gone == [] and beside.previous_cursor is None
    assert turn(people("cd"), None, beside.next_cursor or "", 2)[0] == ["c", "d"]


def test_when_everything_behind_a_page_is_gone_the_next_one_is_the_last() -> None:
    _, beside = turn(people("abcd"), None, "", 2)
    assert turn(people("ab"), None, beside.next_cursor or "", 2) == ([], Neighbours())


TITLES = st.lists(st.none() | st.sampled_from(["a", "B", "b", "c", "é", "x" * 150]), max_size=15)
SORTS = st.sampled_from(
    [None, *(parse_sort("title", order, user_type()) for order in ("ascending", "descending"))]
)


def titled(titles: list[str | None]) -> list[Document]:
    return [
        {"id": f"{number:03}", **({"title": title} if title else {})}
        for number, title in enumerate(titles, start=1)
    ]


@given(TITLES, SORTS, st.integers(1, 5))
def test_a_walk_forward_and_back_shows_the_list_twice(
    titles: list[str | None], sort: Sort | None, count: int
) -> None:
    documents = titled(titles)
    ordered = [document["id"] for document in in_order(sort, documents)]
    pages, cursor = [], ""
    while True:
        shown, beside = turn(documents, sort, cursor, count)
        pages.append(shown)
        if beside.next_cursor is None:
            break
        cursor = beside.next_cursor
    assert [name for page in pages for name in page] == ordered
    for expected in reversed(pages[:-1]):
        shown, beside = turn(documents, sort, beside.previous_cursor or "", count)
        assert shown == expected
    assert beside.previous_cursor is None


@given(TITLES, TITLES, SORTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_who_stays_is_shown_exactly_once_while_others_come_and_go(
    staying: list[str | None],
    passing: list[str | None],
    sort: Sort | None,
    count: int,
    chance: random.Random,
) -> None:
    documents = titled(staying + passing)
    chance.shuffle(documents)
    stays = {document["id"] for document in documents if chance.random() < 0.5}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        present = [d for d in documents if d["id"] in stays or chance.random() < 0.5]
        shown, beside = turn(present, sort, cursor, count)
        seen.extend(shown)
        cursor = beside.next_cursor
    assert len(seen) == len(set(seen)) and stays <= set(seen)


# --- list responses ---


def test_a_list_response_is_what_scim2_models_reads() -> None:
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "babs"}
    read = ListResponse[UserModel].model_validate(list_response([user], 7, Page(3, 1)))
    assert (read.total_results, read.start_index, read.items_per_page) == (7, 3, 1)
    assert read.resources[0].user_name == "babs"


def test_an_empty_list_has_empty_resources() -> None:
    assert list_response([], 0, Page())["Resources"] == []


def test_a_list_response_by_cursor_has_cursors_and_no_index() -> None:
    document = list_response([], 7, Neighbours("n-_", "p"))
    assert (document["nextCursor"], document["previousCursor"]) == ("n-_", "p")
    assert "startIndex" not in document
    read = ListResponse[UserModel].model_validate(document)
    assert (read.next_cursor, read.previous_cursor) == ("n-_", "p")


def test_a_cursor_is_absent_where_there_is_no_page() -> None:
    assert list_response([], 0, Neighbours()).keys().isdisjoint({"nextCursor", "previousCursor"})


@pytest.mark.parametrize("page", [Page(3, 2), Neighbours(), Neighbours("n"), Neighbours(None, "p-_")])
@pytest.mark.parametrize("resources", [[], [{"id": "1"}], [{"id": "1"}, {"id": "2", "title": 'a "b"'}]])
def test_the_text_of_a_list_is_its_document(page: Page | Neighbours, resources: list[Any]) -> None:
    text = list_text([json.dumps(resource) for resource in resources], 5, page)
    assert json.loads(text) == list_response(resources, 5, page)
