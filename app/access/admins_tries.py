"""How guessing at passwords is slowed down: tries are counted in the database, by the address that was typed."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from app import clock
from app.access.encryption import digest
from app.access.tables import SignInAttempt
from app.access.tenants import Tenant
from app.database import upsert
from scim.keys import comparison_key

FREE_FAILURES = 5
MAX_BLOCK_SECONDS = 900

_attempt = SignInAttempt.__table__


def wait_seconds(connection: Connection, tenant: Tenant | None, email: str) -> float:
    """Return how long this address must wait before another try; 0 when it may try now."""
    blocked_until = connection.scalar(select(_attempt.c.blocked_until).where(*_where(tenant, email)))
    if blocked_until is None or blocked_until <= clock.now():
        return 0.0
    return (clock.parse_instant(blocked_until) - clock.utcnow()).total_seconds()


def count(connection: Connection, tenant: Tenant | None, email: str) -> float:
    """Count a try to sign in and return 0, or return the seconds to wait before the next one.

    After :data:`FREE_FAILURES` each one doubles the wait, up to a quarter of an hour. One statement looks and counts,
    so that tries sent all at once are counted one after the other and none gets past a block.
    """
    tenant_id, subject = _subject(tenant, email)
    is_open = or_(_attempt.c.blocked_until.is_(None), _attempt.c.blocked_until <= clock.now())
    counted = upsert(connection, _attempt).values(tenant_id=tenant_id, subject=subject, failures=1)
    counted = counted.on_conflict_do_update(
        index_elements=["tenant_id", "subject"], set_={"failures": _attempt.c.failures + 1}, where=is_open
    )
    failures = connection.scalar(counted.returning(_attempt.c.failures))
    if failures is None:
        return max(wait_seconds(connection, tenant, email), 0.001)  # the block may have ended a moment ago
    if failures >= FREE_FAILURES:
        until = clock.after(min(2.0 ** (failures - FREE_FAILURES), MAX_BLOCK_SECONDS))
        connection.execute(update(_attempt).where(*_where(tenant, email)).values(blocked_until=until))
    return 0.0


def forget(connection: Connection, tenant: Tenant | None, email: str) -> None:
    """Forget an address's tries: the last one was right."""
    connection.execute(delete(_attempt).where(*_where(tenant, email)))


def _subject(tenant: Tenant | None, email: str) -> tuple[int, str]:
    tenant_id = tenant.id if tenant else 0
    return tenant_id, digest(tenant_id, b"sign-in/" + comparison_key(email).encode())


def _where(tenant: Tenant | None, email: str) -> tuple[ColumnElement[bool], ...]:
    tenant_id, subject = _subject(tenant, email)
    return _attempt.c.tenant_id == tenant_id, _attempt.c.subject == subject
