"""Process groups with separate instance folders, each on a machine of its own as far as this one permits, on one
PostgreSQL, with the queue on PostgreSQL and on Redis.

What the target's call log must show afterwards: nobody worked twice, limits kept by all of them together.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app, directory
from app.access import tenants
from app.database import db, reading, writing
from app.jobs.tables import lease_table
from app.provisioning.tables import link_table, target_table
from app.simulation import serve
from app.vendors.scim.simulator import BASE, ScimSimulator
from tests.conftest import KEY_RING, SECRET_KEY, make_settings
from tests.harness.checker import is_create, overlapping_writes, peak_concurrency, peak_rate, writes
from tests.harness.facts import wait_until
from tests.harness.fault_target import KEY
from tests.harness.groups_of_processes import Group, Network, machines
from tests.harness.postgres import PostgresCluster
from tests.harness.redis_server import RedisServer
from tests.provisioning.world import HUMAN, World

CONCURRENCY, RATE = 6, 120
LEASE_SECONDS = 3.0
#: A worker that is killed at work leaves its people alone for two calls and the grace.
TIMES = {"call_timeout": 2.0, "attempt_grace": 0.5, "scheduler_lease": LEASE_SECONDS}


@pytest.fixture(params=["postgresql", "redis"])
def queue(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the queue is: "" stands for the database."""
    if request.param == "postgresql":
        yield ""
        return
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def database_url(postgres_cluster: PostgresCluster, postgres_template: str) -> Iterator[str]:
    """Several machines share a database only on PostgreSQL."""
    url = postgres_cluster.create_database(template=postgres_template)
    yield url
    postgres_cluster.drop_database(url)


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        print("network namespaces" if network.is_real else "plain processes: no right to network namespaces")
        yield network


class Far:
    """A slow target that enforces nothing, on the network of the groups."""

    kind, header, token = "scim", "Authorization", KEY

    def __init__(self, network: Network) -> None:
        self.simulator = ScimSimulator(key=KEY, faults="no-uniqueness; slow:ms=25")
        self._server = serve(self.simulator, network.host)
        self.url = self._server.url + BASE

    def calls(self) -> list[dict[str, object]]:
        return [call.as_dict() for call in self.simulator.log]

    def stop(self) -> None:
        self._server.stop()


@dataclass
class Site:
    """An organisation with that target, and the machines that serve it; none of them runs yet."""

    app: Flask
    world: World
    far: Far
    groups: list[Group]

    def owing(self) -> int:
        """How many people the target is owed."""
        due = link_table.c.due_at.is_not(None)
        with reading() as connection:
            return len(connection.execute(select(link_table.c.employee_id).where(due)).all())

    def drained(self) -> Counter[int]:
        """Group → how many drains it finished."""
        return Counter({n: group.log("worker").count('"drained"') for n, group in enumerate(self.groups)})

    def working(self) -> Group:
        """The machine whose worker has the tick."""
        with reading() as connection:
            owner = connection.scalar(select(target_table.c.tick_owner))
        return next(group for group in self.groups if f":{group.pid('worker')}:" in (owner or ""))

    def scheduler(self) -> tuple[str | None, int]:
        """Who is the active scheduler, and how many there were before it."""
        with reading() as connection:
            row = connection.execute(select(lease_table)).first()
        return (row.owner, row.token) if row else (None, 0)


@pytest.fixture
def site(database_url: str, queue: str, network: Network, tmp_path: Path) -> Iterator[Site]:
    environ = {
        "ROLLCALL_DATABASE_URL": database_url,
        "ROLLCALL_QUEUE_URL": queue or database_url,
        "ROLLCALL_SECRET_KEY": SECRET_KEY,
        "ROLLCALL_KEY_RING": KEY_RING,
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
    } | {f"ROLLCALL_{name.upper()}": str(value) for name, value in TIMES.items()}
    app = create_app(make_settings(database_url, tmp_path, **TIMES))
    far = Far(network)
    with app.app_context(), _closing(far), machines(3, tmp_path, environ, network) as groups:
        with writing() as connection:
            tenant = tenants.create(connection, "acme")
        limits = {"concurrency": str(CONCURRENCY), "rate": str(RATE), "interval": "1"}
        yield Site(app, World(tenant, far, **limits), far, groups)  # type: ignore[arg-type]
        db.engine.dispose()


