"""A tenant in which every screen has something to show: sources, runs, people, targets, plans, tries, refusals.

Some people and things carry script for names: a screen that runs it is found out by the walk over all screens.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select, update

from app.access import admins, audit, clients, oauth, tenants, tokens
from app.access.tables import Admin, Client, InboundRequest
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory.tables import EmployeeRow
from app.notices import channels
from app.provisioning import targets, ticks
from app.provisioning.tables import AttemptRow, PlanRow
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts, runner, vendors
from app.sources.catalog import Source
from app.sources.tables import source as source_table
from app.vendors.jazzhr.simulator import BASE, JazzHRSimulator
from app.vendors.jazzhr.simulator import DEFAULT_KEY as JAZZHR_KEY
from app.vendors.jumpcloud.simulator import DEFAULT_KEY as JUMPCLOUD_KEY
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from tests.harness.connecting import connect

OWNER = "owner@acme.example"
PAYLOAD = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>'
MAPPING = """
[record]
key = "Number"
[fields]
"name.givenName" = "Given"
"name.familyName" = "Family"
"emails[work].value" = "Mail"
"emails[home].value" = "Private"
"title" = "Title"
"department" = "Department"
"hr.startDate" = "Start"
"hr.salary.amount" = { from = "Salary", number = "point" }
"active" = { from = "Status", map = { "Active" = "true", "Left" = "false" } }
"""
COLUMNS = ["Number", "Given", "Family", "Mail", "Private", "Title", "Department", "Start", "Salary", "Status"]
GIVEN = (
    *("Maya", "Noah", "Leila", "Aiko", "Jonas", "Priya", "Mateo", "Zofia"),
    *("Kwame", "Ingrid", "Tariq", "Elif", "Bruno", "Saoirse", "Hana"),
)
FAMILY = ["Okafor", "Becker", "Haddad", "Tanaka", "Lindqvist", "Sharma", "Alvarez", "Nowak", "Mensah", "Dahl"]


@dataclass
class World:
    """What stands in the tenant, by number or id, for the addresses of screens."""

    base: str
    tenant: Tenant
    password: str
    token: str
    folder: Path
    source: Source
    jazzhr: Source
    draft: Source
    target_id: int
    paused_target_id: int
    run_id: int
    held_run_id: int
    plan_id: int
    applied_plan_id: int | None
    employee_id: str
    payload_id: str
    delivery_id: str
    client_id: int
    request_id: str


def people(count: int, odd: str = PAYLOAD) -> list[dict[str, str]]:
    """Return that many rows of an HR system's file; ``odd`` is a name and a title among them."""
    rows = []
    for number in range(count):
        given, family = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
        mail = f"{given}.{family}.{number}@acme.example".lower()
        department = ("Sales", "Engineering", "Finance", "People")[number % 4]
        title = ("Account Executive", "Engineer", "Analyst", "Partner")[number % 4]
        values = (f"E{number:03}", given, family, mail, f"{given}{number}@home.example".lower())
        rows.append(
            dict(zip(COLUMNS, (*values, title, department, "2024-03-01", "52000", "Active"), strict=True))
        )
    rows[2] |= {"Mail": ""}
    rows[3] |= {"Given": odd, "Family": "Osei", "Title": odd, "Department": odd}
    rows[4] |= {"Start": "2031-01-31"}
    return rows


