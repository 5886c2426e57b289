"""Canaries: values that must stay secret go in by every door; afterwards they are looked for everywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import directory
from app.access import audit, tokens
from app.access.tenants import Tenant
from app.database import Model, reading, writing
from app.provisioning import targets, ticks
from app.simulation import serve
from app.sources import catalog, drafts, row_errors, runner, runs
from app.vendors.jazzhr.simulator import JazzHRSimulator
from app.vendors.scim.simulator import ScimSimulator
from scim.resources import HR, USER
from tests.harness.connecting import connect

SSN, SALARY, PASSWORD = "078-05-1120", "871234.56", "Canary-Passw0rd"
TARGET_TOKEN, VENDOR_KEY, WRONG_KEY = (
    "canary-target-token-9f2",
    "canary-vendor-key-77a",
    "canary-wrong-key-31c",
)
BORN = "1971-03-17"

MAPPING = """
[record]
key = "ID"
[fields]
"name.familyName" = "Last"
"emails[work].value" = "Email"
"hr.salary.amount" = { from = "Salary", number = "point" }
"hr.nationalId.value" = "SSN"
"hr.dateOfBirth" = { from = "Born", date = "iso" }
"""


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Have every logger speak, urllib3 and Werkzeug included."""
    caplog.set_level(logging.DEBUG)
    yield


def _stored() -> dict[str, str]:
    """Return table → all of its rows as text, sealed bytes as they are stored."""
    with reading() as connection:
        return {
            table.name: "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
            for table in Model.metadata.sorted_tables
        }


def _write_by_scim(app: Flask, token: str) -> list[str]:
    """Send the canaries over SCIM, in bodies that are taken and in bodies that are refused; return the answers."""
    headers = {"Authorization": f"Bearer {token}"}
    secret = {"salary": {"amount": float(SALARY)}, "nationalId": {"value": SSN}, "dateOfBirth": BORN}
    bodies: list[dict[str, Any]] = [
        {"schemas": [USER], "userName": "ada", "password": PASSWORD, HR: secret},
        {"schemas": [USER], "userName": "ada", "password": PASSWORD, HR: secret},
        {"schemas": [USER], "userName": "b", HR: {**secret, "salary": {"amount": f"{SALARY} a year"}}},
        {"schemas": [USER], "userName": "c", HR: {**secret, "nationalId": {"value": [SSN]}}},
        {"schemas": [USER], "userName": "d", "password": [PASSWORD], HR: {"nationalId": SSN}},
    ]
    with app.test_client() as client:
        answers = [client.post("/scim/v2/Users", json=body, headers=headers) for body in bodies]
        user_id = answers[0].json["id"]
        operations = [{"op": "replace", "path": f"{HR}:salary.amount", "value": float(SALARY) + 1}]
        patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
        answers.append(client.patch(f"/scim/v2/Users/{user_id}", json=patch, headers=headers))
        answers.append(client.get(f"/scim/v2/Users/{user_id}", headers=headers))
        answers.append(
            client.get(f"/scim/v2/Users/{user_id}?attributes={HR}:salary,{HR}:nationalId", headers=headers)
        )
        answers.append(client.get("/scim/v2/Users", headers={"Authorization": f"Bearer {token}x"}))
    return [answer.text for answer in answers]


def _import_a_file(tenant: Tenant, folder: Path) -> list[str]:
    """Import rows that carry the canaries, some of them wrong in those very cells; return the errors' texts."""
    file = folder / "people.csv"
    file.write_text(
        "ID,Last,Email,Salary,SSN,Born\n"
        f"1,Good,good@example.com,{SALARY},{SSN},{BORN}\n"
        f"2,Bad,bad@example.com,{SALARY} or so,{SSN},{BORN}\n"
        f"3,Worse,worse@example.com,{SALARY},{SSN},born {BORN}\n"
        f"1,Twice,twice@example.com,{SALARY},{SSN},{BORN}\n"
    )
    draft = drafts.drafted("csv", "hr", {"path": str(file), "mapping": MAPPING}, {})
    with writing() as connection:
        catalog.add(connection, tenant.id, draft, "admin:test")
    return _import(tenant, "hr")


