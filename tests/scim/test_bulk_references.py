"""`bulkId:` references: RFC 7644 §3.7.2."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.bulk_references import bulk_id_in, references_in, with_ids

URL = "https://example.com/v2/Users"


def upper(value: Any) -> Any:
    return with_ids(value, str.upper)


@pytest.mark.parametrize(
    ("text", "bulk_id"),
    [
        ("bulkId:qwerty", "qwerty"),
        ("BULKID:qWerty", "qWerty"),
        ("bulkId:a:b c", "a:b c"),
        ("bulkId:", ""),
        ("bulkId", None),
        (" bulkId:a", None),
        ("", None),
    ],
)
def test_a_text_is_a_reference_or_not(text: str, bulk_id: str | None) -> None:
    assert bulk_id_in(text) == bulk_id


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"members": [{"value": "bulkId:a"}, {"value": "x"}]}, {"members": [{"value": "A"}, {"value": "x"}]}),
        ({"manager": "bulkid:a", "n": [1, None, True]}, {"manager": "A", "n": [1, None, True]}),
        ({"$ref": f"{URL}/bulkId:a"}, {"$ref": f"{URL}/A"}),
        ({"$REF": "../Users/bulkId:a"}, {"$REF": "../Users/A"}),
        ({"$ref": "bulkId:a"}, {"$ref": "A"}),
        ({"path": 'members[value eq "bulkId:a"].display'}, {"path": 'members[value eq "A"].display'}),
        (
            {"Path": 'members[value eq "bulkId:a" or value eq "BULKID:b"]'},
            {"Path": 'members[value eq "A" or value eq "B"]'},
        ),
        ({"path": r'members[value eq "bulkId:a\"b"]'}, {"path": r'members[value eq "A\"B"]'}),
    ],
)
def test_references_are_replaced_wherever_they_stand(value: Any, expected: Any) -> None:
    before = copy.deepcopy(value)
    assert upper(value) == expected
    assert value == before


@pytest.mark.parametrize(
    "value",
    [
        {"displayName": "see bulkId:a"},
        {"displayName": f"{URL}/bulkId:a"},
        {"note": 'x "bulkId:a"'},
        {"path": r'members[value eq "bulkId:\x"]'},
        {"bulkId:a": "name"},
        {"$ref": f"{URL}/a"},
    ],
)
def test_what_only_looks_like_a_reference_stays(value: Any) -> None:
    assert upper(value) == value
    assert not references_in(value)


texts = st.text(max_size=3)
plain = st.none() | st.integers() | texts
mixed = st.recursive(
    plain | texts.map("bulkId:".__add__),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "path", "$ref"]), inner)
    ),
    max_leaves=10,
)


@given(mixed)
def test_what_is_found_is_what_is_replaced(value: Any) -> None:
    found = references_in(value)
    asked: list[str] = []
    replaced = with_ids(value, lambda bulk_id: asked.append(bulk_id) or "id")  # type: ignore[func-returns-value]
    assert set(asked) == found
    assert not references_in(replaced)
    if not found:
        assert replaced == value