def write_file(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """Write the HR system's file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def built(app: Flask, base: str, folder: Path, odd: str = PAYLOAD) -> Iterator[World]:
    """Give the world; its vendors and targets are served until the end. ``odd`` stands where names are shown."""
    with ExitStack() as servers:
        jumpcloud = servers.enter_context(serve_simulator(JumpCloudSimulator()))
        jazzhr = servers.enter_context(serve_simulator(JazzHRSimulator(people=12, faults="no-limit")))
        with writing() as connection:
            tenant = tenants.create(connection, "acme")
            password = admins.create(connection, tenant, OWNER)
            connection.execute(update(Admin.__table__).values(must_change_password=False))
            issued = tokens.create(connection, tenant, "Okta")
            client = clients.named(connection, tenant.id, "Okta")
            oauth.make_secret(connection, tenant, client)
            channels.add(
                connection,
                tenant.id,
                f"admin:{OWNER}",
                kind="webhook",
                name="ops",
                address="https://hooks.example.com/rollcall",
            )
            admins.create(connection, tenant, "viewer@acme.example", "viewer")
        source = _file_source(tenant, folder / "people.csv", odd)
        target_id = _target(tenant, "JumpCloud", f"{jumpcloud.url}/api", JUMPCLOUD_KEY)
        run_id = _three_imports(source, tenant, target_id, folder / "people.csv", odd)
        paused_target_id = _target(tenant, f"Old {odd[:30]}", "http://127.0.0.1:9/api", "none", paused=True)
        hired, held_run_id = _jazzhr(tenant, f"{jazzhr.url}{BASE}")
        draft = _draft(tenant)
        _ask(base, issued.text, odd)
        app.extensions["rollcall.inbound"].flush()
        with writing() as connection:
            while audit.seal(connection, tenant.id):
                pass
        yield World(
            base=base,
            tenant=tenant,
            password=password,
            token=issued.text,
            folder=folder,
            source=source,
            jazzhr=hired,
            draft=draft,
            target_id=target_id,
            paused_target_id=paused_target_id,
            run_id=run_id,
            held_run_id=held_run_id,
            **_found(tenant, target_id),
        )


def _file_source(tenant: Tenant, path: Path, odd: str) -> Source:
    write_file(path, people(45, odd))
    settings = {"path": str(path), "mapping": MAPPING}
    with writing() as connection:
        return connect(connection, tenant.id, drafts.drafted("csv", "people", settings, {}))


def _target(tenant: Tenant, name: str, url: str, token: str, *, paused: bool = False) -> int:
    with writing() as connection:
        return targets.add(
            connection,
            tenant.id,
            f"admin:{OWNER}",
            kind="jumpcloud",
            name=name,
            url=url,
            token=token,
            paused=paused,
        ).id


def _three_imports(source: Source, tenant: Tenant, target_id: int, path: Path, odd: str) -> int:
    """Import, change some, then let so many leave that the breaker trips and some rows are wrong."""
    rows = people(45, odd)
    _import(source)
    ticks.run(tenant.id, target_id)
    for row in rows[5:12]:
        row |= {"Title": "Lead", "Department": "Engineering"}
    write_file(path, rows)
    _import(source)
    ticks.run(tenant.id, target_id)
    for row in rows[15:33]:
        row |= {"Status": "Left"}
    rows[33] |= {"Start": "the first of May"}
    rows[34] |= {"Number": ""}
    rows[35] |= {"Start": odd}
    write_file(path, rows)
    run_id = _import(source)
    ticks.run(tenant.id, target_id)
    return run_id


def _import(source: Source) -> int:
    return runner.import_now(source, dry_run=False, requested_by=f"admin:{OWNER}").id


def _jazzhr(tenant: Tenant, url: str) -> tuple[Source, int]:
    """Connect JazzHR and import it twice; the second time it looks as if most people were gone."""
    given = {
        "base_url": url,
        "calls_per_minute": "0",
        "work_email": "{given}.{family}@acme.example",
        "schedule": "2h",
    }
    with writing() as connection:
        source = connect(
            connection, tenant.id, drafts.drafted("jazzhr", "jazzhr", given, {"api_key": JAZZHR_KEY})
        )
    _import(source)
    with writing() as connection:
        connection.execute(
            update(source_table)
            .where(source_table.c.id == source.id)
            .values(last_total=400, read_whole_at=None)
        )
        source = catalog.named(connection, tenant.id, "jazzhr")
    return source, _import(source)


def _draft(tenant: Tenant) -> Source:
    with writing() as connection:
        vendors.enable(connection, tenant.id, "bamboohr", f"admin:{OWNER}")
        return catalog.add(
            connection, tenant.id, drafts.drafted("bamboohr", "bamboo", {"subdomain": "acme"}, {}), OWNER
        )


def _ask(base: str, token: str, odd: str) -> None:
    """Ask over SCIM for what is refused, so that the developer page has something to show."""
    with requests.Session() as http:
        http.trust_env = False
        http.headers["Authorization"] = f"Bearer {token}"
        http.get(f"{base}/scim/v2/Users", params={"filter": "nonsense is eq"}, timeout=30)
        http.post(f"{base}/scim/v2/Users", json={"userName": odd}, timeout=30)


def _found(tenant: Tenant, target_id: int) -> dict[str, Any]:
    """Return the numbers of a plan that waits and of one that was applied, a try, and two people."""
    rows = people(45)
    plan, attempt, employee = PlanRow.__table__, AttemptRow.__table__, EmployeeRow.__table__

    def first(column: Any, *where: Any) -> Any:
        query = select(column).where(column.table.c.tenant_id == tenant.id, *where)
        with reading() as connection:
            return connection.execute(query.order_by(column)).scalars().first()

    return {
        "plan_id": first(plan.c.id, plan.c.target_id == target_id, plan.c.state == "waiting"),
        "applied_plan_id": first(plan.c.id, plan.c.target_id == target_id, plan.c.state == "applied"),
        "delivery_id": first(attempt.c.id, attempt.c.status >= 200, attempt.c.method == "POST"),
        "employee_id": first(employee.c.id, employee.c.user_name_key == rows[5]["Mail"]),
        "payload_id": first(employee.c.id, employee.c.user_name_key == rows[3]["Mail"]),
        "client_id": first(Client.__table__.c.id),
        "request_id": first(InboundRequest.__table__.c.id),
    }
