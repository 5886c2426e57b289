"""The second pass of an import: managers who came with it are named, those who did not are listed as warnings."""

from __future__ import annotations

from collections.abc import Iterable

from app.database import writing
from app.directory import Actor
from app.sources import awaiting, row_errors
from app.sources.catalog import Source
from app.sources.decisions import Terms
from app.sources.managers import FIELD, WORDS
from app.sources.people import Plans
from app.sources.row_errors import Line
from app.sources.runs import Lease, Run
from app.sources.transforms import quoted
from scim.keys import comparison_key

CODE = "manager_unknown"


def pass_over(known: Source, lease: Lease, run: Run, terms: Terms, plans: Plans | None) -> None:
    """Name managers once everybody is there; needed by mappings only that bring them.

    :raises LeaseLost: another process goes on with the run, and does it again.
    """
    rule = terms.mapping.fields.get(FIELD)
    if plans is not None:
        if rule is not None:
            _foretell(lease, rule.column, plans)
        return
    awaiting.name_those_who_came(lease.tenant_id, lease, known.id)
    if rule is not None:
        _settle(known, lease, rule.column, is_whole=run.complete and run.scope is None)


def _settle(known: Source, lease: Lease, column: str, *, is_whole: bool) -> None:
    """List who is waited for; after a whole import whoever was the manager before is none any more."""
    actor, last = Actor("source", known.name, lease.run_id), ""
    while True:
        with writing() as connection:
            lease.renew(connection)
            rows = awaiting.read_by(connection, lease, known.id, last)
            if not rows:
                return
            if is_whole:
                awaiting.let_go(connection, lease, rows, actor)
            said = awaiting.reasons(connection, lease.tenant_id, rows)
            lines = [
                Line(row.number, column, _reason(row.key, why), row.record_id)
                for row, why in zip(rows, said, strict=True)
            ]
            row_errors.append(connection, lease, CODE, lines)
        last = rows[-1].employee_id


def _foretell(lease: Lease, column: str, plans: Plans) -> None:
    """List of whom the import would know no manager; of those only whom it would add or change."""
    with writing() as connection:
        lease.renew(connection)
        row_errors.append(connection, lease, CODE, list(_unknown(plans, column)))


def _unknown(plans: Plans, column: str) -> Iterable[Line]:
    for number, (record_id, address) in sorted(plans.awaited.items()):
        key = comparison_key(address)
        if not plans.keys.get(("email", key)):
            yield Line(number, column, _reason(key, WORDS["unknown"]), record_id)


def _reason(key: str, why: str) -> str:
    return f"{FIELD}: {quoted(key)} {why}"
