"""Tables of the directory: resources as documents beside the columns that are searched, and their revisions.

Employees have a table of their own; groups and the resource types that a tenant loaded share ``resource``. What hangs
on a resource of either table (external ids, sealed values, memberships, revisions) names it by its id alone.
"""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import CLUSTERED, Blob, IdText, InstantText, Json, Key, Model, SearchJson

_EMPLOYEE = ["employee.tenant_id", "employee.id"]
_OF_A_RUN = text("run_id IS NOT NULL")


class EmployeeRow(Model):
    """One employee. ``wire`` is the canonical document as text, ready to be spliced into an answer."""

    __tablename__ = "employee"
    __table_args__ = (
        Index("uq_employee_user_name", "tenant_id", "user_name_key", unique=True),
        Index("ix_employee_display_name", "tenant_id", "display_name_key", "id"),
        Index("ix_employee_employee_number", "tenant_id", "employee_number_key", "id"),
        Index("ix_employee_active", "tenant_id", "active", "id"),
        Index("ix_employee_last_modified", "tenant_id", "last_modified", "id"),
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
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    type: Mapped[str] = mapped_column(Key)
    key: Mapped[str] = mapped_column(Key)


class RosterLine(Model):
    """What lists of people are searched, filtered and counted by, of one employee (``app.directory.roster``)."""

    __tablename__ = "roster"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], _EMPLOYEE, ondelete="CASCADE"),
        Index("ix_roster_name", "tenant_id", "name_key", "employee_id"),
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    active: Mapped[bool] = mapped_column(Boolean)
    #: The comparison key of what the person is called.
    name_key: Mapped[str] = mapped_column(Key)
    #: The words by which the person is found, a space before each.
    words: Mapped[str] = mapped_column(Key)
    department: Mapped[str | None] = mapped_column(Key)
    #: The first and the last day of work, YYYY-MM-DD.
    starts_on: Mapped[str | None] = mapped_column(Key)
    ends_on: Mapped[str | None] = mapped_column(Key)
    has_work_email: Mapped[bool] = mapped_column(Boolean)


class ResourceRow(Model):
    """One group, or one resource of a type that the tenant loaded; the columns are those of ``employee``."""

    __tablename__ = "resource"
    __table_args__ = (
        Index("ix_resource_display_name", "tenant_id", "type", "display_name_key", "id"),
        Index("ix_resource_last_modified", "tenant_id", "type", "last_modified", "id"),
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    #: The name of the resource type.
    type: Mapped[str] = mapped_column(Key, primary_key=True)
    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    display_name_key: Mapped[str | None] = mapped_column(Key)
    created_at: Mapped[str] = mapped_column(InstantText)
    last_modified: Mapped[str] = mapped_column(InstantText)
    #: A group's members are not in it: they are rows of ``membership``.
    wire: Mapped[str] = mapped_column(Text)
    on_request: Mapped[str | None] = mapped_column(Text)
    compared: Mapped[str] = mapped_column(SearchJson)
    owners: Mapped[str] = mapped_column(Text)


class Membership(Model):
    """One member of one group: an employee or another group."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_member", "tenant_id", "member_id"), CLUSTERED)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    group_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    member_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    #: ``User`` or ``Group``.
    type: Mapped[str] = mapped_column(Key)
    #: What the client that added the member calls it, and the comparison key of that; NULL: what it is called itself.
    display: Mapped[str | None] = mapped_column(Text)
    display_key: Mapped[str | None] = mapped_column(Key)


class UniqueValue(Model):
    """A value of an attribute that a loaded schema calls unique (RFC 7643 §2.2 ``uniqueness``)."""

    __tablename__ = "unique_value"
    __table_args__ = (Index("ix_unique_value_resource", "tenant_id", "resource_id"), CLUSTERED)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    type: Mapped[str] = mapped_column(Key, primary_key=True)
    path: Mapped[str] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Key, primary_key=True)
    resource_id: Mapped[str] = mapped_column(IdText)


class ExternalId(Model):
    """What one client calls a resource (RFC 7643 §3.1: the value belongs to the client that wrote it)."""

    __tablename__ = "external_id"
    __table_args__ = (
        Index("ix_external_id_value", "tenant_id", "client_id", "value"),
        Index("ix_external_id_resource", "tenant_id", "resource_id"),
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    value: Mapped[str] = mapped_column(Key)


class SealedValue(Model):
    """A ``returned: never`` value, sealed (``app.access.encryption``); read by write-back and audited reveals."""

    __tablename__ = "sealed_value"
    __table_args__ = (CLUSTERED,)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Blob)
    digest: Mapped[str] = mapped_column(String(64))


class Revision(Model):
    """One change of one resource: who, in which run, and each value before and after. It outlives the resource."""

    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_run", "tenant_id", "run_id", sqlite_where=_OF_A_RUN, postgresql_where=_OF_A_RUN),
        CLUSTERED,
    )

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[str] = mapped_column(InstantText)
    kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(250))
    run_id: Mapped[int | None] = mapped_column(Integer)
    #: JSON: path → [before, after]; a sensitive value is {"changed": keyed digest} on either side.
    changes: Mapped[str] = mapped_column(Text)


class LoadedSchemas(Model):
    """The RFC 7643 §7 and §6 documents that a tenant loaded on top of the standard ones."""

    __tablename__ = "loaded_schemas"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Counts every load up; processes compile the set anew when it differs from what they know.
    version: Mapped[int] = mapped_column(Integer)
    schemas: Mapped[list[dict[str, object]]] = mapped_column(Json)
    resource_types: Mapped[list[dict[str, object]]] = mapped_column(Json)


class Counter(Model):
    """A slice of a tenant's count of resources; slices keep writers from queueing on one row."""

    __tablename__ = "counter"
    __table_args__ = (CLUSTERED,)

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource: Mapped[str] = mapped_column(String(40), primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
