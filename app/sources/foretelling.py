"""What an import would do, person by person, told from some of a source's records; nothing is written.

The same decisions as in a dry run, with the people before and after. It tells of the records that it is given, in their
order; a dry run counts all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app import clock, directory
from app.directory import Document
from app.sources import suggestions
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.decisions import Decision, Said, Terms, decide, said
from app.sources.errors import RowRefused, row_refused
from app.sources.fields import WORK_EMAIL, TargetField, user_fields
from app.sources.known_records import KnownRecord, Printer, known_records
from app.sources.managers import Chains, with_manager
from app.sources.people import PlannedPeople, Plans
from app.sources.previewing import HIDDEN
from app.sources.records import RowProblem, SourceRecord
from app.sources.rights import Rights

#: What may become of a record, in the order in which it is told.
RESULTS = ("added", "updated", "unchanged", "left_out", "errored", "gone")


@dataclass(frozen=True, slots=True)
class Step:
    """One field of a person, before and after; values that are not to be repeated are ``HIDDEN``."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Foretold:
    """What would become of one record, one of :data:`RESULTS`."""

    number: int
    record_id: str
    result: str
    employee_id: str | None = None
    #: The person afterwards; empty where nobody is concerned.
    document: Document = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    becomes_inactive: bool = False


def foretold(
    connection: Connection, known: Source, context: SourceContext, records: Sequence[SourceRecord]
) -> list[Foretold]:
    """Return what an import of these records would do now. Raises ``MappingError``."""
    return list(_Teller(connection, known, context, records).told())


class _Teller:
    """Looks at records one by one, each with those before it in mind."""

    def __init__(
        self, connection: Connection, known: Source, context: SourceContext, records: Sequence[SourceRecord]
    ) -> None:
        self.terms = _terms(known, context)
        self.records = records
        ids = [each for record in records if (each := self._id(record)) is not None]
        place = (connection, known.tenant_id, known.id)
        self.known = known_records(*place, ids)
        employees = [each.employee_id for each in self.known.values() if each.employee_id is not None]
        rights = Rights.of(connection, known.tenant_id, f"source:{known.name}", employees)
        self.people = PlannedPeople(*place, Plans(), rights, suggestions.of_records(*place, ids))
        self.chains = Chains(self.people.document)
        #: Record → digest of what its first row said, and the records that something was decided about.
        self.earlier: dict[str, str] = {}
        self.told_of: set[str] = set()

    def told(self) -> Iterator[Foretold]:
        for record in self.records:
            try:
                yield self._one(record)
            except RowRefused as refusal:
                yield Foretold(record.number, self._id(record) or "", "errored", problems=refusal.problems)

    def _id(self, record: SourceRecord) -> str | None:
        try:
            return self.terms.mapping.record_id(record.values)
        except RowRefused:
            return None

    def _one(self, record: SourceRecord) -> Foretold:
        if record.problem is not None:
            raise RowRefused(record.problem)
        mapping = self.terms.mapping
        if not record.gone and not mapping.wants(record.values):
            return Foretold(record.number, self._id(record) or "", "left_out")
        record_id = mapping.record_id(record.values)
        known = self.known.get(record_id)
        if record.gone:
            return Foretold(record.number, record_id, "gone", known.employee_id if known else None)
        spoken = said(self.terms, record_id, record.values)
        if self.earlier.setdefault(record_id, spoken.fingerprint) != spoken.fingerprint:
            reason = f"an earlier row has the key {record_id!r} with other values"
            raise row_refused("duplicate_key", reason, mapping.key[0])
        if record_id in self.told_of or self._is_as_it_was(known, spoken):
            return self._unchanged(record, record_id, known)
        self.told_of.add(record_id)
        decision = decide(self.terms, spoken, record.values, known, self.people)
        decision = with_manager(decision, self.people, self.chains)
        told = self._added if decision.kind == "create" or decision.employee_id is None else self._changed
        return told(record, decision, spoken.values)

    def _is_as_it_was(self, known: KnownRecord | None, spoken: Said) -> bool:
        if known is None or known.fingerprint != spoken.fingerprint:
            return False
        return not self.people.rights.has_claims(known.employee_id, spoken.values, self.terms.once)

    def _unchanged(self, record: SourceRecord, record_id: str, known: KnownRecord | None) -> Foretold:
        employee_id = known.employee_id if known else None
        document = (self.people.document(employee_id) if employee_id else None) or {}
        return Foretold(record.number, record_id, "unchanged", employee_id, document)

    def _added(self, record: SourceRecord, decision: Decision, values: Mapping[str, Any]) -> Foretold:
        record_id = decision.known.record_id
        self.people.plans.add(decision.document, record_id)
        steps = self._steps(values, {}, decision.document, decision.secrets)
        return Foretold(record.number, record_id, "added", None, decision.document, steps, decision.problems)

    def _changed(self, record: SourceRecord, decision: Decision, values: Mapping[str, Any]) -> Foretold:
        assert decision.employee_id is not None
        before = self.people.document(decision.employee_id) or {}
        after = directory.merged(before, decision.document)
        self.people.plans.change(decision.employee_id, after, decision.known.record_id)
        steps = self._steps(values, before, after, decision.secrets)
        return Foretold(
            record.number,
            decision.known.record_id,
            "updated" if steps else "unchanged",
            decision.employee_id,
            after,
            steps,
            decision.problems,
            before.get("active", True) and after.get("active") is False,
        )

    def _steps(
        self, values: Mapping[str, Any], before: Document, after: Document, secrets: Mapping[str, Any]
    ) -> tuple[Step, ...]:
        names = list(dict.fromkeys([*values, WORK_EMAIL, "active", "userName"]))
        targets = {name: user_fields().fields[name] for name in names}
        found = []
        for name, target in targets.items():
            if target.secret:
                if secrets and values.get(name) is not None:
                    found.append(Step(name, None, HIDDEN))
                continue
            old, new = value_at(before, target), value_at(after, target)
            if name == "active" and before and old is None:
                old = True
            if old != new:
                shown = (old, new) if target.quotable else (old and HIDDEN, new and HIDDEN)
                found.append(Step(name, *shown))
        return tuple(found)


def value_at(document: Document, target: TargetField) -> Any:
    """Return the value of a field in a document, None where there is none."""
    if target.typed:
        attribute, kind, member = target.steps
        entry: Document = next((each for each in document.get(attribute, ()) if each.get("type") == kind), {})
        return entry.get(member)
    value: Any = document
    for step in target.steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _terms(known: Source, context: SourceContext) -> Terms:
    mapping, choice = known.compiled_mapping(context), known.work_email
    return Terms(
        source_name=known.name,
        source_kind=known.kind,
        mapping=mapping,
        work_email=choice,
        template=mapping.address_template(choice) if choice not in ("source", "none") else None,
        printer=Printer(known.print_key),
        today=mapping.today(clock.utcnow()),
        complete=True,
    )
