"""The tokens: which there are, and ending one."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import Connection

from app.access import clients
from app.access import tokens as keeping
from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import NotFoundError
from app.notices import expiring
from app.web.console.blueprint import blueprint
from app.web.console.paging import Place
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin
from app.web.console.tokens.reading import TokenLine, one_token, page_of_tokens

_NUMBER = re.compile("[1-9][0-9]{0,8}")
#: Of what ends soon, so much is told above the list; the list marks all of it.
MOST_TOLD = 3


def place_asked() -> Place:
    """Return where in a list of numbered things the address says one is."""
    older, newer = (request.args.get(name, "") for name in ("older", "newer"))
    return Place(_key(older), _key(newer))


def _key(text: str) -> tuple[int] | None:
    return (int(text),) if _NUMBER.fullmatch(text) else None


def address_of(endpoint: str, place: Place | None, **asked: Any) -> str:
    """Return the address of a page of a list that is ordered by numbers."""
    older, newer = (place.older_than, place.newer_than) if place else (None, None)
    return url_for(endpoint, older=older and older[0], newer=newer and newer[0], **asked)


@blueprint.shows("/tokens")
def tokens() -> str:
    """Show the tokens that people made: those that are accepted, or (``?show=over``) those that are not."""
    tenant_id, is_over = current_admin().tenant_id, request.args.get("show") == "over"
    with reading() as connection:
        page = page_of_tokens(connection, tenant_id, place_asked(), living=not is_over)
        ending = expiring.findings(connection, tenant_id)
        numbers = (
            {client.name: client.id for client in clients.listed(connection, tenant_id)} if ending else {}
        )
    asked = {"show": "over"} if is_over else {}
    return render_template(
        "console/tokens/list.html",
        page=page,
        is_over=is_over,
        ending=ending[:MOST_TOLD],
        more=len(ending) - MOST_TOLD,
        numbers=numbers,
        address=lambda place=None: address_of("console.tokens", place, **asked),
    )


def token_or_404(connection: Connection, token_id: int) -> TokenLine:
    """Return a token of the tenant that a person made; answers 404 without one."""
    found = one_token(connection, current_admin().tenant_id, token_id)
    return found if found is not None else abort(404)


@blueprint.fills_in("/tokens/<number:token_id>/revoke", ADMIN)
def revoke_token(token_id: int) -> Answer:
    """Show what ending a token means; sent, end it."""
    admin, form = current_admin(), FlaskForm()
    with reading() as connection:
        token = token_or_404(connection, token_id)
    if not form.validate_on_submit():
        return render_template("console/tokens/revoke.html", token=token, form=form)
    try:
        with writing() as connection:
            keeping.revoke(connection, admin.tenant_id, token_id, f"admin:{admin.email}")
        flash(f"Token {token_id} of {token.client} is revoked. It is refused from now on.", "success")
    except NotFoundError:
        flash(f"Token {token_id} of {token.client} was revoked already.", "info")
    return redirect(url_for("console.tokens"), 303)
