"""The steps of connecting a source, which of them a draft has behind it, and where it goes on.

Nothing is kept of the way itself: the draft holds what was said, and what it holds says how far it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from app.sources import consent, guide, runs
from app.sources.adapter import SourceAdapter
from app.sources.catalog import Source

#: The setting of kinds that read a file; the browser sends the file itself.
FILE_OPTION = "path"


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the last part of its address, and its words."""

    name: str
    label: str


NEED = Step("need", "What you need")
FILE = Step("file", "File")
CONSENT = Step("consent", "Consent")
CREDENTIALS = Step("credentials", "Credentials")
CHOICES = Step("choices", "Choices")
MAPPING = Step("mapping", "Mapping")
REVIEW = Step("review", "Review")
PUBLISH = Step("publish", "Publish")
#: The steps of a published source too: what they say can be changed at any time.
LASTING = (FILE, CREDENTIALS, CHOICES, MAPPING)


def takes_file(adapter: SourceAdapter) -> bool:
    """Return whether people of this kind come from a file."""
    return any(option.name == FILE_OPTION for option in adapter.options)


def steps_of(adapter: SourceAdapter) -> tuple[Step, ...]:
    """Return the steps of connecting a kind, in order."""
    begin = (FILE,) if takes_file(adapter) else (NEED,)
    agree = (CONSENT,) if adapter.needs_consent else ()
    sign_in = () if takes_file(adapter) else (CREDENTIALS,)
    return (*begin, *agree, *sign_in, CHOICES, MAPPING, REVIEW, PUBLISH)


def missing(connection: Connection, known: Source) -> Step | None:
    """Return the step that must be done before those behind it; None when all are open."""
    adapter = known.adapter()
    if (
        adapter.needs_consent
        and not known.is_published
        and consent.given(connection, known.tenant_id, known.id) is None
    ):
        return CONSENT
    if not guide.is_complete(guide.guide_of(adapter), frozenset(known.secrets)):
        return CREDENTIALS
    return None


def goes_on_at(connection: Connection, known: Source) -> Step:
    """Return the step at which somebody who comes back to a draft goes on."""
    open_step = missing(connection, known)
    if open_step is not None:
        return open_step
    has_tried = runs.listed(connection, known.tenant_id, known.id, limit=1)
    return REVIEW if has_tried else CHOICES


def after(adapter: SourceAdapter, step: Step) -> Step:
    """Return the step behind one."""
    steps = steps_of(adapter)
    return steps[min(steps.index(step) + 1, len(steps) - 1)]


def is_behind(adapter: SourceAdapter, step: Step, other: Step) -> bool:
    """Return whether a step comes after another one."""
    steps = steps_of(adapter)
    return steps.index(step) > steps.index(other)
