"""The directory as an import sees it; for a dry run with the people that it would have added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app import directory
from app.directory import Document
from app.sources.known_records import record_of_employee
from scim.keys import comparison_key
from scim.resources import ENTERPRISE


class People:
    """Look-ups that matching and collision checks need, in one tenant and for one source."""

    def __init__(self, connection: Connection, tenant_id: int, source_id: int) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.source_id = source_id

    def document(self, employee_id: str) -> Document | None:
        """Return an employee's document, None when there is no such employee."""
        found = directory.get(self.connection, self.tenant_id, employee_id)
        return found.document if found else None

    def by_number(self, number: str) -> list[str]:
        """Return the ids of the employees with this employee number."""
        return directory.ids_by_employee_number(self.connection, self.tenant_id, number)

    def by_work_email(self, address: str) -> list[str]:
        """Return the ids of the employees with this work e-mail."""
        return directory.ids_by_work_email(self.connection, self.tenant_id, address)

    def by_user_name(self, user_name: str) -> list[str]:
        """Return the id of the employee with this userName, if there is one."""
        return directory.ids_by_user_name(self.connection, self.tenant_id, user_name)

    def record_of(self, employee_id: str) -> str | None:
        """Return the record of this source that the employee is already, or None."""
        return record_of_employee(self.connection, self.tenant_id, self.source_id, employee_id)


class Plans:
    """What a dry run would have written so far. It grows with the people that would be added or changed."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.records: dict[str, str] = {}
        self.keys: dict[tuple[str, str], list[str]] = {}
        self._next = 0

    def add(self, document: Document, record_id: str) -> str:
        """Note a person who would be added; return an id that stands for them."""
        self._next += 1
        employee_id = f"planned-{self._next}"
        self.change(employee_id, document, record_id)
        return employee_id

    def change(self, employee_id: str, document: Document, record_id: str) -> None:
        """Note what an employee would be after the run."""
        self.documents[employee_id] = document
        self.records[employee_id] = record_id
        for key in _keys(document):
            ids = self.keys.setdefault(key, [])
            if employee_id not in ids:
                ids.append(employee_id)


class PlannedPeople(People):
    """The directory with a dry run's plans laid over it."""

    def __init__(self, connection: Connection, tenant_id: int, source_id: int, plans: Plans) -> None:
        super().__init__(connection, tenant_id, source_id)
        self.plans = plans

    def document(self, employee_id: str) -> Document | None:
        """As in `People`, after the plans."""
        return self.plans.documents.get(employee_id) or super().document(employee_id)

    def by_number(self, number: str) -> list[str]:
        """As in `People`, after the plans."""
        return self._with_planned(super().by_number(number), "number", number)

    def by_work_email(self, address: str) -> list[str]:
        """As in `People`, after the plans."""
        return self._with_planned(super().by_work_email(address), "email", address)

    def by_user_name(self, user_name: str) -> list[str]:
        """As in `People`, after the plans."""
        return self._with_planned(super().by_user_name(user_name), "userName", user_name)

    def record_of(self, employee_id: str) -> str | None:
        """As in `People`, after the plans."""
        return self.plans.records.get(employee_id) or super().record_of(employee_id)

    def _with_planned(self, stored: list[str], kind: str, text: str) -> list[str]:
        key = (kind, comparison_key(text))
        kept = [i for i in stored if i not in self.plans.documents or key in _keys(self.plans.documents[i])]
        return kept + [i for i in self.plans.keys.get(key, ()) if i not in kept and self._still(i, key)]

    def _still(self, employee_id: str, key: tuple[str, str]) -> bool:
        return key in _keys(self.plans.documents[employee_id])


def _keys(document: Document) -> set[tuple[str, str]]:
    found: list[tuple[str, Any]] = [
        ("userName", document.get("userName")),
        ("number", document.get(ENTERPRISE, {}).get("employeeNumber")),
    ]
    found += [("email", e.get("value")) for e in document.get("emails", ()) if e.get("type") == "work"]
    return {(kind, comparison_key(text)) for kind, text in found if text}
