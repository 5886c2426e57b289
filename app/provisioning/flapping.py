"""Values that flip: two writers that keep changing one back to what it was (rule 17)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from app import clock
from app.database import one_of
from app.directory.tables import Revision
from app.provisioning.effects import fields_fed_by
from app.provisioning.fields import Selection

HOUR = 3600.0
#: So many flips of a value within an hour are borne.
BORNE = 3

_revision = Revision.__table__.c
_LATELY = (
    _revision.tenant_id == bindparam("b_tenant"),
    one_of(_revision.resource_id, "b_ids"),
    _revision.at > bindparam("b_since"),
)
_BUSY = (
    select(_revision.resource_id).where(*_LATELY).group_by(_revision.resource_id).having(func.count() > BORNE)
)
_CHANGES = (
    select(_revision.resource_id, _revision.at, _revision.actor, _revision.changes)
    .where(*_LATELY)
    .order_by(_revision.resource_id, _revision.number)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flapping:
    """A value that two writers keep changing back: the sentence about it, and the instant when it may have calmed."""

    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one value: when, by whom, and both sides."""

    at: str
    actor: str
    before: Any
    after: Any


def found(
    connection: Connection, tenant_id: int, employee_ids: Iterable[str], selection: Selection
) -> dict[str, Flapping]:
    """Employee → what flips, of these employees; one query unless somebody was changed often within the hour."""
    since = clock.after(-HOUR)
    key: dict[str, Any] = {"b_tenant": tenant_id, "b_ids": list(employee_ids), "b_since": since}
    busy = list(connection.scalars(_BUSY, key)) if key["b_ids"] else []
    if not busy:
        return {}
    steps: dict[str, dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(_CHANGES, key | {"b_ids": busy}):
        for path, (before, after) in json.loads(row.changes).items():
            steps[row.resource_id][path].append(Step(row.at, row.actor, before, after))
    judged = {employee_id: _worst(paths, selection) for employee_id, paths in steps.items()}
    return {employee_id: flapping for employee_id, flapping in judged.items() if flapping is not None}


def _worst(paths: Mapping[str, Sequence[Step]], selection: Selection) -> Flapping | None:
    """What flips longest of the values that the target gets."""
    candidates = [
        flapping
        for path, steps in paths.items()
        if (fields := fields_fed_by(path, selection)) and (flapping := flips(fields[0], steps)) is not None
    ]
    return max(candidates, key=lambda each: each.until, default=None)


def flips(field: str, steps: Sequence[Step]) -> Flapping | None:
    """What is to be said of a value whose changes these are, oldest first; None when it does not flip too often.

    Changes flip while another writer each time puts back what the one before replaced.
    """
    run: list[Step] = []
    worst: list[Step] = []
    for step in steps:
        goes_back = bool(run) and step.actor != run[-1].actor and step.after == run[-1].before
        run = [*run, step] if goes_back else [step]
        worst = run if len(run) >= len(worst) else worst
    if len(worst) <= BORNE:
        return None
    one, other = worst[-1].actor, worst[-2].actor
    reason = (
        f"{field} flips between {one} and {other}: {len(worst)} changes within an hour, each taking back the other's; "
        f"let one of them write it. Held until {clock.after(HOUR, since=worst[-1].at)[:16]}Z"
    )
    return Flapping(reason, clock.after(HOUR, since=worst[-1].at))
