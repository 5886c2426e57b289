"""The deliverer: drains a target from the beginning to the end of what is due."""

from __future__ import annotations

import os
import secrets
import socket
import time

import structlog
from flask import current_app

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import OutboundError
from app.provisioning import breaker, connections, plans, resync, targets, turns
from app.provisioning.claims import Holder
from app.provisioning.counts import Counts
from app.provisioning.crew import Crew
from app.provisioning.drain import Drain
from app.provisioning.errors import RetryLater, TargetError
from app.provisioning.retries import CIRCUIT_AFTER
from app.provisioning.sending import Outcome, pauses
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession

log = structlog.get_logger(__name__)


def new_holder(tenant_id: int, target_id: int) -> Holder:
    """A holder of leases that nobody was before, not even this process."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    # A lease must outlive the call that is made under it, or no call could ever be made.
    lease = max(settings.lease_seconds, 2 * settings.call_timeout)
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"
    return Holder(tenant_id, target_id, owner, lease, settings.attempt_grace)


def drain(
    tenant_id: int, target_id: int, *, deadline: float | None = None, holder: Holder | None = None
) -> Counts:
    """Deliver what is due at a target, and return what was done.

    `deadline` is the monotonic instant after which no new batch is begun. Nothing is sent to a target that is paused,
    or asked to be left alone for a while. Any number of processes may drain one target at the same time.
    """
    with reading() as connection:
        target = targets.with_id(connection, tenant_id, target_id)
        is_gated = target is not None and breaker.has_gated(connection, target)
    if target is None or not target.is_active or (target.retry_at or "") > clock.now():
        return Counts()
    if is_gated:
        with writing() as connection:
            breaker.review(connection, target)
    _mark_resync(target)
    holder = holder or new_holder(tenant_id, target_id)
    try:
        return _drained(target, holder, float("inf") if deadline is None else deadline)
    finally:
        with writing() as connection:
            turns.give_back(connection, holder)
            plans.finish(connection, tenant_id, target_id)


def _mark_resync(target: Target) -> None:
    """Finish the marking of a full resync that was asked for."""
    is_marking = target.resync_plan_id is not None
    while is_marking:
        with writing() as connection:
            is_marking = resync.mark_batch(connection, target)


def _drained(target: Target, holder: Holder, deadline: float) -> Counts:
    settings: Settings = current_app.extensions["rollcall.settings"]
    try:
        session = connections.open_session(target)
    except OutboundError as error:
        with writing() as connection:
            targets.pause(connection, target, "system:provisioning", error.message)
        return Counts()
    patience = 1 if target.failures else CIRCUIT_AFTER
    with session, Crew(target.policy.concurrency, session.gate, session.recorder, patience=patience) as crew:
        target = _introduced(target, session, crew)
        work = Drain(target, session, crew, holder, settings, deadline)
        started = time.monotonic()
        counts = work.run()
    seconds = round(time.monotonic() - started, 3)
    log.info("drained", tenant_id=target.tenant_id, target=target.name, seconds=seconds, **counts)
    return counts


def _introduced(target: Target, session: PacedSession, crew: Crew) -> Target:
    """The target with its capabilities; where it does not work at all, the gate is shut."""
    try:
        return described(target, session)
    except TargetError as error:
        if pauses(error):
            session.gate.stop("unauthorised")
            targets.pause_refused(target, error)
        elif isinstance(error, RetryLater):
            crew.judge(Outcome(error.outcome, error=error))
            session.gate.stop("unavailable")
        log.warning(
            "the target did not say what it can", target=target.name, code=error.code, reason=error.message
        )
    return target


def described(target: Target, session: PacedSession) -> Target:
    """The target with its capabilities, asked once and kept. Raises `TargetError`."""
    if "capabilities" in target.settings:
        return target
    capabilities = target.adapter.describe(session)
    with writing() as connection:
        return targets.keep_capabilities(connection, target, capabilities)
