"""The sources and targets on Home: how each stands, what it did last, and when it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.provisioning.tables import plan_table
from app.provisioning.targets import Target
from app.sources import catalog
from app.sources.catalog import Source
from app.web.console.runs import wording as run_words
from app.web.console.runs.reading import RunLine, last_runs
from app.web.console.sources.wording import STATES, schedule_words
from app.web.console.targets import reading
from app.web.console.wording import Word, known

#: Runs among which the last one that was no dry run is looked for.
_LOOKED_AT = 10
_p = plan_table.c


@dataclass(frozen=True, slots=True)
class SourceCard:
    """A source, and its newest run that was no dry run."""

    source: Source
    last: RunLine | None

    @property
    def word(self) -> Word:
        """How it stands; a run that failed says more than "Active"."""
        if self.source.state == "active" and self.last is not None and self.last.state in ("failed", "held"):
            return run_words.state_word(self.last.state)
        return known(STATES, self.source.state)

    @property
    def schedule(self) -> str:
        """When it is imported by itself."""
        return schedule_words(self.source.schedule)

    @property
    def is_busy(self) -> bool:
        """Whether an import is under way."""
        return self.last is not None and self.last.state == "running"


@dataclass(frozen=True, slots=True)
class TargetCard:
    """A target, how it stands, and how many links are in which state; ``is_busy``: a full resync is under way."""

    target: Target
    word: Word
    links: Mapping[str, int]
    is_busy: bool


def sources(connection: Connection, tenant_id: int) -> list[SourceCard]:
    """Return the tenant's sources by name."""
    return [
        SourceCard(source, _last(last_runs(connection, tenant_id, source.id, _LOOKED_AT)))
        for source in catalog.listed(connection, tenant_id)
    ]


def _last(lines: list[RunLine]) -> RunLine | None:
    return next((line for line in lines if not line.dry_run), None)


def targets(connection: Connection, tenant_id: int) -> list[TargetCard]:
    """Return the tenant's targets by name."""
    query = select(_p.target_id).where(_p.tenant_id == tenant_id, _p.kind == "full", _p.state == "applying")
    busy = set(connection.scalars(query))
    return [
        TargetCard(card.target, card.word, card.links, card.target.id in busy and card.target.is_active)
        for card in reading.cards(connection, tenant_id)
    ]
