"""Whole names taken apart."""

from __future__ import annotations

import pytest

from app.sources.names import first_last, last_first


@pytest.mark.parametrize(
    ("text", "first", "last", "suffix"),
    [
        ("Lovelace, Ada", "Ada", "Lovelace", ""),
        ("Lovelace,Ada", "Ada", "Lovelace", ""),
        ("O'Neil, Mary Ann Jr.", "Mary Ann", "O'Neil", "Jr."),
        ("Smith Jr., John", "John", "Smith", "Jr."),
        ("Smith, John, Jr.", "John", "Smith", "Jr."),
        ("Smith, Jr., John", "John", "Smith", "Jr."),
        ("Smith, John A.", "John A.", "Smith", ""),
        ("van der Berg, Ludwig", "Ludwig", "van der Berg", ""),
        ("Smith, Dr. John III", "John", "Smith", "III"),
        ("Rahman, Md", "Md", "Rahman", ""),
        ("Hossain, Md Kamal", "Md Kamal", "Hossain", ""),
        ('Smith, Robert "Bob"', "Robert", "Smith", ""),
        ("Smith, Robert (Bob)", "Robert", "Smith", ""),
        ("García Márquez, Gabriel José", "Gabriel José", "García Márquez", ""),
    ],
)
def test_last_first_gives_given_names_family_name_and_suffix(text, first, last, suffix):
    parts = last_first(text)
    assert parts is not None
    assert (parts.first, parts.last, parts.suffix) == (first, last, suffix)


@pytest.mark.parametrize("text", ["Cher", "Smith,", ", John", "Smith, John, Peter", "", ",", "Smith, Jr."])
def test_what_is_not_last_comma_first_is_no_name(text):
    assert last_first(text) is None


def test_given_names_can_be_had_apart():
    parts = last_first("Smith, Mary Ann Louise")
    assert parts is not None
    assert (parts.first_word, parts.middle) == ("Mary", "Ann Louise")


def test_a_nickname_in_brackets_is_a_part_of_its_own():
    parts = last_first("Smith, Robert (Bob) Jr.")
    assert parts is not None
    assert (parts.first, parts.nickname, parts.suffix) == ("Robert", "Bob", "Jr.")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Mary Ann O'Neil Jr.", "Mary Ann", "O'Neil"),
        ("Ludwig van der Berg", "Ludwig", "van der Berg"),
        ("Dr. John Smith, PhD", "John", "Smith"),
    ],
)
def test_first_last_keeps_particles_with_the_family_name(text, first, last):
    parts = first_last(text)
    assert parts is not None
    assert (parts.first, parts.last) == (first, last)


def test_a_single_word_is_no_first_and_last_name():
    assert first_last("Cher") is None
