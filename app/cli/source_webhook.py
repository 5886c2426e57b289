"""``rollcall source webhook``: where a source's vendor calls us, the secret that proves it, and what has come."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.access.tenants import Tenant
from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.config import Settings
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, hooks, inbox, life, runner
from app.sources.adapter import Subscribes, TakesWebhooks
from app.sources.catalog import Source
from app.sources.hooks import GivesTokens

BY = "system:cli"


@click.command()
@click.argument("name")
@tenant_option
@click.option("--generate", "step", flag_value="generate", help="Make a new secret; it is shown once.")
@click.option("--subscribe", "step", flag_value="subscribe", help="Tell the vendor, by its API, to call us.")
@click.option("--unsubscribe", "step", flag_value="unsubscribe", help="Tell the vendor to call us no more.")
@json_option
@with_appcontext
def webhook(name: str, tenant_slug: str, step: str | None, as_json: bool) -> None:
    """Show where the vendor of the source NAME calls us and what has come; make a secret, or subscribe.

    A new secret does not end the old one at once: both prove calls for 24 hours.
    """
    tenant = tenant_named(tenant_slug)
    known = _known(tenant, name)
    if not isinstance(known.adapter(), TakesWebhooks):
        raise WrongUse(f"{known.adapter().label} calls nobody; {name!r} is imported by its schedule.")
    made = _generated(known) if step == "generate" else None
    if step == "subscribe":
        hooks.subscribe(known, runner.context_of(known), _callback_url(tenant, known), BY)
    elif step == "unsubscribe":
        hooks.unsubscribe(known, runner.context_of(known), BY)
    shown = _shown(tenant, _known(tenant, name))
    if made is not None:
        shown["webhook_secret"] = made
    say(shown, as_json, "\n".join(_lines(shown)))


def _known(tenant: Tenant, name: str) -> Source:
    with reading() as connection:
        return catalog.named(connection, tenant.id, name)


def _generated(known: Source) -> str:
    with writing() as connection:
        return hooks.generate(connection, known, BY)


def _callback_url(tenant: Tenant, known: Source) -> str:
    """Return the address to subscribe with. Raises ``WrongUse`` when this installation does not know its own."""
    with reading() as connection:
        life.require_published(connection, known)
    if not _public_url():
        raise WrongUse(
            "Rollcall does not know the address under which it is reached; set ROLLCALL_PUBLIC_URL=https://…"
        )
    return _public_url() + hooks.path_of(known, tenant.public_id, keyed=True)


def _public_url() -> str:
    settings: Settings = current_app.extensions["rollcall.settings"]
    return settings.public_url


def _shown(tenant: Tenant, known: Source) -> dict[str, Any]:
    base, adapter = _public_url(), known.adapter()
    with reading() as connection:
        deliveries, refused = inbox.recent(connection, known), inbox.refusals(connection, known)
    keyed = base + hooks.path_of(known, tenant.public_id, keyed=True)
    return {
        "source": known.name,
        "kind": known.kind,
        "state": known.state,
        "tenant_id": tenant.public_id,
        "address": base + hooks.path_of(known, tenant.public_id),
        "keyed_address": keyed,
        "token_address": f"{keyed}/token" if isinstance(adapter, GivesTokens) else None,
        "made_by": "vendor" if isinstance(adapter, Subscribes) else "rollcall",
        "has_secret": hooks.has_secret(known),
        "previous_secret_until": hooks.ends_at(known),
        "deliveries": [
            {
                "at": each.received_at,
                "delivery": each.delivery_id,
                "state": each.state,
                "hints": each.hints,
                "run": each.run_id,
                "times": each.times,
                "tries": each.tries,
                "due_at": each.due_at if each.state == "waiting" else None,
            }
            for each in deliveries
        ],
        "refused": [
            {"at": each.at, "status": each.status, "times": each.times, "reason": each.reason}
            for each in refused
        ],
    }


def _lines(shown: dict[str, Any]) -> list[str]:
    lines = [
        f"address:        {shown['address']}",
        f"with its key:   {shown['keyed_address']}",
        f"tenant id:      {shown['tenant_id']}",
        f"secret:         {_secret_words(shown)}",
    ]
    if shown["token_address"]:
        lines.append(f"token address:  {shown['token_address']}")
    if not shown["address"].startswith("http"):
        lines.append("Set ROLLCALL_PUBLIC_URL=https://… and these addresses are whole.")
    if shown["state"] not in ("active", "paused"):
        lines.append(f"Calls are taken once the source is published; it is {shown['state']}.")
    if "webhook_secret" in shown:
        lines.append(f"new secret, shown this once: {shown['webhook_secret']}")
    lines += [_delivery_line(each) for each in shown["deliveries"]] or ["No calls have been taken yet."]
    lines += [
        f"refused {each['status']}, {each['times']} noted, last {each['at']}: {each['reason']}"
        for each in shown["refused"]
    ]
    return lines


def _secret_words(shown: dict[str, Any]) -> str:
    if not shown["has_secret"]:
        return "not set; " + ("--subscribe" if shown["made_by"] == "vendor" else "--generate") + " makes one"
    until = shown["previous_secret_until"]
    return "set" + (f"; the one before it is taken until {until}" if until else "")


def _delivery_line(each: dict[str, Any]) -> str:
    words = [each["at"], each["state"], each["delivery"]]
    words.append(
        f"run {each['run']}" if each["run"] else "nothing to read" if not each["hints"] else "no run yet"
    )
    if each["times"] > 1:
        words.append(f"came {each['times']} times")
    if each["tries"] > 1 or each["due_at"]:
        words.append(f"{each['tries']} tries" + (f", next {each['due_at']}" if each["due_at"] else ""))
    return "  ".join(words)
