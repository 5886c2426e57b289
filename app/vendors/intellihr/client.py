"""intelliHR's API v1: envelopes, pages and filters (vendors.md §4.1, §4.2).

Pages are numbered, so rows that move while they are listed may be passed over: a listing counts what it has seen
against the totals that intelliHR tells, and goes through the pages again when some are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from app.outbound import OutboundError, OutboundSession, Response
from app.sources.adapter import SourceContext
from app.sources.calling import Caller, Pace
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.intellihr.settings import Choices, choices_of

MOST_PAGES = 10_000
ROUNDS = 3
_FRUITLESS_PAGES = 3
#: What identifies somebody, tells a leaver, and is mandatory (the e-mail address): no import without them.
REQUIRED = ("id", "employmentStatus", "primaryEmailAddress")
Row = dict[str, Any]
Filters = Sequence[tuple[str, str]]


@dataclass
class Place:
    """Where a listing stands: the round and page to read next, the rows seen, and the largest total told in it."""

    round: int = 1
    page: int = 1
    listed: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that a listing had not shown before, and where it goes on; None: it is at its end."""

    rows: list[Row]
    place: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class _Answer:
    rows: list[Row]
    total: int | None
    pages: int | None


@dataclass
class IntelliHRClient:
    """Calls one intelliHR account."""

    caller: Caller
    page_size: int

    def server_time(self) -> datetime | None:
        """Return intelliHR's own time, to the second; None when its answers do not tell it. One call."""
        response = self.caller.answer("GET", "/people", query=(("limit", "1"), ("page", "1")))
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return None
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)

    def listed(
        self, path: str, filters: Filters = (), place: Mapping[str, int] | None = None
    ) -> Iterator[Stretch]:
        """Yield a listing page by page, oldest record first, from ``place`` (of an earlier stretch) on.

        :raises IncompleteRead: it could not be read to its end, or never shows all that it counts.
        """
        at, seen, fruitless = Place(**(place or {})), set[str](), 0
        while True:
            answer = self._page(path, filters, at.page)
            fresh = [row for row in answer.rows if _id(row) not in seen]
            seen.update(_id(row) for row in fresh)
            fruitless = 0 if fresh else fruitless + 1
            at.listed += len(fresh)
            at.most = max(at.most, answer.total or 0)
            is_over = self._is_last(answer, at.page)
            if is_over and at.listed >= at.most:
                yield Stretch(fresh, None)
                return
            if at.page >= MOST_PAGES or (answer.pages is None and fruitless >= _FRUITLESS_PAGES):
                raise IncompleteRead(f"intelliHR repeats the pages of {path} without end (page {at.page}).")
            if is_over and at.round >= ROUNDS:
                raise IncompleteRead(
                    f"intelliHR counts {at.most} records of {path} and showed {at.listed} of them in {ROUNDS} rounds."
                )
            at = (
                Place(at.round + 1, 1, at.listed)
                if is_over
                else Place(at.round, at.page + 1, at.listed, at.most)
            )
            yield Stretch(fresh, asdict(at))

    def with_ids(self, path: str, name: str, ids: Iterable[str]) -> list[Row]:
        """Return the records of which the filter ``name`` is one of ``ids``: a call for each page of ids."""
        wanted, found = list(ids), []
        for start in range(0, len(wanted), self.page_size):
            chosen = ",".join(wanted[start : start + self.page_size])
            for stretch in self.listed(path, (equals(name, chosen),)):
                found += stretch.rows
        return found

    def record(self, path: str, record_id: str) -> Row | None:
        """Return one record, None when intelliHR does not have it (404)."""
        answer = self.caller.json("GET", f"{path}/{quote(record_id, safe='')}", expected=(404,))
        return None if answer is None else _data(answer, dict, path)

    def person(self, person_id: str) -> Row | None:
        """Return one person; raises as :meth:`listed` does for people without the members that are needed."""
        row = self.record("/people", person_id)
        if row is not None:
            check_people([row])
        return row

    def _page(self, path: str, filters: Filters, page: int) -> _Answer:
        query = (("sort", "createdAt"), ("limit", str(self.page_size)), ("page", str(page)), *filters)
        answer = self.caller.json("GET", path, query=query)
        rows = [row for row in _data(answer, list, path) if isinstance(row, dict)]
        if path == "/people":
            check_people(rows)
        told = (answer.get("meta") or {}).get("pagination") or {}
        return _Answer(rows, _count(told.get("total")), _count(told.get("total_pages")))

    def _is_last(self, answer: _Answer, page: int) -> bool:
        if not answer.rows:
            return True
        if answer.pages is not None:
            return page >= answer.pages
        return len(answer.rows) < self.page_size


def client_of(context: SourceContext) -> IntelliHRClient:
    """Return the client of a source.

    :raises SourceUnavailable: it has no API key yet.
    """
    choices = choices_of(context.settings)
    caller = Caller(
        label="intelliHR",
        session=session_of(context, choices),
        pause=context.pause,
        pace=Pace(choices.calls_per_second, seconds=1.0),
        reason=reason_of,
        way_out=way_out(context.name),
        first_wait=choices.retry_seconds,
    )
    return IntelliHRClient(caller, choices.page_size)


def session_of(context: SourceContext, choices: Choices) -> OutboundSession:
    """Return a session that proves itself with the key and names the tenant, in headers both (vendors.md §4.1)."""
    key = context.secrets.get("api_key")
    if not key:
        raise SourceUnavailable(f"intelliHR needs an API key. {way_out(context.name)}")
    headers = {"Authorization": f"Bearer {key}", "tenant": choices.subdomain}
    return context.open_session(choices.base_url, headers=headers, secrets=(key,))


def way_out(name: str) -> str:
    """Return where refused credentials are mended: intelliHR does not say which of the two is wrong."""
    return (
        "Check the subdomain, or create a key in intelliHR under Settings > Public API Access Keys and set it with: "
        f"rollcall source set {name} --secret api_key=-"
    )


def reason_of(response: Response) -> str:
    """Return the name and codes of an error envelope; its sentences may quote values and are left out."""
    try:
        told = response.json()
    except OutboundError:
        told = None
    if not isinstance(told, dict):
        return f"it answered with status {response.status}"
    details = told.get("errors")  # a list, or an empty object (vendors.md §4.6)
    codes = (
        [entry.get("code") for entry in details if isinstance(entry, dict)]
        if isinstance(details, list)
        else []
    )
    words = [str(word) for word in (told.get("name"), *codes) if isinstance(word, str)]
    return ", ".join(words)[:200] or f"it answered with status {response.status}"


def equals(name: str, value: str) -> tuple[str, str]:
    """Return a filter as the query has it.

    >>> equals("updatedWithin", "2")
    ('filters[updatedWithin][eq]', '2')
    """
    return f"filters[{name}][eq]", value


def check_people(rows: Sequence[Row]) -> None:
    """Refuse people of whom none has a member without which they must not be imported.

    :raises SourceUnavailable: one message for all of them.
    """
    for name in REQUIRED:
        if rows and not any(name in row for row in rows):
            raise SourceUnavailable(
                f"intelliHR's people have no {name} any more: the API has changed, and nobody was imported. "
                "Rollcall must be taught the new form; until then import a file."
            )


def _id(row: Row) -> str:
    return str(row.get("id") or "")


def _data(answer: Any, kind: type, path: str) -> Any:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, kind):
        raise IncompleteRead(f"intelliHR's answer to {path} has no data; check base_url.")
    return data


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
