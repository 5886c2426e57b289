"""``python -m bench.provisioning_numbers``: the numbers of provisioning, counted at a target that logs every call.

The target is a simulator in a process of its own, without faults; calls are counted there, not where they are made.
``python -m bench.leavers`` measures how soon a leaver is suspended, ``make crash`` what kills leave behind.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app import directory
from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import approvals, plans, rehearsal, resync, targets, ticks
from app.provisioning.counts import Counts
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.simulation import serve
from app.sources import drafts, runner
from app.sources.catalog import Source
from app.vendors.jazzhr.simulator import BASE as JAZZHR_BASE
from app.vendors.jazzhr.simulator import DEFAULT_KEY, JazzHRSimulator
from app.vendors.scim.simulator import BASE
from bench.databases import KINDS, working_folder
from bench.organisation import ADMIN, application, hired, the_same_at
from tests.harness.checker import writes
from tests.harness.connecting import connect
from tests.harness.fault_target import TargetProcess

#: Of those who exist at the target already, one in so many differs there.
DIFFERS = 20
CHANGED = 100
IDLE_TICKS = 10


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    bar: str
    wanted: str
    measured: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on each database and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.provisioning_numbers", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    options = parser.parse_args(arguments)
    with working_folder() as folder:
        for kind in list(KINDS) if options.database == "both" else [options.database]:
            with KINDS[kind](folder) as host, application(host, folder / kind, "numbers"):
                print(f"{host.version}, {options.people:,} people", flush=True)
                for row in _rows(options.people):
                    print(f"  {row.bar:<58} {row.wanted:<22} {row.measured}", flush=True)
    return 0


def _rows(people: int) -> Iterator[Row]:
    with writing() as connection:
        tenant = tenants.create(connection, "bench")
    ids = hired(tenant.id, people)
    yield from _existing(tenant, ids)
    yield from _planned(tenant, people)
    yield from _bad_sources()


# --- against people who exist ------------------------------------------------------------------------------------


class Counted:
    """A target of a tenant; ``calls`` are those since the last look."""

    def __init__(self, tenant: Tenant, name: str, process: TargetProcess, *, paused: bool = False) -> None:
        self.process = process
        with writing() as connection:
            self.target = targets.add(
                connection, tenant.id, "bench", kind="scim", name=name, url=process.url, token=process.key,
                options={"rate": "0", "concurrency": "8"}, paused=paused,
            )  # fmt: skip

    def now(self) -> Target:
        """Return the target as it is."""
        with reading() as connection:
            return targets.named(connection, self.target.tenant_id, self.target.name)

    def tick(self) -> Counts:
        """Run a tick to its end."""
        counts = ticks.run(self.target.tenant_id, self.target.id)
        assert counts is not None
        return counts

    def linked(self) -> int:
        """Return how many people have an account there."""
        with reading() as connection:
            where = (
                link_table.c.tenant_id == self.target.tenant_id,
                link_table.c.target_id == self.target.id,
            )
            query = select(func.count()).where(*where, link_table.c.remote_id.is_not(None))
            return connection.scalar(query) or 0

    def calls_of(self, work: Callable[[], Any]) -> Calls:
        """Return the calls that the work makes."""
        self.process.clear_calls()
        work()
        return Calls(self.process.calls())

    def full(self) -> None:
        """Run a full resync to its end."""
        with writing() as connection:
            resync.request_full(connection, self.now(), "bench")
        self.tick()


class Calls:
    """Calls that a target received, by what they are for."""

    def __init__(self, calls: Sequence[Mapping[str, Any]]) -> None:
        self.all = calls
        self.writes = writes(calls)
        users = [call for call in calls if call["method"] == "GET" and call["path"].endswith("/Users")]
        self.lists = [call for call in users if "filter" not in call["query"]]
        self.reads = len(calls) - len(self.writes) - len(self.lists)

    def __str__(self) -> str:
        return f"{len(self.lists)} list calls, {self.reads} other reads, {len(self.writes)} writes"


def _existing(tenant: Tenant, ids: Sequence[str]) -> Iterator[Row]:
    """First sync, resync, idle ticks and changes, against people who are all there already."""
    people = len(ids)
    with TargetProcess("") as process:
        the_same_at(process, people, DIFFERS)
        there = Counted(tenant, "existing", process)
        differ = len(range(0, people, DIFFERS))
        first = there.calls_of(there.tick)
        page = there.now().settings.get("capabilities", {}).get("page_size", 100)
        yield Row(
            f"first sync against {people:,} who exist, {differ} differ",
            f"<= {-(-people // page)} lists + {differ} writes", str(first),
        )  # fmt: skip
        yield Row("second full resync, nothing changed", "0 writes", str(there.calls_of(there.full)))
        idle = there.calls_of(lambda: [there.tick() for _ in range(IDLE_TICKS)])
        yield Row(f"{IDLE_TICKS} idle ticks, {people:,} linked", "0 requests", f"{len(idle.all)} requests")
        with writing() as connection:
            for id_ in ids[1 : 1 + CHANGED]:
                directory.merge(connection, tenant.id, id_, ADMIN, {"title": "Chief"})
        changed = there.calls_of(there.tick)
        yield Row(f"{CHANGED} changed, linked people", "1 write, <= 1 read each", str(changed))
        with writing() as connection:
            targets.remove(connection, there.now(), "bench")


# --- a plan ------------------------------------------------------------------------------------------------------


def _planned(tenant: Tenant, people: int) -> Iterator[Row]:
    """A plan for everybody at an empty target, and what comes there when it is approved."""
    with TargetProcess("") as process:
        empty = Counted(tenant, "empty", process, paused=True)
        with memory_peak() as peak:
            started = time.perf_counter()
            plan_id = rehearsal.rehearse(empty.target)
            seconds = time.perf_counter() - started
        yield Row(
            f"plan for {people:,} people", "< 10 s",
            f"{seconds:.1f} s, peak memory {peak()[1]:.0f} MiB ({peak()[1] - peak()[0]:+.0f} for the plan)",
        )  # fmt: skip
        with reading() as connection:
            shown = Counter(
                _in_wire_form(request)
                for line in plans.lines(connection, tenant.id, plan_id) for request in line["requests"]
            )  # fmt: skip
        with writing() as connection:
            approvals.approve(connection, tenant.id, plan_id, "bench")
            targets.resume(connection, empty.now(), "bench")
        sent = Counter(map(_as_received, empty.calls_of(empty.tick).writes))
        yield Row(
            "requests shown and received, byte for byte", f"{shown.total():,} the same",
            f"{(shown & sent).total():,} the same, {(shown - sent).total()} not received, "
            f"{(sent - shown).total()} not shown",
        )  # fmt: skip


def _in_wire_form(request: Mapping[str, Any]) -> tuple[Any, ...]:
    return request["method"], BASE + request["path"], _pairs(request["query"]), request["body"] or ""


def _as_received(call: Mapping[str, Any]) -> tuple[Any, ...]:
    return call["method"], call["path"], _pairs(call["query"].items()), call["body"]


def _pairs(query: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query)


@contextmanager
def memory_peak() -> Iterator[Callable[[], tuple[float, float]]]:
    """Give what returns this process's memory before, and its peak since, in MiB; proc(5), ``clear_refs`` 5."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    yield lambda: (before, _status("VmHWM"))


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


