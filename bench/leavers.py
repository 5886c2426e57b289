"""``python -m bench.leavers``: how soon a leaver is suspended and read back, by real processes on a real schedule.

Worker and scheduler run as in production, with the default schedule of one tick a minute. People leave the directory
one after the other; each one's time ends with the answer to the read that follows the suspend at the target. In the
second part the target answers every call with 429 and ``Retry-After`` for the first minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from flask import current_app

from app import directory
from app.access import tenants
from app.config import Settings
from app.database import writing
from app.provisioning import targets, ticks
from app.provisioning.targets import Target
from bench.databases import KINDS, working_folder
from bench.errors import BenchError
from bench.organisation import ADMIN, application, hired
from tests.harness.fault_target import TargetProcess
from tests.harness.reaper import Reaper

ROOT = Path(__file__).resolve().parents[1]
#: People leave while the processes run; after the last one this many seconds are waited at most.
PATIENCE = 420.0
STORM = "429:for={seconds},retry_after=30"


@dataclass(frozen=True)
class Part:
    """One run: so many people leave in so many seconds, while the target follows a fault plan."""

    name: str
    faults: str
    aim: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both parts on one database, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.leavers", description=__doc__)
    parser.add_argument("--leavers", type=int, default=180)
    parser.add_argument("--seconds", type=float, default=180.0, help="in which they leave")
    parser.add_argument("--interval", type=int, default=60, help="seconds between ticks")
    parser.add_argument("--storm", type=float, default=120.0, help="seconds of 429 in the second part")
    parser.add_argument("--database", choices=list(KINDS), default="sqlite")
    chosen = parser.parse_args(arguments)
    parts = [
        Part("quiet", "", "p95 < 90 s"),
        Part(f"{chosen.storm:g} s of 429, Retry-After: 30", STORM.format(seconds=chosen.storm), "< 300 s"),
    ]
    with working_folder() as folder, KINDS[chosen.database](folder) as host:
        print(
            f"{host.version}, {chosen.leavers} leavers in {chosen.seconds:g} s, a tick every {chosen.interval} s",
            flush=True,
        )
        for number, part in enumerate(parts):
            with application(host, folder / str(number), f"leavers_{number}"):
                print(f"  {part.name:<32} {part.aim:<12} {_told(_measured(part, chosen))}", flush=True)
    return 0


def _told(seconds: Sequence[float]) -> str:
    shares = quantiles(seconds, n=100)
    return (
        f"p50 {shares[49]:.1f} s, p95 {shares[94]:.1f} s, max {max(seconds):.1f} s ({len(seconds)} leavers)"
    )


def _measured(part: Part, chosen: argparse.Namespace) -> list[float]:
    """Return the seconds from each leaver's commit to the end of the read that found the account suspended."""
    with TargetProcess("") as process:
        with writing() as connection:
            tenant = tenants.create(connection, "bench")
            target = targets.add(
                connection, tenant.id, "bench", kind="scim", name="far", url=process.url, token=process.key,
                options={"rate": "0", "interval": "1"},
            )  # fmt: skip
        ids = hired(tenant.id, chosen.leavers)
        ticks.run(tenant.id, target.id)
        with writing() as connection:
            target = targets.change(connection, target, "bench", options={"interval": str(chosen.interval)})
        process.plan_faults(part.faults)
        process.clear_calls()
        with _processes():
            left_at = _leave(tenant.id, ids, chosen.seconds)
            return _suspended(process, target, left_at)


@contextmanager
def _processes() -> Iterator[None]:
    """Run a worker and a scheduler on the application's database."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    environ = {
        "ROLLCALL_INSTANCE_PATH": str(settings.instance_path),
        "ROLLCALL_DATABASE_URL": settings.database_url,
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
        "ROLLCALL_SECRET_KEY": settings.secret_key,
        "ROLLCALL_KEY_RING": settings.key_ring,
    }
    rollcall = [sys.executable, "-m", "app.cli"]
    commands = {"worker": [*rollcall, "worker"], "scheduler": [*rollcall, "scheduler"]}
    with Reaper(commands, log_directory=settings.instance_path, seed=0, cwd=ROOT, env=environ):
        yield


def _leave(tenant_id: int, ids: Sequence[str], seconds: float) -> dict[str, float]:
    """Deactivate everybody, spread evenly; return employee → instant of the commit (monotonic)."""
    left_at = {}
    started = time.monotonic()
    for number, id_ in enumerate(ids):
        time.sleep(max(0.0, started + seconds * number / len(ids) - time.monotonic()))
        with writing() as connection:
            directory.merge(connection, tenant_id, id_, ADMIN, {"active": False})
        left_at[id_] = time.monotonic()
    return left_at


def _suspended(process: TargetProcess, target: Target, left_at: Mapping[str, float]) -> list[float]:
    """Wait until all are suspended and read back; return everyone's seconds. Raises ``BenchError`` if it is late."""
    owners = _employees_by_account(process)
    give_up = time.monotonic() + PATIENCE
    while True:
        read_back = _read_back(process.calls(), owners)
        if len(read_back) == len(left_at):
            return [read_back[id_] - left_at[id_] for id_ in left_at]
        if time.monotonic() > give_up:
            raise BenchError(f"only {len(read_back)} of {len(left_at)} leavers were suspended in time")
        time.sleep(1.0)


def _employees_by_account(process: TargetProcess) -> dict[str, str]:
    return {account["id"]: account["externalId"] for account in process.accounts()}


def _read_back(calls: Sequence[Mapping[str, Any]], owners: Mapping[str, str]) -> dict[str, float]:
    """Employee → end of the first read of the account after the suspend that worked."""
    suspended: set[str] = set()
    found: dict[str, float] = {}
    for call in calls:
        account = call["path"].rpartition("/")[2]
        if account not in owners or call["worked"] is None:
            continue
        if call["method"] == "PATCH" and _suspends(call["body"]):
            suspended.add(account)
        elif call["method"] == "GET" and account in suspended:
            found.setdefault(owners[account], call["ended"])
    return found


def _suspends(body: str) -> bool:
    said = [(step.get("path"), step["value"]) for step in json.loads(body)["Operations"]]
    return ("active", False) in said or (None, {"active": False}) in said


if __name__ == "__main__":
    sys.exit(main())
