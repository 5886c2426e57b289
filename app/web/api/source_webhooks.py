"""``/sources/{name}/webhook``: where a vendor calls us, the secret that proves it, and what has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from marshmallow import fields
from sqlalchemy import Connection

from app.access import tenants
from app.config import Settings
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, hooks, inbox, life
from app.sources.adapter import SourceContext, Subscribes, TakesWebhooks
from app.sources.catalog import Source
from app.sources.hooks import GivesTokens
from app.sources.patience import patient_context
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import Shown, instant

SUBJECT = "sources"
_AT = "/sources/<source:name>/webhook"


class Delivery(Shown):
    """A call that was taken; of its body only what it points at is kept."""

    delivery_id = fields.String(required=True)
    received_at = instant(required=True)
    state = fields.String(required=True)
    hints = fields.Integer(required=True, metadata={"description": "How many records it points at."})
    run_id = fields.Integer(required=True, allow_none=True)
    times = fields.Integer(required=True)
    tries = fields.Integer(required=True)
    due_at = instant(required=True, allow_none=True)


class Refused(Shown):
    """Calls that were refused with a status: the last of them, and how many were noted."""

    at = instant(required=True)
    status = fields.Integer(required=True)
    times = fields.Integer(required=True)
    reason = fields.String(required=True)


class Webhook(Shown):
    """Where a source's vendor calls us; without ``ROLLCALL_PUBLIC_URL`` the addresses are paths."""

    tenant_id = fields.String(required=True)
    address = fields.String(required=True)
    keyed_address = fields.String(required=True)
    token_address = fields.String(required=True, allow_none=True)
    made_by = fields.String(
        required=True, metadata={"description": "Who makes the secret: vendor or rollcall."}
    )
    has_secret = fields.Boolean(required=True)
    previous_secret_until = instant(required=True, allow_none=True)
    deliveries = fields.List(fields.Nested(Delivery), required=True)
    refused = fields.List(fields.Nested(Refused), required=True)


class MadeSecret(Webhook):
    """The same with the new secret, which is never to be had again."""

    webhook_secret = fields.String(required=True)


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, Webhook)
def show_webhook(name: str) -> dict[str, Any]:
    """Show where the vendor of a source calls us, and what has come."""
    with reading() as connection:
        return _shown(connection, _known(connection, name))


@blueprint.acts(f"{_AT}/generate", SUBJECT)
@blueprint.response(200, MadeSecret)
def generate_webhook_secret(name: str) -> dict[str, Any]:
    """Make a new secret, shown this once; the old one proves calls for another 24 hours."""
    with writing() as connection:
        made = hooks.generate(connection, _known(connection, name), by())
        return _shown(connection, _known(connection, name)) | {"webhook_secret": made}


@blueprint.acts(f"{_AT}/subscribe", SUBJECT)
@blueprint.response(200, Webhook)
def subscribe_webhook(name: str) -> dict[str, Any]:
    """Tell the vendor, by its API, to call us; calls the vendor."""

    def subscribe(known: Source, context: SourceContext) -> None:
        if not _public_url():
            raise WrongUse(
                "Rollcall does not know where it is reached from outside: its operator sets ROLLCALL_PUBLIC_URL."
            )
        with reading() as connection:
            life.require_published(connection, known)
            path = hooks.path_of(known, _public_id(connection), keyed=True)
        hooks.subscribe(known, context, _public_url() + path, by())

    return _told(name, subscribe)


@blueprint.acts(f"{_AT}/unsubscribe", SUBJECT)
@blueprint.response(200, Webhook)
def unsubscribe_webhook(name: str) -> dict[str, Any]:
    """Tell the vendor to call us no more; calls the vendor."""
    return _told(name, lambda known, context: hooks.unsubscribe(known, context, by()))


def _told(name: str, tell: Callable[[Source, SourceContext], None]) -> dict[str, Any]:
    with reading() as connection:
        known = _known(connection, name)
    tell(known, patient_context(known))
    with reading() as connection:
        return _shown(connection, _known(connection, name))


def _known(connection: Connection, name: str) -> Source:
    known = catalog.named(connection, tenant_id(), name)
    if not isinstance(known.adapter(), TakesWebhooks):
        raise WrongUse(f"{known.adapter().label} calls nobody; {name!r} is imported by its schedule.")
    return known


def _public_url() -> str:
    settings: Settings = current_app.extensions["rollcall.settings"]
    return settings.public_url


def _public_id(connection: Connection) -> str:
    tenant = tenants.with_id(connection, tenant_id())
    assert tenant is not None
    return tenant.public_id


def _shown(connection: Connection, known: Source) -> dict[str, Any]:
    base, public_id, adapter = _public_url(), _public_id(connection), known.adapter()
    keyed = base + hooks.path_of(known, public_id, keyed=True)
    return {
        "tenant_id": public_id,
        "address": base + hooks.path_of(known, public_id),
        "keyed_address": keyed,
        "token_address": f"{keyed}/token" if isinstance(adapter, GivesTokens) else None,
        "made_by": "vendor" if isinstance(adapter, Subscribes) else "rollcall",
        "has_secret": hooks.has_secret(known),
        "previous_secret_until": hooks.ends_at(known),
        "deliveries": inbox.recent(connection, known),
        "refused": inbox.refusals(connection, known),
    }
