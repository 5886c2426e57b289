"""The sources of a tenant: added, listed, changed, paused, removed."""

from __future__ import annotations

import json
import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app import clock
from app.access import audit
from app.access.encryption import seal, unseal
from app.database import require_writing
from app.errors import NotFoundError
from app.identifiers import next_number
from app.notices import telling
from app.registry import source_adapter
from app.sources import announcing
from app.sources.adapter import SourceAdapter, SourceContext
from app.sources.errors import WrongSource
from app.sources.mapping import Mapping as FieldMapping
from app.sources.mapping_text import compile_mapping
from app.sources.records import Option
from app.sources.tables import import_run, row_error, source, source_record, staged_record

GUESS = "guess"
#: The settings that every source has; a kind adds its own.
COMMON_OPTIONS = (
    Option("mapping", "How columns become fields: @FILE.toml, or guess"),
    Option("work_email", "Where work e-mail addresses come from: source, none, or a template"),
    Option("interval", "How often it is imported by itself: 15m, 24h, or off", default="off"),
)
_COMMON = frozenset(option.name for option in COMMON_OPTIONS)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_INTERVAL = re.compile(r"([1-9][0-9]{0,6}) *([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
SHORTEST_INTERVAL = 60


@dataclass(frozen=True)
class Source:
    """A connected system, its secrets opened; `interval` in seconds, None when it is imported on request only."""

    tenant_id: int
    id: int
    name: str
    kind: str
    state: str
    settings: dict[str, str]
    mapping: str
    work_email: str
    interval: int | None
    next_run_at: str | None
    created_at: str
    secrets: dict[str, str] = field(repr=False)
    print_key: bytes = field(repr=False)

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


@dataclass(frozen=True)
class Draft:
    """A source that was checked and may be added or put in place of what was there."""

    kind: str
    name: str
    settings: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    mapping: str
    work_email: str
    interval: int | None
    was_guessed: bool = False


def drafted(kind: str, name: str, given: Mapping[str, str], secrets: Mapping[str, str]) -> Draft:
    """Return a checked source; reads the source's own description (a file's header) but writes nothing.

    ``given["mapping"]`` is the mapping's text or ``guess``.

    :raises WrongSource: the first thing that is wrong, with the way out.
    """
    if not _NAME.fullmatch(name):
        raise WrongSource(
            f"{name!r} cannot be a source's name; use 1 to 63 letters, digits, dots, hyphens, underscores."
        )
    adapter: SourceAdapter = source_adapter(kind)()
    _check_names("--set", given, (*COMMON_OPTIONS, *adapter.options), kind)
    _check_names("--secret", secrets, adapter.secrets, kind)
    settings = adapter.settle({key: value for key, value in given.items() if key not in _COMMON})
    context = SourceContext(name, settings, dict(secrets))
    mapping, was_guessed = _mapping_text(adapter, context, given.get("mapping"))
    compiled = compile_mapping(mapping, [f.name for f in adapter.record_fields(context)])
    work_email = given.get("work_email") or adapter.default_work_email
    if work_email not in ("source", "none"):
        compiled.address_template(work_email)
    interval = parse_interval(given.get("interval") or "off")
    return Draft(kind, name, settings, dict(secrets), mapping, work_email, interval, was_guessed)


def _check_names(option: str, given: Mapping[str, str], known: tuple[Option, ...], kind: str) -> None:
    names = [entry.name for entry in known]
    for name in given:
        if name not in names:
            allowed = ", ".join(names) or "none"
            raise WrongSource(f"{option} {name}=… is not known to {kind} sources; they have: {allowed}.")
    for entry in known:
        if entry.required and not given.get(entry.name):
            raise WrongSource(f"A {kind} source needs {option} {entry.name}=… ({entry.label}).")


def _mapping_text(adapter: SourceAdapter, context: SourceContext, given: str | None) -> tuple[str, bool]:
    if given == GUESS:
        guessed = adapter.guessed_mapping(context)
        if guessed is not None:
            return guessed, True
        given = None
    text = given if given is not None else adapter.default_mapping()
    if text is None:
        raise WrongSource(
            f"A {adapter.kind} source needs --set mapping=@FILE.toml (form: docs/mapping.md) or --set mapping=guess."
        )
    return text, False


def parse_interval(text: str) -> int | None:
    """Return seconds of ``90``, ``15m``, ``2h``, ``1d``; None for ``off``. Raises ``WrongSource``."""
    if text.lower() in ("off", "none", "never"):
        return None
    found = _INTERVAL.fullmatch(text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if seconds < SHORTEST_INTERVAL:
        raise WrongSource(
            f"interval={text!r} cannot be used; write 15m, 2h, 1d (at least one minute) or off."
        )
    return seconds


def add(connection: Connection, tenant_id: int, draft: Draft, by: str) -> Source:
    """Add a source; raises ``WrongSource`` when its name is taken."""
    require_writing(connection)
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
        "state": "active",
        "print_key": seal(tenant_id, _place(source_id, "print_key"), random.token_bytes(32)),
        "created_at": moment,
        **_columns(tenant_id, source_id, draft),
    }
    connection.execute(insert(source), row)
    values = {"kind": draft.kind, "settings": sorted(draft.settings), "secrets": sorted(draft.secrets)}
    audit.record(connection, tenant_id, by, "source.added", f"source:{draft.name}", values)
    return named(connection, tenant_id, draft.name)


def change(connection: Connection, tenant_id: int, draft: Draft, by: str) -> Source:
    """Put a checked draft in the place of the source of its name; its records and runs stay."""
    require_writing(connection)
    known = named(connection, tenant_id, draft.name)
    where = (source.c.tenant_id == tenant_id, source.c.id == known.id)
    connection.execute(update(source).where(*where).values(**_columns(tenant_id, known.id, draft)))
    values = {"settings": sorted(draft.settings), "secrets": sorted(draft.secrets)}
    audit.record(connection, tenant_id, by, "source.changed", f"source:{draft.name}", values)
    return named(connection, tenant_id, draft.name)


def redrafted(known: Source, given: Mapping[str, str], secrets: Mapping[str, str]) -> Draft:
    """Return a known source with some settings and secrets changed; an empty value takes a setting back."""
    base = {
        **known.settings,
        "mapping": known.mapping,
        "work_email": known.work_email,
        "interval": str(known.interval or "off"),
    }
    settings = {key: value for key, value in {**base, **given}.items() if value != ""}
    return drafted(known.kind, known.name, settings, {**known.secrets, **secrets})


def _columns(tenant_id: int, source_id: int, draft: Draft) -> dict[str, Any]:
    sealed = (
        seal(tenant_id, _place(source_id, "secrets"), json.dumps(draft.secrets).encode())
        if draft.secrets
        else None
    )
    return {
        "settings": draft.settings,
        "secrets": sealed,
        "mapping": draft.mapping,
        "work_email": draft.work_email,
        "interval_seconds": draft.interval,
        "next_run_at": clock.after(draft.interval) if draft.interval else None,
    }


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


def listed(connection: Connection, tenant_id: int) -> list[Source]:
    """Return the tenant's sources by name."""
    rows = connection.execute(select(source).where(source.c.tenant_id == tenant_id).order_by(source.c.name))
    return [_source(tenant_id, row) for row in rows]


def set_state(connection: Connection, tenant_id: int, name: str, state: str, by: str) -> Source:
    """Pause (``paused``) or resume (``active``) a source's scheduled imports; imports on request go on."""
    known = named(connection, tenant_id, name)
    where = (source.c.tenant_id == tenant_id, source.c.id == known.id)
    connection.execute(update(source).where(*where).values(state=state))
    audit.record(connection, tenant_id, by, f"source.{state}", f"source:{name}", {})
    return replace(known, state=state)


def remove(connection: Connection, tenant_id: int, name: str, by: str) -> Source:
    """Remove a source with its records and runs; the people that it brought stay.

    :raises WrongSource: while an import of it is under way.
    """
    known = named(connection, tenant_id, name)
    runs = select(import_run.c.id).where(
        import_run.c.tenant_id == tenant_id, import_run.c.source_id == known.id
    )
    running = connection.scalar(runs.where(import_run.c.state == "running"))
    if running is not None:
        raise WrongSource(
            f"Run {running} of {name!r} is under way; wait for it, or cancel it with `rollcall run-log cancel`."
        )
    for table in (row_error, staged_record):
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.run_id.in_(runs)))
    for table in (import_run, source_record):
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.source_id == known.id))
    connection.execute(delete(source).where(source.c.tenant_id == tenant_id, source.c.id == known.id))
    audit.record(connection, tenant_id, by, "source.removed", f"source:{name}", {"kind": known.kind})
    telling.forget(connection, tenant_id, announcing.about(name))
    return known


def _row(connection: Connection, tenant_id: int, name: str) -> Any:
    return connection.execute(
        select(source).where(source.c.tenant_id == tenant_id, source.c.name == name)
    ).first()


def _source(tenant_id: int, row: Any) -> Source:
    opened = unseal(tenant_id, _place(row.id, "secrets"), row.secrets) if row.secrets else b"{}"
    return Source(
        tenant_id=tenant_id,
        id=row.id,
        name=row.name,
        kind=row.kind,
        state=row.state,
        settings=row.settings,
        mapping=row.mapping,
        work_email=row.work_email,
        interval=row.interval_seconds,
        next_run_at=row.next_run_at,
        created_at=row.created_at,
        secrets=json.loads(opened),
        print_key=unseal(tenant_id, _place(row.id, "print_key"), row.print_key),
    )


def _place(source_id: int, column: str) -> str:
    return f"source/{source_id}/{column}"
