"""What a run says: the figures side by side, the ratios, and the circumstances without which they mean nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from bench.contestants import BARE, CONTESTANTS, OURS, PEER
from bench.measuring import Result
from bench.operations import OPERATIONS

_PACKAGES = ("Flask", "SQLAlchemy", "granian", "psycopg", "scim2-server")
PEER_AIM = 3.0


def circumstances(users: int, command: str) -> dict[str, Any]:
    """Return where and when the run happens; the load is that of the machine before the run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "users": users,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "load_before": os.getloadavg(),
        "servers": {each.name: f"{each.workers} granian worker(s); {each.note}" for each in CONTESTANTS},
    }


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


def ratios(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return per database and operation how fast we are: 1 is as fast as bare Flask (or as scim2-server)."""
    by_place = {(row["database"], row["operation"], row["server"]): row for row in figures}
    found = []
    for database in dict.fromkeys(row["database"] for row in figures):
        for operation in OPERATIONS:
            ours, bare, peer = (by_place[database, operation.name, name] for name in (OURS, BARE, PEER))
            found.append(
                {
                    "database": database,
                    "operation": operation.name,
                    "bare_by_ours": bare["median_us"] / ours["median_us"],
                    "bare_by_ours_cpu": _share(bare["server_cpu_us"], ours["server_cpu_us"]),
                    "bare_aim": operation.aim,
                    "peer_by_ours": peer["median_us"] / ours["median_us"],
                    "peer_aim": PEER_AIM,
                }
            )
    return found


def _share(part: float, whole: float) -> float | None:
    """Return the quotient; None where the clock was too coarse for the divisor."""
    return part / whole if whole else None


def text(report: dict[str, Any]) -> str:
    """Return the report for people."""
    lines = [
        f"{report['command']} · {report['at']} · {report['users']:,} people · {report['cores']} cores · "
        f"Python {report['python']} · load before {_load(report['load_before'])}, after {_load(report['load_after'])}",
        ", ".join(f"{name} {number}" for name, number in report["packages"].items()),
        *(f"{kind}: {described}" for kind, described in report["databases"].items()),
        *(f"{name}: {note}" for name, note in report["servers"].items()),
        "One request at a time; the servers take turns in bursts of 20. Times include the client.",
        "",
        *_table(_FIGURES, report["figures"]),
        "",
        "How fast Rollcall is: 1.00 = as fast as the other, by medians",
        *_table(_RATIOS, report["ratios"]),
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
    "bare_by_ours": ("× bare Flask", "{:.2f}"),
    "bare_aim": ("aim", "{:.1f}"),
    "bare_by_ours_cpu": ("× by CPU", "{:.2f}"),
    "peer_by_ours": ("× scim2-server", "{:.1f}"),
    "peer_aim": ("aim", "{:.0f}"),
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