@contextmanager
def _closing(far: Far) -> Iterator[None]:
    yield
    far.stop()


def _set_state(state: str) -> None:
    with writing() as connection:
        connection.execute(target_table.update().values(state=state))


def _start(groups: list[Group]) -> None:
    for group in groups:
        group.start("worker", "--workers", "2")
        group.start("scheduler")


def test_three_machines_share_a_push_work_nobody_twice_and_keep_the_targets_limits(site: Site) -> None:
    people = site.world.hire_many(800)
    site.world.tick()
    _set_state("paused")
    with writing() as connection:
        for id_ in people:
            directory.merge(connection, site.world.tenant.id, id_, HUMAN, {"title": "Engineer"})
    site.far.simulator.log.clear()

    _start(site.groups)
    wait_until(lambda: site.scheduler()[0], "a scheduler is active", 60)
    wait_until(
        lambda: all("listens" in group.log("worker") for group in site.groups), "the workers listen", 60
    )
    _set_state("active")
    wait_until(lambda: site.owing() == 0, "nothing is owed", 120)
    for group in site.groups:
        group.stop()

    calls = site.far.calls()
    assert Counter(call["path"] for call in writes(calls)).most_common(1)[0][1] == 1
    assert len(writes(calls)) == len(people)
    assert overlapping_writes(calls) == []
    assert {user["title"] for user in site.far.simulator.users()} == {"Engineer"}
    assert peak_concurrency(calls) <= CONCURRENCY
    assert peak_rate(calls) <= RATE * 1.1
    assert len(+site.drained()) > 1, site.drained()


def test_the_death_of_a_whole_machine_loses_nobody_and_creates_nobody_twice(site: Site) -> None:
    site.world.tick()
    people = site.world.hire_many(150)
    _start(site.groups)
    wait_until(lambda: sum(map(is_create, site.far.calls())) > 30, "the push is under way", 90)

    victim = site.working()
    victim.kill()
    wait_until(lambda: site.owing() == 0, "the others have done it all", 120)

    emails = Counter(user["emails"][0]["value"] for user in site.far.simulator.users())
    assert len(emails) == len(people)
    assert set(emails.values()) == {1}
    assert overlapping_writes(site.far.calls()) == []
    survivors = [group for group in site.groups if group is not victim]
    assert any('"drained"' in group.log("worker") for group in survivors)


@pytest.mark.parametrize("queue", ["postgresql"], indirect=True)
def test_of_the_schedulers_of_all_machines_one_beats_and_one_that_stood_still_only_looks_on(
    site: Site,
) -> None:
    first, second, _ = site.groups
    first.start("scheduler")
    wait_until(lambda: "this scheduler is active" in first.log("scheduler"), "the first is active", 60)
    second.start("scheduler")
    wait_until(lambda: "another scheduler is active" in second.log("scheduler"), "the second waits", 60)
    owner, token = site.scheduler()

    first.signal(signal.SIGSTOP, "scheduler")
    wait_until(lambda: site.scheduler()[1] == token + 1, "the second takes over", 30)
    assert site.scheduler()[0] != owner

    first.signal(signal.SIGCONT, "scheduler")
    wait_until(lambda: "another scheduler is active" in first.log("scheduler"), "the first looks on", 30)
    assert site.scheduler()[1] == token + 1

    second.kill()
    wait_until(lambda: site.scheduler()[1] == token + 2, "the first is active again", 30)
    first.signal(signal.SIGTERM, "scheduler")
    wait_until(lambda: site.scheduler()[0] is None, "it hands over when it ends", 30)
