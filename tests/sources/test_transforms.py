"""What a mapping can do to one value."""

from __future__ import annotations

import pytest

from app.sources import transforms
from app.sources.transforms import BadValue


def test_cleaning_takes_away_what_no_eye_sees():
    assert transforms.clean("\ufeff  Mary\u00a0 Ann \u200b") == "Mary Ann"


def test_cleaning_keeps_lines_only_where_asked():
    assert transforms.clean(" 1 Main St \r\n\r\n Apt 2 ", lines=True) == "1 Main St\nApt 2"
    assert transforms.clean("1 Main St\nApt 2") == "1 Main St Apt 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller", "muller"),
        ("Straße", "strasse"),
        ("Søren Æ", "sorenae"),
        ("O'Neil", "oneil"),
        ("Mary Ann", "maryann"),
        ("Anne-Marie", "anne-marie"),
        ("J. R.", "j.r"),
        ("Łukasz", "lukasz"),
        ("李", ""),
    ],
)
def test_a_slug_is_fit_for_an_address(text, expected):
    assert transforms.slug(text) == expected


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("$72,000.00", "point", "72000.00"),
        ("72 000", "point", "72000"),
        ("USD 72,000", "point", "72000"),
        ("72.000,50 €", "comma", "72000.50"),
        ("CHF 72'000.-", "point", "72000"),
        ("(1,200)", "point", "-1200"),
    ],
)
def test_numbers_lose_currency_and_grouping(text, style, expected):
    assert transforms.number(text, style) == expected


@pytest.mark.parametrize(
    "text", ["competitive", "", "1.2.3", "NaN", "Infinity", "72k", "$35 per hour", "1e5000"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(BadValue) as refused:
        transforms.number(text, "point")
    assert refused.value.code == "invalid_number"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(212) 555-0123", "+12125550123"),
        ("212.555.0123 x45", "+12125550123;ext=45"),
        ("+44 20 7946 0018 ext. 7", "+442079460018;ext=7"),
    ],
)
def test_telephone_numbers_come_in_one_form(text, expected):
    assert transforms.phone(text, "US") == expected


def test_a_short_telephone_number_is_refused():
    with pytest.raises(BadValue):
        transforms.phone("x12", "US")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MARY O'NEIL-SMITH", "Mary O'Neil-Smith"),
        ("mary ann", "Mary Ann"),
        ("driver's mate", "Driver's Mate"),
    ],
)
def test_title_case_knows_names(text, expected):
    assert transforms.case(text, "title") == expected


def test_a_separator_gives_one_part_counted_from_either_end():
    assert transforms.split("a; b ;c", (";", 2)) == "b"
    assert transforms.split("a; b ;c", (";", -1)) == "c"
    assert transforms.split("a; b ;c", (";", 9)) == ""


@pytest.mark.parametrize(
    ("word", "expected"), [("Yes", True), ("N", False), ("Terminated", False), ("1", True)]
)
def test_common_words_mean_yes_or_no(word, expected):
    assert transforms.to_boolean(word) is expected


def test_an_unknown_word_is_neither_yes_nor_no():
    with pytest.raises(BadValue, match="invalid_boolean"):
        transforms.to_boolean("Sabbatical")
