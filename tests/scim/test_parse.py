"""JSON from outside: every value exactly as written, or a 400 that says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.errors import InvalidSyntax, ScimError
from scim.parse import check_texts, parse_json

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(json_values, st.booleans())
def test_what_json_can_say_comes_back(value: Any, ascii_only: bool) -> None:
    parsed = parse_json(json.dumps(value, ensure_ascii=ascii_only).encode(), max_depth=100)
    assert parsed == value and json.dumps(parsed) == json.dumps(value)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": 1e-999}', "1e-999"),
        (b'{"a": 0.12345678901234567890}', "too many digits"),
        (b'{"a": 1e-99999999999999999999999}', "too many digits"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too many digits"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": "\0"}', "not JSON"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ["\\udc00x"]}', "surrogate"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[" * 33 + b"]" * 33, "32 levels"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "32 levels"),
        (b"[" * 200_000, "32 levels"),
        (b"[" * 200_000 + b"]" * 200_000, "32 levels"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidSyntax, match=reason):
        parse_json(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * 32 + b"]" * 32, None),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 0.80}', {"a": 0.8}),
        (b'{"a": 12345678901234567890}', {"a": 12345678901234567890}),
        (
            b"[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]",
            None,
        ),
    ],
)
def test_what_only_looks_wrong_is_read(raw: bytes, value: Any) -> None:
    assert parse_json(raw) == value if value is not None else parse_json(raw) is not None


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_at_all_raise_anything_but_a_scim_error(raw: bytes) -> None:
    try:
        parse_json(raw)
    except ScimError as error:
        assert error.status == 400


def test_nesting_is_found_behind_a_megabyte_of_flat_brackets() -> None:
    flat = b"[" + b"[]," * 300_000
    with pytest.raises(InvalidSyntax, match="32 levels"):
        parse_json(flat + b"[" * 40 + b"]" * 40 + b"]")
    assert len(parse_json(flat + b"[" * 31 + b"]" * 31 + b"]")) == 300_001


def test_a_name_that_is_no_string_is_refused() -> None:
    with pytest.raises(InvalidSyntax, match="not a string"):
        check_texts({1: 2})
