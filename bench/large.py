"""``python -m bench.large``: Rollcall with a million people beside Rollcall with ten thousand, on both databases."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench import reporting, templates
from bench.contestants import CONTESTANTS, OURS, Entry, Running, started
from bench.databases import KINDS, Host, working_folder
from bench.errors import BenchError
from bench.measuring import Effort, Result, measure
from bench.operations import BY_SIZE, PAGE_SIZE
from bench.walking import last_cursor

#: The larger first, because the report says how fast the first is beside the other.
_SIZES, _QUICK_SIZES = (1_000_000, 10_000), (3_000, 300)
_EFFORT = Effort(reads=2000, writes=0, seconds=6.0)
_QUICK_EFFORT = Effort(reads=60, writes=0, seconds=0.5)
_MIB = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; 1 when a server does not answer as it should."""
    options = _parser().parse_args(arguments)
    kinds = list(KINDS) if options.database == "both" else [options.database]
    sizes, effort = (_QUICK_SIZES, _QUICK_EFFORT) if options.quick else (_SIZES, _EFFORT)
    people = " and ".join(f"{size:,}" for size in sizes)
    command = " ".join(["python -m bench.large", *(arguments or sys.argv[1:])])
    report = reporting.circumstances(people, command)
    report["servers"] = {OURS: CONTESTANTS[0].note}
    try:
        for kind in kinds:
            _run(kind, sizes, effort, report)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    report = reporting.finished(report)
    print(json.dumps(report, ensure_ascii=False, indent=1) if options.json else reporting.text(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument(
        "--quick", action="store_true", help="hundreds of people: shows that it works, no more"
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


def server_name(size: int) -> str:
    """Return how the figures name Rollcall with this many people.

    >>> server_name(10_000)
    'Rollcall, 10,000 people'
    """
    return f"{OURS}, {size:,} people"


def _run(kind: str, sizes: Sequence[int], effort: Effort, report: dict[str, Any]) -> None:
    """Put into the report what the database is, the figures of all operations on it, and the servers' memory."""
    with working_folder() as folder, KINDS[kind](folder) as host:
        entries = [_entry(host, size) for size in sizes]
        with started(entries, folder) as waiting:
            servers, results = [_at_the_end(kind, server) for server in waiting], list[Result]()
            for operation in BY_SIZE:
                reporting.say(f"{kind}: {operation.name}")
                results += measure(servers, [operation], effort)
            report["memory"] += [_memory(kind, server) for server in servers]
        report["databases"][kind] = host.version
        report["figures"] += reporting.rows(kind, results)


def _entry(host: Host, size: int) -> Entry:
    start = time.monotonic()
    people = templates.seeded(host, size)
    reporting.say(f"{host.kind}: put {size:,} people in, in {time.monotonic() - start:.0f} s")
    return Entry(server_name(size), CONTESTANTS[0], people)


def _at_the_end(kind: str, server: Running) -> Running:
    """Return the server with the cursor of its last page, for which everybody is read once."""
    reporting.say(f"{kind}: reading everybody by cursor: {server.name}")
    cursor = last_cursor(server, PAGE_SIZE)
    return replace(server, audience=replace(server.audience, cursor=cursor))


def _memory(kind: str, server: Running) -> dict[str, Any]:
    used = {f"{name}_mib": size / _MIB for name, size in server.process.memory().items()}
    return {"database": kind, "server": server.name, "workers": server.workers, **used}


if __name__ == "__main__":
    sys.exit(main())
