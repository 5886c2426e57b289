"""The records of iCIMS: a person with the job that they were hired for, each member as plain text or nothing.

Fields that are empty, or that the API's user may not see, are left out of profiles alike (vendors.md §2.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from app.sources.records import RecordField
from app.vendors.icims.places import TENANT_FIELDS, Place, text_of
from app.vendors.icims.settings import Account

KEY = "profile_id"
Values = dict[str, str | None]


class Said(fields.Field[str | None]):
    """The text of a value of any field type, or None."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        return text_of(value)


class Short(Said):
    """The abbreviation of a state or country, its name where there is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        short = value.get("abbrev") if isinstance(value, Mapping) else None
        return text_of(short) or text_of(value)


def _said(label: str, sensitivity: str = "normal", kind: type[Said] = Said) -> Said:
    return kind(allow_none=True, metadata={"label": label, "sensitivity": sensitivity})


class _Part(Schema):
    class Meta:
        unknown = EXCLUDE


class PersonSchema(_Part):
    """``/people/{id}``: the fields whose ids are documented."""

    firstname = _said("First name")
    lastname = _said("Last name")
    email = _said("E-mail", "personal")
    folder = _said("Folder (status)")
    usssn = _said("SSN", "secret")


class AddressSchema(_Part):
    """An entry of ``addresses``."""

    addressstreet1 = _said("Street", "personal")
    addressstreet2 = _said("Street 2", "personal")
    addresscity = _said("City", "personal")
    addressstate = _said("State", "personal", Short)
    addresszip = _said("Zip", "personal")
    addresscountry = _said("Country", "personal", Short)


class JobSchema(_Part):
    """``/jobs/{id}``: what every job has."""

    jobtitle = _said("Title of the job")
    department = _said("Department of the job")


_JOB_NAMES = {"jobtitle": "job_title", "department": "job_department"}
_PERSON_FIELDS = ("firstname", "lastname", "email", "folder", "addresses")
JOB_FIELDS = ("jobtitle", "department")


def record_fields() -> tuple[RecordField, ...]:
    """Return the fields of a record, whatever the customer has switched on."""
    told = [
        RecordField(KEY, "Profile ID"),
        RecordField("is_employee", "Employee now: yes, or no for a leaver"),
        *_declared(PersonSchema),
        *_declared(AddressSchema),
        RecordField("job_profile_id", "Profile ID of the job"),
        *(RecordField(_JOB_NAMES[f.name], f.label) for f in _declared(JobSchema)),
        RecordField("hiring_manager_id", "Profile ID of the hiring manager"),
        RecordField("hiring_manager_email", "E-mail of the hiring manager", sensitivity="personal"),
    ]
    told += (
        RecordField(field.name, field.label, field.type, field.sensitivity)
        for field in TENANT_FIELDS
        if field.name != "hiring_manager"
    )
    return tuple(told)


def _declared(schema: type[_Part]) -> list[RecordField]:
    return [
        RecordField(name, str(f.metadata["label"]), sensitivity=str(f.metadata["sensitivity"]))
        for name, f in schema().fields.items()
    ]


def person_fields(account: Account) -> list[str]:
    """Return the ids of the person's fields to ask for: what is switched off is never asked for."""
    secret = ["usssn"] if account.with_national_id else []
    own = [place.field for place in account.places.values() if place.profile == "person"]
    return [*_PERSON_FIELDS, *secret, *own]


def job_fields(account: Account) -> list[str]:
    """Return the ids of the job's fields to ask for."""
    return [*JOB_FIELDS, *(place.field for place in account.places.values() if place.profile == "job")]


def is_employee(profile: Mapping[str, Any], account: Account) -> bool | None:
    """Return whether a person is an employee by their folder, False for a leaver; None for anybody else.

    :raises LookupError: the profile does not say its folder.
    """
    folder = profile.get("folder")
    folder_id = str(folder.get("id") or "").upper() if isinstance(folder, Mapping) else ""
    if not folder_id:
        raise LookupError("folder")
    if folder_id in account.folders:
        return True
    return False if folder_id in account.former_folders else None


def person_values(profile_id: int | str, profile: Mapping[str, Any], account: Account) -> Values:
    """Return what a profile says of a person. What it leaves out is not in it."""
    values: Values = {KEY: str(profile_id)}
    values |= PersonSchema().load({name: profile[name] for name in profile if name in PersonSchema().fields})
    if not account.with_national_id:
        values.pop("usssn", None)
    address = primary_address(profile.get("addresses"))
    if address is not None:
        # What a shown address leaves out is empty: "Apt 3" must not stay behind when somebody moves [G].
        values |= dict.fromkeys(AddressSchema().fields) | AddressSchema().load(address)
    return values | _placed(profile, account, "person")


def job_values(job_id: int | str, job: Mapping[str, Any], account: Account) -> Values:
    """Return what the profile of a job says, under the names of a record."""
    loaded: Values = JobSchema().load(dict(job))
    return {
        "job_profile_id": str(job_id),
        **{_JOB_NAMES[name]: value for name, value in loaded.items()},
        **_placed(job, account, "job"),
    }


def _placed(profile: Mapping[str, Any], account: Account, kind: str) -> Values:
    """Return the tenant's own fields of a profile; the hiring manager is a link, which others follow."""
    return {
        name: place.text_in(profile)
        for name, place in account.places.items()
        if place.profile == kind and name != "hiring_manager" and place.is_in(profile)
    }


def primary_address(addresses: Any) -> dict[str, Any] | None:
    """Return the primary entry of ``addresses``, the first one where none is marked; None for no entry."""
    entries = [entry for entry in addresses if isinstance(entry, dict)] if isinstance(addresses, list) else []
    return next((entry for entry in entries if entry.get("primary") is True), entries[0] if entries else None)


def linked_id(value: Any) -> str | None:
    """Return the profile id in a link to another profile: ``{"id": 41, "value": …, "profile": "https://…/people/41"}``.

    >>> linked_id({"id": 41}), linked_id({"profile": "https://h/customers/1/people/41"}), linked_id("Lee Ortiz")
    ('41', '41', None)
    """
    if not isinstance(value, Mapping):
        return None
    for text in (value.get("id"), str(value.get("profile") or "").rpartition("/")[2]):
        if not isinstance(text, bool) and str(text).isascii() and str(text).isdigit():
            return str(text)
    return None


def manager_place(account: Account) -> Place | None:
    """Return where the link to the hiring manager is, None when it is not read."""
    return account.places.get("hiring_manager")
