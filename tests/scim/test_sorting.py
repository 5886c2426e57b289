"""RFC 7644 §3.4.2.3: by what a list is sorted, and what comes before what."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import Context, SearchRequest

from scim.cursors import CursorPage, Position
from scim.errors import InvalidFilter, InvalidValue, ScimError, Sensitive
from scim.resources import ENTERPRISE, HR, USER, UserModel, group_type, user_type
from scim.sorting import Document, Sort, beyond, in_order, parse_sort, place, sort_key
from tests.scim.resource_types import EXTRA, extended_user_type


def sort_by(text: str, order: str | None = None, **options: Any) -> Sort:
    sort = parse_sort(text, order, extended_user_type(), **options)
    assert sort is not None
    return sort


def people(*values: dict[str, Any]) -> list[Document]:
    return [{"id": str(number), **value} for number, value in enumerate(values, start=1)]


def ids(sort: Sort | None, documents: list[Document]) -> str:
    return "".join(document["id"] for document in in_order(sort, documents))


# --- what may be asked for ---


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("userName", (None, "userName", None)),
        ("USERNAME", (None, "userName", None)),
        (f"{USER}:name.FamilyName", (None, "name", "familyName")),
        ("meta.lastModified", (None, "meta", "lastModified")),
        ("id", (None, "id", None)),
        (f"{ENTERPRISE}:department", (ENTERPRISE, "department", None)),
        (f"{HR.upper()}:startDate", (HR, "startDate", None)),
    ],
)
def test_an_attribute_is_named_in_any_case_with_its_urn_or_without(text: str, path: Any) -> None:
    assert sort_by(text).path == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("emails", (None, "emails", "value")),
        ("emails.display", (None, "emails", "display")),
        (f"{ENTERPRISE}:manager", (ENTERPRISE, "manager", "value")),
    ],
)
def test_a_complex_attribute_stands_for_its_value(text: str, path: Any) -> None:
    assert sort_by(text).path == path


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("name", "familyName"),
        ("meta", "lastModified"),
        ("addresses", "country"),
        (f"{HR}:sources", "recordId"),
    ],
)
def test_a_complex_attribute_without_a_value_is_refused_with_what_to_choose_from(
    text: str, choice: str
) -> None:
    with pytest.raises(InvalidValue, match=choice):
        sort_by(text)


def test_a_sort_knows_the_type_that_its_path_ends_in() -> None:
    sort = sort_by("emails", "DESCENDING")
    assert (sort.type, sort.case_exact, sort.multi_valued, sort.descending) == ("string", False, True, True)
    created = sort_by("meta.created")
    assert (created.type, created.multi_valued) == ("dateTime", False)


@pytest.mark.parametrize(
    ("order", "descending"),
    [(None, False), ("", False), ("ascending", False), ("Ascending", False), ("dEsCeNdInG", True)],
)
def test_the_order_comes_in_any_case_and_ascends_by_default(order: str | None, descending: bool) -> None:
    assert sort_by("userName", order).descending is descending


@pytest.mark.parametrize("order", ["desc", "up", "descending ", "x" * 10_000])
def test_another_order_is_refused_by_name(order: str) -> None:
    with pytest.raises(InvalidValue, match=r"^sortOrder: ") as caught:
        sort_by("userName", order)
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize("order", [None, "descending", "sideways"])
def test_without_a_sort_by_the_order_says_nothing(order: str | None) -> None:
    assert parse_sort(None, order, user_type()) is None
    assert parse_sort("", order, user_type()) is None


@pytest.mark.parametrize(
    "text",
    [
        "shoeSize",
        "name.shoeSize",
        "userName.value",
        "department",
        'emails[type eq "work"]',
        USER,
        "urn:x:y:z",
        ".",
    ],
)
def test_an_unknown_attribute_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^sortBy: User has no attribute"):
        sort_by(text)


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    "text", ["password", f"{HR}:salary", f"{HR}:salary.amount", f"{HR}:nationalId", f"{HR}:nationalId.value"]
)
def test_what_is_never_returned_cannot_be_sorted_by(text: str, allowed: bool) -> None:
    with pytest.raises(InvalidFilter, match="never returned"):
        sort_by(text, sensitive_allowed=allowed)


@pytest.mark.parametrize("text", [f"{HR}:dateOfBirth", f"{HR}:gender"])
def test_sorting_by_what_is_sensitive_needs_the_scope(text: str) -> None:
    with pytest.raises(Sensitive):
        sort_by(text)
    assert sort_by(text, sensitive_allowed=True).path[0] == HR


@given(st.text(), st.text())
def test_no_text_gives_more_than_a_refusal(text: str, order: str) -> None:
    try:
        parse_sort(text, order, group_type())
    except ScimError as error:
        assert error.status in (400, 403) and len(error.detail) < 400


# --- what comes before what ---


def test_strings_are_sorted_whatever_their_case() -> None:
    listed = people({"title": "b"}, {"title": "C"}, {"title": "A"}, {"title": "É"}, {"title": "é!"})
    assert ids(sort_by("title"), listed) == "31245"


def test_case_exact_strings_are_sorted_by_code_point() -> None:
    assert ids(sort_by("externalId"), people({"externalId": "b"}, {"externalId": "C"})) == "21"


def test_instants_are_sorted_by_time_and_not_by_their_text() -> None:
    listed = people(
        {"meta": {"created": "2026-01-01T12:00:00+12:00"}},
        {"meta": {"created": "2026-01-01T01:00:00Z"}},
        {"meta": {"created": "2025-12-31T23:59:59.5Z"}},
    )
    assert ids(sort_by("meta.created"), listed) == "312"


def test_numbers_are_sorted_by_value_and_false_comes_before_true() -> None:
    shares = people({EXTRA: {"share": 10}}, {EXTRA: {"share": 9.5}}, {EXTRA: {"share": -1}})
    assert ids(sort_by(f"{EXTRA}:share"), shares) == "321"
    assert ids(sort_by("active"), people({"active": True}, {"active": False})) == "21"


@pytest.mark.parametrize("missing", [{}, {"title": ""}, {"title": None}])
def test_who_has_no_value_comes_last_ascending_and_first_descending(missing: dict[str, Any]) -> None:
    listed = people(missing, {"title": "a"}, {"title": "b"})
    assert ids(sort_by("title", "ascending"), listed) == "231"
    assert ids(sort_by("title", "descending"), listed) == "132"


def test_equal_ones_are_sorted_by_ascending_id_in_both_orders() -> None:
    listed = people({"title": "a"}, {"title": "A"}, {}, {}, {"title": "b"})[::-1]
    assert ids(sort_by("title", "ascending"), listed) == "12534"
    assert ids(sort_by("title", "descending"), listed) == "34512"


def test_without_a_sort_the_order_is_that_of_the_ids() -> None:
    assert ids(None, people({"title": "b"}, {"title": "a"})[::-1]) == "12"


@pytest.mark.parametrize(
    ("emails", "key"),
    [
        ([{"value": "First@x"}, {"value": "Primary@x", "primary": True}], "primary@x"),
        ([{"value": "First@x", "primary": False}, {"value": "other@x"}], "first@x"),
        ([{"type": "work"}, {"value": "other@x"}], None),
        ([], None),
        (None, None),
    ],
)
def test_a_multi_valued_attribute_counts_with_its_primary_value_else_its_first(emails: Any, key: Any) -> None:
    assert sort_key(sort_by("emails"), {"id": "1", "emails": emails}) == key


def test_a_list_of_plain_values_counts_with_its_first() -> None:
    assert sort_key(sort_by(f"{EXTRA}:labels"), {"id": "1", EXTRA: {"labels": ["Red", "blue"]}}) == "red"


# --- laws ---

TITLES = st.none() | st.text(alphabet="aAbBéÉ ß1", min_size=1, max_size=3)  # nothing empty is stored
EMAILS = st.lists(
    st.fixed_dictionaries({"value": st.sampled_from(["a@x.org", "B@x.org", "c@x.org"])}), max_size=2
)
PEOPLE = st.lists(st.tuples(TITLES, EMAILS, st.none() | st.booleans()), max_size=12).map(
    lambda rows: [
        {
            "id": f"{number:03}",
            **{
                name: value
                for name, value in zip(("title", "emails", "active"), row, strict=True)
                if value not in (None, [])
            },
        }
        for number, row in enumerate(rows)
    ]
)
SORTS = st.tuples(
    st.sampled_from(["title", "emails.value", "active", "id"]), st.sampled_from(["ascending", "descending"])
).map(lambda asked: sort_by(*asked))


@given(PEOPLE, SORTS, st.randoms(use_true_random=False))
def test_the_order_is_a_permutation_that_does_not_depend_on_where_it_started(
    documents: list[Document], sort: Sort, chance: random.Random
) -> None:
    ordered = in_order(sort, documents)
    assert sorted(d["id"] for d in ordered) == sorted(d["id"] for d in documents)
    shuffled = list(documents)
    chance.shuffle(shuffled)
    assert in_order(sort, shuffled) == ordered


@settings(deadline=None)
@given(PEOPLE, SORTS)
def test_the_order_is_that_of_scim2_models(documents: list[Document], sort: Sort) -> None:
    path, order = ".".join(filter(None, sort.path)), "descending" if sort.descending else "ascending"
    by_id = sorted(documents, key=lambda document: document["id"])
    resources = [
        UserModel.model_validate({"schemas": [USER], "userName": "x", **d}, scim_ctx=Context.DEFAULT)
        for d in by_id
    ]
    oracle = SearchRequest[UserModel](sort_by=path, sort_order=order).sort(resources)
    assert [d["id"] for d in in_order(sort, documents)] == [resource.id for resource in oracle]


@given(PEOPLE, SORTS, st.integers(0, 11))
def test_what_lies_beyond_a_place_on_both_sides_and_the_place_itself_are_the_whole_list(
    documents: list[Document], sort: Sort, number: int
) -> None:
    ordered = in_order(sort, documents)
    if number >= len(ordered):
        return
    here = place(sort, ordered[number])
    after = beyond(sort, documents, CursorPage(1_000, Position.at(here, is_backward=False)))
    before = beyond(sort, documents, CursorPage(1_000, Position.at(here, is_backward=True)))
    assert [*before[::-1], ordered[number], *after] == ordered
