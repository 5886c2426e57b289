"""Letters: mails to one person, each posted once for ever under its key and sent at most once.

A notice that comes twice does no harm, a second welcome does. So a letter is marked before it is handed over to the
mail server: one whose worker dies in between, or whose server breaks off in the middle, is not tried again, because
nobody knows whether it arrived. Until then it is tried as notices are, for five days (RFC 5321 §4.5.4.1).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, or_, select, update

from app import clock
from app.access.encryption import seal, unseal
from app.database import one_of, require_writing, upsert
from app.notices.deliveries import LEASE_SECONDS, pause
from app.notices.errors import DeliveryFailed
from app.notices.tables import letter_table

_letter, _c = letter_table, letter_table.c

GIVE_UP_SECONDS = 5 * 86_400.0
#: Reports are remembered for as long as notices are; that somebody was welcomed, for ever.
KEPT_SECONDS = 90 * 86_400.0
REPORT, WELCOME = "report:", "welcome:"
UNKNOWN = "Its worker died while it was handed over: it may have arrived, so it is not sent again."
TOO_LATE = "It could not be sent for five days."

#: One address and nothing else: what stands in a header for one recipient (RFC 5322 §3.4.1, without the rare forms).
_ADDRESS = re.compile(r'[^\s@<>,;:"()\[\]\\]{1,64}@[^\s@<>,;:"()\[\]\\]{1,253}')

_OF_TENANT = _c.tenant_id == bindparam("b_tenant")
_ONE = (_OF_TENANT, _c.key == bindparam("b_key"))
_MINE = (*_ONE, _c.lease_owner == bindparam("b_owner"))
_LEASE_IS_OVER = or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now"))
_FREE = (
    _c.state == "pending",
    _c.next_attempt_at <= bindparam("b_now"),
    _LEASE_IS_OVER,
    _c.at > bindparam("b_oldest"),
)
_DUE_TENANTS = select(_c.tenant_id).where(*_FREE).distinct()
_CLAIMABLE = (
    select(_c.key, _c.at, _c.tries, _c.sealed)
    .where(_OF_TENANT, *_FREE)
    .order_by(_c.next_attempt_at, _c.key)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(_letter).where(*_ONE).values(lease_owner=bindparam("b_owner"), lease_until=bindparam("b_until"))
)
_BEGIN = update(_letter).where(*_MINE, _c.state == "pending").values(state="sending")
_SETTLE = (
    update(_letter)
    .where(*_MINE)
    .values(
        state=bindparam("b_state"),
        tries=_c.tries + 1,
        next_attempt_at=bindparam("b_next"),
        error=bindparam("b_error"),
        sent_at=bindparam("b_sent"),
        lease_owner=None,
        lease_until=None,
    )
)
_END = _SETTLE.values(sealed=None)
_WAITING = (_OF_TENANT, _c.state == "pending")
# What another transaction holds is passed over, so that no two of them wait for each other.
_OTHERS = (
    select(_c.key)
    .where(*_WAITING, _c.next_attempt_at < bindparam("b_next"))
    .with_for_update(skip_locked=True)
)
_POSTPONE = (
    update(_letter)
    .where(_OF_TENANT, _c.key.in_(_OTHERS))
    .values(tries=_c.tries + 1, next_attempt_at=bindparam("b_next"))
)
_GIVEN_UP = {
    "state": "failed",
    "sealed": None,
    "next_attempt_at": None,
    "lease_owner": None,
    "lease_until": None,
}
_TOO_OLD = (
    update(_letter)
    .where(*_WAITING, _c.at <= bindparam("b_oldest"), _LEASE_IS_OVER)
    .values(**_GIVEN_UP, error=func.coalesce(_c.error, TOO_LATE))
)
_LOST = (
    update(_letter)
    .where(_OF_TENANT, _c.state == "sending", _LEASE_IS_OVER)
    .values(**_GIVEN_UP, error=UNKNOWN)
)
_FORGOTTEN = delete(_letter).where(
    _OF_TENANT,
    _c.key.startswith(REPORT),
    _c.at < bindparam("b_forgotten"),
    _c.state.in_(("sent", "failed")),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, claimed by `owner`."""

    tenant_id: int
    key: str
    owner: str
    at: str
    tries: int
    sealed: bytes = field(repr=False)

    @property
    def mine(self) -> dict[str, Any]:
        """The parameters of statements about it."""
        return {"b_tenant": self.tenant_id, "b_key": self.key, "b_owner": self.owner}

    def content(self) -> Content:
        """What it says, and to whom. Raises ``UnsealError``."""
        return Content(**json.loads(unseal(self.tenant_id, place(self.key), self.sealed)))


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says; never shown, and forgotten once it was sent."""

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


def post(connection: Connection, tenant_id: int, key: str, to: str, subject: str, text: str) -> bool:
    """Post a letter in the caller's transaction; return False, and do nothing, when one of this key ever was."""
    require_writing(connection)
    now = clock.now()
    content = asdict(Content(to, subject, text))
    row = {
        "tenant_id": tenant_id,
        "key": key,
        "sealed": seal(tenant_id, place(key), json.dumps(content, ensure_ascii=False).encode()),
        "state": "pending",
        "at": now,
        "tries": 0,
        "next_attempt_at": now,
    }
    posted = upsert(connection, _letter).on_conflict_do_nothing().returning(_c.key)
    return connection.execute(posted, row).first() is not None


