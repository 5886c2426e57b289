"""What the list of people reads: a page of rows, with how each person stands at the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal, select

from app import directory
from app.clock import utcnow
from app.directory import finding
from app.directory.finding import EMPLOYEE_ID, TENANT_ID, Found, Wanted
from app.directory.roster import shown_name
from app.directory.tables import RosterLine
from app.directory.values import work_email
from app.provisioning.tables import LinkRow
from app.sources.tables import SourceRecordRow
from app.web.console.people.asked import STATES, Asked, place_of
from scim.resources import ENTERPRISE, HR

PAGE = 25
#: So many people at most are looked up by their ids instead of by what they fit.
FEW = 500
_link = LinkRow.__table__.c
#: Under names of their own, so that a query on the same tables does not take them for its own rows.
_standing = LinkRow.__table__.alias("standing")
_known_there = SourceRecordRow.__table__.alias("known_there")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list; ``links``: target → state."""

    id: str
    name: str
    user_name: str
    work_email: str | None
    employee_number: str | None
    active: bool
    department: str | None
    starts_on: str | None
    ends_on: str | None
    is_early: bool
    last_modified: str
    links: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of the list, and the places before and behind it as addresses have them."""

    rows: Sequence[Line] = ()
    before: str = ""
    after: str = ""


def wanted(connection: Connection, tenant_id: int, asked: Asked) -> Wanted:
    """Return who is looked for."""
    return Wanted(
        text=asked.q,
        active=STATES.get(asked.state),
        department=asked.department or None,
        moment=asked.moment,
        today=utcnow().date().isoformat(),
        further=tuple(_further(connection, tenant_id, asked)),
    )


def _further(connection: Connection, tenant_id: int, asked: Asked) -> list[ColumnElement[bool]]:
    found = []
    if asked.at:
        there = (_standing.c.target_id == int(asked.target), _standing.c.state == asked.at)
        few = _among_few(connection, tenant_id, there)
        found.append(_has_one(_standing, *there) if few is None else few)
    if asked.source:
        found.append(_has_one(_known_there, _known_there.c.source_id == int(asked.source)))
    return found


def _among_few(
    connection: Connection, tenant_id: int, there: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool] | None:
    """Return the condition by ids where few people stand so at the target; None where they are many."""
    query = select(_standing.c.employee_id).where(_standing.c.tenant_id == tenant_id, *there)
    ids = list(connection.scalars(query.limit(FEW + 1)))
    return finding.among(ids) if len(ids) <= FEW else None


def _has_one(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a table has a row of the person."""
    mine = (table.c.tenant_id == TENANT_ID, table.c.employee_id == EMPLOYEE_ID)
    return (
        select(literal(1))
        .select_from(table)
        .where(*mine, *conditions)
        .correlate(RosterLine.__table__)
        .exists()
    )


def narrowed(connection: Connection, tenant_id: int, who: Wanted, total: int) -> Wanted:
    """Return the same people, named by their ids where they are few: looked for once, not with every question."""
    if not who.narrows or total > FEW:
        return who
    ids = finding.ids_of(connection, tenant_id, who, FEW)
    return replace(Wanted(today=who.today), further=(finding.among(ids),))


def page(connection: Connection, tenant_id: int, asked: Asked, who: Wanted, limit: int = PAGE) -> Lines:
    """Return the page of the list that is asked for; the first one when nobody is at the place."""
    after, before = place_of(asked.after), place_of(asked.before)
    if asked.order == "change":
        find = finding.by_change
    else:
        find = finding.by_name
        after, before = (_by_name(connection, tenant_id, place) for place in (after, before))
    found = find(connection, tenant_id, who, limit, after=after, before=before)
    if not found.rows and (after or before):
        found = find(connection, tenant_id, who, limit)
    return Lines(lines(connection, tenant_id, [id_ for id_, _ in found.rows]), *_places(asked, found))


def _by_name(connection: Connection, tenant_id: int, place: finding.Place | None) -> finding.Place | None:
    """Return the place of somebody in the order of names, None when there is nobody any more."""
    key = finding.name_key(connection, tenant_id, place[1]) if place else None
    return None if place is None or key is None else (key, place[1])


def _places(asked: Asked, found: Found) -> tuple[str, str]:
    def text(row: tuple[str, str]) -> str:
        return f"{row[1]}~{row[0]}" if asked.order == "change" else row[0]

    before = text(found.rows[0]) if found.rows and found.has_before else ""
    return before, text(found.rows[-1]) if found.rows and found.has_after else ""


def lines(connection: Connection, tenant_id: int, ids: Sequence[str]) -> list[Line]:
    """Return the lines of these people, in the order of the ids."""
    people = directory.get_many(connection, tenant_id, ids)
    links = links_of(connection, tenant_id, ids)
    return [_line(people[id_], links.get(id_, {})) for id_ in ids if id_ in people]


def links_of(connection: Connection, tenant_id: int, ids: Sequence[str]) -> dict[str, dict[int, str]]:
    """Return employee → target → state of the link."""
    columns = (_link.employee_id, _link.target_id, _link.state)
    query = select(*columns).where(_link.tenant_id == tenant_id, _link.employee_id.in_(list(ids)))
    found: dict[str, dict[int, str]] = {}
    for row in connection.execute(query.order_by(_link.target_id)):
        found.setdefault(row.employee_id, {})[row.target_id] = row.state
    return found


def _line(person: directory.Resource, links: Mapping[int, str]) -> Line:
    document: dict[str, Any] = person.document
    enterprise, hr = document.get(ENTERPRISE, {}), document.get(HR, {})
    starts_on, email = hr.get("startDate"), work_email(document)
    return Line(
        id=person.id,
        name=shown_name(document),
        user_name=document.get("userName", ""),
        work_email=email,
        employee_number=enterprise.get("employeeNumber"),
        active=person.active,
        department=enterprise.get("department"),
        starts_on=starts_on,
        ends_on=hr.get("terminationDate"),
        is_early=bool(email and starts_on and starts_on > utcnow().date().isoformat()),
        last_modified=person.last_modified,
        links=links,
    )
