"""The data of a simulated JazzHR account: jobs, applicants, applications, hires, users.

Scalars are text, as JazzHR's are.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from app.simulation import Person, UnknownRecord, person

NO_DATE = "0000-00-00"
HIRED_STEP, SCREENING_STEP = "88001", "88000"
HIRED_TWICE_EVERY = 25
NO_START_DATE_EVERY = 7
PEOPLE_PER_JOB = 5
COUNTRIES = ("United States", "US", "CA", "Switzerland")
Row = dict[str, Any]
_BLANK = (
    *("linkedin_url", "website", "referrer", "languages", "education_level", "notes", "resume_body"),
    *("eeo_gender", "eeo_race", "eeo_disability", "eeoc_veteran", "eeoc_disability"),
)


class Company:
    """Tables by id; every method is atomic.

    ``people`` are hired at first, some for two jobs, and a fifth as many are not.
    """

    def __init__(self, people: int = 0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.jobs: dict[str, Row] = {}
        self.applicants: dict[str, Row] = {}
        self.applications: dict[str, Row] = {}
        self.hires: dict[str, Row] = {}
        self.categories: dict[str, Row] = {"cat_1": _category("cat_1", "Strong")}
        self.users: dict[str, Row] = {row["id"]: row for row in _leads()}
        self._numbers = count(1)
        self._people = count(1)
        for _ in range(max(3, people // PEOPLE_PER_JOB)):
            self.add_job({})
        for number in range(1, people + 1):
            hired = self.hire()
            if number % HIRED_TWICE_EVERY == 0:
                self.hire_again(hired["applicant_id"])
        for _ in range(people // PEOPLE_PER_JOB):
            self.apply({})

    def add_job(self, members: Mapping[str, Any]) -> Row:
        """Create and return a job; members given replace made-up ones."""
        with self.lock:
            number = next(self._numbers)
            like = person(number, self.seed)
            job_id = f"job_20251201_{_code(number)}"
            row = {**_job(job_id, number, like), **members}
            self.jobs[job_id] = row
            return row

    def apply(self, members: Mapping[str, Any], job_id: str | None = None) -> Row:
        """Create and return an applicant with an application for a job; members given replace made-up ones."""
        with self.lock:
            like = person(next(self._people), self.seed)
            number = next(self._numbers)
            applied_on = like.starts_on - timedelta(days=60)
            row = {**_applicant(f"prospect_{applied_on:%Y%m%d}_{_code(number)}", like, applied_on), **members}
            self.applicants[row["id"]] = row
            self._application(row["id"], job_id or self._job_for(like.number), SCREENING_STEP)
            return row

    def hire(
        self,
        members: Mapping[str, Any] | None = None,
        *,
        applicant_id: str | None = None,
        job_id: str | None = None,
    ) -> Row:
        """Hire an applicant, a new one unless ``applicant_id`` names one; returns the hire. Raises UnknownRecord."""
        with self.lock:
            if applicant_id is None:
                applicant = self.apply(members or {}, job_id)
            else:
                applicant = self.applicant(applicant_id)
            application = self._latest_application(applicant["id"], job_id)
            application["workflow_step_id"] = HIRED_STEP
            hired_at = datetime.now(UTC)
            number = next(self._numbers)
            row = {
                "id": f"prospect_{hired_at:%Y%m%d}_{_code(number)}",
                "applicant_id": applicant["id"],
                "job_id": application["job_id"],
                "workflow_step_id": HIRED_STEP,
                "workflow_step_name": "Hired",
                "hired_date": f"{hired_at:%Y-%m-%d}",
                "hired_time": f"{hired_at:%H:%M:%S}",
            }
            self.hires[row["id"]] = row
            return row

    def hire_again(self, applicant_id: str) -> Row:
        """Hire an applicant for a further job; returns the hire. Raises UnknownRecord."""
        with self.lock:
            held = {
                row["job_id"] for row in self.applications.values() if row["applicant_id"] == applicant_id
            }
            other = (
                next((job_id for job_id in reversed(self.jobs) if job_id not in held), None)
                or self.add_job({})["id"]
            )
            self._application(applicant_id, other, SCREENING_STEP)
            return self.hire(applicant_id=applicant_id, job_id=other)

    def withdraw(self, hire_id: str) -> None:
        """Take a hire back; raises UnknownRecord."""
        with self.lock:
            if self.hires.pop(hire_id, None) is None:
                raise UnknownRecord(f"no hire {hire_id}")

    def applicant(self, applicant_id: str) -> Row:
        """Return an applicant; raises UnknownRecord."""
        return _existing(self.applicants, applicant_id, "applicant")

    def change_applicant(self, applicant_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of an applicant and return it; raises UnknownRecord."""
        return self._change(self.applicants, applicant_id, members, "applicant")

    def change_job(self, job_id: str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a job and return it; raises UnknownRecord."""
        return self._change(self.jobs, job_id, members, "job")

    def applications_of(self, applicant_id: str) -> list[Row]:
        """Return the applications of an applicant, oldest first."""
        with self.lock:
            return [self.applications[each] for each in self.applicants[applicant_id]["_applications"]]

    def _change(self, table: dict[str, Row], row_id: str, members: Mapping[str, Any], kind: str) -> Row:
        with self.lock:
            row = {**_existing(table, row_id, kind), **members}
            table[row_id] = row
            return row

    def _application(self, applicant_id: str, job_id: str, step: str) -> Row:
        applicant = self.applicant(applicant_id)
        row = {
            "id": f"app_{next(self._numbers)}",
            "applicant_id": applicant_id,
            "job_id": _existing(self.jobs, job_id, "job")["id"],
            "rating": "4",
            "workflow_step_id": step,
            "date": applicant["apply_date"],
        }
        self.applications[row["id"]] = row
        applicant["_applications"].append(row["id"])
        return row

    def _latest_application(self, applicant_id: str, job_id: str | None) -> Row:
        rows = self.applications_of(applicant_id)
        fitting = [row for row in rows if job_id in (None, row["job_id"])]
        return fitting[-1] if fitting else self._application(applicant_id, str(job_id), SCREENING_STEP)

    def _job_for(self, number: int) -> str:
        return list(self.jobs)[number % len(self.jobs)]


def _existing(table: Mapping[str, Row], row_id: str, kind: str) -> Row:
    if row_id not in table:
        raise UnknownRecord(f"no {kind} {row_id}")
    return table[row_id]


def _code(number: int) -> str:
    return f"{number:X}".rjust(4, "0")


def _leads() -> list[Row]:
    named = [
        ("usr_20240101_R1", "Rita", "Recruiter", "Recruiter"),
        ("usr_20240101_L2", "Leo", "Lead", "Manager"),
    ]
    return [
        {
            "id": user_id,
            "type": kind,
            "first_name": first,
            "last_name": last,
            "email": f"{first.lower()}@example.com",
            "date_created": "2024-01-01",
        }
        for user_id, first, last, kind in named
    ]


def _category(category_id: str, name: str) -> Row:
    return {
        "id": category_id,
        "name": name,
        "status": "Active",
        "created_by": "usr_20240101_R1",
        "date_created": "2024-01-02",
    }


def _job(job_id: str, number: int, like: Person) -> Row:
    return {
        "id": job_id,
        "team_id": "team_1",
        "title": like.title,
        "country_id": COUNTRIES[number % len(COUNTRIES)],
        "city": like.work.city,
        "state": like.work.region,
        "zip": like.work.postal_code,
        "department": like.department,
        "description": "<p>x</p>",
        "minimum_salary": "60000",
        "maximum_salary": "80000",
        "notes": "",
        "original_open_date": "2025-12-01",
        "type": "Full Time",
        "status": "Filled",
        "send_to_job_boards": "0",
        "hiring_lead": "usr_20240101_L2",
        "board_code": f"b{number}",
        "internal_code": f"IC-{number}",
        "questionnaire": "",
    }


def _applicant(applicant_id: str, like: Person, applied_on: date) -> Row:
    has_no_start = like.number % NO_START_DATE_EVERY == 0
    home = like.home
    return {
        "id": applicant_id,
        "first_name": like.given_name,
        "last_name": like.family_name,
        "email": like.personal_email,
        "address": f"{home.street}, {home.city}, {home.region} {home.postal_code}",
        "location": f"{home.city}, {home.region}",
        "phone": like.mobile,
        "desired_salary": "" if like.number % 4 == 0 else str(like.salary),
        "desired_start_date": NO_DATE if has_no_start else like.starts_on.isoformat(),
        "willing_to_relocate": "0",
        "over_18": "1",
        "apply_date": applied_on.isoformat(),
        "comments_count": "0",
        "source": "Careers page",
        "recruiter_id": "usr_20240101_R1",
        "rating": "4",
        "resume_link": f"https://example.invalid/r/{like.number}",
        **dict.fromkeys(_BLANK, ""),
        "_applications": [],
        "_home": home,
    }
