"""Where a customer of iCIMS keeps what the guide syncs: field ids that differ between customers (vendors.md §10).

A place is written ``fieldid`` (a field of the person), ``job:fieldid`` (a field of the job that the person was hired
for), with ``.member`` behind it where a part of the field is meant, or ``none``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sources.errors import WrongSource
from app.sources.records import Option

NONE = "none"
_PLACE = re.compile(r"(?:(job):)?([a-z][a-z0-9_]{0,60})(?:\.([a-z][a-z0-9_]{0,60}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """One field of a profile; `member` is the part of it that counts, "" for its text."""

    profile: str
    field: str
    member: str = ""

    def __str__(self) -> str:
        text = self.field if self.profile == "person" else f"{self.profile}:{self.field}"
        return f"{text}.{self.member}" if self.member else text

    def is_in(self, profile: Mapping[str, Any]) -> bool:
        """Whether the profile says anything about it: what is empty, or hidden from us, is left out (§2.4)."""
        return self.field in profile

    def text_in(self, profile: Mapping[str, Any]) -> str | None:
        """Return its text in a profile, None when it is empty."""
        value = profile.get(self.field)
        if self.member:
            value = value.get(self.member) if isinstance(value, Mapping) else None
        return text_of(value)


def text_of(value: Any) -> str | None:
    """Return the text of a value of any field type (vendors.md §2.4), None for nothing.

    >>> text_of({"id": "D32013", "value": "Emp: Current Employee"}), text_of(7), text_of(" ")
    ('Emp: Current Employee', '7', None)
    """
    if isinstance(value, Mapping):
        found = (text_of(value.get(member)) for member in ("value", "formattedvalue", "amount"))
        return next((text for text in found if text is not None), None)
    if isinstance(value, list):
        return ", ".join(text for text in map(text_of, value) if text is not None) or None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


@dataclass(frozen=True, slots=True)
class TenantField:
    """One thing of the guide whose field id is the customer's own. `name` is that of the record's field."""

    name: str
    label: str
    default: str
    type: str = "string"
    sensitivity: str = "normal"

    @property
    def setting(self) -> str:
        """The setting that says where it is kept."""
        return f"field_{self.name}"


TENANT_FIELDS: tuple[TenantField, ...] = (
    TenantField("hire_date", "Hire date", "hiredate", "date"),
    TenantField("end_date", "End date", "enddate", "date"),
    TenantField("employee_number", "Employee number (ADP Associate ID)", NONE),
    TenantField("job_code", "Job code", NONE),
    TenantField("home_department", "Home department", "job:department"),
    TenantField("location_code", "Location code", "job:joblocation"),
    TenantField("hiring_manager", "Hiring manager", "job:hiringmanager"),
    TenantField("birthdate", "Birthdate", "birthdate", "date", "personal"),
)
OPTIONS = tuple(
    Option(field.setting, f"{field.label}: FIELD or job:FIELD of iCIMS, or none", default=field.default)
    for field in TENANT_FIELDS
)


def settled_places(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of :data:`TENANT_FIELDS`, checked, in lower case as iCIMS wants names.

    :raises WrongSource: a value is not of the form of a place.
    """
    settled = {}
    for field in TENANT_FIELDS:
        text = (settings.get(field.setting) or field.default).strip().lower()
        if text != NONE and not _PLACE.fullmatch(text):
            raise WrongSource(
                f"{field.setting}={text!r} is no field of iCIMS; write an id such as field12345 (a field of the "
                f"person) or job:field12345 (of the job), or {NONE}."
            )
        settled[field.setting] = text
    return settled


def places_of(settings: Mapping[str, str]) -> dict[str, Place]:
    """Return name of a tenant field → its place, those left out that are switched off."""
    places = {}
    for field in TENANT_FIELDS:
        found = _PLACE.fullmatch(settings.get(field.setting, field.default))
        if found is not None and found[2] != NONE:
            places[field.name] = Place(found[1] or "person", found[2], found[3] or "")
    return places
