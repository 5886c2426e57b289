"""Dates as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from app.sources.dates import compile_date, is_empty_date, month_first

THIRD_OF_APRIL = date(2024, 4, 3)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("M/D/YYYY", "4/3/2024"),
        ("M/D/YYYY", "04/03/2024"),
        ("MM/DD/YYYY", "4/3/2024"),
        ("D/M/YYYY", "3/4/2024"),
        ("M/D/YY", "4/3/24"),
        ("D.M.YYYY", "3.4.2024"),
        ("D-MMM-YYYY", "3-Apr-2024"),
        ("D MMM YYYY", "3 april 2024"),
        ("MMMM D, YYYY", "April 3, 2024"),
        ("MMMM D, YYYY", "Apr. 3rd, 2024"),
        ("dddd, MMMM D, YYYY", "Wednesday, April 3, 2024"),
        ("YYYYMMDD", "20240403"),
        ("YYYY-MM-DD", "2024-04-03"),
        ("iso", "2024-04-03"),
        ("iso", "2024-4-3"),
        ("iso", "2024-04-03T12:30:00Z"),
        ("excel", "45385"),
        ("excel", "45385.5"),
        ("M/D/YYYY", "4/3/2024 0:00"),
        ("M/D/YYYY", "4/3/2024 12:00:00 AM"),
        ("M/D/YYYY h:mm A", "4/3/2024 9:15 PM"),
        ("YYYY-MM-DD", "2024-04-03 00:00:00.000"),
        ("dd/mm/yyyy", "03/04/2024"),
        ("%m/%d/%Y", "04/03/2024"),
    ],
)
def test_a_format_reads_its_dates(form, text):
    assert compile_date(form).parse(text) == THIRD_OF_APRIL


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("M/D/YYYY", "13/1/2024"),
        ("M/D/YYYY", "2/30/2024"),
        ("M/D/YYYY", "4/3/24"),
        ("M/D/YYYY", "4-3-2024"),
        ("M/D/YYYY", ""),
        ("M/D/YYYY", "soon"),
        ("YYYYMMDD", "2024403"),
        ("D MMM YYYY", "3 Foo 2024"),
        ("excel", "0"),
        ("excel", "99999999"),
    ],
)
def test_another_text_is_no_date_of_the_format(form, text):
    assert compile_date(form).parse(text) is None


@pytest.mark.parametrize("form", ["Q/D/YYYY", "M/YYYY", "D/M", "", "YYYY-MM-DD-DD"])
def test_a_format_that_names_no_day_is_refused_with_a_reason(form):
    with pytest.raises(ValueError, match="format"):
        compile_date(form)


def test_short_years_from_69_on_belong_to_the_last_century():
    assert compile_date("M/D/YY").parse("1/1/69") == date(1969, 1, 1)
    assert compile_date("M/D/YY").parse("1/1/68") == date(2068, 1, 1)


@pytest.mark.parametrize("text", ["0000-00-00", "00/00/0000", "0/0/0000", "0000-00-00 00:00:00"])
def test_zeros_are_an_empty_date(text):
    assert is_empty_date(text)


def test_a_real_date_or_plain_punctuation_is_no_empty_date():
    assert not is_empty_date("2000-10-10")
    assert not is_empty_date("--")


@pytest.mark.parametrize(
    ("form", "expected"),
    [("M/D/YYYY", True), ("D/M/YYYY", False), ("YYYY-MM-DD", None), ("D MMM YYYY", None), ("iso", None)],
)
def test_the_order_of_day_and_month_is_known_where_both_are_numbers(form, expected):
    assert month_first(form) is expected
