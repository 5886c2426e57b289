"""The people of a target by the state of their link, with the reason of those who stand still."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Connection, select

from app.database import reading
from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.naming import name_of
from app.web.console.paging import Page, Place, page_of
from app.web.console.targets import reading as found
from app.web.console.targets.asking import target_of
from app.web.console.targets.wording import cause
from app.web.console.wording import LINK_STATES

_l, _e = link_table.c, EmployeeRow.__table__.c
_EMPLOYEE = re.compile(r"[0-9a-f-]{36}")
_CODE = re.compile(r"[a-z_]{1,60}")
_COLUMNS = (
    *(_l.employee_id, _l.state, _l.reason_code, _l.reason, _l.label, _l.next_attempt_at, _l.delivered_at),
    *(_l.active_there, _l.remote_id, _l.due_at, _l.rides_along),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A person at a target: how the link stands, why, and what the account there is."""

    employee_id: str
    name: str
    is_deleted: bool
    state: str
    cause: str | None
    reason: str | None
    code: str | None
    next_attempt_at: str | None
    delivered_at: str | None
    active_there: bool | None
    remote_id: str | None
    is_due: bool
    rides_along: bool


@blueprint.shows("/targets/<number:target_id>/people")
def target_people(target_id: int) -> str:
    """List people by the state of their link; the address says which."""
    state, code = request.args.get("state", ""), request.args.get("cause", "")
    state = state if state in LINK_STATES else ""
    code = code if _CODE.fullmatch(code) else ""
    with reading() as connection:
        target = target_of(connection, target_id)
        page = _page(connection, target, state, code, _place())
        links, causes = found.links_by_state(connection, target), found.causes(connection, target)
    return render_template(
        "console/targets/people.html",
        target=target,
        page=page,
        links=links,
        causes=[each for each in causes if not state or each.state == state],
        states=LINK_STATES,
        state=state,
        code=code,
        address=lambda place=None: _address(target_id, state, code, place),
        here="people",
    )


def _place() -> Place:
    older, newer = (_key(request.args.get(name, "")) for name in ("older", "newer"))
    return Place(older, None if older else newer)


def _key(text: str) -> tuple[str] | None:
    return (text,) if _EMPLOYEE.fullmatch(text) else None


def _address(target_id: int, state: str, code: str, place: Place | None) -> str:
    older, newer = (place.older_than, place.newer_than) if place else (None, None)
    wanted: dict[str, Any] = {
        "state": state,
        "cause": code,
        "older": older and older[0],
        "newer": newer and newer[0],
    }
    return url_for("console.target_people", target_id=target_id, **{k: v for k, v in wanted.items() if v})


def _page(connection: Connection, target: Target, state: str, code: str, place: Place) -> Page[Line]:
    joined = (_e.tenant_id == _l.tenant_id) & (_e.id == _l.employee_id)
    query = select(*_COLUMNS, _e.wire).outerjoin_from(link_table, EmployeeRow.__table__, joined)
    query = query.where(_l.tenant_id == target.tenant_id, _l.target_id == target.id)
    query = query.where(_l.state == state) if state else query.where(_l.state.in_(found.STILL))
    if code:
        query = query.where(_l.reason_code == code)
    return page_of(connection, query, (_l.employee_id,), place, _line)


def _line(row: Any) -> Line:
    is_still = row.state in found.STILL
    return Line(
        row.employee_id,
        name_of(loaded(row.wire)) if row.wire else row.label or row.employee_id,
        row.wire is None,
        row.state,
        cause(row.reason_code, row.reason) if is_still else None,
        row.reason,
        row.reason_code,
        row.next_attempt_at,
        row.delivered_at,
        row.active_there,
        row.remote_id,
        row.due_at is not None,
        row.rides_along,
    )
