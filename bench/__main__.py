"""``python -m bench``: Rollcall beside bare Flask and scim2-server, on SQLite and PostgreSQL."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import reporting
from bench.contestants import started
from bench.databases import KINDS
from bench.errors import BenchError
from bench.measuring import Effort, measure
from bench.operations import OPERATIONS

_USERS, _QUICK_USERS = 10_000, 200
_EFFORT = Effort(reads=3000, writes=1500, seconds=40.0)
_QUICK_EFFORT = Effort(reads=60, writes=40, seconds=5.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; 1 when a server does not answer as it should."""
    options = _parser().parse_args(arguments)
    kinds = list(KINDS) if options.database == "both" else [options.database]
    users = options.users or (_QUICK_USERS if options.quick else _USERS)
    report = reporting.circumstances(users, "python -m bench " + " ".join(arguments or sys.argv[1:]))
    report |= {"databases": {}, "figures": []}
    try:
        for kind in kinds:
            report["databases"][kind], figures = _run(
                kind, users, _QUICK_EFFORT if options.quick else _EFFORT
            )
            report["figures"] += figures
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    report |= {"load_after": os.getloadavg(), "ratios": reporting.ratios(report["figures"])}
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


def _run(kind: str, users: int, effort: Effort) -> tuple[str, list[dict[str, Any]]]:
    """Return what the database is, and the figures of all operations on it."""
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with KINDS[kind](users, folder) as seeded:
            _say(f"{kind}: {users:,} people are in; starting the servers")
            with started(seeded, folder) as servers:
                results = []
                for operation in OPERATIONS:
                    _say(f"{kind}: {operation.name}")
                    results += measure(servers, operation, effort)
                return seeded.version, reporting.rows(kind, results)


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
