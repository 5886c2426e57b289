"""What one row means for the directory: decided here, carried out (or, in a dry run, only counted) elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

from app.directory import work_email
from app.sources.errors import row_refused
from app.sources.fields import WORK_EMAIL
from app.sources.fragments import Document, fragment_of, secret_siblings, without_empty
from app.sources.known_records import KnownRecord, Printer
from app.sources.mapping import Mapping as FieldMapping
from app.sources.matching import Hits, match, user_name
from app.sources.people import People
from app.sources.records import RowProblem, Values
from app.sources.suggestions import Unconfirmed, facts_of, look_alikes
from app.sources.templates import Template

EMPLOYEE_NUMBER = "enterprise.employeeNumber"
#: Without one of these a row cannot add a person.
_NAMING = ("name", "displayName", "nickName", "emails", "userName")


@dataclass(frozen=True)
class Terms:
    """Under which terms rows are decided: the source, its mapping and choices, the day, and whether all was read."""

    source_name: str
    source_kind: str
    mapping: FieldMapping
    work_email: str
    template: Template | None
    printer: Printer
    today: date
    complete: bool

    @cached_property
    def once(self) -> frozenset[str]:
        """The fields that are set when a person is added, and never again."""
        return frozenset(name for name, rule in self.mapping.fields.items() if rule.once)

    @property
    def record_of(self) -> dict[str, str]:
        """What the entry of the source among a person's records is called."""
        return {"system": self.source_kind, "tenant": self.source_name}

    @property
    def uses_source_address(self) -> bool:
        """Whether the source's own work e-mail addresses are taken."""
        return self.work_email == "source"


