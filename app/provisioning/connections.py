"""The guarded session that speaks to one target."""

from __future__ import annotations

from flask import current_app

from app.access.encryption import unseal
from app.config import Settings
from app.outbound import AddressPolicy, Limits
from app.provisioning.kinds import credentials_place
from app.provisioning.targets import Target, token_context
from app.provisioning.wire import Gate, PacedSession, Recorder


def open_session(target: Target) -> PacedSession:
    """The session for one drain of the target. Raises `OutboundError` for a URL that may not be called."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    policy = target.policy
    token = None
    if target.token is not None:
        token = unseal(target.tenant_id, token_context(target.id), target.token).decode()
    header, prefix = credentials_place(target.adapter)
    if target.auth_header.lower() != header.lower():
        prefix = "Bearer " if target.auth_header.lower() == "authorization" else ""
    return PacedSession(
        target.url,
        gate=Gate(policy.rate, settings.call_timeout, calls=policy.concurrency),
        recorder=Recorder(),
        headers={} if token is None else {target.auth_header: prefix + token},
        secrets=[] if token is None else [token],
        policy=AddressPolicy(settings.allow_private_targets, frozenset(settings.allowed_addresses)),
        limits=Limits(connect_seconds=settings.connect_timeout, total_seconds=settings.call_timeout),
        pool_size=policy.concurrency + 1,
    )
