"""Staged rows applied, a batch to a transaction: row states, counters, errors and people are committed together.

So a run that is killed at any moment goes on behind its last batch and counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, NestedTransaction, insert
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app import clock, directory
from app.directory import Actor, owning
from app.sources import awaiting, linking, managers, row_errors, staging, suggestions, welcome
from app.sources.adapter import Imported
from app.sources.decisions import Decision, Said, Terms, decide, said
from app.sources.errors import RowRefused, row_refused
from app.sources.known_records import KnownRecord, known_records, mark_seen, remember
from app.sources.managers import Chains
from app.sources.people import People, PlannedPeople, Plans
from app.sources.records import Counts, RowProblem
from app.sources.rights import Rights
from app.sources.runs import Lease
from app.sources.staging import StagedRow
from app.sources.suggestions import Suggestion, Unconfirmed
from app.sources.tables import import_run, row_error
from app.sources.welcome import Greeter
from scim.errors import ScimError, Uniqueness

log = structlog.get_logger(__name__)

BATCH_ROWS = 200
_INSERT_ERRORS = insert(row_error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    row: StagedRow
    word: str
    fingerprint: str | None = None
    problems: tuple[RowProblem, ...] = ()


@dataclass
class Batch:
    """One batch in its transaction. `plans` is given for a dry run: nothing is written to people then."""

    connection: Connection
    lease: Lease
    source_id: int
    terms: Terms
    plans: Plans | None = None
    known: dict[str, KnownRecord] = field(default_factory=dict)
    rights: Rights | None = None
    answers: dict[str, Suggestion] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    #: Who writes to the people that are added; None when nobody is to.
    greeter: Greeter | None = None
    #: What became of the records of the batch, for adapters that acknowledge them.
    imported: list[Imported] = field(default_factory=list)
    #: That of the row that is worked on; None while nothing of it was written.
    _savepoint: NestedTransaction | None = None

    def apply(self, size: int = BATCH_ROWS) -> int:
        """Apply the next rows and store what became of them; return how many there were.

        :raises LeaseLost: the transaction must be rolled back.
        """
        lease = self.lease
        # The run's row first: whoever cancels takes the same locks in the same order.
        lease.renew(self.connection)
        rows = staging.next_batch(self.connection, lease.tenant_id, lease.run_id, size)
        if not rows:
            return 0
        ids = [row.record_id for row in rows if row.record_id is not None]
        self.known = known_records(self.connection, lease.tenant_id, self.source_id, ids)
        employees = [each.employee_id for each in self.known.values() if each.employee_id is not None]
        self.rights = Rights.of(self.connection, lease.tenant_id, self._actor().name, employees)
        self.answers = suggestions.of_records(self.connection, lease.tenant_id, self.source_id, ids)
        self.earlier = staging.applied_before(self.connection, lease.tenant_id, lease.run_id, ids)
        self._choose_greeter()
        outcomes = [self._outcome(row) for row in rows]
        if self.unchanged and self.plans is None:
            mark_seen(self.connection, lease.tenant_id, self.source_id, self.unchanged, lease.run_id)
        self._store(outcomes)
        self.imported = [Imported(o.row.record_id, o.word) for o in outcomes if o.row.record_id is not None]
        return len(rows)

    def _outcome(self, row: StagedRow) -> Outcome:
        """Apply one row in a savepoint: what goes wrong in it undoes this row only."""
        self._savepoint = None
        try:
            outcome = self._applied(row)
        except Unconfirmed as refusal:
            self._undo()
            self._suggest(row, refusal)
            return Outcome(row, "errored", None, refusal.problems)
        except RowRefused as refusal:
            self._undo()
            return Outcome(row, "errored", None, refusal.problems)
        except Uniqueness as error:
            self._undo()
            return Outcome(row, "errored", None, (RowProblem("user_name_taken", error.detail),))
        except ScimError as error:
            self._undo()
            return Outcome(row, "errored", None, (RowProblem("invalid_value", error.detail),))
        except (DataError, IntegrityError) as error:
            self._undo()
            log.warning(
                "row not storable", run=self.lease.run_id, row=row.number, error=type(error.orig).__name__
            )
            return Outcome(
                row, "errored", None, (RowProblem("not_storable", "the database refused this row"),)
            )
        except SQLAlchemyError:
            raise
        except Exception:
            # The edge of one row: a defect of ours must not stop the good rows, and must be found in the log.
            self._undo()
            log.exception("row failed", run=self.lease.run_id, row=row.number)
            reason = "Rollcall failed on this row; its log has the cause (run and row are named there)"
            return Outcome(row, "errored", None, (RowProblem("internal_error", reason),))
        if self._savepoint is not None:
            self._savepoint.commit()
        if outcome.fingerprint is not None and row.record_id is not None:
            self.earlier.setdefault(row.record_id, outcome.fingerprint)
        return outcome

    def _undo(self) -> None:
        if self._savepoint is not None:
            self._savepoint.rollback()

    def _applied(self, row: StagedRow) -> Outcome:
        if row.problem is not None or row.record_id is None:
            raise RowRefused(row.problem or RowProblem("missing_key", "the record has no key"))
        known = self.known.get(row.record_id)
        if known is not None and known.is_newer_than(self.lease.run_id):
            return Outcome(row, "skipped")  # this run waited for approval
        if row.gone:
            self._savepoint = self.connection.begin_nested()
            return Outcome(row, self._gone(known), "gone")
        spoken = said(self.terms, row.record_id, row.values)
        if row.record_id in self.earlier:
            return self._repeated(row, spoken)
        if known is not None and known.fingerprint == spoken.fingerprint and not self._claims(known, spoken):
            self.unchanged.append(row.record_id)
            return Outcome(row, "skipped", spoken.fingerprint, spoken.problems)
        # Not before: most rows of most imports are as they were, and write nothing.
        self._savepoint = self.connection.begin_nested()
        people = self._people()
        decision = decide(self.terms, spoken, row.values, known, people)
        decision = managers.with_manager(decision, people, Chains(people.document))
        word = self._plan(decision, row) if self.plans is not None else self._carry_out(decision)
        problems = (*decision.problems, *self._greeted(decision))
        return Outcome(row, word, spoken.fingerprint, problems)

    def _repeated(self, row: StagedRow, spoken: Said) -> Outcome:
        if self.earlier[spoken.record_id] == spoken.fingerprint:
            return Outcome(row, "skipped", None, spoken.problems)
        column = self.terms.mapping.key[0]
        raise row_refused(
            "duplicate_key", f"an earlier row has the key {spoken.record_id!r} with other values", column
        )

    def _people(self) -> People:
        place = (self.connection, self.lease.tenant_id, self.source_id)
        if self.plans is None:
            return People(*place, self.rights, self.answers)
        return PlannedPeople(*place, self.plans, self.rights, self.answers)

    def _claims(self, known: KnownRecord, spoken: Said) -> bool:
        """Whether an unchanged row counts all the same: somebody whose word counted more has let go of a value."""
        assert self.rights is not None
        return self.rights.has_claims(known.employee_id, spoken.values, self.terms.once)

    def _suggest(self, row: StagedRow, refusal: Unconfirmed) -> None:
        if self.plans is None and row.record_id is not None:
            place = (self.connection, self.lease.tenant_id, self.source_id)
            suggestions.suggest(*place, row.record_id, refusal.employee_ids[0], refusal.facts)

    def _actor(self) -> Actor:
        return Actor("source", self.terms.source_name, self.lease.run_id)

    def _gone(self, known: KnownRecord | None) -> str:
        """The record was deleted at its source: it is marked gone, its employee stays (provisioning.md rule 15)."""
        if known is None or known.gone_at is not None:
            return "skipped"
        if self.plans is None:
            gone = KnownRecord(
                known.record_id, known.employee_id, known.fingerprint, known.prints, clock.now()
            )
            remember(self.connection, self.lease.tenant_id, self.source_id, gone, self.lease.run_id)
        return "deleted"

    def _carry_out(self, decision: Decision) -> str:
        tenant_id, actor = self.lease.tenant_id, self._actor()
        employee_id, word = decision.employee_id, "skipped"
        if decision.kind == "create":
            created = directory.create(
                self.connection, tenant_id, actor, decision.document, secrets=decision.secrets
            )
            employee_id, word = created.id, "added"
        elif employee_id is not None:
            written = directory.merge(
                self.connection, tenant_id, employee_id, actor, decision.document, secrets=decision.secrets
            )
            word = "updated" if written.changed else "skipped"
            own = decision.spoken_for - written.paths
            if own:
                owning.take_over(self.connection, tenant_id, employee_id, actor, own)
        kept = decision.known
        if kept.record_id in self.answers:
            suggestions.settle(self.connection, tenant_id, self.source_id, kept.record_id)
        known = KnownRecord(kept.record_id, employee_id, kept.fingerprint, kept.prints)
        is_new = decision.kind == "create"
        remember(self.connection, tenant_id, self.source_id, known, self.lease.run_id, is_new=is_new)
        if employee_id is not None and managers.brings(decision) and (decision.awaited or not is_new):
            awaiting.keep(self.connection, tenant_id, self.source_id, employee_id, decision.awaited)
        before = self.known.get(known.record_id)
        if employee_id is not None and (before is None or before.employee_id != employee_id):
            linking.tell(self.connection, tenant_id, self.source_id, known.record_id, employee_id)
        return word

    def _plan(self, decision: Decision, row: StagedRow) -> str:
        assert self.plans is not None
        if decision.awaited is not None:
            self.plans.awaited[row.number] = (decision.known.record_id, decision.awaited)
        if decision.kind == "create" or decision.employee_id is None:
            self.plans.add(decision.document, decision.known.record_id)
            return "added"
        before = self._people().document(decision.employee_id) or {}
        after = directory.merged(before, decision.document)
        self.plans.change(decision.employee_id, after, decision.known.record_id)
        return (
            "updated"
            if decision.secrets or directory.flatten(after) != directory.flatten(before)
            else "skipped"
        )

    def _choose_greeter(self) -> None:
        place = (self.connection, self.lease.tenant_id)
        if not welcome.is_wanted(*place, self.source_id):
            return
        self.greeter = welcome.greeter(*place)
        if self.greeter is None:
            row_errors.warn(self.connection, self.lease, "no_welcome_text", welcome.NO_TEXT)

    def _greeted(self, decision: Decision) -> tuple[RowProblem, ...]:
        """Write to somebody who was added, in the same transaction; return why that cannot be."""
        if self.greeter is None or decision.kind != "create":
            return ()
        problem = self.greeter.greet(self.connection, decision.document, dry_run=self.plans is not None)
        return () if problem is None else (problem,)

    def _store(self, outcomes: Sequence[Outcome]) -> None:
        counts = Counts()
        for outcome in outcomes:
            counts.add(outcome.word)
        lease = self.lease
        staging.settle(
            self.connection,
            lease.tenant_id,
            lease.run_id,
            [(o.row.number, o.word, o.fingerprint) for o in outcomes],
        )
        errors = [line for outcome in outcomes for line in self._error_lines(outcome)]
        if errors:
            self.connection.execute(_INSERT_ERRORS, errors)
        added = {
            name: import_run.c[name] + step
            for name, step in counts.as_dict().items()
            if name != "total" and step
        }
        lease.renew(self.connection, **added)

    def _error_lines(self, outcome: Outcome) -> list[dict[str, object]]:
        distinct = {(p.code, p.column): p for p in reversed(outcome.problems)}
        return [
            {
                "tenant_id": self.lease.tenant_id,
                "run_id": self.lease.run_id,
                "number": outcome.row.number,
                "position": position,
                "column": problem.column,
                "code": problem.code,
                "reason": problem.reason,
                "record_id": outcome.row.record_id or "",
                "severity": problem.severity,
            }
            for position, problem in enumerate(reversed(distinct.values()))
        ]
