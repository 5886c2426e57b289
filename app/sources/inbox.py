"""Webhook calls that were taken: kept once each, worked off by import runs that read what they point at.

Which deliveries wait, are being worked on or are done is read from the runs themselves, each time anew: a process that
is killed anywhere loses none, and what a run has read to its end is not read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from app import clock
from app.database import require_writing, upsert
from app.errors import RollcallError
from app.sources import catalog, runs
from app.sources.adapter import ReadsSome, Receipt
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.runs import Run
from app.sources.tables import import_run, webhook_delivery

log = structlog.get_logger(__name__)

BY = "system:webhook"
#: The most hints that one run reads; a single delivery with more is read whole all the same.
MOST_HINTS = 500
#: How often runs try to read what a delivery points at, and the seconds between them: doubled up to the longest.
MOST_TRIES = 10
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
#: A delivery that its sender has not numbered and that comes again is news, but not more often than this.
REPEAT_SECONDS = 60.0
#: How often it is looked whether a run that waits for approval has ended.
HELD_SECONDS = 60.0

_BODY, _REFUSED = "sha256:", "refused:"
_delivery = webhook_delivery


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery as it is kept. `state` is ``waiting``, ``taken`` (by `run_id`) or ``done``."""

    delivery_id: str
    received_at: str
    state: str
    hints: int
    run_id: int | None
    times: int
    tries: int
    due_at: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Calls that were refused with a status: the last reason and time, and how many of them were noted."""

    status: int
    reason: str
    at: str
    times: int


# --- taking ---------------------------------------------------------------------------------------------------------


def take(connection: Connection, known: Source, receipt: Receipt, body: bytes) -> bool:
    """Keep a delivery whose receipt its adapter gave; return False when the same one was there already.

    One that its sender has numbered is worked on once. Without a number the body stands in: the same body may tell of
    a second change, so that it is read again, at most once in :data:`REPEAT_SECONDS`.
    """
    require_writing(connection)
    moment = clock.now()
    row = {
        "tenant_id": known.tenant_id,
        "source_id": known.id,
        "delivery_id": _number(receipt, body),
        "received_at": moment,
        "hints": [dict(hint) for hint in receipt.hints],
        "state": "waiting" if receipt.hints else "done",
        "run_id": None,
        "times": 1,
        "tries": 0,
        "due_at": moment if receipt.hints else None,
    }
    statement = upsert(connection, _delivery).values(row).on_conflict_do_nothing()
    if connection.execute(statement.returning(_delivery.c.delivery_id)).first() is not None:
        return True
    _count_again(connection, row, is_numbered=receipt.delivery_id is not None)
    return False


def _number(receipt: Receipt, body: bytes) -> str:
    sent = receipt.delivery_id
    if sent is None:
        return _BODY + hashlib.sha256(body).hexdigest()
    if len(sent) > 80 or sent.startswith((_BODY, _REFUSED)) or not sent.isprintable():
        return "id:" + hashlib.sha256(sent.encode("utf-8", "replace")).hexdigest()
    return sent


def _count_again(connection: Connection, row: dict[str, Any], *, is_numbered: bool) -> None:
    where = tuple(_delivery.c[name] == row[name] for name in ("tenant_id", "source_id", "delivery_id"))
    kept = connection.execute(select(_delivery).where(*where).with_for_update()).one()
    values: dict[str, Any] = {"times": kept.times + 1}
    is_news = not is_numbered or kept.tries >= MOST_TRIES
    if is_news and row["hints"] and kept.state != "waiting":
        moment = row["received_at"]
        due_at = max(moment, clock.after(REPEAT_SECONDS, since=kept.received_at))
        values |= {"state": "waiting", "received_at": moment, "run_id": None, "tries": 0, "due_at": due_at}
        # A header may have had a part in them: those of the last call count.
        values["hints"] = row["hints"]
    connection.execute(update(_delivery).where(*where).values(**values))


def note_refusal(connection: Connection, known: Source, status: int, reason: str) -> None:
    """Count a call that was refused. One row for each status and source: strangers cannot fill the table."""
    require_writing(connection)
    row = {
        "tenant_id": known.tenant_id,
        "source_id": known.id,
        "delivery_id": f"{_REFUSED}{status}",
        "received_at": clock.now(),
        "hints": [{"reason": reason[:300]}],
        "state": "done",
        "times": 1,
        "tries": 0,
    }
    said = {"received_at": row["received_at"], "hints": row["hints"], "times": _delivery.c.times + 1}
    key = ["tenant_id", "source_id", "delivery_id"]
    statement = upsert(connection, _delivery).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=said))


# --- working off ----------------------------------------------------------------------------------------------------


def waiting(connection: Connection, now: str) -> list[tuple[int, int]]:
    """Return (tenant, source) of those that have deliveries to look at, and no import under way."""
    is_read = exists().where(
        import_run.c.tenant_id == _delivery.c.tenant_id,
        import_run.c.source_id == _delivery.c.source_id,
        import_run.c.state == "running",
    )
    columns = (_delivery.c.tenant_id, _delivery.c.source_id)
    query = select(*columns).where(_delivery.c.due_at <= now, ~is_read).distinct().order_by(*columns)
    return [(row.tenant_id, row.source_id) for row in connection.execute(query)]


def start_waiting(connection: Connection, now: str) -> list[Run]:
    """Settle the deliveries whose run has ended, and start one run for each source that others wait for.

    A paused source is read too: only its schedule stands still. One that cannot be used at all (its credentials do not
    open, its kind is not installed) keeps no other one waiting, and loses no delivery.
    """
    require_writing(connection)
    started = []
    for tenant_id, source_id in waiting(connection, now):
        try:
            run = _look_after(connection, tenant_id, source_id, now)
        except RollcallError as error:
            log.warning("deliveries wait", tenant_id=tenant_id, source=source_id, reason=str(error))
            due = (_delivery.c.tenant_id == tenant_id, _delivery.c.source_id == source_id)
            until = clock.after(LONGEST_WAIT, since=now)
            _write(connection, (*due, _delivery.c.due_at <= now), due_at=until)
            continue
        if run is not None:
            started.append(run)
    return started


def _look_after(connection: Connection, tenant_id: int, source_id: int, now: str) -> Run | None:
    known = catalog.with_id(connection, tenant_id, source_id)
    if known is None:  # removed between a call and its answer
        _forget(connection, tenant_id, source_id)
        return None
    _settle(connection, known, now)
    return _start(connection, known, now)


def _settle(connection: Connection, known: Source, now: str) -> None:
    """Give the deliveries of ended runs their state; a run that failed is tried again later."""
    of_run = (import_run.c.tenant_id == _delivery.c.tenant_id) & (import_run.c.id == _delivery.c.run_id)
    taken = (*_of(known), _delivery.c.state == "taken")
    query = (
        select(_delivery.c.run_id, _delivery.c.tries, import_run.c.state)
        .select_from(_delivery.outerjoin(import_run, of_run))
        .where(*taken, _delivery.c.due_at <= now)
        .distinct()
    )
    for run_id, tries, state in connection.execute(query).all():
        group = (*taken, _delivery.c.run_id == run_id, _delivery.c.tries == tries)
        if state == "finished":
            _write(connection, group, state="done", due_at=None)
        elif state == "held":
            _write(connection, group, due_at=clock.after(HELD_SECONDS, since=now))
        elif state != "running":
            _put_off(connection, known, group, tries, now)


def _put_off(
    connection: Connection, known: Source, group: Sequence[ColumnElement[bool]], tries: int, now: str
) -> None:
    """Let deliveries wait longer after each try; after the last one they are done, and the failed run has told it."""
    if tries >= MOST_TRIES:
        log.warning("deliveries given up", tenant_id=known.tenant_id, source=known.name, tries=tries)
        _write(connection, group, state="done", due_at=None)
        return
    wait = min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT)
    _write(connection, group, state="waiting", tries=tries, due_at=clock.after(wait, since=now))


def _start(connection: Connection, known: Source, now: str) -> Run | None:
    due = (*_of(known), _delivery.c.state == "waiting", _delivery.c.due_at <= now)
    query = select(_delivery.c.delivery_id, _delivery.c.hints, _delivery.c.tries).where(*due)
    order = (_delivery.c.received_at, _delivery.c.delivery_id)
    rows, hints = _batch(connection.execute(query.order_by(*order).limit(MOST_HINTS)))
    if not rows:
        return None
    chosen = (*due, _delivery.c.delivery_id.in_([row.delivery_id for row in rows]))
    # A kind that cannot read single records reads what is new.
    scope = {"hints": hints} if isinstance(known.adapter(), ReadsSome) else None
    try:
        found = runs.start(connection, known, dry_run=False, requested_by=BY, trigger="webhook", scope=scope)
    except WrongSource as error:
        log.warning("deliveries wait", tenant_id=known.tenant_id, source=known.name, reason=str(error))
        for tries in {row.tries for row in rows}:
            _put_off(connection, known, (*chosen, _delivery.c.tries == tries), tries + 1, now)
        return None
    if not found.is_new:
        return None
    taken = {"state": "taken", "run_id": found.run.id, "tries": _delivery.c.tries + 1, "due_at": now}
    _write(connection, chosen, **taken)
    return found.run


def _batch(rows: Iterable[Row[Any]]) -> tuple[list[Row[Any]], list[dict[str, Any]]]:
    """Return the deliveries that one run takes, oldest first, and their hints, each once."""
    chosen: list[Row[Any]] = []
    hints: dict[str, dict[str, Any]] = {}
    for row in rows:
        fresh = {json.dumps(hint, sort_keys=True): hint for hint in row.hints}
        if chosen and len(hints | fresh) > MOST_HINTS:
            break
        # The later one of two equal hints stands at the later place, for adapters that read them in order.
        hints = {key: hint for key, hint in hints.items() if key not in fresh} | fresh
        chosen.append(row)
    return chosen, list(hints.values())


def _of(known: Source) -> tuple[ColumnElement[bool], ...]:
    return (_delivery.c.tenant_id == known.tenant_id, _delivery.c.source_id == known.id)


def _write(connection: Connection, where: Sequence[ColumnElement[bool]], **values: Any) -> None:
    connection.execute(update(_delivery).where(*where).values(**values))


def _forget(connection: Connection, tenant_id: int, source_id: int) -> None:
    where = (_delivery.c.tenant_id == tenant_id, _delivery.c.source_id == source_id)
    connection.execute(delete(_delivery).where(*where))


# --- showing --------------------------------------------------------------------------------------------------------


def recent(connection: Connection, known: Source, limit: int = 20) -> list[Taken]:
    """Return the newest deliveries of a source, the newest first."""
    query = select(_delivery).where(*_of(known), _delivery.c.delivery_id.not_like(f"{_REFUSED}%"))
    rows = connection.execute(query.order_by(_delivery.c.received_at.desc()).limit(limit))
    return [
        Taken(
            *(row.delivery_id, row.received_at, row.state, len(row.hints)),
            *(row.run_id, row.times, row.tries, row.due_at),
        )
        for row in rows
    ]


def refusals(connection: Connection, known: Source) -> list[Refusal]:
    """Return what was refused at a source's address in the last 30 days, the newest first."""
    query = select(_delivery).where(*_of(known), _delivery.c.delivery_id.like(f"{_REFUSED}%"))
    rows = connection.execute(query.order_by(_delivery.c.received_at.desc()))
    return [
        Refusal(
            int(row.delivery_id.removeprefix(_REFUSED)), row.hints[0]["reason"], row.received_at, row.times
        )
        for row in rows
    ]
