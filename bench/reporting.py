"""What a run says: the figures side by side, the ratios, and the circumstances without which they mean nothing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from bench.aims import aim_of
from bench.measuring import Result

_PACKAGES = ("Flask", "SQLAlchemy", "granian", "psycopg", "scim2-server")


def circumstances(people: str, command: str) -> dict[str, Any]:
    """Return where and when the run happens; the load is that of the machine before the run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "people": people,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "load_before": os.getloadavg(),
        "databases": {},
        "servers": {},
        "figures": [],
        "memory": [],
    }


def say(line: str) -> None:
    """Print a line about the run's progress."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


def rows(database: str, results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return one row of figures per result."""
    return [
        {
            "database": database,
            "operation": r.operation,
            "server": r.server,
            "workers": r.workers,
            **r.figures(),
        }
        for r in results
    ]


def finished(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report with what follows from its figures, and the load of the machine after the run."""
    return report | {"load_after": os.getloadavg(), "ratios": ratios(report["figures"])}


def ratios(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how fast the first server of each operation is beside each of the others: 1 is as fast."""
    together: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in figures:
        together.setdefault((row["database"], row["operation"]), []).append(row)
    return [_ratio(first, other) for first, *others in together.values() for other in others]


def _ratio(first: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    ratio = other["median_us"] / first["median_us"]
    aim = aim_of(first["database"], first["operation"], other["server"])
    return {
        "database": first["database"],
        "operation": first["operation"],
        "server": first["server"],
        "beside": other["server"],
        "ratio": ratio,
        "cpu_ratio": _share(other["server_cpu_us"], first["server_cpu_us"]),
        "aim": aim and aim.wanted,
        "floor": aim and aim.floor,
        "reached": aim and aim.reached(ratio),
    }


def _share(part: float, whole: float) -> float | None:
    """Return the quotient; None where the clock was too coarse for the divisor."""
    return part / whole if whole else None


def text(report: dict[str, Any]) -> str:
    """Return the report for people."""
    lines = [
        f"{report['command']} · {report['at']} · {report['people']} people · {report['cores']} cores · "
        f"Python {report['python']} · load before {_load(report['load_before'])}, after {_load(report['load_after'])}",
        ", ".join(f"{name} {number}" for name, number in report["packages"].items()),
        *(f"{kind}: {described}" for kind, described in report["databases"].items()),
        *(f"{name}: {note}" for name, note in report["servers"].items()),
        "One request at a time; the servers take turns in bursts of up to 20. Times include the client.",
        "",
        *_table(_FIGURES, report["figures"]),
        "",
        "How fast the first is: 1.00 = as fast as the one beside it, by medians",
        *_table(_RATIOS, report["ratios"]),
        *(
            ["", "Memory of a server's processes", *_table(_MEMORY, report["memory"])]
            if report["memory"]
            else ()
        ),
    ]
    return "\n".join(lines)


def _load(load: Sequence[float]) -> str:
    return "/".join(f"{value:.1f}" for value in load)


#: Key of a row → (heading, format).
_FIGURES = {
    "database": ("database", "{}"),
    "operation": ("operation", "{}"),
    "server": ("server", "{}"),
    "workers": ("workers", "{}"),
    "requests": ("requests", "{:,}"),
    "median_us": ("median µs", "{:,.0f}"),
    "p95_us": ("p95 µs", "{:,.0f}"),
    "server_cpu_us": ("server CPU µs", "{:,.0f}"),
    "client_cpu_us": ("client CPU µs", "{:,.0f}"),
}
_RATIOS = {
    "database": ("database", "{}"),
    "operation": ("operation", "{}"),
    "server": ("server", "{}"),
    "beside": ("beside", "{}"),
    "ratio": ("ratio", "{:,.2f}"),
    "cpu_ratio": ("by CPU", "{:,.2f}"),
    "aim": ("aim", "{:.1f}"),
    "floor": ("floor", "{:.1f}"),
    "reached": ("reached", "{}"),
}
_MEMORY = {
    "database": ("database", "{}"),
    "server": ("server", "{}"),
    "rss_mib": ("RSS MiB", "{:,.0f}"),
    "pss_mib": ("PSS MiB", "{:,.0f}"),
}


def _table(columns: dict[str, tuple[str, str]], rows: Sequence[dict[str, Any]]) -> list[str]:
    headings = [heading for heading, _ in columns.values()]
    cells = [
        ["–" if row[key] is None else form.format(row[key]) for key, (_, form) in columns.items()]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    is_text = [isinstance(rows[0][key], str) for key in columns]

    def line(values: Sequence[str]) -> str:
        padded = zip(values, widths, is_text, strict=True)
        return "  ".join(v.ljust(width) if left else v.rjust(width) for v, width, left in padded).rstrip()

    return [line(headings), line(["-" * width for width in widths]), *map(line, cells)]
