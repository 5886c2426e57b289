"""What the fields of a person are called, in HR words, by value path and by field of a mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from app.sources.fields import user_fields
from app.sources.precedence import EVERY_FIELD, fields_by_path

_WORDS = {
    EVERY_FIELD: "Every other field",
    "active": "Active",
    "userName": "User name",
    "externalId": "External id",
    "displayName": "Display name",
    "nickName": "Nickname",
    "profileUrl": "Profile page",
    "title": "Job title",
    "userType": "User type",
    "preferredLanguage": "Language",
    "locale": "Regional format",
    "timezone": "Time zone",
    "name.givenName": "First name",
    "name.familyName": "Last name",
    "name.middleName": "Middle name",
    "name.formatted": "Full name",
    "name.honorificPrefix": "Form of address",
    "name.honorificSuffix": "Suffix of the name",
    "enterprise.employeeNumber": "Employee number",
    "enterprise.costCenter": "Cost center",
    "enterprise.organization": "Organisation",
    "enterprise.division": "Division",
    "enterprise.department": "Department",
    "enterprise.manager.value": "Manager",
    "enterprise.manager.displayName": "Manager's name",
    "hr.startDate": "First day",
    "hr.terminationDate": "Last day",
    "hr.dateOfBirth": "Date of birth",
    "hr.nationalId.value": "National number",
    "hr.nationalId.type": "Kind of national number",
    "hr.nationalId.country": "Country of the national number",
    "hr.salary.amount": "Salary",
    "hr.salary.currency": "Currency of the salary",
    "hr.salary.period": "Period of the salary",
    "hr.locationName": "Place of work",
    "hr.fte": "Share of full time",
    "hr.managerEmail": "Manager's e-mail",
    "hr.managerSourceId": "Manager's record",
    "hr.tags": "Labels",
    "hr.source.recordId": "Record at the source",
    "hr.source.channel": "Came by",
}
_MEMBERS = {
    "streetAddress": "street",
    "locality": "city",
    "region": "region",
    "postalCode": "postal code",
    "country": "country",
    "formatted": "whole",
    "display": "shown as",
}
_LISTS = {"emails": "e-mail", "phoneNumbers": "telephone", "addresses": "address"}
_TYPES = {
    "home": "Personal",
    "work": "Work",
    "mobile": "Mobile",
    "fax": "Fax",
    "pager": "Pager",
    "other": "Other",
}
_ENTRY = re.compile(r"(\w+)\[(\w*)(?:#\d+)?\]\.(\w+)")
_EXTENSION = re.compile(r"urn:.*:(enterprise|hr|employee)[^:]*:[0-9.]+:[A-Za-z]+:(.+)")


def field_words(name: str) -> str:
    """Return the words of a field, by its value path or its name in mappings.

    >>> field_words("emails[work].value"), field_words("hr.positionCode")
    ('Work e-mail', 'Position code')
    >>> field_words("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")
    'Department'
    """
    known = fields_by_path().get(name, name)
    entry = _ENTRY.fullmatch(known)
    if known in _WORDS:
        return _WORDS[known]
    if entry is not None and entry[1] in _LISTS:
        member = _MEMBERS.get(entry[3])
        words = f"{_TYPES.get(entry[2], entry[2].capitalize())} {_LISTS[entry[1]]}".strip()
        return f"{words}, {member}" if member else words
    return _WORDS.get(_short(known)) or _spelt_out(re.split(r"[.:]", known)[-1])


def _short(path: str) -> str:
    extension = _EXTENSION.fullmatch(path)
    if extension is None:
        return path
    return f"{'enterprise' if extension[1] == 'enterprise' else 'hr'}.{extension[2]}"


def _spelt_out(word: str) -> str:
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", word)
    return text[:1].upper() + text[1:].lower()


@lru_cache(maxsize=1)
def all_field_words() -> Mapping[str, str]:
    """Return field of a mapping → its words, for all fields that a source may fill."""
    return {name: field_words(name) for name in user_fields().fields}
