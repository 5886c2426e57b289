"""Records between reading and applying: stored sealed, page by page, together with the place where reading goes on."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app.access.encryption import seal, unseal
from app.database import one_of
from app.sources.errors import RowRefused
from app.sources.mapping import Mapping
from app.sources.records import Page, RowProblem, SourceRecord, Values
from app.sources.runs import Lease
from app.sources.tables import import_run, staged_record

_INSERT = insert(staged_record)
_BATCH = (
    select(staged_record)
    .where(
        staged_record.c.tenant_id == bindparam("tenant_id"),
        staged_record.c.run_id == bindparam("run_id"),
        staged_record.c.state == "staged",
    )
    .order_by(staged_record.c.number)
    .limit(bindparam("size"))
)
_NUMBERED = select(staged_record).where(
    staged_record.c.tenant_id == bindparam("tenant_id"),
    staged_record.c.run_id == bindparam("run_id"),
    one_of(staged_record.c.number, "numbers"),
)
_EARLIER = select(staged_record.c.record_id, staged_record.c.fingerprint).where(
    staged_record.c.tenant_id == bindparam("tenant_id"),
    staged_record.c.run_id == bindparam("run_id"),
    one_of(staged_record.c.record_id, "ids"),
    staged_record.c.state.in_(("added", "updated", "deleted", "skipped")),
    staged_record.c.fingerprint.is_not(None),
)
_SETTLE = (
    update(staged_record)
    .where(
        staged_record.c.tenant_id == bindparam("b_tenant"),
        staged_record.c.run_id == bindparam("b_run"),
        staged_record.c.number == bindparam("b_number"),
    )
    .values(state=bindparam("b_state"), fingerprint=bindparam("b_fingerprint"), sealed=None)
)


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A record that waits to be applied."""

    number: int
    record_id: str | None
    values: Values
    problem: RowProblem | None
    gone: bool


def stage_page(
    connection: Connection,
    lease: Lease,
    mapping: Mapping,
    page: Page,
    today: date,
    wanted: Container[str] | None,
) -> None:
    """Store a page and the place behind it in one transaction; rows that the mapping leaves out count as skipped.

    ``wanted`` are the record ids that the run is about; others are passed over, but for those that have no readable
    id. None: all are wanted.

    :raises LeaseLost: nothing of it may be kept.
    """
    rows = [_staged(lease, mapping, record, today) for record in page.records]
    if wanted is not None:
        rows = [row for row in rows if row["record_id"] is None or row["record_id"] in wanted]
    if rows:
        connection.execute(_INSERT, rows)
    lease.renew(
        connection,
        cursor=page.resume,
        complete=page.complete,
        staged=import_run.c.staged + len(rows),
        skipped=import_run.c.skipped + sum(row["state"] == "skipped" for row in rows),
        **({"phase": "applying", "watermark": page.watermark} if page.complete else {}),
    )


def start_again(connection: Connection, lease: Lease) -> None:
    """Forget what a killed process has staged of a run that cannot go on where it stood: it is read anew.

    :raises LeaseLost: nothing of it may be kept.
    """
    lease.renew(connection, cursor=None, staged=0, skipped=0)
    where = (staged_record.c.tenant_id == lease.tenant_id, staged_record.c.run_id == lease.run_id)
    connection.execute(delete(staged_record).where(*where))


def _staged(lease: Lease, mapping: Mapping, record: SourceRecord, today: date) -> dict[str, Any]:
    record_id, problem = None, record.problem
    is_wanted = problem is not None or record.gone or mapping.wants(record.values)
    if problem is None:
        try:
            record_id = mapping.record_id(record.values)
        except RowRefused as refusal:
            problem = refusal.problems[0] if is_wanted else None
    sealed = None
    if is_wanted and problem is None:
        plain = json.dumps(dict(record.values), ensure_ascii=False).encode()
        sealed = seal(lease.tenant_id, _place(lease.run_id, record.number), plain)
    return {
        "tenant_id": lease.tenant_id,
        "run_id": lease.run_id,
        "number": record.number,
        "record_id": record_id,
        "sealed": sealed,
        "problem": [problem.code, problem.reason, problem.column] if problem else None,
        "gone": record.gone,
        "inactive": sealed is not None and not record.gone and mapping.sets_inactive(record.values, today),
        # What the mapping leaves out is there all the same: it is not gone at its source.
        "state": "staged" if is_wanted else "skipped",
        "fingerprint": None,
    }


def next_batch(connection: Connection, tenant_id: int, run_id: int, size: int) -> list[StagedRow]:
    """Return the next rows to apply, in the order in which they were read."""
    rows = connection.execute(_BATCH, {"tenant_id": tenant_id, "run_id": run_id, "size": size})
    return [_row(tenant_id, run_id, row) for row in rows]


def numbered(connection: Connection, tenant_id: int, run_id: int, numbers: Sequence[int]) -> list[StagedRow]:
    """Return the rows with these numbers, which have not been applied yet."""
    place = {"tenant_id": tenant_id, "run_id": run_id, "numbers": list(numbers)}
    return [_row(tenant_id, run_id, row) for row in connection.execute(_NUMBERED, place)]


def _row(tenant_id: int, run_id: int, row: Any) -> StagedRow:
    values = json.loads(unseal(tenant_id, _place(run_id, row.number), row.sealed)) if row.sealed else {}
    problem = RowProblem(*row.problem) if row.problem else None
    return StagedRow(row.number, row.record_id, values, problem, row.gone)


def applied_before(
    connection: Connection, tenant_id: int, run_id: int, record_ids: Sequence[str]
) -> dict[str, str]:
    """Return record id → fingerprint of those that an earlier row of this run has brought already."""
    place = {"tenant_id": tenant_id, "run_id": run_id, "ids": list(record_ids)}
    return {row.record_id: row.fingerprint for row in connection.execute(_EARLIER, place)}


def settle(
    connection: Connection, tenant_id: int, run_id: int, outcomes: Sequence[tuple[int, str, str | None]]
) -> None:
    """Store (number, outcome, fingerprint) of applied rows; their values are forgotten at once."""
    connection.execute(
        _SETTLE,
        [
            {
                "b_tenant": tenant_id,
                "b_run": run_id,
                "b_number": number,
                "b_state": state,
                "b_fingerprint": fingerprint,
            }
            for number, state, fingerprint in outcomes
        ],
    )


def _place(run_id: int, number: int) -> str:
    return f"staged_record/{run_id}/{number}"
