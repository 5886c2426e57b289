"""The small interface between the import runner and a kind of source.

An adapter says how to read records; it decides nothing about people. Mapping, matching, counting, retrying a run and
guarding are the runner's. Adapters are found by kind in ``app.registry``, made without arguments, and keep no state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from app import clock
from app.outbound import OutboundSession
from app.sources.records import Check, Option, Page, RecordField


def _no_sessions(base_url: str, **options: Any) -> OutboundSession:
    raise LookupError("This context was made without a door to the outside.")


@dataclass(frozen=True)
class SourceContext:
    """What an adapter may use of its source and of the world.

    `open_session` gives a guarded HTTP session (``OutboundSession`` without its policy and limits). `pause` waits;
    `alive` is called before each longer step: both keep the run's lease and raise when the run has been cancelled.
    """

    name: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_session: Callable[..., OutboundSession] = _no_sessions
    now: Callable[[], datetime] = clock.utcnow
    pause: Callable[[float], None] = lambda seconds: None
    alive: Callable[[], None] = lambda: None


class SourceAdapter(Protocol):
    """A kind of source."""

    kind: ClassVar[str]
    label: ClassVar[str]
    #: What `source add --set` and `--secret` take for this kind, beside the settings that every source has.
    options: ClassVar[tuple[Option, ...]]
    secrets: ClassVar[tuple[Option, ...]]
    #: ``source``, ``none`` or a template: where work e-mail addresses come from unless the source says otherwise.
    default_work_email: ClassVar[str]

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings checked and in the form in which they are kept.

        :raises WrongSource: a value cannot be used; the message names the setting and the way out.
        """

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields that records have, for mappings to refer to. Raises the ``SourceError`` family."""

    def default_mapping(self) -> str | None:
        """Return the mapping of a source that is given none (TOML), or None when one must be given."""

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """Return a mapping proposed from the source's own data; None when this kind does not guess.

        :raises MappingError: what the source holds does not decide it.
        """

    def check(self, context: SourceContext) -> list[Check]:
        """Return what a look at the source found; never raises for a source that does not answer."""

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the source's records page by page, from where ``resume`` (of an earlier page) left off.

        Pages are small enough that one is read well within a lease. The last page is marked complete.

        :raises SourceUnavailable: nothing can be read (credentials, address, a missing file).
        :raises IncompleteRead: reading broke off; the pages so far are good.
        """
