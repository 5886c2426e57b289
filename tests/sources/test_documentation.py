"""docs/mapping.md and docs/error-codes.md say all there is, and their examples work as they stand."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest

from app.sources.dates import _TOKENS
from app.sources.fields import user_fields
from app.sources.mapping import Mapping
from app.sources.mapping_text import compile_mapping
from app.sources.names import PARTS
from app.sources.rule_words import ALL_WORDS
from app.sources.transforms import _FALSE, _TRUE, DEFAULT_EMPTY_WORDS

ROOT = Path(__file__).resolve().parents[2]
MAPPING = (ROOT / "docs/mapping.md").read_text(encoding="utf-8")
ERROR_CODES = (ROOT / "docs/error-codes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```csv\n(.*?)```\s*```toml\n(.*?)```", MAPPING, re.DOTALL)
TODAY = date(2026, 11, 22)


def applied(example: tuple[str, str]) -> tuple[Mapping, list[dict[str, object]]]:
    """The mapping of an example and what its rows become."""
    text, toml = example
    delimiter = ";" if ";" in text.splitlines()[0] else ","
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    mapping = compile_mapping(toml, list(rows[0]))
    wanted = [row for row in rows if mapping.wants(row)]
    return mapping, [mapping.apply(mapping.record_id(row), row, TODAY).values for row in wanted]


def test_every_field_is_in_the_table():
    assert [name for name in user_fields().fields if f"`{name}`" not in MAPPING] == []


def test_every_field_of_the_table_exists():
    table = MAPPING[MAPPING.index("## All fields") : MAPPING.index("## Work e-mail")]
    named = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]
    assert len(named) > 60
    assert [name for name in named if user_fields().find(name) is None] == []


@pytest.mark.parametrize("words", [ALL_WORDS, PARTS, _TOKENS, DEFAULT_EMPTY_WORDS, _TRUE, _FALSE])
def test_every_word_of_the_language_is_explained(words):
    assert [word for word in words if not re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", MAPPING)] == []


def test_there_are_worked_examples():
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_maps_every_one_of_its_rows(example):
    _, people = applied(example)
    assert people


def test_the_first_example_says_what_it_seems_to_say():
    _, (mary, joerg) = applied(EXAMPLES[0])
    assert mary == {
        "enterprise.employeeNumber": "00123",
        "name.givenName": "Mary Ann",
        "name.familyName": "O'Neil",
        "emails[work].value": "Mary.ONeil@Example.com",
        "enterprise.department": "Sales",
        "hr.startDate": "2019-03-04",
        "hr.terminationDate": None,
        "hr.employmentStatus": "Active",
        "active": True,
    }
    assert (joerg["active"], joerg["hr.terminationDate"]) == (False, "2024-01-31")


def test_the_payroll_example_reads_commas_and_skips_the_total():
    _, people = applied(EXAMPLES[2])
    assert [(p["hr.salary.amount"], p["active"], p["addresses[work].country"]) for p in people] == [
        (72000.5, True, "DE"),
        (61500, False, "CH"),
    ]
    assert people[1]["emails[work].value"] is None


def test_the_spreadsheet_example_reads_excel_dates_titles_and_managers():
    _, (mary, wei) = applied(EXAMPLES[3])
    assert (mary["hr.startDate"], wei["hr.startDate"]) == ("2019-03-04", "2021-01-02")
    assert (mary["name.givenName"], wei["nickName"]) == ("Mary Ann", "Wendy")
    assert mary["hr.managerEmail"] == "charles.babbage@example.com"
    assert wei["hr.managerEmail"] is None
    assert (mary["phoneNumbers[work].value"], mary["active"], wei["active"]) == (
        "+12125550123;ext=45",
        True,
        True,
    )
    assert mary["addresses[home].formatted"] == "1 Main St\nApt 2, Dayton"


def test_every_code_that_a_row_can_get_is_explained():
    sources = [*(ROOT / "app/sources").glob("*.py"), *(ROOT / "app/vendors").glob("*/*.py")]
    raised = r"(?:BadValue|RowProblem|row_refused|_unreadable)\(\s*(?:number,\s*)?\"([a-z_]+)\""
    codes = {code for path in sources for code in re.findall(raised, path.read_text(encoding="utf-8"))}
    assert len(codes) > 20
    assert sorted(code for code in codes if f"| `{code}` |" not in ERROR_CODES) == []


def test_no_code_is_explained_that_no_row_can_get():
    sources = [*(ROOT / "app/sources").glob("*.py"), *(ROOT / "app/vendors").glob("*/*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    section = ERROR_CODES[ERROR_CODES.index("## Import rows") :].split("\n## ")[0]
    explained = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    assert [code for code in explained if f'"{code}"' not in text] == []
