"""The records of BambooHR: what Rollcall reads of employees and locations, each member as plain text or nothing.

All values of BambooHR are text or null; an empty date may be ``0000-00-00``, ``""`` or null (vendors.md §5.1). A field
that the key may not see is left out of the answer: it is unknown and clears nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from app.sources.members import Day, Scalar
from app.sources.records import RecordField, Values

LOCATION = "location"
KEY, EMAIL = "id", "workEmail"
#: Fields that are asked for only when the source's setting says so.
SWITCHED = {"gender": "include_gender", "dateOfBirth": "include_date_of_birth"}


class Named(Scalar):
    """A country or state: its name as text, or an object that has one (vendors.md §5.3, both forms of locations)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if isinstance(value, Mapping):
            names = (value.get(word) for word in ("name", "label", "abbreviation", "abbrev", "isoCode"))
            value = next((name for name in names if name), None)
        return super()._deserialize(value, attr, data, **kwargs)


def _scalar(label: str, sensitivity: str = "normal") -> Scalar:
    return Scalar(allow_none=True, metadata={"label": label, "sensitivity": sensitivity})


def _personal(label: str) -> Scalar:
    return _scalar(label, "personal")


def _day(label: str, sensitivity: str = "normal") -> Day:
    told = {"label": label, "type": "date", "sensitivity": sensitivity}
    return Day(allow_none=True, metadata=told)


def _named(label: str) -> Named:
    return Named(allow_none=True, metadata={"label": label, "sensitivity": "normal"})


class _Record(Schema):
    class Meta:
        unknown = EXCLUDE


class EmployeeSchema(_Record):
    """``/employees/{id}``: the fields of the guide (vendors.md §7.2) and what the directory knows beside them."""

    id = _scalar("Employee id")
    firstName = _scalar("First name")
    lastName = _scalar("Last name")
    middleName = _scalar("Middle name")
    preferredName = _scalar("Preferred name")
    status = _scalar("Status")
    workEmail = _scalar("Work e-mail")
    employeeNumber = _scalar("Employee #")
    jobTitle = _scalar("Job title")
    division = _scalar("Division")
    department = _scalar("Department")
    location = _scalar("Location")
    workPhone = _scalar("Work phone")
    workPhoneExtension = _scalar("Work phone extension")
    homePhone = _personal("Home phone")
    mobilePhone = _personal("Mobile phone")
    address1 = _personal("Home address, street 1")
    address2 = _personal("Home address, street 2")
    city = _personal("Home address, city")
    state = _personal("Home address, state")
    stateCode = _personal("Home address, code of the state")
    zipcode = _personal("Home address, postal code")
    country = _personal("Home address, country")
    hireDate = _day("Hire date")
    terminationDate = _day("Termination date")
    supervisorEId = _scalar("Employee id of the supervisor")
    supervisorEmail = _scalar("Work e-mail of the supervisor")
    gender = _personal("Gender")
    dateOfBirth = _day("Date of birth", "personal")


class LocationSchema(_Record):
    """The address of a location, however it was read; in a record each name has ``location_`` before it."""

    address1 = _scalar("Work address, street 1")
    address2 = _scalar("Work address, street 2")
    city = _scalar("Work address, city")
    state = _named("Work address, state")
    zipcode = _scalar("Work address, postal code")
    country = _named("Work address, country")


#: What is asked for, by its names in BambooHR.
EMPLOYEE_FIELDS: tuple[str, ...] = tuple(EmployeeSchema().fields)
_ADDRESS_FIELDS: tuple[str, ...] = tuple(LocationSchema().fields)
_EMPLOYEE, _ADDRESS = EmployeeSchema(), LocationSchema()
#: The applicant tracking form calls the streets otherwise.
_ATS_STREETS = {"addressLine1": "address1", "addressLine2": "address2"}


def record_fields(extra: Iterable[str] = ()) -> tuple[RecordField, ...]:
    """Return the fields of a record: an employee, the address of its location, and the ``extra`` fields."""
    known = [_told(name, declared) for name, declared in _EMPLOYEE.fields.items()]
    address = [_told(f"location_{name}", declared) for name, declared in _ADDRESS.fields.items()]
    names = {field.name for field in known}
    further = [RecordField(name, name, "string", "personal") for name in extra if name not in names]
    return (*known, *address, *further)


def values_of(members: Mapping[str, Any], extra: Iterable[str] = ()) -> dict[str, str | None]:
    """Return the values of an employee. What BambooHR left out is not in them.

    >>> values_of({"id": 12, "terminationDate": "0000-00-00", "payRate": "9.00 USD"})
    {'id': '12', 'terminationDate': None}
    """
    values: dict[str, str | None] = _EMPLOYEE.load(dict(members))
    for name in extra:
        if name in members and name not in values:
            values[name] = Scalar().deserialize(members[name]) if members[name] is not None else None
    return values


def address_of(row: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the address of a location under the names of a record; all of them, the unsaid ones empty.

    `row` is one of ``/applicant_tracking/locations``, or the ``address`` of one of ``/hris/org/locations``.
    """
    plain = {_ATS_STREETS.get(name, name): value for name, value in row.items()}
    loaded = _ADDRESS.load(plain)
    return {f"location_{name}": loaded.get(name) for name in _ADDRESS_FIELDS}


def no_address() -> Values:
    """Return the values of a place that has no address."""
    return address_of({})


def _told(name: str, declared: fields.Field[Any]) -> RecordField:
    told = declared.metadata
    return RecordField(name, str(told["label"]), str(told.get("type", "string")), str(told["sensitivity"]))