def is_address(text: str) -> bool:
    """Whether a letter can be sent to this.

    >>> is_address("maya@example.com"), is_address("Maya <maya@example.com>"), is_address("a@x.example, b@x.example")
    (True, False, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def place(key: str) -> str:
    """What the sealed content of a letter is bound to."""
    return f"letter/{key}/sealed"


def was_posted(connection: Connection, tenant_id: int, keys: Iterable[str]) -> bool:
    """Whether a letter of one of these keys ever was."""
    where = (_c.tenant_id == tenant_id, one_of(_c.key, list(keys)))
    return connection.execute(select(_c.key).where(*where).limit(1)).first() is not None


def due_tenants(connection: Connection, now: str) -> list[int]:
    """The tenants that have a letter to be sent."""
    return sorted(connection.scalars(_DUE_TENANTS, _at(now)))


def waiting(connection: Connection, tenant_id: int) -> int:
    """How many letters of a tenant wait to be sent."""
    return int(connection.scalar(select(func.count()).where(*_WAITING), {"b_tenant": tenant_id}) or 0)


def counted(connection: Connection, tenant_id: int, prefix: str) -> dict[str, int]:
    """How many letters of a tenant whose keys begin so are ``pending``, ``sent`` or ``failed``, without zeros.

    One that is handed over at this moment counts as pending.
    """
    state = case((_c.state == "sending", "pending"), else_=_c.state).label("state")
    where = (_c.tenant_id == tenant_id, _c.key.startswith(prefix))
    query = select(state, func.count().label("letters")).where(*where).group_by(state)
    return {row.state: row.letters for row in connection.execute(query)}


def claim(connection: Connection, tenant_id: int, owner: str) -> Letter | None:
    """The letter of the tenant that has been due for longest, leased to the owner; None when there is none."""
    now = clock.now()
    row = connection.execute(_CLAIMABLE, {"b_tenant": tenant_id, **_at(now)}).first()
    if row is None:
        return None
    until = clock.after(LEASE_SECONDS, since=now)
    key = {"b_tenant": tenant_id, "b_key": row.key, "b_owner": owner}
    connection.execute(_TAKE, key | {"b_until": until})
    return Letter(tenant_id, row.key, owner, row.at, row.tries, row.sealed)


def begin(connection: Connection, letter: Letter) -> bool:
    """Mark that it is about to be handed over; False when it is not the owner's any more."""
    return connection.execute(_BEGIN, letter.mine).rowcount == 1


def note_sent(connection: Connection, letter: Letter) -> None:
    """Keep that it got through, and forget what it said."""
    _settle(connection, letter, "sent", sent_at=clock.now())


def note_failed(connection: Connection, letter: Letter, error: DeliveryFailed, chance: random.Random) -> str:
    """Keep why it did not get through; return ``pending`` when it is tried again, else ``failed``.

    When the mail server itself is out of order, all that waits for it is put off as long.
    """
    at = clock.after(pause(letter.tries + 1, error.retry_after, chance))
    is_over = error.is_final or error.may_have_arrived or at > clock.after(GIVE_UP_SECONDS, since=letter.at)
    said = f"{error} It may have arrived, so it is not sent again." if error.may_have_arrived else str(error)
    _settle(
        connection, letter, "failed" if is_over else "pending", next_at=None if is_over else at, error=said
    )
    if error.of_channel and not error.is_final:
        connection.execute(_POSTPONE, {"b_tenant": letter.tenant_id, "b_next": at})
    return "failed" if is_over else "pending"


def _settle(
    connection: Connection,
    letter: Letter,
    state: str,
    *,
    next_at: str | None = None,
    error: str | None = None,
    sent_at: str | None = None,
) -> None:
    settled = {"b_state": state, "b_next": next_at, "b_error": error, "b_sent": sent_at}
    connection.execute(_SETTLE if state == "pending" else _END, letter.mine | settled)


def _at(now: str) -> dict[str, str]:
    return {
        "b_now": now,
        "b_oldest": clock.after(-GIVE_UP_SECONDS, since=now),
        "b_forgotten": clock.after(-KEPT_SECONDS, since=now),
    }


# --- what is over ---------------------------------------------------------------------------------------------------


def clear(connection: Connection, tenant_id: int, now: str) -> int:
    """Give up what nobody will send any more, and remove reports of 90 days ago; return how many letters that were.

    That somebody was welcomed stays: its row holds a digest, and nothing else about them.
    """
    moments = {"b_tenant": tenant_id, **_at(now)}
    return sum(connection.execute(statement, moments).rowcount for statement in (_TOO_OLD, _LOST, _FORGOTTEN))


def give_up(connection: Connection, tenant_id: int, reason: str) -> int:
    """Send nothing of what waits, because it may have been sent elsewhere; return how many letters that were."""
    open_ones = update(_letter).where(_OF_TENANT, _c.state.in_(("pending", "sending")))
    given_up = open_ones.values(**_GIVEN_UP, error=reason)
    return connection.execute(given_up, {"b_tenant": tenant_id}).rowcount


def forget(connection: Connection, tenant_id: int, keys: Iterable[str]) -> None:
    """Remove letters as if they had never been, because the person whom they are about is erased."""
    connection.execute(delete(_letter).where(_c.tenant_id == tenant_id, one_of(_c.key, list(keys))))
