"""The rows of a simulated intelliHR as they are made up, and as they look on a day (vendors.md §4.3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.simulation import Person, Place

Row = dict[str, Any]
LINK = "https://api.intellihr.io/v1"
NULL_HEAVY_EVERY = 9
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_TITLES = ("Ms", "Mr", "Mx", None)
_GENDERS = ("Female", "Male", "Non-binary", "Other", "Undisclosed")
_WORK = (("Permanent", "Full-Time"), ("Permanent", "Part-Time"), ("Fixed Contract", "Full-Time"))
_NAMESPACE = uuid.UUID("0b6f0d0e-0000-4c1c-9c1c-000000000000")


def identifier(kind: str, number: int, seed: int = 0) -> str:
    """Return the id of a record, the same one for the same number."""
    return str(uuid.uuid5(_NAMESPACE, f"{seed}/{kind}/{number}"))


def person_row(person_id: str, like: Person) -> Row:
    """Return a made-up person; every ninth has hardly more than what is mandatory."""
    is_sparse = like.number % NULL_HEAVY_EVERY == 0
    work = {"email": like.email, "isPrimary": True, "isPersonal": False, "customFields": {}}
    personal = {"email": like.personal_email, "isPrimary": False, "isPersonal": True, "customFields": {}}
    phone = {
        "number": like.mobile,
        "fullNumber": like.mobile,
        "isPrimary": True,
        "isPersonal": True,
        "customFields": {},
    }
    cost_centre = {
        "definitionId": "d1",
        "name": "Cost centre",
        "type": "text",
        "value": f"CC-{like.number % 7}00",
    }
    created_at = (_BEGINNING + timedelta(seconds=like.number)).isoformat()
    return {
        "id": person_id,
        "displayName": like.display_name,
        "firstName": like.given_name,
        "middleName": like.middle_name or None,
        "lastName": like.family_name,
        "preferredName": like.preferred_name or None,
        "title": None if is_sparse else _TITLES[like.number % 4],
        "dateOfBirth": None if is_sparse else f"{1960 + like.number % 40}-02-03",
        "gender": None if is_sparse else _GENDERS[like.number % 5],
        "employeeNumber": None if is_sparse else f"E-{like.employee_number}",
        "autoIncrementIntellihrId": 900 + like.number,
        "medicalConditions": [],
        "emailAddresses": [work] if is_sparse else [work, personal],
        "primaryEmailAddress": work,
        "phoneNumbers": [] if is_sparse else [phone],
        "primaryPhoneNumber": None if is_sparse else phone,
        "addresses": [] if is_sparse else [_address(like.home)],
        "emergencyContact": {"name": None, "relationship": None, "phone": None, "email": None},
        "workRights": {"name": "Citizen", "country": "Australia", "expirationDate": ""},
        "userAccount": None,
        "customFields": {} if is_sparse else {"costCentre": cost_centre},
        "createdAt": created_at,
        "updatedAt": created_at,
    }


def _address(home: Place) -> Row:
    return {
        "addressType": "Home",
        "fullAddress": f"{home.street}, {home.city} {home.region} {home.postal_code}",
        "street": home.street,
        "suburb": home.city,
        "state": home.region,
        "postcode": home.postal_code,
        "country": home.country,
        "isPrimary": True,
        "customFields": {},
    }


def job_row(job_id: str, person_id: str, supervisor_id: str | None, like: Person) -> Row:
    """Return a made-up job; ``_`` members are not shown."""
    code = None if like.number % NULL_HEAVY_EVERY == 0 else like.department[:3].upper()
    work_type, work_class = _WORK[like.number % 3]
    starts_on = like.starts_on.isoformat()
    return {
        "id": job_id,
        "_person": person_id,
        "_supervisor": supervisor_id,
        "_written_at": (_BEGINNING + timedelta(seconds=like.number)).isoformat(),
        "_timeline": [],
        "name": like.title,
        "positionTitle": {"id": f"pt-{like.title}", "name": like.title, "code": code},
        "location": {
            "id": f"l-{like.work.city}",
            "name": like.work.city,
            "address": f"{like.work.street}, {like.work.city} {like.work.region}",
            "code": like.work.city[:3].upper(),
            "customFields": {},
            "link": f"{LINK}/locations/l-{like.work.city}",
        },
        "businessUnit": {
            "id": f"b-{like.department}",
            "name": like.department,
            "code": code,
            "customFields": {},
            "link": f"{LINK}/business-units/b-{like.department}",
        },
        "businessEntity": {
            "id": "be1",
            "name": "Example Pty Ltd",
            "code": "EX",
            "link": f"{LINK}/business-entities/be1",
        },
        "payGrade": {
            "id": "g1",
            "name": "Grade 2",
            "code": "G2",
            "payStep": None,
            "link": f"{LINK}/pay-grades/g1",
        },
        "supervisorJob": None,
        "employmentCondition": {
            "id": "ec1",
            "name": "Full time",
            "link": f"{LINK}/employment-conditions/ec1",
        },
        "remunerationSchedule": {
            "type": "Annual Salary",
            "baseAnnualSalary": like.salary,
            "baseHourlyRate": None,
            "currency": "AUD",
            "hoursPerCycle": 38,
            "payCycle": "Weekly",
        },
        "fte": (1, "0.8", None)[like.number % 3],
        "workClass": work_class,
        "workType": work_type,
        "isPrimaryJob": True,
        "positionStartDate": starts_on,
        "companyStartDate": starts_on,
        "companyEndDate": None,
        "isEndDateConfirmed": False,
        "turnoverType": None,
        "turnoverReason": None,
        "extendedLeave": None,
        "recruitment": None,
        "customFields": {},
        "createdAt": (_BEGINNING + timedelta(seconds=like.number)).isoformat(),
    }


def job_status(job: Mapping[str, Any], today: date) -> str:
    """Return the status of a job on a day; its last day is worked still."""
    starts, ends = job["companyStartDate"], job["companyEndDate"]
    if starts and date.fromisoformat(starts) > today:
        return "Future Job"
    if not ends:
        return "Current Job"
    return "Past Job" if date.fromisoformat(ends) < today else "Ending Job"


def employment_status(statuses: Iterable[str]) -> str:
    """Return somebody's status from those of all jobs."""
    held = set(statuses)
    if not held:
        return "No Job Records"
    if "Current Job" in held:
        return "Current Staff"
    if "Ending Job" in held:
        return "Exiting Staff"
    if "Future Job" in held:
        return "Returning Staff" if "Past Job" in held else "Upcoming Staff"
    return "Past Staff"


def on_the_day(job: Mapping[str, Any], today: date) -> Row:
    """Return a job with the entries of its timeline that have taken effect."""
    shown = {name: value for name, value in job.items() if not name.startswith("_")}
    for entry in sorted(job["_timeline"], key=lambda entry: entry["effectiveDate"]):
        if date.fromisoformat(entry["effectiveDate"]) <= today:
            shown |= entry["members"]
    return {**shown, "jobStatus": job_status(shown, today)}


def summary_of(job: Mapping[str, Any], today: date) -> Row:
    """Return a job as a person's record shows it."""
    shown = on_the_day(job, today)
    return {
        "id": shown["id"],
        "name": shown["name"],
        "startDate": shown["companyStartDate"],
        "endDate": shown["companyEndDate"],
        "jobStatus": shown["jobStatus"],
        "isOnExtendedLeave": shown["extendedLeave"] is not None,
        "isPrimaryJob": shown["isPrimaryJob"],
        "link": f"{LINK}/jobs/{shown['id']}",
    }
