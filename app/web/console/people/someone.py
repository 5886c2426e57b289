"""Who a page is about: somebody in the directory, or somebody who was deleted or erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import Connection, select
from werkzeug.exceptions import NotFound

from app import directory
from app.access.tables import AuditRow
from app.clock import utcnow
from app.directory.roster import shown_name
from app.directory.tables import Revision
from app.directory.values import work_email
from app.web.console.sessions import current_admin
from scim.resources import ENTERPRISE, HR

_revision, _audit = Revision.__table__.c, AuditRow.__table__.c
#: (words, endpoint) of the tabs of a person's page.
TABS = (
    ("Overview", "console.person"),
    ("Fields", "console.person_fields"),
    ("Timeline", "console.person_timeline"),
    ("Details", "console.person_details"),
)


@dataclass(frozen=True, slots=True)
class Someone:
    """Who stands in the head of every page of a person; ``manager`` is (id, name)."""

    id: str
    name: str
    user_name: str
    work_email: str | None
    active: bool
    title: str | None
    department: str | None
    employee_number: str | None
    starts_on: str | None
    ends_on: str | None
    starts_later: bool
    manager: tuple[str, str] | None
    created_at: str
    last_modified: str
    version: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who is not in the directory any more: since when, and whether every value was erased."""

    id: str
    at: str
    by: str
    is_erased: bool


def employee(connection: Connection, employee_id: str) -> directory.Resource:
    """Return the employee of this tenant; raises ``NotFound`` (404)."""
    found = directory.get(connection, current_admin().tenant_id, employee_id)
    if found is None:
        raise NotFound
    return found


def gone(connection: Connection, employee_id: str) -> Gone:
    """Return what is known of a deleted employee of this tenant; raises ``NotFound`` when there never was one."""
    tenant_id = current_admin().tenant_id
    query = select(_revision.kind, _revision.at, _revision.actor).where(
        _revision.tenant_id == tenant_id, _revision.resource_id == employee_id
    )
    last = connection.execute(query.order_by(_revision.number.desc()).limit(1)).first()
    if last is None or last.kind != "deleted":
        raise NotFound
    return Gone(employee_id, last.at, last.actor, _is_erased(connection, tenant_id, employee_id))


def _is_erased(connection: Connection, tenant_id: int, employee_id: str) -> bool:
    """Whether nothing is left in any revision: a deleted person's last one names what they had."""
    query = select(_revision.changes).where(
        _revision.tenant_id == tenant_id, _revision.resource_id == employee_id, _revision.changes != "{}"
    )
    return connection.execute(query.limit(1)).first() is None


def someone(connection: Connection, found: directory.Resource) -> Someone:
    """Return what stands in the head of an employee's pages."""
    document: dict[str, Any] = found.document
    enterprise, hr = document.get(ENTERPRISE, {}), document.get(HR, {})
    starts_on = hr.get("startDate")
    return Someone(
        id=found.id,
        name=shown_name(document),
        user_name=document.get("userName", ""),
        work_email=work_email(document),
        active=found.active,
        title=document.get("title"),
        department=enterprise.get("department"),
        employee_number=enterprise.get("employeeNumber"),
        starts_on=starts_on,
        ends_on=hr.get("terminationDate"),
        starts_later=bool(starts_on and starts_on > utcnow().date().isoformat()),
        manager=_manager(connection, found.tenant_id, enterprise.get("manager") or {}),
        created_at=found.created_at,
        last_modified=found.last_modified,
        version=found.version,
    )


def _manager(connection: Connection, tenant_id: int, manager: Mapping[str, Any]) -> tuple[str, str] | None:
    employee_id = manager.get("value")
    if not employee_id:
        return None
    found = directory.get(connection, tenant_id, employee_id)
    if found is None:
        return ("", manager.get("displayName") or "somebody who is not in the directory")
    return (found.id, shown_name(found.document))


def tabs(employee_id: str, here: str) -> list[tuple[str, str, bool]]:
    """Return (words, address, whether it is this one) of the tabs."""
    return [(words, url_for(name, employee_id=employee_id), name == here) for words, name in TABS]
