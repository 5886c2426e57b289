"""The people of a benchmark: the same for every server, and none like another."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bench.people import MARKS, PERIOD, Digits, person, person_with

numbers = st.integers(0, 99_999_999)


@given(numbers)
def test_people_a_period_apart_differ_in_their_digits_only(number: int) -> None:
    text = json.dumps(person_with(number % PERIOD, MARKS))
    for mark, own in zip(MARKS, Digits.of(number), strict=True):
        text = text.replace(mark, own)
    assert json.loads(text) == person(number)


@given(numbers, numbers)
def test_two_people_share_no_name_and_no_address(one: int, other: int) -> None:
    def own(number: int) -> set[str]:
        body = person(number)
        return {body["userName"], *(entry["value"] for entry in body["emails"])}

    assert own(one) == own(other) if one == other else own(one).isdisjoint(own(other))


def test_no_digits_are_mistaken_for_other_digits() -> None:
    assert not any(one in other for one in MARKS for other in MARKS if one != other)
