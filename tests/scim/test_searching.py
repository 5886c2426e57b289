"""RFC 7644 §3.4.3, RFC 9865 §3: the body of a search by POST says what the query of a GET says."""

from __future__ import annotations

from typing import Any

import pytest

from scim.errors import InvalidSyntax, InvalidValue
from scim.searching import SEARCH_SCHEMA, search_request


def test_every_parameter_of_the_rfc_is_taken() -> None:
    parameters = {
        "attributes": ["displayName", "userName"],
        "excludedAttributes": ["emails"],
        "filter": 'displayName sw "smith"',
        "sortBy": "name.familyName",
        "sortOrder": "descending",
        "startIndex": 1,
        "cursor": "VZUTiyhEQJ94IR",
        "count": 10,
    }
    assert search_request({"schemas": [SEARCH_SCHEMA], **parameters}) == parameters


def test_names_come_in_any_case_and_get_the_spelling_of_a_url() -> None:
    body = {"STARTINDEX": 2, "Count": 0, "excludedattributes": ["emails"], "FILTER": "title pr"}
    assert search_request(body) == {
        "startIndex": 2,
        "count": 0,
        "excludedAttributes": ["emails"],
        "filter": "title pr",
    }


@pytest.mark.parametrize("name", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize("names", ["userName,emails", ["userName", "emails"], [], ""])
def test_attributes_are_a_list_or_the_text_of_a_query(name: str, names: Any) -> None:
    assert search_request({name: names}) == {name: names}


@pytest.mark.parametrize("body", [{}, {"shoeSize": 43}, {"filter": None, "count": None}, {"cursor": None}])
def test_null_and_unknown_members_say_nothing(body: dict[str, Any]) -> None:
    assert search_request(body) == {}


def test_an_empty_cursor_is_one_that_asks_for_the_first_page() -> None:
    assert search_request({"Cursor": "", "count": 10}) == {"cursor": "", "count": 10}


@pytest.mark.parametrize(
    "schemas", [None, [], [SEARCH_SCHEMA], [SEARCH_SCHEMA.upper()], ["urn:x:y", SEARCH_SCHEMA]]
)
def test_schemas_may_be_absent_in_any_case_or_beside_others(schemas: Any) -> None:
    assert search_request({"schemas": schemas, "count": 1}) == {"count": 1}


@pytest.mark.parametrize(
    "schemas", [["urn:x:y"], [5], [[SEARCH_SCHEMA]], SEARCH_SCHEMA, {SEARCH_SCHEMA: 1}, 5]
)
def test_a_body_of_something_else_is_invalid_syntax(schemas: Any) -> None:
    with pytest.raises(InvalidSyntax, match=r"^schemas: .* is not a SearchRequest"):
        search_request({"schemas": schemas})


@pytest.mark.parametrize("body", [None, [], "filter", 5, [{"count": 1}]])
def test_a_body_that_is_no_object_is_invalid_syntax(body: Any) -> None:
    with pytest.raises(InvalidSyntax, match="not a JSON object"):
        search_request(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attributes", 5),
        ("attributes", ["userName", 5]),
        ("attributes", {"userName": True}),
        ("excludedAttributes", [["emails"]]),
        ("filter", ["title pr"]),
        ("filter", True),
        ("sortBy", ["title"]),
        ("sortOrder", 1),
        ("startIndex", "1"),
        ("startIndex", 1.0),
        ("cursor", 5),
        ("cursor", [""]),
        ("count", True),
        ("count", [10]),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidValue, match=f"^{name}: .* is not "):
        search_request({name.upper(): value})


def test_a_refusal_repeats_little_of_the_body() -> None:
    with pytest.raises(InvalidValue) as caught:
        search_request({"count": "9" * 10_000})
    assert len(caught.value.detail) < 300
