"""Employees as provisioning sees them: outgoing values, who shares the work e-mail, a name for messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app import directory
from app.provisioning.fields import Selection, outgoing_values
from app.provisioning.readers import Value, work_email


@dataclass(frozen=True, slots=True)
class Person:
    """What the planner knows of an employee.

    `sharers` are the labels of the other employees with the same work e-mail. `is_gone` marks an employee who was
    deleted since and of whom only what was owed is left.
    """

    employee_id: str
    version: int
    label: str
    values: Mapping[str, Value]
    sharers: tuple[str, ...] = ()
    is_gone: bool = False

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


def load(connection: Connection, tenant_id: int, ids: list[str], selection: Selection) -> dict[str, Person]:
    """Id → person for those of `ids` that exist, sharers of their work e-mail looked up."""
    found = directory.get_many(connection, tenant_id, ids)
    emails = {id_: work_email(employee.document) for id_, employee in found.items()}
    owners = {
        email: directory.ids_by_work_email(connection, tenant_id, email)
        for email in set(emails.values())
        if email
    }
    others = {id_ for ids in owners.values() if len(ids) > 1 for id_ in ids}
    labels = {
        id_: f"{label_of(employee.document)} [{id_}]"
        for id_, employee in directory.get_many(connection, tenant_id, sorted(others)).items()
    }
    people = {}
    for id_, employee in found.items():
        sharers = [
            labels[other] for other in owners.get(emails[id_] or "", ()) if other != id_ and other in labels
        ]
        values = outgoing_values(employee.document, selection)
        people[id_] = Person(id_, employee.version, label_of(employee.document), values, tuple(sharers))
    return people


def remaining(employee_id: str, frozen: Mapping[str, Any]) -> Person:
    """The person of whom a deleted employee's link still owes the values."""
    return Person(employee_id, 0, frozen.get("label", employee_id), frozen.get("values", {}), is_gone=True)
