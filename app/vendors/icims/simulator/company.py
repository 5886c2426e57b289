"""The data of a simulated customer of iCIMS: people, jobs, applicant workflows. All of them are made up."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from app.simulation import Person, Place, UnknownRecord, person

EMPLOYEE, NEW_HIRE, FORMER = "D32013", "C16818", "D32018"
CANDIDATE, MANAGER = "C10001", "D32011"
FOLDERS = {
    EMPLOYEE: "Emp: Current Employee",
    NEW_HIRE: "Emp: New Hire",
    FORMER: "Emp: Former Employee",
    "D32017": "Emp: Contractor/Temp",
    MANAGER: "Hiring Manager: Active",
    CANDIDATE: "Candidate: Active",
}
APPLIED, HIRED = "C2039", "C2040"
STATUSES = {APPLIED: "Interview", HIRED: "Hired"}
#: The customer's own fields: what is kept where is known to the customer only.
ADP_ID, JOB_CODE, HOME_DEPARTMENT, LOCATION_CODE = "field50001", "field50002", "field50003", "field50004"
JOB_JOB_CODE = "rcf3001"
PEOPLE_PER_JOB = 5
NEW_HIRE_EVERY = 7
#: Made-up people were last changed so long ago: what is done to them afterwards is what an incremental read finds.
SEEDED_AGO = timedelta(days=30)
_COUNTRIES = {"United States": ("D41001", "US"), "Canada": ("D41002", "CA"), "Switzerland": ("D41003", "CH")}
Row = dict[str, Any]


def listed(list_id: str, value: str) -> Row:
    """Return the value of a list field."""
    return {"id": list_id, "value": value, "formattedvalue": value}


class Company:
    """Profiles by id; every method is atomic. ``people`` are employees at first, and a fifth as many only applied."""

    def __init__(self, people: int = 0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.people: dict[int, Row] = {}
        self.jobs: dict[int, Row] = {}
        self.workflows: dict[int, Row] = {}
        self.history: dict[int, list[tuple[datetime, str]]] = {}
        self._ids = {name: count(1) for name in ("people", "jobs", "workflows", "entries")}
        self._persons = count(1)
        seeded_at = datetime.now(UTC) - SEEDED_AGO
        lead = self.add_person(
            {"firstname": "Lee", "lastname": "Ortiz", "email": "lee.ortiz@example.com", "folder": MANAGER},
            at=seeded_at,
        )
        for _ in range(max(2, people // PEOPLE_PER_JOB)):
            self.add_job({"hiringmanager": lead["_id"]})
        # Three employees, who were hired by the lead, hire the others: nobody is their own manager.
        first, *others = self.jobs
        leads = [self.hire({}, job_id=first, at=seeded_at) for _ in range(min(people, 3))]
        for number, job in enumerate(others if leads else ()):
            self.jobs[job]["hiringmanager"] = self._link("people", leads[number % len(leads)]["_id"])
        for number in range(people - len(leads)):
            self.hire({}, job_id=others[number % len(others)], at=seeded_at)
        for _ in range(people // PEOPLE_PER_JOB):
            applicant = self.add_person({"folder": CANDIDATE}, at=seeded_at)
            self.apply(applicant["_id"], next(iter(self.jobs)))

    # --- people

    def add_person(self, members: Mapping[str, Any], at: datetime | None = None) -> Row:
        """Create and return a person; members given replace made-up ones, a folder is given by its id."""
        with self.lock:
            like = person(next(self._persons), self.seed)
            person_id = next(self._ids["people"])
            row = {"_id": person_id, **_person(like, next(self._ids["entries"])), **members}
            row["folder"] = _folder(members.get("folder", EMPLOYEE))
            self.people[person_id] = row
            self._touch(row, at)
            row["_created"] = row["_updated"]
            return row

    def hire(
        self, members: Mapping[str, Any], *, job_id: int | None = None, at: datetime | None = None
    ) -> Row:
        """Create and return an employee who was hired for a job (any job, unless one is named)."""
        with self.lock:
            number = next(self._ids["entries"])
            folder = NEW_HIRE if number % NEW_HIRE_EVERY == 0 else EMPLOYEE
            row = self.add_person({"folder": folder, **members}, at)
            chosen = job_id if job_id is not None else list(self.jobs)[row["_id"] % len(self.jobs)]
            workflow = self.apply(row["_id"], chosen)
            workflow["status"] = listed(HIRED, STATUSES[HIRED])
            return row

    def change_person(self, person_id: int | str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a person and return it; None empties one. Raises UnknownRecord."""
        with self.lock:
            row = _existing(self.people, person_id, "person")
            for name, value in members.items():
                if value is None or value == "":
                    row.pop(name, None)
                else:
                    row[name] = _folder(value) if name == "folder" else value
            self._touch(row)
            return row

    def terminate(self, person_id: int | str, day: str | None = None) -> Row:
        """Move a person to the folder of former employees, with an end date. Raises UnknownRecord."""
        return self.change_person(
            person_id, {"folder": FORMER, "enddate": day or f"{datetime.now(UTC):%Y-%m-%d}"}
        )

    def remove_person(self, person_id: int | str) -> None:
        """Delete a person for good; raises UnknownRecord."""
        with self.lock:
            row = _existing(self.people, person_id, "person")
            del self.people[row["_id"]]

    def _touch(self, row: Row, at: datetime | None = None) -> None:
        row["_updated"] = at or datetime.now(UTC)
        self.history.setdefault(row["_id"], []).append((row["_updated"], row["folder"]["id"]))

    # --- jobs and workflows

    def add_job(self, members: Mapping[str, Any]) -> Row:
        """Create and return a job; members given replace made-up ones, the hiring manager is a person's id."""
        with self.lock:
            job_id = next(self._ids["jobs"])
            row = {"_id": job_id, **_job(job_id, person(job_id + 500, self.seed)), **members}
            row["_updated"] = datetime.now(UTC)
            if not isinstance(row.get("hiringmanager"), dict) and row.get("hiringmanager"):
                row["hiringmanager"] = self._link("people", row["hiringmanager"])
            self.jobs[job_id] = row
            return row

    def change_job(self, job_id: int | str, members: Mapping[str, Any]) -> Row:
        """Overwrite members of a job and return it; raises UnknownRecord."""
        with self.lock:
            row = _existing(self.jobs, job_id, "job")
            row.update(members)
            if isinstance(members.get("hiringmanager"), int | str):
                row["hiringmanager"] = self._link("people", int(members["hiringmanager"]))
            return row

    def apply(self, person_id: int, job_id: int) -> Row:
        """Create and return the workflow of a person for a job; raises UnknownRecord."""
        with self.lock:
            workflow_id = next(self._ids["workflows"])
            row = {
                "_id": workflow_id,
                "_updated": datetime.now(UTC),
                "associatedprofile": self._link("people", person_id),
                "baseprofile": self._link("jobs", job_id),
                "status": listed(APPLIED, STATUSES[APPLIED]),
                "source": "Career site",
                "sourcename": "Career site",
            }
            self.workflows[workflow_id] = row
            return row

    def set_status(self, workflow_id: int | str, status: str) -> Row:
        """Move a workflow to a status and return it; raises UnknownRecord."""
        with self.lock:
            row = _existing(self.workflows, workflow_id, "workflow")
            row["status"] = listed(status, STATUSES.get(status, status))
            row["_updated"] = datetime.now(UTC)
            return row

    def workflow_of(self, person_id: int | str) -> Row:
        """Return the latest workflow of a person; raises UnknownRecord."""
        with self.lock:
            found = [w for w in self.workflows.values() if w["associatedprofile"]["id"] == int(person_id)]
            if not found:
                raise UnknownRecord(f"person {person_id} has no workflow")
            return found[-1]

    def _link(self, kind: str, profile_id: int) -> Row:
        row = _existing(getattr(self, kind), profile_id, kind)
        name = f"{row.get('firstname', '')} {row.get('lastname', '')}".strip() or row.get("jobtitle", "")
        return {"id": row["_id"], "value": name, "_kind": kind}


