"""Gates of the breaker, drains that share a target, groups at targets, undo, notices, leases.

A suspend that waited with its link becomes a gate: a row of its own, as other classes of change have one now.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PENDING, _DUE = sa.text("state = 'pending'"), sa.text("due_at IS NOT NULL")
_GATED, _WAITS = sa.text("gate_run IS NOT NULL"), sa.text("waits_for IS NOT NULL")
_BEFORE = sa.text("suspend_gate = 'run'")
_OF_LINK = ("tenant_id", "target_id", "employee_id")


def upgrade() -> None:
    _create_tables()
    op.create_index("ix_notice_about", "notice", ["tenant_id", "about", "id"])
    op.create_index("ix_breaker_passed_at", "breaker_passed", ["tenant_id", "target_id", "at"])
    _index("ix_notice_delivery_due", "notice_delivery", ["next_attempt_at"], _PENDING)
    _index("ix_group_link_due", "group_link", ["tenant_id", "target_id", "due_at"], _DUE)
    op.create_index(
        "ix_group_link_member_remote_id", "group_link_member", ["tenant_id", "target_id", "remote_id"]
    )
    op.add_column("attempt", sa.Column("employee_version", sa.Integer(), nullable=True))
    op.create_index("ix_attempt_at", "attempt", ["at"])
    op.add_column("operation", sa.Column("irreversible", sa.Text(), nullable=True))
    op.add_column("plan", sa.Column("undoes", sa.Integer(), nullable=True))
    op.drop_index("ix_link_gate", table_name="link")
    with op.batch_alter_table("link") as batch:
        batch.add_column(sa.Column("gate_run", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("waits_for", database.IdText, nullable=True))
        batch.add_column(sa.Column("delivered_version", sa.Integer(), nullable=True))
    _make_gates()
    with op.batch_alter_table("link") as batch:
        batch.drop_column("inactive_by_run")
        batch.drop_column("suspend_gate")
    _index("ix_link_gate", "link", ["tenant_id", "target_id", "gate_run"], _GATED)
    _index("ix_link_waits_for", "link", ["tenant_id", "target_id", "waits_for"], _WAITS)


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def _make_gates() -> None:
    """Turn suspends that waited for their run, for a plan or for good into what says the same now."""
    link = _table("link", *_OF_LINK, "suspend_gate", "inactive_by_run", "gate_run")
    plan = _table("plan", "tenant_id", "id", "target_id", "kind", "state")
    line = _table("operation", "tenant_id", "plan_id", "employee_id")
    gate = _table("gate", *_OF_LINK, "change", "plan_id")
    op.execute(sa.update(link).where(link.c.suspend_gate == "run").values(gate_run=link.c.inactive_by_run))
    newest = (
        sa.select(sa.func.max(plan.c.id))
        .select_from(plan.join(line, (line.c.tenant_id == plan.c.tenant_id) & (line.c.plan_id == plan.c.id)))
        .where(
            plan.c.tenant_id == link.c.tenant_id,
            plan.c.target_id == link.c.target_id,
            plan.c.kind == "held-suspends",
            plan.c.state == "waiting",
            line.c.employee_id == link.c.employee_id,
        )
        .scalar_subquery()
    )
    held = sa.select(*(link.c[name] for name in _OF_LINK), sa.literal("suspend"), newest)
    held = held.where(link.c.suspend_gate.in_(("plan", "discarded")))
    op.execute(sa.insert(gate).from_select([*_OF_LINK, "change", "plan_id"], held))
    op.execute(sa.update(plan).where(plan.c.kind == "held-suspends").values(kind="held"))


def downgrade() -> None:
    for name, table in (
        ("ix_link_waits_for", "link"),
        ("ix_link_gate", "link"),
        ("ix_attempt_at", "attempt"),
    ):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("link") as batch:
        batch.add_column(sa.Column("suspend_gate", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("inactive_by_run", sa.Integer(), nullable=True))
    _close_suspends()
    with op.batch_alter_table("link") as batch:
        for name in ("delivered_version", "waits_for", "gate_run"):
            batch.drop_column(name)
    _index("ix_link_gate", "link", ["tenant_id", "target_id", "inactive_by_run"], _BEFORE)
    for table, name in (("plan", "undoes"), ("operation", "irreversible"), ("attempt", "employee_version")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(name)
    for table in (
        *("notice_delivery", "group_link_member", "group_link", "gate", "drain", "breaker_passed"),
        *("notice_channel", "notice", "lease"),
    ):
        op.drop_table(table)


def _close_suspends() -> None:
    """Keep the gates of suspends; the version before knows no others."""
    link = _table("link", *_OF_LINK, "suspend_gate", "inactive_by_run", "gate_run")
    gate = _table("gate", *_OF_LINK, "change", "plan_id")
    op.execute(
        sa.update(link)
        .where(link.c.gate_run.is_not(None))
        .values(inactive_by_run=link.c.gate_run, suspend_gate="run")
    )
    of_link = (*(gate.c[name] == link.c[name] for name in _OF_LINK), gate.c.change == "suspend")
    for word, condition in (("plan", gate.c.plan_id.is_not(None)), ("discarded", gate.c.plan_id.is_(None))):
        shut = sa.exists().where(*of_link, condition)
        op.execute(sa.update(link).where(shut).values(suspend_gate=word))
    plan = _table("plan", "kind")
    op.execute(sa.update(plan).where(plan.c.kind == "held").values(kind="held-suspends"))


def _create_tables() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("until", database.InstantText, nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "notice",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message_id", database.IdText, nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("about", database.Key, nullable=False),
        sa.Column("state", sa.String(length=60), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("remind_at", database.InstantText, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notice")),
    )
    op.create_table(
        "notice_channel",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", database.Key, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", database.InstantText, nullable=True),
        sa.Column("kinds", sa.Text(), nullable=True),
        sa.Column("created_at", database.InstantText, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notice_channel")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_notice_channel_tenant_id_name")),
    )
    op.create_table(
        "breaker_passed",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=60), nullable=False),
        sa.Column("at", database.InstantText, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"],
            ["target.tenant_id", "target.id"],
            name=op.f("fk_breaker_passed_tenant_id_target_id_target"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "run_id", "change", name=op.f("pk_breaker_passed")),
    )
    op.create_table(
        "drain",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("until", database.InstantText, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"],
            ["target.tenant_id", "target.id"],
            name=op.f("fk_drain_tenant_id_target_id_target"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "owner", name=op.f("pk_drain")),
    )
    op.create_table(
        "gate",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", database.IdText, nullable=False),
        sa.Column("change", sa.String(length=60), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"],
            ["target.tenant_id", "target.id"],
            name=op.f("fk_gate_tenant_id_target_id_target"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "employee_id", "change", name=op.f("pk_gate")),
    )
    op.create_table(
        "group_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("key", database.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("remote_id", database.Key, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason_code", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("delivered_generation", sa.Integer(), nullable=False),
        sa.Column("due_at", database.InstantText, nullable=True),
        sa.Column("next_attempt_at", database.InstantText, nullable=True),
        sa.Column("compare_since", database.InstantText, nullable=True),
        sa.Column("attempt_started_at", database.InstantText, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", database.InstantText, nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("lease_until", database.InstantText, nullable=True),
        sa.Column("delivered_at", database.InstantText, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"],
            ["target.tenant_id", "target.id"],
            name=op.f("fk_group_link_tenant_id_target_id_target"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "key", name=op.f("pk_group_link")),
        sa.UniqueConstraint(
            "tenant_id", "target_id", "remote_id", name=op.f("uq_group_link_tenant_id_target_id_remote_id")
        ),
    )
    op.create_table(
        "group_link_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("key", database.Key, nullable=False),
        sa.Column("remote_id", database.Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"],
            ["target.tenant_id", "target.id"],
            name=op.f("fk_group_link_member_tenant_id_target_id_target"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "target_id", "key", "remote_id", name=op.f("pk_group_link_member")
        ),
        **database.CLUSTERED,
    )
    op.create_table(
        "notice_delivery",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", database.InstantText, nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", database.InstantText, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", database.InstantText, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "notice_id"],
            ["notice.tenant_id", "notice.id"],
            name=op.f("fk_notice_delivery_tenant_id_notice_id_notice"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "notice_id", "channel_id", "number", name=op.f("pk_notice_delivery")
        ),
    )
