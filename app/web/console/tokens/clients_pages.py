"""Clients: who holds tokens, what is set for each, and what it did."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection

from app.access import clients as keeping
from app.access import oauth
from app.access.clients import Client, ClientSettings
from app.access.roles import ADMIN
from app.access.tokens import Use, use_by_client
from app.config import Settings
from app.database import reading, writing
from app.errors import WrongUse
from app.web.console.blueprint import blueprint
from app.web.console.developer.addresses import base_url
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin, settings
from app.web.console.tokens.forms import ClientForm
from app.web.console.tokens.making import own_tenant
from app.web.console.tokens.pages import address_of, place_asked
from app.web.console.tokens.reading import client_lines, page_of_tokens
from app.web.console.tokens.words import SCOPE_WORDS, scopes_in_words, state_of


def client_or_404(connection: Connection, client_id: int) -> Client:
    """Return a client of the tenant; answers 404 without one."""
    found = keeping.with_id(connection, current_admin().tenant_id, client_id)
    return found if found is not None else abort(404)


@blueprint.shows("/tokens/clients")
def clients() -> str:
    """Show the clients by name."""
    with reading() as connection:
        lines = client_lines(connection, current_admin().tenant_id)
    return render_template("console/tokens/clients.html", lines=lines)


@blueprint.shows("/tokens/clients/<number:client_id>")
def client(client_id: int) -> str:
    """Show a client: what it may do, its living tokens, its OAuth secrets (never their text)."""
    tenant = own_tenant()
    with reading() as connection:
        found = client_or_404(connection, client_id)
        page = page_of_tokens(connection, tenant.id, place_asked(), living=True, client_id=client_id)
        secrets = [
            each | {"state": state_of(each["expires_at"])} for each in oauth.secrets_of(connection, found)
        ]
        use = use_by_client(connection, tenant.id).get(client_id, Use(0, None))
    return render_template(
        "console/tokens/client.html",
        client=found,
        oauth_id=oauth.client_id_of(tenant, found),
        token_endpoint=f"{base_url()}/oauth/token",
        use=use,
        page=page,
        secrets=secrets,
        said=_said(found.settings, settings()),
        oauth_scopes=scopes_in_words(" ".join(found.settings.oauth_scopes)),
        address=lambda place=None: address_of("console.client", place, client_id=client_id),
    )


def _said(chosen: ClientSettings, installation: Settings) -> list[tuple[str, str]]:
    """Return what is set for a client in words."""
    rate = installation.scim_rate if chosen.rate is None else chosen.rate
    burst = installation.scim_burst if chosen.burst is None else chosen.burst
    unknown = (
        "the request is refused"
        if chosen.strict
        else "they are left out, and the request is listed under Developer"
    )
    limit = f"{rate:,} a second, {burst:,} at once after a rest" if rate else "no limit"
    return [("Attributes that Rollcall does not know", unknown), ("Requests of each token", limit)]


@blueprint.fills_in("/tokens/clients/new", ADMIN)
def new_client() -> Answer:
    """Show the form of a client; sent, create it."""
    admin, form = current_admin(), ClientForm()
    if form.validate_on_submit():
        try:
            with writing() as connection:
                by = f"admin:{admin.email}"
                made = keeping.create(connection, admin.tenant_id, form.name.data, form.pairs(), by)
        except WrongUse:
            form.name.errors = [f"There is a client named {form.name.data} already; choose another name."]
        else:
            flash(f"The client {made.name} is there. Make a token or a secret for it.", "success")
            return redirect(url_for("console.client", client_id=made.id), 303)
    return _form_page(form, None)


@blueprint.fills_in("/tokens/clients/<number:client_id>/settings", ADMIN)
def client_settings(client_id: int) -> Answer:
    """Show what is set for a client; sent, change it."""
    admin = current_admin()
    with reading() as connection:
        found = client_or_404(connection, client_id)
    form = ClientForm(data=_as_filled_in(found.settings) if request.method == "GET" else None)
    del form.name  # audit rows and precedences know the client by it
    if form.validate_on_submit():
        with writing() as connection:
            keeping.change(connection, admin.tenant_id, found.name, form.pairs(), f"admin:{admin.email}")
        flash(f"The settings of {found.name} are changed; its next request follows them.", "success")
        return redirect(url_for("console.client", client_id=client_id), 303)
    return _form_page(form, found)


def _as_filled_in(chosen: ClientSettings) -> dict[str, object]:
    values = chosen.as_dict()
    return values | {"scopes": values.pop("oauth_scopes")}


def _form_page(form: ClientForm, known: Client | None) -> Answer:
    page = render_template(
        "console/tokens/client_form.html",
        form=form,
        client=known,
        scope_words=SCOPE_WORDS,
        installation=settings(),
    )
    return page, (422 if form.errors else 200)
