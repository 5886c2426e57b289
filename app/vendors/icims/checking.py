"""Looks at a customer of iCIMS: what answers, what may be read, which fields there are (vendors.md §2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.outbound import OutboundError
from app.outbound.client_credentials import CredentialsRefused
from app.sources.adapter import SourceContext
from app.sources.errors import SourceError
from app.sources.records import Check
from app.vendors.icims import records
from app.vendors.icims.client import WAY_OUT, ICIMSClient, any_of, client_of, equals
from app.vendors.icims.places import TENANT_FIELDS, TenantField
from app.vendors.icims.settings import Account, account_of

#: Kind of profile → field id → title.
Schemas = Mapping[str, Mapping[str, str]]
_SCHEMAS = {"person": "people", "job": "jobs"}
#: What a field may be called at a customer: it is proposed where the setting names none.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "hire_date": ("hiredate", "datehired"),
    "end_date": ("enddate", "terminationdate", "separationdate"),
    "employee_number": ("adpassociateid", "associateid", "employeenumber", "employeeid"),
    "job_code": ("jobcode", "positioncode"),
    "home_department": ("homedepartment", "departmentcode"),
    "location_code": ("locationcode",),
    "hiring_manager": ("hiringmanager", "manager"),
    "birthdate": ("birthdate", "dateofbirth", "dob"),
}
#: Ids of the fields that a customer made (vendors.md §2.4).
_OWN = re.compile(r"(?:^|:)(?:field|rcf)[0-9]+$")
_LOST = {
    "hire_date": "the start date stays unknown",
    "end_date": "end dates are neither read nor written back",
    "employee_number": "employee numbers are neither read nor written back",
    "job_code": "the position code stays unknown",
    "home_department": "the department code stays unknown",
    "location_code": "the location code stays unknown",
    "hiring_manager": "the manager stays unknown",
    "birthdate": "the date of birth stays unknown",
}


def check(context: SourceContext) -> list[Check]:
    """Return the findings, in the order in which they depend on each other; the first that fails ends the look."""
    try:
        account = account_of(context)
    except SourceError as error:
        return [Check("sign in", False, str(error))]
    findings = _signing_in(account, context)
    if not all(finding.ok for finding in findings):
        return findings
    client = client_of(account, context)
    people = _people(client)
    findings += [people]
    if people.ok:
        findings += _fields(client, context.name)
        findings += _jobs(client) if account.needs_jobs else []
    return findings


def _signing_in(account: Account, context: SourceContext) -> list[Check]:
    place = account.credentials.token_url
    try:
        account.credentials.token(context.open_session)
    except CredentialsRefused as error:
        return [
            Check("reach", True, f"{place} answers."),
            Check("sign in", False, f"iCIMS refused the credentials: {error.message} {WAY_OUT}"),
        ]
    except OutboundError as error:
        told = f"{place} gives no token: {error.message} Check token_url."
        return [Check("reach", error.status is not None, told), Check("sign in", False, "Not tried further.")]
    return [
        Check("reach", True, f"{place} answers."),
        Check("sign in", True, "iCIMS takes the client id and secret."),
    ]


def _people(client: ICIMSClient) -> Check:
    """Return whether employees are found and can be read; no value of theirs but initials is told."""
    account = client.account
    try:
        ids = client.search(
            "people", [equals("person.id", "0", ">")], [any_of("person.folder", account.folders)]
        ).ids
        first = client.profile("people", ids[0], records.person_fields(account)) if ids else {}
    except SourceError as error:
        return Check("people", False, str(error))
    if not ids:
        told = (
            f"Nobody is in the folders {', '.join(sorted(account.folders))}. Folder ids differ from customer to "
            "customer: set those of your employees with --set folders=…; or the API's user may see none of them."
        )
        return Check("people", False, told)
    if not first or "email" not in first or "folder" not in first:
        told = "iCIMS shows no e-mail or folder of the first employee: the API's user needs the right to read both."
        return Check("people", False, told)
    many = f"{len(ids)} people" if len(ids) < 1000 else "1000 people or more"
    initials = " ".join(f"{str(first.get(name) or '?')[0]}…" for name in ("firstname", "lastname"))
    return Check("people", True, f"{many} are in the folders of employees; the first: {initials}")


def _fields(client: ICIMSClient, source: str) -> Iterator[Check]:
    """Yield one finding for each of the customer's own fields, checked against the customer's schema."""
    schemas: dict[str, dict[str, str]] = {}
    for profile in _SCHEMAS:
        try:
            schemas[profile] = client.fields(profile)
        except SourceError as error:
            told = f"The fields of {_SCHEMAS[profile]} cannot be checked: {error}"
            yield Check("permission schema", False, told, needed=False)
            return
    yield Check("permission schema", True, "The fields of this customer can be checked.", needed=False)
    if client.account.with_national_id:
        has = "usssn" in schemas["person"]
        told = (
            "usssn is there."
            if has
            else "usssn is not shown: the SSN stays unknown. See --set include_national_id=no."
        )
        yield Check("field usssn", has, told, needed=False)
    for field in TENANT_FIELDS:
        yield _field(client.account, field, schemas, source)


def _field(account: Account, field: TenantField, schemas: Schemas, source: str) -> Check:
    place, name = account.places.get(field.name), f"field {field.name}"
    if place is not None and place.field in schemas[place.profile]:
        return Check(name, True, f"{field.label}: {place} is there.", needed=False)
    way_out = (
        f"{_proposal(field.name, schemas)} rollcall source set {source} --set {field.setting}=… (or none)"
    )
    if place is None:
        # Switched off on purpose, or never named: nothing is wrong, but it should be known.
        return Check(name, True, f"{field.label}: not set, {_LOST[field.name]}. {way_out}", needed=False)
    told = f"{field.label}: this customer has no field {place}, {_LOST[field.name]}. {way_out}"
    return Check(name, False, told, needed=False)


def _proposal(name: str, schemas: Schemas) -> str:
    """Return which fields may be meant, as the beginning of a sentence that ends with a command."""
    known = [
        (place if profile == "person" else f"job:{place}", title)
        for profile, fields in schemas.items()
        for place, title in sorted(fields.items())
    ]
    fitting = [place for place, title in known if _sounds_like(name, place) or _sounds_like(name, title)]
    own = [place for place, _ in known if _OWN.search(place)]
    if fitting:
        return f"Perhaps it is {' or '.join(fitting[:3])}; name it with:"
    if own:
        return f"The customer's own fields are {', '.join(own[:12])}{' …' if len(own) > 12 else ''}; name it with:"
    return "Name it with:"


def _sounds_like(name: str, text: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    return any(word in plain for word in _WORDS[name])


def _jobs(client: ICIMSClient) -> Iterator[Check]:
    """Yield whether workflows and jobs may be read: they say for which job somebody was hired."""
    lost = "job, department, location and hiring manager of people stay unknown, and imports fail until this is mended"
    filters: list[dict[str, Any]] = [equals("applicantworkflow.person.id", "0", ">")]
    tries: dict[str, Callable[[], object]] = {
        "permission workflows": lambda: client.search("applicantworkflows", filters),
        "permission jobs": lambda: client.search("jobs", [equals("job.id", "0", ">")]),
    }
    for name, ask in tries.items():
        try:
            ask()
        except SourceError as error:
            told = f"{error} Without it {lost}; or set all field_… that begin with job: to none."
            yield Check(name, False, told)
        else:
            yield Check(name, True, f"{name.rpartition(' ')[2].capitalize()} can be read.")
