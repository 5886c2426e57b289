"""What the walks through the vendors' guides share: an admin at the command line, JumpCloud, and a mail server."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import requests
from click.testing import Result
from flask import Flask

from app import clock
from app.access import tokens
from app.access.tenants import Tenant
from app.cli import main
from app.database import reading, writing
from app.notices import posting
from app.simulation import Simulator
from app.simulation import serve as serve_simulator
from app.sources import catalog, inbox, runner, starting
from app.sources.catalog import Source
from app.sources.runs import Run
from app.vendors.jumpcloud.simulator import DEFAULT_KEY as JUMPCLOUD_KEY
from app.vendors.jumpcloud.simulator import REST_BASE, JumpCloudSimulator
from tests.notices.mailbox import Mailbox, mailbox

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
HR = "hr@acme.example"
MISTYPED = "mistyped-key"
Vendor = TypeVar("Vendor", bound=Simulator)


@dataclass
class Guide(Generic[Vendor]):
    """An admin at the command line, the vendor, JumpCloud, and Rollcall as it is reached from outside."""

    app: Flask
    tenant: Tenant
    name: str
    vendor: Vendor
    vendor_url: str
    jumpcloud: JumpCloudSimulator
    jumpcloud_url: str
    mail: Mailbox

    # --- the command line ---

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

    def set(self, *pairs: str, **secrets: str) -> None:
        """Change settings, and secrets, of the source."""
        given = [word for pair in pairs for word in ("--set", pair)]
        hidden = [word for key, value in secrets.items() for word in ("--secret", f"{key}={value}")]
        self.say("source", "set", self.name, *given, *hidden)

    # --- what every guide begins with ---

    def connect(self, kind: str, *settings: str, **secrets: str) -> None:
        """Enable the vendor, add the source as a draft, and consent; the vendor is not called before."""
        given = [word for pair in (*settings, "retry_seconds=0.01") for word in ("--set", pair)]
        hidden = [word for key, value in secrets.items() for word in ("--secret", f"{key}={value}")]
        add = ("source", "add", kind, "--name", self.name, *given, *hidden)
        assert "not enabled" in self.refused(*add)
        assert self.invoke("vendor", "enable", kind).exit_code == 0
        assert self.say(*add)["state"] == "draft"
        for step in ("check", "preview", "import", "publish"):
            assert "consent" in self.refused("source", step, self.name)
        assert self.vendor.log.calls() == []
        policy = self.say("source", "consent", self.name, "--show")
        given_by = self.say("source", "consent", self.name, "--by", HR)
        assert (given_by["by"], given_by["text_hash"]) == (f"admin:{HR}", policy["text_hash"])

    def failed_checks(self) -> dict[str, str]:
        """Look at the source, and return the message of each finding that is not good."""
        done = self.invoke("source", "check", self.name, "--json")
        found = [json.loads(line) for line in done.stdout.strip().splitlines()]
        assert done.exit_code == (1 if any(each["needed"] and not each["ok"] for each in found) else 0)
        return {each["check"]: each["message"] for each in found if not each["ok"]}

    def look_first(self, people: int, **more: int) -> list[dict[str, Any]]:
        """Preview and dry run: what it would do is told, and nobody is there. Return the samples' fields."""
        samples = self.lines("source", "preview", self.name, "--rows", "3")
        assert all(each["fields"]["name.familyName"] and not each["problems"] for each in samples)
        assert "is a draft" in self.refused("source", "import", self.name)
        assert self.counts("--dry-run") == {"added": people, "total": people, **more}
        assert self.documents() == {}
        return [each["fields"] for each in samples]

    def publish(self) -> dict[str, Any]:
        """Publish the source, and connect JumpCloud."""
        published: dict[str, Any] = self.lines("source", "publish", self.name)[-1]
        assert published["state"] == "active"
        place = ("--url", self.jumpcloud_url, "--secret", f"token={JUMPCLOUD_KEY}", "--set", "rate=0")
        self.say("target", "add", "jumpcloud", "--name", "jump", *place)
        return published

    # --- imports ---

    def counts(self, *arguments: str) -> dict[str, int]:
        """Import, and return the counters that are not 0."""
        return _counters(self.say("source", "import", self.name, *arguments))

    def news(self, *arguments: str) -> dict[str, int]:
        """Import, and return the counters of people who were not simply skipped."""
        told = self.counts(*arguments)
        return {name: number for name, number in told.items() if name not in ("skipped", "total")}

    def import_when_due(self) -> Run:
        """Import by the schedule: not a moment before its time, and once."""
        due_at = self.source().next_run_at
        assert due_at is not None
        with writing() as connection:
            assert starting.start_due(connection, clock.after(-1, since=due_at)) == []
            [run] = starting.start_due(connection, due_at)
            assert starting.start_due(connection, due_at) == []
        assert run.trigger == "schedule"
        return self._worked_off(run)

    def import_as_called(self) -> Run:
        """Import what the vendor's calls point at, as scheduler and worker do."""
        with writing() as connection:
            [run] = inbox.start_waiting(connection, clock.now())
        ended = self._worked_off(run)
        with writing() as connection:
            assert inbox.start_waiting(connection, clock.now()) == []
        return ended

    def _worked_off(self, run: Run) -> Run:
        ended = runner.work(run.tenant_id, run.id)
        assert ended is not None and ended.state == "finished", ended
        return ended

    def history(self) -> list[dict[str, Any]]:
        """Return the imports that changed people or could, oldest first: trigger and counters that are not 0."""
        told = reversed(self.lines("run-log", "list", "--source", self.name))
        shown = (self.say("run-log", "show", str(each["run"])) for each in told if not each["dry_run"])
        return [{"trigger": each["trigger"], **_counters(each)} for each in shown]

    def error_file(self, run: int, file: Path) -> list[dict[str, str]]:
        """Return the lines of a run's error file; none has a cell that a spreadsheet would calculate."""
        done = self.invoke("run-log", "errors", str(run), "--output", str(file))
        assert done.exit_code == 0, done.output
        lines = list(csv.DictReader(file.open(encoding="utf-8-sig")))
        assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())
        return lines

    # --- what came of it ---

    def source(self) -> Source:
        """Return the source as it stands now."""
        with reading() as connection:
            return catalog.named(connection, self.tenant.id, self.name)

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Sync, and return JumpCloud's accounts by address."""
        self.say("target", "sync", "jump", "--wait")
        return {row["email"]: row for row in self.jumpcloud.systemusers.everyone()}

    def states(self) -> dict[str, str]:
        """Sync, and return the state of JumpCloud's accounts by address."""
        return {email: row["state"] for email, row in self.accounts().items()}

    def read_the_end(self, *, left: set[str], are_there: set[str]) -> None:
        """The directory and JumpCloud say the same: these have left, these have not, and user names are prefixes."""
        states, accounts = self.states(), self.jumpcloud.systemusers.everyone()
        assert {email for email, state in states.items() if state == "SUSPENDED"} == left
        assert are_there <= {email for email, state in states.items() if state == "ACTIVATED"}
        assert [row["username"] for row in accounts] == [row["email"].partition("@")[0] for row in accounts]
        active = {_work_email(each): each["active"] for each in self.documents().values()}
        assert {email: active[email] for email in states} == {
            email: state == "ACTIVATED" for email, state in states.items()
        }

    def employee(self, who: str) -> dict[str, Any]:
        """Return what the directory has of somebody."""
        document: dict[str, Any] = self.say("employee", "show", who)["document"]
        return document

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return everybody by user name, as a client of the directory reads them."""
        found = self.scim("GET", "/Users?count=200")["Resources"]
        return {each["userName"]: each for each in found}

    def scim(self, method: str, path: str, body: Any = None) -> Any:
        """Call the directory as a system that writes over SCIM."""
        with writing() as connection:
            token = tokens.create(connection, self.tenant, "payroll").text
        base = f"{self.public_url}/scim/v2"
        answer = requests.request(
            method, base + path, json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.ok, answer.text
        return answer.json()

    def say_over_scim(self, who: str, path: str, value: Any) -> None:
        """Set a value of the person with this address, as a system does that writes over SCIM."""
        [found] = self.scim("GET", f'/Users?filter=emails.value eq "{who}"')["Resources"]
        operation = {"op": "replace", "path": path, "value": value}
        self.scim("PATCH", f"/Users/{found['id']}", {"schemas": [PATCH_OP], "Operations": [operation]})

    @property
    def public_url(self) -> str:
        """Where Rollcall is reached."""
        address: str = self.app.extensions["rollcall.settings"].public_url
        return address

    def letters(self) -> list[tuple[str, str]]:
        """Send the mails that wait, and return recipient and subject of those."""
        before = len(self.mail.messages)
        posting.drain(self.tenant.id)
        return [(str(each["To"]), str(each["Subject"])) for each in self.mail.messages[before:]]


def _counters(told: dict[str, Any]) -> dict[str, int]:
    names: Sequence[str] = ("added", "updated", "deleted", "skipped", "errored", "total")
    return {name: told[name] for name in names if told[name]}


def _work_email(document: dict[str, Any]) -> str | None:
    emails = {each.get("type"): each["value"] for each in document.get("emails", ())}
    return emails.get("work")


@contextmanager
def guide_for(
    app: Flask, tenant: Tenant, serve: Callable[[Any], str], name: str, vendor: Vendor
) -> Iterator[Guide[Vendor]]:
    """Give an admin with nothing connected yet; the source will be called ``name``."""
    jumpcloud = JumpCloudSimulator(protected=False)
    with ExitStack() as running:
        mail = running.enter_context(mailbox())
        urls = [running.enter_context(serve_simulator(each)).url for each in (vendor, jumpcloud)]
        app.extensions["rollcall.settings"] = replace(
            app.extensions["rollcall.settings"],
            public_url=serve(app),
            smtp_url=f"smtp://127.0.0.1:{mail.port}",
            mail_from="rollcall@acme.example",
        )
        yield Guide(app, tenant, name, vendor, urls[0], jumpcloud, urls[1] + REST_BASE, mail)
