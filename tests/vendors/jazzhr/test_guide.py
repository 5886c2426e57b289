"""The guide for JazzHR from its first step to its last, as an admin goes through it; JumpCloud stands at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.sources.schedules import parse_schedule
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator
from tests.vendors.guide import HR, MISTYPED, Guide, guide_for

Jazz = Guide[JazzHRSimulator]
MAYA = {"first_name": "Maya", "last_name": "Okafor", "email": "maya.okafor@example.org"}
JOB = {"title": "Field Engineer", "department": "Operations", "city": "Dayton", "state": "OH"}
MAYA_AT_WORK, NIA_AT_WORK = "maya.okafor@example.com", "nia.okafor@example.com"
MIDNIGHT = "daily 00:00 America/Los_Angeles"


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Iterator[Jazz]:
    """Give an admin with nothing connected yet."""
    with guide_for(app, tenant, serve, "jazz", JazzHRSimulator(people=6, faults="no-limit")) as made:
        yield made


def test_the_guide_for_jazzhr(guide: Jazz, tmp_path: Path) -> None:
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide)
    leaver = _change_leave_and_withdraw(guide)
    _import_by_schedule(guide)
    _be_called(guide)
    _read_the_error_file(guide, tmp_path / "errors.csv")
    _read_the_end(guide, leaver)


def _connect(guide: Jazz) -> None:
    """Enabled, added as a draft, consented to; a mistyped key and a missing right are told by name."""
    settings = ("calls_per_minute=0", "work_email={given}.{family}@example.com")
    guide.connect("jazzhr", f"base_url={guide.vendor_url}{BASE}", *settings, api_key=MISTYPED)
    failed = guide.failed_checks()
    assert "does not take the API key" in failed["sign in"]
    assert MISTYPED not in str(failed)
    guide.set(api_key=DEFAULT_KEY)
    guide.vendor.plan_faults("no-limit;403:path=/jobs")
    assert "title, department" in guide.failed_checks()["permission jobs"]
    assert "permission jobs" in guide.refused("source", "publish", "jazz")
    guide.vendor.plan_faults("no-limit")
    assert guide.failed_checks() == {}


def _look_first(guide: Jazz) -> None:
    """Samples are what the mapping makes of hire, applicant and job; nobody is imported, and no salary is shown."""
    samples = guide.look_first(6)
    assert not any(field.startswith("hr.salary") for sample in samples for field in sample)


def _publish_and_import(guide: Jazz) -> None:
    """Published, imported, pushed to JumpCloud, and reported to whoever consented."""
    published = guide.publish()
    midnight = parse_schedule(MIDNIGHT).next_after(clock.utcnow())
    assert midnight is not None and published["next_run_at"] == clock.instant(midnight)
    assert guide.counts() == {"added": 6, "total": 6}
    assert guide.letters() == [(HR, "[acme] jazz: 6 added, 6 total")]
    assert guide.counts() == {"skipped": 6, "total": 6}
    assert sorted(guide.states().values()) == ["ACTIVATED"] * 6


def _change_leave_and_withdraw(guide: Jazz) -> str:
    """A change arrives at JumpCloud; a withdrawn hire is counted, and nobody is touched.

    JazzHR does not know who has left: payroll says so, and the next import lets nobody in again. Return the leaver.
    """
    company = guide.vendor.company
    first, *_, last = list(company.hires.values())
    company.change_job(first["job_id"], {"title": "Chief Engineer"})
    changed = [each["applicant_id"] for each in company.hires.values() if each["job_id"] == first["job_id"]]
    assert guide.counts() == {"updated": len(changed), "skipped": 6 - len(changed), "total": 6}
    titles = [account["jobTitle"] for account in guide.accounts().values()]
    assert titles.count("Chief Engineer") == len(changed)
    company.withdraw(last["id"])
    assert guide.counts() == {"skipped": 5, "deleted": 1, "total": 6}
    assert sorted(guide.states().values()) == ["ACTIVATED"] * 6
    leaver = next(iter(guide.accounts()))
    guide.say_over_scim(leaver, "active", False)
    assert guide.news() == {}
    assert guide.states()[leaver] == "SUSPENDED"
    return leaver


def _import_by_schedule(guide: Jazz) -> None:
    """At midnight in Los Angeles it is imported once, and reported."""
    guide.letters()
    guide.vendor.hire({**MAYA, "first_name": "Nia", "email": "nia@example.org"})
    assert guide.import_when_due().counts.added == 1
    assert guide.states()[NIA_AT_WORK] == "ACTIVATED"
    assert [to for to, _ in guide.letters()] == [HR]


def _be_called(guide: Jazz) -> None:
    """A secret, the verify call, an export; who was hired is at JumpCloud without any import on request."""
    hook = guide.say("source", "webhook", "jazz", "--generate")
    assert hook["address"].endswith(f"/api/jazzhr/webhook/{guide.tenant.public_id}")
    assert "webhook_secret" not in guide.say("source", "webhook", "jazz")
    guide.vendor.add_integration("Rollcall", hook["address"], hook["webhook_secret"])
    job = guide.vendor.company.add_job(JOB)
    hired = guide.vendor.hire({**MAYA, "desired_start_date": "2026-04-01"}, job_id=job["id"])
    sent = guide.vendor.export(hired["applicant_id"], times=3)
    sent += guide.vendor.export(hired["applicant_id"], signature="bad")
    assert [each.status for each in sent] == [200, 200, 200, 401]
    run = guide.import_as_called()
    shown = guide.say("source", "webhook", "jazz")
    taken = [(each["state"], each["run"], each["times"]) for each in shown["deliveries"] if each["hints"]]
    assert taken == [("done", run.id, 3)]
    assert [each["status"] for each in shown["refused"]] == [401]
    account = guide.accounts()[MAYA_AT_WORK]
    assert (account["jobTitle"], account["department"]) == ("Field Engineer", "Operations")
    assert "takes nothing back" in guide.refused("source", "export", "jazz", "--on")


def _read_the_error_file(guide: Jazz, file: Path) -> None:
    """Who cannot be taken is an error, what cannot be taken of somebody a warning; the report tells the way to both."""
    guide.letters()
    guide.vendor.hire({**MAYA, "email": "another.maya@example.org"})
    guide.vendor.hire({"first_name": "Bo", "last_name": "Berg", "email": "=HYPERLINK(1)"})
    said = guide.say("source", "import", "jazz")
    assert (said["added"], said["errored"]) == (1, 1)
    lines = guide.error_file(said["run"], file)
    assert {(line["code"], line["severity"]) for line in lines} == {
        ("work_email_taken", "error"),
        ("invalid_email", "warning"),
    }
    [(to, subject)] = guide.letters()
    assert (to, "1 errored" in subject) == (HR, True)
    assert f"rollcall run-log errors {said['run']}" in guide.mail.messages[-1].get_content()


def _read_the_end(guide: Jazz, leaver: str) -> None:
    """The history, the directory and JumpCloud at the end."""
    history = guide.history()
    triggers = ["request"] * 5 + ["schedule", "webhook", "request"]
    assert [each.pop("trigger") for each in history] == triggers
    assert history[3] == {"deleted": 1, "skipped": 5, "total": 6}
    guide.read_the_end(left={leaver}, are_there={MAYA_AT_WORK, NIA_AT_WORK, "bo.berg@example.com"})
    assert len(guide.accounts()) == 9
