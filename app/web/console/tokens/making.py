"""Making a token and its successor: the text is shown once, on a page of its own."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for

from app.access import clients, tenants, tokens
from app.access.roles import ADMIN
from app.access.tenants import Tenant
from app.access.tokens import IssuedToken
from app.database import reading, writing
from app.errors import NotFoundError
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin
from app.web.console.tokens import once
from app.web.console.tokens.forms import SuccessorForm, TokenForm
from app.web.console.tokens.pages import token_or_404
from app.web.console.tokens.words import SCOPE_WORDS


def own_tenant() -> Tenant:
    """Return the tenant of who is signed in."""
    with reading() as connection:
        found = tenants.with_id(connection, current_admin().tenant_id)
    return found if found is not None else abort(404)


@blueprint.fills_in("/tokens/new", ADMIN)
@proven
def make_token() -> Answer:
    """Show the form of a token; sent, make it and show it once."""
    admin, form = current_admin(), TokenForm()
    if request.method == "GET":
        form.client.data = request.args.get("client", "")[:200]
    if form.validate_on_submit():
        with writing() as connection:
            made = tokens.create(
                connection,
                own_tenant(),
                form.client.data,
                scopes=tuple(form.scopes.data),
                life_days=form.life.data,
                by=f"admin:{admin.email}",
            )
        return _to_its_value(made)
    with reading() as connection:
        known = [client.name for client in clients.listed(connection, admin.tenant_id)]
    page = render_template("console/tokens/new.html", form=form, known=known, scope_words=SCOPE_WORDS)
    return page, (422 if form.errors else 200)


@blueprint.fills_in("/tokens/<number:token_id>/rotate", ADMIN)
@proven
def rotate_token(token_id: int) -> Answer:
    """Show what rotating a token means; sent, make its successor and show it once."""
    form = SuccessorForm()
    with reading() as connection:
        token = token_or_404(connection, token_id)
    if token.revoked_at is not None:
        flash(f"Token {token_id} is revoked; make another one instead.", "warning")
        return redirect(url_for("console.make_token", client=token.client), 303)
    if form.validate_on_submit():
        try:
            return _to_its_value(_rotated(token_id, form))
        except NotFoundError:
            flash(f"Token {token_id} was revoked meanwhile; nothing was made.", "warning")
            return redirect(url_for("console.tokens"), 303)
    page = render_template("console/tokens/rotate.html", form=form, token=token)
    return page, (422 if form.errors else 200)


def _rotated(token_id: int, form: SuccessorForm) -> IssuedToken:
    tenant, by = own_tenant(), f"admin:{current_admin().email}"
    with writing() as connection:
        return tokens.rotate(connection, tenant, token_id, form.overlap.data, form.life.data, by)


def _to_its_value(made: IssuedToken) -> Answer:
    once.keep(f"token/{made.id}", made.text)
    return redirect(url_for("console.token_value", token_id=made.id), 303)


@blueprint.shows("/tokens/<number:token_id>/value", ADMIN)
def token_value(token_id: int) -> str:
    """Show the text of a token that was just made, the first time only."""
    text = once.taken(f"token/{token_id}")
    with reading() as connection:
        token = token_or_404(connection, token_id)
    return render_template("console/tokens/value.html", token=token, secret=text)
