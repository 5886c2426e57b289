"""Reports: the mail about an import run to whoever set its source up, in words, with numbers and without names.

After every run, or only when there is something to say: somebody asked for the run, it is the daily one, it changed
somebody, could not take other rows than the run before, or ended otherwise than the last one did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from app import clock
from app.access import tenants
from app.notices import letters, telling
from app.sources import announcing, consent
from app.sources.tables import import_run, row_error

if TYPE_CHECKING:
    from app.sources.catalog import Source
    from app.sources.runs import Run

EVERY, CHANGES, OFF = "every", "changes", "off"
_ASKED = frozenset({"request", "retry"})
#: Trigger → why the run was.
_CAUSES = {
    "request": "somebody asked for it",
    "retry": "somebody asked for the rows that had failed before",
    "schedule": "its schedule, {schedule}",
    "webhook": "the vendor told that something has changed",
}
#: Counter → what it counts.
_MEANINGS = {
    "added": "new people",
    "updated": "people of whom something has changed",
    "deleted": "no longer there at the source; these people stay in the directory as they are",
    "skipped": "nothing new, or left out by the mapping",
    "errored": "rows that could not be taken",
    "total": "rows",
}


def told(connection: Connection, run: Run, known: Source, message: str | None) -> None:
    """Post the report of a run that has ended, or is held; call it before the notice about the same is told.

    ``message`` is why it failed or is held.
    """
    to = known.report_to or _who_consented(connection, known)
    if to is None or not _is_wanted(connection, run, known):
        return
    tenant = tenants.with_id(connection, run.tenant_id)
    slug = tenant.slug if tenant else ""
    text = "\n".join(_lines(connection, run, known, slug, message))
    subject = f"[{slug}] {known.name}: {_headline(run)}"
    letters.post(connection, run.tenant_id, key_of(run), to, subject, text)


def key_of(run: Run) -> str:
    """Return the key of a run's report; its start is in it because the numbers of removed sources are given again."""
    key = f"{letters.REPORT}{run.source_id}:{run.id}:{run.started_at}"
    return f"{key}:held" if run.state == "held" else key


def _who_consented(connection: Connection, known: Source) -> str | None:
    """Return the address of whoever set the source up: it stands in the consent, where one was needed."""
    given = consent.given(connection, known.tenant_id, known.id)
    person = "" if given is None else given.by.rpartition(" for ")[2].removeprefix("admin:")
    return person if letters.is_address(person) else None


# --- whether --------------------------------------------------------------------------------------------------------


def _is_wanted(connection: Connection, run: Run, known: Source) -> bool:
    choice = known.settings.get("report", CHANGES)
    if run.dry_run or choice == OFF:
        return False
    is_daily = run.trigger == "schedule" and known.schedule.at is not None
    return choice == EVERY or run.trigger in _ASKED or is_daily or _is_news(connection, run, known)


def _is_news(connection: Connection, run: Run, known: Source) -> bool:
    last = telling.last(connection, run.tenant_id, "import.failed", announcing.about(known.name))
    if run.state != (last[1] if last else "finished"):
        return True
    counts = run.counts
    if counts.added or counts.updated or counts.deleted:
        return True
    return (
        run.state == "finished" and counts.errored > 0 and counts.errored != _errored_before(connection, run)
    )


def _errored_before(connection: Connection, run: Run) -> int | None:
    """Return how many rows the run of the same kind before this one could not take, None when there was none."""
    c = import_run.c
    query = (
        select(c.errored)
        .where(
            c.tenant_id == run.tenant_id,
            c.source_id == run.source_id,
            c.trigger == run.trigger,
            c.state == "finished",
            c.dry_run.is_(False),
            c.id < run.id,
        )
        .order_by(c.id.desc())
        .limit(1)
    )
    return connection.scalar(query)


# --- what -----------------------------------------------------------------------------------------------------------


def _headline(run: Run) -> str:
    if run.state == "held":
        return "an import waits for your approval"
    if run.state == "failed":
        return "an import failed"
    counts = run.counts.as_dict()
    return ", ".join(f"{counts[name]} {name}" for name in _MEANINGS if counts[name] or name == "total")


def _lines(connection: Connection, run: Run, known: Source, slug: str, message: str | None) -> Iterator[str]:
    yield _OUTCOMES[run.state].format(run=run.id, source=known.name, kind=known.adapter().label)
    yield ""
    yield f"Began:  {_shown(run.started_at, known)}"
    if run.finished_at is not None:
        yield f"Ended:  {_shown(run.finished_at, known)}"
    cause = _CAUSES.get(run.trigger, run.trigger)
    yield f"Cause:  {cause.format(schedule=known.schedule)}"
    yield ""
    if run.state == "held":
        yield from _of_held(run, slug, message)
        return
    width = max(len(str(number)) for number in run.counts.as_dict().values())
    for name, number in run.counts.as_dict().items():
        yield f"{name.capitalize() + ':':<9}{number:>{width}}  {_MEANINGS[name]}"
    if run.state == "failed":
        yield from _of_failed(known, slug, message)
    yield from _of_rows(connection, run, slug)


_OUTCOMES = {
    "finished": "Import run {run} of {source} ({kind}) has finished.",
    "failed": "Import run {run} of {source} ({kind}) failed.",
    "held": "Import run {run} of {source} ({kind}) waits for your approval. It has changed nobody so far.",
}


def _of_held(run: Run, slug: str, message: str | None) -> Iterator[str]:
    yield message or ""
    yield ""
    yield "If that is right, let it go on:"
    yield f"  rollcall run-log approve {run.id} --tenant {slug}"
    yield "If it is not, put it away, and look at the source:"
    yield f"  rollcall run-log cancel {run.id} --tenant {slug}"


def _of_failed(known: Source, slug: str, message: str | None) -> Iterator[str]:
    yield ""
    yield f"Why it failed: {message}"
    yield "What it had taken until then stays, and nobody was suspended because of it. To start another one:"
    yield f"  rollcall source import {known.name} --tenant {slug}"


def _of_rows(connection: Connection, run: Run, slug: str) -> Iterator[str]:
    """Yield what became of rows that could not be taken, and of those that raised a question."""
    where = (row_error.c.tenant_id == run.tenant_id, row_error.c.run_id == run.id)
    query = select(row_error.c.severity, func.count().label("lines")).where(*where)
    lines = {row.severity: row.lines for row in connection.execute(query.group_by(row_error.c.severity))}
    if not lines:
        return
    found = [_number(lines[each], each) for each in ("error", "warning") if each in lines]
    yield ""
    yield f"The error file has {' and '.join(found)}, each with its row, its reason and the way out:"
    yield f"  rollcall run-log errors {run.id} --tenant {slug} --output errors.csv"
    if run.counts.errored:
        yield "When they are mended at the source, the next import takes them. To try only these again:"
        yield f"  rollcall run-log retry {run.id} --tenant {slug}"


def _number(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _shown(at: str, known: Source) -> str:
    """Return an instant on the clock of the source's schedule: ``Sunday, 22 November 2026, 00:05 (UTC)``."""
    moment = clock.parse_instant(at).astimezone(ZoneInfo(known.schedule.zone))
    return f"{moment:%A, %d %B %Y, %H:%M} ({known.schedule.zone})"
