"""``python -m bench.imports``: people imported from a paged HTTP server and from a file, beside the bare costs.

For 1,000, 10,000 … people, each in a process of its own: the first import, the second one of the same (all skipped),
and the most memory that the process had; `cpu` is the processor time of that process. Beside it what the same records
cost without an import: fetched with a plain session, validated with the same schema, inserted with ``executemany`` in
transactions as large as the import's (`bare`); and what the directory takes for the same people when nobody imports
them (`directory`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.databases import KINDS, Host, working_folder

SOURCES = ("paged", "csv")
_PEOPLE = 100_000
_COLUMNS = (
    ("people", 9),
    ("records/s", 11),
    ("import", 8),
    ("read", 7),
    ("apply", 7),
    ("cpu", 7),
    ("again", 7),
    ("cpu", 7),
    ("bare", 7),
    ("fetch", 7),
    ("validate", 9),
    ("insert", 8),
    ("× bare", 8),
    ("directory", 11),
    ("peak MiB", 10),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("--people", type=int, default=_PEOPLE)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--source", choices=(*SOURCES, "both"), default="both")
    parser.add_argument("--json", action="store_true", help="the figures as JSON, a line for each size")
    options = parser.parse_args(arguments)
    sources = SOURCES if options.source == "both" else (options.source,)
    with working_folder() as folder:
        for kind in list(KINDS) if options.database == "both" else [options.database]:
            with KINDS[kind](folder) as host:
                for source in sources:
                    _measure(host, folder, source, options.people, as_json=options.json)
    return 0


def sizes(people: int) -> list[int]:
    """Return the sizes to measure: by tens up to the whole.

    >>> sizes(100_000), sizes(2_500), sizes(300)
    ([1000, 10000, 100000], [1000, 2500], [300])
    """
    smaller = [size for size in (1_000, 10_000, 100_000) if size < people]
    return [*smaller, people]


def _measure(host: Host, folder: Path, source: str, people: int, *, as_json: bool) -> None:
    if not as_json:
        print(f"{host.version}: {source}; µs of a record", flush=True)
        print("  " + "".join(name.rjust(width) for name, width in _COLUMNS), flush=True)
    for size in sizes(people):
        url = host.create(f"imports_{source}_{size}", None)
        command = [sys.executable, "-m", "bench.import_run", url, str(folder), str(size), source]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        figures: dict[str, float] = json.loads(done.stdout)
        if as_json:
            print(
                json.dumps({"database": host.kind, "source": source, "people": size, **figures}), flush=True
            )
        else:
            print("  " + _line(size, figures), flush=True)


def _line(people: int, figures: dict[str, float]) -> str:
    def each(*names: str) -> float:
        return sum(figures[name] for name in names) / people * 1e6

    whole, bare = each("import_read", "import_apply"), each("fetch", "validate", "insert")
    cells: list[Any] = [
        f"{people:,}",
        f"{1e6 / whole:,.0f}",
        f"{whole:,.0f}",
        f"{each('import_read'):,.0f}",
        f"{each('import_apply'):,.0f}",
        f"{each('import_cpu'):,.0f}",
        f"{each('again_read', 'again_apply'):,.0f}",
        f"{each('again_cpu'):,.0f}",
        *(f"{cost:,.0f}" for cost in (bare, each("fetch"), each("validate"), each("insert"))),
        f"{whole / bare:.1f}",
        f"{each('directory'):,.0f}",
        f"{figures['rss_mib']:,.0f}",
    ]
    return "".join(cell.rjust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))


if __name__ == "__main__":
    sys.exit(main())
