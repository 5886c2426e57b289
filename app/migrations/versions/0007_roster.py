"""The roster: a short line for each employee, by which the console searches, filters and counts people.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from app import database
from app.directory import documents, roster

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BATCH = 1000
#: The columns as they are here: a later version's lines may have more.
_LINE = ("active", "name_key", "words", "department", "starts_on", "ends_on", "has_work_email")


def upgrade() -> None:
    table = op.create_table(
        "roster",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", database.IdText, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("name_key", database.Key, nullable=False),
        sa.Column("words", database.Key, nullable=False),
        sa.Column("department", database.Key, nullable=True),
        sa.Column("starts_on", database.Key, nullable=True),
        sa.Column("ends_on", database.Key, nullable=True),
        sa.Column("has_work_email", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", name=op.f("pk_roster")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employee.tenant_id", "employee.id"],
            name=op.f("fk_roster_tenant_id_employee_id_employee"),
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    _fill(op.get_bind(), table)
    op.create_index("ix_roster_name", "roster", ["tenant_id", "name_key", "employee_id"])


def _fill(connection: sa.Connection, table: sa.Table) -> None:
    """Write the lines of the people who are there, in the order of their keys."""
    names = ("tenant_id", "id", "wire", "on_request")
    employee = sa.table("employee", *(sa.column(name) for name in names))
    key = sa.tuple_(employee.c.tenant_id, employee.c.id)
    query = sa.select(*employee.c).order_by(employee.c.tenant_id, employee.c.id).limit(_BATCH)
    last: tuple[Any, ...] = (0, "")
    while found := connection.execute(query.where(key > last)).all():
        connection.execute(sa.insert(table), [_line(row) for row in found])
        last = (found[-1].tenant_id, found[-1].id)


def _line(row: Any) -> dict[str, Any]:
    line = roster.line_of(documents.joined(row.wire, row.on_request))
    return {"tenant_id": row.tenant_id, "employee_id": row.id} | {name: line[name] for name in _LINE}


def downgrade() -> None:
    op.drop_table("roster")
