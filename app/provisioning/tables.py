"""Tables of provisioning: targets, links, plans with their operations, attempts.

Every key starts with the tenant. A link is the unit of work: what is owed, who works on it, what was last sent.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import CLUSTERED, Blob, IdText, InstantText, Json, Key, Model

_TARGET = ["target.tenant_id", "target.id"]
#: Of calls: those without a success. Few among many, so they have an index of their own.
FAILED = "(status IS NULL OR status >= 300 OR error IS NOT NULL)"


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class TargetRow(Model):
    """A connected system that people are pushed to."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        Index("ix_target_next_tick", "state", "next_tick_at"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(Text)
    auth_header: Mapped[str] = mapped_column(String(100))
    #: The token, sealed and bound to this row.
    token: Mapped[bytes | None] = mapped_column(Blob)
    #: ``active`` or ``paused``.
    state: Mapped[str] = mapped_column(String(10))
    pause_reason: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    interval_seconds: Mapped[int] = mapped_column(Integer)
    next_tick_at: Mapped[str] = mapped_column(InstantText)
    last_tick_at: Mapped[str | None] = mapped_column(InstantText)
    #: The lease of the tick in progress: ticks of one target never overlap.
    tick_owner: Mapped[str | None] = mapped_column(String(80))
    tick_until: Mapped[str | None] = mapped_column(InstantText)
    #: The lease of the worker that reads the whole target for a full resync.
    listing_owner: Mapped[str | None] = mapped_column(String(80))
    listing_until: Mapped[str | None] = mapped_column(InstantText)
    #: Circuit: failures in a row of the target itself, and the instant before which it is left alone.
    failures: Mapped[int] = mapped_column(Integer)
    retry_at: Mapped[str | None] = mapped_column(InstantText)
    #: The full resync whose links are still being marked, and the employee up to whom they are.
    resync_plan_id: Mapped[int | None] = mapped_column(Integer)
    resync_cursor: Mapped[str | None] = mapped_column(IdText)
    first_synced: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[str] = mapped_column(InstantText)
    #: The source that it writes back to: its people are linked by their records there, and nobody else is.
    source_id: Mapped[int | None] = mapped_column(Integer)


