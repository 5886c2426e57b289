"""One drain: sees everybody who is due at a target through, and the whole target where a full resync wants it read.

Several processes may drain one target: their claims are disjoint. Nothing of a drain has to survive it: a kill at any
instant leaves rows from which the next one goes on (rule 13).
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from random import Random

import structlog

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import OutboundError
from app.provisioning import claims, listing, managers, sending, targets, turns
from app.provisioning.claims import Holder
from app.provisioning.counts import Counts
from app.provisioning.crew import Crew
from app.provisioning.errors import RetryLater, TargetError, from_outbound
from app.provisioning.hand import Bench, Hand
from app.provisioning.retries import circuit_wait
from app.provisioning.sending import Outcome
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession, Stopped

log = structlog.get_logger(__name__)

#: From so many comparisons on the target is listed as a whole instead of being read account by account.
LISTING_FROM = 20
#: Seconds between looks at urgent work while a long listing is read.
URGENT_EVERY = 5.0


class Drain:
    """The work of one process on one target, until nothing is due, the target stops it, or `deadline` (monotonic)."""

    def __init__(
        self,
        target: Target,
        session: PacedSession,
        crew: Crew,
        holder: Holder,
        settings: Settings,
        deadline: float,
    ) -> None:
        self.target = target
        self.bench = Bench(target, session, crew, holder, settings, deadline, is_probing=target.failures > 0)
        self.hand = Hand(self.bench)
        self.chance = Random()
        self._can_list = True
        self._urgent_at = 0.0
        self._listed = 0

    def run(self) -> Counts:
        """Work until nothing is due; returns what was done."""
        counts = Counts()
        while not self.bench.is_over:
            if not self._work(counts) and not self._wake() and not self._widen():
                break
        self._note_circuit()
        counts.update(self.hand.counts)
        return counts

    def _work(self, counts: Counts) -> bool:
        """Take all batches through, the first with one hand: it shows whether the target works, and how much is due."""
        if not self.hand.work():
            return False
        if self.target.policy.concurrency < 2:
            return self.hand.work_on() or True
        other = Hand(self.bench)
        with ThreadPoolExecutor(1, thread_name_prefix="hand") as pool:
            helping = pool.submit(copy_context().run, other.work_on)
            self.hand.work_on()
            helping.result()
        counts.update(other.counts)
        return True

    def _wake(self) -> bool:
        """Let those be due again who waited for their manager's account (a second pass); False when there are none."""
        with reading() as connection:
            if not managers.has_ready(connection, self.target.tenant_id, self.target.id):
                return False
        with writing() as connection:
            return managers.wake(connection, self.target.tenant_id, self.target.id)

    def _note_circuit(self) -> None:
        """Leave a target alone that is out of order or asked for it; the next drain begins with a single call."""
        failures = 0 if self.bench.crew.answered else self.target.failures
        if self.bench.session.gate.stop_reason == "unavailable":
            error = self.bench.crew.last_error.error if self.bench.crew.last_error else None
            seconds = circuit_wait(error.retry_after if error else None, failures + 1, self.chance)
            failures, retry_at = failures + 1, clock.after(seconds)
        elif self.target.failures and self.bench.crew.answered:
            retry_at = None
        else:
            return
        with writing() as connection:
            targets.note_answer(connection, self.target, failures=failures, retry_at=retry_at)

    # --- comparing with the whole target ---

    def _widen(self) -> bool:
        """Make links claimable that a full resync wants compared; False when there are none, or others see to it."""
        self.bench.reads_singly = False
        since = self.bench.listing.read_at if self.bench.listing else claims.NEVER
        with reading() as connection:
            waiting = claims.waiting_for_listing(connection, self.bench.holder, since, LISTING_FROM + 1)
        if waiting == 0:
            return False
        if waiting <= LISTING_FROM or not self._can_list:
            self.bench.reads_singly = True
            return True
        return self._list()

    def _list(self) -> bool:
        with writing() as connection:
            if not turns.take_listing(connection, self.bench.holder):
                return False
        read_at, self._urgent_at = clock.now(), time.monotonic() + URGENT_EVERY
        self._listed = 0
        self.bench.written.clear()
        try:
            with self.bench.session.patiently():
                accounts = self.target.adapter.list_accounts(self.bench.session)
                self.bench.listing = listing.read(accounts, read_at, self._between)
        except Stopped:
            return False
        except (TargetError, OutboundError) as error:
            return self._listing_failed(from_outbound(error) if isinstance(error, OutboundError) else error)
        return True

    def _between(self) -> None:
        """Suspends do not wait for a long listing."""
        self._listed += 1
        if time.monotonic() < self._urgent_at:
            return
        while not self.bench.is_over and self.hand.work(priority=0):
            pass
        self._urgent_at = time.monotonic() + URGENT_EVERY

    def _listing_failed(self, error: TargetError) -> bool:
        """Stop when the target does not answer at all; else compare account by account."""
        log.warning(
            "the target could not be listed", target=self.target.name, code=error.code, reason=error.message
        )
        self._can_list = False
        if self._listed and isinstance(error, RetryLater):
            # It answers, only not every time: nobody waits for it to give the whole list.
            self.bench.reads_singly = True
            return True
        self.bench.crew.judge(
            Outcome("unauthorised" if sending.pauses(error) else error.outcome, error=error)
        )
        if sending.pauses(error):
            targets.pause_refused(self.target, error)
        if isinstance(error, RetryLater):
            self.bench.session.gate.stop("unavailable")
        return not self.bench.is_over
