"""The fuzzer at full size, by default against ``rollcall web`` in a process of its own.

python -m tests.security.fuzz --requests 100000 --seed 7 --database sqlite
python -m tests.security.fuzz --replay LINE
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from tests.harness.crash import database
from tests.harness.installation import Installation
from tests.security.fuzz.checking import complaints
from tests.security.fuzz.hostile import from_line
from tests.security.fuzz.running import Outcome
from tests.security.fuzz.senders import to_application, to_port
from tests.security.fuzz.world import World, world_of

MOST_GROWTH = 50 << 20  # bytes of memory (quality.md §2)
MOST_SECONDS = 0.5  # for all but one answer in a thousand


def main() -> int:
    """Run the fuzzer, or replay one request, on each database asked for; 0 when nothing was found."""
    chosen = _arguments()
    kinds = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    return max([_on(kind, chosen) for kind in kinds])


def _on(kind: str, chosen: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="rollcall-fuzz-") as name, database(kind, Path(name)) as url:
        installation = Installation(url, Path(name))
        try:
            installation.migrate()
            world = world_of(installation)
            return _replayed(world, chosen.replay) if chosen.replay else _fuzzed(kind, world, chosen)
        finally:
            installation.close()


def _fuzzed(kind: str, world: World, chosen: argparse.Namespace) -> int:
    print(f"{kind}: seed {chosen.seed}", flush=True)
    outcome = _outcome(world, chosen)
    print(f"{kind}: {outcome.report()}", flush=True)
    is_slow = outcome.quantile(0.999) > MOST_SECONDS
    if is_slow or outcome.growth >= MOST_GROWTH:
        print("too slow" if is_slow else "the server's memory grows")
    return 0 if outcome.is_clean and not is_slow and outcome.growth < MOST_GROWTH else 1


def _outcome(world: World, chosen: argparse.Namespace) -> Outcome:
    if chosen.in_process:
        return world.fuzz(to_application(world.installation.app), chosen.seed, chosen.requests, say=print)
    with world.installation.web(workers=1) as server:
        memory, workers = server.resident_bytes, server.workers()
        outcome = world.fuzz(to_port(server.port), chosen.seed, chosen.requests, memory=memory, say=print)
        if server.workers() != workers:
            outcome.broken.append("a worker process has died")
        if not outcome.is_clean:
            print(f"the server's last words:\n{server.last_words()}")
        return outcome


def _replayed(world: World, line: str) -> int:
    """Send one request of a report with a fresh token, to a directory that holds one employee."""
    request = from_line(line).with_token(world.tokens.writer)
    answer = to_application(world.installation.app)(request)
    said = complaints(request, answer)
    print(
        f"answered {answer.status}: {answer.body[:2000].decode(errors='replace')}\n{said or 'as it must be'}"
    )
    return 1 if said else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=main.__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(2**32), help="default: a random one"
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--in-process", action="store_true", help="call the application in this process")
    parser.add_argument("--replay", metavar="LINE", help="send this request of a report and no other")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
