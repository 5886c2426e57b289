"""The ``jazzhr`` kind of source: hires pulled from JazzHR, each with its applicant and its job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.sources.adapter import SourceContext
from app.sources.errors import SourceError, SourceUnavailable, WrongSource
from app.sources.records import Check, Option, Page, RecordField, RowProblem, SourceRecord
from app.vendors.jazzhr import records
from app.vendors.jazzhr.client import JazzHRClient, Pace

BASE_URL = "https://api.resumatorapi.com/v1"
CALLS_PER_MINUTE = "80"
#: Small pages: at 80 calls a minute one takes some 40 seconds, within a lease.
PAGE_PEOPLE = 25
_SWITCH = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}


class JazzHRSource:
    """Pulls hires. The person is the applicant; a second hire of the same person is not a second person."""

    kind = "jazzhr"
    label = "JazzHR"
    options = (
        Option("base_url", "Address of the API", default=BASE_URL),
        Option("calls_per_minute", "Most calls in a minute; 0 for no limit", default=CALLS_PER_MINUTE),
        Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
        Option("include_salary", "Whether the desired salary is read: yes or no", default="no"),
    )
    secrets = (Option("api_key", "API key (Settings > Integrations in JazzHR)", required=True),)
    # Applicants have personal addresses only.
    default_work_email = "none"

    def settle(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with their defaults filled in. Raises ``WrongSource``."""
        settled = {option.name: settings.get(option.name) or str(option.default) for option in self.options}
        try:
            check_url(settled["base_url"])
        except OutboundError as error:
            raise WrongSource(f"base_url={settled['base_url']!r} cannot be called: {error.message}") from None
        for name in ("calls_per_minute", "retry_seconds"):
            if _number(settled[name]) is None:
                raise WrongSource(f"{name}={settled[name]!r} is no number from 0 up.")
        if settled["include_salary"].lower() not in _SWITCH:
            raise WrongSource(f"include_salary={settled['include_salary']!r} is unknown; use yes or no.")
        return settled

    def record_fields(self, context: SourceContext) -> tuple[RecordField, ...]:
        """Return the fields of a hire with its applicant and job."""
        return records.record_fields()

    def default_mapping(self) -> str | None:
        """Return the bundled mapping (``mapping.toml``)."""
        return files("app.vendors.jazzhr").joinpath("mapping.toml").read_text(encoding="utf-8")

    def guessed_mapping(self, context: SourceContext) -> str | None:
        """None: the fields of JazzHR are known, there is nothing to guess."""
        return None

    def check(self, context: SourceContext) -> list[Check]:
        """Return whether JazzHR answers and takes the key; one call."""
        try:
            first = next(_client(context).pages("hires"), [])
        except SourceError as error:
            return [Check("api", False, str(error))]
        return [
            Check("api", True, f"JazzHR answers and takes the key; {len(first)} hires on the first page.")
        ]

    def read(self, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield one record per hired person, in order of their ids; goes on behind the one that ``resume`` names.

        ``/hires`` has no "since" and its rows move while they are paged: it is listed whole at the beginning, and
        again after a kill, then applicants and jobs are looked up one by one, each job once.
        """
        client = _client(context)
        people = _people(client, is_first=resume is None)
        last = str(resume["applicant"]) if resume else ""
        number = int(resume["number"]) if resume else 0
        waiting = [applicant for applicant in sorted(people) if applicant > last]
        jobs: dict[str, dict[str, Any] | None] = {}
        with_salary = _SWITCH[context.settings["include_salary"].lower()]
        while True:
            page: list[SourceRecord] = []
            for applicant in waiting[:PAGE_PEOPLE]:
                number += 1
                page.append(_record(client, number, people[applicant], jobs, with_salary))
                last = applicant
            waiting = waiting[PAGE_PEOPLE:]
            yield Page(page, {"applicant": last, "number": number}, complete=not waiting)
            if not waiting:
                return


def _client(context: SourceContext) -> JazzHRClient:
    key = context.secrets["api_key"]
    session = context.open_session(context.settings["base_url"], query=(("apikey", key),), secrets=(key,))
    pace, wait = (_number(context.settings[name]) or 0.0 for name in ("calls_per_minute", "retry_seconds"))
    return JazzHRClient(session, Pace(pace), context.pause, wait)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None


def _people(client: JazzHRClient, *, is_first: bool) -> dict[str, dict[str, str | None]]:
    """Return applicant id → the hire that counts: the latest (pitfall 5)."""
    people: dict[str, dict[str, str | None]] = {}
    try:
        for page in client.pages("hires"):
            for row in page:
                hire = records.hire_of(row)
                applicant = hire.get("applicant_id")
                if applicant and _is_later(hire, people.get(applicant)):
                    people[applicant] = hire
    except SourceUnavailable:
        raise
    except SourceError as error:
        if is_first and not people:
            raise SourceUnavailable(str(error)) from error
        raise
    return people


def _is_later(hire: Mapping[str, str | None], known: Mapping[str, str | None] | None) -> bool:
    return known is None or _moment(hire) > _moment(known)


def _moment(hire: Mapping[str, str | None]) -> tuple[str, str, str]:
    return (hire.get("hired_date") or "", hire.get("hired_time") or "", hire.get("hire_id") or "")


def _record(
    client: JazzHRClient,
    number: int,
    hire: dict[str, str | None],
    jobs: dict[str, dict[str, Any] | None],
    with_salary: bool,
) -> SourceRecord:
    applicant = client.record("applicants", str(hire["applicant_id"]))
    if applicant is None:
        reason = f"JazzHR lists the hire {hire.get('hire_id')} but has no applicant {hire['applicant_id']}"
        return SourceRecord(number, {}, RowProblem("record_not_found", reason, "applicant_id"))
    job_id = hire.get("job_id")
    if job_id and job_id not in jobs:
        jobs[job_id] = client.record("jobs", job_id)
    job = jobs.get(job_id) if job_id else None
    return SourceRecord(number, records.values_of(hire, applicant, job, with_salary=with_salary))
