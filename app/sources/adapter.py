"""The small interface between the import runner and a kind of source.

An adapter says how to read records; it decides nothing about people. Mapping, matching, counting, retrying a run and
guarding are the runner's. Adapters are found by kind in ``app.registry``, made without arguments, and keep no state.

What only some kinds can do stands in protocols of their own (:class:`ReadsSome`, :class:`TakesWebhooks` …): an adapter
can do it when it has the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from app import clock
from app.outbound import OutboundSession
from app.sources.records import Check, Option, Page, RecordField

#: What an adapter may keep between two reads, and what points at single records: small JSON objects of its own making.
Watermark = Mapping[str, Any]
Hint = Mapping[str, Any]


def _no_sessions(base_url: str, **options: Any) -> OutboundSession:
    raise LookupError("This context was made without a door to the outside.")


@dataclass(frozen=True)
class SourceContext:
    """What an adapter may use of its source and of the world.

    `open_session` gives a guarded HTTP session (``OutboundSession`` without its policy and limits). `pause` waits;
    `alive` is called before each longer step: both keep the run's lease and raise when the run has been cancelled.
    `watermark` is what the last page of the last read said whose records are all stored; None: read everything.
    """

    name: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_session: Callable[..., OutboundSession] = _no_sessions
    now: Callable[[], datetime] = clock.utcnow
    pause: Callable[[float], None] = lambda seconds: None
    alive: Callable[[], None] = lambda: None
    watermark: Watermark | None = None


class SourceAdapter(Protocol):
    """A kind of source."""

    kind: ClassVar[str]
    label: ClassVar[str]
    #: What `source add --set` and `--secret` take for this kind, beside the settings that every source has.
    options: ClassVar[tuple[Option, ...]]
    secrets: ClassVar[tuple[Option, ...]]
    #: ``source``, ``none`` or a template: where work e-mail addresses come from unless the source says otherwise.
    default_work_email: ClassVar[str]
    #: Whether the tenant must have enabled this kind, and somebody must have consented, before anything is called.
    needs_consent: ClassVar[bool]
    #: When it is imported by itself unless the source says otherwise (``app.sources.schedules``).
    default_schedule: ClassVar[str]
    #: Whether a record is gone at the source when a complete read of everything does not name it.
    lists_everyone: ClassVar[bool]

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings checked and in the form in which they are kept.

        :raises WrongSource: a value cannot be used; the message names the setting and the way out.
        """

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields that records have, for mappings to refer to. Raises the ``SourceError`` family.

        Called before consent too, for the default mapping: without secrets it must answer from what is known anyway.
        """

    def default_mapping(self) -> str | None:
        """Return the mapping of a source that is given none (TOML), or None when one must be given."""

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """Return a mapping proposed from the source's own data; None when this kind does not guess.

        :raises MappingError: what the source holds does not decide it.
        """

    def check(self, context: SourceContext) -> list[Check]:
        """Return what a look at the source found, one named finding each (reach, sign in, each permission, people).

        Never raises for a source that does not answer.
        """

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the source's records page by page, from where ``resume`` (of an earlier page) left off.

        With a ``context.watermark`` only what changed since may be read. Pages are small enough that one is read well
        within a lease. The last page is marked complete, and may carry the next watermark.

        :raises SourceUnavailable: nothing can be read (credentials, address, a missing file).
        :raises IncompleteRead: reading broke off; the pages so far are good.
        """


@runtime_checkable
class ReadsSome(Protocol):
    """A kind that can read single records: after a webhook, and to try failed ones again."""

    def read_some(self, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
        """Yield what the source says now of the records that the hints point at; raises as ``read``.

        A hint is one of a delivery's (:class:`Receipt`), or ``{"record": id}`` with the id of a record as the default
        mapping's key makes it. A record that is not there any more comes as ``gone``.
        """


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook call as it arrived. Header names are in lower case; `body` are the bytes on the wire."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime
    #: The connection key at the end of the address, if it was there and is this source's.
    is_keyed: bool = False
    #: Path and query as they were called (the raw request target): some vendors sign them.
    target: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a webhook call means: the answer to give, and hints at what is to be read again.

    `delivery_id` is the sender's id of the delivery, None where there is none that is proven to be the sender's: the
    body's digest stands in then. Nothing else of a delivery is kept: the records are read from the source's API. Of a
    call that nothing proves, such as a handshake, not even that may be kept: `is_kept` is False.
    """

    hints: tuple[Hint, ...] = ()
    delivery_id: str | None = None
    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_kept: bool = True


@runtime_checkable
class TakesWebhooks(Protocol):
    """A kind whose vendor calls us."""

    #: The secrets (of `secrets`) that prove a delivery; a source that has none of them takes no webhooks.
    webhook_secrets: ClassVar[tuple[str, ...]]

    def receive(self, context: SourceContext, delivery: Delivery) -> Receipt:
        """Return what a call means. Calls nobody: it is answered at once.

        :raises DeliveryRefused: it is not proven to come from the vendor (status 401), or cannot be read (400).
        """


@runtime_checkable
class Subscribes(Protocol):
    """A kind whose vendor is told by API where to call us."""

    def subscribe(
        self, context: SourceContext, callback_url: str, keep: Callable[[Mapping[str, str]], None]
    ) -> None:
        """Make the vendor call ``callback_url``; ``keep`` stores secrets (by name; "" forgets one) at once.

        What must be known before the vendor's first call is kept before that call is provoked. Called again, it
        renews what is there (a new signing key beside the old one) instead of adding a second subscription.
        """

    def unsubscribe(self, context: SourceContext, keep: Callable[[Mapping[str, str]], None]) -> None:
        """Make the vendor stop; a subscription that is gone already is no error."""


@dataclass(frozen=True, slots=True)
class WriteBack:
    """The target that writes people back: its kind in the registry, its address, its settings, its secret."""

    kind: str
    url: str
    options: Mapping[str, str]
    token: str | None = field(default=None, repr=False)


@runtime_checkable
class WritesBack(Protocol):
    """A kind whose people can be kept right at the source too."""

    def write_back(self, context: SourceContext) -> WriteBack:
        """Return the target that does it, from the source's own settings and secrets; calls nobody."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one record of a run: `word` as the counters have it."""

    record_id: str
    word: str


@runtime_checkable
class Acknowledges(Protocol):
    """A kind that wants to hear what became of its records."""

    def acknowledge(self, context: SourceContext, outcomes: Sequence[Imported]) -> None:
        """Tell the source, record by record. Called after each batch, and again after a kill: it must be idempotent.

        :raises SourceError: it could not be told; the run goes on and ends with a warning.
        """
