"""The deliverer: drains a target from the beginning to the end of what is due."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import structlog
from flask import current_app
from sqlalchemy import Connection

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import OutboundError
from app.provisioning import breaker, connections, plans, resync, sharing, targets, turns
from app.provisioning.claims import Holder
from app.provisioning.counts import Counts
from app.provisioning.crew import Crew
from app.provisioning.drain import Drain
from app.provisioning.errors import RetryLater, TargetError
from app.provisioning.groups.drain import drain_groups
from app.provisioning.pulse import Pulse
from app.provisioning.retries import CIRCUIT_AFTER, circuit_wait
from app.provisioning.sending import Outcome, pauses
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession

log = structlog.get_logger(__name__)


def new_holder(tenant_id: int, target_id: int) -> Holder:
    """A holder of leases that nobody was before, not even this process."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    # A lease must outlive the call that is made under it, or no call could ever be made. It is renewed while work goes
    # on, and no longer than that: as long as it lasts, nobody touches the people of a worker that was killed.
    lease = 2 * settings.call_timeout
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"
    return Holder(tenant_id, target_id, owner, lease, settings.attempt_grace)


def drain(
    tenant_id: int, target_id: int, *, deadline: float | None = None, holder: Holder | None = None
) -> Counts:
    """Deliver what is due at a target, and return what was done.

    `deadline` is the monotonic instant after which no new batch is begun; a tick gives its `holder`. Nothing is sent to
    a target that is paused, or asked to be left alone for a while. Processes that drain one target at the same time
    share its limits (sharing.py).
    """
    with reading() as connection:
        target = _open_target(connection, tenant_id, target_id)
        is_gated = target is not None and breaker.has_gated(connection, target)
    if target is None:
        return Counts()
    has_tick, holder = holder is not None, holder or new_holder(tenant_id, target_id)
    with _turn(holder, has_tick=has_tick) as pulse:
        if is_gated:
            with writing() as connection:
                breaker.review(connection, target)
        _mark_resync(target)
        return _drained(target, holder, pulse, float("inf") if deadline is None else deadline)


def assist(tenant_id: int, target_id: int, *, deadline: float) -> Counts:
    """Deliver what is due beside a tick that has more to do than one process can, and return what was done.

    Reviews, resyncs and the reading of the whole target are left to the tick. Does nothing where the target bears no
    further drain.
    """
    with reading() as connection:
        target = _open_target(connection, tenant_id, target_id)
    if target is None or "capabilities" not in target.settings:
        return Counts()
    holder = new_holder(tenant_id, target_id)
    with _turn(holder, has_tick=False) as pulse:
        return _drained(target, holder, pulse, deadline, most=sharing.useful(target.policy))


def _open_target(connection: Connection, tenant_id: int, target_id: int) -> Target | None:
    """The target, if it may be called now."""
    target = targets.with_id(connection, tenant_id, target_id)
    is_open = target is not None and target.is_active and (target.retry_at or "") <= clock.now()
    return target if is_open else None


@contextmanager
def _turn(holder: Holder, *, has_tick: bool) -> Iterator[Pulse]:
    """The pulse that keeps the holder's turns; in the end they and its share are given back."""
    try:
        with Pulse(holder, has_tick=has_tick) as pulse:
            yield pulse
    finally:
        with writing() as connection:
            turns.give_back(connection, holder)
            sharing.leave(connection, holder)
            plans.finish(connection, holder.tenant_id, holder.target_id)


def _mark_resync(target: Target) -> None:
    """Finish the marking of a full resync that was asked for."""
    is_marking = target.resync_plan_id is not None
    while is_marking:
        with writing() as connection:
            is_marking = resync.mark_batch(connection, target)


def _drained(
    target: Target, holder: Holder, pulse: Pulse, deadline: float, *, most: int | None = None
) -> Counts:
    """`most`: the drain helps, and has nothing to do where so many are at work."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    try:
        session = connections.open_session(target)
    except OutboundError as error:
        _note_unopened(target, error)
        return Counts()
    patience = 1 if target.failures else CIRCUIT_AFTER
    with session, Crew(target.policy.concurrency, session.gate, session.recorder, patience=patience) as crew:
        # Where as many are at work as the target bears, a tick waits: those that were killed are gone by then.
        patience_ends = time.monotonic() + 2 * turns.seconds(holder)
        waits_until = min(deadline, patience_ends) if most is None else 0.0
        if not pulse.admits(session.gate, target.policy, until=waits_until, most=most):
            return Counts()
        target = _introduced(target, session, crew)
        work = Drain(target, session, crew, holder, settings, deadline)
        started = time.monotonic()
        counts = work.run()
        drain_groups(target, session, crew, holder, settings, deadline=deadline)
    seconds = round(time.monotonic() - started, 3)
    log.info("drained", tenant_id=target.tenant_id, target=target.name, seconds=seconds, **counts)
    return counts


def _note_unopened(target: Target, error: OutboundError) -> None:
    """Leave a target alone whose token server is away for a moment; pause one that cannot be called as it is set."""
    with writing() as connection:
        if not error.retryable:
            targets.pause(connection, target, "system:provisioning", error.message)
            return
        failures = target.failures + 1
        retry_at = clock.after(circuit_wait(error.retry_after, failures, Random()))
        targets.note_answer(connection, target, failures=failures, retry_at=retry_at)


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
