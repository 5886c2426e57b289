"""Whose row is it?"""

from __future__ import annotations

import pytest

from app.sources.errors import RowRefused
from app.sources.matching import Hits, match, user_name


def test_the_source_record_comes_first_then_employee_number_then_work_email():
    assert match(Hits("a", ["a"], ["a"])).by == "record"
    assert match(Hits(None, ["a"], ["a"])).by == "number"
    assert match(Hits(None, [], ["a"])).by == "email"
    assert match(Hits()) is None


@pytest.mark.parametrize(
    "hits",
    [
        Hits(None, ["a", "b"], []),
        Hits(None, [], ["a", "b"]),
        Hits(None, ["a"], ["b"]),
        Hits("a", ["b"], []),
        Hits("a", [], ["b"]),
    ],
)
def test_two_people_are_never_chosen_between(hits):
    with pytest.raises(RowRefused) as refused:
        match(hits)
    assert refused.value.problems[0].code == "ambiguous_match"


def test_a_shared_address_does_not_hide_who_the_number_names():
    assert match(Hits(None, ["a"], ["a", "b"])).employee_id == "a"


def test_the_user_name_is_work_email_else_another_else_source_and_record():
    work, home = {"type": "work", "value": "w@x"}, {"type": "home", "value": "h@x"}
    assert user_name({"emails": [home, work]}, "hr", "1") == "w@x"
    assert user_name({"emails": [home]}, "hr", "1") == "h@x"
    assert user_name({}, "hr", "1") == "hr-1"
    assert user_name({"userName": "ada", "emails": [work]}, "hr", "1") == "ada"
