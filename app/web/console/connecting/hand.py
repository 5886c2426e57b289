"""The draft in hand: the source that a step is about, read for its page and changed by its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.database import reading, writing
from app.sources import catalog, consent, drafts, life
from app.sources.adapter import SourceAdapter
from app.sources.catalog import Source
from app.sources.consent import Consent
from app.sources.guide import Guide, guide_of
from app.sources.tables import source
from app.web.console.connecting import steps
from app.web.console.connecting.steps import Step
from app.web.console.runs.finding import by
from app.web.console.sessions import current_admin

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Tread:
    """A step as the head of the page shows it; ``address`` is None while it cannot be opened."""

    step: Step
    address: str | None
    is_here: bool = False
    is_done: bool = False


def first_tread(adapter: SourceAdapter) -> list[Tread]:
    """Return the steps of a source that is not there yet."""
    first, *others = steps.steps_of(adapter)
    return [Tread(first, None, is_here=True), *(Tread(step, None) for step in others)]


@dataclass(frozen=True)
class Hand:
    """A source on its way, the step that is shown, and what must come before."""

    known: Source
    step: Step
    missing: Step | None
    consent: Consent | None

    @property
    def adapter(self) -> SourceAdapter:
        """The adapter of its kind."""
        return self.known.adapter()

    @property
    def label(self) -> str:
        """What the vendor, or the file, is called in a sentence."""
        return "the file" if steps.takes_file(self.adapter) else self.adapter.label

    @property
    def guide(self) -> Guide:
        """What its kind says of itself."""
        return guide_of(self.adapter)

    @property
    def is_open(self) -> bool:
        """Whether its step may be shown: nothing is missing that comes before it."""
        return self.missing is None or not steps.is_behind(self.adapter, self.step, self.missing)

    def address(self, step: Step) -> str:
        """Return where a step of it is."""
        return url_for("console.connect_step", source_id=self.known.id, step=step.name)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All its steps."""
        return steps.steps_of(self.adapter)

    def _place(self, step: Step) -> str | None:
        """Return where a step is, None while something is missing that comes before it."""
        is_closed = self.missing is not None and steps.is_behind(self.adapter, step, self.missing)
        return None if is_closed else self.address(step)

    def _is_done(self, step: Step) -> bool:
        return steps.is_behind(self.adapter, self.step, step)

    def onward(self) -> Response:
        """Send the browser on: to the next step, or back to a source that is published already."""
        if self.known.is_published:
            return redirect(url_for("console.source", source_id=self.known.id), 303)
        return redirect(self.address(steps.after(self.adapter, self.step)), 303)

    def page(self, status: int = 200, **facts: object) -> tuple[str, int]:
        """Return the page of its step."""
        template = f"console/connecting/{self.step.name}.html"
        trodden = [
            Tread(step, self._place(step), step == self.step, self._is_done(step)) for step in self.steps
        ]
        return render_template(template, hand=self, known=self.known, trodden=trodden, **facts), status


def in_hand(source_id: int, name: str) -> Hand:
    """Return a source at a step. Raises ``NotFound`` when the tenant has no such source, or its kind no such step."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        known = catalog.with_id(connection, tenant_id, source_id)
        if known is None:
            raise NotFound
        step = next((each for each in steps.steps_of(known.adapter()) if each.name == name), None)
        if step is None:
            raise NotFound
        given = consent.given(connection, tenant_id, known.id)
        return Hand(known, step, steps.missing(connection, known), given)


def change(known: Source, given: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> Source:
    """Change settings and secrets of a source, as ``source set`` does; what is as it was changes nothing.

    :raises WrongSource: something of it cannot be used.
    """
    with writing() as connection:
        where = (source.c.tenant_id == known.tenant_id, source.c.id == known.id)
        connection.execute(select(source.c.id).where(*where).with_for_update())
        current = catalog.named(connection, known.tenant_id, known.name)
        draft = drafts.redrafted(current, given, secrets or {})
        if _says_the_same(draft, current):
            return current
        changed = catalog.change(connection, known.tenant_id, draft, by())
        return life.link_again(connection, changed, by()) if secrets else changed


def _says_the_same(draft: drafts.Draft, known: Source) -> bool:
    names = ("settings", "secrets", "mapping", "work_email", "report_to", "schedule")
    return all(getattr(draft, name) == getattr(known, name) for name in names)
