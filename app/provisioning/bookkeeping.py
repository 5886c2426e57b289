"""Whether the rows of a target agree with one another: accounts, plans and their lines, gates, groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from app.directory.agreement import Check
from app.provisioning import plans
from app.provisioning.tables import (
    gate_table,
    group_link_member_table,
    group_link_table,
    link_table,
    operation_table,
    plan_table,
    target_table,
)
from app.provisioning.targets import Target

_link, _plan, _line, _gate = link_table.c, plan_table.c, operation_table.c, gate_table.c
_group, _member, _target = group_link_table.c, group_link_member_table.c, target_table.c
_OVERDUE: Any = bindparam("b_overdue")


def checked(connection: Connection, target: Target, overdue_at: str) -> list[Check]:
    """The checks; what a drain at work leaves half done for a moment counts only when it is older than `overdue_at`."""
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_overdue": overdue_at}
    checks = []
    for name, count, questions in _CHECKS:
        check = Check(name)
        check.count(name, connection.scalar(count, key) or 0)
        for code, query, sentence, way_out in questions:
            for row in connection.execute(query, key):
                says = sentence.format(*row)
                check.find(code, str(row[0]), says, way_out.format(*row, target=target.name))
        checks.append(check)
    return checks


def _of(columns: Any) -> tuple[Any, Any]:
    return (
        columns.tenant_id == bindparam("b_tenant"),
        columns.target_id == bindparam("b_target"),
    )


def _counted(columns: Any) -> Any:
    return select(func.count()).where(*_of(columns))


# --- accounts ----------------------------------------------------------------------------------------------------

_SHARED = (
    select(_link.remote_id, func.min(_link.employee_id), func.max(_link.employee_id))
    .where(*_of(_link), _link.remote_id.is_not(None))
    .group_by(_link.remote_id)
    .having(func.count() > 1)
)

# --- plans -------------------------------------------------------------------------------------------------------


def _plan_of(column: Any) -> Any:
    return select(_plan.id).where(
        _plan.tenant_id == bindparam("b_tenant"),
        _plan.target_id == bindparam("b_target"),
        _plan.id == column,
    )


def _lines_of(plan_id: Any, *conditions: Any) -> Any:
    return select(_line.plan_id).where(
        _line.tenant_id == bindparam("b_tenant"), _line.plan_id == plan_id, *conditions
    )


_SYNCED_BY = select(_link.employee_id).where(*_of(_link), _link.sync_id == _plan.id).correlate(plan_table)
_MARKED_BY = (
    select(_target.id)
    .where(
        _target.tenant_id == bindparam("b_tenant"),
        _target.id == bindparam("b_target"),
        _target.resync_plan_id == _plan.id,
    )
    .correlate(plan_table)
)
_APPLIES_NOTHING = select(_plan.id, _plan.created_at).where(
    *_of(_plan),
    _plan.state == "applying",
    _plan.created_at < _OVERDUE,
    ~_SYNCED_BY.exists(),
    ~_MARKED_BY.exists(),
)
_APPROVED_FOR_NOTHING = select(_plan.id, _plan.decided_at).where(
    *_of(_plan),
    _plan.state == "approved",
    func.coalesce(_plan.decided_at, _plan.created_at) < _OVERDUE,
    ~_lines_of(_plan.id, _line.state.in_(plans.OPEN)).correlate(plan_table).exists(),
)
#: An approved line is applied by the link that names its plan.
_APPLIED_BY = (
    select(_link.employee_id)
    .where(*_of(_link), _link.employee_id == _line.employee_id, _link.plan_id == _line.plan_id)
    .correlate(operation_table)
)
_LINE_FORGOTTEN = select(_line.employee_id, _line.plan_id, _line.label).where(
    _line.tenant_id == bindparam("b_tenant"),
    _line.state == plans.APPROVED,
    _plan_of(_line.plan_id).correlate(operation_table).exists(),
    ~_APPLIED_BY.exists(),
)
_SYNC_ENDED = select(_link.employee_id, _link.sync_id).where(
    *_of(_link),
    _link.sync_id.is_not(None),
    ~_plan_of(_link.sync_id).where(_plan.state == "applying").correlate(link_table).exists(),
)
_PLAN_ENDED = select(_link.employee_id, _link.plan_id).where(
    *_of(_link),
    _link.plan_id.is_not(None),
    ~_lines_of(_link.plan_id, _line.employee_id == _link.employee_id, _line.state.in_(plans.OPEN))
    .correlate(link_table)
    .exists(),
)

# --- gates -------------------------------------------------------------------------------------------------------

_WAITING_LINE = _lines_of(
    _gate.plan_id, _line.employee_id == _gate.employee_id, _line.state == plans.PLANNED
).correlate(gate_table)
_GATE_WITHOUT_PLAN = select(_gate.employee_id, _gate.change, _gate.plan_id).where(
    *_of(_gate),
    _gate.plan_id.is_not(None),
    or_(
        ~_plan_of(_gate.plan_id).where(_plan.state.in_(plans.UNDECIDED)).correlate(gate_table).exists(),
        ~_WAITING_LINE.exists(),
    ),
)
_GATE_WITHOUT_LINK = select(_gate.employee_id, _gate.change).where(
    *_of(_gate),
    ~select(_link.employee_id)
    .where(*_of(_link), _link.employee_id == _gate.employee_id)
    .correlate(gate_table)
    .exists(),
)

# --- groups ------------------------------------------------------------------------------------------------------

_GROUP_STUCK = select(_group.key, _group.name, _group.due_at).where(
    *_of(_group),
    _group.due_at < _OVERDUE,
    or_(_group.next_attempt_at.is_(None), _group.next_attempt_at < _OVERDUE),
    select(_target.id)
    .where(
        _target.tenant_id == bindparam("b_tenant"),
        _target.id == bindparam("b_target"),
        _target.state == "active",
        or_(_target.retry_at.is_(None), _target.retry_at < _OVERDUE),
        or_(_target.tick_until.is_(None), _target.tick_until < _OVERDUE),
    )
    .exists(),
)
_GROUP_LOST = select(_group.key, _group.name).where(
    *_of(_group),
    _group.due_at.is_(None),
    or_(
        _group.generation > _group.delivered_generation,
        and_(_group.state == "linked", _group.remote_id.is_(None)),
    ),
    _group.state.not_in(("held", "vanished")),
)
_MEMBER_OF_NOTHING = (
    select(_member.key, func.count())
    .where(
        *_of(_member),
        ~select(_group.key)
        .where(*_of(_group), _group.key == _member.key)
        .correlate(group_link_member_table)
        .exists(),
    )
    .group_by(_member.key)
)

_RESYNC = "`rollcall target sync {target} --full` looks at the target again"
#: A finding: its code, the query whose first column is the subject, the sentence over its columns, the way out.
_Question = tuple[str, Any, str, str]
_CHECKS: Sequence[tuple[str, Any, Sequence[_Question]]] = (
    (
        "links",
        _counted(_link),
        [
            (
                "account_shared",
                _SHARED,
                "the account {0} belongs to the links of {1} and {2}",
                "clear the remote id of the wrong one in the table link, then " + _RESYNC,
            ),
        ],
    ),
    (
        "plans",
        _counted(_plan),
        [
            (
                "plan_open",
                _APPLIES_NOTHING,
                "plan {0} of {1} is applying, and no link is left of it",
                _RESYNC,
            ),
            (
                "plan_open",
                _APPROVED_FOR_NOTHING,
                "plan {0}, approved at {1}, has no line left",
                "the next tick of the target closes it",
            ),
            (
                "line_forgotten",
                _LINE_FORGOTTEN,
                "{2}: the approved line in plan {1} is applied by no link",
                "make the plan again (`rollcall target sync {target} --dry-run`)",
            ),
            ("sync_ended", _SYNC_ENDED, "its link counts for plan {1}, which is not being applied", _RESYNC),
            (
                "plan_ended",
                _PLAN_ENDED,
                "its link is to apply plan {1}, which has no open line of it",
                _RESYNC,
            ),
        ],
    ),
    (
        "gates",
        _counted(_gate),
        [
            (
                "gate_without_plan",
                _GATE_WITHOUT_PLAN,
                "{1} waits in plan {2}, where nothing can be decided about it",
                "change the value in the directory once more, or delete the row of the table gate",
            ),
            (
                "gate_without_link",
                _GATE_WITHOUT_LINK,
                "{1} is shut for somebody who has no link",
                "delete the row of the table gate",
            ),
        ],
    ),
    (
        "groups",
        _counted(_group),
        [
            (
                "group_stuck",
                _GROUP_STUCK,
                "the group {1} is due since {2} and nobody works on it",
                "see that `rollcall worker` and `rollcall scheduler` run (`rollcall doctor`)",
            ),
            ("group_lost", _GROUP_LOST, "nothing is due for the group {1}, yet it is not delivered", _RESYNC),
            ("member_of_nothing", _MEMBER_OF_NOTHING, "{1} members of a group that has no link", _RESYNC),
        ],
    ),
)
