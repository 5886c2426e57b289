"""The directory as an import sees it; for a dry run with the people that it would have added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app import directory
from app.directory import Document
from app.directory.addresses import ids_by_personal_email
from app.sources.errors import row_refused
from app.sources.known_records import record_of_employee
from app.sources.rights import Rights
from app.sources.suggestions import Suggestion
from scim.keys import comparison_key
from scim.resources import ENTERPRISE


class People:
    """Look-ups that matching and collision checks need, in one tenant and for one source.

    `rights` say what the source may write of whom; `answers` what was suggested, and decided, about its records.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: int,
        source_id: int,
        rights: Rights | None = None,
        answers: Mapping[str, Suggestion] | None = None,
    ) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.source_id = source_id
        self.rights = rights or Rights(connection, tenant_id, "")
        self.answers = answers or {}

    def document(self, employee_id: str) -> Document | None:
        """Return an employee's document, None when there is no such employee."""
        found = directory.get(self.connection, self.tenant_id, employee_id)
        return found.document if found else None

    def owners(self, employee_id: str) -> Mapping[str, str]:
        """Return value path → who wrote the value; empty for somebody whom a dry run would add."""
        return directory.owners(self.connection, self.tenant_id, employee_id)

    def by_number(self, number: str) -> list[str]:
        """Return the ids of the employees with this employee number."""
        return directory.ids_by_employee_number(self.connection, self.tenant_id, number)

    def by_work_email(self, address: str) -> list[str]:
        """Return the ids of the employees with this work e-mail."""
        return directory.ids_by_work_email(self.connection, self.tenant_id, address)

    def by_personal_email(self, address: str) -> list[str]:
        """Return the ids of the employees with this e-mail of any type but work, as they are stored."""
        return ids_by_personal_email(self.connection, self.tenant_id, address)

    def by_user_name(self, user_name: str) -> list[str]:
        """Return the id of the employee with this userName, if there is one."""
        return directory.ids_by_user_name(self.connection, self.tenant_id, user_name)

    def record_of(self, employee_id: str) -> str | None:
        """Return the record of this source that the employee is already, or None."""
        return record_of_employee(self.connection, self.tenant_id, self.source_id, employee_id)

    def confirmed(self, record_id: str) -> str | None:
        """Return the employee who a record is because somebody has said so; None without such a word.

        :raises RowRefused: ``already_linked`` when that employee has become another record of this source.
        """
        answer = self.answers.get(record_id)
        if answer is None or answer.state != "same" or self.document(answer.employee_id) is None:
            return None
        other = self.record_of(answer.employee_id)
        if other is not None and other != record_id:
            raise row_refused(
                "already_linked",
                f"it was confirmed to be employee {answer.employee_id}, who is record {other!r} of this source by now",
            )
        return answer.employee_id

    def is_somebody_else(self, record_id: str) -> bool:
        """Whether somebody has said that a record is nobody who is known."""
        answer = self.answers.get(record_id)
        return answer is not None and answer.state == "other"


class Plans:
    """What a dry run would have written so far. It grows with the people that would be added or changed."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.records: dict[str, str] = {}
        self.keys: dict[tuple[str, str], list[str]] = {}
        #: Row number → record and address of a manager who was not there when the row was looked at.
        self.awaited: dict[int, tuple[str, str]] = {}
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

    def __init__(
        self,
        connection: Connection,
        tenant_id: int,
        source_id: int,
        plans: Plans,
        rights: Rights | None = None,
        answers: Mapping[str, Suggestion] | None = None,
    ) -> None:
        super().__init__(connection, tenant_id, source_id, rights, answers)
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
