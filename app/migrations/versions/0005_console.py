"""The console: roles, the sign-in provider, proofs of who one is, saved views.

Whoever was an admin before could do everything and is an owner.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("admin") as batch:
        batch.add_column(sa.Column("role", sa.String(length=10), nullable=False, server_default="owner"))
        batch.add_column(sa.Column("oidc_subject", sa.String(length=255), nullable=True))
        batch.add_column(sa.Column("last_signed_in_at", database.InstantText, nullable=True))
    with op.batch_alter_table("admin") as batch:
        batch.alter_column("role", server_default=None)
    op.add_column("session", sa.Column("proved_at", database.InstantText, nullable=True))
    op.add_column("session", sa.Column("place", sa.String(length=120), nullable=True))
    op.create_table(
        "sign_in_provider",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", database.Blob, nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("changed_at", database.InstantText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_sign_in_provider")),
    )
    op.create_table(
        "saved_view",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", database.InstantText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "tenant_id", "admin_id", "name", name=op.f("uq_saved_view_tenant_id_admin_id_name")
        ),
    )


def downgrade() -> None:
    op.drop_table("saved_view")
    op.drop_table("sign_in_provider")
    op.drop_column("session", "place")
    op.drop_column("session", "proved_at")
    with op.batch_alter_table("admin") as batch:
        for name in ("last_signed_in_at", "oidc_subject", "role"):
            batch.drop_column(name)
