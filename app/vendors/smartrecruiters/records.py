"""The records of SmartRecruiters: what Rollcall reads of candidates, applications and jobs, flat, as text or nothing.

The shapes are those of vendors.md §3.4 (the 2017 model; members that were added since are let be).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from app.sources.records import RecordField

HIRED = "HIRED"
_ABSENT = object()


class Scalar(fields.Field[str | None]):
    """Text, or None for ``""``, null and anything that is no scalar; an object with a label is its label."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        return text_of(value)


class Day(Scalar):
    """The day of an instant in ISO 8601, as it is written there."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        return day_of(text_of(value))


class Code(Scalar):
    """A code in capitals: SmartRecruiters writes country codes in small letters (vendors.md §9)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = text_of(value)
        return text.upper() if text else None


class Flag(Scalar):
    """``true`` or ``false``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        return str(value).lower() if isinstance(value, bool) else None


class Words(Scalar):
    """A list of texts as one text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        found = [text_of(entry) for entry in value] if isinstance(value, list) else []
        return ", ".join(text for text in found if text) or None


class Website(Scalar):
    """The LinkedIn address of a candidate's ``web`` member, else the first address in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, dict):
            return None
        found = {str(name).lower(): text_of(each) for name, each in value.items()}
        return found.get("linkedin") or next((text for text in found.values() if text), None)


def text_of(value: Any) -> str | None:
    """Return a scalar as text without blanks around it, the label of an object, else None.

    >>> text_of(" a "), text_of(4.0), text_of(""), text_of({"id": "10", "label": "Sales"}), text_of(True)
    ('a', '4.0', None, 'Sales', 'true')
    """
    if isinstance(value, dict):
        value = value.get("label", value.get("value"))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() or None if isinstance(value, (str, int, float)) else None


def day_of(text: str | None) -> str | None:
    """Return the day ``YYYY-MM-DD`` with which a text begins, None when it begins with none.

    >>> day_of("2026-04-01T00:00:00.000Z"), day_of("0000-00-00"), day_of(None)
    ('2026-04-01', None, None)
    """
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None


def _field(
    of: type[Scalar], place: str, label: str, *, personal: bool = False, kind: str = "string"
) -> Scalar:
    sensitivity = "personal" if personal else "normal"
    told = {"label": label, "type": kind, "sensitivity": sensitivity}
    return of(allow_none=True, data_key=place, metadata=told)


class _Record(Schema):
    class Meta:
        unknown = EXCLUDE


class CandidateSchema(_Record):
    """``GET /candidates/{id}``."""

    candidate_id = _field(Scalar, "id", "Candidate")
    first_name = _field(Scalar, "firstName", "First name")
    last_name = _field(Scalar, "lastName", "Last name")
    email = _field(Scalar, "email", "E-mail", personal=True)
    phone = _field(Scalar, "phoneNumber", "Phone", personal=True)
    city = _field(Scalar, "location.city", "City", personal=True)
    region = _field(Scalar, "location.region", "Region", personal=True)
    country_code = _field(Code, "location.countryCode", "Country", personal=True)
    website = _field(Website, "web", "LinkedIn or other site", personal=True)
    internal = _field(Flag, "internal", "Internal candidate: true or false")
    tags = _field(Words, "tags", "Tags")
    created_on = _field(Day, "createdOn", "Created on", kind="date")


class ApplicationSchema(_Record):
    """The assignment of a candidate to the job for which they were hired."""

    job_id = _field(Scalar, "job.id", "Job")
    application_status = _field(Scalar, "status", "Status of the application")
    application_sub_status = _field(Scalar, "subStatus", "Sub-status of the application")
    starts_on = _field(Day, "startsOn", "Starts on", kind="date")
    source = _field(Scalar, "source", "Source of the application")
    onboarding_status = _field(Scalar, "onboardingStatus", "Onboarding status")


class JobSchema(_Record):
    """``GET /jobs/{id}``."""

    job_title = _field(Scalar, "title", "Job title")
    job_ref_number = _field(Scalar, "refNumber", "Reference number of the job")
    job_department = _field(Scalar, "department.label", "Department")
    job_department_id = _field(Scalar, "department.id", "Code of the department")
    job_city = _field(Scalar, "location.city", "City of the job")
    job_region = _field(Scalar, "location.region", "Region of the job")
    job_country_code = _field(Code, "location.countryCode", "Country of the job")
    job_address = _field(Scalar, "location.address", "Street address of the job")
    job_postal_code = _field(Scalar, "location.postalCode", "Postal code of the job")
    job_employment_type = _field(Scalar, "typeOfEmployment.label", "Kind of employment")


#: Fields that are put together from more than one document.
_JOINED = (
    RecordField("applications", "All applications with their statuses"),
    RecordField("hired_on", "Hired on", "date"),
    RecordField("hiring_manager_email", "E-mail of the hiring manager", "string", "personal"),
    RecordField("offer_start_on", "First day of the accepted offer", "date"),
    RecordField(
        "salary", "Salary of the accepted offer, or of the job where it has one amount", "number", "secret"
    ),
    RecordField("salary_currency", "Currency of the salary", "string", "secret"),
)
_SCHEMAS: tuple[type[_Record], ...] = (CandidateSchema, ApplicationSchema, JobSchema)
_READERS = {schema: schema() for schema in _SCHEMAS}
_PLACES = {
    schema: {str(declared.data_key): declared for declared in reader.fields.values()}
    for schema, reader in _READERS.items()
}


def record_fields() -> tuple[RecordField, ...]:
    """Return the fields of a record that are the same in every company."""
    found = [
        RecordField(name, *(str(declared.metadata[word]) for word in ("label", "type", "sensitivity")))
        for reader in _READERS.values()
        for name, declared in reader.fields.items()
    ]
    return (*found, *_JOINED)


def read(schema: type[_Record], document: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the members of a document under the names of a record; what it does not have is not in it."""
    found = {place: _at(document, place) for place in _PLACES[schema]}
    loaded: dict[str, str | None] = _READERS[schema].load(
        {place: value for place, value in found.items() if value is not _ABSENT}
    )
    return loaded


def _at(document: Any, place: str) -> Any:
    """Return what stands at a dotted place; `_ABSENT` where a member is missing, None under a null."""
    for name in place.split("."):
        if document is None:
            return None
        if not isinstance(document, Mapping) or name not in document:
            return _ABSENT
        document = document[name]
    return document