# --- sources that fail -------------------------------------------------------------------------------------------

_HIRES = 200
#: What the source does → the faults of its simulator; the empty list is one without faults.
_BAD = {
    "503": "no-limit;503",
    "half of every second page": "no-limit;half-body:every=2",
    "an empty list": "no-limit",
}


def _bad_sources() -> Iterator[Row]:
    """What a source's failing answers make of people who came from it before."""
    for number, (what, faults) in enumerate(_BAD.items()):
        simulator = JazzHRSimulator(people=_HIRES, faults="no-limit")
        with serve(simulator) as server, TargetProcess("") as process:
            tenant, source = _source(f"source-{number}", server.url + JAZZHR_BASE)
            _import(source)
            there = Counted(tenant, "far", process)
            there.tick()
            linked = there.linked()
            assert linked > _HIRES // 2, f"only {linked} people have accounts: nothing would be shown"
            if what == "an empty list":
                simulator.company.hires.clear()
            simulator.plan_faults(faults)
            _import(source)
            calls = there.calls_of(there.tick)
        suspends = sum('"active":false' in call["body"].replace(" ", "") for call in calls.writes)
        yield Row(
            f"source of {_HIRES} people, {linked} linked, answers with {what}",
            "0 suspends",
            f"{suspends} suspends, {calls}",
        )


def _source(slug: str, url: str) -> tuple[Tenant, Source]:
    given = {
        "base_url": url, "calls_per_minute": "0", "retry_seconds": "0.01",
        "work_email": "{first_name}.{last_name}@example.com",
    }  # fmt: skip
    draft = drafts.drafted("jazzhr", "jazz", given, {"api_key": DEFAULT_KEY})
    with writing() as connection:
        tenant = tenants.create(connection, slug)
        return tenant, connect(connection, tenant.id, draft, "bench")


def _import(source: Source) -> None:
    runner.import_now(source, dry_run=False, requested_by="bench")


if __name__ == "__main__":
    sys.exit(main())
