"""Signing in at the tenant's provider: the way there and the way back, also to prove again who one is."""

from __future__ import annotations

import hmac
import re

from flask import flash, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.access import admins, admins_roster, oidc
from app.access.admins import Admin
from app.access.encryption import UnsealError
from app.access.oidc import NotAdmitted, Provider
from app.access.roles import VIEWER
from app.database import reading, writing
from app.web.console.admins import openid, opening
from app.web.console.admins.openid import Flow, SignInFailed
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin, own_path, session_value, settings

_FLOW = "sign-in-flow"
_ERROR_CODE = re.compile(r"[a-z_]{1,60}")


@blueprint.shows("/sign-in/provider", None)
def provider_sign_in() -> Response:
    """Lead to the tenant's provider; with none, back to the sign-in page."""
    slug, wanted = request.args.get("tenant", "").strip().lower()[:63], own_path(request.args.get("next"), "")
    tenant = opening.tenant_called(slug)
    provider = _provider(tenant.id) if tenant else None
    back = url_for("console.sign_in", tenant=slug or None, next=wanted or None)
    if provider is None:
        flash("This organisation has no sign-in provider here. Sign in with your password.", "warning")
        return redirect(back, 303)
    return _leave(provider, Flow.begun(slug, provider.issuer, wanted, is_proof=False), back)


@blueprint.shows("/prove/provider", VIEWER)
def prove_at_provider() -> Response:
    """Lead to the tenant's provider to sign in there once more."""
    admin = current_admin()
    wanted = own_path(request.args.get("next"), url_for("console.start"))
    provider, back = _provider(admin.tenant_id), url_for("console.prove", next=wanted)
    if provider is None:
        flash("There is no sign-in provider any more. Use your password.", "warning")
        return redirect(back, 303)
    return _leave(provider, Flow.begun(admin.tenant_slug, provider.issuer, wanted, is_proof=True), back)


@blueprint.shows("/sign-in/callback", None)
def sign_in_callback() -> Response:
    """Take what the provider sends the browser back with; it opens a session, or says why it does not."""
    flow = Flow.kept(session.pop(_FLOW, None))
    if flow is None or not hmac.compare_digest(flow.state.encode(), request.args.get("state", "").encode()):
        flash("This sign-in was begun elsewhere, or too long ago. Begin it again here.", "danger")
        return redirect(url_for("console.sign_in", tenant=flow.tenant if flow else None), 303)
    try:
        return _proved(flow) if flow.is_proof else _signed_in(flow)
    except (SignInFailed, NotAdmitted) as refusal:
        flash(str(refusal), "danger")
    if flow.is_proof:
        return redirect(url_for("console.prove", next=flow.next or None), 303)
    return redirect(url_for("console.sign_in", tenant=flow.tenant, next=flow.next or None), 303)


def redirect_uri() -> str:
    """Return the address that the provider has to know; with a public one, that."""
    base = settings().public_url
    path = url_for("console.sign_in_callback")
    return f"{base}{path}" if base else url_for("console.sign_in_callback", _external=True)


def _signed_in(flow: Flow) -> Response:
    tenant = opening.tenant_called(flow.tenant)
    if tenant is None:
        raise SignInFailed("This organisation is not here any more.")
    provider, claims = _claims(tenant.id, flow)
    with writing() as connection:
        who = oidc.admitted(connection, provider, claims)
        value = admins.open_session(connection, tenant, who.match, who.email, opening.place())
    opening.close(session_value())
    return opening.welcomed(value or "", flow.next)


def _proved(flow: Flow) -> Response:
    """Note the proof when it is the admin of this browser's session who signed in, as nobody else."""
    admin = _who_asks()
    if admin is None or admin.tenant_slug != flow.tenant:
        raise SignInFailed("You are not signed in any more.")
    provider, claims = _claims(admin.tenant_id, flow)
    with reading() as connection:
        subject = admins_roster.subject_of(connection, admin.tenant_id, admin.id)
    if subject is None or subject != str(claims["sub"]):
        raise SignInFailed(f"You signed in at {provider.host} as somebody else than here.")
    with writing() as connection:
        admins.prove(connection, admin, session_value() or "")
    return redirect(own_path(flow.next, url_for("console.start")), 303)


def _claims(tenant_id: int, flow: Flow) -> tuple[Provider, dict[str, object]]:
    """Return the provider and what it says of who signed in. Raises ``SignInFailed``."""
    provider, told = _provider(tenant_id), request.args
    if provider is None or flow.issuer != provider.issuer or told.get("iss", flow.issuer) != flow.issuer:
        raise SignInFailed(
            "The sign-in provider was changed meanwhile, or another one answered. Begin again."
        )
    code = told.get("code", "")
    if not code:
        why = told.get("error", "")
        reason = f" ({why})" if _ERROR_CODE.fullmatch(why) else ""
        raise SignInFailed(f"{provider.host} did not sign you in{reason}.")
    try:
        with reading() as connection:
            secret = oidc.secret_of(connection, provider)
    except UnsealError as error:
        raise SignInFailed(
            "The provider's secret cannot be opened with the keys that Rollcall has. An owner types it again: "
            "Settings, Sign-in."
        ) from error
    return provider, dict(openid.claims_for(provider, secret, flow, code, redirect_uri()))


def _leave(provider: Provider, flow: Flow, back: str) -> Response:
    try:
        address = openid.address_to_go_to(provider, flow, redirect_uri())
    except SignInFailed as error:
        flash(f"You cannot sign in there at the moment. {error}", "danger")
        return redirect(back, 303)
    session[_FLOW] = flow.as_kept()
    return redirect(address, 303)


def _provider(tenant_id: int) -> Provider | None:
    with reading() as connection:
        return oidc.provider_of(connection, tenant_id)


def _who_asks() -> Admin | None:
    value = session_value()
    if not value:
        return None
    with reading() as connection:
        return admins.admin_of_session(connection, value)
