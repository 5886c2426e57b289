"""The crash test: imports, SCIM writes and a push by real processes that are killed at random, and the judgement after.

    python -m tests.harness.crash --people 10000 --kills 200 --database both

Web server, scheduler and from one to four workers are ``rollcall`` processes, killed and now and then frozen for longer
than their leases last; the target enforces nothing, commits late and cuts connections after committing. In three acts
everybody joins; some leave, move and are renamed; some come back. Nine of ten people come by import, the tenth by SCIM.
Afterwards the checker compares source, directory and target, and ``rollcall verify`` has its say.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.harness.checker import Truth, Verdict, account_of_scim, check, overlapping_writes
from tests.harness.crash_stage import LEASE, Stage, stages
from tests.harness.crowd import Crowd
from tests.harness.fault_target import TargetProcess
from tests.harness.postgres import PostgresCluster
from tests.harness.reaper import Range
from tests.harness.scim_client import ScimClient

#: Of all people, one in so many comes by SCIM.
MEMBERS = 10
#: The share of strokes that freeze a process instead of killing it.
PAUSES = 0.04


@dataclass(frozen=True)
class Plan:
    """How large the test is: ``people`` in all, ``kills`` at least, ``workers`` at most, seconds ``between`` kills."""

    people: int
    kills: int
    workers: int = 4
    between: Range = (1.0, 5.0)
    pauses: float = PAUSES
    #: Seconds that the SCIM client rests before each call.
    rest: float = 0.03
    deadline: float = 3600.0


@dataclass
class Outcome:
    """What the test found: verdicts, each run's counters, and everything else that may not be."""

    at_target: Verdict
    in_directory: Verdict
    counters: list[dict[str, int]]
    kills: dict[str, int]
    pauses: int
    workers: tuple[int, int]
    seconds: float
    people: int
    others: list[str] = field(default_factory=list)
    notes: str = ""

    @property
    def is_clean(self) -> bool:
        """True when nothing was lost, made twice or left in a wrong state, and every run counted every row once."""
        return self.at_target.is_clean and self.in_directory.is_clean and not self.others

    @property
    def total_kills(self) -> int:
        """The number of SIGKILLs."""
        return sum(self.kills.values())

    def report(self) -> str:
        """Return what was found as lines for a person."""
        ratio = self.at_target.posts / max(1, self.people)
        lines = [
            f"{self.total_kills} kills {self.kills}, {self.pauses} pauses past the lease, "
            f"{self.workers[0]} to {self.workers[1]} workers, {self.seconds:.0f} s",
            f"at the target: {self.at_target.report()} ({ratio:.3f} POSTs a person)",
            f"in the directory: {self.in_directory.report()}",
            f"runs: {self.counters}",
            self.notes,
            *self.others[:10],
        ]
        return "\n".join(filter(None, lines))


def crash(
    database_url: str,
    folder: Path,
    plan: Plan,
    *,
    seed: int | None = None,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Import, write over SCIM and push in three acts while the reaper strikes; return what came of it."""
    started = time.monotonic()
    with TargetProcess(seed=seed or 0) as target:
        stage = Stage(database_url, folder, target)
        crowd = Crowd(
            stage.environ(), workers=plan.workers, lease=LEASE, between=plan.between, pauses=plan.pauses,
            log_directory=folder, seed=seed,
        )  # fmt: skip
        members = plan.people // MEMBERS
        client = ScimClient(
            f"http://127.0.0.1:{crowd.port}/scim/v2", stage.token, members, Random(seed or 0), rest=plan.rest
        )
        try:
            with crowd:
                truth, counters = _acts(stage, crowd, client, plan, Random(seed or 0), say)
        finally:
            client.close()
        outcome = _judged(stage, target, truth, client)
        outcome.counters, outcome.kills = counters, dict(crowd.kills)
        outcome.pauses, outcome.workers = crowd.paused.total(), (crowd.fewest, crowd.most)
        outcome.others += [f"{name} ended with {code}" for name, code in crowd.failures]
        stage.close()
    outcome.seconds = time.monotonic() - started
    return outcome


def _acts(
    stage: Stage, crowd: Crowd, client: ScimClient, plan: Plan, chance: Random, say: Callable[[str], None]
) -> tuple[list[Truth], list[dict[str, int]]]:
    """Play the three acts; return what is true in the end, and the counters of the runs."""
    counters: list[dict[str, int]] = []
    staff = []
    for number, staff in enumerate(stages(plan.people - len(client.members), chance), start=1):
        stage.write(staff)
        run_id = stage.start_import()
        client.begin(client.acts[number - 1])

        def is_over(run_id: int = run_id) -> bool:
            return client.is_done and stage.has_arrived(run_id)

        share = plan.kills * number // 3
        crowd.run(is_over, at_least_kills=share, at_most_kills=share + plan.kills, deadline=plan.deadline)
        crowd.settle(is_over, deadline=plan.deadline)
        counters.append(stage.run_counters(run_id))
        say(f"  act {number}: {counters[-1]}, {crowd.total_kills} kills, {client.answers} SCIM answers")
    return [person.truth() for person in staff] + [member.truth() for member in client.members], counters


def _judged(stage: Stage, target: TargetProcess, truth: list[Truth], client: ScimClient) -> Outcome:
    calls = target.calls()
    accounts = [account_of_scim(document) for document in target.accounts()]
    at_target = check(truth, accounts, calls, stage.links())
    in_directory = check([replace(t, needs_account=True) for t in truth], stage.employees())
    overlapping = [f"at the same time: {a['path']} {b['path']}" for a, b in overlapping_writes(calls)]
    others = [*client.faults, *overlapping, *stage.verified()]
    notes = (
        f"{len(calls)} calls at the target; {client.answers} SCIM answers, {client.repeats} asked for again"
    )
    return Outcome(at_target, in_directory, [], {}, 0, (0, 0), 0.0, len(truth), others, notes)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database that commits durably."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'rollcall.db'}"
        return
    with PostgresCluster() as cluster:
        yield cluster.create_database()


def main() -> int:
    """Run the crash test at the size asked for, on each database; 0 when everything is clean."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4, help="from one to so many run at a time")
    parser.add_argument("--between", type=float, nargs=2, default=(1.0, 5.0), metavar="SECONDS")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    chosen = parser.parse_args()
    # Whoever ends the test ends its processes too: they live in sessions of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kinds = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    plan = Plan(chosen.people, chosen.kills, chosen.workers, tuple(chosen.between))
    is_clean = True
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="rollcall-crash-") as name, database(kind, Path(name)) as url:
            print(f"{kind}: {chosen.people} people, at least {chosen.kills} kills", flush=True)
            outcome = crash(url, Path(name), plan, seed=chosen.seed)
            print(outcome.report(), flush=True)
            is_clean = is_clean and outcome.is_clean
    print("clean" if is_clean else "NOT clean")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
