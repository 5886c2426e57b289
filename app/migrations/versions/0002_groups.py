"""Groups, loaded schemas, OAuth secrets and the inbound log; what hangs on a resource names it by ``resource_id``.

Small rows under a composite key move into their key on SQLite: a write then touches one tree instead of two.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNSEALED, _SEALED = sa.text("seal_number IS NULL"), sa.text("seal_number IS NOT NULL")
_OF_A_RUN, _OF_OAUTH = sa.text("run_id IS NOT NULL"), sa.text("secret_id IS NOT NULL")
#: Index → column of people: with the id behind it, a page deep down a sorted list is found at once.
_SORTED = {
    "ix_employee_display_name": "display_name_key",
    "ix_employee_employee_number": "employee_number_key",
    "ix_employee_last_modified": "last_modified",
}
#: Table → its foreign key to the employee, gone now: a resource of any type may stand there.
_UNTIED = {
    "external_id": "fk_external_id_tenant_id_employee_id_employee",
    "employee_secret": "fk_employee_secret_tenant_id_employee_id_employee",
}


def _batch(table: str, *, clustered: bool):
    """Return the batch that changes a table; on SQLite it is copied, into its key when ``clustered``."""
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    return op.batch_alter_table(table, recreate=recreate, table_kwargs={"sqlite_with_rowid": not clustered})


def upgrade() -> None:
    for name, column in _SORTED.items():
        op.drop_index(name, table_name="employee")
        op.create_index(name, "employee", ["tenant_id", column, "id"])
    op.drop_index("ix_external_id_employee", table_name="external_id")
    op.drop_index("ix_revision_run", table_name="revision")
    op.drop_index("uq_audit_seal", table_name="audit")
    for table, constraint in _UNTIED.items():
        with _batch(table, clustered=True) as batch:
            batch.drop_constraint(constraint, type_="foreignkey")
            batch.alter_column("employee_id", new_column_name="resource_id")
    op.rename_table("employee_secret", "sealed_value")
    with _batch("revision", clustered=True) as batch:
        batch.alter_column("employee_id", new_column_name="resource_id")
    if op.get_bind().dialect.name == "sqlite":
        for table in ("audit", "counter", "employee_email"):
            with _batch(table, clustered=True):
                pass
    op.create_index("ix_external_id_resource", "external_id", ["tenant_id", "resource_id"])
    op.create_index(
        "ix_revision_run",
        "revision",
        ["tenant_id", "run_id"],
        sqlite_where=_OF_A_RUN,
        postgresql_where=_OF_A_RUN,
    )
    op.create_index(
        "uq_audit_seal",
        "audit",
        ["tenant_id", "seal_number"],
        unique=True,
        sqlite_where=_SEALED,
        postgresql_where=_SEALED,
    )
    with op.batch_alter_table("token") as batch:
        batch.add_column(sa.Column("secret_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_token_of_oauth",
        "token",
        ["tenant_id", "expires_at"],
        sqlite_where=_OF_OAUTH,
        postgresql_where=_OF_OAUTH,
    )
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "resource",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("type", database.Key, nullable=False),
        sa.Column("id", database.IdText, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("display_name_key", database.Key, nullable=True),
        sa.Column("created_at", database.InstantText, nullable=False),
        sa.Column("last_modified", database.InstantText, nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("on_request", sa.Text(), nullable=True),
        sa.Column("compared", database.SearchJson, nullable=False),
        sa.Column("owners", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "type", "id", name=op.f("pk_resource")),
    )
    op.create_index("ix_resource_display_name", "resource", ["tenant_id", "type", "display_name_key", "id"])
    op.create_index("ix_resource_last_modified", "resource", ["tenant_id", "type", "last_modified", "id"])
    op.create_table(
        "membership",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("group_id", database.IdText, nullable=False),
        sa.Column("member_id", database.IdText, nullable=False),
        sa.Column("type", database.Key, nullable=False),
        sa.Column("display", sa.Text(), nullable=True),
        sa.Column("display_key", database.Key, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", "member_id", name=op.f("pk_membership")),
        **database.CLUSTERED,
    )
    op.create_index("ix_membership_member", "membership", ["tenant_id", "member_id"])
    op.create_table(
        "unique_value",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("type", database.Key, nullable=False),
        sa.Column("path", database.Key, nullable=False),
        sa.Column("key", database.Key, nullable=False),
        sa.Column("resource_id", database.IdText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "type", "path", "key", name=op.f("pk_unique_value")),
        **database.CLUSTERED,
    )
    op.create_index("ix_unique_value_resource", "unique_value", ["tenant_id", "resource_id"])
    op.create_table(
        "loaded_schemas",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schemas", sa.Text(), nullable=False),
        sa.Column("resource_types", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_loaded_schemas")),
    )
    op.create_table(
        "client_secret",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", database.InstantText, nullable=False),
        sa.Column("expires_at", database.InstantText, nullable=False),
        sa.Column("last_used_at", database.InstantText, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["client.tenant_id", "client.id"],
            name=op.f("fk_client_secret_tenant_id_client_id_client"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_client_secret")),
    )
    op.create_index(
        op.f("ix_client_secret_tenant_id_client_id"), "client_secret", ["tenant_id", "client_id"]
    )
    op.create_table(
        "inbound_request",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("id", database.IdText, nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("scim_type", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "client_id", "id", name=op.f("pk_inbound_request")),
        **database.CLUSTERED,
    )


def downgrade() -> None:
    op.drop_index("ix_token_of_oauth", table_name="token")
    with op.batch_alter_table("token") as batch:
        batch.drop_column("secret_id")
    for table in ("inbound_request", "client_secret", "loaded_schemas", "unique_value", "membership", "resource"):
        op.drop_table(table)
    for name, column in _SORTED.items():
        op.drop_index(name, table_name="employee")
        op.create_index(name, "employee", ["tenant_id", column])
    op.drop_index("uq_audit_seal", table_name="audit")
    op.drop_index("ix_revision_run", table_name="revision")
    op.drop_index("ix_external_id_resource", table_name="external_id")
    op.rename_table("sealed_value", "employee_secret")
    _forget_groups()
    for table, constraint in _UNTIED.items():
        with _batch(table, clustered=False) as batch:
            batch.alter_column("resource_id", new_column_name="employee_id")
        with _batch(table, clustered=False) as batch:
            batch.create_foreign_key(
                constraint,
                "employee",
                ["tenant_id", "employee_id"],
                ["tenant_id", "id"],
                ondelete="CASCADE",
            )
    with _batch("revision", clustered=False) as batch:
        batch.alter_column("resource_id", new_column_name="employee_id")
    if op.get_bind().dialect.name == "sqlite":
        for table in ("audit", "counter", "employee_email"):
            with _batch(table, clustered=False):
                pass
    op.create_index("ix_external_id_employee", "external_id", ["tenant_id", "employee_id"])
    op.create_index("ix_revision_run", "revision", ["tenant_id", "run_id"])
    op.create_index("uq_audit_seal", "audit", ["tenant_id", "seal_number"], unique=True)


def _forget_groups() -> None:
    """Delete what hangs on resources that the first version does not know."""
    employee = sa.table("employee", sa.column("tenant_id"), sa.column("id"))
    for name in _UNTIED:
        table = sa.table(name, sa.column("tenant_id"), sa.column("resource_id"))
        known = sa.exists().where(
            employee.c.tenant_id == table.c.tenant_id, employee.c.id == table.c.resource_id
        )
        op.execute(sa.delete(table).where(~known))
