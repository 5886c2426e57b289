"""What is wrong at the targets of a tenant, looked for once a minute: what is so is told once, its end too.

These states are spread over rows that many workers write (links given up, accounts that vanished, a circuit that
stays open). A look at them loses nothing when a process dies, and 10,000 links that are held make one notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from app import clock
from app.notices.telling import Finding
from app.provisioning import announcing, plans, targets
from app.provisioning.tables import attempt_table, link_table, plan_table
from app.provisioning.targets import Target

#: A target that does not answer is told about after this time.
SILENT_SECONDS = 900.0

_l, _a, _p = link_table.c, attempt_table.c, plan_table.c
_LINKS_OF = (_l.tenant_id == bindparam("b_tenant"), _l.target_id == bindparam("b_target"))
_ATTEMPTS_OF = (_a.tenant_id == bindparam("b_tenant"), _a.target_id == bindparam("b_target"))
_GIVEN_UP = select(func.count()).where(*_LINKS_OF, _l.state == "held", _l.reason_code == "quarantine")
_VANISHED = select(func.count()).where(*_LINKS_OF, _l.state == "vanished", _l.due_at.is_(None))
_WAITING = select(func.max(_p.id)).where(
    _p.tenant_id == bindparam("b_tenant"),
    _p.target_id == bindparam("b_target"),
    _p.kind == plans.APPROVAL,
    _p.state == "waiting",
)
_IS_ANSWER = (_a.status < 500) & (_a.status != 429)
_LAST_ANSWER = select(func.max(_a.at)).where(*_ATTEMPTS_OF, _IS_ANSWER)
_FIRST_SILENCE = select(func.min(_a.at)).where(
    *_ATTEMPTS_OF, or_(_a.status.is_(None), ~_IS_ANSWER), _a.at > bindparam("b_since")
)
_LONGEST_DUE = select(func.min(_l.due_at)).where(*_LINKS_OF, _l.due_at.is_not(None))


def findings(connection: Connection, tenant_id: int) -> list[Finding]:
    """Return how the targets of a tenant stand, bad and good."""
    return [
        finding
        for target in targets.listed(connection, tenant_id)
        for finding in _of_target(connection, target)
    ]


def _of_target(connection: Connection, target: Target) -> Iterator[Finding]:
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    yield _quarantine(target, connection.scalar(_GIVEN_UP, key) or 0)
    yield _vanished(target, connection.scalar(_VANISHED, key) or 0)
    yield _approval(target, connection.scalar(_WAITING, key))
    since = _silent_since(connection, target, key)
    if target.is_active and target.failures == 0:
        yield _circuit_closed(target)
    elif target.is_active and since is not None and since <= clock.after(-SILENT_SECONDS):
        yield _circuit_open(target, since)


def _finding(target: Target, kind: str, state: str, title: str, text: str, **details: Any) -> Finding:
    title = f"{target.name}: {title}"
    return Finding(
        kind, announcing.about(target.name), state, title, text, {"target": target.name, **details}
    )


def _quarantine(target: Target, people: int) -> Finding:
    if people == 0:
        text = f"Nobody of the target {target.name} is given up any more."
        return _finding(target, "quarantine.ended", "clear", "nobody is given up any more", text)
    text = (
        f"For more than 72 hours {people} of the target {target.name} could not be brought up to date; they are not "
        f"tried again before they change or a full resync asks for it. `rollcall target status {target.name}` counts "
        f"them, `rollcall target sync {target.name} --full` tries them again."
    )
    return _finding(
        target, "quarantine.begun", "quarantine", f"{people} people given up", text, people=people
    )


def _vanished(target: Target, accounts: int) -> Finding:
    if accounts == 0:
        text = f"No account that Rollcall knows is missing at the target {target.name} any more."
        return _finding(target, "vanished.ended", "clear", "no account is missing any more", text)
    text = (
        f"At the target {target.name} {accounts} accounts that Rollcall knows are no longer there. Restore them there, "
        f"or have them created again: `rollcall target set {target.name} --set vanished=recreate`."
    )
    return _finding(
        target, "vanished.found", "missing", f"{accounts} accounts are missing", text, accounts=accounts
    )


def _approval(target: Target, plan_id: int | None) -> Finding:
    if plan_id is None:
        text = f"No protected account of the target {target.name} waits for an admin any more."
        return _finding(target, "approval.decided", "clear", "nothing waits for approval any more", text)
    text = (
        f"Plan {plan_id} collects changes of protected accounts of the target {target.name}; none of them is sent "
        f"before an admin approves it: `rollcall plan show {plan_id}`."
    )
    title = f"plan {plan_id} waits for approval"
    return _finding(target, "approval.waiting", f"plan {plan_id}", title, text, plan=plan_id)


def _circuit_closed(target: Target) -> Finding:
    text = f"The target {target.name} answers again; what was kept meanwhile is being sent."
    return _finding(target, "circuit.closed", "closed", "it answers again", text)


def _circuit_open(target: Target, since: str) -> Finding:
    text = (
        f"The target {target.name} has given no usable answer since {since}. It is asked again by itself; leavers are "
        f"not suspended there meanwhile. `rollcall target probe {target.name}` says what it answers."
    )
    return _finding(target, "circuit.opened", "open", "it does not answer", text, since=since)


def _silent_since(connection: Connection, target: Target, key: dict[str, Any]) -> str | None:
    """Since when the target has failed at every call; when no call of a person is kept, since when people wait."""
    if target.failures == 0:
        return None
    last: str = connection.scalar(_LAST_ANSWER, key) or ""
    first: str | None = connection.scalar(_FIRST_SILENCE, key | {"b_since": last})
    waiting: str | None = connection.scalar(_LONGEST_DUE, key)
    return first or (None if waiting is None else max(waiting, last))
