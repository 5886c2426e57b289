"""``python -m bench.groups``: how fast one, two, three … machines push to one target, and where its limits stop them.

Each machine is a worker with an instance folder of its own; they share a PostgreSQL, which is the queue too. The target
answers in 20 ms. Counted are writes between the first and the last one in the target's log.

All machines are this one: a worker that may use all of it leaves nothing for a second one to win. So each gets a small
part of one processor (``--share``, through a control group of the kernel, which root may make).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select, update

from app import create_app, directory
from app.access import tenants
from app.config import load_settings
from app.database import db, reading, writing
from app.migrations.upgrading import upgrade_database
from app.provisioning import targets, ticks
from app.provisioning.tables import drain_table, link_table, target_table
from tests.harness.checker import peak_concurrency, peak_rate, writes
from tests.harness.facts import wait_until
from tests.harness.fault_target import TargetProcess
from tests.harness.groups_of_processes import Group
from tests.harness.postgres import PostgresCluster

#: Where control groups that divide processors are made.
_GROUPS = Path("/sys/fs/cgroup/cpu")
#: What the target bears: calls at a time, and in a second (0: no limit).
LIMITS = (("no rate limit", 24, 0), ("at most 100/s", 24, 100))
BATCH = 200
_ACTOR = directory.Actor("admin", "bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.groups", description=__doc__)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--machines", type=int, default=4, help="up to so many")
    parser.add_argument("--share", type=float, default=0.15, help="of a processor, for each machine")
    options = parser.parse_args(arguments)
    with Shares(options.share) as shares:
        _measure(options, shares)
    return 0


def _measure(options: argparse.Namespace, shares: Shares) -> None:
    print(f"{options.people} changed people, a target that answers in 20 ms, {shares}\n")
    print(f"{'limit':>14} {'machines':>9} {'worked':>7} {'writes/s':>9} {'at once':>8} {'in 1 s':>7}")
    with (
        tempfile.TemporaryDirectory(prefix="rollcall-bench-") as folder,
        PostgresCluster() as cluster,
        TargetProcess("slow:ms=20") as target,
        _site(cluster.create_database(), Path(folder), target, options.people) as site,
    ):
        for label, concurrency, rate in LIMITS:
            for count in range(1, options.machines + 1):
                site.limit(concurrency, rate)
                print(f"{label:>14} {count:>9} {site.measure(count, shares)}", flush=True)


class Shares:
    """Parts of a processor, one for each machine; without the right to make control groups, all of it for all."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._made: list[Path] = []

    def __str__(self) -> str:
        with suppress(OSError):
            self.machine(0)
            return f"machines of {self.share:g} processors each"
        return "machines that share all processors (no control groups can be made here)"

    def machine(self, number: int) -> list[str]:
        """Return the words that, put before a command, keep it and what it starts within one share."""
        group = _GROUPS / f"rollcall-bench-{os.getpid()}-{number}"
        if group not in self._made:
            group.mkdir()
            self._made.append(group)
            period = int((group / "cpu.cfs_period_us").read_text())
            (group / "cpu.cfs_quota_us").write_text(str(int(period * self.share)))
        return ["sh", "-c", f'echo $$ > {group}/tasks && exec "$@"', "sh"]

    def machines(self, count: int) -> list[list[str]]:
        """Return those words for so many machines; none where they cannot be had."""
        return [self.machine(number) for number in range(count)] if self._made else [[]] * count

    def __enter__(self) -> Shares:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the control groups; every process in them has ended."""
        for group in self._made:
            group.rmdir()


class Site:
    """An organisation, its target, and the machines that push."""

    def __init__(self, app: Flask, environ: dict[str, str], folder: Path, target: TargetProcess) -> None:
        self.app, self.environ, self.folder, self.target = app, environ, folder, target
        self.rounds = 0
        with writing() as connection:
            self.tenant = tenants.create(connection, "bench")
            options = {"rate": "0", "concurrency": "24", "interval": "1"}
            added = targets.add(
                connection, self.tenant.id, "bench",
                kind="scim", name="far", url=target.url, token=target.key, options=options,
            )  # fmt: skip
        self.target_id = added.id
        self.people: list[str] = []

    def hire(self, count: int) -> None:
        """Have so many people, all of them with accounts."""
        for start in range(0, count, BATCH):
            with writing() as connection:
                self.people += [
                    directory.create(connection, self.tenant.id, _ACTOR, _person(number)).id
                    for number in range(start, min(start + BATCH, count))
                ]
        ticks.run(self.tenant.id, self.target_id)

    def limit(self, concurrency: int, rate: int) -> None:
        """Set what the target bears."""
        with writing() as connection:
            target = targets.named(connection, self.tenant.id, "far")
            values = {"settings": dict(target.settings) | {"concurrency": concurrency, "rate": float(rate)}}
            self._update(connection, values)

    def measure(self, count: int, shares: Shares) -> str:
        """One round with so many machines, as the cells of a row."""
        self.rounds += 1
        self._set_state("paused")
        for start in range(0, len(self.people), BATCH):
            with writing() as connection:
                for id_ in self.people[start : start + BATCH]:
                    fragment = {"title": f"Round {self.rounds}"}
                    directory.merge(connection, self.tenant.id, id_, _ACTOR, fragment)
        folder = self.folder / f"round-{self.rounds}"
        words = shares.machines(count)
        groups = [Group(folder / str(number), self.environ, words[number]) for number in range(count)]
        scheduler = Group(folder / "scheduler", self.environ)
        try:
            scheduler.start("scheduler")
            for group in groups:
                group.start("worker", "--workers", "1")
            wait_until(lambda: all("listens" in group.log("worker") for group in groups), "all listen", 120)
            self.target.clear_calls()
            self._set_state("active")
            wait_until(lambda: self._owing() == 0, "everything is delivered", 900)
            wait_until(lambda: not self._draining(), "the drains are over", 60)
        finally:
            for group in (scheduler, *groups):
                group.stop()
        calls = writes(self.target.calls())
        span = max(call["ended"] for call in calls) - min(call["started"] for call in calls)
        worked = sum('"drained"' in group.log("worker") for group in groups)
        return f"{worked:>7} {len(calls) / span:>9.0f} {peak_concurrency(calls):>8} {peak_rate(calls):>7}"

    def _owing(self) -> int:
        owing = select(func.count()).where(
            link_table.c.tenant_id == self.tenant.id, link_table.c.due_at.is_not(None)
        )
        with reading() as connection:
            return connection.scalar(owing) or 0

    def _draining(self) -> bool:
        with reading() as connection:
            mine = drain_table.c.tenant_id == self.tenant.id
            return connection.execute(select(drain_table).where(mine)).first() is not None

    def _set_state(self, state: str) -> None:
        with writing() as connection:
            self._update(connection, {"state": state})

    def _update(self, connection: Any, values: dict[str, Any]) -> None:
        where = (target_table.c.tenant_id == self.tenant.id, target_table.c.id == self.target_id)
        connection.execute(update(target_table).where(*where).values(values))


@contextmanager
def _site(url: str, folder: Path, target: TargetProcess, people: int) -> Iterator[Site]:
    environ = {
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_DATABASE_URL": url,
        "ROLLCALL_QUEUE_URL": url,
        "ROLLCALL_SECRET_KEY": "5" * 64,
        "ROLLCALL_KEY_RING": "k1:" + "7" * 64,
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
    }
    app = create_app(load_settings(environ | {"ROLLCALL_LOG_LEVEL": "warning"}))
    with app.app_context():
        upgrade_database()
        site = Site(app, environ, folder, target)
        site.hire(people)
        yield site
        db.engine.dispose()


def _person(number: int) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"person{number}",
        "name": {"givenName": f"Given{number}", "familyName": "Family"},
        "emails": [{"type": "work", "value": f"person{number}@example.com", "primary": True}],
        "active": True,
    }


if __name__ == "__main__":
    sys.exit(main())
