"""RFC 7644 §3.4.2.4: startIndex and count within their limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import ListResponse

from scim.errors import InvalidValue
from scim.paging import Page, list_response, parse
from scim.resources import UserModel


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


def test_a_list_response_is_what_scim2_models_reads() -> None:
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "babs"}
    read = ListResponse[UserModel].model_validate(list_response([user], 7, Page(3, 1)))
    assert (read.total_results, read.start_index, read.items_per_page) == (7, 3, 1)
    assert read.resources[0].user_name == "babs"


def test_an_empty_list_has_empty_resources() -> None:
    assert list_response([], 0, Page())["Resources"] == []
