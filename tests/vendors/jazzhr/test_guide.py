"""The guide for JazzHR from its first step to its last, as an admin goes through it; JumpCloud stands at the end."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.cli import main
from app.database import reading, writing
from app.notices import posting
from app.simulation import serve as serve_simulator
from app.sources import catalog, inbox, runner, starting
from app.sources.schedules import parse_schedule
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator
from app.vendors.jumpcloud.simulator import DEFAULT_KEY as JUMPCLOUD_KEY
from app.vendors.jumpcloud.simulator import REST_BASE, JumpCloudSimulator
from tests.notices.mailbox import Mailbox, mailbox

MAYA = {"first_name": "Maya", "last_name": "Okafor", "email": "maya.okafor@example.org"}
JOB = {"title": "Field Engineer", "department": "Operations", "city": "Dayton", "state": "OH"}
MIDNIGHT = "daily 00:00 America/Los_Angeles"


@dataclass
class Guide:
    """An admin at the command line, the two systems, and Rollcall as it is reached from outside."""

    app: Flask
    tenant: Tenant
    jazzhr: JazzHRSimulator
    jazzhr_url: str
    jumpcloud: JumpCloudSimulator
    jumpcloud_url: str
    box: Mailbox

    def invoke(self, *arguments: str) -> Result:
        """Run a command of the tenant."""
        return self.app.test_cli_runner().invoke(main, [*arguments, "--tenant", self.tenant.slug])

    def refused(self, *arguments: str) -> str:
        """Run a command that must be refused, and return why."""
        done = self.invoke(*arguments)
        assert done.exit_code != 0, done.output
        return done.output

    def lines(self, *arguments: str) -> list[Any]:
        """Run a command and return its lines of JSON."""
        done = self.invoke(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.strip().splitlines()]

    def say(self, *arguments: str) -> Any:
        """Run a command and return its last line of JSON."""
        return self.lines(*arguments)[-1]

    def counts(self, *arguments: str) -> dict[str, int]:
        """Import, and return the counters that are not 0."""
        said = self.say("source", "import", "jazz", *arguments)
        return {name: number for name, number in said.items() if number and name != "run"}

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Sync, and return JumpCloud's accounts by address."""
        self.say("target", "sync", "jump", "--wait")
        return {row["email"]: row for row in self.jumpcloud.systemusers.everyone()}

    def employees(self, *who: str) -> list[dict[str, Any]]:
        """Return what the directory has of people."""
        return [self.say("employee", "show", each) for each in who]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Give a mail server."""
    with mailbox() as running:
        yield running


@pytest.fixture
def guide(app: Flask, tenant: Tenant, serve: Callable[[Any], str], box: Mailbox) -> Iterator[Guide]:
    """Give an admin with nothing connected yet."""
    settings = app.extensions["rollcall.settings"]
    mail = {"smtp_url": f"smtp://127.0.0.1:{box.port}", "mail_from": "rollcall@example.com"}
    app.extensions["rollcall.settings"] = replace(settings, public_url=serve(app), **mail)
    jazzhr, jumpcloud = JazzHRSimulator(people=6, faults="no-limit"), JumpCloudSimulator(protected=False)
    with ExitStack() as servers:
        urls = [servers.enter_context(serve_simulator(each)).url for each in (jazzhr, jumpcloud)]
        yield Guide(app, tenant, jazzhr, urls[0] + BASE, jumpcloud, urls[1] + REST_BASE, box)


def test_the_guide_for_jazzhr(guide: Guide, tmp_path: Path) -> None:
    _connect(guide)
    _look_first(guide)
    _publish_and_import(guide)
    _change_and_withdraw(guide)
    _import_by_schedule(guide)
    _be_called(guide)
    _read_the_error_file(guide, tmp_path / "errors.csv")
    _read_the_mail(guide)


def _connect(guide: Guide) -> None:
    """Enabled, added as a draft, consented to; the vendor is not called before."""
    place = (
        "--set",
        f"base_url={guide.jazzhr_url}",
        "--set",
        "calls_per_minute=0",
        "--set",
        "retry_seconds=0",
    )
    choice = ("--set", "work_email={given}.{family}@example.com", "--set", "report_to=hr@example.com")
    add = ("source", "add", "jazzhr", "--name", "jazz", *place, *choice, "--secret", "api_key=mistyped")
    assert "not enabled" in guide.refused(*add)
    assert guide.invoke("vendor", "enable", "jazzhr").exit_code == 0
    added = guide.say(*add)
    assert (added["state"], added["schedule"]) == ("draft", MIDNIGHT)
    for step in ("check", "preview", "import", "publish"):
        assert "consent" in guide.refused("source", step, "jazz")
    assert guide.jazzhr.log.calls() == []
    policy = guide.say("source", "consent", "jazz", "--show")
    assert "JazzHR" in policy["text"]
    given = guide.say("source", "consent", "jazz", "--by", "hr@example.com")
    assert (given["by"], given["text_hash"]) == ("admin:hr@example.com", policy["text_hash"])


def _look_first(guide: Guide) -> None:
    """A mistyped key is told; with the right one there are checks, samples and a dry run, and nobody is imported."""
    assert "does not take the API key" in guide.refused("source", "check", "jazz")
    guide.say("source", "set", "jazz", "--secret", f"api_key={DEFAULT_KEY}")
    checks = guide.lines("source", "check", "jazz")
    assert [each["check"] for each in checks if each["ok"]] == [
        *("reach", "sign in", "permission hires", "permission applicants", "permission jobs", "people")
    ]
    samples = guide.lines("source", "preview", "jazz", "--rows", "3")
    assert all(each["fields"]["name.familyName"] and not each["problems"] for each in samples)
    assert "is a draft" in guide.refused("source", "import", "jazz")
    assert guide.counts("--dry-run") == {"added": 6, "total": 6}
    someone = samples[0]["fields"]["emails[home].value"]
    assert "Nobody" in guide.refused("employee", "show", someone)


def _publish_and_import(guide: Guide) -> None:
    """Published, imported, and pushed to JumpCloud."""
    published = guide.lines("source", "publish", "jazz")[-1]
    assert published["state"] == "active"
    assert published["next_run_at"] == clock.instant(_next_midnight())
    assert guide.counts() == {"added": 6, "total": 6}
    assert guide.counts() == {"skipped": 6, "total": 6}
    place = ("--url", guide.jumpcloud_url, "--secret", f"token={JUMPCLOUD_KEY}", "--set", "rate=0")
    guide.say("target", "add", "jumpcloud", "--name", "jump", *place)
    assert len(guide.accounts()) == 6


def _next_midnight() -> Any:
    return parse_schedule(MIDNIGHT).next_after(clock.utcnow())


def _change_and_withdraw(guide: Guide) -> None:
    """A change at JazzHR arrives at JumpCloud; a withdrawn hire is counted, and nobody is touched."""
    company = guide.jazzhr.company
    first, *_, last = list(company.hires.values())
    company.change_job(first["job_id"], {"title": "Chief Engineer"})
    changed = [each["applicant_id"] for each in company.hires.values() if each["job_id"] == first["job_id"]]
    assert guide.counts() == {"updated": len(changed), "skipped": 6 - len(changed), "total": 6}
    titles = [account["jobTitle"] for account in guide.accounts().values()]
    assert titles.count("Chief Engineer") == len(changed)
    company.withdraw(last["id"])
    assert guide.counts() == {"skipped": 5, "deleted": 1, "total": 6}
    accounts = guide.accounts().values()
    assert [account["state"] for account in accounts] == ["ACTIVATED"] * 6


def _import_by_schedule(guide: Guide) -> None:
    """At midnight in Los Angeles it is imported once."""
    guide.jazzhr.hire({**MAYA, "first_name": "Nia", "email": "nia@example.org"})
    with writing() as connection:
        assert starting.start_due(connection, clock.now()) == []
        [run] = starting.start_due(connection, clock.after(1, since=clock.instant(_next_midnight())))
    assert run.trigger == "schedule"
    assert runner.resume_due(guide.app) == 1
    assert "nia.okafor@example.com" in guide.accounts()


def _be_called(guide: Guide) -> None:
    """A secret, the verify call, an export; who was hired is at JumpCloud without any import on request."""
    hook = guide.say("source", "webhook", "jazz", "--generate")
    assert hook["address"].endswith(f"/api/jazzhr/webhook/{guide.tenant.public_id}")
    assert "webhook_secret" not in guide.say("source", "webhook", "jazz")
    guide.jazzhr.add_integration("Rollcall", hook["address"], hook["webhook_secret"])
    job = guide.jazzhr.company.add_job(JOB)
    hired = guide.jazzhr.hire({**MAYA, "desired_start_date": "2026-04-01"}, job_id=job["id"])
    sent = guide.jazzhr.export(hired["applicant_id"], times=3)
    sent += guide.jazzhr.export(hired["applicant_id"], signature="bad")
    assert [each.status for each in sent] == [200, 200, 200, 401]
    with writing() as connection:
        [run] = inbox.start_waiting(connection, clock.now())
    assert runner.resume_due(guide.app) == 1
    with writing() as connection:
        assert inbox.start_waiting(connection, clock.now()) == []
    shown = guide.say("source", "webhook", "jazz")
    assert [(each["state"], each["run"], each["times"]) for each in shown["deliveries"] if each["hints"]] == [
        ("done", run.id, 3)
    ]
    assert [each["status"] for each in shown["refused"]] == [401]
    [maya] = (each["document"] for each in guide.employees("maya.okafor@example.com"))
    assert (maya["title"], maya["active"]) == ("Field Engineer", True)
    account = guide.accounts()["maya.okafor@example.com"]
    assert (account["jobTitle"], account["department"]) == ("Field Engineer", "Operations")


def _read_the_error_file(guide: Guide, file: Path) -> None:
    """Somebody with the name of somebody else gets no address of theirs: one line says so."""
    guide.jazzhr.hire({**MAYA, "email": "=HYPERLINK(1)"})
    said = guide.say("source", "import", "jazz")
    assert said["errored"] == 1
    done = guide.invoke("run-log", "errors", str(said["run"]), "--output", str(file))
    assert done.exit_code == 0, done.output
    lines = list(csv.DictReader(file.open(encoding="utf-8-sig")))
    assert "work_email_taken" in [line["code"] for line in lines]
    assert not any(cell.startswith("=") for line in lines for cell in line.values())
    with reading() as connection:
        assert catalog.named(connection, guide.tenant.id, "jazz").is_published


def _read_the_mail(guide: Guide) -> None:
    """Whoever set it up has got a report of each import, with numbers and without names."""
    posting.drain(guide.tenant.id)
    subjects = [mail["Subject"] for mail in guide.box.messages]
    assert {mail["To"] for mail in guide.box.messages} == {"hr@example.com"}
    assert any("6 added" in subject for subject in subjects)
    assert any("1 errored" in subject for subject in subjects)
    assert not any("Okafor" in mail.get_content() for mail in guide.box.messages)
