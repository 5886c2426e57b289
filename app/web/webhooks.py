"""``/api/<kind>/webhook/<tenant id>``: where the vendors of sources call us.

A call is proven by the source's adapter, from its raw bytes, and answered when what it points at is stored: one row
(none for a handshake, which nothing proves).
Import runs read the records themselves later. Nobody signs in here, and nothing of a body is logged or kept.
"""

from __future__ import annotations

import re
import traceback
import zlib

import structlog
from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app import clock
from app.access.rates import RateLimiter
from app.access.tables import Tenant
from app.database import reading, writing
from app.registry import SOURCES, kinds
from app.sources import hooks, inbox
from app.sources.adapter import Delivery, Receipt
from app.sources.errors import DeliveryRefused
from app.sources.hooks import Called, Callees, GivesTokens

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_FORM_BYTES = 16 * 1024
#: Refusals of a source that are noted: so many at once, then one in this time.
NOTED_AT_ONCE, NOTED_EVERY_SECONDS = 5, 60.0
#: When a vendor is asked to send again what could not be stored.
RETRY_SECONDS = 5
_PUBLIC_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACE = "/api/<kind>/webhook/<public_id>"
_tenant = Tenant.__table__

blueprint = Blueprint("webhooks", __name__)


@blueprint.before_request
def _limit_body() -> None:
    request.max_content_length = MAX_FORM_BYTES if request.endpoint == "webhooks.token" else MAX_BODY_BYTES


@blueprint.post(_PLACE)
@blueprint.post(f"{_PLACE}/<hook_key>")
def deliver(kind: str, public_id: str, hook_key: str | None = None) -> Response:
    """Keep a delivery for the first source whose adapter takes it; answer as that adapter says.

    404 when no source may be meant, 401 when none believes the call, 400 when the one that does cannot read it;
    503 when none does and there is one that cannot be asked.
    """
    body = request.get_data(cache=False)
    refused: list[tuple[Called, DeliveryRefused]] = []
    callees = _called(kind, public_id, hook_key)
    for candidate in callees.asked:
        try:
            receipt = candidate.adapter.receive(candidate.context, _delivery(body, candidate.is_keyed))
        except DeliveryRefused as refusal:
            refused.append((candidate, refusal))
            continue
        if receipt.is_kept:
            with writing() as connection:
                inbox.take(connection, candidate.known, receipt, body)
        return _answer(receipt)
    if callees.unreadable:
        return _unreadable(callees)
    for candidate, why in refused:
        _note(candidate, why)
    return _refusal(400 if any(why.status == 400 for _, why in refused) else 401)


@blueprint.post(f"{_PLACE}/token")
@blueprint.post(f"{_PLACE}/<hook_key>/token")
def token(kind: str, public_id: str, hook_key: str | None = None) -> Response:
    """Give a vendor the token that it calls us with (RFC 6749 §4.4), where its adapter gives tokens."""
    form, authorization = request.form.to_dict(), request.headers.get("Authorization")
    refused: Response | None = None
    callees = _called(kind, public_id, hook_key)
    for candidate in callees.asked:
        if not isinstance(candidate.adapter, GivesTokens):
            continue
        try:
            receipt = candidate.adapter.token(candidate.context, form, authorization)
        except DeliveryRefused as refusal:
            _note(candidate, refusal)
            refused = refused or _refusal(refusal.status)
            continue
        if receipt.status < 400:
            return _answer(receipt)
        if receipt.status == 401:
            _note(candidate, DeliveryRefused("A token was asked for with other credentials."))
        refused = refused or _answer(receipt)
    if callees.unreadable:
        return _unreadable(callees)
    if refused is None:
        abort(404)
    return refused


def _called(kind: str, public_id: str, hook_key: str | None) -> Callees:
    """Return the sources that a call may be for; the same 404 for all that nobody is called at."""
    if kind not in kinds(SOURCES) or not _PUBLIC_ID.fullmatch(public_id):
        abort(404)
    with reading() as connection:
        tenant_id = connection.scalar(select(_tenant.c.id).where(_tenant.c.public_id == public_id))
        found = None if tenant_id is None else hooks.called(connection, tenant_id, kind, hook_key)
    if found is None or not (found.asked or found.unreadable):
        if tenant_id is not None and _may_note(tenant_id, f"{kind} 404"):
            log.info("a webhook call for no source", tenant_id=tenant_id, kind=kind)
        abort(404)
    return found


def _delivery(body: bytes, is_keyed: bool) -> Delivery:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.environ.get("QUERY_STRING")
    # Nothing in a path of ours is ever escaped: it is what was sent.
    target = f"{request.path}?{query}" if query else request.path
    return Delivery(headers, body, clock.utcnow(), is_keyed, target)


def _answer(receipt: Receipt) -> Response:
    response = Response(receipt.body, receipt.status, mimetype="text/plain")
    for name, value in receipt.headers.items():
        response.headers[name] = value
    return response


def _refusal(status: int) -> Response:
    """Return a refusal that tells strangers nothing; `rollcall source webhook` has the reason."""
    return Response("refused\n", status, mimetype="text/plain")


def _note(candidate: Called, refusal: DeliveryRefused) -> None:
    known, reason = candidate.known, str(refusal)
    if not _may_note(known.tenant_id, f"{known.id} {refusal.status}"):
        return
    log.warning(
        "a webhook call was refused",
        tenant_id=known.tenant_id,
        source=known.name,
        status=refusal.status,
        reason=reason,
    )
    with writing() as connection:
        inbox.note_refusal(connection, known, refusal.status, reason)


def _may_note(tenant_id: int, what: str) -> bool:
    limiter: RateLimiter = current_app.extensions["rollcall.rates"]
    number = zlib.crc32(f"webhook {what}".encode())
    return limiter.take(tenant_id, number, 1 / NOTED_EVERY_SECONDS, NOTED_AT_ONCE) == 0


@blueprint.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    return Response(f"{error.name.lower()}\n", error.code or 500, mimetype="text/plain")


@blueprint.errorhandler(InterfaceError)
@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(PoolTimeout)
def _not_stored(error: Exception) -> Response:
    log.error("a webhook call could not be stored; its sender is asked to send it again", kind=_kind())
    return _send_again()


def _unreadable(callees: Callees) -> Response:
    """Ask for the call again: it may be for a source whose secrets no key at hand opens."""
    if _may_note(callees.tenant_id, f"{_kind()} unreadable"):
        log.error(
            "a webhook call may be for a source whose secrets do not open; its sender is asked to send it again",
            tenant_id=callees.tenant_id,
            kind=_kind(),
            sources=callees.unreadable,
        )
    return _send_again()


def _send_again() -> Response:
    return Response("send it again\n", 503, {"Retry-After": str(RETRY_SECONDS)}, mimetype="text/plain")


@blueprint.errorhandler(Exception)
def _defect(error: Exception) -> Response:
    # Where it happened and nothing of what was sent: an error's text may quote it.
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]
    log.error("a webhook call failed", kind=_kind(), error=type(error).__name__, places=places)
    return Response("failed\n", 500, mimetype="text/plain")


def _kind() -> str:
    kind = str((request.view_args or {}).get("kind"))
    return kind if kind in kinds(SOURCES) else "unknown"
