"""Where vendors call us: the addresses of a source, the secrets that prove a call, and subscriptions made by API."""

from __future__ import annotations

import hmac
import re
import secrets as random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from app import clock
from app.access import audit
from app.database import writing
from app.errors import WrongUse
from app.sources import catalog
from app.sources.adapter import Receipt, SourceContext, Subscribes, TakesWebhooks
from app.sources.catalog import Source
from app.sources.errors import WrongSource

#: The secret that we make for vendors that are given one by hand, and the one before it.
SECRET = "webhook_secret"
_PREVIOUS = "_previous"
#: How long a secret goes on to prove calls after another has taken its place.
OVERLAP_SECONDS = 86_400.0
_ENDS = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)\|(.*)", re.DOTALL)


@runtime_checkable
class GivesTokens(Protocol):
    """A kind whose vendor fetches an OAuth token from us before it calls (RFC 6749 §4.4)."""

    def token(self, context: SourceContext, form: Mapping[str, str], authorization: str | None) -> Receipt:
        """Return the answer to a token request: its form, and its ``Authorization`` header.

        :raises DeliveryRefused: the source takes no calls.
        """


@dataclass(frozen=True, slots=True)
class Called:
    """A source that a call may be for; `is_keyed` when the address ended in its connection key."""

    known: Source
    adapter: TakesWebhooks
    is_keyed: bool

    @property
    def context(self) -> SourceContext:
        """What its adapter works with: only the secrets that are good now."""
        return receiving(self.known)


@dataclass(frozen=True, slots=True)
class Callees:
    """Whom a call may be for. `unreadable` are the names of sources that nobody can ask: their secrets do not open."""

    tenant_id: int
    asked: list[Called]
    unreadable: list[str]


def called(connection: Connection, tenant_id: int, kind: str, hook_key: str | None) -> Callees:
    """Return the published sources of a kind that take webhooks; with a key in the address, the one that has it."""
    opened, closed = catalog.opened(connection, tenant_id, kind)
    asked = []
    for known in opened:
        adapter = known.adapter()
        if not (known.is_published and isinstance(adapter, TakesWebhooks) and has_secret(known)):
            continue
        is_keyed = _is_key(known.hook_key, hook_key)
        if hook_key is None or is_keyed:
            asked.append(Called(known, adapter, is_keyed))
    unreadable = [
        row.name
        for row in closed
        if row.state in catalog.PUBLISHED and (hook_key is None or _is_key(row.hook_key, hook_key))
    ]
    return Callees(tenant_id, asked, unreadable)


def _is_key(own: str, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(own.encode(), given.encode())


def path_of(known: Source, public_id: str, *, keyed: bool = False) -> str:
    """Return the path that a source's vendor calls; ``keyed`` for the one that is no other connection's."""
    path = f"/api/{known.kind}/webhook/{public_id}"
    return f"{path}/{known.hook_key}" if keyed else path


# --- secrets --------------------------------------------------------------------------------------------------------


def receiving(known: Source) -> SourceContext:
    """Return what a source's adapter works with when it is called: only the secrets that are good now."""
    return replace(known.context(), secrets=live(known.secrets, clock.now()))


def live(secrets: Mapping[str, str], now: str) -> dict[str, str]:
    """Return secrets without the ends that are kept with them; one whose end has come is left out.

    >>> live({"webhook_secret_previous": "2026-03-02T09:15:00.000000Z|old"}, "2026-03-02T09:14:59.000000Z")
    {'webhook_secret_previous': 'old'}
    >>> live({"webhook_secret_previous": "2026-03-02T09:15:00.000000Z|old"}, "2026-03-02T09:15:00.000000Z")
    {}
    """
    kept = {}
    for name, value in secrets.items():
        dated = _ENDS.fullmatch(value)
        if dated is None:
            kept[name] = value
        elif dated[1] > now:
            kept[name] = dated[2]
    return kept


def ends_at(known: Source) -> str | None:
    """Return when the secret before the present one stops to prove calls; None when there is none that ends."""
    ends = [found[1] for value in known.secrets.values() if (found := _ENDS.fullmatch(value))]
    return max((end for end in ends if end > clock.now()), default=None)


def dated(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return secrets as they are kept: those called ``…_previous`` with their end, unless they are empty."""
    end = clock.after(OVERLAP_SECONDS)
    return {
        name: f"{end}|{value}" if value and name.endswith(_PREVIOUS) else value
        for name, value in secrets.items()
    }


def has_secret(known: Source) -> bool:
    """Whether one of the secrets is set that prove its vendor's calls."""
    adapter = known.adapter()
    good = live(known.secrets, clock.now())
    return isinstance(adapter, TakesWebhooks) and any(good.get(name) for name in adapter.webhook_secrets)


def makes_secret(known: Source) -> bool:
    """Whether Rollcall makes the secret of a source; else its vendor does, or there is none."""
    adapter = known.adapter()
    return (
        isinstance(adapter, TakesWebhooks)
        and SECRET in adapter.webhook_secrets
        and not isinstance(adapter, Subscribes)
    )


def generate(connection: Connection, known: Source, by: str) -> str:
    """Make a new webhook secret and return it, for this one time; the old one proves calls for another day.

    :raises WrongSource: the source's vendor is given none by hand, or the source is disconnected.
    """
    if not makes_secret(known):
        way = "--subscribe makes one there" if isinstance(known.adapter(), Subscribes) else "it has none"
        raise WrongSource(f"A {known.kind} source gets no webhook secret from Rollcall: {way}.")
    if known.state == "disconnected":
        raise WrongSource(
            f"{known.name!r} is disconnected. Link it again with: rollcall source set {known.name} --secret …"
        )
    made = random.token_hex(32)
    before = catalog.named(connection, known.tenant_id, known.name).secrets.get(SECRET, "")
    kept = {SECRET: made, **(dated({SECRET + _PREVIOUS: before}) if before else {})}
    catalog.keep_secrets(connection, known, kept)
    audit.record(
        connection, known.tenant_id, by, "source.webhook_secret_generated", f"source:{known.name}", {}
    )
    return made


# --- subscriptions --------------------------------------------------------------------------------------------------


def subscribe(known: Source, context: SourceContext, callback_url: str, by: str) -> None:
    """Have a source's vendor call an address; done again, it renews the subscription and its key.

    Each secret is stored when it is learnt, in a transaction of its own: the vendor may call before this returns.

    :raises WrongUse: the vendor has no API for that. Raises the ``SourceError`` family.
    """
    _subscriber(known).subscribe(context, callback_url, _keeper(known))
    _note(known, by, "source.subscribed")


def unsubscribe(known: Source, context: SourceContext, by: str) -> None:
    """Have a source's vendor call no more. Raises as :func:`subscribe`."""
    _subscriber(known).unsubscribe(context, _keeper(known))
    _note(known, by, "source.unsubscribed")


def _subscriber(known: Source) -> Subscribes:
    adapter = known.adapter()
    if not isinstance(adapter, Subscribes):
        raise WrongUse(
            f"{adapter.label} has no API for subscribing. Enter the address there by hand; "
            f"`rollcall source webhook {known.name}` shows it."
        )
    return adapter


def _keeper(known: Source) -> Callable[[Mapping[str, str]], None]:
    def keep(secrets: Mapping[str, str]) -> None:
        with writing() as connection:
            catalog.keep_secrets(connection, known, dated(secrets))

    return keep


def _note(known: Source, by: str, action: str) -> None:
    with writing() as connection:
        audit.record(connection, known.tenant_id, by, action, f"source:{known.name}", {})