@dataclass(frozen=True, slots=True)
class Said:
    """One row in the directory's words: its values, their digest, and warnings."""

    record_id: str
    values: dict[str, Any]
    fingerprint: str
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done: `create` a document, `merge` a fragment into an employee, or nothing (`skip`).

    `known` is what is to be remembered of the record afterwards (its employee is filled in after a creation).
    """

    kind: Literal["create", "merge", "skip"]
    known: KnownRecord
    employee_id: str | None = None
    document: Document = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    problems: tuple[RowProblem, ...] = ()
    #: Value paths that the source speaks for from now on, also where it says what stands there already.
    spoken_for: frozenset[str] = frozenset()
    #: The address of a manager who is not known yet (``app.sources.managers``).
    awaited: str | None = None


def said(terms: Terms, record_id: str, values: Values) -> Said:
    """Return what a row says. Raises ``RowRefused`` with every value that does not fit."""
    mapped = terms.mapping.apply(record_id, values, terms.today)
    kept = {n: v for n, v in mapped.values.items() if n != WORK_EMAIL or terms.uses_source_address}
    return Said(record_id, kept, terms.printer.of_row(kept, terms.work_email), mapped.problems)


def decide(terms: Terms, row: Said, raw: Values, known: KnownRecord | None, people: People) -> Decision:
    """Return what a row that is not as it was means.

    Only values that changed at the source since its last import are written, so that others' changes to the rest of
    the person stay. A person who is matched for the first time, or was deleted since, gets all of them. Where the
    tenant has a precedence or pins, these decide instead (``app.sources.rights``).

    :raises RowRefused: two people match, the match is taken, or a value does not fit the schema.
    :raises Unconfirmed: somebody must say whether the row is an employee who is known.
    """
    document = people.document(known.employee_id) if known and known.employee_id else None
    linked = known if document is not None else None
    changed = _changed(terms, row.values, linked.prints if linked else {})
    employee_id = _matched(changed, linked, people, row.record_id) or people.confirmed(row.record_id)
    if employee_id is None:
        return _creation(terms, row, raw, people)
    if document is None:
        document = people.document(employee_id) or {}
    return _update(terms, row, raw, changed, employee_id, document, people)


def _changed(terms: Terms, values: Mapping[str, Any], prints: Mapping[str, str]) -> dict[str, Any]:
    if not prints:
        return dict(values)
    names = {name for name, value in values.items() if prints.get(name) != terms.printer.of(value)}
    for name in list(names):
        names.update(n for n in secret_siblings(name, terms.mapping.targets) if n in values)
    return {name: value for name, value in values.items() if name in names}


def _matched(
    changed: Mapping[str, Any], linked: KnownRecord | None, people: People, record_id: str
) -> str | None:
    number, address = changed.get(EMPLOYEE_NUMBER), changed.get(WORK_EMAIL)
    found = match(
        Hits(
            linked.employee_id if linked else None,
            people.by_number(number) if number else (),
            people.by_work_email(address) if address else (),
        )
    )
    if found is None:
        return None
    other = people.record_of(found.employee_id) if found.by != "record" else None
    if other is not None and other != record_id:
        word = "employee number" if found.by == "number" else "work e-mail"
        raise row_refused(
            "already_linked",
            f"its {word} belongs to employee {found.employee_id}, who is record {other!r} of this source already",
        )
    return found.employee_id


def _creation(terms: Terms, row: Said, raw: Values, people: People) -> Decision:
    fragment = fragment_of(row.values, terms.mapping.targets, terms.record_of)
    document = without_empty(fragment.document)
    if not any(document.get(name) for name in _NAMING):
        # A footer such as "Total: 42" has a key too.
        raise row_refused(
            "nobody_named", "nobody with this key is known, and the row has no name and no e-mail address"
        )
    known_ones = [] if people.is_somebody_else(row.record_id) else look_alikes(document, people)
    if known_ones:
        raise Unconfirmed(known_ones, facts_of(document))
    address, warnings = _template_address(terms, raw, people)
    if address:
        document["emails"] = [{"type": "work", "value": address}, *document.get("emails", ())]
    document.setdefault("active", True)
    document["userName"] = user_name(document, terms.source_name, row.record_id)
    if people.by_user_name(document["userName"]):
        raise row_refused(
            "user_name_taken", f"the userName {document['userName']!r} belongs to another person"
        )
    secrets = {path: value for path, value in fragment.secrets.items() if value is not None}
    known = _remembered(terms, row, None, row.values)
    return Decision("create", known, None, document, secrets, (*row.problems, *warnings))


def _update(
    terms: Terms,
    row: Said,
    raw: Values,
    changed: dict[str, Any],
    employee_id: str,
    document: Document,
    people: People,
) -> Decision:
    # The userName is set once, at creation; so is what the mapping marks with once = true.
    allowed = people.rights.writable(employee_id, row.values, changed)
    written = {n: v for n, v in allowed.items() if n != "userName" and n not in terms.once}
    held, warnings = _held_back(terms, written, document)
    for name in held:
        del written[name]
    fragment = fragment_of(written, terms.mapping.targets, terms.record_of)
    is_pinned = people.rights.is_pinned(employee_id, WORK_EMAIL)
    if terms.template is not None and work_email(document) is None and not is_pinned:
        address, more = _template_address(terms, raw, people)
        warnings += more
        if address:
            fragment.document.setdefault("emails", []).append({"type": "work", "value": address})
    remembered = {name: value for name, value in row.values.items() if name not in held}
    known = _remembered(terms, row, employee_id, remembered, is_whole=not held)
    problems = (*row.problems, *warnings)
    spoken_for = people.rights.spoken_for(written)
    return Decision("merge", known, employee_id, fragment.document, fragment.secrets, problems, spoken_for)


def _held_back(
    terms: Terms, written: Mapping[str, Any], document: Document
) -> tuple[list[str], tuple[RowProblem, ...]]:
    """An incomplete read never suspends anyone: who would become inactive stays as they are until the next import."""
    if terms.complete or written.get("active") is not False or not document.get("active", True):
        return [], ()
    reason = (
        "the source broke off while it was read, so this person was not set inactive; the next import does it"
    )
    return ["active"], (
        RowProblem("status_withheld", reason, terms.mapping.fields["active"].column, "warning"),
    )


def _template_address(terms: Terms, raw: Values, people: People) -> tuple[str | None, tuple[RowProblem, ...]]:
    if terms.template is None:
        return None, ()
    address = terms.mapping.fill(terms.template, raw, terms.today)
    if address is None:
        reason = f"no work e-mail could be formed from {terms.template.text!r}: a part of it is empty"
        return None, (RowProblem("no_work_email", reason, "", "warning"),)
    if people.by_work_email(address):
        raise row_refused(
            "work_email_taken", f"the work e-mail {address} formed for this person belongs to another"
        )
    return address, ()


def _remembered(
    terms: Terms, row: Said, employee_id: str | None, values: Mapping[str, Any], *, is_whole: bool = True
) -> KnownRecord:
    prints = {name: terms.printer.of(value) for name, value in values.items()}
    return KnownRecord(row.record_id, employee_id, row.fingerprint if is_whole else None, prints)
