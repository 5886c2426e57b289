"""What is kept for how long, and how much of it there is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import ColumnElement, Connection, Table, func, literal, select

from app.access import inbound, oauth
from app.access.admins import SESSION_HOURS
from app.access.tables import AuditRow, InboundRequest, Session, Token
from app.database import reading
from app.directory.tables import Revision
from app.notices import forgetting, letters
from app.notices.tables import letter_table, notice_table
from app.provisioning import retention
from app.provisioning.tables import attempt_table, plan_table
from app.sources import clearing
from app.sources.tables import ImportRunRow, WebhookDeliveryRow
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin

DAY = 86_400
#: So far is counted; more are said to be more.
COUNTED_TO = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of record: what it is, how long it is kept, and where it is counted."""

    what: str
    about: str
    how_long: str
    table: Table
    where: Sequence[ColumnElement[bool]] = ()
    endpoint: str | None = None


def _days(seconds: float) -> str:
    return f"{int(seconds / DAY)} days" if seconds > DAY else "a day"


KEPT: tuple[Kept, ...] = (
    Kept(
        "Calls to targets",
        "Each request and answer, passwords and secrets taken out.",
        _days(retention.KEPT_SECONDS),
        attempt_table,
        endpoint="console.deliveries",
    ),
    Kept(
        "Syncs",
        "Those of the schedule. Full syncs, dry runs and what was held back stay: somebody decided about them.",
        f"{_days(retention.KEPT_SECONDS)}; what was decided: for good",
        plan_table,
    ),
    Kept("Imports", "Their counters, and the rows that failed.", "for good", ImportRunRow.__table__,
         endpoint="console.runs"),
    Kept(
        "Calls of vendors (webhooks)",
        "Which record a call points at, nothing of its content; after it was worked on.",
        _days(clearing.KEPT_SECONDS),
        WebhookDeliveryRow.__table__,
    ),
    Kept(
        "Requests that were refused",
        "Or of which something was left out; no values, names only.",
        f"the newest {inbound.KEPT_PER_CLIENT:,} of each client",
        InboundRequest.__table__,
        endpoint="console.developer",
    ),
    Kept("Notices", "The last word about what is not over stays.", _days(forgetting.KEPT_SECONDS), notice_table,
         endpoint="console.settings_notices"),
    Kept(
        "Mails: reports and welcomes",
        "Their text is forgotten when they are sent. That somebody was welcomed stays, as a fingerprint.",
        f"{_days(letters.KEPT_SECONDS)}; welcomes: for good",
        letter_table,
    ),
    Kept("Access tokens of OAuth that have ended", "Others stay in the list of tokens.",
         _days(oauth.KEEP_ENDED_SECONDS), Token.__table__, (Token.__table__.c.secret_id.is_not(None),)),
    Kept("Sign-ins of admins", "Whose browser is signed in.", f"{SESSION_HOURS} hours", Session.__table__),
    Kept(
        "Changes of people",
        "Every value before and after; of sensitive ones only that they changed.",
        "for good, until the person is erased",
        Revision.__table__,
        endpoint="console.people",
    ),
    Kept(
        "The audit",
        "Erasing a person takes the values out of it and leaves the chain whole.",
        "for good",
        AuditRow.__table__,
        endpoint="console.audit",
    ),
)  # fmt: skip


@blueprint.shows("/settings/retention")
def settings_retention() -> str:
    """Show what is kept for how long."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        numbers = [_number(connection, tenant_id, kept) for kept in KEPT]
    return render_template(
        "console/settings/retention.html",
        kept=list(zip(KEPT, numbers, strict=True)),
        tenant_slug=current_admin().tenant_slug,
    )


def _number(connection: Connection, tenant_id: int, kept: Kept) -> str:
    """Return how many rows there are, in words: counting them all would read them all."""
    some: Any = (
        select(literal(1).label("one"))
        .select_from(kept.table)
        .where(kept.table.c.tenant_id == tenant_id, *kept.where)
        .limit(COUNTED_TO + 1)
        .subquery()
    )
    number = connection.scalar(select(func.count()).select_from(some)) or 0
    return f"more than {COUNTED_TO:,}" if number > COUNTED_TO else f"{number:,}"