def _import(tenant: Tenant, name: str) -> list[str]:
    with writing() as connection:
        source = catalog.named(connection, tenant.id, name)
        run = runs.start(connection, source, dry_run=False, requested_by="test").run
    runner.work(tenant.id, run.id)
    with reading() as connection:
        return [str(error) for error in row_errors.lines(connection, tenant.id, run.id)] + [
            str(runs.get(connection, tenant.id, run.id))
        ]


def _pull_from_a_vendor(tenant: Tenant) -> list[str]:
    """Pull hires with the right key and with a wrong one; return what the runs say."""
    said = []
    with serve(JazzHRSimulator(people=3, key=VENDOR_KEY, calls_per_minute=10_000)) as vendor:
        for name, key in (("jazz", VENDOR_KEY), ("wrong", WRONG_KEY)):
            given = {"base_url": f"{vendor.url}/v1", "retry_seconds": "0.1", "calls_per_minute": "0"}
            draft = drafts.drafted("jazzhr", name, given, {"api_key": key})
            with writing() as connection:
                connect(connection, tenant.id, draft)
            said += _import(tenant, name)
    return said


def _push(tenant: Tenant, faults: str, name: str) -> None:
    """Push everybody to a target, which fails as ``faults`` says."""
    with serve(ScimSimulator(key=TARGET_TOKEN, faults=faults)) as far:
        with writing() as connection:
            url = f"{far.url}/scim/v2"
            targets.add(
                connection, tenant.id, "test", kind="scim", name=name, url=url, token=TARGET_TOKEN, options={}
            )
            target_id = targets.named(connection, tenant.id, name).id
        ticks.run(tenant.id, target_id)


def test_no_secret_is_found_outside_its_sealed_column(
    app: Flask, tenant: Tenant, token: str, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    places = {"answers": "\n".join(_write_by_scim(app, token))}
    places["file import"] = "\n".join(_import_a_file(tenant, tmp_path))
    places["vendor import"] = "\n".join(_pull_from_a_vendor(tenant))
    for number, faults in enumerate(
        ["", "400:rate=1,method=POST", "html:rate=1", "401:rate=1", "half-body:rate=1"]
    ):
        _push(tenant, faults, f"target{number}")
    with writing() as connection:
        audit.seal(connection, tenant.id)
        fresh = tokens.rotate(connection, tenant, 1)
    places |= _stored()
    out, err = capfd.readouterr()
    places |= {"stdout": out, "stderr": err, "log": caplog.text}

    with reading() as connection:
        assert directory.total(connection, tenant.id) >= 2 + 3, places["vendor import"]
    canaries = {
        "ssn": SSN,
        "salary": SALARY,
        "changed salary": str(float(SALARY) + 1),
        "password": PASSWORD,
        "target token": TARGET_TOKEN,
        "vendor key": VENDOR_KEY,
        "wrong key": WRONG_KEY,
        "scim token": token,
        "fresh token": fresh.text,
    }
    found = [
        (name, place) for name, canary in canaries.items() for place, text in places.items() if canary in text
    ]
    assert found == []


def test_a_birthday_stands_in_the_document_alone(
    app: Flask, tenant: Tenant, token: str, tmp_path: Path
) -> None:
    _write_by_scim(app, token)
    _import_a_file(tenant, tmp_path)
    assert {place for place, text in _stored().items() if BORN in text} <= {"employee"}


def test_the_canaries_would_be_found(app: Flask, tenant: Tenant, token: str) -> None:
    document = {"schemas": [USER], "userName": "ada", "title": SSN}
    with writing() as connection:
        directory.create(connection, tenant.id, directory.Actor("admin", "1"), document)
    assert {"employee", "revision"} <= {place for place, text in _stored().items() if SSN in text}
