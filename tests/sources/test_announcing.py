"""Import runs that fail are told once, and that one finishes again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.access.tenants import Tenant
from app.database import reading, writing
from app.notices.tables import notice_table
from app.sources import catalog
from app.sources.catalog import Source
from app.sources.runs import Run

ROW = "1,Ada,Lovelace,ada@example.com,Engineer,Active"


def notices() -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(notice_table).order_by(notice_table.c.id)))


def test_failures_in_a_row_are_one_notice_and_a_good_run_ends_them(
    write: Callable[..., Path], add_source: Callable[..., Source], import_from: Callable[..., Run]
) -> None:
    file = write(ROW)
    source = add_source()
    assert import_from(source).state == "finished"
    assert notices() == []

    file.unlink()
    assert [import_from(source).state for _ in range(3)] == ["failed"] * 3
    assert [(each.kind, each.about) for each in notices()] == [("import.failed", "source:hr")]
    assert notices()[0].details["source"] == "hr"

    write(ROW)
    for _ in range(2):
        assert import_from(source).state == "finished"
    assert [each.kind for each in notices()] == ["import.failed", "import.recovered"]


def test_a_dry_run_is_nobodys_news(
    write: Callable[..., Path], add_source: Callable[..., Source], import_from: Callable[..., Run]
) -> None:
    file = write(ROW)
    source = add_source()
    file.unlink()
    assert import_from(source, dry_run=True).state == "failed"
    assert notices() == []


def test_a_source_of_the_same_name_begins_anew(
    tenant: Tenant,
    write: Callable[..., Path],
    add_source: Callable[..., Source],
    import_from: Callable[..., Run],
) -> None:
    for _ in range(2):
        file = write(ROW)
        source = add_source()
        file.unlink()
        import_from(source)
        with writing() as connection:
            catalog.remove(connection, tenant.id, "hr", "test")
    assert [(each.kind, each.about) for each in notices()] == [("import.failed", "source:hr (removed)")] * 2
