"""RFC 9865 §5.2: a cursor is opaque, is of one query, and forged ones are found out."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.cursors import MAX_CURSOR, MAX_KEY, CursorPage, CursorSeal, Position
from scim.errors import ExpiredCursor, InvalidCursor

SEAL = CursorSeal(bytes(range(32)))
QUERY = ("7", "/Users", 'userName sw "J"', "userName", "ascending", "")
NOW = 1_800_000_000
BABS = "019ab7d4-8f0e-7c3a-9d51-2f6f0a1b2c3d"
PAGE = CursorPage(100, Position("bjensen@example.com", BABS))

KEYS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=MAX_KEY)
)
POSITIONS = st.builds(Position, KEYS, st.uuids().map(str), st.booleans())
PAGES = st.builds(CursorPage, st.integers(0, 1_000), st.none() | POSITIONS)


@given(PAGES, st.lists(st.text()).map(tuple))
def test_a_cursor_opens_to_what_was_sealed(page: CursorPage, query: tuple[str, ...]) -> None:
    cursor = SEAL.seal(page, query, NOW)
    assert SEAL.open(cursor, query, NOW) == page
    # RFC 3986 §2.3: the unreserved characters, which no URL has to escape.
    assert re.fullmatch(r"[A-Za-z0-9\-._~]+", cursor) and len(cursor) <= MAX_CURSOR


def test_a_usual_cursor_is_short() -> None:
    assert len(SEAL.seal(PAGE, QUERY, NOW)) < 200


def test_the_longest_cursor_is_one_that_is_looked_at() -> None:
    widest = Position.at(("\x01" * MAX_KEY, "i" * 64), is_backward=True)
    cursor = SEAL.seal(CursorPage(1_000, widest), QUERY, NOW)
    assert SEAL.open(cursor, QUERY, NOW).position == widest


def test_a_cursor_tells_nothing_and_is_another_one_each_time() -> None:
    cursors = {SEAL.seal(PAGE, QUERY, NOW) for _ in range(10)}
    assert len(cursors) == 10


def test_every_changed_character_is_refused() -> None:
    cursor = SEAL.seal(PAGE, QUERY, NOW)
    for number, character in enumerate(cursor):
        for other in {"A", "B", "-", "=", " ", "é"} - {character}:
            with pytest.raises(InvalidCursor):
                SEAL.open(cursor[:number] + other + cursor[number + 1 :], QUERY, NOW)


@given(PAGES, st.data())
def test_every_flipped_bit_is_refused(page: CursorPage, data: st.DataObject) -> None:
    cursor = SEAL.seal(page, QUERY, NOW)
    sealed = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InvalidCursor):
        SEAL.open(urlsafe_b64encode(sealed).rstrip(b"=").decode(), QUERY, NOW)


@given(st.text())
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        SEAL.open(text, QUERY, NOW)


@pytest.mark.parametrize("spelled", ["{}=", "{}==", " {}", "{}\n", "{}.", "{0}{0}", "{}" + "A" * 2_000])
def test_a_cursor_has_one_spelling(spelled: str) -> None:
    with pytest.raises(InvalidCursor):
        SEAL.open(spelled.format(SEAL.seal(PAGE, QUERY, NOW)), QUERY, NOW)


@pytest.mark.parametrize("number", range(len(QUERY)))
def test_a_cursor_of_another_query_is_refused(number: int) -> None:
    other = (*QUERY[:number], QUERY[number] + "x", *QUERY[number + 1 :])
    with pytest.raises(InvalidCursor):
        SEAL.open(SEAL.seal(PAGE, QUERY, NOW), other, NOW)


def test_parts_of_a_query_cannot_be_moved_into_each_other() -> None:
    with pytest.raises(InvalidCursor):
        SEAL.open(SEAL.seal(PAGE, ("a", "bc"), NOW), ("ab", "c"), NOW)


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        CursorSeal(bytes(32)).open(SEAL.seal(PAGE, QUERY, NOW), QUERY, NOW)


def test_every_refusal_says_the_same() -> None:
    said = set()
    for cursor, query in (
        ("x", QUERY),
        (SEAL.seal(PAGE, QUERY, NOW)[:-4], QUERY),
        (SEAL.seal(PAGE, QUERY, NOW), ("8", *QUERY[1:])),
        ("A" * 5_000, QUERY),
    ):
        with pytest.raises(InvalidCursor) as caught:
            SEAL.open(cursor, query, NOW)
        said.add(caught.value.detail)
    assert len(said) == 1 and "empty cursor" in said.pop()


@pytest.mark.parametrize(("age", "is_good"), [(-60, True), (0, True), (3_600, True), (3_601, False)])
def test_a_cursor_lives_for_its_timeout(age: int, is_good: bool) -> None:
    cursor = SEAL.seal(PAGE, QUERY, NOW)
    if is_good:
        assert SEAL.open(cursor, QUERY, NOW + age) == PAGE
        return
    with pytest.raises(ExpiredCursor):
        SEAL.open(cursor, QUERY, NOW + age)
    assert SEAL.open(cursor, QUERY, NOW + age, timeout=7_200) == PAGE


# --- keys too long for a cursor ---

LONG = "é" * 8_000


def test_a_long_key_goes_as_its_digest_and_is_resumed_with_the_key() -> None:
    position = Position.at((LONG, BABS), is_backward=True)
    cursor = SEAL.seal(CursorPage(10, position), QUERY, NOW)
    assert len(cursor) < 250
    opened = SEAL.open(cursor, QUERY, NOW).position
    assert opened is not None and opened.digest and opened.key is None
    assert opened.resumed(LONG) == Position(LONG, BABS, is_backward=True)


@pytest.mark.parametrize("key", [None, "", LONG + "x", LONG[:-1], 5, True])
def test_a_long_key_that_has_changed_has_lost_its_place(key: Any) -> None:
    with pytest.raises(ExpiredCursor):
        Position.at((LONG, BABS), is_backward=False).resumed(key)


@pytest.mark.parametrize("key", [None, 5, True, "", "x" * MAX_KEY])
def test_a_short_key_is_there_at_once(key: Any) -> None:
    assert Position.at((key, BABS), is_backward=False) == Position(key, BABS)
