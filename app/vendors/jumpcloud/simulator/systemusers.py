"""The systemusers of a simulated JumpCloud organisation, with the uniqueness that JumpCloud keeps."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from app.simulation import Person
from app.vendors.jumpcloud.simulator.errors import Refusal, Taken
from app.vendors.jumpcloud.simulator.rules import CREATE_STATES, ENTRY_MEMBERS, PUT_STATES, WITH_IDS, accepted

ORGANIZATION = "65f0a1b2c3d4e5f601020300"
UNIQUE = ("username", "email", "employeeIdentifier")
_BLANK: dict[str, Any] = {
    **dict.fromkeys(
        [
            "firstname",
            "middlename",
            "lastname",
            "displayname",
            "company",
            "costCenter",
            "department",
            "description",
            "employeeIdentifier",
            "employeeType",
            "jobTitle",
            "location",
            "alternateEmail",
        ],
        "",
    ),
    "manager": None,
    **{name: [] for name in ENTRY_MEMBERS},
    "sudo": False,
    "passwordless_sudo": False,
    "activated": False,
    "account_locked": False,
    "totp_enabled": False,
    "password_expired": False,
    "admin": None,
    "organization": ORGANIZATION,
}


class SystemUsers:
    """Records by ``_id``; every method is atomic. Records that are handed out are never changed afterwards.

    ``default_state`` is the organisation's default for accounts created without a state.
    """

    def __init__(self, default_state: str = "ACTIVATED") -> None:
        self.lock = threading.RLock()
        self.default_state = default_state
        self._records: dict[str, dict[str, Any]] = {}
        self._index: dict[tuple[str, str], dict[str, None]] = {}
        self._numbers = count(1)
        self._entry_numbers = count(1)

    def get(self, user_id: str) -> dict[str, Any] | None:
        """Return a record, or None."""
        with self.lock:
            return self._records.get(user_id)

    def everyone(self) -> list[dict[str, Any]]:
        """Return all records, oldest first (which is the order of their ids)."""
        with self.lock:
            return list(self._records.values())

    def total(self) -> int:
        """Return how many records there are."""
        return len(self._records)

    def holders(self, member: str, value: str) -> list[dict[str, Any]]:
        """Return the records that have ``value`` in a member of ``UNIQUE``, in any case [G].

        One at most where uniqueness is kept.
        """
        with self.lock:
            return [self._records[user_id] for user_id in self._index.get((member, value.lower()), ())]

    def create(self, members: Mapping[str, Any], *, unique: bool = True) -> dict[str, Any]:
        """Return a new record; raises Refusal (400) on a missing, malformed or taken member."""
        kept = accepted({"state": self.default_state, **_chosen_state(members)}, CREATE_STATES)
        for name in ("username", "email"):
            if not kept.get(name):
                raise Refusal(400, f"Bad Request: {name} is required")
        with self.lock:
            self._check(kept, None, unique)
            user_id = f"65f0a1b2c3d4e5f6{next(self._numbers):08x}"
            record = {
                **_BLANK,
                "_id": user_id,
                "id": user_id,
                "created": _now(),
                "creationSource": "jumpcloud:api",
            }
            return self._keep(self._merged(record, kept))

    def change(self, user_id: str, members: Mapping[str, Any], *, unique: bool = True) -> dict[str, Any]:
        """Return the record after a partial merge; arrays are replaced as a whole [G]. Raises Refusal (400, 404)."""
        kept = accepted(members, PUT_STATES)
        with self.lock:
            record = self._existing(user_id)
            self._check(kept, user_id, unique)
            return self._keep(self._merged(record, kept))

    def mark(self, user_id: str, **members: Any) -> dict[str, Any]:
        """Return the record with members set that the API itself cannot write (``admin``, ``activated``, …)."""
        with self.lock:
            return self._keep({**self._existing(user_id), **members})

    def activate(self, user_id: str) -> dict[str, Any]:
        """Return the record, STAGED having become ACTIVATED; raises Refusal (400 for other states [G], 404)."""
        with self.lock:
            record = self._existing(user_id)
            if record["state"] != "STAGED":
                raise Refusal(
                    400, f"Bad Request: only STAGED users can be activated, this one is {record['state']}"
                )
            return self._keep({**record, "state": "ACTIVATED", "suspended": False})

    def remove(self, user_id: str) -> dict[str, Any]:
        """Delete and return a record; raises Refusal (404)."""
        with self.lock:
            record = self._existing(user_id)
            self._forget(self._records.pop(user_id))
            return record

    def _existing(self, user_id: str) -> dict[str, Any]:
        record = self._records.get(user_id)
        if record is None:
            raise Refusal(404, "Not Found")
        return record

    def _check(self, kept: Mapping[str, Any], own_id: str | None, unique: bool) -> None:
        for name in UNIQUE if unique else ():
            holders = self._index.get((name, str(kept.get(name) or "").lower()), {})
            if kept.get(name) and holders.keys() - {own_id}:
                raise Taken(name, kept[name])
        if kept.get("manager") and kept["manager"] not in self._records:
            raise Refusal(400, "Bad Request: manager is not the _id of a user")

    def _merged(self, record: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**record, **kept}
        password = merged.pop("password", None)
        if password:
            merged["activated"] = True
        for name in WITH_IDS & kept.keys():
            merged[name] = [self._entry(name, entry) for entry in kept[name]]
        return merged

    def _entry(self, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        values = {member: entry[member] for member in ENTRY_MEMBERS[name] if member in entry}
        return {"id": entry.get("id") or f"65f0a1b2c3d4e5f7{next(self._entry_numbers):08x}", **values}

    def _keep(self, record: dict[str, Any]) -> dict[str, Any]:
        old = self._records.get(record["_id"])
        if old is not None:
            self._forget(old)
        self._records[record["_id"]] = record
        for name in UNIQUE:
            if record.get(name):
                self._index.setdefault((name, record[name].lower()), {})[record["_id"]] = None
        return record

    def _forget(self, record: Mapping[str, Any]) -> None:
        for name in UNIQUE:
            key = (name, str(record.get(name) or "").lower())
            holders = self._index.get(key, {})
            holders.pop(record["_id"], None)
            if not holders:
                self._index.pop(key, None)


def systemuser_members(person: Person) -> dict[str, Any]:
    """Return the members of a made-up person's systemuser."""
    homes = (("work", person.work), ("home", person.home))
    return {
        "username": person.username,
        "email": person.email,
        "firstname": person.given_name,
        "middlename": person.middle_name,
        "lastname": person.family_name,
        "displayname": person.display_name,
        "company": person.division,
        "department": person.department,
        "jobTitle": person.title,
        "employeeIdentifier": person.employee_number,
        "location": person.work.city,
        "addresses": [
            {
                "type": kind,
                "streetAddress": place.street,
                "locality": place.city,
                "region": place.region,
                "postalCode": place.postal_code,
                "country": place.country,
            }
            for kind, place in homes
        ],
        "phoneNumbers": [
            {"type": "work", "number": person.work_phone},
            {"type": "home", "number": person.home_phone},
            {"type": "mobile", "number": person.mobile},
            {"type": "work_fax", "number": "+1 555 0199"},
        ],
    }


def _chosen_state(members: Mapping[str, Any]) -> dict[str, Any]:
    """Let an explicit ``suspended`` outrank the organisation's default state."""
    if "suspended" in members and "state" not in members:
        return {**members, "state": "SUSPENDED" if members["suspended"] is True else "ACTIVATED"}
    return dict(members)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
