"""Every place that holds sealed values is known, and what a key seals is counted."""

from __future__ import annotations

from sqlalchemy import LargeBinary, update

from app.database import Model, reading, writing
from app.keeping.sealed import EXCUSED, SEALED, open_samples, usage
from app.provisioning.tables import target_table
from tests.keeping.conftest import Sealed


def test_every_column_of_bytes_is_listed_or_excused() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }
    listed = {f"{column.table.name}.{column.name}" for column in SEALED}
    assert columns == listed | EXCUSED.keys()
    assert listed.isdisjoint(EXCUSED)


def test_what_a_key_seals_is_counted_by_column(sealed: Sealed) -> None:
    with reading() as connection:
        found = {
            (f"{use.column.table.name}.{use.column.name}", use.key_id): use.values
            for use in usage(connection)
        }
    assert found == {
        ("sealed_value.sealed", "k1"): 3,
        ("target.token", "k1"): 1,
        ("source.secrets", "k1"): 1,
        ("source.print_key", "k1"): 2,
        ("staged_record.sealed", "k1"): 3,
        ("notice_channel.secret", "k1"): 1,
        ("notice_channel.previous_secret", "k1"): 1,
    }


def test_a_value_that_does_not_open_is_named(sealed: Sealed) -> None:
    with reading() as connection:
        assert open_samples(connection) == []
    with writing() as connection:
        where = target_table.c.tenant_id == sealed.tenant.id
        token = connection.scalar(target_table.select().where(where).with_only_columns(target_table.c.token))
        connection.execute(update(target_table).where(where).values(token=token[:-1] + b"?"))
    with reading() as connection:
        assert open_samples(connection) == ["target.token"]
