"""Mappings: what may be written, what it does, and what a mistake is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.sources.errors import MappingError, RowRefused
from app.sources.fields import user_fields
from app.sources.mapping import Mapping
from app.sources.mapping_text import compile_mapping

TODAY = date(2026, 11, 22)
COLUMNS = [
    "ID",
    "Name",
    "First",
    "Last",
    "Email",
    "Hired",
    "Left",
    "Status",
    "Salary",
    "Street",
    "City",
    "Tags",
    "SSN",
]


def mapping(fields: str, before: str = "", columns: list[str] | None = None) -> Mapping:
    return compile_mapping(f'[record]\nkey = "ID"\n{before}\n[fields]\n{fields}', columns or COLUMNS)


def value(rule: str, field: str = "title", **cells: str | None) -> Any:
    row = {**dict.fromkeys(COLUMNS), "ID": "1", **cells}
    mapped = mapping(f'"{field}" = {rule}').apply("1", row, TODAY).values
    return mapped.get(user_fields().find(field).name, "unknown")


def refusal(rule: str, field: str = "title", **cells: str) -> RowRefused:
    with pytest.raises(RowRefused) as refused:
        value(rule, field, **cells)
    return refused.value


def complaint(fields: str, before: str = "", columns: list[str] | None = None) -> str:
    with pytest.raises(MappingError) as refused:
        mapping(fields, before, columns)
    return str(refused.value)


# --- inputs ---------------------------------------------------------------------------------------------------------


def test_a_column_name_alone_is_a_rule():
    assert value('"First"', First="  Ada ") == "Ada"


def test_columns_are_found_whatever_their_case_and_spaces():
    found = compile_mapping('[record]\nkey = "id"\n[fields]\ntitle = "job  TITLE"', ["ID", "Job Title"])
    assert found.apply("1", {"ID": "1", "Job Title": "Boss"}, TODAY).values == {"title": "Boss"}


def test_several_columns_are_joined_without_the_empty_ones():
    rule = '{ from = ["Street", "City"], join = ", " }'
    assert value(rule, Street="1 Main St", City="Dayton") == "1 Main St, Dayton"
    assert value(rule, Street="", City="Dayton") == "Dayton"


def test_the_first_filled_column_is_taken():
    assert value('{ first_of = ["Left", "Hired"] }', Left="-", Hired="x") == "x"


def test_constants_are_the_same_for_everybody():
    assert value('{ constant = "Employee" }') == "Employee"
    assert value("{ constant = true }", "active") is True


def test_a_template_takes_columns_and_mapped_fields():
    fields = 'name.givenName = "First"\nname.familyName = "Last"\n'
    fields += 'title = { template = "{given:1}. {family:upper} ({ID})" }'
    row = {"ID": "7", "First": "Ada", "Last": "Lovelace"}
    assert mapping(fields).apply("7", row, TODAY).values["title"] == "A. LOVELACE (7)"


def test_an_address_template_makes_every_part_fit_for_an_address():
    rule = '{ template = "{First}.{Last}@Example.com" }'
    assert (
        value(rule, "emails[work].value", First="Mary Ann", Last="O'Neil-Müller")
        == "maryann.oneil-muller@Example.com"
    )


def test_a_template_with_an_empty_part_is_empty():
    assert (
        value('{ template = "{First}.{Last}@example.com" }', "emails[work].value", First="Ada", Last="")
        is None
    )


def test_named_values_are_columns_of_their_own():
    before = '[values]\ngiven = { from = "Name", split = "last_first", part = "first" }\n'
    before += 'short = { from = "given", case = "upper" }'
    row = {"ID": "1", "Name": "Lovelace, Ada"}
    assert mapping('title = "short"', before).apply("1", row, TODAY).values == {"title": "ADA"}


# --- meanings -------------------------------------------------------------------------------------------------------


def test_a_map_knows_words_in_any_case_and_beginnings():
    rule = '{ from = "Status", map = { "Active" = true, "Term*" = false } }'
    assert value(rule, "active", Status=" ACTIVE ") is True
    assert value(rule, "active", Status="Terminated - vol.") is False


def test_a_word_that_the_map_does_not_know_is_errored_unless_there_is_an_otherwise():
    rule = '{ from = "Status", map = { "Active" = true } }'
    assert refusal(rule, "active", Status="Leave").problems[0].code == "unknown_value"
    assert (
        value('{ from = "Status", map = { "Active" = true }, otherwise = false }', "active", Status="Leave")
        is False
    )


def test_a_default_stands_for_empty_and_for_unknown_words():
    rule = '{ from = "Status", map = { "A" = "Alpha" }, default = "Other" }'
    assert (value(rule, Status=""), value(rule, Status="Z"), value(rule, Status="a")) == (
        "Other",
        "Other",
        "Alpha",
    )


def test_presence_can_be_the_meaning():
    rule = '{ from = "Left", when_empty = true, otherwise = false }'
    assert (value(rule, "active", Left=""), value(rule, "active", Left="1/1/2020")) == (True, False)


@pytest.mark.parametrize(
    ("left", "expected"),
    [("", True), ("11/21/2026", False), ("11/22/2026", True), ("1/1/2027", True), ("12/31/9999", True)],
)
def test_somebody_is_active_until_the_end_of_the_last_day(left, expected):
    assert value('{ from = "Left", active_until = "M/D/YYYY" }', "active", Left=left) is expected


def test_somebody_is_active_from_the_first_day():
    rule = '{ from = "Hired", active_from = "M/D/YYYY" }'
    assert (value(rule, "active", Hired="11/23/2026"), value(rule, "active", Hired="11/22/2026")) == (
        False,
        True,
    )


def test_several_conditions_can_be_needed():
    employed = '{ from = "Status", map = { "A" = true, "T" = false } }'
    rule = f'{{ all_of = [{employed}, {{ from = "Left", active_until = "iso" }}] }}'
    assert value(rule, "active", Status="A", Left="") is True
    assert value(rule, "active", Status="A", Left="2020-01-01") is False


def test_an_empty_status_says_nothing():
    assert value('"Status"', "active", Status="") == "unknown"


# --- empty cells ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["", "  ", "N/A", "NULL", "-", None])
def test_an_empty_cell_empties_the_field(cell):
    assert value('"First"', First=cell) is None


def test_an_empty_cell_can_leave_the_field_as_it_is_or_refuse_the_row():
    assert value('{ from = "First", empty = "keep" }', First="") == "unknown"
    assert (
        refusal('{ from = "First", empty = "error" }', First="").problems[0].code == "required_value_missing"
    )


def test_the_words_for_empty_can_be_chosen():
    found = compile_mapping(
        '[record]\nkey = "ID"\nempty_words = ["none"]\n[fields]\ntitle = "First"', COLUMNS
    )
    assert found.apply("1", {"First": "none"}, TODAY).values == {"title": None}
    assert found.apply("1", {"First": "N/A"}, TODAY).values == {"title": "N/A"}


def test_a_cell_that_the_source_does_not_have_says_nothing():
    assert mapping('title = "First"').apply("1", {"ID": "1"}, TODAY).values == {}


# --- kinds of fields ------------------------------------------------------------------------------------------------


def test_dates_are_stored_as_iso():
    assert value('{ from = "Hired", date = "M/D/YYYY" }', "hr.startDate", Hired="3/4/2024") == "2024-03-04"


def test_a_date_without_a_format_must_be_iso():
    assert value('"Hired"', "hr.startDate", Hired="2024-03-04") == "2024-03-04"
    problem = refusal('"Hired"', "hr.startDate", Hired="3/4/2024").problems[0]
    assert (problem.code, problem.column) == ("invalid_date", "Hired")
    assert "'3/4/2024' is not a date of the form iso" in problem.reason


def test_zeros_are_no_date():
    assert value('{ from = "Hired", date = "iso" }', "hr.startDate", Hired="0000-00-00") is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(" Mary.Jones@Example.COM ", "Mary.Jones@Example.COM"), ("mailto:a@localhost", "a@localhost")],
)
def test_addresses_stay_as_they_are_written(cell, expected):
    assert value('"Email"', "emails[work]", Email=cell) == expected


@pytest.mark.parametrize("cell", ["mary", "mary@", "@x", "a@b@c", "a b@c.de", "a@b.de; c@d.ef"])
def test_what_is_not_one_address_is_errored(cell):
    assert refusal('"Email"', "emails[work].value", Email=cell).problems[0].code == "invalid_email"


@pytest.mark.parametrize(("cell", "expected"), [("0.80", "0.8"), ("1.0", "1"), ("100", "100")])
def test_a_share_is_exact_text(cell, expected):
    assert value('"Tags"', "hr.fte", Tags=cell) == expected


def test_a_part_of_a_separated_text_is_counted():
    assert value('{ from = "Tags", split = ";", part = 2 }', Tags="a; b;;c ") == "b"


def test_numbers_are_numbers():
    assert value('{ from = "Salary", number = "point" }', "hr.salary.amount", Salary="$72,000") == 72000


def test_leading_zeros_stay():
    assert value('"ID"', "enterprise.employeeNumber", ID="00123") == "00123"
    assert value('{ from = "ID", pad = 6 }', "enterprise.employeeNumber", ID="123") == "000123"


def test_an_address_keeps_its_lines():
    assert value('"Street"', "addresses[home].streetAddress", Street="1 Main St\nApt 2") == "1 Main St\nApt 2"


def test_what_does_not_fit_can_be_a_warning():
    found = mapping('"hr.startDate" = { from = "Hired", date = "iso", on_error = "warn" }\ntitle = "First"')
    row = found.apply("1", {"ID": "1", "Hired": "tbd", "First": "Ada"}, TODAY)
    assert row.values == {"title": "Ada"}
    assert [(problem.code, problem.severity) for problem in row.problems] == [("invalid_date", "warning")]


def test_every_bad_cell_of_a_row_is_named():
    found = mapping('"hr.startDate" = "Hired"\n"emails[work].value" = "Email"')
    with pytest.raises(RowRefused) as refused:
        found.apply("1", {"ID": "1", "Hired": "x", "Email": "y"}, TODAY)
    assert [problem.column for problem in refused.value.problems] == ["Hired", "Email"]


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("hr.salary.amount", '"Salary"'),
        ("hr.dateOfBirth", '{ from = "Salary", date = "iso" }'),
        ("hr.nationalId.value", '{ from = "Salary", split = "last_first", part = "first" }'),
    ],
)
def test_secret_and_sensitive_cells_are_never_quoted(field, rule):
    assert "canary-72k" not in str(refusal(rule, field, Salary="canary-72k"))


# --- keys and rows --------------------------------------------------------------------------------------------------


def test_the_key_is_text_with_its_zeros():
    assert mapping('title = "First"').record_id({"ID": " 00123 "}) == "00123"


def test_an_address_as_key_counts_in_lower_case():
    assert mapping('title = "First"').record_id({"ID": "Ada@Example.com"}) == "ada@example.com"


def test_a_key_may_take_several_columns():
    found = compile_mapping('[record]\nkey = ["City", "ID"]\n[fields]\ntitle = "First"', COLUMNS)
    assert found.record_id({"City": "Dayton", "ID": "7"}) == "Dayton|7"


def test_a_row_without_key_is_refused():
    with pytest.raises(RowRefused) as refused:
        mapping('title = "First"').record_id({"ID": " "})
    assert (refused.value.problems[0].code, refused.value.problems[0].column) == ("missing_key", "ID")


@pytest.mark.parametrize(
    ("key", "code"),
    [("17\x00", "bad_character"), ("17\ud83d", "bad_character"), ("7" * 201, "invalid_key")],
)
def test_a_key_that_cannot_be_stored_is_refused(key: str, code: str) -> None:
    with pytest.raises(RowRefused) as refused:
        mapping('title = "First"').record_id({"ID": key})
    assert (refused.value.problems[0].code, refused.value.problems[0].column) == (code, "ID")


def test_rows_can_be_left_out_or_chosen():
    found = mapping(
        'title = "First"', 'skip_rows = { "ID" = ["Total*"] }\nonly_rows = { "Status" = ["Employee"] }'
    )
    assert not found.wants({"ID": "Total: 2", "Status": "Employee"})
    assert not found.wants({"ID": "1", "Status": "Contractor"})
    assert found.wants({"ID": "1", "Status": "employee"})


def test_the_day_is_that_of_the_source():
    found = mapping('title = "First"', 'timezone = "America/Los_Angeles"')
    assert found.today(datetime(2026, 11, 22, 3, tzinfo=UTC)) == date(2026, 11, 21)


# --- field names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("emails[work].value", "emails[work].value"),
        ("emails[work]", "emails[work].value"),
        ('emails[type eq "work"].value', "emails[work].value"),
        ("hr.startDate", "hr.startDate"),
        ("HR.STARTDATE", "hr.startDate"),
        ("urn:rollcall:params:scim:schemas:extension:hr:2.0:User:startDate", "hr.startDate"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "name.givenName"),
        ("department", "enterprise.department"),
        ("givenName", "name.givenName"),
    ],
)
def test_a_field_has_several_spellings(written, name):
    assert user_fields().find(written).name == name


@pytest.mark.parametrize(
    "written", ["manager", "enterprise.manager.value", "hr.sources", "password", "id", "externalId", "value"]
)
def test_what_is_not_a_source_s_to_say_is_no_field(written):
    assert user_fields().find(written) is None


# --- mistakes -------------------------------------------------------------------------------------------------------


def test_broken_toml_is_told_with_its_line():
    with pytest.raises(MappingError, match="line 2"):
        compile_mapping("[record]\nkey = ID\n[fields]", COLUMNS)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('"name.firstName" = "First"', ["line 5", "no field 'name.firstName'"]),
        ('department = "Frist"', ["line 5", "no column 'Frist'", "did you mean 'First'?"]),
        ('title = { from = "First", upper = true }', ["'upper' is not a word"]),
        ('title = { from = "First", constant = "x" }', ["exactly one of", "from and constant"]),
        ('title = { case = "upper" }', ["exactly one of", "it has none"]),
        ('title = { from = "First", case = "UPPER" }', ["lower, upper, title"]),
        ('"hr.startDate" = { from = "Hired", date = "Q" }', ["'Q' in the date format"]),
        (
            '"hr.startDate" = { from = "Hired", date = ["M/D/YYYY", "D/M/YYYY"] }',
            ["month-first and day-first"],
        ),
        ('active = { from = "Hired", date = "iso" }', ["active_until"]),
        ('title = { from = "Name", split = "last_first" }', ["split needs part"]),
        ('title = { from = "Name", split = "last_first", part = "given" }', ["no part of a name"]),
        ('title = { template = "same for all" }', ["no name in braces"]),
        ('title = { template = "{given" }', ["brace without its partner"]),
        ('title = { template = "{given}" }', ["{given} stands for name.givenName"]),
        ('"phoneNumbers[work]" = { from = "First", phone = "XX" }', ["country code"]),
        ("title = 5", ["column name in quotes"]),
        ('title = "First"\n"Title" = "Last"', ["mapped twice"]),
        ("", ["no [fields]"]),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(fields, words):
    told = complaint(fields)
    for word in words:
        assert word in told


def test_doubled_columns_must_be_told_apart():
    assert "write 'Phone (1)' or 'Phone (2)'" in complaint(
        'title = "Phone"', "", ["ID", "Phone (1)", "Phone (2)"]
    )


def test_a_missing_key_is_told():
    with pytest.raises(MappingError, match="no key"):
        compile_mapping('[fields]\ntitle = "First"', COLUMNS)


def test_all_mistakes_are_told_at_once():
    told = complaint('"a" = "First"\n"b" = "First"', "kee = 1")
    assert told.count(";") >= 2
    assert "\n" not in told
