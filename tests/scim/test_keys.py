"""Comparison keys: equal exactly where SCIM compares equal, sorted as time sorts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.keys import comparison_key, instant_key


@given(st.text())
def test_a_comparison_key_is_its_own_comparison_key(text: str) -> None:
    assert comparison_key(comparison_key(text)) == comparison_key(text)


def test_composed_and_decomposed_letters_are_equal() -> None:
    assert comparison_key("Ren\u00e9e") == comparison_key("rene\u0301e")


def test_sharp_s_and_double_s_stay_two_people() -> None:
    assert comparison_key("weiß@example.com") != comparison_key("weiss@example.com")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2026-11-22T04:39:37Z", "2026-11-22T04:39:37.000000Z"),
        ("2026-11-22t04:39:37.5z", "2026-11-22T04:39:37.500000Z"),
        ("2026-11-22T04:39:37.123456789+00:00", "2026-11-22T04:39:37.123456Z"),
        ("2026-01-01T00:30:00+05:30", "2025-12-31T19:00:00.000000Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000000Z"),
        ("2026-11-22T04:39:37", "2026-11-22T04:39:37.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_instants_come_out_in_utc_with_fixed_microseconds(text: str, key: str) -> None:
    assert instant_key(text) == key


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-22", "04:39:37", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22 04:39:37Z",
     "2026-11-22T04:39:37+25:00", "2026-11-22T04:39:37+01:75", "0001-01-01T00:00:00+01:00", "٢٠٢٦-11-22T04:39:37Z",
     "2026-11-22T04:39:37Z\n", "20261122T043937Z"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        instant_key(text)


@given(*[st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))] * 2, st.integers(-840, 840))
def test_keys_sort_as_instants_do(one: datetime, other: datetime, minutes: int) -> None:
    first = one.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    second = other.replace(tzinfo=UTC)
    assert (instant_key(first.isoformat()) < instant_key(second.isoformat())) == (first < second)
