"""The data of a simulated company: users, jobs, candidates with applications and offers, configuration (§3.4)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from app.simulation import Person, UnknownRecord, person

HIRED, IN_REVIEW = "HIRED", "IN_REVIEW"
READY = "READY_TO_ONBOARD"
PEOPLE_PER_JOB = 5
SECOND_APPLICATION_EVERY = 9
INTERNAL_EVERY = 6
NO_OFFER_EVERY = 7
BEGAN = datetime(2026, 1, 5, 10, tzinfo=UTC)
COUNTRIES = {"United States": "us", "Canada": "ca", "Switzerland": "ch"}
#: Offer properties are the company's own; these keys are invented (§3.4).
OFFER_PROPERTIES = (
    {"key": "salary.start.date", "label": "First working day", "required": True, "type": "DATE"},
    {"key": "salary.base", "label": "Annual base", "required": True, "type": "CURRENCY"},
    {"key": "laptop", "label": "Laptop", "required": False, "type": "SELECT"},
    {"key": "weekly.hours", "label": "Weekly hours", "required": False, "type": "NUMBER"},
)
Row = dict[str, Any]


def written(moment: datetime) -> str:
    """Return a moment as SmartRecruiters writes it: ISO 8601 with milliseconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Company:
    """Tables by id; every method is atomic.

    ``people`` are hired at first, some by a second application, and a fifth as many only apply.
    """

    def __init__(self, people: int = 0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.jobs: dict[str, Row] = {}
        self._job_ids: list[str] = []
        self.candidates: dict[str, Row] = {}
        self.users: dict[str, Row] = {row["id"]: row for row in _users()}
        self.offer_properties: list[Row] = [dict(row) for row in OFFER_PROPERTIES]
        self.sources: list[Row] = []
        self._numbers, self._people = count(1), count(1)
        # What is there at first was made a minute apart, long ago; from then on the clock is the real one.
        self._moment, self._is_live = BEGAN, False
        for _ in range(max(3, people // PEOPLE_PER_JOB)):
            self.add_job({})
        for _ in range(people):
            self.hire()
        for _ in range(people // PEOPLE_PER_JOB):
            self.apply({})
        self._is_live = True

    def now(self) -> str:
        """Return the company's clock; each reading is later than the one before."""
        with self.lock:
            step = self._moment + timedelta(minutes=1) if not self._is_live else datetime.now(UTC)
            self._moment = max(step, self._moment + timedelta(milliseconds=1))
            return written(self._moment)

    # --- jobs -------------------------------------------------------------------------------------------------------

    def add_job(self, members: Mapping[str, Any]) -> Row:
        """Create and return a job; members given replace made-up ones."""
        with self.lock:
            number = next(self._numbers)
            row = {**_job(f"job-{number}", number, person(number, self.seed), self.now()), **members}
            self.jobs[row["id"]] = row
            self._job_ids.append(row["id"])
            return row

    def change_job(self, job_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a job and return it; raises UnknownRecord."""
        with self.lock:
            row = _existing(self.jobs, job_id, "job")
            row.update(members, updatedOn=self.now())
            return row

    # --- candidates -------------------------------------------------------------------------------------------------

    def apply(self, members: Mapping[str, Any], job_id: str | None = None) -> Row:
        """Create and return a candidate with an application; members given replace made-up ones."""
        with self.lock:
            like = person(next(self._people), self.seed)
            candidate_id = str(
                members.get("id") or uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed}/{like.number}")
            )
            row = {**_candidate(candidate_id, like), **members}
            row["createdOn"] = row["updatedOn"] = self.now()
            row["_applications"] = []
            self.candidates[candidate_id] = row
            self.add_application(candidate_id, job_id or self._job_for(like.number))
            return row

    def add_application(self, candidate_id: str, job_id: str | None, source: str = "Careers page") -> Row:
        """Add an application, None for the general one, and return it; raises UnknownRecord."""
        with self.lock:
            candidate = self.candidate(candidate_id)
            if job_id is not None:
                _existing(self.jobs, job_id, "job")
            application: Row = {
                "job_id": job_id,
                "source": source,
                "history": [],
                "offers": [],
                "onboarding": None,
            }
            application |= {
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{candidate_id}/{job_id}")),
                "startsOn": None,
            }
            candidate["_applications"].append(application)
            self._moved(candidate, application, "NEW")
            return application

    def hire(
        self,
        members: Mapping[str, Any] | None = None,
        *,
        candidate_id: str | None = None,
        job_id: str | None = None,
        starts_on: str | None = None,
        offer: Mapping[str, str] | None = None,
    ) -> Row:
        """Hire a candidate, a new one unless one is named; return the candidate. Raises UnknownRecord.

        ``offer`` are the properties of the accepted offer; made up unless given.
        """
        with self.lock:
            is_made_up = members is None and candidate_id is None
            candidate = self.candidate(candidate_id) if candidate_id else self.apply(members or {}, job_id)
            number = len(self.candidates)
            if is_made_up and number % SECOND_APPLICATION_EVERY == 0:
                self.add_application(candidate["id"], self._job_for(number + PEOPLE_PER_JOB))
            application = (
                self.application(candidate["id"], job_id) if job_id else candidate["_applications"][-1]
            )
            like = person(number, self.seed)
            usual = f"{like.starts_on.isoformat()}T00:00:00.000Z"
            application["startsOn"] = usual if starts_on is None else starts_on
            application["onboarding"] = READY
            if offer is not None or not is_made_up or number % NO_OFFER_EVERY:
                self._offer(application, dict(offer) if offer is not None else _offered(like))
            self._moved(candidate, application, HIRED)
            return candidate

    def move(self, candidate_id: str, job_id: str | None, status: str) -> Row:
        """Give an application another status and return the candidate; raises UnknownRecord."""
        with self.lock:
            self._moved(self.candidate(candidate_id), self.application(candidate_id, job_id), status)
            return self.candidate(candidate_id)

    def candidate(self, candidate_id: str) -> Row:
        """Return a candidate; raises UnknownRecord."""
        return _existing(self.candidates, candidate_id, "candidate")

    def application(self, candidate_id: str, job_id: str | None) -> Row:
        """Return the application of a candidate for a job; raises UnknownRecord."""
        for each in self.candidate(candidate_id)["_applications"]:
            if each["job_id"] == job_id:
                found: Row = each
                return found
        raise UnknownRecord(f"no application of {candidate_id} for {job_id}")

    def change_candidate(self, candidate_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a candidate and return it; raises UnknownRecord."""
        with self.lock:
            row = self.candidate(candidate_id)
            row.update(members, updatedOn=self.now())
            return row

    def delete_candidate(self, candidate_id: str) -> None:
        """Delete a candidate, as an erasure or a merge does; raises UnknownRecord."""
        with self.lock:
            self.candidate(candidate_id)
            del self.candidates[candidate_id]

    def add_source(self, name: str, kind: str = "OTHER", sub_kind: str = "OTHER") -> Row:
        """Create a custom candidate source and return it."""
        with self.lock:
            row = {"id": f"source-{next(self._numbers)}", "label": name, "type": kind, "subType": sub_kind}
            self.sources.append(row)
            return row

    def _offer(self, application: Row, properties: Mapping[str, str]) -> None:
        now = self.now()
        row = {"id": f"off-{next(self._numbers)}", "status": "ACCEPTED", "createdOn": now, "updatedOn": now}
        application["offers"].append({**row, "properties": dict(properties)})

    def _moved(self, candidate: Row, application: Row, status: str) -> None:
        application["status"] = status
        candidate["updatedOn"] = self.now()
        application["history"].append(
            {"changedOn": candidate["updatedOn"], "status": status, "subStatus": ""}
        )

    def _job_for(self, number: int) -> str:
        return self._job_ids[number % len(self._job_ids)]


def _existing(table: Mapping[str, Row], row_id: str, word: str) -> Row:
    row = table.get(row_id)
    if row is None:
        raise UnknownRecord(f"no {word} {row_id}")
    return row


def _users() -> list[Row]:
    named = (
        ("u1", "Lee", "Ortiz", "ADMINISTRATOR"),
        ("u2", "Nadia", "Becker", "EMPLOYEE"),
        ("u3", "Hugo", "Raman", "RECRUITER"),
    )
    return [
        {
            "id": user_id,
            "email": f"{first}.{last}@example.com".lower(),
            "firstName": first,
            "lastName": last,
            "systemRole": {"id": role},
            "active": True,
            "updatedOn": written(BEGAN),
        }
        for user_id, first, last, role in named
    ]


def _location(city: str, region: str, country: str) -> Row:
    code = COUNTRIES.get(country, "us")
    return {"country": country, "countryCode": code, "regionCode": region, "region": region, "city": city}


def _job(job_id: str, number: int, like: Person, now: str) -> Row:
    work = like.work
    place = {
        **_location(work.city, work.region, work.country),
        "address": work.street,
        "postalCode": work.postal_code,
    }
    return {
        "id": job_id,
        "title": like.title,
        "refNumber": f"REF{number}",
        "createdOn": now,
        "updatedOn": now,
        "lastActivityOn": now,
        "department": {"id": str(10 + number % 4), "label": like.department, "description": ""},
        "location": {**place, "longitude": "-84.1", "latitude": "39.7"},
        "status": "FILLED",
        "postingStatus": "NOT_PUBLISHED",
        "targetHiringDate": "2026-04-01T00:00:00.000Z",
        "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
        "experienceLevel": {"id": "associate", "label": "Associate"},
        "template": False,
        "creator": {"id": "u1", "firstName": "Lee", "lastName": "Ortiz"},
        "compensation": {"min": 60000, "max": 80000, "currency": "USD"},
        "properties": [{"id": "p1", "label": "Cost centre", "value": {"id": "v1", "label": "CC-100"}}],
        "_team": [{"id": "u3", "role": "RECRUITER"}, {"id": "u2", "role": "HIRING_MANAGER"}],
    }


def _candidate(candidate_id: str, like: Person) -> Row:
    home = like.home
    return {
        "id": candidate_id,
        "internal": like.number % INTERNAL_EVERY == 0,
        "firstName": like.given_name,
        "lastName": like.family_name,
        "email": like.personal_email,
        "phoneNumber": like.mobile,
        "location": {**_location(home.city, home.region, home.country), "lat": 39.9, "lng": -83.8},
        "web": {"linkedin": f"https://example.invalid/in/{like.number}"},
        "tags": ["referral"] if like.number % 2 else [],
        "averageRating": 4.0,
        "education": [
            {"institution": "Example College", "degree": "BSc", "major": "Physics", "current": False}
        ],
        "experience": [{"title": "Technician", "company": "Example Inc", "current": True}],
    }


def _offered(like: Person) -> dict[str, str]:
    return {
        "salary.start.date": f"{like.starts_on.isoformat()}T00:00:00.000Z",
        "salary.base": f"{like.salary} USD",
        "laptop": "16 inch",
        "weekly.hours": "40",
    }
