"""The attributes that mappings may name: the fields of the table, and more of what the directory knows of a person.

Sensitive values (date of birth, national id, salary) are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.provisioning import readers
from app.provisioning.fields import FIELDS
from app.provisioning.readers import Document, Reader
from scim.resources import ENTERPRISE, HR


@dataclass(frozen=True, slots=True)
class Attribute:
    """A name of the mapping language: what it reads, from which directory paths, and what it is in plain words."""

    label: str
    read: Reader
    paths: tuple[str, ...]


_WORK_EMAIL = FIELDS["workEmail"].paths
_CORE = {
    "userName": "User name in the directory",
    "userType": "Kind of user",
    "locale": "Locale",
    "timezone": "Time zone",
    "preferredLanguage": "Preferred language",
}
_OF_NAME = {"honorificPrefix": "Title before the name", "honorificSuffix": "Title behind the name"}
_ENTERPRISE = {"costCenter": "Cost centre", "organization": "Organisation"}
#: Name → attribute of the HR extension, label.
_HR = {
    "hireDate": ("startDate", "Hire date, YYYY-MM-DD"),
    "terminationDate": ("terminationDate", "Last day, YYYY-MM-DD"),
    "employmentStatus": ("employmentStatus", "Employment status"),
    "employmentType": ("employmentType", "Employment type"),
    "positionCode": ("positionCode", "Position code"),
    "positionTitle": ("positionTitle", "Position title"),
    "departmentCode": ("departmentCode", "Department code"),
    "locationCode": ("locationCode", "Location code"),
    "managerEmail": ("managerEmail", "Manager's e-mail as the source has it"),
}

#: Name → attribute. `userName` is the directory's; the target's default user name is `localPart`.
ATTRIBUTES: dict[str, Attribute] = {
    **{name: Attribute(row.label, row.read, row.paths) for name, row in FIELDS.items() if name != "manager"},
    **{name: Attribute(label, readers.core(name), (name,)) for name, label in _CORE.items()},
    **{
        name: Attribute(label, readers.within("name", name), (f"name.{name}",))
        for name, label in _OF_NAME.items()
    },
    **{
        name: Attribute(label, readers.within(ENTERPRISE, name), (f"{ENTERPRISE}:{name}",))
        for name, label in _ENTERPRISE.items()
    },
    **{
        name: Attribute(label, readers.within(HR, inner), (f"{HR}:{inner}",))
        for name, (inner, label) in _HR.items()
    },
    "preferredName": Attribute("Preferred name", readers.core("nickName"), ("nickName",)),
    "localPart": Attribute("What stands before the @ of the work e-mail", readers.email_part(0), _WORK_EMAIL),
    "emailDomain": Attribute(
        "What stands behind the @ of the work e-mail", readers.email_part(1), _WORK_EMAIL
    ),
    "homeEmail": Attribute("Home e-mail", readers.email("home"), ("emails[home].value",)),
}
#: Attributes of which a change alone starts no push (rule 9), whatever is made of them.
QUIET = frozenset({"preferredName"})


def values(document: Document, names: frozenset[str]) -> dict[str, str | bool]:
    """Name → value of a person; the empty text where there is none."""
    read = {name: ATTRIBUTES[name].read(document) for name in names}
    return {name: "" if value is None else value for name, value in read.items()}
