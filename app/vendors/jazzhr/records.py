"""The records of JazzHR: what Rollcall reads of hires, applicants and jobs, each member as plain text or nothing.

JazzHR writes nearly everything as text, also flags and numbers, and ``0000-00-00`` for an empty date (vendors.md §1.1).
"""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, post_load

from app.sources.members import Day, Scalar
from app.sources.records import RecordField


def _scalar(label: str, *, personal: bool = False, secret: bool = False) -> Scalar:
    sensitivity = "secret" if secret else "personal" if personal else "normal"
    return Scalar(allow_none=True, metadata={"label": label, "sensitivity": sensitivity})


def _day(label: str) -> Day:
    return Day(allow_none=True, metadata={"label": label, "type": "date"})


class _Record(Schema):
    class Meta:
        unknown = EXCLUDE

    @post_load
    def _without_absent(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        # What JazzHR leaves out is unknown, not empty: it must clear nothing.
        return dict(data)


class HireSchema(_Record):
    """A row of ``/hires``: one hired application."""

    id = _scalar("Hire")
    applicant_id = _scalar("Applicant")
    job_id = _scalar("Job")
    hired_date = _day("Hired on")
    hired_time = _scalar("Hired at")


class ApplicantSchema(_Record):
    """``/applicants/{id}``."""

    first_name = _scalar("First name")
    last_name = _scalar("Last name")
    email = _scalar("E-mail", personal=True)
    phone = _scalar("Phone", personal=True)
    address = _scalar("Address", personal=True)
    location = _scalar("Location of the applicant", personal=True)
    desired_start_date = _day("Earliest start date")
    desired_salary = _scalar("Desired salary", secret=True)
    source = _scalar("Source of the application")
    apply_date = _day("Applied on")


class JobSchema(_Record):
    """``/jobs/{id}``. ``country_id`` may hold a name or a code (vendors.md §10)."""

    title = _scalar("Job title")
    department = _scalar("Department")
    city = _scalar("City of the job")
    state = _scalar("State of the job")
    zip = _scalar("Postal code of the job")
    country_id = _scalar("Country of the job")
    type = _scalar("Kind of employment")
    internal_code = _scalar("Internal code of the job")


_PREFIXES: tuple[tuple[type[_Record], str], ...] = (
    (HireSchema, ""),
    (ApplicantSchema, ""),
    (JobSchema, "job_"),
)
#: A member's name in a record, where it is not the prefix and the member's own name.
_RENAMED = {"id": "hire_id", "job_country_id": "job_country"}


def record_fields() -> tuple[RecordField, ...]:
    """Return the fields of a record: a hire with its applicant and its job."""
    found = []
    for schema, prefix in _PREFIXES:
        for name, declared in schema().fields.items():
            told = declared.metadata
            kind, sensitivity = (
                str(told.get("type", "string")),
                str(told["sensitivity"]) if "sensitivity" in told else "normal",
            )
            found.append(RecordField(_name(prefix, name), str(told["label"]), kind, sensitivity))
    return tuple(found)


def hire_of(row: dict[str, Any]) -> dict[str, str | None]:
    """Return the members of a hire under the names of a record."""
    return _read(HireSchema, "", row)


def values_of(
    hire: dict[str, str | None],
    applicant: dict[str, Any],
    job: dict[str, Any] | None,
    *,
    with_salary: bool,
) -> dict[str, str | None]:
    """Return a record's values. What JazzHR did not say is not in it; the salary only when the tenant asked for it."""
    values = {
        **hire,
        **_read(ApplicantSchema, "", applicant),
        **(_read(JobSchema, "job_", job) if job else {}),
    }
    if not with_salary:
        values.pop("desired_salary", None)
    return values


def _read(schema: type[_Record], prefix: str, row: dict[str, Any]) -> dict[str, str | None]:
    loaded: dict[str, str | None] = schema().load(row)
    return {_name(prefix, name): value for name, value in loaded.items()}


def _name(prefix: str, name: str) -> str:
    return _RENAMED.get(prefix + name, prefix + name)
