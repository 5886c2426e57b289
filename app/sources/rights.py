"""What one source may write of which employee, as the tenant's precedence and pins have it.

What is asked is what stands in the directory now, so nothing has to be remembered of what was withheld, and no event
can be missed: a list, a pin, an emptied value or a removed source count with the next import that reads the record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from app import directory
from app.directory import owning
from app.sources import pins, precedence
from app.sources.precedence import Precedence, value_paths
from scim.errors import NotFound

#: Set once, when a person is added: no later import says it again.
_ONCE = frozenset({"userName"})


@dataclass
class Rights:
    """The rights of one writer (``source:hr``) for a batch of records."""

    connection: Connection
    tenant_id: int
    writer: str
    precedence: Precedence | None = None
    has_pins: bool = False
    #: Employee → what stands there, as it was when the batch began: value path → owner, and the pinned paths.
    owners: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pinned: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, tenant_id: int, writer: str, employees: Iterable[str]) -> Rights:
        """Return the rights of a writer, with what stands at the employees of its records."""
        lists = precedence.of_tenant(connection, tenant_id)
        if lists is not None:
            # A draft that is tried in a dry run counts as what it will be.
            lists = replace(lists, connected=lists.connected | {writer})
        has_pins = pins.has_any(connection, tenant_id)
        if lists is None and not has_pins:
            return cls(connection, tenant_id, writer)
        ids = list(employees)
        owners = owning.owners_of(connection, tenant_id, ids) if lists is not None else {}
        pinned = dict.fromkeys(ids, frozenset[str]())
        if has_pins:
            found = pins.of_employees(connection, tenant_id, ids)
            pinned |= {employee: frozenset(paths) for employee, paths in found.items()}
        return cls(connection, tenant_id, writer, lists, has_pins, owners, pinned)

    def has_claims(self, employee_id: str | None, values: Mapping[str, Any], once: Collection[str]) -> bool:
        """Whether something that a record has said before is to be written now, though the record did not change."""
        if self.precedence is None or employee_id is None or employee_id not in self.owners:
            return False
        owners, pinned = self.owners[employee_id], self._pinned(employee_id)
        return any(
            self._may(name, value, owners, pinned, is_changed=False)
            for name, value in values.items()
            if name not in once and name not in _ONCE
        )

    def writable(
        self, employee_id: str, values: Mapping[str, Any], changed: Collection[str]
    ) -> dict[str, Any]:
        """Return what is to be written of what a record says, of which ``changed`` is new."""
        pinned = self._pinned(employee_id)
        if self.precedence is None and not pinned:
            return {name: value for name, value in values.items() if name in changed}
        owners = self._owners_now(employee_id) if self.precedence is not None else {}
        return {
            name: value
            for name, value in values.items()
            if self._may(name, value, owners, pinned, is_changed=name in changed)
        }

    def spoken_for(self, written: Mapping[str, Any]) -> frozenset[str]:
        """Return the value paths that the writer owns once it has written this, though they may be as they were."""
        lists = self.precedence
        if lists is None:
            return frozenset()
        return frozenset(
            value_paths()[name]
            for name, value in written.items()
            if value is not None and lists.places_for(name) is not None
        )

    def is_pinned(self, employee_id: str, name: str) -> bool:
        """Whether a field of an employee is pinned."""
        return value_paths().get(name) in self._pinned(employee_id)

    def _may(
        self, name: str, value: Any, owners: Mapping[str, str], pinned: frozenset[str], *, is_changed: bool
    ) -> bool:
        path = value_paths().get(name)
        if path is None:
            return is_changed
        if path in pinned:
            return False
        if self.precedence is None:
            return is_changed
        return self.precedence.lets(name, self.writer, owners.get(path), value, is_changed)

    def _pinned(self, employee_id: str) -> frozenset[str]:
        if not self.has_pins:
            return frozenset()
        if employee_id not in self.pinned:
            found = pins.of_employees(self.connection, self.tenant_id, [employee_id])
            self.pinned[employee_id] = frozenset(found.get(employee_id, {}))
        return self.pinned[employee_id]

    def _owners_now(self, employee_id: str) -> Mapping[str, str]:
        """Return who wrote what, the employee locked: two sources that import at once must not cross."""
        try:
            return directory.read_for_change(self.connection, self.tenant_id, employee_id).owners
        except NotFound:
            return {}  # Somebody whom a dry run would have added.
