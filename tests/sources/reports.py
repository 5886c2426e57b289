"""What tests read off an ended run."""

from __future__ import annotations

from app.database import reading
from app.sources import row_errors
from app.sources.error_file import RowError
from app.sources.runs import Run


def counted(run: Run) -> dict[str, int]:
    """Return the counters of a run that are not zero, and the total."""
    return {name: number for name, number in run.counts.as_dict().items() if number or name == "total"}


def problems(run: Run) -> list[RowError]:
    """Return the lines of a run's error file."""
    with reading() as connection:
        return list(row_errors.lines(connection, run.tenant_id, run.id))


def error_lines(run: Run) -> list[tuple[int, str, str]]:
    """Return (row, column, code) of a run's error file."""
    return [(error.row, error.column, error.code) for error in problems(run)]
