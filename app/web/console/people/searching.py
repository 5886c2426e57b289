"""The search over everything: people, sources, targets, runs by number, clients that hold tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from app import directory
from app.access import clients
from app.clock import utcnow
from app.database import reading
from app.directory import finding
from app.directory.finding import Wanted
from app.provisioning.tables import TargetRow
from app.sources.tables import SourceRow, import_run
from app.web.console.blueprint import blueprint
from app.web.console.people import facets
from app.web.console.people import reading as lists
from app.web.console.people.asked import LONGEST
from app.web.console.people.facets import Names
from app.web.console.people.reading import Line
from app.web.console.sessions import current_admin
from scim.keys import comparison_key

PEOPLE, OTHERS = 10, 10


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that is no person: its name, what it is, and its address."""

    name: str
    about: str
    address: str


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, by kind; ``total`` people in all."""

    people: Sequence[Line] = ()
    total: int = 0
    sources: Sequence[Hit] = ()
    targets: Sequence[Hit] = ()
    runs: Sequence[Hit] = ()
    clients: Sequence[Hit] = ()
    named: Names = field(default_factory=lambda: Names({}, {}))

    @property
    def others(self) -> list[tuple[str, str, Sequence[Hit]]]:
        """(id of the section, title, hits) of what is no person and was found."""
        kinds = (
            ("sources", "Sources", self.sources),
            ("targets", "Targets", self.targets),
            ("runs", "Imports", self.runs),
            ("clients", "Clients with tokens", self.clients),
        )
        return [(name, title, hits) for name, title, hits in kinds if hits]


@blueprint.shows("/search")
def search() -> str | Response:
    """Show what fits the words; the id of a person leads straight to the person."""
    tenant_id, words = current_admin().tenant_id, request.args.get("q", "").strip()[:LONGEST]
    if not words.isprintable():
        words = ""
    with reading() as connection:
        if words and directory.get(connection, tenant_id, words.lower()) is not None:
            return redirect(url_for("console.person", employee_id=words.lower()))
        hits = _hits(connection, tenant_id, words) if words else Hits()
    return render_template(
        "console/people/search.html", q=words, hits=hits, here=request.full_path.rstrip("?")
    )


def _hits(connection: Connection, tenant_id: int, words: str) -> Hits:
    who = Wanted(text=words, today=utcnow().date().isoformat())
    total = finding.counted(connection, tenant_id, who).total
    ids = [id_ for id_, _ in finding.by_name(connection, tenant_id, who, PEOPLE).rows]
    return Hits(
        people=lists.lines(connection, tenant_id, ids),
        total=total,
        sources=_named(connection, tenant_id, SourceRow.__table__, words, "console.source", "source_id"),
        targets=_named(connection, tenant_id, TargetRow.__table__, words, "console.target", "target_id"),
        runs=_runs(connection, tenant_id, words),
        clients=_clients(connection, tenant_id, words),
        named=facets.names(connection, tenant_id),
    )


def _named(
    connection: Connection, tenant_id: int, table: Any, words: str, endpoint: str, argument: str
) -> list[Hit]:
    """Return the sources or targets in whose name or kind the words stand."""
    query = select(table.c.id, table.c.name, table.c.kind).where(table.c.tenant_id == tenant_id)
    key = comparison_key(words)
    return [
        Hit(row.name, row.kind, url_for(endpoint, **{argument: row.id}))
        for row in connection.execute(query.order_by(table.c.name))
        if key in comparison_key(row.name) or key in row.kind
    ][:OTHERS]


def _runs(connection: Connection, tenant_id: int, words: str) -> list[Hit]:
    """Return the run with this number, written as ``12``, ``#12`` or ``run 12``."""
    digits = words.lower().removeprefix("run").strip(" #")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
        return []
    query = select(import_run.c.id, import_run.c.started_at, import_run.c.state).where(
        import_run.c.tenant_id == tenant_id, import_run.c.id == int(digits)
    )
    return [
        Hit(f"Import {row.id}", f"{row.state}, {row.started_at[:10]}", url_for("console.run", run_id=row.id))
        for row in connection.execute(query)
    ]


def _clients(connection: Connection, tenant_id: int, words: str) -> list[Hit]:
    key = comparison_key(words)
    return [
        Hit(client.name, "client of the SCIM API", url_for("console.tokens"))
        for client in clients.listed(connection, tenant_id)
        if key in comparison_key(client.name)
    ][:OTHERS]
