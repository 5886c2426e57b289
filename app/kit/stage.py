"""Where the battery plays: a world that is served, a source that is connected to it, and what can be seen of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import select

from app import directory
from app.access.tenants import Tenant
from app.database import Model, reading
from app.kit import connecting
from app.kit.serving import VendorServer
from app.kit.world import World
from app.registry import source_adapter
from app.sources import row_errors, runner
from app.sources.adapter import SourceAdapter, SourceContext, Watermark
from app.sources.catalog import Source
from app.sources.known_records import known_records
from app.sources.mapping import Mapping as FieldMapping
from app.sources.mapping_text import compile_mapping
from app.sources.records import Page, RecordField, SourceRecord
from app.sources.runs import Run

NAME = "vendor"
WRONG = "wrong-credential-of-the-battery"


@dataclass
class Stage:
    """One test's world. Nothing is connected before it is asked for."""

    kind: str
    world: World
    server: VendorServer
    app: Flask
    tenant: Tenant

    @cached_property
    def adapter(self) -> SourceAdapter:
        """The adapter of the kind, as the product finds it."""
        adapter: SourceAdapter = source_adapter(self.kind)()
        return adapter

    @property
    def settings(self) -> dict[str, str]:
        """The world's settings, with the server's address in them."""
        return self.world.settings_at(self.server.url)

    @property
    def wrong_secrets(self) -> dict[str, str]:
        """Credentials that the vendor refuses."""
        if self.world.wrong_secrets is not None:
            return dict(self.world.wrong_secrets)
        needed = {option.name: WRONG for option in self.adapter.secrets if option.required}
        return {**self.world.secrets, **needed}

    @cached_property
    def source(self) -> Source:
        """The source that is connected with the right credentials."""
        return self._connected(NAME, self.world.secrets)

    @cached_property
    def refused_source(self) -> Source:
        """A second source, connected with the wrong ones."""
        return self._connected("refused", self.wrong_secrets)

    def _connected(self, name: str, secrets: Mapping[str, str]) -> Source:
        mapping = {"mapping": self.world.mapping} if self.world.mapping else {}
        return connecting.connect(self.tenant, self.kind, self.settings | mapping, secrets, name)

    # --- the adapter by itself ----------------------------------------------------------------------------------------

    def context(self, watermark: Watermark | None = None, **secrets: str) -> SourceContext:
        """Return what the adapter works with in a run; ``secrets`` in the place of those of the world."""
        context = runner.context_of(self.source)
        return replace(context, watermark=watermark, secrets={**context.secrets, **secrets})

    def fields(self) -> tuple[RecordField, ...]:
        """Return the fields of records as they are known without credentials."""
        settled = self.adapter.settle(self.settings)
        return self.adapter.record_fields(SourceContext(NAME, settled))

    @cached_property
    def mapping(self) -> FieldMapping:
        """The compiled mapping: the world's, or the adapter's default."""
        text = self.world.mapping or self.adapter.default_mapping() or ""
        return compile_mapping(text, [field.name for field in self.fields()])

    def pages(self, watermark: Watermark | None = None, resume: dict[str, Any] | None = None) -> list[Page]:
        """Return the pages of a read to its end."""
        return list(self.adapter.read(self.context(watermark), resume))

    def by_id(self, records: Sequence[SourceRecord]) -> dict[str, SourceRecord]:
        """Return record id → record, as the mapping's key makes ids."""
        return {self.mapping.record_id(record.values): record for record in records}

    def calls_of_first_page(self) -> int:
        """Return how many calls a whole read makes before it gives its first page."""
        self.server.forget_calls()
        reading_pages = iter(self.adapter.read(self.context(), None))
        next(reading_pages)
        return len(self.server.calls())

    # --- imports ------------------------------------------------------------------------------------------------------

    def hire(self) -> list[str]:
        """Have the world's people hired; return the ids of their records."""
        return [self.world.hire() for _ in range(self.world.people)]

    def pull(self, known: Source | None = None, **choice: bool) -> Run:
        """Import the source and return the ended run; ``is_full`` and ``dry_run`` may be chosen."""
        return connecting.pull(known or self.source, **choice)

    def employees(self) -> list[dict[str, Any]]:
        """Return the documents of everybody in the directory."""
        return connecting.employees(self.tenant)

    def employee_of(self, record_id: str) -> dict[str, Any] | None:
        """Return the document of the employee whom a record has become, or None."""
        with reading() as connection:
            known = known_records(connection, self.tenant.id, self.source.id, [record_id]).get(record_id)
            if known is None or known.employee_id is None:
                return None
            found = directory.get(connection, self.tenant.id, known.employee_id)
        return found.document if found else None

    def said_of(self, run: Run) -> list[str]:
        """Return everything that people get to read of a run: its message and the lines of its error file."""
        with reading() as connection:
            lines = list(row_errors.lines(connection, self.tenant.id, run.id))
        return [run.message or "", *(f"{line.code} {line.column} {line.reason}" for line in lines)]

    def stored(self) -> Iterator[tuple[str, str]]:
        """Yield (table, row as text) of everything that the database holds of the tenant."""
        for table in Model.metadata.sorted_tables:
            if "tenant_id" not in table.c:
                continue
            with reading() as connection:
                rows = connection.execute(select(table).where(table.c.tenant_id == self.tenant.id)).all()
            yield from ((table.name, str(tuple(row))) for row in rows)
