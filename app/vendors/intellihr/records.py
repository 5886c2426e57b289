"""The records of intelliHR: a person with the job that counts, flat, each member as plain text or nothing.

A member that intelliHR leaves out is unknown and in no record; a null one, and everything below a null one, is empty.
What is sensitive and not switched on is dropped here. Medical conditions, emergency contacts, work rights and past
jobs are never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, pre_load

from app.sources.records import RecordField
from app.vendors.intellihr.custom_fields import custom_column
from app.vendors.intellihr.jobs import Summary
from app.vendors.intellihr.settings import Choices

KEY = "person_id"
#: Statuses without a job in force, or with none yet (vendors.md §4.5).
_LEFT = frozenset({"Past Staff", "No Job Records"})
_TO_COME = frozenset({"Upcoming Staff", "Returning Staff"})
_ABSENT: Any = object()
_PERIODS = {
    "Annual Salary": ("baseAnnualSalary", "year"),
    "Hourly Rate": ("baseHourlyRate", "hour"),
}
Row = Mapping[str, Any]
Flat = dict[str, str | None]


class Scalar(fields.Field[str | None]):
    """Text, or None for ``""``, null and anything that is no scalar; yes and no for flags."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value).strip() or None if isinstance(value, (str, int, float)) else None


class Day(Scalar):
    """A date ``YYYY-MM-DD``; the time of a date-time is cut off, ``0000-00-00`` is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        return None if text is None or text.startswith("0000") else text.partition("T")[0]


def _scalar(path: str, label: str, sensitivity: str = "normal", group: str = "") -> Scalar:
    told = {"path": path, "label": label, "type": "string", "sensitivity": sensitivity, "group": group}
    return Scalar(allow_none=True, metadata=told)


def _day(path: str, label: str, sensitivity: str = "normal", group: str = "") -> Day:
    told = {"path": path, "label": label, "type": "date", "sensitivity": sensitivity, "group": group}
    return Day(allow_none=True, metadata=told)


class _Flattened(Schema):
    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _flatten(self, row: Row, **kwargs: Any) -> dict[str, Any]:
        found = {name: _at(row, declared.metadata["path"]) for name, declared in self.fields.items()}
        return {name: value for name, value in found.items() if value is not _ABSENT}


class PersonSchema(_Flattened):
    """``/people/{id}``."""

    person_id = _scalar("id", "Person")
    employee_number = _scalar("employeeNumber", "Employee number")
    intellihr_id = _scalar("autoIncrementIntellihrId", "intelliHR ID")
    title = _scalar("title", "Title")
    first_name = _scalar("firstName", "First name")
    middle_name = _scalar("middleName", "Middle name")
    last_name = _scalar("lastName", "Last name")
    preferred_name = _scalar("preferredName", "Preferred name")
    display_name = _scalar("displayName", "Display name")
    date_of_birth = _day("dateOfBirth", "Date of birth", "personal", "date_of_birth")
    gender = _scalar("gender", "Gender", "personal", "gender")
    email = _scalar("primaryEmailAddress.email", "Primary e-mail address", "personal")
    employment_status = _scalar("employmentStatus", "Employment status")


class AddressSchema(_Flattened):
    """One of a person's ``addresses``."""

    home_address = _scalar("fullAddress", "Home address", "personal")
    home_street = _scalar("street", "Street of the home address", "personal")
    home_suburb = _scalar("suburb", "Suburb of the home address", "personal")
    home_state = _scalar("state", "State of the home address", "personal")
    home_postcode = _scalar("postcode", "Postcode of the home address", "personal")
    home_country = _scalar("country", "Country of the home address", "personal")


class JobSchema(_Flattened):
    """``/jobs/{id}``."""

    job_id = _scalar("id", "Job")
    job_name = _scalar("name", "Name of the job")
    job_status = _scalar("jobStatus", "Status of the job")
    position_title = _scalar("positionTitle.name", "Job title")
    position_code = _scalar("positionTitle.code", "Code of the job title")
    business_unit = _scalar("businessUnit.name", "Business unit")
    business_unit_code = _scalar("businessUnit.code", "Code of the business unit")
    business_entity = _scalar("businessEntity.name", "Business entity")
    location = _scalar("location.name", "Location")
    location_code = _scalar("location.code", "Code of the location")
    location_address = _scalar("location.address", "Address of the location")
    supervisor_id = _scalar("supervisorPerson.id", "Supervisor")
    work_type = _scalar("workType", "Work type")
    work_class = _scalar("workClass", "Work class")
    employment_condition = _scalar("employmentCondition.name", "Employment condition")
    fte = _scalar("fte", "Full-time equivalent")
    start_date = _day("companyStartDate", "First day in the company")
    position_start_date = _day("positionStartDate", "First day in the position")
    end_date = _day("companyEndDate", "Last day in the company")
    end_date_confirmed = _scalar("isEndDateConfirmed", "Whether the last day is final")


#: What is made of several members, or of lists.
_DERIVED = (
    RecordField("employee_id", "Employee ID: the employee number, else the intelliHR ID"),
    RecordField("counted_status", "Employment status as it counts (setting upcoming_staff)"),
    RecordField("personal_email", "Personal e-mail address", "string", "personal"),
    RecordField("work_phone", "Work phone number"),
    RecordField("personal_phone", "Personal phone number", "string", "personal"),
    RecordField("on_extended_leave", "Whether on extended leave"),
    RecordField("supervisor_email", "E-mail address of the supervisor"),
    RecordField("salary_amount", "Base pay", "number", "secret"),
    RecordField("salary_currency", "Currency of the pay", "string", "secret"),
    RecordField("salary_period", "Period of the pay", "string", "secret"),
    RecordField("cost_centre", "Cost centre (setting cost_centre_field)"),
)
# Making a schema costs more than reading a record with it.
_PERSON, _ADDRESS, _JOB = PersonSchema(), AddressSchema(), JobSchema()
_SALARY = ("salary_amount", "salary_currency", "salary_period")


