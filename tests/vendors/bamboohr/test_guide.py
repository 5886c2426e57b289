"""The guide for BambooHR from its first step to its last, as an admin goes through it; JumpCloud stands at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.vendors.bamboohr.simulator import BASE, DEFAULT_KEY, BambooHRSimulator
from tests.vendors.guide import HR, MISTYPED, Guide, guide_for

Bamboo = Guide[BambooHRSimulator]
MAYA = {"firstName": "Maya", "lastName": "Okafor", "workEmail": "maya.okafor@example.com"}
LEAVER, CHANGED, REMOVED, LATE_LEAVER = "101", "102", "103", "104"


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> Iterator[Bamboo]:
    """Give an admin with nothing connected yet."""
    with guide_for(app, tenant, serve, "bamboo", BambooHRSimulator(people=6)) as made:
        yield made


def test_the_guide_for_bamboohr(guide: Bamboo, tmp_path: Path) -> None:
    removed = email(guide, REMOVED)
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide)
    _change_leave_and_remove(guide, removed)
    _import_by_schedule(guide)
    _be_called(guide)
    _read_the_error_file(guide, tmp_path / "errors.csv")
    _read_the_end(guide, removed)


def email(guide: Bamboo, employee: str) -> str:
    return str(guide.vendor.company.employee(employee)["workEmail"])


def _connect(guide: Bamboo) -> None:
    """Enabled, added as a draft, consented to; a mistyped key and a missing right are told by name."""
    guide.connect("bamboohr", f"base_url={guide.vendor_url}{BASE}", "calls_per_second=0", api_key=MISTYPED)
    failed = guide.failed_checks()
    assert "rollcall source set bamboo --secret api_key=-" in failed["sign in"]
    assert MISTYPED not in str(failed)
    guide.set(api_key=DEFAULT_KEY)
    guide.vendor.plan_faults("no-permission:fields=workEmail+homePhone")
    assert "Settings > Access Levels" in guide.failed_checks()["permission workEmail"]
    assert "permission workEmail" in guide.refused("source", "publish", "bamboo")
    guide.vendor.plan_faults("")
    assert guide.failed_checks() == {}


def _look_first(guide: Bamboo) -> None:
    """Samples are what the mapping makes of them; nobody is imported."""
    samples = guide.look_first(6)
    assert all(sample["userName"] == sample["emails[work].value"].partition("@")[0] for sample in samples)


def _publish_and_import(guide: Bamboo) -> None:
    """Published, imported, pushed to JumpCloud, and reported to whoever consented."""
    guide.publish()
    assert str(guide.source().schedule) == "15m"
    assert guide.counts() == {"added": 6, "total": 6}
    assert guide.letters() == [(HR, "[acme] bamboo: 6 added, 6 total")]
    assert sorted(guide.states().values()) == ["ACTIVATED"] * 6


def _change_leave_and_remove(guide: Bamboo, removed: str) -> None:
    """A change and a leaver arrive at JumpCloud; who is deleted at BambooHR counts as deleted and stays as they are."""
    company = guide.vendor.company
    company.change(CHANGED, {"jobTitle": "Chief Engineer", "division": "North"})
    company.terminate(LEAVER)
    company.delete(REMOVED)
    assert guide.news() == {"updated": 2, "deleted": 1}
    accounts = guide.accounts()
    changed = accounts[email(guide, CHANGED)]
    assert (changed["jobTitle"], changed["company"]) == ("Chief Engineer", "North")
    assert accounts[email(guide, LEAVER)]["state"] == "SUSPENDED"
    assert accounts[removed]["state"] == "ACTIVATED"
    assert guide.employee(email(guide, LEAVER))["active"] is False


def _import_by_schedule(guide: Bamboo) -> None:
    """After a quarter of an hour it is imported once, and reported because somebody came."""
    guide.letters()
    guide.vendor.company.add({"firstName": "Nia", "workEmail": "nia.okafor@example.com"})
    assert guide.import_when_due().counts.added == 1
    assert guide.states()["nia.okafor@example.com"] == "ACTIVATED"
    assert [to for to, _ in guide.letters()] == [HR]


def _be_called(guide: Bamboo) -> None:
    """A webhook is made over there; a hire and a leaver come by it, repeated and forged calls bring nothing."""
    hook = guide.say("source", "webhook", "bamboo", "--subscribe")
    assert (hook["made_by"], hook["has_secret"]) == ("vendor", True)
    company, hooks = guide.vendor.company, guide.vendor.webhooks
    company.add(MAYA)
    company.terminate(LATE_LEAVER)
    assert {each["status"] for each in hooks.send(times=3)} == {202}
    company.change(CHANGED, {"jobTitle": "Forged"})
    assert [each["status"] for each in hooks.send(sign="bad")] == [401]
    run = guide.import_as_called()
    assert (run.counts.added, run.counts.updated, run.counts.total) == (1, 1, 2)
    assert [each["status"] for each in guide.say("source", "webhook", "bamboo")["refused"]] == [401]
    states = guide.states()
    assert (states[MAYA["workEmail"]], states[email(guide, LATE_LEAVER)]) == ("ACTIVATED", "SUSPENDED")
    assert "takes nothing back" in guide.refused("source", "export", "bamboo", "--on")


def _read_the_error_file(guide: Bamboo, file: Path) -> None:
    """Who cannot be taken is an error, what cannot be taken of somebody a warning; the report tells the way to both."""
    guide.letters()
    company = guide.vendor.company
    company.add({"lastName": "Berg", "workEmail": "=HYPERLINK(1)"})
    company.add({"workEmail": "maya.okafor@elsewhere.example"})
    company.change(CHANGED, {"status": "On Safari"})
    said = guide.say("source", "import", "bamboo")
    assert said["errored"] == 1
    lines = guide.error_file(said["run"], file)
    assert {(line["code"], line["severity"]) for line in lines} == {
        ("user_name_taken", "error"),
        ("invalid_email", "warning"),
        ("unknown_value", "warning"),
    }
    [(to, subject)] = guide.letters()
    assert (to, "1 errored" in subject) == (HR, True)
    assert f"rollcall run-log errors {said['run']}" in guide.mail.messages[-1].get_content()


def _read_the_end(guide: Bamboo, removed: str) -> None:
    """The history, the directory and JumpCloud at the end."""
    history = guide.history()
    assert [each.pop("trigger") for each in history] == [
        "request",
        "request",
        "schedule",
        "webhook",
        "request",
    ]
    assert history[0] == {"added": 6, "total": 6}
    left = {email(guide, LEAVER), email(guide, LATE_LEAVER)}
    guide.read_the_end(left=left, are_there={removed, MAYA["workEmail"], "nia.okafor@example.com"})
