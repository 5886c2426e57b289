"""How people are read: the changed feed names them, then each is looked up (vendors.md §5.4).

Everybody is read the same way, since 1970: the feed takes API keys, names the inactive and the deleted too, and gives
the time from which to ask next. The custom report gives everybody in one call, but BambooHR calls it deprecated and one
answer must hold all: it is a choice (``read_everyone=report``). The list that replaces it takes no API keys (§5.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.sources.adapter import SourceContext
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.sources.records import Page, RowProblem, SourceRecord, Values
from app.vendors.bamboohr import records
from app.vendors.bamboohr import settings as told
from app.vendors.bamboohr.client import EPOCH, BambooHRClient, Row, members_of
from app.vendors.bamboohr.locations import Locations, read_locations

#: At 5 calls a second a page takes ten seconds, within a lease.
PAGE_PEOPLE = 50
OVERLAP = timedelta(minutes=1)
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a read stands: what it asks the feed, what it will remember, and whom it has reached. It is JSON-able."""

    since: str
    is_full: bool
    latest: str | None = None
    after: str | None = None
    number: int = 0

    @classmethod
    def of(cls, context: SourceContext, resume: Mapping[str, Any] | None) -> Stand:
        """Return the stand of a read that begins, or goes on from ``resume``."""
        if resume is not None:
            return cls(**resume)
        known = _known(context)
        return cls(EPOCH if known is None else _overlapped(known), known is None)

    def reached(self, employee_id: str | None, number: int) -> dict[str, Any]:
        """Return the stand behind an employee."""
        return asdict(replace(self, after=employee_id, number=number))


def read_pages(
    context: SourceContext, client: BambooHRClient, resume: Mapping[str, Any] | None
) -> Iterator[Page]:
    """Yield everybody who changed, in the order of their ids, from where ``resume`` left off.

    The time to ask from next is that of the first answer of the feed, also after a kill: who changes while this read
    is under way is named by the feed again.
    """
    stand = Stand.of(context, resume)
    changes = client.changed(stand.since)
    if resume is None:
        stand = Stand(stand.since, stand.is_full, _later(changes.latest, _known(context)))
    people = dict(changes.employees)
    rows: dict[str, Row] = {}
    if stand.is_full and context.settings["read_everyone"] == "report":
        rows = dict(members_of(client.report(told.wanted_fields(context.settings))))
        people = {**dict.fromkeys(rows, ""), **people}
    lookup = Lookup(client, context.settings, read_locations(client, context.settings["locations"]), rows)
    waiting = sorted((each for each in people if _is_behind(each, stand.after)), key=_order)
    last, number = stand.after, stand.number
    while True:
        context.alive()
        batch, waiting = waiting[:PAGE_PEOPLE], waiting[PAGE_PEOPLE:]
        page = []
        for employee_id in batch:
            number += 1
            page.append(lookup.record(number, employee_id, people[employee_id]))
            last = employee_id
        check_page(page)
        watermark = None if waiting else {"since": stand.latest or EPOCH}
        yield Page(page, stand.reached(last, number), complete=not waiting, watermark=watermark)
        if not waiting:
            return


def read_records(context: SourceContext, client: BambooHRClient, ids: Sequence[str]) -> Iterator[Page]:
    """Yield what BambooHR says now of these employees; who is not there any more comes as gone."""
    lookup = Lookup(client, context.settings, read_locations(client, context.settings["locations"]))
    distinct = list(dict.fromkeys(ids))
    for start in range(0, max(1, len(distinct)), PAGE_PEOPLE):
        context.alive()
        batch = distinct[start : start + PAGE_PEOPLE]
        page = [lookup.record(start + step, each) for step, each in enumerate(batch, 1)]
        yield Page(page, {"number": start + len(batch)}, complete=start + PAGE_PEOPLE >= len(distinct))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks employees up, one by one, and joins the addresses of their locations.

    `rows` are those that are known from a report.
    """

    client: BambooHRClient
    settings: Mapping[str, str]
    locations: Locations
    rows: Mapping[str, Row] = field(default_factory=dict)

    def record(self, number: int, employee_id: str, action: str = "") -> SourceRecord:
        """Return the record of an employee as it is now."""
        if action.lower() == DELETED:
            return _gone(number, employee_id)
        members = self.rows.get(employee_id)
        if members is None:
            status, members = self.client.employee(employee_id, told.wanted_fields(self.settings))
            if status == 404:
                return _gone(number, employee_id)
            if status == 403:
                reason = f"BambooHR does not show employee {employee_id} to the key (status 403)"
                return SourceRecord(number, {}, RowProblem("record_refused", reason, records.KEY))
        return SourceRecord(number, self._values(employee_id, members))

    def _values(self, employee_id: str, members: Row) -> Values:
        values = records.values_of(members, told.extra_fields(self.settings))
        return {**values, records.KEY: employee_id, **self.locations.of(values)}


def check_page(page: Sequence[SourceRecord]) -> None:
    """Raise when not one record can be of use: a permission is gone, or a field has vanished.

    :raises SourceUnavailable: the key may see nobody. :raises IncompleteRead: nobody has a work e-mail member.
    """
    alive = [record for record in page if not record.gone]
    if not alive:
        return
    if all(record.problem is not None for record in alive):
        raise SourceUnavailable(
            "BambooHR shows none of its employees to the key (status 403); nobody was changed. Give the access level "
            "of the key's owner the right to view them (Settings > Access Levels)."
        )
    if all(record.problem is not None or records.EMAIL not in record.values for record in alive):
        raise IncompleteRead(
            "BambooHR gives the field workEmail for nobody any more; nobody on this page was changed. Give the access "
            "level of the key's owner the right to view it (Settings > Access Levels), then import again."
        )


def _gone(number: int, employee_id: str) -> SourceRecord:
    return SourceRecord(number, {records.KEY: employee_id}, gone=True)


def _known(context: SourceContext) -> str | None:
    """Return the time of the feed up to which everything is stored; None when everybody is to be read."""
    return str((context.watermark or {}).get("since") or "") or None


def _later(latest: str | None, known: str | None) -> str | None:
    """Return the later of the feed's time and the one that is known; an empty feed may name none."""
    if latest is None or known is None:
        return latest or known
    new, old = _instant(latest), _instant(known)
    return known if new is not None and old is not None and old > new else latest


def _overlapped(since: str) -> str:
    """Return one minute before a time of the feed; a time that cannot be read is asked for as it is.

    >>> _overlapped("2026-03-02T09:15:00+00:00")
    '2026-03-02T09:14:00+00:00'
    """
    moment = _instant(since)
    return since if moment is None or moment.year <= 1970 else (moment - OVERLAP).isoformat()


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _order(employee_id: str) -> tuple[int, str]:
    """Numbers in the order of numbers, whatever else there is in that of text."""
    is_number = employee_id.isascii() and employee_id.isdigit() and len(employee_id) < 19
    return (int(employee_id) if is_number else 0, employee_id)


def _is_behind(employee_id: str, after: str | None) -> bool:
    return after is None or _order(employee_id) > _order(after)
