"""The guide for iCIMS from its first step to its last, as an admin goes through it; JumpCloud stands at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.sources.schedules import parse_schedule
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from scim.resources import ENTERPRISE, HR
from tests.vendors.guide import HR as HR_MAIL
from tests.vendors.guide import MISTYPED, Guide, guide_for
from tests.vendors.icims.conftest import OWN_FIELDS

MIDNIGHT = "daily 00:00 America/Los_Angeles"
MAYA = {"firstname": "Maya", "lastname": "Okafor", "email": "maya.okafor@example.com"}
#: Ids of made-up employees (1 hired the first of them, and is none).
LEAVER, CHANGED, REMOVED, LATE_LEAVER, SET_INACTIVE = 3, 4, 5, 6, 7


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Iterator[Guide[ICIMSSimulator]]:
    """Give an admin with nothing connected yet."""
    with guide_for(app, tenant, serve, "icims", ICIMSSimulator(people=6)) as made:
        yield made


def test_the_guide_for_icims(guide: Guide[ICIMSSimulator], tmp_path: Path) -> None:
    removed = email(guide, REMOVED)
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide)
    _change_leave_and_remove(guide, removed)
    _import_by_schedule(guide)
    _be_called(guide)
    _write_back(guide)
    _read_the_error_file(guide, tmp_path / "errors.csv")
    _read_the_end(guide, removed)


def email(guide: Guide[ICIMSSimulator], person: int) -> str:
    return str(guide.vendor.company.people[person]["email"])


def _connect(guide: Guide[ICIMSSimulator]) -> None:
    """Enabled, added as a draft, consented to; a mistyped secret and a missing right are told by name."""
    place = (f"base_url={guide.vendor_url}", f"token_url={guide.vendor_url}/oauth/token")
    own = (f"{name}={place}" for name, place in OWN_FIELDS.items())
    guide.connect(
        "icims",
        f"customer_id={CUSTOMER}",
        *place,
        *own,
        "calls_per_minute=0",
        client_id=CLIENT_ID,
        client_secret=MISTYPED,
    )
    failed = guide.failed_checks()
    assert "client_secret" in failed["sign in"]
    assert MISTYPED not in str(failed)
    guide.set(client_secret=DEFAULT_SECRET)
    guide.vendor.plan_faults("deny:kinds=applicantworkflows")
    assert "Integration User" in guide.failed_checks()["permission workflows"]
    assert "permission workflows" in guide.refused("source", "publish", "icims")
    guide.vendor.plan_faults("")
    assert guide.failed_checks() == {}


def _look_first(guide: Guide[ICIMSSimulator]) -> None:
    """Samples are what the mapping makes of them, the SSN as dots; nobody is imported."""
    samples = guide.look_first(6)
    assert {sample["hr.nationalId.value"] for sample in samples} == {"•••"}
    assert all(sample["hr.positionCode"] and sample["hr.managerEmail"] for sample in samples)


def _publish_and_import(guide: Guide[ICIMSSimulator]) -> None:
    """Published, imported, and pushed to JumpCloud."""
    published = guide.publish()
    midnight = parse_schedule(MIDNIGHT).next_after(clock.utcnow())
    assert midnight is not None and published["next_run_at"] == clock.instant(midnight)
    assert guide.counts() == {"added": 6, "total": 6}
    [(to, subject)] = guide.letters()
    assert (to, subject) == (HR_MAIL, "[acme] icims: 6 added, 6 total")
    assert set(guide.states().values()) == {"ACTIVATED"}
    assert len(guide.accounts()) == 6


def _change_leave_and_remove(guide: Guide[ICIMSSimulator], removed: str) -> None:
    """A change and a leaver arrive at JumpCloud; who is removed at iCIMS counts as deleted and stays as they are."""
    company = guide.vendor.company
    company.change_person(CHANGED, {"lastname": "Marchetti"})
    company.terminate(LEAVER)
    assert guide.counts() == {"updated": 2, "total": 2}
    accounts = guide.accounts()
    assert accounts[email(guide, CHANGED)]["lastname"] == "Marchetti"
    company.remove_person(REMOVED)
    assert guide.counts("--full") == {"skipped": 5, "deleted": 1, "total": 6}
    states = guide.states()
    assert states.pop(email(guide, LEAVER)) == "SUSPENDED"
    assert states[removed] == "ACTIVATED"
    assert set(states.values()) == {"ACTIVATED"}


def _import_by_schedule(guide: Guide[ICIMSSimulator]) -> None:
    """At midnight in Los Angeles it is imported once, and reported."""
    guide.letters()
    guide.vendor.company.hire({**MAYA, "firstname": "Nia", "email": "nia.okafor@example.com"})
    assert guide.import_when_due().counts.added == 1
    assert guide.states()["nia.okafor@example.com"] == "ACTIVATED"
    assert [to for to, _ in guide.letters()] == [HR_MAIL]


def _be_called(guide: Guide[ICIMSSimulator]) -> None:
    """A secret is made; an event about a hire brings them in, repeated ones and forged ones bring nothing."""
    hook = guide.say("source", "webhook", "icims", "--generate")
    hired = guide.vendor.company.hire(MAYA)["_id"]
    how = {"user": "rollcall", "secret": hook["webhook_secret"]}
    guide.vendor.subscribe("hmac", hook["keyed_address"], form="hmac", **how)
    sent = guide.vendor.notify(hired, times=3)
    sent += guide.vendor.notify(hired, sign="bad")
    assert [each.status for each in sent] == [200, 200, 200, 401]
    assert guide.import_as_called().counts.added == 1
    shown = guide.say("source", "webhook", "icims")
    assert [each["status"] for each in shown["refused"]] == [401]
    assert guide.states()[MAYA["email"]] == "ACTIVATED"


def _write_back(guide: Guide[ICIMSSimulator]) -> None:
    """What Rollcall learns elsewhere leaves for iCIMS, a field by itself; what iCIMS said is not sent back to it."""
    assert guide.say("source", "export", "icims", "--on")["export"] == "active"
    _exported(guide)
    assert _patches(guide) == []
    written: list[tuple[str, dict[str, Any]]] = []
    for path, value, member in (
        (f"{ENTERPRISE}:employeeNumber", "4711", "field50001"),
        ("name.givenName", "Máire", "firstname"),
        (f"{HR}:terminationDate", "2027-01-31", "enddate"),
    ):
        guide.say_over_scim(email(guide, CHANGED), path, value)
        _exported(guide)
        written.append((f"/customers/{CUSTOMER}/people/{CHANGED}", {member: value}))
        assert _patches(guide) == written
    assert guide.vendor.company.people[CHANGED]["firstname"] == "Máire"
    # Neither comes it back as a change, nor goes out again what iCIMS itself says later.
    assert guide.news() == {}
    guide.vendor.company.change_person(CHANGED, {"lastname": "Rossi"})
    guide.vendor.company.terminate(LATE_LEAVER)
    guide.vendor.company.hire({"firstname": "Ada", "email": "ada@example.com"})
    assert guide.news() == {"added": 1, "updated": 2}
    guide.say_over_scim(email(guide, SET_INACTIVE), "active", False)
    _exported(guide)
    assert _patches(guide) == written
    people = f"/customers/{CUSTOMER}/people"
    called = {call.method for call in guide.vendor.log.calls() if call.path.startswith(people)}
    assert called == {"GET", "PATCH"}
    assert guide.employee(email(guide, CHANGED))["name"]["givenName"] == "Máire"
    # Somebody whom iCIMS does not know is not made known to it.
    guide.scim("POST", "/Users", {"userName": "consultant", "name": {"familyName": "Reyes"}})
    _exported(guide)
    assert _patches(guide) == written


def _exported(guide: Guide[ICIMSSimulator]) -> dict[str, Any]:
    told: dict[str, Any] = guide.say("target", "sync", "icims-export", "--wait")
    assert (told["created"], told["suspended"], told["failed"]) == (0, 0, 0)
    return told


def _patches(guide: Guide[ICIMSSimulator]) -> list[tuple[str, dict[str, Any]]]:
    calls = guide.vendor.log.calls()
    return [(call.path, json.loads(call.body)) for call in calls if call.method == "PATCH"]


def _read_the_error_file(guide: Guide[ICIMSSimulator], file: Path) -> None:
    """Who cannot be taken is an error, what cannot be taken of somebody a warning; the report tells the way to both."""
    guide.letters()
    guide.vendor.company.hire({"firstname": "Bo", "lastname": "Berg", "email": "=HYPERLINK(1)"})
    guide.vendor.company.hire({"email": "cy.moss@example.com", "birthdate": "once"})
    said = guide.say("source", "import", "icims")
    assert (said["added"], said["errored"]) == (1, 1)
    lines = guide.error_file(said["run"], file)
    # Whoever hired them is in no folder of employees: a warning for each whose record was read.
    told = [line for line in lines if line["code"] != "manager_unknown"]
    assert [(line["column"], line["severity"]) for line in told] == [
        ("email", "error"),
        ("birthdate", "warning"),
    ]
    assert "cy.moss@example.com" in guide.documents()
    [(to, subject)] = guide.letters()
    assert (to, "1 errored" in subject) == (HR_MAIL, True)
    assert f"rollcall run-log errors {said['run']}" in guide.mail.messages[-1].get_content()


def _read_the_end(guide: Guide[ICIMSSimulator], removed: str) -> None:
    """The history, the directory and JumpCloud at the end."""
    history = guide.history()
    triggers = ["request"] * 3 + ["schedule", "webhook"] + ["request"] * 3
    assert [each.pop("trigger") for each in history] == triggers
    assert history[0] == {"added": 6, "total": 6}
    assert history[2] == {"deleted": 1, "skipped": 5, "total": 6}
    left = {email(guide, LEAVER), email(guide, LATE_LEAVER), email(guide, SET_INACTIVE)}
    guide.read_the_end(left=left, are_there={removed, MAYA["email"], "nia.okafor@example.com"})
