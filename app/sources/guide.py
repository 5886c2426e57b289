"""What a person must know before connecting a kind of source: an adapter's own words for the connect wizard.

An adapter that has none is connected all the same; the wizard then says what its options say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from app.sources.adapter import SourceAdapter
from app.sources.records import Option


@dataclass(frozen=True, slots=True)
class Permission:
    """A right that the credentials need: what it is for, and what is lost without it."""

    name: str
    why: str
    without: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Guide:
    """The words of one kind."""

    #: One sentence: who and what comes in.
    brings: str
    #: Where the vendor keeps its key, a step each.
    steps: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    #: The settings that say which account it is; asked for before anything else.
    account: tuple[str, ...] = ()
    #: Sets of secrets any one of which is enough; the first is the usual one.
    credentials: tuple[tuple[str, ...], ...] = ()
    #: What else is good to know before one begins.
    notes: tuple[str, ...] = ()


@runtime_checkable
class Guided(Protocol):
    """A kind that explains itself."""

    guide: ClassVar[Guide]


def guide_of(adapter: SourceAdapter) -> Guide:
    """Return the words of a kind, made of its options where it has none of its own."""
    if isinstance(adapter, Guided):
        return adapter.guide
    return Guide(
        brings=f"People from {adapter.label}.",
        account=_required(adapter.options),
        credentials=(_required(adapter.secrets),),
    )


def is_complete(guide: Guide, given: frozenset[str]) -> bool:
    """Return whether these secrets are enough to sign in; so they are where a kind needs none.

    >>> guide = Guide("", credentials=(("api_key",), ("client_id", "client_secret")))
    >>> [is_complete(guide, frozenset(given)) for given in (["api_key"], ["client_id"], [])]
    [True, False, False]
    """
    return not guide.credentials or any(given.issuperset(wanted) for wanted in guide.credentials)


def _required(options: tuple[Option, ...]) -> tuple[str, ...]:
    return tuple(option.name for option in options if option.required)
