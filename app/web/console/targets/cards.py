"""All targets as cards, the kinds that can be connected, and the first step of the wizard."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.access.roles import ADMIN
from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin
from app.web.console.targets import reading as found
from app.web.console.targets.asking import is_draft, target_of
from app.web.console.targets.kinds import all_kinds, kind_named, label_of
from app.web.console.targets.steps import goes_on_at
from app.web.console.targets.wording import pause_of


@blueprint.shows("/targets")
def targets() -> str:
    """Show every target with its state, and the kinds that can be connected."""
    with reading() as connection:
        cards = found.cards(connection, current_admin().tenant_id)
        drafts = _drafts(connection, cards)
    return render_template(
        "console/targets/cards.html",
        cards=cards,
        drafts=drafts,
        kinds=all_kinds(),
        label_of=label_of,
        pause_of=pause_of,
    )


def _drafts(connection: Connection, cards: list[found.Card]) -> dict[int, str]:
    """Return target → endpoint where its set-up goes on."""
    return {card.target.id: goes_on_at(connection, card.target) for card in cards if is_draft(card.target)}


@blueprint.shows("/targets/connect/<kind:kind>", ADMIN)
def connect_target(kind: str) -> str:
    """Show what one needs to connect a target of this kind."""
    introduced, tenant_id = kind_named(kind), current_admin().tenant_id
    with reading() as connection:
        sources = found.sources(connection, tenant_id, introduced.source) if introduced.source else []
        drafts = [
            card.target
            for card in found.cards(connection, tenant_id)
            if card.target.kind == kind and is_draft(card.target)
        ]
    return render_template("console/targets/need.html", kind=introduced, sources=sources, drafts=drafts)


@blueprint.shows("/targets/<number:target_id>/set-up", ADMIN)
def set_up_target(target_id: int) -> Response:
    """Go on where the set-up of a target was left."""
    with reading() as connection:
        target = target_of(connection, target_id)
        endpoint = goes_on_at(connection, target) if is_draft(target) else "target"
    return redirect(url_for(f"console.{endpoint}", target_id=target_id), 303)
