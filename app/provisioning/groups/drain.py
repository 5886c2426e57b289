"""One drain of a target's groups: claims due groups, and sees each through look, decision, mark, requests and result.

It follows the people of a tick: groups hold members by the ids of their accounts. Several processes may do it at the
same time, and each may be killed at any instant (rule 13).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import structlog
from sqlalchemy.exc import IntegrityError

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import Exchange, OutboundError
from app.provisioning import attempts, targets
from app.provisioning.adapter import GroupAdapter
from app.provisioning.claims import Holder
from app.provisioning.crew import Crew
from app.provisioning.errors import TargetError
from app.provisioning.groups import claims, planning, sending, settling, wanted
from app.provisioning.groups.claims import GroupResult
from app.provisioning.groups.links import GroupLink
from app.provisioning.groups.naming import labels_of
from app.provisioning.groups.planning import GroupDecision, Look, Roll
from app.provisioning.groups.sending import Sender, Sent
from app.provisioning.groups.settling import Work
from app.provisioning.groups.wanted import Wanted, takes_part
from app.provisioning.links import Link
from app.provisioning.retries import circuit_wait
from app.provisioning.sending import Outcome, pauses
from app.provisioning.settlements import Setting
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession, Stopped

log = structlog.get_logger(__name__)

#: Seconds between looks at the target's state while groups are worked on.
LOOK_EVERY = 1.0


def drain_groups(
    target: Target,
    session: PacedSession,
    crew: Crew,
    holder: Holder,
    settings: Settings,
    *,
    deadline: float = float("inf"),
) -> int:
    """Bring the due groups of a target in line; returns how many were worked through.

    Nothing where the target gets no groups, or was stopped before. `deadline` is the monotonic instant after which
    no further group is begun.
    """
    if not takes_part(target) or session.gate.stop_reason is not None:
        return 0
    return GroupDrain(target, session, crew, holder, settings, deadline).run()


@dataclass(slots=True)
class _Case:
    """One claimed group on its way."""

    link: GroupLink
    roll: Roll
    look: Look = Look.NOTHING
    decision: GroupDecision | None = None
    outcome: Outcome = field(default_factory=Outcome)
    sent: Sent = field(default_factory=Sent)
    started_at: str | None = None
    exchanges: list[Exchange] = field(default_factory=list)


class GroupDrain:
    """The work of one process on the groups of one target, one group after the other."""

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
        self.adapter = cast(GroupAdapter, target.adapter)
        self.policy = target.policy
        self.chance = random.Random()
        self.number = 0
        self._leased: set[str] = set()
        self._begun: str | None = None
        self._renew_at = self._look_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether no further work should be begun."""
        return self.session.gate.stop_reason is not None or time.monotonic() >= self.deadline

    def run(self) -> int:
        """Work until no group is due; returns how many were worked through."""
        while not self.is_over and self._work():
            pass
        self.session.gate.hold(self, None)
        self._note_circuit()
        return self.number

    def _work(self) -> bool:
        """Take one batch through; False when nothing was due."""
        claimed_at = time.monotonic()
        with writing() as connection:
            links = claims.claim(connection, self.holder)
        if not links:
            return False
        self._leased = {link.key for link in links}
        self._hold_until(claimed_at)
        try:
            for case in self._cases(links):
                if self.is_over:
                    break
                self._one(case)
        finally:
            # A group that broke off after its mark keeps its lease: what was sent last may arrive meanwhile.
            with writing() as connection:
                claims.release(connection, self.holder, self._leased - {self._begun})
        return True

    def _cases(self, links: Iterable[GroupLink]) -> list[_Case]:
        keys = {link.key: link for link in links}
        with reading() as connection:
            people = wanted.load(connection, self.target, keys.keys())
            ours = wanted.last_sent(connection, self.target, keys.keys())
        return [
            _Case(self._renamed(link, people), Roll(_members(people, key), ours[key]))
            for key, link in keys.items()
        ]

    def _renamed(self, link: GroupLink, people: Mapping[str, Wanted]) -> GroupLink:
        """The link with the name for a new group; a group that is there, or may be, keeps its own."""
        if link.remote_id is not None or link.is_uncertain or link.key not in people:
            return link
        return replace(link, name=self.policy.group_prefix + people[link.key].name)

    # --- one group ---

    def _one(self, case: _Case) -> None:
        with self.session.recorder.into(case.exchanges):
            try:
                self._decide(case)
                if case.decision is not None and case.decision.writes and self._start(case):
                    self._send(case)
            except (Stopped, TargetError, OutboundError) as error:
                case.outcome = sending.outcome_of(error)
                self.crew.judge(case.outcome)
            except IntegrityError:
                self._write(case, settling.another_ones(case.link))
                return
            except Exception as error:
                log.exception("a group could not be worked on", target=self.target.name, group=case.link.key)
                case.outcome = sending.broken(error)
        self._settle(case)

    def _decide(self, case: _Case) -> None:
        case.look = planning.look_needed(case.link, case.roll)
        self._beat()
        seen = sending.look(self.adapter, self.session, case.link, case.look)
        if case.look is not Look.NOTHING:
            self.crew.judge(Outcome())
        case.decision = planning.decide(case.link, case.roll, self.policy, case.look, seen)

    def _start(self, case: _Case) -> bool:
        """Commit the mark before the first request leaves; a group whose lease was lost is let go."""
        decision = case.decision or GroupDecision(case.link.state)
        with writing() as connection:
            has_begun = claims.start(
                connection, self.holder, case.link, decision.remote_id, decision.changes.add
            )
        if not has_begun:
            raise Stopped("the lease was lost")
        case.started_at, self._begun = clock.now(), case.link.key
        return True

    def _send(self, case: _Case) -> None:
        sender = Sender(self.adapter, self.session, self._beat, self.crew.judge)
        case.sent = sender.sent
        if case.decision is not None:
            sender.carry_out(case.link, case.decision)

    def _settle(self, case: _Case) -> None:
        labels: Mapping[str, str] = {}
        if case.sent.refused:
            with reading() as connection:
                labels = labels_of(connection, self.target, case.sent.refused)
        quiet = self.settings.call_timeout + self.settings.attempt_grace
        work = Work(
            link=case.link,
            roll=case.roll,
            setting=Setting(clock.now(), self.chance, quiet),
            outcome=case.outcome,
            decision=case.decision,
            sent=case.sent,
            started_at=case.started_at,
            has_looked=case.look is not Look.NOTHING,
            labels=labels,
        )
        try:
            self._write(case, settling.settled(work))
        except IntegrityError:
            self._write(case, settling.another_ones(case.link))
        if case.outcome.error is not None and pauses(case.outcome.error):
            targets.pause_refused(self.target, case.outcome.error)

    def _write(self, case: _Case, result: GroupResult) -> None:
        with writing() as connection:
            is_counted = claims.settle(connection, self.holder, result)
            attempts.keep(connection, _attempts(self.target, case))
        self._leased.discard(case.link.key)
        self.number += int(is_counted and result.is_done)
        if is_counted and result.columns["state"] in ("held", "vanished"):
            log.warning(
                "a group is held",
                target=self.target.name,
                group=case.link.key,
                reason=result.columns["reason_code"],
            )

    # --- leases, pauses, the circuit ---

    def _hold_until(self, since: float) -> None:
        """The lease taken at the monotonic instant `since` bounds the calls that may leave."""
        self.session.gate.hold(self, since + self.holder.lease_seconds)
        self._renew_at = since + self.holder.lease_seconds / 3

    def _beat(self) -> None:
        """Before each call: renew the leases in time, and stop when the target was paused."""
        now = time.monotonic()
        if now >= self._renew_at:
            with writing() as connection:
                is_renewed = claims.renew(connection, self.holder, self._leased)
            if is_renewed:
                self._hold_until(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            with reading() as connection:
                target = targets.with_id(connection, self.target.tenant_id, self.target.id)
            if target is None or not target.is_active:
                self.session.gate.stop("paused")

    def _note_circuit(self) -> None:
        """Leave a target alone that is out of order or asked for it, as the drain of people does."""
        if self.session.gate.stop_reason != "unavailable":
            return
        error = self.crew.last_error.error if self.crew.last_error else None
        failures = 1 if self.crew.answered else self.target.failures + 1
        seconds = circuit_wait(error.retry_after if error else None, failures, self.chance)
        with writing() as connection:
            targets.note_answer(connection, self.target, failures=failures, retry_at=clock.after(seconds))


def _attempts(target: Target, case: _Case) -> list[dict[str, Any]]:
    """The rows of the exchanges; they are about no employee."""
    of_nobody = Link("", lease_token=case.link.lease_token)
    rows = attempts.rows_of(target.tenant_id, target.id, of_nobody, 0, case.exchanges)
    return [row | {"employee_id": None, "employee_version": None} for row in rows]


def _members(people: Mapping[str, Wanted], key: str) -> frozenset[str]:
    return people[key].members if key in people else frozenset()
