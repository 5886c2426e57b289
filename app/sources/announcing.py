"""What admins are told when an import run of a source has ended: that it failed, and that one finishes again."""

from __future__ import annotations

from sqlalchemy import Connection

from app.notices import telling


def about(source_name: str) -> str:
    """What notices about a source are filed under."""
    return f"source:{source_name}"


def ended(connection: Connection, tenant_id: int, run_id: int, source_name: str, trouble: str | None) -> None:
    """Tell that a run failed because of ``trouble``; that one finished, if it was told that the last one failed."""
    details = {"source": source_name, "import_run": run_id}
    if trouble is None:
        telling.settled(
            connection,
            tenant_id,
            "import.recovered",
            about(source_name),
            "finished",
            title=f"{source_name}: imports finish again",
            text=f"Import run {run_id} of {source_name} has finished.",
            details=details,
        )
        return
    telling.tell(
        connection,
        tenant_id,
        "import.failed",
        about(source_name),
        "failed",
        title=f"{source_name}: an import failed",
        text=(
            f"Import run {run_id} of {source_name} failed: {trouble.rstrip('.')}. Nobody is suspended because of "
            f"that. `rollcall run-log show {run_id}` has the details, `rollcall run-log retry {run_id}` starts it "
            "again."
        ),
        details=details,
    )
