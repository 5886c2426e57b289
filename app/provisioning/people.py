"""Employees as provisioning sees them: outgoing values, who shares the work e-mail, a name for messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app import clock, directory
from app.provisioning import flapping, managers, readers
from app.provisioning.fields import Selection, outgoing_values
from app.provisioning.flapping import Flapping
from app.provisioning.readers import Value, work_email
from scim.resources import HR

#: The first day of work (rule 19): where it is, and how it is read.
START_PATH = f"{HR}:startDate"
_START = readers.within(HR, "startDate")


@dataclass(frozen=True, slots=True)
class Person:
    """What the planner knows of an employee.

    `sharers` are the labels of the other employees with the same work e-mail. `is_gone` marks an employee who was
    deleted since and of whom only what was owed is left. `unmapped` are fields whose mapping fails → why.
    `days_until_start` counts from the day on which the person was loaded. `waits_for` is the manager who is to be
    named and has no account yet.
    """

    employee_id: str
    version: int
    label: str
    values: Mapping[str, Value]
    sharers: tuple[str, ...] = ()
    is_gone: bool = False
    unmapped: Mapping[str, str] = field(default_factory=dict)
    starts_on: str | None = None
    days_until_start: int | None = None
    flapping: Flapping | None = None
    waits_for: str | None = None

    @property
    def active(self) -> bool:
        """Whether the account should be usable."""
        return self.values.get("active") is not False

    @property
    def email(self) -> str | None:
        """The work e-mail, the key of rule 1."""
        value = self.values.get("workEmail")
        return value if isinstance(value, str) else None


def label_of(document: Mapping[str, Any]) -> str:
    """How messages name an employee: `Maya Okafor (maya@example.com)`.

    >>> label_of({"userName": "maya", "name": {"givenName": "Maya", "familyName": "Okafor"}})
    'Maya Okafor (maya)'
    """
    name = document.get("name") or {}
    full = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    full = full or document.get("displayName") or ""
    handle = work_email(document) or document.get("userName") or ""
    return f"{full} ({handle})" if full else handle


def load(
    connection: Connection,
    tenant_id: int,
    ids: list[str],
    selection: Selection,
    target_id: int | None = None,
) -> dict[str, Person]:
    """Id → person for those of `ids` that exist, sharers of their work e-mail looked up.

    With `target_id`, for a delivery there: managers are named by their accounts, and values that flip are found.
    """
    found = directory.get_many(connection, tenant_id, ids)
    sharers = _sharers(connection, tenant_id, found)
    today = clock.utcnow().date()
    people = {
        id_: _person(employee, selection, sharers.get(id_, ()), today) for id_, employee in found.items()
    }
    if target_id is None:
        return people
    often = [id_ for id_, employee in found.items() if employee.version > flapping.BORNE]
    restless = flapping.found(connection, tenant_id, often, selection)
    people |= {id_: replace(people[id_], flapping=flips) for id_, flips in restless.items()}
    return _with_managers(connection, tenant_id, target_id, people)


def _person(
    employee: directory.Resource, selection: Selection, sharers: tuple[str, ...], today: date
) -> Person:
    document, failures = employee.document, dict[str, str]()
    starts_on = _START(document)
    return Person(
        employee.id,
        employee.version,
        label_of(document),
        outgoing_values(document, selection, failures),
        sharers,
        unmapped=failures,
        starts_on=str(starts_on) if starts_on else None,
        days_until_start=days_until(starts_on, today),
    )


def _sharers(
    connection: Connection, tenant_id: int, found: Mapping[str, directory.Resource]
) -> dict[str, tuple[str, ...]]:
    """Id → labels of the others who have the same work e-mail, for those of whom there are any."""
    emails = {id_: work_email(employee.document) for id_, employee in found.items()}
    owners = directory.owners_of_work_emails(connection, tenant_id, filter(None, set(emails.values())))
    others = {id_ for ids in owners.values() if len(ids) > 1 for id_ in ids}
    labels = {
        id_: f"{label_of(employee.document)} [{id_}]"
        for id_, employee in directory.get_many(connection, tenant_id, sorted(others)).items()
    }
    return {
        id_: tuple(labels[other] for other in owners.get(email or "", ()) if other != id_ and other in labels)
        for id_, email in emails.items()
    }


def _with_managers(
    connection: Connection, tenant_id: int, target_id: int, people: Mapping[str, Person]
) -> dict[str, Person]:
    """The people, their managers named by accounts of this target; who has none yet is waited for."""
    wanted = {person.values[managers.FIELD] for person in people.values() if managers.FIELD in person.values}
    accounts = managers.accounts(connection, tenant_id, target_id, wanted)
    return {id_: _with_manager(person, accounts) for id_, person in people.items()}


def _with_manager(person: Person, accounts: Mapping[str, str]) -> Person:
    named = person.values.get(managers.FIELD)
    if named is None:
        return person
    others = {name: value for name, value in person.values.items() if name != managers.FIELD}
    if named in accounts:
        return replace(person, values={**others, managers.FIELD: accounts[str(named)]})
    return replace(person, values=others, waits_for=str(named))


def days_until(starts_on: Value | None, today: date) -> int | None:
    """How many days a first day of work is away; None for no day, or a text that is none.

    >>> days_until("2026-12-01", date(2026, 11, 22))
    9
    """
    try:
        return None if starts_on is None else (date.fromisoformat(str(starts_on)) - today).days
    except ValueError:
        return None


def remaining(employee_id: str, frozen: Mapping[str, Any]) -> Person:
    """The person of whom a deleted employee's link still owes the values."""
    return Person(employee_id, 0, frozen.get("label", employee_id), frozen.get("values", {}), is_gone=True)
