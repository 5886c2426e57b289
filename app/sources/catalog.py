"""The sources of a tenant: what is kept of each, found by name or number, added, changed, removed."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from app import clock
from app.access import audit
from app.access.encryption import UnsealError, seal, unseal
from app.database import require_writing
from app.errors import NotFoundError
from app.identifiers import next_number
from app.notices import telling
from app.registry import source_adapter
from app.sources import accounts, announcing, linking, precedence, rereading, vendors
from app.sources.adapter import SourceAdapter, SourceContext
from app.sources.errors import WrongSource
from app.sources.mapping import Mapping as FieldMapping
from app.sources.mapping_text import compile_mapping
from app.sources.schedules import Schedule, parse_schedule
from app.sources.tables import (
    awaited_manager,
    import_run,
    match_suggestion,
    row_error,
    source,
    source_consent,
    source_record,
    staged_record,
    webhook_delivery,
)

if TYPE_CHECKING:
    from app.sources.drafts import Draft

#: The states in which a source brings people in.
PUBLISHED = ("active", "paused")
_OF_A_SOURCE = (
    *(import_run, source_record, source_consent, webhook_delivery, match_suggestion),
    awaited_manager,
)


@dataclass(frozen=True)
class Source:
    """A connected system, its secrets opened."""

    tenant_id: int
    id: int
    name: str
    kind: str
    #: ``draft``, ``active``, ``paused`` or ``disconnected`` (``app.sources.life``).
    state: str
    settings: dict[str, str]
    mapping: str
    work_email: str
    schedule: Schedule
    next_run_at: str | None
    created_at: str
    set_up_by: str
    report_to: str | None
    hook_key: str = field(repr=False)
    published_at: str | None
    watermark: dict[str, Any] | None
    read_whole_at: str | None
    last_total: int | None
    secrets: dict[str, str] = field(repr=False)
    print_key: bytes = field(repr=False)

    @property
    def is_published(self) -> bool:
        """Whether it brings people in; a paused one does on request only."""
        return self.state in PUBLISHED

    def adapter(self) -> SourceAdapter:
        """Return the adapter of its kind."""
        adapter: SourceAdapter = source_adapter(self.kind)()
        return adapter

    def context(self, **world: Any) -> SourceContext:
        """Return what its adapter works with; ``world`` as in :class:`SourceContext`."""
        return SourceContext(self.name, self.settings, self.secrets, **world)

    def compiled_mapping(self, context: SourceContext) -> FieldMapping:
        """Return its mapping compiled against the columns that the source has now. Raises ``MappingError``."""
        return compile_mapping(self.mapping, [f.name for f in self.adapter().record_fields(context)])


def add(connection: Connection, tenant_id: int, draft: Draft, by: str, *, as_draft: bool = False) -> Source:
    """Add a source: a draft, unless its kind needs no consent and ``as_draft`` does not ask for one.

    :raises WrongSource: its name is taken, or its kind is not enabled for the tenant.
    """
    require_writing(connection)
    adapter: SourceAdapter = source_adapter(draft.kind)()
    vendors.require_enabled(connection, tenant_id, adapter)
    is_draft = as_draft or adapter.needs_consent
    source_id = next_number(connection, source, tenant_id)
    if _row(connection, tenant_id, draft.name) is not None:
        raise WrongSource(
            f"There is a source {draft.name!r} already; choose another name, or change it with `source set`."
        )
    moment = clock.now()
    row = {
        "tenant_id": tenant_id,
        "id": source_id,
        "name": draft.name,
        "kind": draft.kind,
        "state": "draft" if is_draft else "active",
        "published_at": None if is_draft else moment,
        "print_key": seal(tenant_id, _place(source_id, "print_key"), random.token_bytes(32)),
        "created_at": moment,
        "set_up_by": by,
        "hook_key": random.token_urlsafe(24),
        "next_run_at": None if is_draft else next_run(draft.schedule),
        **_columns(tenant_id, source_id, draft),
    }
    connection.execute(insert(source), row)
    values = {"kind": draft.kind, "settings": sorted(draft.settings), "secrets": sorted(draft.secrets)}
    audit.record(connection, tenant_id, by, "source.added", f"source:{draft.name}", values)
    return named(connection, tenant_id, draft.name)


def change(connection: Connection, tenant_id: int, draft: Draft, by: str) -> Source:
    """Put a checked draft in the place of the source of its name; its records and runs stay.

    What is read next is everything: a mapping or a setting may make something else of records that have not changed.

    :raises WrongSource: it would read another account than the one that its records are of.
    """
    require_writing(connection)
    known = named(connection, tenant_id, draft.name)
    accounts.require_same_account(connection, known, draft.settings)
    values = _columns(tenant_id, known.id, draft) | {"watermark": None}
    if known.state == "active" and draft.schedule != known.schedule:
        values["next_run_at"] = next_run(draft.schedule)
    write(connection, known, **values)
    read_whole_next(connection, known)
    said = {"settings": sorted(draft.settings), "secrets": sorted(draft.secrets)}
    audit.record(connection, tenant_id, by, "source.changed", f"source:{draft.name}", said)
    linking.tell_of_source(connection, tenant_id, known.id, by)
    return named(connection, tenant_id, draft.name)


def keep_secrets(connection: Connection, known: Source, secrets: Mapping[str, str]) -> Source:
    """Store secrets beside those that are there; an empty one is forgotten. Return the source as it is now."""
    current = named(connection, known.tenant_id, known.name)
    kept = {key: value for key, value in {**current.secrets, **secrets}.items() if value}
    write(connection, known, secrets=_sealed(known.tenant_id, known.id, kept))
    return named(connection, known.tenant_id, known.name)


def write(connection: Connection, known: Source, **values: Any) -> None:
    """Write columns of a source's row."""
    require_writing(connection)
    where = (source.c.tenant_id == known.tenant_id, source.c.id == known.id)
    connection.execute(update(source).where(*where).values(**values))


