"""``python -m bench``: Rollcall beside bare Flask, scim2-server and SCIMMY, on SQLite and PostgreSQL."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import memberships, reporting, scimmy
from bench.contestants import CONTESTANTS, NODE_PEER, Contestant, started, with_copies, with_scimmy
from bench.databases import KINDS, working_folder
from bench.errors import BenchError
from bench.measuring import Effort, Result, measure
from bench.operations import SIDE_BY_SIDE
from bench.seeding import seeded

_USERS, _QUICK_USERS = 10_000, 200
_EFFORT = Effort(reads=3000, writes=1500, seconds=3.0)
_QUICK_EFFORT = Effort(reads=60, writes=40, seconds=0.5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; 1 when a server does not answer as it should."""
    options = _parser().parse_args(arguments)
    kinds = list(KINDS) if options.database == "both" else [options.database]
    users = options.users or (_QUICK_USERS if options.quick else _USERS)
    effort = _QUICK_EFFORT if options.quick else _EFFORT
    report = reporting.circumstances(
        f"{users:,}", " ".join(["python -m bench", *(arguments or sys.argv[1:])])
    )
    try:
        with working_folder() as folder:
            contestants = contestants_of(folder, report)
            for kind in kinds:
                _run(kind, users, effort, contestants, report)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    report = reporting.finished(report)
    print(json.dumps(report, ensure_ascii=False, indent=1) if options.json else reporting.text(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument(
        "--quick", action="store_true", help="few people and requests: shows that it works, no more"
    )
    parser.add_argument(
        "--users", type=int, metavar="N", help=f"how many people there are (default {_USERS:,})"
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


def contestants_of(folder: Path, report: dict[str, Any]) -> list[Contestant]:
    """Return who takes part; the report says of each what it is, or why it is absent."""
    contestants, absent = list(CONTESTANTS), dict[str, str]()
    try:
        contestants.append(with_scimmy(scimmy.install(folder)))
    except scimmy.Absent as error:
        reporting.say(f"{NODE_PEER} is left out: {error}")
        absent[NODE_PEER] = f"left out: {error}"
    report["servers"] = {each.name: each.note for each in contestants} | absent
    return contestants


def _run(
    kind: str, users: int, effort: Effort, contestants: Sequence[Contestant], report: dict[str, Any]
) -> None:
    """Put into the report what the database is, and the figures of all operations on it."""
    with working_folder() as folder, KINDS[kind](folder) as host:
        reporting.say(f"{kind}: putting {users:,} people in")
        people = seeded(host, users)
        reporting.say(f"{kind}: starting the servers")
        with started(with_copies(contestants, host, people), folder) as servers:
            results = list[Result]()
            for operation in SIDE_BY_SIDE:
                reporting.say(f"{kind}: {operation.name}")
                results += measure(servers, [operation], effort)
            reporting.say(f"{kind}: making the groups")
            groups = memberships.grouped(servers[0])
            for pair in memberships.PAIRS:
                reporting.say(f"{kind}: {' and '.join(operation.name for operation in pair)}")
                results += measure(groups, pair, effort)
        report["databases"][kind] = host.version
        report["figures"] += reporting.rows(kind, results)


if __name__ == "__main__":
    sys.exit(main())
