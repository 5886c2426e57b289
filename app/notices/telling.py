"""What other rooms call in their transactions when a state has changed: one notice per change, not per person.

A notice is told about something (``target:NAME``, ``plan:N``, ``source:NAME`` …) and says the state it is in now. It
is written only when the last notice of its family about the same thing said another state, so callers may say what is
so as often as they like.

Text and title are read by people outside: no values of employees in them, no secrets, numbers instead of lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, insert, select, update

from app import clock
from app.database import require_writing
from app.identifiers import new_id, next_number
from app.notices.kinds import KINDS, family_of, is_wanted
from app.notices.tables import channel_table, delivery_table, notice_table

log = structlog.get_logger(__name__)

_notice, _channel, _delivery = notice_table, channel_table, delivery_table
_LAST = (
    select(_notice.c.id, _notice.c.state)
    .where(
        _notice.c.tenant_id == bindparam("b_tenant"),
        _notice.c.about == bindparam("b_about"),
        _notice.c.kind.like(bindparam("b_family")),
    )
    .order_by(_notice.c.id.desc())
    .limit(1)
)
_CHANNELS = select(_channel.c.id, _channel.c.kinds).where(_channel.c.tenant_id == bindparam("b_tenant"))
#: The first time that a notice is said, and the reminder.
FIRST, REMINDER = 0, 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at the state of things found to be so now; the fields are the arguments of :func:`tell`."""

    kind: str
    about: str
    state: str
    title: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


def tell(
    connection: Connection,
    tenant_id: int,
    kind: str,
    about: str,
    state: str,
    *,
    title: str,
    text: str,
    details: Mapping[str, Any] | None = None,
    remind_after: float | None = None,
) -> bool:
    """Write a notice and its deliveries, and return True; False when this state was told already.

    ``details`` are numbers and names for programs. After ``remind_after`` seconds it is said once more, if nothing
    else was told about it meanwhile (rule 16). Call it last in a transaction: on PostgreSQL it takes the lock of the
    tenant's notices, and who holds that must not wait for another row.
    """
    require_writing(connection)
    if _told_state(connection, tenant_id, kind, about) == state:
        return False
    notice_id = next_number(connection, _notice, tenant_id)
    # Another process may have told it while the lock was waited for.
    if _told_state(connection, tenant_id, kind, about) == state:
        return False
    now = clock.now()
    row = {
        "tenant_id": tenant_id,
        "id": notice_id,
        "message_id": new_id(),
        "at": now,
        "kind": kind,
        "about": about,
        "state": state,
        "title": title,
        "text": text,
        "details": dict(details or {}),
        "remind_at": None if remind_after is None else clock.after(remind_after, since=now),
    }
    connection.execute(insert(_notice), row)
    enqueue(connection, tenant_id, notice_id, kind, FIRST)
    log.info("notice", tenant_id=tenant_id, notice=notice_id, kind=kind, about=about, state=state)
    return True


def settled(
    connection: Connection,
    tenant_id: int,
    kind: str,
    about: str,
    state: str,
    *,
    title: str,
    text: str,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Write that something is over, as :func:`tell`, but only when its beginning was told."""
    if _told_state(connection, tenant_id, kind, about) is None:
        return False
    return tell(connection, tenant_id, kind, about, state, title=title, text=text, details=details)


def news(connection: Connection, tenant_id: int, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that have to be told; looks only, so that nothing is written while nothing changes."""
    told = [
        (finding, _told_state(connection, tenant_id, finding.kind, finding.about)) for finding in findings
    ]
    return [
        finding
        for finding, state in told
        if state != finding.state and not (state is None and KINDS[finding.kind].ends)
    ]


def tell_all(connection: Connection, tenant_id: int, findings: Iterable[Finding]) -> None:
    """Tell what is news in these findings; that something is over, only when its beginning was told."""
    for each in news(connection, tenant_id, findings):
        tell(
            connection,
            tenant_id,
            each.kind,
            each.about,
            each.state,
            title=each.title,
            text=each.text,
            details=each.details,
        )


def last(connection: Connection, tenant_id: int, kind: str, about: str) -> tuple[int, str] | None:
    """Return number and state of the last notice of the kind's family about something, None without one."""
    key = {"b_tenant": tenant_id, "b_about": about, "b_family": f"{family_of(kind)}.%"}
    found = connection.execute(_LAST, key).first()
    return None if found is None else (found.id, found.state)


def _told_state(connection: Connection, tenant_id: int, kind: str, about: str) -> str | None:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of notice (app/notices/kinds.py)")
    found = last(connection, tenant_id, kind, about)
    return None if found is None else found[1]


def enqueue(connection: Connection, tenant_id: int, notice_id: int, kind: str, number: int) -> None:
    """Make the deliveries of a notice, one for each channel that wants its kind, due at once."""
    now = clock.now()
    rows = [
        {
            "tenant_id": tenant_id,
            "notice_id": notice_id,
            "channel_id": channel.id,
            "number": number,
            "state": "pending",
            "tries": 0,
            "next_attempt_at": now,
        }
        for channel in connection.execute(_CHANNELS, {"b_tenant": tenant_id})
        if is_wanted(kind, channel.kinds)
    ]
    if rows:
        connection.execute(insert(_delivery), rows)


def forget(connection: Connection, tenant_id: int, about: str) -> None:
    """Let go of what was told about a thing that is removed: another one of the same name begins anew."""
    where = (_notice.c.tenant_id == tenant_id, _notice.c.about == about)
    changes = {"about": f"{about} (removed)", "remind_at": None}
    connection.execute(update(_notice).where(*where).values(changes))
