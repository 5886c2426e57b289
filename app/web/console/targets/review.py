"""The preview of a set-up: what the first sync would do to whom, worked out against the target, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from sqlalchemy import Connection, select

from app import directory
from app.access.roles import ADMIN
from app.database import reading
from app.provisioning import plans, rehearsal
from app.provisioning.errors import ProvisioningError
from app.provisioning.fields import FIELDS
from app.provisioning.tables import operation_table
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import Answer, complaint, known, target_of, to
from app.web.console.targets.steps import newest_preview
from app.web.console.targets.wording import OUTCOMES

#: So many people can be rehearsed while a browser waits; more of them take the command.
MOST = 20_000
PAGE = 25
_o = operation_table.c


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of a preview: how many people, what becomes of them, and the kind of their lines."""

    number: int
    says: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Previewed:
    """A dry run: its plan, its numbers, and some of its lines; ``more`` is the number to go on after."""

    plan: Any
    outcomes: list[Outcome]
    lines: Sequence[Mapping[str, Any]]
    more: int | None


@blueprint.fills_in("/targets/<number:target_id>/review", ADMIN)
def review_target(target_id: int) -> Answer:
    """Show the newest preview by person; sent, make a new one."""
    target = known(target_id)
    with reading() as connection:
        people = directory.total(connection, target.tenant_id)
    problem = ""
    if request.method == "POST":
        problem = _rehearsed(target, people)
        if not problem:
            return to("review_target", target)
    kind = request.args.get("kind", "")
    with reading() as connection:
        shown = _previewed(connection, target_of(connection, target_id), kind, _after())
    page = render_template(
        "console/targets/review.html",
        target=target,
        people=people,
        most=MOST,
        shown=shown,
        kind=kind,
        problem=problem,
        labels={name: row.label for name, row in FIELDS.items()},
    )
    return page, (502 if problem else 200)


def _after() -> int:
    text = request.args.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _rehearsed(target: Target, people: int) -> str:
    """Make a preview; return why there is none."""
    if people > MOST:
        return f"{people:,} people are more than a page can wait for."
    try:
        rehearsal.rehearse(target)
    except ProvisioningError as error:
        return complaint(error)
    return ""


def _previewed(connection: Connection, target: Target, kind: str, after: int) -> Previewed | None:
    number = newest_preview(connection, target)
    if number is None:
        return None
    plan = plans.with_id(connection, target.tenant_id, number)
    columns = (_o.number, _o.employee_id, _o.label, _o.kind, _o.before, _o.after, _o.reason)
    query = select(*columns).where(_o.tenant_id == target.tenant_id, _o.plan_id == number, _o.number > after)
    if kind:
        query = query.where(_o.kind == kind)
    rows = [dict(row._mapping) for row in connection.execute(query.order_by(_o.number).limit(PAGE + 1))]
    outcomes = [Outcome(getattr(plan, name), says, of) for name, (says, of) in OUTCOMES.items()]
    shown = rows[:PAGE]
    more = shown[-1]["number"] if len(rows) > PAGE else None
    return Previewed(plan, [each for each in outcomes if each.number], shown, more)
