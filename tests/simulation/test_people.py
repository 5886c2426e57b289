"""Made-up people: the same for the same seed, unique, and awkward often enough."""

from __future__ import annotations

import re
import unicodedata

from app.simulation import people, person


def test_the_same_seed_gives_the_same_people() -> None:
    assert list(people(50, seed=3)) == [person(number, seed=3) for number in range(1, 51)]
    assert list(people(50, seed=3)) != list(people(50, seed=4))


def test_addresses_and_numbers_are_unique() -> None:
    everyone = list(people(5000))
    for values in ({each.email for each in everyone}, {each.username for each in everyone}):
        assert len(values) == 5000
    assert len({each.employee_number for each in everyone}) == 5000


def test_usernames_are_what_a_unix_account_may_be_called() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9.]{0,29}", each.username) for each in people(20_000))


def test_awkward_names_occur() -> None:
    everyone = list(people(200))
    assert any("'" in each.family_name for each in everyone)
    assert any(each.given_name == "" for each in everyone)
    assert any(len(each.family_name) > 100 for each in everyone)
    assert any(unicodedata.normalize("NFC", each.given_name) != each.given_name for each in everyone)
    assert any(unicodedata.bidirectional(each.family_name[0]) == "AL" for each in everyone)
