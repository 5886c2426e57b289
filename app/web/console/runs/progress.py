"""How far a run is: what the bar shows, how long it has taken, and how fast it goes."""

from __future__ import annotations

from dataclasses import dataclass

from app import clock
from app.sources.catalog import Source
from app.sources.runs import Run
from app.web.console.runs.wording import lasted


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``whole`` rows; ``whole`` is None while nobody can know. ``rate`` is rows in a second, or None."""

    done: int
    whole: int | None
    lasted: str
    rate: float | None


def progress_of(run: Run, known: Source | None) -> Progress:
    """Return how far a run is; of its source, what the last whole read had foretells what this one will have."""
    seconds = (
        clock.parse_instant(run.finished_at or clock.now()) - clock.parse_instant(run.started_at)
    ).total_seconds()
    is_reading = run.phase in ("reading", "waiting") and run.state == "running"
    done = run.staged if is_reading else run.counts.total
    whole: int | None = run.staged
    if is_reading:
        expected = known.last_total if known is not None and run.is_full else None
        whole = max(expected, run.staged) if expected else None
    # Who waited for an approval, or for the vendor's next day, says nothing about speed.
    has_waited = run.approved_by is not None or run.state == "held" or run.phase == "waiting"
    rate = None if has_waited or not done or seconds < 0.05 else done / seconds
    return Progress(done, whole or None, lasted(seconds), rate)
