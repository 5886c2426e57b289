"""Tables of sources: connections, records, import runs, staged rows, row errors. Every key starts with the tenant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Blob, IdText, InstantText, Json, Key, Model

_RUNNING = text("state = 'running'")
_SCHEDULED = text("next_run_at IS NOT NULL")


class SourceRow(Model):
    """A connected system that people come from."""

    __tablename__ = "source"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        Index("ix_source_due", "next_run_at", sqlite_where=_SCHEDULED, postgresql_where=_SCHEDULED),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(String(40))
    #: ``active`` or ``paused``.
    state: Mapped[str] = mapped_column(String(10))
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    #: JSON object of the secrets, sealed and bound to this row.
    secrets: Mapped[bytes | None] = mapped_column(Blob)
    #: Key of the digests in ``source_record``, sealed; its own, so that rotating the installation's keys changes none.
    print_key: Mapped[bytes] = mapped_column(Blob)
    mapping: Mapped[str] = mapped_column(Text)
    #: ``source``, ``none`` or a template.
    work_email: Mapped[str] = mapped_column(Text)
    interval_seconds: Mapped[int | None] = mapped_column(Integer)
    next_run_at: Mapped[str | None] = mapped_column(InstantText)
    created_at: Mapped[str] = mapped_column(InstantText)


class SourceRecordRow(Model):
    """Which employee a record of a source is, and what the source said last time (as keyed digests)."""

    __tablename__ = "source_record"
    __table_args__ = (
        Index("uq_source_record_employee", "tenant_id", "source_id", "employee_id", unique=True),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record_id: Mapped[str] = mapped_column(Key, primary_key=True)
    employee_id: Mapped[str | None] = mapped_column(IdText)
    #: Digest of all that the row said; NULL: to be worked on again whatever it says.
    fingerprint: Mapped[str | None] = mapped_column(String(32))
    #: Field → digest of its value, so that only what changed at the source is written.
    prints: Mapped[dict[str, str]] = mapped_column(Json)
    last_seen_run: Mapped[int] = mapped_column(Integer)
    gone_at: Mapped[str | None] = mapped_column(InstantText)


class ImportRunRow(Model):
    """One import: its counters, where it stands, and who works on it."""

    __tablename__ = "import_run"
    __table_args__ = (
        Index(
            "uq_import_run_running",
            "tenant_id",
            "source_id",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index("ix_import_run_due", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(Integer)
    #: ``running``, ``finished``, ``failed`` or ``cancelled``.
    state: Mapped[str] = mapped_column(String(10))
    #: ``reading``, ``applying`` or ``done``.
    phase: Mapped[str] = mapped_column(String(10))
    dry_run: Mapped[bool] = mapped_column(Boolean)
    added: Mapped[int] = mapped_column(Integer)
    updated: Mapped[int] = mapped_column(Integer)
    deleted: Mapped[int] = mapped_column(Integer)
    skipped: Mapped[int] = mapped_column(Integer)
    errored: Mapped[int] = mapped_column(Integer)
    #: Rows staged so far.
    staged: Mapped[int] = mapped_column(Integer)
    #: True when the source was read to its end.
    complete: Mapped[bool] = mapped_column(Boolean)
    cursor: Mapped[dict[str, Any] | None] = mapped_column(Json)
    message: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(250))
    started_at: Mapped[str] = mapped_column(InstantText)
    finished_at: Mapped[str | None] = mapped_column(InstantText)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    #: Counts up with each taking: a process whose number is old writes nothing any more.
    lease_token: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[str | None] = mapped_column(InstantText)


class StagedRecordRow(Model):
    """A record that was read and is to be applied; gone when its run ends."""

    __tablename__ = "staged_record"
    __table_args__ = (
        Index("ix_staged_record_state", "tenant_id", "run_id", "state", "number"),
        Index("ix_staged_record_record", "tenant_id", "run_id", "record_id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    record_id: Mapped[str | None] = mapped_column(Key)
    #: The values as JSON, sealed; NULL when the record could not be read.
    sealed: Mapped[bytes | None] = mapped_column(Blob)
    #: Why it could not be read: [code, reason, column].
    problem: Mapped[list[str] | None] = mapped_column(Json)
    gone: Mapped[bool] = mapped_column(Boolean)
    #: ``staged``, then the row's outcome.
    state: Mapped[str] = mapped_column(String(10))
    fingerprint: Mapped[str | None] = mapped_column(String(32))


class RowErrorRow(Model):
    """One line of a run's error file."""

    __tablename__ = "row_error"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    column: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    record_id: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(10))


source = SourceRow.__table__
source_record = SourceRecordRow.__table__
import_run = ImportRunRow.__table__
staged_record = StagedRecordRow.__table__
row_error = RowErrorRow.__table__
