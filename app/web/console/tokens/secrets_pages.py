"""OAuth secrets of clients: made, shown once, ended."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm

from app import clock
from app.access import oauth
from app.access.clients import Client
from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import NotFoundError
from app.web.console.blueprint import blueprint
from app.web.console.developer.addresses import base_url
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin
from app.web.console.tokens import once
from app.web.console.tokens.clients_pages import client_or_404
from app.web.console.tokens.forms import SuccessorForm
from app.web.console.tokens.making import own_tenant


@blueprint.fills_in("/tokens/clients/<number:client_id>/secrets/new", ADMIN)
@proven
def new_secret(client_id: int) -> Answer:
    """Show what another secret means; sent, make it and show it once."""
    tenant, form = own_tenant(), SuccessorForm()
    with reading() as connection:
        found = client_or_404(connection, client_id)
        known, now = oauth.secrets_of(connection, found), clock.now()
    living = [each for each in known if each["expires_at"] > now]
    if form.validate_on_submit():
        with writing() as connection:
            made = oauth.make_secret(
                connection,
                tenant,
                found,
                life_days=form.life.data,
                overlap_hours=form.overlap.data,
                by=f"admin:{current_admin().email}",
            )
        once.keep(f"secret/{client_id}/{made.id}", made.text)
        return redirect(url_for("console.secret_value", client_id=client_id, secret_id=made.id), 303)
    page = render_template("console/tokens/secret_new.html", form=form, client=found, living=living)
    return page, (422 if form.errors else 200)


@blueprint.shows("/tokens/clients/<number:client_id>/secrets/<number:secret_id>/value", ADMIN)
def secret_value(client_id: int, secret_id: int) -> str:
    """Show a secret that was just made, the first time only."""
    text = once.taken(f"secret/{client_id}/{secret_id}")
    found, secret = _found(client_id, secret_id)
    return render_template(
        "console/tokens/secret_value.html",
        client=found,
        secret=secret,
        text=text,
        oauth_id=oauth.client_id_of(own_tenant(), found),
        token_endpoint=f"{base_url()}/oauth/token",
    )


@blueprint.fills_in("/tokens/clients/<number:client_id>/secrets/<number:secret_id>/end", ADMIN)
def end_secret(client_id: int, secret_id: int) -> Answer:
    """Show what ending a secret means; sent, end it."""
    found, secret = _found(client_id, secret_id)
    form = FlaskForm()
    if not form.validate_on_submit():
        return render_template("console/tokens/secret_end.html", client=found, secret=secret)
    try:
        with writing() as connection:
            oauth.end_secret(connection, found, secret_id, f"admin:{current_admin().email}")
        flash(f"Secret {secret_id} of {found.name} is over, and so are its access tokens.", "success")
    except NotFoundError:
        flash(f"Secret {secret_id} of {found.name} was over already.", "info")
    return redirect(url_for("console.client", client_id=client_id), 303)


def _found(client_id: int, secret_id: int) -> tuple[Client, dict[str, Any]]:
    with reading() as connection:
        found = client_or_404(connection, client_id)
        known = {each["id"]: each for each in oauth.secrets_of(connection, found)}
    return found, known.get(secret_id) or abort(404)
