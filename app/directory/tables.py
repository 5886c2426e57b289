"""Tables of the directory: employees as documents beside the columns that are searched, and their revisions."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Blob, IdText, InstantText, Key, Model, SearchJson

_EMPLOYEE = ["employee.tenant_id", "employee.id"]


class EmployeeRow(Model):
    """One employee. ``wire`` is the canonical document as text, ready to be spliced into an answer."""

    __tablename__ = "employee"
    __table_args__ = (
        Index("uq_employee_user_name", "tenant_id", "user_name_key", unique=True),
        Index("ix_employee_display_name", "tenant_id", "display_name_key"),
        Index("ix_employee_employee_number", "tenant_id", "employee_number_key"),
        Index("ix_employee_active", "tenant_id", "active", "id"),
        Index("ix_employee_last_modified", "tenant_id", "last_modified"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)
    user_name_key: Mapped[str] = mapped_column(Key)
    display_name_key: Mapped[str | None] = mapped_column(Key)
    employee_number_key: Mapped[str | None] = mapped_column(Key)
    created_at: Mapped[str] = mapped_column(InstantText)
    last_modified: Mapped[str] = mapped_column(InstantText)
    #: The default projection: nothing in it is ``returned: request`` or ``never``.
    wire: Mapped[str] = mapped_column(Text)
    #: The ``returned: request`` attributes as a document, or NULL.
    on_request: Mapped[str | None] = mapped_column(Text)
    #: The whole document with every comparable value replaced by its comparison key.
    compared: Mapped[str] = mapped_column(SearchJson)
    #: JSON: value path → "owner kind:owner id", for every value.
    owners: Mapped[str] = mapped_column(Text)


class EmployeeEmail(Model):
    """One e-mail address of an employee, for look-ups; the document has the whole."""

    __tablename__ = "employee_email"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], _EMPLOYEE, ondelete="CASCADE"),
        Index("ix_employee_email_key", "tenant_id", "key", "type"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    type: Mapped[str] = mapped_column(Key)
    key: Mapped[str] = mapped_column(Key)


class ExternalId(Model):
    """What one client calls an employee (RFC 7643 §3.1: the value belongs to the client that wrote it)."""

    __tablename__ = "external_id"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], _EMPLOYEE, ondelete="CASCADE"),
        Index("ix_external_id_value", "tenant_id", "client_id", "value"),
        Index("ix_external_id_employee", "tenant_id", "employee_id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    value: Mapped[str] = mapped_column(Key)


class EmployeeSecret(Model):
    """A ``returned: never`` value, sealed (``app.access.encryption``); nothing reads it but write-back."""

    __tablename__ = "employee_secret"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "employee_id"], _EMPLOYEE, ondelete="CASCADE"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Blob)
    digest: Mapped[str] = mapped_column(String(64))


class Revision(Model):
    """One change of one employee: who, in which run, and each value before and after. It outlives the employee."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_run", "tenant_id", "run_id"),)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[str] = mapped_column(InstantText)
    kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(250))
    run_id: Mapped[int | None] = mapped_column(Integer)
    #: JSON: path → [before, after]; a sensitive value is {"changed": keyed digest} on either side.
    changes: Mapped[str] = mapped_column(Text)


class Counter(Model):
    """A slice of a tenant's count of resources; slices keep writers from queueing on one row."""

    __tablename__ = "counter"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource: Mapped[str] = mapped_column(String(40), primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
