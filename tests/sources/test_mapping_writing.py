"""Mappings as parts: every bundled one comes back from its own text, and dates change their order everywhere."""

from __future__ import annotations

import pytest

from app.registry import SOURCES, kinds, source_adapter
from app.sources.adapter import SourceContext
from app.sources.mapping_text import compile_mapping
from app.sources.mapping_writing import Parts, date_order, in_order, parts_of, with_date_order

BUNDLED = sorted(kind for kind in kinds(SOURCES) if source_adapter(kind)().default_mapping())
HEAD = '[record]\nkey = "ID"\n[fields]\n'


@pytest.mark.parametrize("kind", BUNDLED)
def test_a_bundled_mapping_comes_back_from_its_parts(kind: str) -> None:
    adapter = source_adapter(kind)()
    columns = [field.name for field in adapter.record_fields(SourceContext(kind, {}, {}))]
    text = adapter.default_mapping()
    written = parts_of(text).text()
    assert parts_of(written) == parts_of(text)
    before, after = compile_mapping(text, columns), compile_mapping(written, columns)
    assert (after.fields, after.named, after.key) == (before.fields, before.named, before.key)


def test_texts_that_toml_would_read_otherwise_are_escaped() -> None:
    nasty = 'a"b\\c\nd\te\x7f ü "]\n[fields]'
    parts = Parts({"key": nasty}, {}, {"title": {"from": nasty, "map": {nasty: True, "": "x"}}})
    assert parts_of(parts.text()) == parts


def test_bare_names_of_branches_are_the_same_fields() -> None:
    assert parts_of(HEAD + 'name.givenName = "First"\n').fields == {"name.givenName": "First"}


ORDERS = [
    ("M/D/YYYY", "month-first"),
    ("DD.MM.YYYY", "day-first"),
    ("iso", "iso"),
    ("YYYY/M/D", "iso"),
    ("D MMM YYYY", None),
    ("excel", None),
]


@pytest.mark.parametrize(("form", "order"), ORDERS)
def test_the_order_of_dates_is_told_from_their_format(form: str, order: str | None) -> None:
    assert date_order(parts_of(f'{HEAD}"hr.startDate" = {{ from = "S", date = "{form}" }}\n')) == order


def test_dates_of_several_orders_have_none() -> None:
    text = (
        f'{HEAD}"hr.startDate" = {{ from = "S", date = "iso" }}\n'
        '"active" = { from = "E", active_until = "D/M/YYYY" }\n'
    )
    assert date_order(parts_of(text)) is None
    changed = with_date_order(parts_of(text), "month-first")
    assert date_order(changed) == "month-first"
    assert changed.fields["active"] == {"from": "E", "active_until": "M/D/YYYY"}


def test_lists_of_formats_are_reordered_each() -> None:
    text = f'{HEAD}"hr.startDate" = {{ from = "S", date = ["M/D/YYYY", "M-D-YY"] }}\n'
    changed = with_date_order(parts_of(text), "day-first")
    assert changed.fields["hr.startDate"]["date"] == ["D/M/YYYY", "D-M-YY"]


def test_a_format_that_cannot_be_turned_round_becomes_the_usual_one() -> None:
    assert in_order("%d/%m/%Y", "month-first") == "M/D/YYYY"
    assert in_order("D MMM YYYY", "day-first") == "D/M/YYYY"


def test_what_reads_no_dates_stays() -> None:
    parts = parts_of(f'{HEAD}"title" = {{ from = "T", case = "title" }}\n')
    assert with_date_order(parts, "iso") == parts
