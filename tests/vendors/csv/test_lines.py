"""Lines joined to records, against the csv module as referee."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from app.vendors.csv.lines import MOST_LINES, records

cells = st.text(alphabet='ab ,;"\n', max_size=8)
tables = st.lists(st.lists(cells, min_size=2, max_size=3), min_size=1, max_size=6)


@given(tables, st.sampled_from(",;"))
def test_what_the_csv_module_writes_is_cut_into_its_records(table, delimiter):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    found = list(records(io.StringIO(file.getvalue()), delimiter))
    assert not any(record.is_broken for record in found)
    assert [next(csv.reader([record.text], delimiter=delimiter)) for record in found] == table


def test_a_quote_within_a_cell_opens_nothing():
    assert [r.text for r in records(['1,12" pipe,x\n', "2,y,z\n"], ",")] == ['1,12" pipe,x', "2,y,z"]


def test_a_quote_that_is_never_closed_breaks_its_own_line_only():
    found = list(records(["1,a\n", '2,"b\n', "3,c\n"], ","))
    assert [(r.text, r.is_broken) for r in found] == [("1,a", False), ('2,"b', True), ("3,c", False)]


def test_a_quote_that_is_not_closed_for_long_does_not_swallow_the_file():
    lines = ['1,"x\n', *(f"{n},y\n" for n in range(MOST_LINES * 3))]
    found = list(records(lines, ","))
    assert (len(found), sum(r.is_broken for r in found)) == (MOST_LINES * 3 + 1, 1)
