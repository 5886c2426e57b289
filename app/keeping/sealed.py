"""Every column of the product that holds sealed values, and where each value is bound to.

A rotation, a backup and ``rollcall doctor`` know sealed values by this list alone; a test fails when a column of bytes
is neither in it nor excused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.access import tenants
from app.access.encryption import KeyRing, UnsealError, key_ring, sealed_prefix
from app.access.tables import SignInProvider
from app.database import Blob
from app.directory.tables import SealedValue
from app.notices import letters
from app.notices.channels import previous_context, secret_context
from app.notices.tables import channel_table, letter_table
from app.provisioning.tables import target_table
from app.provisioning.targets import token_context
from app.sources.tables import source, staged_record

#: The place that a row's value is bound to (:meth:`KeyRing.seal`), as the room that seals it writes it.
Place = Callable[[Any], str]


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values. ``digest`` is the column with the keyed digest of the same value, if there is one."""

    table: Table
    name: str
    place: Place
    #: What cannot be used while its values do not open.
    holds: str
    digest: str | None = None

    @property
    def column(self) -> Column[Any]:
        """The column itself."""
        return self.table.c[self.name]

    @property
    def key(self) -> tuple[Column[Any], ...]:
        """The columns of the primary key after the tenant."""
        return tuple(column for column in self.table.primary_key if column.name != "tenant_id")

    def of(self, tenant_id: int) -> tuple[ColumnElement[bool], ...]:
        """Return the condition of a tenant's sealed values."""
        return self.table.c.tenant_id == tenant_id, self.column.is_not(None)

    def sealed_with(self, key_id: str) -> ColumnElement[bool]:
        """Return the condition of values that are sealed with a key."""
        prefix = sealed_prefix(key_id)
        start = func.substr(self.column, 1, len(prefix), type_=Blob())
        return start == bindparam(None, prefix, type_=Blob())


SEALED: tuple[SealedColumn, ...] = (
    SealedColumn(
        SealedValue.__table__,
        "sealed",
        lambda row: f"employee_secret/{row.resource_id}/{row.path}",
        "values of employees that no answer ever shows (salary, national id)",
        digest="digest",
    ),
    SealedColumn(
        SignInProvider.__table__,
        "client_secret",
        lambda row: "sign_in_provider/client_secret",
        "the secret with which Rollcall asks a sign-in provider who somebody is",
    ),
    SealedColumn(target_table, "token", lambda row: token_context(row.id), "tokens of targets"),
    SealedColumn(source, "secrets", lambda row: f"source/{row.id}/secrets", "credentials of sources"),
    SealedColumn(
        source,
        "print_key",
        lambda row: f"source/{row.id}/print_key",
        "what sources said before, to compare with",
    ),
    SealedColumn(
        staged_record,
        "sealed",
        lambda row: f"staged_record/{row.run_id}/{row.number}",
        "records of imports that are under way",
    ),
    SealedColumn(channel_table, "secret", lambda row: secret_context(row.id), "signing secrets of webhooks"),
    SealedColumn(
        channel_table,
        "previous_secret",
        lambda row: previous_context(row.id),
        "signing secrets of webhooks before their rotation",
    ),
    SealedColumn(letter_table, "sealed", lambda row: letters.place(row.key), "letters that wait to be sent"),
)
#: Columns of bytes that hold nothing sealed: ``table.column`` → why not.
EXCUSED: dict[str, str] = {}


@dataclass(frozen=True)
class Usage:
    """How many values of a column are sealed with a key; ``key_id`` is None for keys that the ring does not hold."""

    column: SealedColumn
    key_id: str | None
    values: int


def usage(connection: Connection, ring: KeyRing | None = None) -> list[Usage]:
    """Return what is sealed with which key, over all tenants; nothing for a key that seals nothing."""
    ring = ring or key_ring()
    found: dict[tuple[int, str | None], int] = {}
    for tenant in tenants.listed(connection):
        for place, column in enumerate(SEALED):
            counted = [func.count(), *(_count_of(column, key_id) for key_id in ring.keys)]
            total, *by_key = connection.execute(select(*counted).where(*column.of(tenant.id))).one()
            numbers: dict[str | None, int] = dict(zip(ring.keys, by_key, strict=True))
            numbers[None] = total - sum(by_key)
            for key_id, number in numbers.items():
                found[place, key_id] = found.get((place, key_id), 0) + number
    return [Usage(SEALED[place], key_id, number) for (place, key_id), number in found.items() if number]


def open_samples(connection: Connection) -> list[str]:
    """Open one value of every tenant, column and key; return ``table.column`` of those that do not open."""
    ring, shut = key_ring(), []
    for tenant in tenants.listed(connection):
        for column in SEALED:
            for key_id in ring.keys:
                where = (*column.of(tenant.id), column.sealed_with(key_id))
                row = connection.execute(select(*column.key, column.column).where(*where).limit(1)).first()
                if row is not None and not _opens(ring, tenant.id, column, row):
                    shut.append(f"{column.table.name}.{column.name}")
    return shut


def _opens(ring: KeyRing, tenant_id: int, column: SealedColumn, row: Any) -> bool:
    try:
        ring.unseal(tenant_id, column.place(row), row._mapping[column.name])
    except UnsealError:
        return False
    return True


def _count_of(column: SealedColumn, key_id: str) -> Any:
    return func.count().filter(column.sealed_with(key_id))
