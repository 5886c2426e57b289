"""The guarded session that speaks to one target."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.access.encryption import unseal
from app.config import Settings
from app.outbound import AddressPolicy, Limits, OutboundSession
from app.outbound.client_credentials import ClientCredentials
from app.provisioning.kinds import credentials_place
from app.provisioning.targets import Target, token_context
from app.provisioning.wire import Gate, PacedSession, Recorder


def open_session(target: Target) -> PacedSession:
    """The session for one drain of the target.

    An adapter with `client_credentials(secret)` signs in with client credentials; the others send the token as it is.
    Raises `OutboundError` for a URL that may not be called, and where no token can be had.
    """
    settings: Settings = current_app.extensions["rollcall.settings"]
    policy = target.policy
    token = None
    if target.token is not None:
        token = unseal(target.tenant_id, token_context(target.id), target.token).decode()
    guard: dict[str, Any] = {
        "policy": AddressPolicy(settings.allow_private_targets, frozenset(settings.allowed_addresses)),
        "limits": Limits(connect_seconds=settings.connect_timeout, total_seconds=settings.call_timeout),
    }
    recorder = Recorder()
    signs_in = getattr(target.adapter, "client_credentials", None)
    if token is not None and signs_in is not None:
        credentials: ClientCredentials = signs_in(token)
        bearer = credentials.token(lambda base_url, **more: OutboundSession(base_url, **guard, **more))
        # A token that is refused is not used again: whoever resumes the target gets another one.
        recorder.on_refusal = lambda: credentials.forget(bearer)
        token = bearer
    header, prefix = credentials_place(target.adapter)
    if target.auth_header.lower() != header.lower():
        prefix = "Bearer " if target.auth_header.lower() == "authorization" else ""
    return PacedSession(
        target.url,
        gate=Gate(policy.rate, settings.call_timeout, calls=policy.concurrency),
        recorder=recorder,
        headers={} if token is None else {target.auth_header: prefix + token},
        secrets=[] if token is None else [token],
        **guard,
        pool_size=policy.concurrency + 1,
    )