def record_fields(choices: Choices) -> tuple[RecordField, ...]:
    """Return the fields of a record: a person with the job that counts, and the custom fields that were chosen."""
    told = [
        RecordField(name, *(str(declared.metadata[word]) for word in ("label", "type", "sensitivity")))
        for schema in (_PERSON, _ADDRESS, _JOB)
        for name, declared in schema.fields.items()
    ]
    custom = [RecordField(custom_column(name), f"Custom field {name}") for name in choices.custom_fields]
    return (*told, *_DERIVED, *custom)


def person_values(row: Row, choices: Choices) -> Flat:
    """Return what a person's own record says."""
    values = _read(_PERSON, row, choices)
    values |= _employee_id(values) | _counted(values, choices) | _phones(row)
    if isinstance(row.get("emailAddresses"), list):
        values["personal_email"] = _personal_email(row["emailAddresses"], values.get("email"))
    if isinstance(row.get("addresses"), list):
        values |= _chosen_address(row["addresses"], choices)
    if values.get("email") is None:
        _without_email(values)
    return values


def job_values(job: Row | None, summary: Summary | None, choices: Choices) -> Flat:
    """Return what the job that counts says; everything empty for somebody without any job.

    A job that intelliHR named and did not give leaves everything of it unknown.
    """
    if summary is None:
        return _no_job(choices)
    values = _read(_JOB, job, choices) if job is not None else {}
    if job is not None and "salary" in choices.switched_on and "remunerationSchedule" in job:
        values |= _salary(job["remunerationSchedule"])
    if "isOnExtendedLeave" in summary:
        values["on_extended_leave"] = "yes" if summary["isOnExtendedLeave"] else "no"
    return values


def email_of(row: Row) -> str | None:
    """Return a person's primary e-mail address."""
    found = _at(row, "primaryEmailAddress.email")
    return found.strip() or None if isinstance(found, str) else None


def _read(schema: _Flattened, row: Row, choices: Choices) -> Flat:
    loaded: Flat = schema.load(dict(row))
    off = {
        name
        for name, declared in schema.fields.items()
        if declared.metadata["group"] and declared.metadata["group"] not in choices.switched_on
    }
    return {name: value for name, value in loaded.items() if name not in off}


def _at(row: Any, path: str) -> Any:
    for name in path.split("."):
        if row is None:
            return None
        if not isinstance(row, Mapping) or name not in row:
            return _ABSENT
        row = row[name]
    return row


def _employee_id(values: Flat) -> Flat:
    return {"employee_id": values.get("employee_number") or values.get("intellihr_id")}


def _counted(values: Flat, choices: Choices) -> Flat:
    if "employment_status" not in values:
        return {}
    status = values["employment_status"]
    return {
        "counted_status": "Current Staff" if choices.upcoming_is_active and status in _TO_COME else status
    }


def _without_email(values: Flat) -> None:
    """Say nothing of a leaver's e-mail address: the mandatory one is often taken away when somebody leaves.

    An empty one would make their row an error, and the leaver would stay active.
    """
    if values.get("employment_status") in _LEFT:
        values.pop("email", None)
    else:
        values["email"] = None


def _phones(row: Row) -> Flat:
    number = _at(row, "primaryPhoneNumber.fullNumber")
    if number is _ABSENT:
        return {}
    text = str(number).strip() or None if number is not None else None
    is_personal = bool(_at(row, "primaryPhoneNumber.isPersonal") is True)
    return {"work_phone": None if is_personal else text, "personal_phone": text if is_personal else None}


def _personal_email(entries: list[Any], primary: str | None) -> str | None:
    addresses = [
        str(entry.get("email") or "").strip()
        for entry in entries
        if isinstance(entry, Mapping) and entry.get("isPersonal") is True
    ]
    others = [address for address in addresses if address and address.lower() != (primary or "").lower()]
    return next(iter(others), None)


def _chosen_address(entries: list[Any], choices: Choices) -> Flat:
    known = [entry for entry in entries if isinstance(entry, Mapping)]
    if not known:
        return dict.fromkeys(_ADDRESS.fields)
    chosen = next((entry for entry in known if entry.get("isPrimary") is True), known[0])
    return _read(_ADDRESS, chosen, choices)


def _salary(schedule: Any) -> Flat:
    if not isinstance(schedule, Mapping) or schedule.get("type") not in _PERIODS:
        return dict.fromkeys(_SALARY)
    member, period = _PERIODS[schedule["type"]]
    amount = schedule.get(member)
    if isinstance(amount, bool) or not isinstance(amount, (str, int, float)):
        return dict.fromkeys(_SALARY)
    currency = schedule.get("currency")
    return {
        "salary_amount": str(amount),
        "salary_currency": currency if isinstance(currency, str) else None,
        "salary_period": period,
    }


def _no_job(choices: Choices) -> Flat:
    names = [*_JOB.fields, "supervisor_email", "on_extended_leave"]
    return dict.fromkeys([*names, *_SALARY] if "salary" in choices.switched_on else names)
