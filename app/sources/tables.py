"""Tables of sources: connections, records, import runs, staged rows, row errors. Every key starts with the tenant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Blob, IdText, InstantText, Json, Key, Model

_RUNNING = text("state = 'running'")
_SCHEDULED = text("next_run_at IS NOT NULL")
_DUE = text("due_at IS NOT NULL")


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
    #: ``draft`` until it is published, then ``active`` or ``paused``; ``disconnected`` has lost its credentials.
    state: Mapped[str] = mapped_column(String(12))
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    #: JSON object of the secrets, sealed and bound to this row.
    secrets: Mapped[bytes | None] = mapped_column(Blob)
    #: Key of the digests in ``source_record``, sealed; its own, so that rotating the installation's keys changes none.
    print_key: Mapped[bytes] = mapped_column(Blob)
    mapping: Mapped[str] = mapped_column(Text)
    #: ``source``, ``none`` or a template.
    work_email: Mapped[str] = mapped_column(Text)
    #: ``off``, ``15m`` or ``daily 00:00 America/Los_Angeles`` (``app.sources.schedules``).
    schedule: Mapped[str] = mapped_column(String(80))
    next_run_at: Mapped[str | None] = mapped_column(InstantText)
    created_at: Mapped[str] = mapped_column(InstantText)
    #: Who connected it; reports of its runs go to ``report_to``.
    set_up_by: Mapped[str] = mapped_column(String(250))
    report_to: Mapped[str | None] = mapped_column(Text)
    #: The last part of its webhook address: random, so that the address itself is known to the vendor only.
    hook_key: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[str | None] = mapped_column(InstantText)
    #: Where the next read goes on, as the adapter wrote it; NULL: everything is read.
    watermark: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: When everything was last read to its end, and how many records there were then.
    read_whole_at: Mapped[str | None] = mapped_column(InstantText)
    last_total: Mapped[int | None] = mapped_column(Integer)
    #: When everything was last asked for anew: a run that began before stores none of the three above.
    reset_at: Mapped[str | None] = mapped_column(InstantText)


class ConsentRow(Model):
    """Somebody's consent to connect a source: to which text, and when. Kept when it is given again."""

    __tablename__ = "source_consent"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[str] = mapped_column(String(20))
    #: SHA-256 of the text as it was shown.
    text_hash: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(250))
    at: Mapped[str] = mapped_column(InstantText)


class EnabledVendorRow(Model):
    """A kind of source that a tenant may connect."""

    __tablename__ = "enabled_vendor"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    by: Mapped[str] = mapped_column(String(250))
    at: Mapped[str] = mapped_column(InstantText)


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
    #: ``running``, ``held`` (somebody must approve it), ``finished``, ``failed`` or ``cancelled``.
    state: Mapped[str] = mapped_column(String(10))
    #: ``reading``, ``waiting`` (until the source can be read on), ``applying`` or ``done``.
    phase: Mapped[str] = mapped_column(String(10))
    #: ``request``, ``schedule``, ``webhook`` or ``retry``.
    trigger: Mapped[str] = mapped_column(String(10))
    #: What is read, if not everything that is new: {"hints": […]} or {"records": […]}.
    scope: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: Whether everything is read, whatever the source's watermark says.
    is_full: Mapped[bool] = mapped_column(Boolean)
    #: Where the next run goes on once this one has ended well.
    watermark: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: Who let it go on after a guard had held it.
    approved_by: Mapped[str | None] = mapped_column(String(250))
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
    #: Whether its mapping makes the person inactive.
    inactive: Mapped[bool] = mapped_column(Boolean)
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


class WebhookDeliveryRow(Model):
    """A vendor's call that was taken: what is to be read again because of it. Its body is not kept."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_webhook_delivery_at", "tenant_id", "received_at"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    #: The sender's id of the delivery, `sha256:` and the digest of its body, or `refused:` and a status (calls that
    #: were refused, counted).
    delivery_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    received_at: Mapped[str] = mapped_column(InstantText)
    hints: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    #: ``waiting``, ``taken`` (by ``run_id``) or ``done``.
    state: Mapped[str] = mapped_column(String(10))
    run_id: Mapped[int | None] = mapped_column(Integer)
    #: How often the same delivery came, and how many runs have tried to read what it points at.
    times: Mapped[int] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[str | None] = mapped_column(InstantText)


class SuggestionRow(Model):
    """A record that may be an employee who is known already; a person decides."""

    __tablename__ = "match_suggestion"
    __table_args__ = (Index("ix_match_suggestion_state", "tenant_id", "state"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record_id: Mapped[str] = mapped_column(Key, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText)
    #: ``waiting``, ``same`` or ``other``.
    state: Mapped[str] = mapped_column(String(10))
    #: What the record says of the person, for whoever decides; NULL when it is decided.
    facts: Mapped[dict[str, str] | None] = mapped_column(Json)
    at: Mapped[str] = mapped_column(InstantText)
    decided_by: Mapped[str | None] = mapped_column(String(250))
    decided_at: Mapped[str | None] = mapped_column(InstantText)


class PrecedenceRow(Model):
    """Whose word counts for a field: writers from the strongest on. The field ``*`` speaks for all others."""

    __tablename__ = "precedence"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(200), primary_key=True)
    #: ``source:NAME`` and ``client:NAME``.
    writers: Mapped[list[str]] = mapped_column(Json)


class PinRow(Model):
    """A value that a person has pinned: no source and no client that stands in the precedence changes it."""

    __tablename__ = "pin"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    by: Mapped[str] = mapped_column(String(250))
    at: Mapped[str] = mapped_column(InstantText)
    note: Mapped[str] = mapped_column(Text)


class AwaitedManagerRow(Model):
    """An employee whose manager a source has named by an address that leads to nobody yet."""

    __tablename__ = "awaited_manager"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "employee_id"], ["employee.tenant_id", "employee.id"], ondelete="CASCADE"
        ),
        Index("ix_awaited_manager_source", "tenant_id", "source_id", "employee_id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer)
    #: The comparison key of the address.
    key: Mapped[str] = mapped_column(Key)


class WelcomeRow(Model):
    """What a tenant's new members are written to (``app.sources.welcome``)."""

    __tablename__ = "welcome"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)


source = SourceRow.__table__
source_consent = ConsentRow.__table__
enabled_vendor = EnabledVendorRow.__table__
webhook_delivery = WebhookDeliveryRow.__table__
match_suggestion = SuggestionRow.__table__
precedence = PrecedenceRow.__table__
pin = PinRow.__table__
awaited_manager = AwaitedManagerRow.__table__
welcome = WelcomeRow.__table__
source_record = SourceRecordRow.__table__
import_run = ImportRunRow.__table__
staged_record = StagedRecordRow.__table__
row_error = RowErrorRow.__table__
