"""One drain: claims due links of a target batch by batch, and sees each through decision, marks, requests and result.

Several processes may drain one target: their claims are disjoint. Nothing of a drain has to survive it: a kill at any
instant leaves rows from which the next one goes on (rule 13).
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import OutboundError
from app.provisioning import (
    claims,
    listing,
    planner,
    plans,
    results,
    sending,
    settlements,
    targets,
    tasks,
    turns,
)
from app.provisioning.claims import Holder, Start
from app.provisioning.counts import Counts
from app.provisioning.crew import Crew
from app.provisioning.errors import RetryLater, TargetError, from_outbound
from app.provisioning.listing import Listing
from app.provisioning.operations import Decision, Reading
from app.provisioning.retries import circuit_wait
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting
from app.provisioning.targets import Target
from app.provisioning.tasks import Task
from app.provisioning.wire import PacedSession, Stopped

log = structlog.get_logger(__name__)

#: From so many comparisons on the target is listed as a whole instead of being read account by account.
LISTING_FROM = 20
#: Seconds between looks at urgent work while a long listing is read, and at the target's state while calls run.
URGENT_EVERY = 5.0
LOOK_EVERY = 1.0


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
        self.session = session
        self.crew = crew
        self.holder = holder
        self.settings = settings
        self.deadline = deadline
        self.adapter = target.adapter
        self.policy = target.policy
        self.chance = random.Random()
        self.counts = Counts()
        self._plan_id: int | None = None
        self._listing: Listing | None = None
        self._can_list = True
        self._reads_singly = False
        self._is_probing = target.failures > 0
        self._renew_at = self._look_at = self._urgent_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether no further work should be begun."""
        return self.session.gate.stop_reason is not None or time.monotonic() >= self.deadline

    def run(self) -> Counts:
        """Work until nothing is due; returns what was done."""
        while not self.is_over:
            if not self.work() and not self._widen():
                break
        self._note_circuit()
        return self.counts

    # --- a batch ---

    def work(self, priority: int = claims.LOWEST) -> bool:
        """Take one batch through; False when nothing was due."""
        claimed_at = time.monotonic()
        with writing() as connection:
            listed_at = (
                claims.ALWAYS
                if self._reads_singly
                else self._listing.read_at
                if self._listing
                else claims.NEVER
            )
            limit = 1 if self._is_probing else claims.BATCH
            links = claims.claim(connection, self.holder, limit=limit, listed_at=listed_at, priority=priority)
            if links:
                turns.keep(connection, self.holder)
        if not links:
            return False
        self._hold_until(claimed_at)
        with reading() as connection:
            batch = tasks.load(connection, self.target, self.policy, links)
        self._look(batch)
        with reading() as connection:
            tasks.decide(connection, self.target, self.policy, self.adapter, batch)
        self._start(batch)
        self.crew.run([task for task in batch if task.sends], self._send, lambda: self._beat(batch))
        self._settle(batch)
        self._is_probing = self._is_probing and self.crew.answered == 0
        return True

    def _look(self, batch: Sequence[Task]) -> None:
        """Read what the decisions need: out of the listing where it shows it, else from the target."""
        asks = []
        for task in batch:
            if task.decision is not None:
                continue
            what = planner.reading(task.person, task.link, self.policy, self.adapter)
            if what is Reading.NOTHING:
                continue
            seen = (
                self._listing.sight(task.person, task.link, what)
                if self._listing and not task.is_exact
                else None
            )
            if seen is not None:
                task.sight = seen
            else:
                asks.append(task)
        self.crew.run(asks, self._read, lambda: self._beat(batch))

    def _read(self, task: Task) -> Outcome:
        what = planner.reading(task.person, task.link, self.policy, self.adapter)
        task.sight, outcome = sending.look(self.adapter, self.session, task.person, task.link, what)
        return outcome

    def _send(self, task: Task) -> Outcome:
        if task.decision is None or task.decision.operation is None:
            return Outcome()
        return sending.carry_out(
            self.adapter, self.session, task.decision.operation, task.requests, reads_back=task.link.compares
        )

    # --- marks and results ---

    def _start(self, batch: Sequence[Task]) -> None:
        """Commit the marks of the batch before its first request leaves."""
        starting = [(task, start) for task in batch if (start := tasks.start_of(task)) is not None]
        waiting = {task.link.employee_id for task, _ in starting}
        begun, contested = self._begin(starting)
        for task in batch:
            id_ = task.link.employee_id
            task.is_begun = id_ in begun or id_ not in waiting
            if id_ in contested:
                task.requests, task.is_begun = (), True
                task.decision = Decision("held", "held", "account_of_another", results.TWICE)

    def _begin(self, starting: Sequence[tuple[Task, Start]]) -> tuple[set[str], set[str]]:
        """Employees whose attempts may begin, and those whose account another link holds."""
        if not starting:
            return set(), set()
        started_at = time.monotonic()
        try:
            with writing() as connection:
                begun = claims.start(connection, self.holder, [start for _, start in starting])
                plan_id = self._show(connection, [t for t, _ in starting if t.link.employee_id in begun])
        except IntegrityError:
            if len(starting) == 1:
                return set(), {starting[0][0].link.employee_id}
            parts = [self._begin([one]) for one in starting]
            return set().union(*(b for b, _ in parts)), set().union(*(c for _, c in parts))
        self._plan_id = plan_id
        self._hold_until(started_at)
        return begun, set()

    def _show(self, connection: Connection, begun: Sequence[Task]) -> int | None:
        """Put the operations into the plan of the sync that they belong to, else into this drain's; return that."""
        strays = [task for task in begun if task.link.sync_id is None and task.link.plan_id is None]
        plan_id = self._plan_id
        if strays:
            tenant_id, target_id = self.target.tenant_id, self.target.id
            plan_id = plan_id or plans.create(
                connection, tenant_id, target_id, plans.TICK, "applying", "scheduled"
            )
            claims.count_under(connection, self.holder, [task.link.employee_id for task in strays], plan_id)
            for task in strays:
                task.link = replace(task.link, sync_id=plan_id)
        by_sync: dict[int, list[plans.Entry]] = {}
        for task in begun:
            if task.link.sync_id is not None and task.decision is not None:
                entry = plans.Entry(task.person, task.link, task.decision, task.requests)
                by_sync.setdefault(task.link.sync_id, []).append(entry)
        for sync_id, entries in sorted(by_sync.items()):
            plans.store(connection, self.target.tenant_id, sync_id, entries)
        return plan_id

    def _settle(self, batch: Sequence[Task]) -> None:
        """Write the results; give back what was not begun."""
        self.session.gate.deadline = float("inf")
        settles: list[Task] = []
        returns: list[Task] = []
        for task in batch:
            is_open = task.decision is None and task.outcome.kind == "unsent"
            (returns if is_open or not task.is_begun else settles).append(task)
        if settles:
            quiet = self.settings.call_timeout + self.settings.attempt_grace
            setting = Setting(clock.now(), self.chance, quiet)
            results.write(self.target, self.holder, settles, setting, self.counts)
        if returns:
            with writing() as connection:
                settlements.release(connection, self.holder, [task.link.employee_id for task in returns])
        error = self.crew.last_error.error if self.crew.last_error else None
        if error is not None and sending.pauses(error):
            targets.pause_refused(self.target, error)

    # --- leases, pauses, the circuit ---

    def _hold_until(self, since: float) -> None:
        """The lease taken at the monotonic instant `since` bounds the calls that may leave."""
        self.session.gate.deadline = since + self.holder.lease_seconds
        self._renew_at = since + self.holder.lease_seconds / 3

    def _beat(self, batch: Sequence[Task]) -> None:
        """While calls run: renew the leases in time, and stop when the target was paused."""
        now = time.monotonic()
        if now >= self._renew_at:
            with writing() as connection:
                turns.keep(connection, self.holder)
                is_renewed = claims.renew(connection, self.holder, [task.link.employee_id for task in batch])
            if is_renewed:
                self._hold_until(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            with reading() as connection:
                target = targets.with_id(connection, self.target.tenant_id, self.target.id)
            if target is None or not target.is_active:
                self.session.gate.stop("paused")

    def _note_circuit(self) -> None:
        """Leave a target alone that is out of order or asked for it; the next drain begins with a single call."""
        failures = 0 if self.crew.answered else self.target.failures
        if self.session.gate.stop_reason == "unavailable":
            error = self.crew.last_error.error if self.crew.last_error else None
            seconds = circuit_wait(error.retry_after if error else None, failures + 1, self.chance)
            failures, retry_at = failures + 1, clock.after(seconds)
        elif self.target.failures and self.crew.answered:
            retry_at = None
        else:
            return
        with writing() as connection:
            targets.note_answer(connection, self.target, failures=failures, retry_at=retry_at)

    # --- comparing with the whole target ---

    def _widen(self) -> bool:
        """Make links claimable that a full resync wants compared; False when there are none, or others see to it."""
        self._reads_singly = False
        since = self._listing.read_at if self._listing else claims.NEVER
        with reading() as connection:
            waiting = claims.waiting_for_listing(connection, self.holder, since, LISTING_FROM + 1)
        if waiting == 0:
            return False
        if waiting <= LISTING_FROM or not self._can_list:
            self._reads_singly = True
            return True
        return self._list()

    def _list(self) -> bool:
        with writing() as connection:
            if not turns.take_listing(connection, self.holder):
                return False
        read_at, self._urgent_at = clock.now(), time.monotonic() + URGENT_EVERY
        try:
            self._listing = listing.read(self.adapter.list_accounts(self.session), read_at, self._between)
        except Stopped:
            return False
        except (TargetError, OutboundError) as error:
            return self._listing_failed(from_outbound(error) if isinstance(error, OutboundError) else error)
        return True

    def _between(self) -> None:
        """Suspends do not wait for a long listing."""
        if time.monotonic() < self._urgent_at:
            return
        with writing() as connection:
            turns.keep(connection, self.holder)
        while not self.is_over and self.work(priority=0):
            pass
        self._urgent_at = time.monotonic() + URGENT_EVERY

    def _listing_failed(self, error: TargetError) -> bool:
        """Stop when the target does not answer at all; else compare account by account."""
        log.warning(
            "the target could not be listed", target=self.target.name, code=error.code, reason=error.message
        )
        self.crew.judge(Outcome("unauthorised" if sending.pauses(error) else error.outcome, error=error))
        if sending.pauses(error):
            targets.pause_refused(self.target, error)
        if isinstance(error, RetryLater):
            self.session.gate.stop("unavailable")
        self._can_list = False
        return not self.is_over
