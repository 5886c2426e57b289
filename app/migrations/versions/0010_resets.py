"""Resets: when everything of a source was last asked for anew, so that a run under way does not undo it.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("reset_at", database.InstantText, nullable=True))


def downgrade() -> None:
    op.drop_column("source", "reset_at")
