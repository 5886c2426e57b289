"""An installation that lives: web, worker and scheduler as processes, a vendor and a target, and an owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import update

from app.access import admins
from app.access.tables import Admin
from app.access.tenants import Tenant
from app.database import writing
from app.simulation import serve as serve_simulator
from app.vendors.jazzhr.simulator import BASE, JazzHRSimulator
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from tests.harness.facts import wait_until
from tests.harness.groups_of_processes import Group
from tests.harness.installation import Installation
from tests.web.console.chromium.world import OWNER


@dataclass
class Living:
    """What is running, and how it is reached."""

    app: Flask
    tenant: Tenant
    password: str
    base: str
    folder: Path
    group: Group
    jazzhr: JazzHRSimulator
    jazzhr_url: str
    jumpcloud: JumpCloudSimulator
    jumpcloud_url: str

    def start_worker(self) -> None:
        """Start a worker and wait until it listens."""
        before = self.group.log("worker").count("listens") if (self.folder / "worker.log").exists() else 0
        self.group.start("worker", "--workers", "2")
        wait_until(lambda: self.group.log("worker").count("listens") > before, "the worker listens", 60)


@contextmanager
def living(database_url: str, folder: Path, hires: int = 12) -> Iterator[Living]:
    """Give a running installation with a vendor of so many hires and an empty JumpCloud; nothing is connected."""
    installation = Installation(database_url, folder)
    installation.environ |= {"ROLLCALL_LOG_LEVEL": "info", "ROLLCALL_LEASE_SECONDS": "10"}
    tenant = installation.tenant("acme")
    jazzhr, jumpcloud = JazzHRSimulator(people=hires, faults="no-limit"), JumpCloudSimulator()
    with ExitStack() as stack:
        stack.callback(installation.close)
        jazzhr_url = stack.enter_context(serve_simulator(jazzhr)).url + BASE
        jumpcloud_url = stack.enter_context(serve_simulator(jumpcloud)).url + "/api"
        with installation.app.app_context(), writing() as connection:
            password = admins.create(connection, tenant, OWNER)
            connection.execute(update(Admin.__table__).values(must_change_password=False))
        web = stack.enter_context(installation.web(2))
        group = Group(folder, installation.environ)
        stack.callback(group.kill)
        running = Living(
            installation.app,
            tenant,
            password,
            f"http://127.0.0.1:{web.port}",
            folder,
            group,
            jazzhr,
            jazzhr_url,
            jumpcloud,
            jumpcloud_url,
        )
        running.start_worker()
        group.start("scheduler")
        yield running
