"""What a source's page reads beside the source itself. Every query names the tenant."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app.directory.tables import RosterLine
from app.sources import suggestions
from app.sources.catalog import Source
from app.sources.tables import match_suggestion, source_record

_record, _suggestion, _line = source_record.c, match_suggestion.c, RosterLine.__table__.c


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a source: people who are known from it, and look-alikes that wait to be confirmed."""

    people: int
    look_alikes: int


def numbers_of(connection: Connection, known: Source) -> Numbers:
    """Return the numbers of a source."""
    # Records of people who were deleted since stay; those people are in no list.
    of_line = (_line.tenant_id == _record.tenant_id) & (_line.employee_id == _record.employee_id)
    people = (
        select(func.count(_record.employee_id))
        .join(RosterLine.__table__, of_line)
        .where(
            _record.tenant_id == known.tenant_id,
            _record.source_id == known.id,
        )
    )
    waiting = select(func.count()).where(
        _suggestion.tenant_id == known.tenant_id,
        suggestions.is_waiting(),
        _suggestion.source_id == known.id,
    )
    return Numbers(connection.scalar(people) or 0, connection.scalar(waiting) or 0)
