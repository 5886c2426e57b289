"""The life of a source: consent, schedules, watermarks, webhooks, precedence, letters; and write-back.

What was connected before stays connected: its kind counts as enabled, and it as published.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PENDING, _DUE = sa.text("state = 'pending'"), sa.text("due_at IS NOT NULL")
_NEW = ("source_consent", "enabled_vendor", "webhook_delivery", "match_suggestion", "precedence", "pin")


def upgrade() -> None:
    _create_tables()
    _index("ix_webhook_delivery_due", "webhook_delivery", ["due_at"], _DUE)
    op.create_index("ix_webhook_delivery_at", "webhook_delivery", ["tenant_id", "received_at"])
    op.create_index("ix_match_suggestion_state", "match_suggestion", ["tenant_id", "state"])
    _index("ix_letter_due", "letter", ["next_attempt_at"], _PENDING)
    op.add_column("target", sa.Column("source_id", sa.Integer(), nullable=True))
    op.add_column(
        "staged_record", sa.Column("inactive", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("import_run", sa.Column("trigger", sa.String(length=10), nullable=False, server_default="request"))
    op.add_column("import_run", sa.Column("is_full", sa.Boolean(), nullable=False, server_default=sa.true()))
    for name in ("scope", "watermark"):
        op.add_column("import_run", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("import_run", sa.Column("approved_by", sa.String(length=250), nullable=True))
    _without_defaults("staged_record", "inactive")
    _without_defaults("import_run", "trigger", "is_full")
    _widen_sources()


def _widen_sources() -> None:
    with op.batch_alter_table("source") as batch:
        batch.add_column(sa.Column("schedule", sa.String(length=80), nullable=True))
        batch.add_column(sa.Column("set_up_by", sa.String(length=250), nullable=True))
        batch.add_column(sa.Column("report_to", sa.Text(), nullable=True))
        batch.add_column(sa.Column("hook_key", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("published_at", database.InstantText, nullable=True))
        batch.add_column(sa.Column("watermark", sa.Text(), nullable=True))
        batch.add_column(sa.Column("read_whole_at", database.InstantText, nullable=True))
        batch.add_column(sa.Column("last_total", sa.Integer(), nullable=True))
    _fill_sources()
    with op.batch_alter_table("source") as batch:
        batch.alter_column("state", existing_type=sa.String(length=10), type_=sa.String(length=12))
        for name, type_ in (
            ("schedule", sa.String(length=80)),
            ("set_up_by", sa.String(length=250)),
            ("hook_key", sa.String(length=64)),
        ):
            batch.alter_column(name, existing_type=type_, nullable=False)
        batch.drop_column("interval_seconds")


def _fill_sources() -> None:
    connection = op.get_bind()
    source = _table(
        "source",
        *("tenant_id", "id", "kind", "interval_seconds", "created_at"),
        *("schedule", "set_up_by", "hook_key", "published_at"),
    )
    enabled = _table("enabled_vendor", "tenant_id", "kind", "by", "at")
    known = set()
    for row in connection.execute(sa.select(source)).all():
        values = {
            "schedule": "off" if row.interval_seconds is None else f"{row.interval_seconds}s",
            "set_up_by": "system:migration",
            "hook_key": secrets.token_urlsafe(24),
            "published_at": row.created_at,
        }
        where = (source.c.tenant_id == row.tenant_id, source.c.id == row.id)
        connection.execute(sa.update(source).where(*where).values(values))
        if row.kind != "csv" and (row.tenant_id, row.kind) not in known:
            known.add((row.tenant_id, row.kind))
            said = {"tenant_id": row.tenant_id, "kind": row.kind, "by": "system:migration", "at": row.created_at}
            connection.execute(sa.insert(enabled), said)


def _without_defaults(table: str, *columns: str) -> None:
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("source") as batch:
        batch.add_column(sa.Column("interval_seconds", sa.Integer(), nullable=True))
    source = _table("source", "schedule", "interval_seconds", "state")
    connection = op.get_bind()
    for schedule in connection.scalars(sa.select(source.c.schedule).distinct()).all():
        seconds = _seconds(schedule)
        connection.execute(
            sa.update(source).where(source.c.schedule == schedule).values(interval_seconds=seconds)
        )
    # What is not published, or not connected any more, must not be imported by a version that knows neither.
    connection.execute(
        sa.update(source).where(source.c.state.in_(("draft", "disconnected"))).values(state="paused")
    )
    with op.batch_alter_table("source") as batch:
        batch.alter_column("state", existing_type=sa.String(length=12), type_=sa.String(length=10))
        for name in ("schedule", "set_up_by", "report_to", "hook_key", "published_at", "watermark"):
            batch.drop_column(name)
        batch.drop_column("read_whole_at")
        batch.drop_column("last_total")
    run = _table("import_run", "state")
    connection.execute(sa.update(run).where(run.c.state == "held").values(state="cancelled"))
    with op.batch_alter_table("import_run") as batch:
        for name in ("trigger", "is_full", "scope", "watermark", "approved_by"):
            batch.drop_column(name)
    with op.batch_alter_table("staged_record") as batch:
        batch.drop_column("inactive")
    with op.batch_alter_table("target") as batch:
        batch.drop_column("source_id")
    for name in (*_NEW, "welcome", "letter"):
        op.drop_table(name)


def _seconds(schedule: str) -> int | None:
    """The version before knows intervals only: a daily import is one every 24 hours there."""
    if schedule.startswith("daily"):
        return 86_400
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    return int(schedule[:-1]) * units[schedule[-1]] if schedule[-1] in units and schedule != "off" else None


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _create_tables() -> None:
    op.create_table(
        "source_consent",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=250), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "source_id", "number", name=op.f("pk_source_consent")),
    )
    op.create_table(
        "enabled_vendor",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=250), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_enabled_vendor")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.String(length=100), nullable=False),
        sa.Column("received_at", database.InstantText, nullable=False),
        sa.Column("hints", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", database.InstantText, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "source_id", "delivery_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_table(
        "match_suggestion",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("record_id", database.Key, nullable=False),
        sa.Column("employee_id", database.IdText, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("decided_by", sa.String(length=250), nullable=True),
        sa.Column("decided_at", database.InstantText, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "source_id", "record_id", name=op.f("pk_match_suggestion")),
    )
    op.create_table(
        "precedence",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("writers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "field", name=op.f("pk_precedence")),
    )
    op.create_table(
        "pin",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee_id", database.IdText, nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=250), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", "path", name=op.f("pk_pin")),
    )
    op.create_table(
        "welcome",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_welcome")),
    )
    op.create_table(
        "letter",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", database.InstantText, nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", database.InstantText, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", database.InstantText, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_letter")),
    )
