"""Managers by address: whom a source calls somebody's manager (``hr.managerEmail``) becomes ``manager.value``.

It is done in the very write that brings the address when the manager is known by then; who comes later is waited for
(``app.sources.awaiting``). A manager whom a client or an admin has set stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app import directory
from app.directory import Document
from app.sources.decisions import Decision
from app.sources.people import People
from scim.resources import ENTERPRISE, HR

FIELD = "hr.managerEmail"
EMAIL_PATH, VALUE_PATH = f"{HR}:managerEmail", f"{ENTERPRISE}:manager.value"
#: Code → why nobody is named. Documented in docs/identity.md.
WORDS = {
    "unknown": "is nobody's work e-mail yet; whoever comes with it becomes the manager",
    "several": "is the work e-mail of several employees, so none of them is named as the manager",
    "self": "is the person's own work e-mail; nobody is their own manager",
    "circle": "belongs to somebody whose own manager, or the manager's manager, is this person",
}


@dataclass(frozen=True, slots=True)
class Named:
    """Who is meant by an address: an employee, or None and a code of `WORDS`."""

    employee_id: str | None
    code: str = ""


@dataclass
class Chains:
    """Who is whose manager, as far as it was looked at; so that nobody comes to stand above themselves."""

    document: Callable[[str], Document | None]
    known: dict[str, str | None] = field(default_factory=dict)

    def lead_to(self, manager_id: str, employee_id: str) -> bool:
        """Whether an employee stands somewhere above a manager already."""
        seen: set[str] = set()
        above: str | None = manager_id
        while above is not None and above not in seen:
            seen.add(above)
            above = self._above(above)
            if above == employee_id:
                return True
        return False

    def note(self, employee_id: str, manager_id: str | None) -> None:
        """Take note of a manager who has just been named."""
        self.known[employee_id] = manager_id

    def _above(self, employee_id: str) -> str | None:
        if employee_id not in self.known:
            self.known[employee_id] = manager_of(self.document(employee_id) or {})
        return self.known[employee_id]


def manager_of(document: Document) -> str | None:
    """Return the employee id of the manager whom a document names, or None."""
    named: Mapping[str, str] = document.get(ENTERPRISE, {}).get("manager", {})
    return named.get("value")


def chosen(ids: Sequence[str], employee_id: str | None, chains: Chains) -> Named:
    """Return who becomes an employee's manager of those who have the address; the employee may be new (None)."""
    if len(ids) != 1:
        return Named(None, "several" if ids else "unknown")
    if ids[0] == employee_id:
        return Named(None, "self")
    if employee_id is not None and chains.lead_to(ids[0], employee_id):
        return Named(None, "circle")
    return Named(ids[0])


def is_open(owners: Mapping[str, str]) -> bool:
    """Whether a source may name the manager: nobody has yet, or a source did."""
    return owners.get(VALUE_PATH, "source:").startswith("source:")


def naming(manager_id: str | None) -> Document:
    """Return the fragment that names a manager, or none; what an earlier one's ``$ref`` said goes."""
    return {ENTERPRISE: {"manager": {"value": manager_id, "$ref": None}}}


def brings(decision: Decision) -> bool:
    """Whether a decision says something of the manager's address."""
    return "managerEmail" in decision.document.get(HR, {})


def with_manager(decision: Decision, people: People, chains: Chains) -> Decision:
    """Return a decision that also names the manager whom it brings by address; ``awaited`` when nobody has it yet.

    Who is meant so far stays until the one who is meant now is known.
    """
    if not brings(decision):
        return decision
    address, employee_id = decision.document[HR]["managerEmail"], decision.employee_id
    if employee_id is not None and not is_open(people.owners(employee_id)):
        return decision
    named = Named(None)
    if address is not None:
        named = chosen(people.by_work_email(address), employee_id, chains)
        if named.employee_id is None:
            return replace(decision, awaited=address)
    if employee_id is not None:
        chains.note(employee_id, named.employee_id)
    return replace(decision, document=_laid_over(decision, naming(named.employee_id)))


def _laid_over(decision: Decision, fragment: Document) -> Document:
    if decision.kind == "create":
        return directory.merged(decision.document, fragment)
    mine = decision.document.get(ENTERPRISE, {})
    return {**decision.document, ENTERPRISE: {**mine, **fragment[ENTERPRISE]}}
