"""The facets beside the list of people: what can be chosen, and how many people each choice leaves.

Counts of people are exact. Those of links and sources are, too, while few people fit or nothing is asked for; in
between they are counted up to :data:`MOST`, which a look through every link would otherwise cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal, select

from app.directory import finding
from app.directory.finding import LEAVING, STARTING, STARTING_WITH_EMAIL, Counted, Wanted
from app.directory.tables import RosterLine
from app.provisioning.tables import LinkRow, TargetRow
from app.sources.tables import SourceRecordRow, SourceRow
from app.web.console.people.asked import Asked
from app.web.console.people.reading import FEW
from app.web.console.wording import LINK_STATES, known

MOST, DEPARTMENTS = 1000, 12
_link, _record = LinkRow.__table__, SourceRecordRow.__table__
#: Orphans are links of people who were deleted: they are in no list of people, but in that of their target.
_LIVING = [state for state in LINK_STATES if state != "orphan"]
_MOMENTS = {
    STARTING: "Starts in the future",
    STARTING_WITH_EMAIL: "Starts in the future, has a work e-mail already",
    LEAVING: "Leaving: a last day is set",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen: its words, how many people it leaves, and the address."""

    words: str
    number: int
    address: str
    is_capped: bool = False

    @property
    def shown(self) -> str:
        """The number as it is shown."""
        return f"more than {MOST:,}" if self.is_capped else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Facet:
    """A question and the answers that somebody may choose."""

    title: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Names:
    """What the tenant's targets and sources are called, by number."""

    targets: Mapping[int, str]
    sources: Mapping[int, str]


def names(connection: Connection, tenant_id: int) -> Names:
    """Return the names of the tenant's targets and sources."""

    def of(table: Any) -> dict[int, str]:
        query = select(table.c.id, table.c.name).where(table.c.tenant_id == tenant_id)
        return {row.id: row.name for row in connection.execute(query.order_by(table.c.name))}

    return Names(of(TargetRow.__table__), of(SourceRow.__table__))


def chosen(asked: Asked, named: Names) -> list[tuple[str, str]]:
    """Return (words, address without it) of every filter that is chosen."""
    words = {
        "state": asked.state.capitalize(),
        "moment": _MOMENTS.get(asked.moment, ""),
        "department": f"Department: {asked.department}",
        "source": f"From {named.sources.get(int(asked.source or 0), 'a source that was removed')}",
    }
    if asked.at:
        target = named.targets.get(int(asked.target), "a target that was removed")
        words["at"] = f"{known(LINK_STATES, asked.at).label} at {target}"
    return [(words[name], asked.without(name)) for name in asked.filters if name in words]


def facets(
    connection: Connection, tenant_id: int, asked: Asked, who: Wanted, counts: Counted, named: Names
) -> list[Facet]:
    """Return what else can be chosen; a question that is answered already is left out."""
    found = [
        Facet("State", [] if asked.state else _states(asked, counts)),
        Facet("First and last day", [] if asked.moment else _moments(asked, counts)),
    ]
    if not asked.at:
        found += _links(connection, tenant_id, asked, who, counts, named)
    found.append(Facet("Department", [] if asked.department else _departments(asked, counts)))
    if not asked.source:
        found.append(Facet("Source", _sources(connection, tenant_id, asked, who, counts, named)))
    return [facet for facet in found if facet.choices]


def _states(asked: Asked, counts: Counted) -> list[Choice]:
    pairs = (("Active", "active", True), ("Inactive", "inactive", False))
    return [
        Choice(words, counts.by_activity[key], asked.url(state=name))
        for words, name, key in pairs
        if counts.by_activity[key]
    ]


def _moments(asked: Asked, counts: Counted) -> list[Choice]:
    return [
        Choice(words, counts.by_moment[name], asked.url(moment=name))
        for name, words in _MOMENTS.items()
        if counts.by_moment[name]
    ]


def _departments(asked: Asked, counts: Counted) -> list[Choice]:
    largest = sorted(counts.by_department.items(), key=lambda item: (-item[1], item[0]))[:DEPARTMENTS]
    return [Choice(name, number, asked.url(department=name)) for name, number in largest]


def _links(
    connection: Connection, tenant_id: int, asked: Asked, who: Wanted, counts: Counted, named: Names
) -> list[Facet]:
    numbers = _by_state(connection, tenant_id, who, counts.total, named)
    return [
        Facet(
            f"At {name}",
            [
                Choice(
                    known(LINK_STATES, state).label,
                    min(numbers[target_id, state], MOST) if who.narrows else numbers[target_id, state],
                    asked.url(target=str(target_id), at=state),
                    who.narrows and numbers[target_id, state] > MOST,
                )
                for state in _LIVING
                if numbers.get((target_id, state))
            ],
        )
        for target_id, name in named.targets.items()
    ]


def _by_state(
    connection: Connection, tenant_id: int, who: Wanted, total: int, named: Names
) -> dict[tuple[int, str], int]:
    link = _link.c
    if who.narrows and total > FEW:
        pairs = [(target_id, state) for target_id in named.targets for state in _LIVING]
        return {
            (target_id, state): _up_to_most(
                connection, tenant_id, who, _link, link.target_id == target_id, link.state == state
            )
            for target_id, state in pairs
        }
    query = select(link.target_id, link.state, func.count()).where(link.tenant_id == tenant_id)
    if who.narrows:
        query = query.where(link.employee_id.in_(_ids(connection, tenant_id, who)))
    found = connection.execute(query.group_by(link.target_id, link.state))
    return {(row[0], row[1]): row[2] for row in found}


def _sources(
    connection: Connection, tenant_id: int, asked: Asked, who: Wanted, counts: Counted, named: Names
) -> list[Choice]:
    record, numbers = _record.c, dict[int, int]()
    if who.narrows and counts.total > FEW:
        for source_id in named.sources:
            of_source = record.source_id == source_id
            numbers[source_id] = _up_to_most(connection, tenant_id, who, _record, of_source)
    else:
        # Records of people who were deleted since stay; those people are in no list.
        there = select(record.source_id, func.count()).select_from(_with_roster(_record))
        query = there.where(record.tenant_id == tenant_id)
        if who.narrows:
            query = query.where(record.employee_id.in_(_ids(connection, tenant_id, who)))
        numbers = {row[0]: row[1] for row in connection.execute(query.group_by(record.source_id))}
    return [
        Choice(
            name,
            min(numbers[source_id], MOST) if who.narrows else numbers[source_id],
            asked.url(source=str(source_id)),
            who.narrows and numbers[source_id] > MOST,
        )
        for source_id, name in named.sources.items()
        if numbers.get(source_id)
    ]


def _ids(connection: Connection, tenant_id: int, who: Wanted) -> Any:
    conditions = finding.conditions(connection, tenant_id, who)
    return select(finding.EMPLOYEE_ID).where(*conditions).scalar_subquery()


def _up_to_most(connection: Connection, tenant_id: int, who: Wanted, table: Any, *of: Any) -> int:
    """Return how many rows of these people a table has; one more than :data:`MOST` when there are more."""
    conditions = finding.conditions(connection, tenant_id, who)
    rows = (
        select(literal(1))
        .select_from(_with_roster(table))
        .where(table.c.tenant_id == tenant_id, *of, *conditions)
        .limit(MOST + 1)
    )
    return connection.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _with_roster(table: Any) -> Any:
    """A table joined to the roster: only rows of people who are there."""
    line = RosterLine.__table__.c
    joined = (line.tenant_id == table.c.tenant_id) & (line.employee_id == table.c.employee_id)
    return table.join(RosterLine.__table__, joined)
