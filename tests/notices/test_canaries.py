"""Secrets go in by every door of this issue; they are in no attempt, notice, mail, webhook, metric or log line."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from sqlalchemy import select

from app.access import tokens
from app.cli.answers import say_table
from app.database import Model, reading, writing
from app.jobs import upkeep
from app.notices import channels, delivering, shown
from app.provisioning import targets, ticks
from app.simulation import serve as simulate
from app.sources import catalog, drafts, runner, runs
from app.vendors.jazzhr.simulator import JazzHRSimulator
from app.vendors.scim.simulator import ScimSimulator
from scim.resources import HR, USER
from tests.harness.connecting import connect
from tests.notices.desk import Desk
from tests.notices.mailbox import Mailbox

SSN, SALARY, KEY = "078-05-1120", "871234.56", "canary-target-token-9f2"
VENDOR_KEY = "canary-wrong-key-31c"
PERSON = "Zsuzsanna"
#: Loggers of the servers that this test plays itself.
FAR_SIDES = ("werkzeug", "mail.log")


def _hire(desk: Desk, token: str) -> None:
    secret = {"salary": {"amount": float(SALARY)}, "nationalId": {"value": SSN}}
    document = {
        "schemas": [USER, HR],
        "userName": "canary",
        "name": {"givenName": PERSON, "familyName": "Canary"},
        "active": True,
        "emails": [{"type": "work", "value": "canary@example.com", "primary": True}],
        HR: secret,
    }
    with desk.app.test_client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/scim/v2/Users", json=document, headers=headers).status_code == 201


def _push(desk: Desk, faults: str, name: str) -> None:
    with simulate(ScimSimulator(key=KEY, faults=faults)) as far:
        with writing() as connection:
            place = {"kind": "scim", "name": name, "url": f"{far.url}/scim/v2", "token": KEY}
            target = targets.add(connection, desk.tenant.id, "test", **place, options={"rate": "0"})
        ticks.run(desk.tenant.id, target.id)


def _import_with_a_wrong_key(desk: Desk) -> None:
    with simulate(JazzHRSimulator(people=1, key="the right one")) as vendor:
        given = {"base_url": f"{vendor.url}/v1", "retry_seconds": "0.1", "calls_per_minute": "0"}
        draft = drafts.drafted("jazzhr", "jazz", given, {"api_key": VENDOR_KEY})
        with writing() as connection:
            connect(connection, desk.tenant.id, draft)
            source = catalog.named(connection, desk.tenant.id, "jazz")
            run = runs.start(connection, source, dry_run=False, requested_by="test").run
        runner.work(desk.tenant.id, run.id)


def _stored() -> dict[str, str]:
    with reading() as connection:
        return {
            table.name: "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
            for table in Model.metadata.sorted_tables
        }


def test_no_secret_is_in_attempts_notices_mails_webhooks_metrics_or_logs(
    app: Flask, desk: Desk, box: Mailbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    hook, broken = desk.webhook(path="/in/canary-path-77a"), desk.webhook("broken", statuses=("500 No",) * 9)
    desk.email()
    with writing() as connection:
        scim_token = tokens.create(connection, desk.tenant, "idp", life_days=3).text
        known = channels.named(connection, desk.tenant.id, "hook")
        fresh = channels.rotate(connection, known, "test", 1)
    _hire(desk, scim_token)
    for number, faults in enumerate(["", "401:rate=1", "400:rate=1,method=POST", "html:rate=1"]):
        _push(desk, faults, f"far{number}")
    _import_with_a_wrong_key(desk)
    upkeep.watch()
    delivering.drain(desk.tenant.id)
    with reading() as connection:
        say_table(shown.listed(connection, desk.tenant.id), True, (), "")
    with app.test_client() as client:
        metrics = client.get("/metrics").text
    out, err = capfd.readouterr()
    kinds = {notice.kind for notice in desk.notices()}
    assert {"target.paused", "import.failed", "token.expiring"} <= kinds
    assert len(box.messages) == len(hook.calls) == len(desk.notices())
    assert len(broken.calls) == 1
    places = _stored() | {
        "mails": "\n".join(message.as_string() for message in box.messages),
        "webhooks": "\n".join(f"{headers} {body!r}" for headers, body in hook.calls + broken.calls),
        "metrics": metrics,
        "stdout": out,
        "stderr": err,
        "log": "\n".join(each.getMessage() for each in caplog.records if each.name not in FAR_SIDES),
    }
    secrets = {
        "ssn": SSN,
        "salary": SALARY,
        "target token": KEY,
        "vendor key": VENDOR_KEY,
        "scim token": scim_token,
        "webhook secret": hook.secrets[0],
        "fresh webhook secret": fresh,
    }
    found = [
        (name, place) for name, value in secrets.items() for place, text in places.items() if value in text
    ]
    assert found == []
    said = ("mails", "webhooks", "metrics", "notice", "notice_delivery", "log", "stderr")
    assert [place for place in said if PERSON in places[place]] == [], "a notice counts people, it names none"
    assert [place for place in ("notice_delivery", "log", "stderr") if "canary-path" in places[place]] == []
