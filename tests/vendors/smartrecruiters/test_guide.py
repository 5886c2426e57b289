"""The guide for SmartRecruiters from its first step to its last, as an admin goes through it; JumpCloud at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY, SmartRecruitersSimulator
from tests.vendors.guide import HR, MISTYPED, Guide, guide_for
from tests.vendors.smartrecruiters.hiring import JOB, MAYA, OFFER

Smart = Guide[SmartRecruitersSimulator]
#: So many that two of them may be gone at once: fewer than 80 % of last time would wait for approval.
PEOPLE = 12
EVENT = "application.status.updated"
MAYA_AT_WORK, NIA_AT_WORK = "maya.okafor@example.com", "nia.okafor@example.com"


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Iterator[Smart]:
    """Give an admin with nothing connected yet."""
    with guide_for(
        app, tenant, serve, "smart", SmartRecruitersSimulator(people=PEOPLE, faults="no-limit")
    ) as made:
        yield made


def test_the_guide_for_smartrecruiters(guide: Smart, tmp_path: Path) -> None:
    people = Hires(guide)
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide, people)
    _change_leave_and_remove(guide, people)
    _import_by_schedule(guide)
    _be_called(guide)
    _export_internal_candidates(guide, people)
    _read_the_error_file(guide, tmp_path / "errors.csv")
    _read_the_end(guide, people)


class Hires:
    """The made-up hires: ids at SmartRecruiters, and once they are imported, the addresses that Rollcall made."""

    def __init__(self, guide: Smart) -> None:
        self._rows = list(guide.vendor.company.candidates.values())[:PEOPLE]
        self.ids = [row["id"] for row in self._rows]
        self.emails: list[str] = []

    def have_arrived(self, guide: Smart) -> None:
        """Find the addresses by the private ones, which SmartRecruiters knows."""
        found = {}
        for document in guide.documents().values():
            emails = {each["type"]: each["value"] for each in document["emails"]}
            found[emails["home"]] = emails["work"]
        self.emails = [found[row["email"]] for row in self._rows]


LEAVER, CHANGED, REMOVED, WITHDRAWN = 0, 1, 2, 3


def _connect(guide: Smart) -> None:
    """Enabled, added as a draft, consented to; a mistyped key and a missing permission are told by name."""
    settings = ("calls_per_second=0", "work_email={given}.{family}@example.com", "schedule=2h")
    guide.connect("smartrecruiters", f"base_url={guide.vendor_url}", *settings, api_key=MISTYPED)
    failed = guide.failed_checks()
    assert "rollcall source set smart --secret api_key=-" in failed["sign in"]
    assert MISTYPED not in str(failed)
    guide.set(api_key=DEFAULT_KEY)
    guide.vendor.plan_faults("no-limit;missing-scope:name=candidates_read")
    assert "missing" in guide.failed_checks()["permission candidates_read"]
    assert "permission candidates_read" in guide.refused("source", "publish", "smart")
    guide.vendor.plan_faults("no-limit")
    assert guide.failed_checks() == {}


def _look_first(guide: Smart) -> None:
    """Samples are what the mapping makes of hire, job and offer; nobody is imported, and no status is written."""
    samples = guide.look_first(PEOPLE)
    assert {sample["hr.managerEmail"] for sample in samples} == {"nadia.becker@example.com"}
    assert not any(field.startswith("hr.salary") for sample in samples for field in sample)
    assert {call.method for call in guide.vendor.log.calls()} == {"GET"}


def _publish_and_import(guide: Smart, people: Hires) -> None:
    """Published, imported, pushed to JumpCloud, reported; SmartRecruiters hears that they have arrived."""
    guide.set("write_onboarding_status=yes")
    guide.publish()
    assert guide.counts() == {"added": PEOPLE, "total": PEOPLE}
    assert guide.letters() == [(HR, "[acme] smart: 12 added, 12 total")]
    people.have_arrived(guide)
    assert guide.states() == dict.fromkeys(people.emails, "ACTIVATED")
    assert [_onboarding(guide, each) for each in people.ids] == ["ONBOARDING_SUCCESSFUL"] * PEOPLE


def _onboarding(guide: Smart, candidate_id: str) -> str | None:
    told: str | None = guide.vendor.company.candidate(candidate_id)["_applications"][-1]["onboarding"]
    return told


def _change_leave_and_remove(guide: Smart, people: Hires) -> None:
    """A change arrives at JumpCloud; who is deleted, or whose hire is taken back, stays as they are.

    SmartRecruiters does not know who has left: payroll says so, and a later change of the candidate lets nobody in.
    """
    # The onboarding statuses that were written are SmartRecruiters' own now, and read as such.
    assert guide.counts("--full") == {"updated": PEOPLE, "total": PEOPLE}
    guide.vendor.change(people.ids[CHANGED], {"lastName": "Marchetti"})
    guide.vendor.delete(people.ids[REMOVED])
    job_id = guide.vendor.company.candidate(people.ids[WITHDRAWN])["_applications"][-1]["job_id"]
    guide.vendor.move(people.ids[WITHDRAWN], job_id, "OFFER")
    assert guide.counts("--full") == {"updated": 1, "deleted": 2, "skipped": 9, "total": 12}
    assert guide.accounts()[people.emails[CHANGED]]["lastname"] == "Marchetti"
    guide.say_over_scim(people.emails[LEAVER], "active", False)
    guide.vendor.change(people.ids[LEAVER], {"phoneNumber": "+1 555 0199"})
    assert guide.news() == {"updated": 1}
    states = guide.states()
    assert states.pop(people.emails[LEAVER]) == "SUSPENDED"
    assert set(states.values()) == {"ACTIVATED"}


def _import_by_schedule(guide: Smart) -> None:
    """After two hours it is imported once, and reported because somebody came."""
    guide.letters()
    guide.vendor.hire({**MAYA, "firstName": "Nia", "email": "nia@example.org"})
    assert guide.import_when_due().counts.added == 1
    assert guide.states()[NIA_AT_WORK] == "ACTIVATED"
    assert [to for to, _ in guide.letters()] == [HR]


def _be_called(guide: Smart) -> None:
    """Told where to call and proven by an echo; a hire comes by its event, repeated and forged ones bring nothing."""
    hook = guide.say("source", "webhook", "smart", "--subscribe")
    assert (hook["made_by"], hook["has_secret"]) == ("vendor", True)
    [subscription] = guide.vendor.webhooks.subscriptions.values()
    assert subscription.status == "active"
    job = guide.vendor.company.add_job(JOB)
    hired = guide.vendor.hire(MAYA, job_id=job["id"], offer=OFFER, starts_on="2026-04-01T00:00:00.000Z")
    sent = guide.vendor.send(EVENT, hired["id"], job["id"], times=3)
    sent += guide.vendor.send(EVENT, hired["id"], job["id"], sign="bad")
    sent += guide.vendor.send(EVENT, hired["id"], job["id"], age=3600)
    assert [each.status for each in sent] == [202, 202, 202, 401, 401]
    assert guide.import_as_called().counts.added == 1
    refused = guide.say("source", "webhook", "smart")["refused"]
    assert [(each["status"], each["times"]) for each in refused] == [(401, 2)]
    account = guide.accounts()[MAYA_AT_WORK]
    assert (account["state"], account["jobTitle"]) == ("ACTIVATED", "Field Engineer")
    assert _onboarding(guide, hired["id"]) == "ONBOARDING_SUCCESSFUL"


def _export_internal_candidates(guide: Smart, people: Hires) -> None:
    """Employees become internal candidates of the custom source; without that source there is a warning first."""
    place = ("--url", guide.vendor_url, "--secret", f"token={DEFAULT_KEY}", "--set", "rate=0", "--paused")
    guide.say("target", "add", "smartrecruiters", "--name", "mobility", *place)
    assert '"Other"' in guide.invoke("target", "probe", "mobility").output
    guide.vendor.company.add_source("Rollcall")
    assert '"Other"' not in guide.invoke("target", "probe", "mobility").output
    assert guide.invoke("target", "resume", "mobility").exit_code == 0
    told = guide.say("target", "sync", "mobility", "--wait")
    assert (told["created"], told["failed"]) == (PEOPLE + 1, 0)
    made = [row for row in guide.vendor.company.candidates.values() if row["email"].endswith("@example.com")]
    assert {row["email"] for row in made} == {*people.emails[1:], NIA_AT_WORK, MAYA_AT_WORK}
    assert all(row["internal"] and row["_applications"][0]["source"] == "Rollcall" for row in made)
    assert guide.say("target", "sync", "mobility", "--wait")["created"] == 0
    # They are no hires: the next import brings no more than Nia's and Maya's onboarding statuses.
    assert guide.news() == {"updated": 2}


def _read_the_error_file(guide: Smart, file: Path) -> None:
    """Who cannot be taken is an error, and failed at SmartRecruiters; what cannot be taken of somebody, a warning."""
    guide.letters()
    twin = guide.vendor.hire({**MAYA, "email": "another.maya@example.org"})
    guide.vendor.hire({"firstName": "Bo", "lastName": "Berg", "email": "=HYPERLINK(1)"})
    said = guide.say("source", "import", "smart")
    lines = guide.error_file(said["run"], file)
    assert (said["added"], said["errored"]) == (1, 1)
    assert {(line["code"], line["severity"]) for line in lines} == {
        ("work_email_taken", "error"),
        ("invalid_email", "warning"),
        # The hiring manager is nobody whom an applicant-tracking system has hired.
        ("manager_unknown", "warning"),
    }
    assert _onboarding(guide, twin["id"]) == "ONBOARDING_FAILED"
    [(to, subject)] = guide.letters()
    assert (to, "1 errored" in subject) == (HR, True)
    assert f"rollcall run-log errors {said['run']}" in guide.mail.messages[-1].get_content()


def _read_the_end(guide: Smart, people: Hires) -> None:
    """The history, the directory and JumpCloud at the end."""
    history = guide.history()
    assert [each.pop("trigger") for each in history] == [
        *("request",) * 4,
        *("schedule", "webhook", "request", "request"),
    ]
    assert history[2] == {"updated": 1, "deleted": 2, "skipped": 9, "total": 12}
    stay = {*people.emails[1:], NIA_AT_WORK, MAYA_AT_WORK, "bo.berg@example.com"}
    guide.read_the_end(left={people.emails[LEAVER]}, are_there=stay)
