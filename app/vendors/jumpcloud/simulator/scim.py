"""The SCIM view of systemusers. JumpCloud's inbound SCIM API exists and takes ``x-api-key``; its base URL,
attributes, filters and
PATCH form are not public (vendors.md §6.4), so everything here is a guess that shows the same accounts as REST v1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.simulation.scim_provider import CORE, ENTERPRISE, ScimRefusal, Taken
from app.vendors.jumpcloud.simulator import errors
from app.vendors.jumpcloud.simulator.systemusers import SystemUsers

_SIMPLE = {
    "userName": "username",
    "displayName": "displayname",
    "title": "jobTitle",
    "userType": "employeeType",
}
_NAME = {"givenName": "firstname", "middleName": "middlename", "familyName": "lastname"}
_ENTERPRISE = {
    "employeeNumber": "employeeIdentifier",
    "organization": "company",
    "department": "department",
    "costCenter": "costCenter",
}
_ADDRESS = ("streetAddress", "locality", "region", "postalCode", "country")
_INDEXED = {"username": "username", "emails": "email", "emails.value": "email"}


def as_scim(record: Mapping[str, Any], external_id: str | None = None) -> dict[str, Any]:
    """Return a systemuser as a SCIM User without ``meta.location``."""
    document: dict[str, Any] = {
        "schemas": [CORE, ENTERPRISE],
        "id": record["_id"],
        "externalId": external_id,
        "name": _filled(record, _NAME),
        "active": record["state"] == "ACTIVATED",
        "emails": [{"type": "work", "value": record["email"], "primary": True}, *_alternate(record)],
        "addresses": [_address(entry, record) for entry in record["addresses"]],
        "phoneNumbers": [
            {"type": entry.get("type"), "value": entry.get("number")} for entry in record["phoneNumbers"]
        ],
        ENTERPRISE: {
            **_filled(record, _ENTERPRISE),
            **({"manager": {"value": record["manager"]}} if record["manager"] else {}),
        },
        "meta": {"resourceType": "User", "created": record["created"], "lastModified": record["created"]},
        **_filled(record, _SIMPLE),
    }
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}


def as_members(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the systemuser members of a SCIM User; what it lacks is cleared. Raises ScimRefusal without an e-mail."""
    name, enterprise = document.get("name") or {}, document.get(ENTERPRISE) or {}
    addresses = list(document.get("addresses") or [])
    work: Mapping[str, Any] = next((entry for entry in addresses if entry.get("type") == "work"), {})
    manager = enterprise.get("manager")
    return {
        **{member: document.get(attribute) or "" for attribute, member in _SIMPLE.items()},
        **{member: name.get(attribute) or "" for attribute, member in _NAME.items()},
        **{member: enterprise.get(attribute) or "" for attribute, member in _ENTERPRISE.items()},
        **_emails(document.get("emails") or []),
        "manager": (manager.get("value") if isinstance(manager, dict) else manager) or None,
        "location": work.get("formatted") or "",
        "addresses": [
            {key: entry[key] for key in ("type", *_ADDRESS) if entry.get(key)} for entry in addresses
        ],
        "phoneNumbers": [
            {"type": entry.get("type"), "number": entry.get("value")}
            for entry in document.get("phoneNumbers") or []
        ],
    }


def _emails(entries: list[Mapping[str, Any]]) -> dict[str, str]:
    by_choice = sorted(entries, key=lambda entry: (entry.get("type") != "work", not entry.get("primary")))
    if not by_choice or not by_choice[0].get("value"):
        raise ScimRefusal(400, "emails must hold a value", "invalidValue")
    others = [entry["value"] for entry in by_choice[1:] if entry.get("type") == "home" and entry.get("value")]
    return {"email": by_choice[0]["value"], "alternateEmail": others[0] if others else ""}


def _alternate(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "home", "value": record["alternateEmail"]}] if record.get("alternateEmail") else []


def _address(entry: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: entry[key] for key in ("type", *_ADDRESS) if entry.get(key)}
    if entry.get("type") == "work" and record.get("location"):
        shown["formatted"] = record["location"]
    return shown


def _filled(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {attribute: record[member] for attribute, member in names.items() if record.get(member)}


class ScimView:
    """The systemusers as the store of a SCIM provider.

    externalId is kept beside them: REST v1 has no member for it [G].
    """

    def __init__(self, users: SystemUsers) -> None:
        self.lock = users.lock
        self._users = users
        self._external_ids: dict[str, str] = {}

    def get(self, user_id: str) -> dict[str, Any] | None:
        """Return a user's document, or None."""
        record = self._users.get(user_id)
        return None if record is None else self._shown(record)

    def add(self, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Create and return a user; raises ScimRefusal."""
        state = "ACTIVATED" if document.get("active", True) else "SUSPENDED"
        with self.lock:
            try:
                record = self._users.create({**as_members(document), "state": state}, unique=unique)
            except errors.Refusal as refused:
                raise _in_scim(refused) from refused
            return self._remembered(record, document)

    def put(self, user_id: str, document: Mapping[str, Any], *, unique: bool) -> dict[str, Any]:
        """Replace and return a user; a STAGED account stays so until ``active`` changes [G].

        Raises ScimRefusal, KeyError.
        """
        with self.lock:
            old = self.get(user_id)
            if old is None:
                raise KeyError(user_id)
            members = as_members(document)
            if document.get("active", True) != old["active"]:
                members["state"] = "ACTIVATED" if document.get("active", True) else "SUSPENDED"
            try:
                record = self._users.change(user_id, members, unique=unique)
            except errors.Refusal as refused:
                raise _in_scim(refused) from refused
            return self._remembered(record, document)

    def remove(self, user_id: str) -> bool:
        """Delete a user; False when there is none."""
        try:
            self._users.remove(user_id)
        except errors.Refusal:
            return False
        return True

    def page(self, start: int, count: int) -> list[dict[str, Any]]:
        """Return ``count`` users from the 0-based position ``start``, oldest first."""
        return [self._shown(record) for record in self._users.everyone()[start : start + count]]

    def total(self) -> int:
        """Return how many users there are."""
        return self._users.total()

    def candidates(self, attribute: str, value: str) -> list[dict[str, Any]] | None:
        """Return the users that may have ``value``; an e-mail is looked up by the account's main address only [G]."""
        if attribute == "id":
            records: Iterable[dict[str, Any] | None] = [self._users.get(value)]
        elif attribute == "externalid":
            records = [
                self._users.get(user_id)
                for user_id, held in list(self._external_ids.items())
                if held == value
            ]
        elif attribute in _INDEXED:
            records = self._users.holders(_INDEXED[attribute], value)
        else:
            return None
        return [self._shown(record) for record in records if record is not None]

    def _shown(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return as_scim(record, self._external_ids.get(record["_id"]))

    def _remembered(self, record: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        if document.get("externalId"):
            self._external_ids[record["_id"]] = document["externalId"]
        else:
            self._external_ids.pop(record["_id"], None)
        return self._shown(record)


def _in_scim(refused: errors.Refusal) -> ScimRefusal:
    if isinstance(refused, errors.Taken):
        return Taken(refused.member)
    return ScimRefusal(refused.status, refused.message, "invalidValue" if refused.status == 400 else None)
