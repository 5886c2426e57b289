"""Field values ↔ candidates, for the export of employees who look for another job inside (vendors.md §3.4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.provisioning.adapter import Capabilities
from app.provisioning.fields import Value
from app.vendors.smartrecruiters.records import text_of

# field → member of the candidate
MEMBERS: dict[str, str] = {
    "givenName": "firstName",
    "familyName": "lastName",
    "workEmail": "email",
    "workPhone": "phoneNumber",
}
#: A candidate has no user name and no state; what is always sent to a target (fields.py) is known here all the same.
SUPPORTED = frozenset(MEMBERS) | {"active", "userName"}


@dataclass(frozen=True)
class Source:
    """A custom candidate source, by the ids with which new candidates name it."""

    type_id: str
    sub_type_id: str
    source_id: str

    def details(self) -> dict[str, str]:
        """Return the ``sourceDetails`` of a new candidate."""
        return {"sourceTypeId": self.type_id, "sourceSubTypeId": self.sub_type_id, "sourceId": self.source_id}

    @classmethod
    def kept(cls, capabilities: Any) -> Source | None:
        """Return the source that was found when the target was described; None when there was none."""
        details = capabilities.get("source") if isinstance(capabilities, Mapping) else None
        if not isinstance(details, Mapping):
            return None
        names = ("sourceTypeId", "sourceSubTypeId", "sourceId")
        found = [text_of(details.get(name)) for name in names]
        return cls(*(text or "" for text in found)) if found[2] else None


@dataclass(frozen=True)
class Described(Capabilities):
    """What SmartRecruiters can do, with the custom source that exports name."""

    source: Source | None = None

    def to_settings(self) -> dict[str, Any]:
        """A JSON object for the target's settings."""
        found = {"source": self.source.details()} if self.source else {}
        return {**Capabilities.to_settings(self), **found}


def new_candidate(values: Mapping[str, Value], source: Source | None) -> dict[str, Any]:
    """Return the body of a creation: an internal candidate of the custom source."""
    body: dict[str, Any] = {**members(values), "internal": True}
    if source is not None:
        body["sourceDetails"] = source.details()
    return body


def members(changed: Mapping[str, Value | None]) -> dict[str, str]:
    """Return the members that these fields are; an emptied one is empty text."""
    return {
        member: str(changed[field] or "")
        for field, member in MEMBERS.items()
        if field in changed and not isinstance(changed[field], bool)
    }


def values_of(document: Mapping[str, Any]) -> dict[str, Value]:
    """Return the values of a candidate; it is always active, for candidates have no state."""
    found: dict[str, Value] = {"active": True}
    for field, member in MEMBERS.items():
        text = text_of(document.get(member))
        if text is not None:
            found[field] = text
    return found


def source_in(name: str, kind: str, rows: Any) -> Source | None:
    """Return the source of just this name among the values of a type (vendors.md §3.4: exactly), None without one."""
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or name not in (row.get("label"), row.get("name")):
            continue
        sub_kind = text_of(row.get("sourceSubTypeId")) or text_of(row.get("subTypeId")) or "OTHER"
        if source_id := text_of(row.get("id")):
            return Source(kind, sub_kind, source_id)
    return None
