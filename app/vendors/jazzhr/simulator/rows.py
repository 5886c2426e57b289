"""How JazzHR shows its tables: list rows, full records, and the filters of each resource (vendors.md §1.2, §1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, le

from app.vendors.jazzhr.simulator.company import HIRED_STEP, Company, Row

_NESTED = ("comments", "feedback", "activities", "messages", "questionnaire", "evaluation", "categories")
Test = Callable[[str, str], bool]


def equal(held: str, wanted: str) -> bool:
    """Tell whether both are the same text in any case."""
    return held.lower() == wanted.lower()


def contains(held: str, wanted: str) -> bool:
    """Tell whether ``wanted`` is part of ``held`` in any case."""
    return wanted.lower() in held.lower()


Filter = tuple[str, Test]


def applicant_row(company: Company, applicant: Row) -> Row:
    """Return an applicant as lists show it: no e-mail."""
    application = company.applications_of(applicant["id"])[-1]
    return {
        "id": applicant["id"],
        "first_name": applicant["first_name"],
        "last_name": applicant["last_name"],
        "prospect_phone": applicant["phone"],
        "apply_date": applicant["apply_date"],
        "job_id": application["job_id"],
        "job_title": company.jobs[application["job_id"]]["title"],
    }


def applicant_record(company: Company, applicant: Row) -> Row:
    """Return an applicant in full; nested lists are lists, the one-element quirk comes later."""
    shown = {name: value for name, value in applicant.items() if not name.startswith("_")}
    jobs = [_applied_job(company, application) for application in company.applications_of(applicant["id"])]
    return {**shown, "jobs": jobs, **{name: [] for name in _NESTED}}


def _applied_job(company: Company, application: Row) -> Row:
    step = application["workflow_step_id"]
    return {
        "job_id": application["job_id"],
        "job_title": company.jobs[application["job_id"]]["title"],
        "workflow_step_id": step,
        "hiring_lead_rating": "0",
        "average_rating": application["rating"],
        "applicant_progress": "Hired" if step == HIRED_STEP else "Screening",
    }


def job_record(company: Company, job: Row) -> Row:
    """Return a job in full."""
    rows = [row for row in list(company.applications.values()) if row["job_id"] == job["id"]]
    return {
        **job,
        "job_applicants": [{"prospect_id": row["applicant_id"], "apply_date": row["date"]} for row in rows],
    }


def user_record(company: Company, user: Row) -> Row:
    """Return a user in full."""
    return {**user, "user_activity": []}


def plain(company: Company, row: Row) -> Row:
    """Return the row as it is."""
    return row


class Resource:
    """A table as the API shows it: list rows, full records (None: there are none), filters by name."""

    def __init__(
        self,
        table: str,
        row: Callable[[Company, Row], Row] = plain,
        record: Callable[[Company, Row], Row] | None = None,
        filters: Mapping[str, Filter] | None = None,
    ) -> None:
        self.table = table
        self.row = row
        self.record = record
        self.filters = filters or {}

    def rows(self, company: Company, wanted: Mapping[str, str]) -> list[Row]:
        """Return the list rows that fulfil all known filters; unknown ones are ignored [G]."""
        tests = [(self.filters[name], value) for name, value in wanted.items() if name in self.filters]
        found = []
        for source in list(getattr(company, self.table).values()):
            searched = (
                {**source, "name": f"{source.get('first_name', '')} {source.get('last_name', '')}"}
                if tests
                else source
            )
            shown = self.row(company, source) if tests else None
            if all(
                test(str((shown or {}).get(member, searched.get(member, ""))), value)
                for (member, test), value in tests
            ):
                found.append(source)
        return found


def _equal(names: str) -> dict[str, Filter]:
    return {name: (name, equal) for name in names.split()}


RESOURCES: dict[str, Resource] = {
    "hires": Resource("hires"),
    "applicants": Resource(
        "applicants",
        applicant_row,
        applicant_record,
        {
            **_equal("job_id job_title recruiter_id apply_date rating"),
            "name": ("name", contains),
            "city": ("location", contains),
            "from_apply_date": ("apply_date", ge),
            "to_apply_date": ("apply_date", le),
        },
    ),
    "jobs": Resource(
        "jobs",
        plain,
        job_record,
        {
            **_equal("recruiter board_code department hiring_lead team_id state city status"),
            "title": ("title", contains),
            "from_open_date": ("original_open_date", ge),
            "to_open_date": ("original_open_date", le),
        },
    ),
    "applicants2jobs": Resource(
        "applications", filters=_equal("applicant_id job_id rating workflow_step_id")
    ),
    "users": Resource("users", plain, user_record, {**_equal("email type"), "name": ("last_name", contains)}),
    "categories": Resource(
        "categories",
        filters={
            **_equal("name status"),
            "from_creation_date": ("date_created", ge),
            "to_creation_date": ("date_created", le),
        },
    ),
}