def _existing(table: Mapping[int, Row], profile_id: int | str, kind: str) -> Row:
    text = str(profile_id)
    row = table.get(int(text)) if text.isdigit() else None
    if row is None:
        raise UnknownRecord(f"no {kind} {profile_id}")
    return row


def _folder(folder: Any) -> Row:
    return folder if isinstance(folder, dict) else listed(str(folder), FOLDERS.get(str(folder), str(folder)))


def address(entry: int, home: Place, *, primary: bool = True) -> Row:
    """Return an entry of ``addresses``."""
    country_id, short = _COUNTRIES[home.country]
    return {
        "entry": entry,
        "primary": primary,
        "addressstreet1": home.street,
        "addresscity": home.city,
        "addresszip": home.postal_code,
        "addresstype": listed("D84002", "Home"),
        "addressstate": {"id": f"{country_id}036", "abbrev": home.region, "value": home.region},
        "addresscountry": {"id": country_id, "abbrev": short, "value": home.country},
    }


def _person(like: Person, entry: int) -> Row:
    born = date(1960, 1, 1) + timedelta(days=like.number * 137 % 15_000)
    home = address(entry, like.home)
    if like.number % 3 == 0:
        home["addressstreet2"] = f"Apt {like.number}"
    return {
        "firstname": like.given_name,
        "middlename": like.middle_name,
        "lastname": like.family_name,
        "email": like.email,
        "startdate": like.starts_on.isoformat(),
        "hiredate": like.starts_on.isoformat(),
        "gender": listed("D10001", "Not specified"),
        # No number of this area was ever issued.
        "usssn": f"000-{like.number // 10_000 % 100:02d}-{like.number % 10_000:04d}",
        "birthdate": born.isoformat(),
        "addresses": [home],
        "phones": [{"entry": entry, "phonetype": listed("D83002", "Mobile"), "phonenumber": like.mobile}],
        ADP_ID: f"ADP{like.employee_number}",
        JOB_CODE: f"JC-{like.number % 40:03d}",
        HOME_DEPARTMENT: f"{like.department[:3].upper()}-{like.number % 9}",
        LOCATION_CODE: f"LOC-{like.work.region}",
    }


def _job(job_id: int, like: Person) -> Row:
    return {
        "jobid": f"2026-{1000 + job_id}",
        "jobtitle": like.title,
        "folder": listed("D31001", "Approved"),
        "department": listed(f"D60{job_id:03d}", like.department),
        "positioncategory": listed("D61001", "General"),
        "joblocation": {
            "id": job_id,
            "companyid": str(job_id % 7 + 1),
            "value": f"US-{like.work.region}-{like.work.city}",
        },
        JOB_JOB_CODE: f"POS-{job_id:03d}",
        "startdate": like.starts_on.isoformat(),
    }
