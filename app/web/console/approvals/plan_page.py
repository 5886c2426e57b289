"""One plan: what it does to whom, field by field, and what became of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import abort, render_template, request

from app.database import reading as reading_database
from app.provisioning import plans
from app.provisioning.counts import counts_of
from app.web.console.approvals import reading
from app.web.console.approvals.lines import Choice
from app.web.console.approvals.wording import (
    KINDS,
    LINE_STATES,
    PLAN_KINDS,
    changes_of,
    class_sentence,
    kind_word,
    line_word,
    plan_word,
)
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin
from app.web.console.targets.asking import plain

#: A plan that has written something is in one of these states.
_WRITTEN = ("approved", "applying", "applied")


@blueprint.shows("/approvals/plans/<number:plan_id>")
def plan(plan_id: int) -> str:
    """Show a plan; its address says which of its lines."""
    tenant_id, choice = current_admin().tenant_id, Choice.of(request.args)
    with reading_database() as connection:
        found = reading.with_id(connection, tenant_id, plan_id)
        if found is None:
            abort(404)
        # First of all: what comes while the rest is read is not decided about with it.
        upto = reading.last_number(connection, tenant_id, plan_id)
        by_kind_and_state = reading.numbers(connection, tenant_id, plan_id)
        lines, following = reading.lines(connection, tenant_id, plan_id, choice)
        undecided = found.state in plans.UNDECIDED
        is_partly_decided = undecided and any(state != "planned" for _, state in by_kind_and_state)
        facts: dict[str, Any] = {
            "decisions": reading.decisions(connection, found) if is_partly_decided else [],
            "undone_by": reading.undone_by(connection, tenant_id, plan_id),
            "not_given_back": reading.not_given_back(connection, tenant_id, plan_id),
        }
    by_kind, by_state = _sums(by_kind_and_state)
    return render_template(
        "console/approvals/plan.html",
        plan=found,
        choice=choice,
        lines=lines,
        following=following,
        upto=upto,
        by_kind=by_kind,
        by_state=by_state,
        undecided=undecided,
        is_live=found.state in ("approved", "applying") or bool(by_state["approved"]),
        may_undo=found.state in _WRITTEN and bool(by_state["applied"]),
        counts=counts_of(found._mapping).to_json(),
        title=_title(found, by_state["planned"], lines),
        changes_of=changes_of,
        plain=plain,
        kind_word=kind_word,
        line_word=line_word,
        plan_word=plan_word,
        kinds=KINDS,
        line_states=LINE_STATES,
        plan_kinds=PLAN_KINDS,
        **facts,
    )


def _sums(numbers: dict[tuple[str, str], int]) -> tuple[Counter[str], Counter[str]]:
    by_kind: Counter[str] = Counter()
    by_state: Counter[str] = Counter()
    for (kind, state), number in numbers.items():
        by_kind[kind] += number
        by_state[state] += number
    return by_kind, by_state


def _title(found: Any, undecided: int, lines: list[Any]) -> str:
    """Return what the plan would do while it waits, else what it is."""
    if found.kind == plans.HELD and undecided and lines:
        return f"{class_sentence(lines[0]['reason'], undecided)} at {found.target_name}"
    return f"{PLAN_KINDS.get(found.kind, found.kind)} of {found.target_name}"
