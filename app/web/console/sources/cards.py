"""``/sources``: what is connected and how it stands, what is half connected, and what could be."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from sqlalchemy import Connection

from app import registry
from app.database import reading
from app.registry import SOURCES
from app.sources import catalog, vendors
from app.sources.adapter import SourceAdapter
from app.sources.catalog import Source
from app.sources.guide import guide_of
from app.web.console.blueprint import blueprint
from app.web.console.connecting import steps
from app.web.console.connecting.steps import Step
from app.web.console.runs.reading import RunLine, last_runs
from app.web.console.runs.wording import STATES as RUN_STATES
from app.web.console.sessions import current_admin
from app.web.console.sources.troubles import Trouble, trouble_of_source
from app.web.console.sources.wording import STATES, next_there, schedule_words
from app.web.console.wording import Word
from app.web.console.wording import known as word_of

#: Among these is the last import that was no dry run; an older one is found in the history.
_LOOKED_AT = 10
#: The kind whose file the browser sends; other kinds that read files of the server are connected on the server.
_FILE = "csv"


@dataclass(frozen=True, slots=True)
class Card:
    """A source: how it stands, its last import, what is wrong; a draft: where it goes on."""

    known: Source
    label: str
    word: Word
    schedule: str
    next_there: str | None
    last: RunLine | None
    trouble: Trouble | None
    goes_on: Step | None

    @property
    def last_word(self) -> Word | None:
        """How its last import ended."""
        return word_of(RUN_STATES, self.last.state) if self.last else None


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of source that can be connected."""

    kind: str
    label: str
    brings: str
    address: str
    is_enabled: bool


@blueprint.shows("/sources")
def sources() -> str:
    """Show the sources of the tenant, and the kinds that can be connected."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        cards = [_card(connection, known) for known in catalog.listed(connection, tenant_id)]
        enabled = frozenset(vendors.enabled(connection, tenant_id))
    return render_template(
        "console/sources/cards.html",
        connected=[card for card in cards if card.goes_on is None],
        drafts=[card for card in cards if card.goes_on is not None],
        offers=[offer for kind in registry.kinds(SOURCES) if (offer := _offer(kind, enabled))],
    )


def _card(connection: Connection, known: Source) -> Card:
    lines = last_runs(connection, known.tenant_id, known.id, _LOOKED_AT)
    last = next((line for line in lines if not line.dry_run), None)
    is_draft = known.state == "draft"
    return Card(
        known=known,
        label=known.adapter().label,
        word=word_of(STATES, known.state),
        schedule=schedule_words(known.schedule),
        next_there=next_there(known),
        last=last,
        trouble=None if is_draft else trouble_of_source(connection, known, last),
        goes_on=steps.goes_on_at(connection, known) if is_draft else None,
    )


def _offer(kind: str, enabled: frozenset[str]) -> Offer | None:
    adapter: SourceAdapter = registry.source_adapter(kind)()
    if steps.takes_file(adapter) and kind != _FILE:
        return None
    is_file = kind == _FILE
    address = url_for("console.connect_file") if is_file else url_for("console.connect_source", kind=kind)
    return Offer(
        kind, adapter.label, guide_of(adapter).brings, address, kind in enabled or not adapter.needs_consent
    )
