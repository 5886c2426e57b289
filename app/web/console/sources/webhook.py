"""Where the vendor of a source calls us, the secret that proves it, and what has come lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.access import tenants
from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import RollcallError, WrongUse
from app.sources import hooks, inbox, life
from app.sources.adapter import SourceContext, Subscribes, TakesWebhooks
from app.sources.catalog import Source
from app.sources.hooks import GivesTokens
from app.sources.patience import patient_context
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.runs.finding import by, refusals_told
from app.web.console.runs.wording import plain
from app.web.console.sessions import settings
from app.web.console.sources.finding import source_here
from app.web.console.sources.tabs import tab
from app.web.console.sources.wording import CALLS
from app.web.console.wording import known as word_of

NO_ADDRESS = (
    "Rollcall does not know the address under which it is reached from outside. Whoever runs it sets "
    "ROLLCALL_PUBLIC_URL; then the vendor can be told."
)


@blueprint.shows("/sources/<number:source_id>/webhook")
def source_webhook(source_id: int) -> str:
    """Show the webhook of a source."""
    with reading() as connection:
        return _shown(connection, _taking(connection, source_id))


@blueprint.does("/sources/<number:source_id>/webhook/secret", ADMIN)
@proven
def make_webhook_secret(source_id: int) -> Answer:
    """Make a new secret and show it this once; the old one proves calls for another day."""
    try:
        with writing() as connection:
            made = hooks.generate(connection, _taking(connection, source_id, to_change=True), by())
    except RollcallError as error:
        flash(plain(str(error)), "danger")
        return redirect(url_for("console.source_webhook", source_id=source_id), 303)
    # Not behind a redirect: the secret would have to be kept readable until the next page.
    with reading() as connection:
        return _shown(connection, _taking(connection, source_id), made)


@blueprint.does("/sources/<number:source_id>/webhook/subscribe", ADMIN)
def subscribe_webhook(source_id: int) -> Response:
    """Tell the vendor, by its API, to call us."""

    def subscribe(known: Source, context: SourceContext) -> None:
        if not settings().public_url:
            raise WrongUse(NO_ADDRESS)
        with reading() as connection:
            life.require_published(connection, known)
            path = hooks.path_of(known, _public_id(connection, known), keyed=True)
        hooks.subscribe(known, context, settings().public_url + path, by())

    return _told(source_id, subscribe, "{} calls Rollcall from now on when something changes.")


@blueprint.does("/sources/<number:source_id>/webhook/unsubscribe", ADMIN)
def unsubscribe_webhook(source_id: int) -> Response:
    """Tell the vendor to call us no more."""

    def unsubscribe(known: Source, context: SourceContext) -> None:
        hooks.unsubscribe(known, context, by())

    return _told(source_id, unsubscribe, "{} calls no more; its schedule goes on.")


def _told(source_id: int, tell: Callable[[Source, SourceContext], None], said: str) -> Response:
    with reading() as connection:
        known = _taking(connection, source_id)
    with refusals_told():
        tell(known, patient_context(known))
        flash(said.format(known.adapter().label), "success")
    return redirect(url_for("console.source_webhook", source_id=source_id), 303)


def _taking(connection: Connection, source_id: int, *, to_change: bool = False) -> Source:
    """Return a source whose vendor calls; ends the request with 404 for one that calls nobody."""
    known = source_here(connection, source_id, to_change=to_change)
    if not isinstance(known.adapter(), TakesWebhooks):
        abort(404)
    return known


def _public_id(connection: Connection, known: Source) -> str:
    tenant = tenants.with_id(connection, known.tenant_id)
    assert tenant is not None
    return tenant.public_id


def _shown(connection: Connection, known: Source, made: str | None = None) -> str:
    base, adapter = settings().public_url, known.adapter()
    keyed = base + hooks.path_of(known, _public_id(connection, known), keyed=True)
    calls: list[Any] = [(word_of(CALLS, each.state), each) for each in inbox.recent(connection, known)]
    return tab(
        "webhook.html",
        known,
        address=keyed,
        token_address=f"{keyed}/token" if isinstance(adapter, GivesTokens) else None,
        is_whole=bool(base),
        subscribes=isinstance(adapter, Subscribes),
        makes_secret=hooks.makes_secret(known),
        has_secret=hooks.has_secret(known),
        previous_until=hooks.ends_at(known),
        made=made,
        calls=calls,
        refused=inbox.refusals(connection, known),
        no_address=NO_ADDRESS,
    )
