"""Secret columns of an import: sealed, and quoted nowhere."""

from __future__ import annotations

import json

from sqlalchemy import select

from app.access.encryption import unseal
from app.database import reading
from app.directory.tables import SealedValue
from app.sources.tables import row_error, source_record
from scim.resources import HR
from tests.sources.by_hand import ADA, ALAN
from tests.sources.conftest import MAPPING
from tests.sources.reports import counted, error_lines, problems

SECRET_MAPPING = (
    MAPPING
    + """
"hr.salary.amount" = { from = "Pay", number = "point" }
"hr.salary.currency" = { constant = "USD" }
"hr.nationalId.value" = "SSN"
"hr.dateOfBirth" = { from = "Born", date = "M/D/YYYY" }
"""
)


def opened_secret(tenant, row):
    """The value of a sealed row."""
    return json.loads(unseal(tenant.id, f"employee_secret/{row.resource_id}/{row.path}", row.sealed))


SECRET_HEADER = "ID,First,Last,Email,Title,Status,Pay,SSN,Born"


def test_salary_and_national_id_are_sealed_and_shown_nowhere(
    write, add_source, import_from, tenant, person, database_url
):
    write(
        ADA + ',"$72,341",078-05-1120,12/10/1815',
        ALAN + ",78342k,078-05-1121,13/13/1912",
        header=SECRET_HEADER,
    )
    run = import_from(add_source(mapping=SECRET_MAPPING))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    ada = person("ada@example.com")
    assert (ada[HR], "salary" in ada[HR]) == ({"dateOfBirth": "1815-12-10"}, False)
    assert not any(
        canary in error.reason for error in problems(run) for canary in ("78342k", "1121", "13/13")
    )
    with reading() as connection:
        rows = connection.execute(select(SealedValue.__table__).order_by(SealedValue.path)).all()
    opened = {row.path: opened_secret(tenant, row) for row in rows}
    assert opened == {
        f"{HR}:nationalId": {"value": "078-05-1120"},
        f"{HR}:salary": {"amount": 72341, "currency": "USD"},
    }


def test_a_changed_part_of_a_sealed_value_keeps_its_other_parts(write, add_source, import_from, tenant):
    write(ADA + ",72341,,", header=SECRET_HEADER)
    source = add_source(mapping=SECRET_MAPPING)
    import_from(source)
    write(ADA + ",80000,,", header=SECRET_HEADER)
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    with reading() as connection:
        row = connection.execute(select(SealedValue.__table__)).one()
    assert opened_secret(tenant, row) == {"amount": 80000, "currency": "USD"}


def test_error_lines_and_digests_hold_no_cell_of_a_secret_column(write, add_source, import_from):
    write(ADA + ",72341canary,,", header=SECRET_HEADER)
    run = import_from(add_source(mapping=SECRET_MAPPING))
    with reading() as connection:
        stored = [str(tuple(row)) for row in connection.execute(select(row_error)).all()]
        stored += [str(tuple(row)) for row in connection.execute(select(source_record)).all()]
    assert error_lines(run) == [(2, "Pay", "invalid_number")]
    assert not any("72341canary" in text for text in stored)
