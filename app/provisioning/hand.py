"""One hand of a drain: takes claimed links batch by batch through decision, marks, requests and result.

A drain has two: while the requests of one are on their way, the other plans, marks and settles. They share what the
drain knows, its session and its crew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.provisioning import claims, parts, planner, plans, results, sending, settlements, targets, tasks
from app.provisioning.claims import Holder, Start
from app.provisioning.counts import Counts
from app.provisioning.crew import Crew
from app.provisioning.listing import Listing
from app.provisioning.operations import Decision, Reading, Sight
from app.provisioning.sending import Outcome
from app.provisioning.settlements import Setting
from app.provisioning.targets import Target
from app.provisioning.tasks import Task
from app.provisioning.wire import PacedSession

#: A batch has work for so many rounds of the calls that may be under way at once, and for so many seconds at the speed
#: seen so far: what one drain has claimed, no other one can help with, and whoever must be suspended waits behind it.
ROUNDS, SECONDS = 25, 2.0
#: Seconds between looks at the target's state while calls run.
LOOK_EVERY = 1.0


@dataclass(slots=True)
class Bench:
    """What the hands of a drain share."""

    target: Target
    session: PacedSession
    crew: Crew
    holder: Holder
    settings: Settings
    #: The monotonic instant after which no batch is begun.
    deadline: float
    #: The target as a whole, once it was read, and whether comparisons ask account by account instead.
    listing: Listing | None = None
    reads_singly: bool = False
    #: The target was out of order: the next call goes alone.
    is_probing: bool = False
    #: The people to whose accounts this drain has sent something since it last began to read the whole target: what
    #: the listing shows of them may be older, also where the outcome is not known.
    written: set[str] = field(default_factory=set)
    #: The plan under which is counted what no sync asked for; made when the first of it is begun.
    plan_id: int | None = None
    marks: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_over(self) -> bool:
        """Whether no further work should be begun."""
        return self.session.gate.stop_reason is not None or time.monotonic() >= self.deadline

    @property
    def listed_at(self) -> str:
        """Links that want the target compared are claimable when they asked for it before this instant."""
        if self.reads_singly:
            return claims.ALWAYS
        return self.listing.read_at if self.listing else claims.NEVER

    @property
    def batch(self) -> int:
        """How many links are claimed at once."""
        if self.is_probing:
            return 1
        calls, rate = self.session.gate.pace
        calls = calls or self.target.policy.concurrency
        speed = min(rate or float("inf"), self.crew.answers_in_a_second)
        # The first batch has one hand only, which stands still while it is marked and settled: it is a small one.
        most = ROUNDS * calls if self.crew.answered else claims.BATCH
        return max(2 * calls, int(min(most, SECONDS * speed)))


class Hand:
    """Works on one batch at a time."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.target = bench.target
        self.session = bench.session
        self.crew = bench.crew
        self.holder = bench.holder
        self.adapter = bench.target.adapter
        self.policy = bench.target.policy
        self.chance = Random()
        self.counts = Counts()
        self._renew_at = self._look_at = 0.0

    def work_on(self) -> bool:
        """Take batches through until nothing is due; False when nothing was."""
        has_worked = False
        while not self.bench.is_over and self.work():
            has_worked = True
        return has_worked

    def work(self, priority: int = claims.LOWEST) -> bool:
        """Take one batch through; False when nothing was due."""
        claimed_at = time.monotonic()
        with writing() as connection:
            links = claims.claim(
                connection,
                self.holder,
                limit=self.bench.batch,
                listed_at=self.bench.listed_at,
                priority=priority,
            )
        if not links:
            return False
        self._hold_until(claimed_at)
        with reading() as connection:
            batch = tasks.load(connection, self.target, self.policy, links)
        self._look(batch)
        with reading() as connection:
            tasks.decide(connection, self.target, self.policy, self.adapter, batch)
        self._start(batch)
        sent = [task for task in batch if task.sends]
        self.bench.written.update(task.link.employee_id for task in sent)
        self.crew.run(sent, self._send, lambda: self._beat(batch))
        self._settle(batch)
        self.bench.is_probing = self.bench.is_probing and self.crew.answered == 0
        return True

    def _look(self, batch: Sequence[Task]) -> None:
        """Read what the decisions need: out of the listing where it shows it, else from the target."""
        asks = []
        for task in batch:
            if task.decision is not None:
                continue
            task.outlook = planner.outlook(task.person, task.link, self.policy, self.adapter)
            if task.outlook.reading is Reading.NOTHING:
                continue
            seen = self._listed(task, task.outlook.reading)
            if seen is not None:
                task.sight = seen
            else:
                asks.append(task)
        self.crew.run(asks, self._read, lambda: self._beat(batch))

    def _listed(self, task: Task, what: Reading) -> Sight | None:
        listing = self.bench.listing
        if listing is None or task.is_exact or task.link.employee_id in self.bench.written:
            return None
        return listing.sight(task.person, task.link, what)

    def _read(self, task: Task) -> Outcome:
        what = task.outlook.reading
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
            with self.bench.marks:
                with writing() as connection:
                    begun = claims.start(connection, self.holder, [start for _, start in starting])
                    plan_id = self._show(connection, [t for t, _ in starting if t.link.employee_id in begun])
                self.bench.plan_id = plan_id
        except IntegrityError:
            if len(starting) == 1:
                return set(), {starting[0][0].link.employee_id}
            parts = [self._begin([one]) for one in starting]
            return set().union(*(b for b, _ in parts)), set().union(*(c for _, c in parts))
        self._hold_until(started_at)
        return begun, set()

    def _show(self, connection: Connection, begun: Sequence[Task]) -> int | None:
        """Put the operations into the plan of the sync that they belong to, else into this drain's; return that."""
        strays = [task for task in begun if task.link.sync_id is None and task.link.plan_id is None]
        plan_id = self.bench.plan_id
        if strays:
            plan_id = self._plan_for(connection, strays)
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

    def _plan_for(self, connection: Connection, strays: Sequence[Task]) -> int:
        """This drain's plan; another one for who has a line there: an undo needs what stood before each operation."""
        tenant_id, plan_id = self.target.tenant_id, self.bench.plan_id
        ids = [task.link.employee_id for task in strays]
        if plan_id is not None and not parts.has_applied(connection, tenant_id, plan_id, ids):
            return plan_id
        return plans.create(connection, tenant_id, self.target.id, plans.TICK, "applying", "scheduled")

    def _settle(self, batch: Sequence[Task]) -> None:
        """Write the results; give back what was not begun."""
        self.session.gate.hold(self, None)
        settles: list[Task] = []
        returns: list[Task] = []
        for task in batch:
            is_open = task.decision is None and task.outcome.kind == "unsent"
            (returns if is_open or not task.is_begun else settles).append(task)
        if settles:
            quiet = self.bench.settings.call_timeout + self.bench.settings.attempt_grace
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
        self.session.gate.hold(self, since + self.holder.lease_seconds)
        self._renew_at = since + self.holder.lease_seconds / 3

    def _beat(self, batch: Sequence[Task]) -> None:
        """While calls run: renew the leases in time, and stop when the target was paused."""
        now = time.monotonic()
        if now >= self._renew_at:
            with writing() as connection:
                is_renewed = claims.renew(connection, self.holder, [task.link.employee_id for task in batch])
            if is_renewed:
                self._hold_until(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            with reading() as connection:
                target = targets.with_id(connection, self.target.tenant_id, self.target.id)
            if target is None or not target.is_active:
                self.session.gate.stop("paused")