class LinkRow(Model):
    """One employee at one target: dirty (``due_at`` is set) or clean."""

    __tablename__ = "link"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        UniqueConstraint("tenant_id", "target_id", "remote_id"),
        _partial("ix_link_due", "tenant_id", "target_id", "priority", "due_at", where="due_at IS NOT NULL"),
        _partial("ix_link_gate", "tenant_id", "target_id", "gate_run", where="gate_run IS NOT NULL"),
        _partial("ix_link_waits_for", "tenant_id", "target_id", "waits_for", where="waits_for IS NOT NULL"),
        _partial("ix_link_sync", "tenant_id", "target_id", "sync_id", where="sync_id IS NOT NULL"),
        _partial(
            "ix_link_user_name", "tenant_id", "target_id", "user_name_key", where="user_name_key IS NOT NULL"
        ),
        Index("ix_link_state", "tenant_id", "target_id", "state"),
        Index("ix_link_employee", "tenant_id", "employee_id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    remote_id: Mapped[str | None] = mapped_column(Key)
    #: The external id under which we created the account; NULL for adopted ones.
    external_id: Mapped[str | None] = mapped_column(Key)
    user_name_key: Mapped[str | None] = mapped_column(Key)
    #: ``new linked orphan held waiting not_needed vanished``; the reason in a word and in a sentence.
    state: Mapped[str] = mapped_column(String(12))
    reason_code: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    #: Counts every mark; ``due_generation`` is the number of the last mark that asks for a push, and
    #: ``delivered_generation`` the number that was reached when the link was last clean.
    generation: Mapped[int] = mapped_column(Integer)
    due_generation: Mapped[int] = mapped_column(Integer)
    delivered_generation: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[str | None] = mapped_column(InstantText)
    #: 0 for a suspend, 1 for someone inactive in a full resync, 2 for the rest.
    priority: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[str | None] = mapped_column(InstantText)
    #: Changed in fields that start nothing: waiting for a trigger.
    rides_along: Mapped[bool] = mapped_column(Boolean)
    #: Since when a full resync asks for a comparison with the target.
    compare_since: Mapped[str | None] = mapped_column(InstantText)
    #: Field → value last sent or confirmed; None for a field of ours that is empty there.
    sent: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: Field → value the target made of what was sent, where it differs.
    normalised: Mapped[dict[str, Any] | None] = mapped_column(Json)
    active_there: Mapped[bool | None] = mapped_column(Boolean)
    protected: Mapped[str | None] = mapped_column(Text)
    #: The attempt that was started and not yet answered for: what it sends and since when. ``quiet_until`` is the
    #: instant up to which the target may still be working on it.
    attempt_kind: Mapped[str | None] = mapped_column(String(10))
    attempt_started_at: Mapped[str | None] = mapped_column(InstantText)
    sending: Mapped[dict[str, Any] | None] = mapped_column(Json)
    quiet_until: Mapped[str | None] = mapped_column(InstantText)
    tries: Mapped[int] = mapped_column(Integer)
    first_failed_at: Mapped[str | None] = mapped_column(InstantText)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    #: The fencing number: what a worker writes counts only while it is the one it was given.
    lease_token: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[str | None] = mapped_column(InstantText)
    #: The import run that suspended, created, re-addressed or blanked this person and is not judged yet (rule 16).
    gate_run: Mapped[int | None] = mapped_column(Integer)
    #: The employee whose account must exist before this one can name it as manager.
    waits_for: Mapped[str | None] = mapped_column(IdText)
    #: What an employee deleted since is still owed: {"label", "values"}.
    frozen: Mapped[dict[str, Any] | None] = mapped_column(Json)
    label: Mapped[str | None] = mapped_column(Text)
    #: Digest of the difference that the target refused: it is not sent again.
    refused_digest: Mapped[str | None] = mapped_column(String(64))
    #: The sync that counts this link's outcome, and the plan whose operation is to be applied exactly.
    sync_id: Mapped[int | None] = mapped_column(Integer)
    plan_id: Mapped[int | None] = mapped_column(Integer)
    delivered_at: Mapped[str | None] = mapped_column(InstantText)
    #: The version of the employee that the target was last brought to.
    delivered_version: Mapped[int | None] = mapped_column(Integer)


class GateRow(Model):
    """A class of change that is not sent for one person: it waits in a plan, or an admin discarded it (rule 16)."""

    __tablename__ = "gate"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    #: ``suspend create email``, or ``blank:FIELD``.
    change: Mapped[str] = mapped_column(String(60), primary_key=True)
    #: The plan in which it waits; NULL once it was discarded.
    plan_id: Mapped[int | None] = mapped_column(Integer)


class PassedRow(Model):
    """How many changes of a class the breaker let an import run make: what its rolling 24 hours add up."""

    __tablename__ = "breaker_passed"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        Index("ix_breaker_passed_at", "tenant_id", "target_id", "at"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    change: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[str] = mapped_column(InstantText)
    number: Mapped[int] = mapped_column(Integer)


class DrainRow(Model):
    """A process that drains a target at the moment: those of one target share its rate and its concurrency."""

    __tablename__ = "drain"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner: Mapped[str] = mapped_column(String(80), primary_key=True)
    until: Mapped[str] = mapped_column(InstantText)


class PlanRow(Model):
    """What a sync would do, or did; the counters grow as it is applied."""

    __tablename__ = "plan"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        Index("ix_plan_target", "tenant_id", "target_id", "state"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    target_id: Mapped[int] = mapped_column(Integer)
    #: ``full tick dry-run held approval undo``
    kind: Mapped[str] = mapped_column(String(20))
    #: ``draft waiting approved applying applied discarded``
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(Text)
    run_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[str] = mapped_column(InstantText)
    decided_at: Mapped[str | None] = mapped_column(InstantText)
    decided_by: Mapped[str | None] = mapped_column(String(250))
    #: The plan of which this one is the inverse.
    undoes: Mapped[int | None] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(Integer)
    adopted: Mapped[int] = mapped_column(Integer)
    updated: Mapped[int] = mapped_column(Integer)
    suspended: Mapped[int] = mapped_column(Integer)
    activated: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer)
    waiting: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)


class OperationRow(Model):
    """One line of a plan: what would happen to one person, with the requests byte for byte."""

    __tablename__ = "operation"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "plan_id"], ["plan.tenant_id", "plan.id"]),
        Index("ix_operation_state", "tenant_id", "plan_id", "state", "number"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    plan_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(Text)
    #: ``create adopt update suspend activate``, or ``hold`` for a person to whom nothing would be sent.
    kind: Mapped[str] = mapped_column(String(10))
    #: The key that found the account: ``remote id``, ``externalId``, ``work e-mail``, or NULL.
    key: Mapped[str | None] = mapped_column(String(20))
    remote_id: Mapped[str | None] = mapped_column(Key)
    before: Mapped[dict[str, Any]] = mapped_column(Json)
    after: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(Text)
    requests: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    #: What an undo could not give back, in a sentence; NULL when it could give back everything.
    irreversible: Mapped[str | None] = mapped_column(Text)
    employee_version: Mapped[int] = mapped_column(Integer)
    link_generation: Mapped[int] = mapped_column(Integer)
    #: ``planned applied refused held``
    state: Mapped[str] = mapped_column(String(10))
    refusal: Mapped[str | None] = mapped_column(Text)


class AttemptRow(Model):
    """One HTTP exchange with a target about one person; bodies are redacted."""

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        Index("ix_attempt_link", "tenant_id", "target_id", "employee_id", "id"),
        Index("ix_attempt_time", "tenant_id", "at", "id", "target_id", "method"),
        _partial("ix_attempt_failed", "tenant_id", "at", "id", where=FAILED),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer)
    employee_id: Mapped[str | None] = mapped_column(IdText)
    plan_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[str] = mapped_column(InstantText)
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None] = mapped_column(Integer)
    duration_ms: Mapped[float] = mapped_column(Float)
    request_body: Mapped[str | None] = mapped_column(Text)
    response_body: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(String(60))
    lease_token: Mapped[int | None] = mapped_column(Integer)
    #: The version of the employee that was being delivered.
    employee_version: Mapped[int | None] = mapped_column(Integer)


