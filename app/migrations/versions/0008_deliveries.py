"""Deliveries as a list: calls of a tenant by time, and those that failed.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FAILED = sa.text("(status IS NULL OR status >= 300 OR error IS NOT NULL)")


def upgrade() -> None:
    op.create_index("ix_attempt_time", "attempt", ["tenant_id", "at", "id", "target_id", "method"])
    op.create_index(
        "ix_attempt_failed",
        "attempt",
        ["tenant_id", "at", "id"],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    )
    op.drop_index("ix_attempt_at", "attempt")


def downgrade() -> None:
    op.create_index("ix_attempt_at", "attempt", ["at"])
    op.drop_index("ix_attempt_failed", "attempt")
    op.drop_index("ix_attempt_time", "attempt")
