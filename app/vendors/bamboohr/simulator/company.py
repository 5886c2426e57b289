"""The data of a simulated BambooHR account: employees, the log of their changes, locations. Values are text or null."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from app.simulation import Person, UnknownRecord, person

NO_DATE = "0000-00-00"
FIRST_ID = 100
LEFT_EVERY = 12
NO_EMAIL_EVERY = 15
BEGAN_AT = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
STATE_NAMES = {"OH": "Ohio", "OR": "Oregon", "ON": "Ontario", "ZH": "Zürich"}
Row = dict[str, Any]
Listener = Callable[[str, str, list[str]], None]


class Company:
    """Tables by id; every method is atomic. ``people`` are employees at first, a minute apart; each twelfth of
    them has left.

    ``on_change`` is told of every change: event (created, updated, deleted), employee id, changed fields.
    """

    def __init__(self, people: int = 0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.employees: dict[str, Row] = {}
        self.changes: dict[str, Row] = {}
        self.locations: dict[str, Row] = {}
        self.on_change: Listener = lambda event, employee_id, changed: None
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._ids = count(FIRST_ID)
        self._location_ids = count(9)
        self._people = count(1)
        for number in range(people):
            moment = BEGAN_AT + timedelta(minutes=number)
            row = self.add(at=moment)
            if (number + 1) % LEFT_EVERY == 0:
                self.terminate(row["id"], at=moment)

    def add(self, members: Mapping[str, Any] | None = None, at: datetime | None = None) -> Row:
        """Hire somebody new and return the record; members given replace made-up ones."""
        with self.lock:
            like = person(next(self._people), self.seed)
            row = _employee(str(next(self._ids)), like) | self._supervised() | dict(members or {})
            if members is None or "location" not in members:
                row["location"] = self._place_of(like)
            self.employees[row["id"]] = row
            self._changed(row["id"], "Inserted", at)
            self.on_change("created", row["id"], [])
            self.on_change("updated", row["id"], sorted(name for name, value in row.items() if value))
            return row

    def change(self, employee_id: str, members: Mapping[str, Any], at: datetime | None = None) -> Row:
        """Overwrite members of an employee and return the record; raises UnknownRecord."""
        with self.lock:
            row = self.employee(employee_id)
            changed = sorted(name for name, value in members.items() if row.get(name) != value)
            row |= members
            self._changed(employee_id, "Updated", at)
            self.on_change("updated", employee_id, changed)
            return row

    def terminate(self, employee_id: str, on: str = "2026-02-28", at: datetime | None = None) -> Row:
        """End an employment: the date is kept and the status flips (vendors.md §5.6); raises UnknownRecord."""
        return self.change(employee_id, {"status": "Inactive", "terminationDate": on}, at)

    def rehire(self, employee_id: str, on: str = "2026-06-01") -> Row:
        """Hire somebody again under the same id; raises UnknownRecord."""
        return self.change(employee_id, {"status": "Active", "terminationDate": NO_DATE, "hireDate": on})

    def delete(self, employee_id: str) -> None:
        """Delete an employee: the feed says so, the record is gone; raises UnknownRecord."""
        with self.lock:
            self.employee(employee_id)
            del self.employees[employee_id]
            self._changed(employee_id, "Deleted", None)
            self.on_change("deleted", employee_id, [])

    def employee(self, employee_id: str) -> Row:
        """Return an employee; raises UnknownRecord."""
        return _existing(self.employees, employee_id, "employee")

    def add_location(self, name: str, **address: Any) -> Row:
        """Add a place of work and return it; two may have one name."""
        with self.lock:
            row = {
                "id": str(next(self._location_ids)),
                "name": name,
                "archived": False,
                **_EMPTY_ADDRESS,
                **address,
            }
            self.locations[row["id"]] = row
            return row

    def change_location(self, location_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a location and return it: no employee changes by that; raises UnknownRecord."""
        with self.lock:
            row = _existing(self.locations, location_id, "location")
            row |= members
            return row

    def _changed(self, employee_id: str, action: str, at: datetime | None) -> None:
        moment = (at or self.now()).astimezone(UTC).isoformat(timespec="seconds")
        self.changes[employee_id] = {"id": employee_id, "action": action, "lastChanged": moment}
        if employee_id in self.employees:
            self.employees[employee_id]["lastChanged"] = moment

    def _supervised(self) -> Row:
        """Return who supervises the next employee: the first one, the first has nobody."""
        boss = next(iter(self.employees.values()), None)
        if boss is None:
            return dict.fromkeys(("supervisor", "supervisorId", "supervisorEId", "supervisorEmail"))
        return {
            "supervisor": f"{boss['lastName']}, {boss['firstName']}",
            "supervisorId": boss["employeeNumber"],
            "supervisorEId": boss["id"],
            "supervisorEmail": boss["workEmail"],
        }

    def _place_of(self, like: Person) -> str:
        work = like.work
        if work.city not in {row["name"] for row in self.locations.values()}:
            self.add_location(
                work.city,
                address1="1 Main Street",
                address2="Floor 2",
                city=work.city,
                state={"id": "36", "name": STATE_NAMES[work.region], "abbreviation": work.region},
                zipcode=work.postal_code,
                country={"id": "1", "name": work.country, "isoCode": work.country[:2].upper()},
            )
        return work.city


_EMPTY_ADDRESS: Row = dict.fromkeys(("address1", "address2", "city", "state", "zipcode", "country"))


def _existing(table: Mapping[str, Row], row_id: str, kind: str) -> Row:
    if row_id not in table:
        raise UnknownRecord(f"no {kind} {row_id}")
    return table[row_id]


def _employee(employee_id: str, like: Person) -> Row:
    number, home = like.number, like.home
    phone, _, extension = like.work_phone.partition(" x")
    return {
        "id": employee_id,
        "firstName": like.given_name or None,
        "middleName": like.middle_name or None,
        "lastName": like.family_name,
        "preferredName": like.preferred_name or None,
        "displayName": like.display_name,
        "status": "Active",
        "employeeNumber": like.employee_number,
        "workEmail": None if number % NO_EMAIL_EVERY == 0 else like.email,
        "homeEmail": like.personal_email,
        "jobTitle": like.title,
        "division": like.division,
        "department": like.department,
        "location": None,
        "workPhone": phone,
        "workPhoneExtension": extension,
        "mobilePhone": like.mobile,
        "homePhone": "" if number % 3 == 0 else like.home_phone,
        "address1": home.street,
        "address2": "Apt 3" if number % 2 else None,
        "city": home.city,
        "state": STATE_NAMES[home.region],
        "stateCode": home.region,
        "zipcode": home.postal_code,
        "country": home.country,
        "hireDate": like.starts_on.isoformat(),
        "originalHireDate": like.starts_on.isoformat(),
        "terminationDate": (NO_DATE, "", None)[number % 3],
        "dateOfBirth": (date(1970, 1, 1) + timedelta(days=211 * number % 11_000)).isoformat(),
        "gender": ("Female", "Male")[number % 2],
        "employmentHistoryStatus": "Full-Time",
        "ssn": f"900-55-{number % 10_000:04d}",
        "payRate": f"{like.salary}.00 USD",
        "payType": "Salary",
        "payPeriod": "Year",
    }
