"""The timeline of a person: what the directory, the plans and the targets did, newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Integer, and_, or_, select

from app import clock
from app.access.tables import AuditRow
from app.directory import documents
from app.directory.tables import Revision
from app.errors import WrongUse
from app.provisioning import balance, gates, ledger, origins, targets
from app.provisioning.tables import attempt_table, operation_table, plan_table

_revision, _audit = Revision.__table__.c, AuditRow.__table__.c
_attempt, _line, _plan = attempt_table.c, operation_table.c, plan_table.c
#: Actions of the audit chain that are no change of the document: they have no revision.
_DEEDS = ("employee.erased",)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, of which kind (``revision``, ``attempt``, ``plan``, ``deed``), where, and what.

    `about` is the target's name, or "directory". `number` orders what happened at one instant. `details` are the
    members that belong to the kind.
    """

    at: str
    kind: str
    number: str
    about: str
    says: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str]:
        """What entries are ordered by."""
        return (self.at, self.kind, self.number)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `next` asks for those before them, None when there are none."""

    entries: tuple[Entry, ...]
    next: str | None


def of(
    connection: Connection, tenant_id: int, employee_id: str, *, before: str | None = None, limit: int = 50
) -> Page:
    """A page of the timeline of a present, deleted or erased employee. Raises `WrongUse` for a wrong `before`."""
    place = None if before is None else _place(before)
    known = {target.id: target.name for target in targets.listed(connection, tenant_id)}
    question = _Question(connection, tenant_id, employee_id, place, limit + 1, known)
    found = [entry for read in _READERS for entry in read(question)]
    found.sort(key=lambda entry: entry.place, reverse=True)
    shown = tuple(found[:limit])
    return Page(shown, "|".join(shown[-1].place) if len(found) > limit else None)


def standings(connection: Connection, tenant_id: int, employee_id: str) -> list[dict[str, Any]]:
    """How the person stands at every target now: state, reason, gates, since when it is delivered or due."""
    rows = []
    for target in targets.listed(connection, tenant_id):
        how, owed = ledger.standing_of(connection, balance.scene_of(connection, target), employee_id)
        link = owed.link if owed else None
        rows.append(
            {
                "target": target.name,
                "standing": how.kind,
                "code": how.code,
                "says": how.says,
                "remote_id": link.remote_id if link else None,
                "delivered_at": link.delivered_at if link else None,
                "due_at": owed.due_at if owed else None,
                "gates": {gates.label_of(c): plan for c, plan in sorted(link.gates.items())} if link else {},
            }
        )
    return rows


def _place(text: str) -> tuple[str, str, str]:
    parts = text.split("|")
    if len(parts) != 3:
        raise WrongUse(f"{text[:80]!r} is no place in a timeline; use what the page before it said.")
    return parts[0], parts[1], parts[2]


@dataclass(frozen=True, slots=True)
class _Question:
    connection: Connection
    tenant_id: int
    employee_id: str
    place: tuple[str, str, str] | None
    limit: int
    names: dict[int, str]

    def rows(self, query: Any, kind: str, at: Any, number: Any) -> Sequence[Any]:
        """The newest rows of a query before the place; `number` orders those of one instant."""
        if self.place is not None:
            instant, last_kind, last_number = self.place
            earlier = at < instant if kind > last_kind else at <= instant
            if kind == last_kind:
                bound = int(last_number) if isinstance(number.type, Integer) else last_number
                earlier = or_(at < instant, and_(at == instant, number < bound))
            query = query.where(earlier)
        return self.connection.execute(query.order_by(at.desc(), number.desc()).limit(self.limit)).all()


def _revisions(question: _Question) -> Iterator[Entry]:
    query = select(Revision.__table__).where(
        _revision.tenant_id == question.tenant_id, _revision.resource_id == question.employee_id
    )
    for row in question.rows(query, "revision", _revision.at, _revision.number):
        writer = origins.writer_named(question.connection, question.tenant_id, row.actor)
        run = f" in run {row.run_id}" if row.run_id else ""
        says = f"revision {row.number}: {row.kind} by {writer}{run}"
        changes = documents.loaded(row.changes)
        details = {"number": row.number, "kind": row.kind, "actor": row.actor, "run": row.run_id}
        yield Entry(
            row.at, "revision", _padded(row.number), "directory", says, details | {"changes": changes}
        )


def _attempts(question: _Question) -> Iterator[Entry]:
    query = select(attempt_table).where(
        _attempt.tenant_id == question.tenant_id, _attempt.employee_id == question.employee_id
    )
    names = ("method", "path", "status", "error", "duration_ms", "plan_id", "employee_version")
    # The index begins with the target: one query for each.
    for target_id, name in question.names.items():
        of_target = query.where(_attempt.target_id == target_id)
        for row in question.rows(of_target, "attempt", _attempt.at, _attempt.id):
            version = f" (version {row.employee_version})" if row.employee_version else ""
            says = f"{row.method} {row.path} → {row.status or row.error}{version}"
            yield Entry(row.at, "attempt", row.id, name, says, {n: getattr(row, n) for n in names})


def _lines(question: _Question) -> Iterator[Entry]:
    columns = [_line[n] for n in ("plan_id", "kind", "state", "reason", "refusal", "before", "after")]
    on = and_(_plan.tenant_id == _line.tenant_id, _plan.id == _line.plan_id)
    query = (
        select(*columns, _plan.created_at, _plan.target_id, _plan.kind.label("plan_kind"), _plan.decided_by)
        .select_from(operation_table.join(plan_table, on))
        .where(_line.tenant_id == question.tenant_id, _line.employee_id == question.employee_id)
    )
    for row in question.rows(query, "plan", _plan.created_at, _line.plan_id):
        why = f" – {row.refusal}" if row.refusal else ""
        by = f" by {row.decided_by}" if row.decided_by else ""
        says = f"plan {row.plan_id} ({row.plan_kind}): {row.kind}, {row.state}{by}{why}"
        details = {"plan": row.plan_id, "kind": row.kind, "state": row.state, "reason": row.reason}
        details |= {"before": row.before, "after": row.after}
        about = question.names.get(row.target_id, str(row.target_id))
        yield Entry(row.created_at, "plan", _padded(row.plan_id), about, says, details)


def _deeds(question: _Question) -> Iterator[Entry]:
    """What was done to a deleted person beside the document: the audit chain knows, from the delete on."""
    last = select(_revision.kind, _revision.at).where(
        _revision.tenant_id == question.tenant_id, _revision.resource_id == question.employee_id
    )
    row = question.connection.execute(last.order_by(_revision.number.desc()).limit(1)).first()
    if row is None or row.kind != "deleted":
        return
    query = select(AuditRow.__table__).where(
        _audit.tenant_id == question.tenant_id,
        _audit.id >= first_id_of(row.at),
        _audit.subject == f"employee:{question.employee_id}",
        _audit.action.in_(_DEEDS),
    )
    for deed in question.rows(query, "deed", _audit.at, _audit.id):
        word = deed.action.partition(".")[2]
        says = f"{word} by {origins.writer_named(question.connection, question.tenant_id, deed.actor)}"
        yield Entry(deed.at, "deed", deed.id, "directory", says, {"action": deed.action, "actor": deed.actor})


def first_id_of(at: str) -> str:
    """The least identifier that is made in the second of an instant (UUID of version 7: time comes first).

    >>> first_id_of("2026-11-22T11:14:19.000000Z")[:13]
    '01a202f6-cef8'
    """
    milliseconds = int(clock.parse_instant(at).timestamp()) * 1000
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"


def _padded(number: int) -> str:
    """A number whose text orders as it does."""
    return f"{number:010d}"


_READERS: tuple[Callable[[_Question], Iterator[Entry]], ...] = (_revisions, _attempts, _lines, _deeds)
