"""Managers by address: the employees whose manager a source has named and nobody is yet.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "awaited_manager",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", database.IdText, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("key", database.Key, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", name=op.f("pk_awaited_manager")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employee.tenant_id", "employee.id"],
            name=op.f("fk_awaited_manager_tenant_id_employee_id_employee"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_awaited_manager_source", "awaited_manager", ["tenant_id", "source_id", "employee_id"])


def downgrade() -> None:
    op.drop_table("awaited_manager")
