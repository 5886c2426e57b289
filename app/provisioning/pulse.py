"""The pulse of a drain: a thread that renews its turns and its share while the drain does whatever takes its time."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from app.database import refresh_statistics, writing
from app.provisioning import sharing, turns
from app.provisioning.claims import Holder
from app.provisioning.policies import Policy
from app.provisioning.wire import Gate

log = structlog.get_logger(__name__)

#: Pulses while a turn lasts, and while a share may be used. A newcomer makes no call for as long: by then all others
#: know of it, or make no call before they do.
PULSES, SHARE_PULSES = 4, 2
#: Seconds between tries of a drain that finds as many others at work as the target bears.
_ENTRY_SECONDS = 0.5
#: Extension of an application whose event, once set, ends its drains: the worker stops (app.jobs.worker).
STOPPING = "rollcall.stopping"


class Pulse:
    """Keeps a holder's turns from running out; a context manager. `has_tick`: the drain is a tick's.

    A drain whose tick has gone to another one, and one whose worker stops, makes no further call.
    """

    def __init__(self, holder: Holder, *, has_tick: bool) -> None:
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._holder = holder
        self._has_tick = has_tick
        self._seconds = turns.seconds(holder) / PULSES
        self._share_seconds = SHARE_PULSES * self._seconds
        self._governed: tuple[Gate, Policy] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def admits(self, gate: Gate, policy: Policy, *, until: float, most: int | None = None) -> bool:
        """Whether the drain may work, with its share at its gate from now on.

        There is room for `most` drains, if that is less than what the target bears. Waits for room up to the monotonic
        instant `until`: drains that were killed leave their shares to run out.
        """
        gate.close()
        while not self._enter(gate, policy, policy.concurrency if most is None else most):
            if time.monotonic() >= until or self._ended.wait(_ENTRY_SECONDS):
                return False
        self._governed = (gate, policy)
        return True

    def _enter(self, gate: Gate, policy: Policy, most: int) -> bool:
        asked_at = time.monotonic()
        with writing() as connection:
            if not sharing.join(connection, self._holder, most):
                return False
            drains = sharing.alive(connection, self._holder.tenant_id, self._holder.target_id)
        if len(drains) > 1:
            gate.rest(self._share_seconds)
        share = sharing.share_of(drains.index(self._holder.owner), len(drains), policy)
        gate.open(share.calls, share.rate, asked_at + self._share_seconds)
        return True

    def _run(self) -> None:
        with self._app.app_context():
            refresh_statistics()
            while not self._ended.wait(self._seconds):
                try:
                    self._beat()
                    refresh_statistics()
                except SQLAlchemyError as error:
                    log.warning(
                        "a drain could not renew its turn; it tries again", error=type(error).__name__
                    )

    def _beat(self) -> None:
        asked_at = time.monotonic()
        governed = self._governed
        with writing() as connection:
            has_tick = turns.keep(connection, self._holder)
            is_member = governed is not None and sharing.keep(connection, self._holder)
            drains = sharing.alive(connection, self._holder.tenant_id, self._holder.target_id)
        if governed is None:
            return
        gate, policy = governed
        stopping = self._app.extensions.get(STOPPING)
        if self._has_tick and not has_tick:
            gate.stop("another tick has begun")
        elif stopping is not None and stopping.is_set():
            gate.stop("this worker stops")
        elif is_member:
            share = sharing.share_of(drains.index(self._holder.owner), len(drains), policy)
            gate.open(share.calls, share.rate, asked_at + self._share_seconds)
        else:
            # It stood still for longer than its row lasted, and the others took its share.
            self._enter(gate, policy, policy.concurrency)