def read_whole_next(connection: Connection, known: Source) -> None:
    """Have the next import of a source read all its records, not only the new ones."""
    rereading.reset(connection, source.c.tenant_id == known.tenant_id, source.c.id == known.id)


def next_run(schedule: Schedule, since: str | None = None) -> str | None:
    """Return the instant of the next import that a schedule asks for, counted from now."""
    moment = schedule.next_after(clock.parse_instant(since) if since else clock.utcnow())
    return None if moment is None else clock.instant(moment)


def _columns(tenant_id: int, source_id: int, draft: Draft) -> dict[str, Any]:
    return {
        "settings": draft.settings,
        "secrets": _sealed(tenant_id, source_id, draft.secrets),
        "mapping": draft.mapping,
        "work_email": draft.work_email,
        "schedule": str(draft.schedule),
        "report_to": draft.report_to,
    }


def _sealed(tenant_id: int, source_id: int, secrets: Mapping[str, str]) -> bytes | None:
    return (
        seal(tenant_id, _place(source_id, "secrets"), json.dumps(dict(secrets)).encode()) if secrets else None
    )


def named(connection: Connection, tenant_id: int, name: str) -> Source:
    """Return the source of this name; raises ``NotFoundError`` that lists the known ones."""
    row = _row(connection, tenant_id, name)
    if row is None:
        query = select(source.c.name).where(source.c.tenant_id == tenant_id).order_by(source.c.name).limit(10)
        known = ", ".join(connection.scalars(query)) or "none; use rollcall source add"
        raise NotFoundError(f"There is no source {name!r} in this tenant (known: {known}).")
    return _source(tenant_id, row)


def with_id(connection: Connection, tenant_id: int, source_id: int) -> Source | None:
    """Return the source of this number, or None when it was removed."""
    query = select(source).where(source.c.tenant_id == tenant_id, source.c.id == source_id)
    row = connection.execute(query).first()
    return _source(tenant_id, row) if row else None


def listed(connection: Connection, tenant_id: int, kind: str | None = None) -> list[Source]:
    """Return the tenant's sources by name, or those of one kind."""
    return [_source(tenant_id, row) for row in _rows(connection, tenant_id, kind)]


def opened(connection: Connection, tenant_id: int, kind: str) -> tuple[list[Source], list[Row[Any]]]:
    """Return the tenant's sources of a kind by name, and the rows of those whose secrets do not open."""
    found, closed = [], []
    for row in _rows(connection, tenant_id, kind):
        try:
            found.append(_source(tenant_id, row))
        except UnsealError:
            closed.append(row)
    return found, closed


def _rows(connection: Connection, tenant_id: int, kind: str | None) -> Sequence[Row[Any]]:
    query = select(source).where(source.c.tenant_id == tenant_id)
    if kind is not None:
        query = query.where(source.c.kind == kind)
    return connection.execute(query.order_by(source.c.name)).all()


def require_idle(connection: Connection, known: Source) -> None:
    """Raise ``WrongSource`` while an import of a source is under way."""
    running = connection.scalar(_runs_of(known).where(import_run.c.state == "running"))
    if running is not None:
        raise WrongSource(
            f"Run {running} of {known.name!r} is under way; wait for it, or cancel it with `rollcall run-log cancel`."
        )


def _runs_of(known: Source) -> Select[Any]:
    return select(import_run.c.id).where(
        import_run.c.tenant_id == known.tenant_id, import_run.c.source_id == known.id
    )


def remove(connection: Connection, tenant_id: int, name: str, by: str) -> Source:
    """Remove a source with its records and runs; the people that it brought stay.

    :raises WrongSource: while an import of it is under way.
    """
    known = named(connection, tenant_id, name)
    require_idle(connection, known)
    runs = _runs_of(known)
    for table in (row_error, staged_record):
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.run_id.in_(runs)))
    for table in _OF_A_SOURCE:
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.source_id == known.id))
    connection.execute(delete(source).where(source.c.tenant_id == tenant_id, source.c.id == known.id))
    audit.record(connection, tenant_id, by, "source.removed", f"source:{name}", {"kind": known.kind})
    telling.forget(connection, tenant_id, announcing.about(name))
    linking.tell_of_source(connection, tenant_id, known.id, by)
    # First read what the lists have to say now: the last of them may go away with the source.
    precedence.read_whole_next(connection, tenant_id)
    precedence.forget(connection, tenant_id, f"source:{name}", by)
    return known


def _row(connection: Connection, tenant_id: int, name: str) -> Any:
    return connection.execute(
        select(source).where(source.c.tenant_id == tenant_id, source.c.name == name)
    ).first()


_PLAIN = (
    *(
        "id",
        "name",
        "kind",
        "state",
        "settings",
        "mapping",
        "work_email",
        "next_run_at",
        "created_at",
        "set_up_by",
    ),
    *("report_to", "hook_key", "published_at", "watermark", "read_whole_at", "last_total"),
)


def _source(tenant_id: int, row: Any) -> Source:
    opened = unseal(tenant_id, _place(row.id, "secrets"), row.secrets) if row.secrets else b"{}"
    return Source(
        tenant_id=tenant_id,
        schedule=parse_schedule(row.schedule),
        secrets=json.loads(opened),
        print_key=unseal(tenant_id, _place(row.id, "print_key"), row.print_key),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _place(source_id: int, column: str) -> str:
    return f"source/{source_id}/{column}"
