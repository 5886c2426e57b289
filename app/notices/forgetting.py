"""Notices are kept for 90 days; the last word about something that is not over stays, so that it is not told twice."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, exists, or_, select

from app import clock
from app.notices.kinds import KINDS, family_of
from app.notices.tables import delivery_table, notice_table

KEPT_SECONDS = 90 * 86_400.0
BATCH = 500

_notice, _delivery = notice_table, delivery_table
_later = notice_table.alias("later")


def _family(notices: Any) -> Any:
    """Return the word before the dot, which every kind has (kinds.py)."""
    return case(
        *((notices.c.kind == kind, family_of(kind)) for kind in KINDS),
        else_=notices.c.kind,
    )


#: Kinds that need no memory: what is over, and what ends by itself long before.
_FORGETTABLE = sorted(kind for kind, words in KINDS.items() if words.ends or kind.endswith(".expiring"))
_OLD = (
    select(_notice.c.id)
    .where(
        _notice.c.tenant_id == bindparam("b_tenant"),
        _notice.c.at < bindparam("b_before"),
        or_(
            _notice.c.kind.in_(_FORGETTABLE),
            exists().where(
                _later.c.tenant_id == bindparam("b_tenant"),
                _later.c.about == _notice.c.about,
                _later.c.id > _notice.c.id,
                _family(_later) == _family(_notice),
            ),
        ),
    )
    .order_by(_notice.c.id)
    .limit(bindparam("b_limit"))
)


def forget_some(connection: Connection, tenant_id: int, now: str) -> int:
    """Remove up to `BATCH` notices of a tenant that are too old, with their deliveries; return how many."""
    before = clock.after(-KEPT_SECONDS, since=now)
    ids = list(connection.scalars(_OLD, {"b_tenant": tenant_id, "b_before": before, "b_limit": BATCH}))
    for table, column in ((_delivery, _delivery.c.notice_id), (_notice, _notice.c.id)):
        if ids:
            connection.execute(delete(table).where(table.c.tenant_id == tenant_id, column.in_(ids)))
    return len(ids)
