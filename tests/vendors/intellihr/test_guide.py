"""The guide for intelliHR from its first step to its last, as an admin goes through it; JumpCloud stands at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.sources.schedules import parse_schedule
from app.vendors.intellihr.hooks import EVENTS
from app.vendors.intellihr.simulator import BASE, DEFAULT_KEY, DEFAULT_SUBDOMAIN, IntelliHRSimulator
from tests.vendors.guide import HR, MISTYPED, Guide, guide_for

IntelliHR = Guide[IntelliHRSimulator]
MORNING = "daily 03:00 Australia/Brisbane"
MAYA, NIA, LATE = "maya.okafor@example.com", "nia.okafor@example.com", "lin.moss@example.com"
LINK = "https://start.acme.example/begin"
LEAVER, CHANGED, REMOVED, LATE_LEAVER = 1, 2, 3, 4


class Members:
    """The made-up people that the walk is about: their ids at intelliHR and their addresses."""

    def __init__(self, guide: IntelliHR) -> None:
        rows = list(guide.vendor.company.people.values())
        self.ids = [row["id"] for row in rows]
        self.emails = [row["primaryEmailAddress"]["email"] for row in rows]


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Iterator[IntelliHR]:
    """Give an admin with nothing connected yet."""
    with guide_for(app, tenant, serve, "ihr", IntelliHRSimulator(people=6)) as made:
        yield made


def test_the_guide_for_intellihr(guide: IntelliHR, tmp_path: Path) -> None:
    people = Members(guide)
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide, people)
    _change_leave_and_remove(guide, people)
    _import_by_schedule(guide)
    _be_called(guide, people)
    _read_the_error_file(guide, people, tmp_path / "errors.csv")
    _read_the_end(guide, people)


def _connect(guide: IntelliHR) -> None:
    """Enabled, added as a draft, consented to; a mistyped key and a missing permission are told by name."""
    settings = (f"subdomain={DEFAULT_SUBDOMAIN}", f"base_url={guide.vendor_url}{BASE}", "calls_per_second=0")
    guide.connect("intellihr", *settings, api_key=MISTYPED)
    failed = guide.failed_checks()
    assert "Settings > Public API Access Keys" in failed["sign in"]
    assert MISTYPED not in str(failed)
    guide.set(api_key=DEFAULT_KEY)
    guide.vendor.plan_faults("403:path=/jobs")
    assert "job titles" in guide.failed_checks()["permission jobs"]
    assert "permission jobs" in guide.refused("source", "publish", "ihr")
    guide.vendor.plan_faults("")
    assert guide.failed_checks() == {}


def _look_first(guide: IntelliHR) -> None:
    """Samples are what the mapping makes of person and job; the dry run says how many would be welcomed."""
    guide.say("welcome", "set", "--subject", "Welcome {first_name}", "--link", LINK)
    guide.set("welcome=yes")
    samples = guide.look_first(6)
    assert all(sample["title"] and sample["enterprise.department"] for sample in samples)
    done = guide.invoke("source", "import", "ihr", "--dry-run")
    assert "The welcome mail would go to 6 people." in done.output
    assert guide.letters() == []


def _publish_and_import(guide: IntelliHR, people: Members) -> None:
    """Published, imported, pushed to JumpCloud; a report to whoever consented, and a welcome to each new member."""
    published = guide.publish()
    morning = parse_schedule(MORNING).next_after(clock.utcnow())
    assert morning is not None and published["next_run_at"] == clock.instant(morning)
    assert guide.counts() == {"added": 6, "total": 6}
    assert guide.states() == dict.fromkeys(people.emails, "ACTIVATED")
    letters = dict(guide.letters())
    assert letters.pop(HR) == "[acme] ihr: 6 added, 6 total"
    assert sorted(letters) == sorted(people.emails)
    assert all(subject.startswith("Welcome ") for subject in letters.values())
    assert sum(LINK in each.get_content() for each in guide.mail.messages) == 6


def _change_leave_and_remove(guide: IntelliHR, people: Members) -> None:
    """A change of the job and a leaver arrive at JumpCloud; who is deleted at intelliHR stays as they are."""
    vendor = guide.vendor
    [job_id] = vendor.company.jobs_of[people.ids[CHANGED]]
    vendor.change_job(job_id, {"positionTitle": {"name": "Chief Engineer"}})
    vendor.change_person(people.ids[CHANGED], {"lastName": "Marchetti"})
    vendor.terminate(people.ids[LEAVER], str(vendor.company.today - timedelta(days=1)))
    vendor.remove(people.ids[REMOVED])
    assert guide.counts("--full") == {"updated": 2, "deleted": 1, "skipped": 3, "total": 6}
    accounts = guide.accounts()
    changed = accounts[people.emails[CHANGED]]
    assert (changed["lastname"], changed["jobTitle"]) == ("Marchetti", "Chief Engineer")
    assert accounts[people.emails[LEAVER]]["state"] == "SUSPENDED"
    assert accounts[people.emails[REMOVED]]["state"] == "ACTIVATED"
    # Nobody of them is new.
    assert [to for to, _ in guide.letters()] == [HR]


def _import_by_schedule(guide: IntelliHR) -> None:
    """At 3 in the morning of Brisbane it is imported once; the newcomer is welcomed."""
    guide.vendor.add(_named("Nia", NIA))
    assert guide.import_when_due().counts.added == 1
    assert guide.states()[NIA] == "ACTIVATED"
    assert sorted(guide.letters()) == sorted([(NIA, "Welcome Nia"), (HR, guide.mail.messages[-1]["Subject"])])


def _named(first: str, email: str | None) -> dict[str, Any]:
    address = None if email is None else {"email": email, "isPersonal": False}
    return {"firstName": first, "primaryEmailAddress": address}


def _be_called(guide: IntelliHR, people: Members) -> None:
    """Twelve webhooks are made over there; a hire and a leaver come by them, calls without the key are refused.

    Nothing is signed: a forged call with the key can only make Rollcall look.
    """
    hook = guide.say("source", "webhook", "ihr", "--subscribe")
    assert {row["webhookEvent"] for row in guide.vendor.hooks.rows.values()} == set(EVENTS)
    maya = guide.vendor.add(_named("Maya", MAYA))
    guide.vendor.terminate(people.ids[LATE_LEAVER], str(guide.vendor.company.today - timedelta(days=1)))
    again = guide.vendor.send("person.created", maya["id"], 3)
    assert {each.status for each in again} == {202}
    forged = {"id": people.ids[CHANGED], "event": "person.deleted", "employmentStatus": "Past Staff"}
    assert requests.post(hook["address"], json=forged).status_code == 401
    assert requests.post(hook["keyed_address"], json=forged).status_code == 202
    counts = guide.import_as_called().counts
    assert (counts.added, counts.updated, counts.deleted) == (1, 1, 0)
    states = guide.states()
    assert (states[MAYA], states[people.emails[LATE_LEAVER]]) == ("ACTIVATED", "SUSPENDED")
    assert guide.employee(people.emails[CHANGED])["active"] is True
    assert (MAYA, "Welcome Maya") in guide.letters()


def _read_the_error_file(guide: IntelliHR, people: Members, file: Path) -> None:
    """Who has no address is an error of that row, an unknown status a warning; the report tells the way to both."""
    guide.vendor.plan_faults("quiet-hooks")
    nobody = guide.vendor.add(_named("Lin", None))
    guide.vendor.change_person(people.ids[CHANGED], {"employmentStatus": "On Safari"})
    said = guide.say("source", "import", "ihr")
    lines = guide.error_file(said["run"], file)
    assert {(line["code"], line["severity"]) for line in lines} == {
        ("required_value_missing", "error"),
        ("unknown_value", "warning"),
    }
    [(to, subject)] = guide.letters()
    assert (to, "1 errored" in subject) == (HR, True)
    assert f"rollcall run-log errors {said['run']}" in guide.mail.messages[-1].get_content()
    # With an address, the next import takes them, and only then they are welcomed.
    guide.vendor.change_person(nobody["id"], _named("Lin", LATE))
    assert guide.news() == {"added": 1}
    assert (LATE, "Welcome Lin") in guide.letters()


def _read_the_end(guide: IntelliHR, people: Members) -> None:
    """The history, the directory and JumpCloud at the end; each new member was welcomed once, nobody else was."""
    history = guide.history()
    assert history[1] == {"trigger": "request", "updated": 2, "deleted": 1, "skipped": 3, "total": 6}
    triggers = ["request", "request", "schedule", "webhook", "request", "request"]
    assert [each["trigger"] for each in history] == triggers
    left = {people.emails[LEAVER], people.emails[LATE_LEAVER]}
    guide.read_the_end(left=left, are_there={people.emails[REMOVED], MAYA, NIA, LATE})
    assert guide.counts("--full")["total"] == 8
    guide.letters()
    welcomed = [str(each["To"]) for each in guide.mail.messages if each["Subject"].startswith("Welcome")]
    assert sorted(welcomed) == sorted([*people.emails, MAYA, NIA, LATE])