class GroupLinkRow(Model):
    """One group at one target, dirty (``due_at`` is set) or clean."""

    __tablename__ = "group_link"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        UniqueConstraint("tenant_id", "target_id", "remote_id"),
        _partial("ix_group_link_due", "tenant_id", "target_id", "due_at", where="due_at IS NOT NULL"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    #: What the group stands for: ``department:KEY``, KEY being the comparison key of its name.
    key: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    remote_id: Mapped[str | None] = mapped_column(Key)
    #: ``new linked held vanished``; the reason in a word and in a sentence.
    state: Mapped[str] = mapped_column(String(12))
    reason_code: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(Integer)
    delivered_generation: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[str | None] = mapped_column(InstantText)
    next_attempt_at: Mapped[str | None] = mapped_column(InstantText)
    compare_since: Mapped[str | None] = mapped_column(InstantText)
    attempt_started_at: Mapped[str | None] = mapped_column(InstantText)
    tries: Mapped[int] = mapped_column(Integer)
    first_failed_at: Mapped[str | None] = mapped_column(InstantText)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_token: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[str | None] = mapped_column(InstantText)
    delivered_at: Mapped[str | None] = mapped_column(InstantText)


class GroupLinkMemberRow(Model):
    """A member that was last sent, or confirmed, as one of a group at a target."""

    __tablename__ = "group_link_member"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], _TARGET),
        Index("ix_group_link_member_remote_id", "tenant_id", "target_id", "remote_id"),
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(Key, primary_key=True)
    remote_id: Mapped[str] = mapped_column(Key, primary_key=True)


# The tables as Core sees them.
target_table = TargetRow.__table__
link_table = LinkRow.__table__
plan_table = PlanRow.__table__
operation_table = OperationRow.__table__
attempt_table = AttemptRow.__table__
gate_table = GateRow.__table__
passed_table = PassedRow.__table__
drain_table = DrainRow.__table__
#: The condition of that index, word for word, so that both databases take it.
FAILED_CALL = text(FAILED)
group_link_table = GroupLinkRow.__table__
group_link_member_table = GroupLinkMemberRow.__table__
