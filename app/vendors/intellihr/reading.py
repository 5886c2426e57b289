"""Reads of an intelliHR account: everybody, what may have changed since, and single people.

intelliHR tells changes by whole days only, and a job begins, changes or ends on its day without any write
(vendors.md §4.6). So a read of changes asks for the people and jobs written on the days since, leaves out people
whose ``updatedAt`` shows that they were read already, and reads again everybody with a job that begins or ends one
day, as intelliHR lists them now and as the last read saw them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.sources.adapter import Hint, Watermark
from app.sources.records import Page, SourceRecord
from app.vendors.intellihr.client import IntelliHRClient, Row, Stretch, equals
from app.vendors.intellihr.joining import Joiner, dated
from app.vendors.intellihr.records import KEY

#: More jobs with a day to come than these are not remembered one by one: the next read is one of everybody.
MOST_DATED = 2_000
#: What the clocks of intelliHR's machines may differ, and what is written and not yet listed.
_SLACK = timedelta(minutes=5)
#: Days asked for beside those since the last read: the day is intelliHR's, in a zone that it does not tell.
_MORE_DAYS = 2


@dataclass
class Progress:
    """Where a read stands. `since` is intelliHR's time at its beginning; `earlier` the watermark it goes on from.

    `feed` counts the lists that it is made of, `place` is the place within one. `dated` has the jobs seen that begin
    or end one day, None when they are too many.
    """

    since: str | None
    earlier: Watermark | None = None
    days: int = 0
    feed: int = 0
    place: dict[str, int] | None = None
    number: int = 0
    dated: list[str] | None = field(default_factory=list)

    def note(self, jobs: Iterable[str]) -> None:
        """Remember jobs that begin or end one day."""
        if self.dated is not None:
            known = {*self.dated, *jobs}
            self.dated = sorted(known) if len(known) <= MOST_DATED else None

    def watermark(self) -> dict[str, Any] | None:
        """Return what the next read goes on from; None when it must read everybody."""
        if self.since is None or self.dated is None:
            return None
        return {"since": self.since, "dated": self.dated}


def progress_of(
    client: IntelliHRClient, watermark: Watermark | None, resume: Mapping[str, Any] | None
) -> Progress:
    """Return the progress of a read that goes on, or of one that begins: with the watermark, of changes only."""
    if resume is not None:
        return Progress(**resume)
    now = client.server_time()
    if now is None:
        return Progress(None)
    begun = Progress((now - _SLACK).isoformat())
    if watermark and watermark.get("since") and watermark.get("dated") is not None:
        begun.earlier = watermark
        since = datetime.fromisoformat(str(watermark["since"]))
        begun.days = max((now.date() - since.date()).days, 0) + _MORE_DAYS
    return begun


def read(client: IntelliHRClient, joiner: Joiner, progress: Progress) -> Iterator[Page]:
    """Yield what is left of a read; the last page carries the watermark."""
    feeds = _FEEDS_OF_CHANGES if progress.earlier is not None else _FEEDS_OF_EVERYBODY
    done: set[str] = set()
    while progress.feed < len(feeds):
        for stretch in feeds[progress.feed](client, progress):
            people = [row for row in stretch.rows if str(row.get("id")) not in done]
            if len(feeds) > 1:
                done.update(str(row.get("id")) for row in people)
            found = joiner.records(people, progress.number)
            progress.number += len(found)
            progress.note(dated(people))
            progress.place = stretch.place
            if stretch.place is None:
                progress.feed += 1
            is_last = progress.feed == len(feeds)
            yield Page(found, asdict(progress), is_last, progress.watermark() if is_last else None)


def read_some(client: IntelliHRClient, joiner: Joiner, hints: Sequence[Hint]) -> Iterator[Page]:
    """Yield the people that hints name (``record``, ``person``) or whose jobs they name (``job``), each once.

    A job that is not there any more leads to nobody: who had it is read with the next import.
    """
    jobs = list(dict.fromkeys(str(hint["job"]) for hint in hints if "job" in hint))
    named = [str(hint.get("record") or hint.get("person") or "") for hint in hints]
    holders = [str(row.get("id")) for row in client.with_ids("/people", "jobId", jobs)]
    waiting = [person for person in dict.fromkeys([*named, *holders]) if person]
    number = 0
    while True:
        chosen, waiting = waiting[: client.page_size], waiting[client.page_size :]
        rows = {person: client.person(person) for person in chosen}
        found = joiner.records([row for row in rows.values() if row is not None], number)
        gone = [person for person, row in rows.items() if row is None]
        number += len(chosen)
        found += [SourceRecord(number - at, {KEY: person}, gone=True) for at, person in enumerate(gone)]
        yield Page(found, {"number": number}, complete=not waiting)
        if not waiting:
            return


Feed = Callable[[IntelliHRClient, Progress], Iterator[Stretch]]


def _everybody(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    return client.listed("/people", place=progress.place)


def _changed_people(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    assert progress.earlier is not None
    since = datetime.fromisoformat(str(progress.earlier["since"]))
    written = equals("updatedWithin", str(progress.days))
    for stretch in client.listed("/people", (written,), progress.place):
        yield Stretch([row for row in stretch.rows if _is_new(row, since)], stretch.place)


def _is_new(row: Row, since: datetime) -> bool:
    """Whether a person was written since an instant; true too where the person's own instant cannot be read."""
    try:
        written = datetime.fromisoformat(str(row.get("updatedAt")))
    except ValueError:
        return True
    return written.tzinfo is None or written >= since


def _people_of_changed_jobs(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    # Jobs have no updatedAt: all of these days come again, and the import skips those that are as they were.
    return _people_of_jobs(client, equals("updatedWithin", str(progress.days)), progress.place)


def _people_of_future_jobs(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    return _people_of_jobs(client, equals("jobStatus", "Future Job"), progress.place)


def _people_of_ending_jobs(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    return _people_of_jobs(client, equals("jobStatus", "Ending Job"), progress.place)


def _people_of_jobs(
    client: IntelliHRClient, wanted: tuple[str, str], place: Mapping[str, int] | None
) -> Iterator[Stretch]:
    for stretch in client.listed("/jobs", (wanted,), place):
        ids = [str(row["id"]) for row in stretch.rows if row.get("id")]
        yield Stretch(client.with_ids("/people", "jobId", ids), stretch.place)


def _people_of_earlier_dated_jobs(client: IntelliHRClient, progress: Progress) -> Iterator[Stretch]:
    """The jobs that were to begin or end when they were last read: some of them have by now."""
    assert progress.earlier is not None
    ids, size = list(progress.earlier["dated"]), client.page_size
    at = (progress.place or {}).get("page", 0)
    while True:
        rows = client.with_ids("/people", "jobId", ids[at * size : (at + 1) * size])
        at += 1
        is_over = at * size >= len(ids)
        yield Stretch(rows, None if is_over else {"page": at})
        if is_over:
            return


_FEEDS_OF_EVERYBODY: tuple[Feed, ...] = (_everybody,)
_FEEDS_OF_CHANGES: tuple[Feed, ...] = (
    _changed_people,
    _people_of_changed_jobs,
    _people_of_future_jobs,
    _people_of_ending_jobs,
    _people_of_earlier_dated_jobs,
)
