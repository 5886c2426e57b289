"""What admins are told about import runs: that one failed or waits for approval, and that one finishes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from app.notices import telling

if TYPE_CHECKING:
    from app.sources.catalog import Source
    from app.sources.runs import Run


def about(source_name: str) -> str:
    """What notices about a source are filed under."""
    return f"source:{source_name}"


def ended(connection: Connection, run: Run, known: Source, trouble: str | None) -> None:
    """Tell that a run failed because of ``trouble``; that one finished, if it was told that the last one did not."""
    if trouble is None:
        telling.settled(
            connection,
            run.tenant_id,
            "import.recovered",
            about(known.name),
            "finished",
            title=f"{known.name}: imports finish again",
            text=f"Import run {run.id} of {known.name} has finished.",
            details=_details(run, known),
        )
        return
    telling.tell(
        connection,
        run.tenant_id,
        "import.failed",
        about(known.name),
        "failed",
        title=f"{known.name}: an import failed",
        text=(
            f"Import run {run.id} of {known.name} failed: {trouble.rstrip('.')}. Nobody is suspended because of "
            f"that. `rollcall run-log show {run.id}` has the details, `rollcall source import {known.name}` starts "
            "another."
        ),
        details=_details(run, known),
    )


def held(connection: Connection, run: Run, known: Source, reason: str) -> None:
    """Tell that a run waits for approval because of ``reason``, and remind of it."""
    telling.tell(
        connection,
        run.tenant_id,
        "import.held",
        about(known.name),
        "held",
        title=f"{known.name}: an import waits for your approval",
        text=(
            f"{reason} Nobody has been changed by import run {run.id} of {known.name}. If that is right: "
            f"`rollcall run-log approve {run.id}`; if not: `rollcall run-log cancel {run.id}`."
        ),
        details=_details(run, known),
        remind_after=900.0,
    )


def _details(run: Run, known: Source) -> dict[str, object]:
    return {"source": known.name, "import_run": run.id}
