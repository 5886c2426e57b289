"""Reading employees: searched by folder and date of change, page by page by id (vendors.md §2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.sources.adapter import Hint, SourceContext
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.sources.records import Page, RowProblem, SourceRecord
from app.vendors.icims import records
from app.vendors.icims.client import ICIMSClient, any_of, client_of, ensure_signed_in, equals
from app.vendors.icims.jobs import JobBook
from app.vendors.icims.records import KEY, Values
from app.vendors.icims.settings import Account
from app.vendors.icims.watermark import Position, position_of

#: Small pages: each person costs up to three calls, and a page is read well within a lease.
PAGE_PEOPLE = 25
MOST_SEARCHES = 10_000


def read(account: Account, context: SourceContext, resume: Mapping[str, Any] | None) -> Iterator[Page]:
    """Yield the employees page by page, as ``SourceAdapter.read``; the last page says since when the next one looks."""
    ensure_signed_in(account, context)
    client = client_of(account, context)
    place, book = _beginning(account, context, resume), JobBook(client)
    for _ in range(MOST_SEARCHES):
        found = client.search("people", *_wanted(account, place))
        place = place.begun(found.answered_at)
        if found.ids and found.ids[0] <= place.after:
            raise IncompleteRead("iCIMS answers with the same people again: it ignores the filter person.id.")
        if not found.ids:
            yield Page([], place.to_json(), complete=True, watermark=place.next_watermark())
            return
        for start in range(0, len(found.ids), PAGE_PEOPLE):
            ids = found.ids[start : start + PAGE_PEOPLE]
            context.alive()
            page = _page(client, book, ids, place.number)
            place = place.behind(ids[-1], len(page))
            yield Page(page, place.to_json())
    raise IncompleteRead(f"iCIMS has more people than {MOST_SEARCHES} searches can list.")


def read_some(account: Account, context: SourceContext, hints: Sequence[Hint]) -> Iterator[Page]:
    """Yield what iCIMS says now of the people that the hints name, as ``ReadsSome.read_some``.

    Who is neither an employee nor a leaver (an applicant whose workflow moved) is no record of this source:
    they come as gone, which changes nobody who was never imported.
    """
    ensure_signed_in(account, context)
    client = client_of(account, context)
    book, ids, number = JobBook(client), _hinted(hints), 0
    for start in range(0, len(ids) or 1, PAGE_PEOPLE):
        chosen = ids[start : start + PAGE_PEOPLE]
        page = _page(client, book, chosen, number)
        number += len(page)
        yield Page(page, {"number": number}, complete=start + PAGE_PEOPLE >= len(ids))


def _beginning(account: Account, context: SourceContext, resume: Mapping[str, Any] | None) -> Position:
    if resume is None:
        return position_of(context.watermark, account.digest)
    place = position_of(resume, account.digest)
    # Settings that were changed in the middle of a read: its numbers go on, its people are all read again.
    return replace(place, number=int(resume.get("number") or 0))


def _wanted(account: Account, place: Position) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the filters and groups that find the people behind a place."""
    filters = [equals("person.id", str(place.after), ">")]
    since = place.searched_since(account.staleness)
    if since is not None:
        filters.append(equals("person.updateddate", since, ">="))
    return filters, [any_of("person.folder", account.folders | account.former_folders)]


def _hinted(hints: Sequence[Hint]) -> list[int]:
    texts = (str(hint.get("person") or hint.get("record") or "") for hint in hints)
    return sorted({int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= 18})


def _page(client: ICIMSClient, book: JobBook, ids: Sequence[int], number: int) -> list[SourceRecord]:
    """Return the records of these people, numbered behind `number`."""
    account, fields = client.account, records.person_fields(client.account)
    profiles = {person: client.profile("people", person, fields) for person in ids}
    states = {person: _state(profile, account) for person, profile in profiles.items()}
    employed = {person: profiles[person] or {} for person in ids if states[person] == "yes"}
    _refuse_without_addresses(list(employed.values()))
    joined = book.values_for(employed)
    found: list[Values | RowProblem] = []
    for person in ids:
        profile, state = profiles[person], states[person]
        if isinstance(state, RowProblem):
            found.append(state)
        elif profile is None or state is None:
            found.append({KEY: str(person)})
        else:
            values = records.person_values(person, profile, account)
            found.append(values | joined.get(person, {}) | {"is_employee": state})
    if account.absent_is_empty:
        _fill([values for values in found if isinstance(values, dict) and values.get("is_employee") == "yes"])
    return [_record(number + place, said) for place, said in enumerate(found, 1)]


def _record(number: int, said: Values | RowProblem) -> SourceRecord:
    """Return one record; values of nothing but the key mean that there is no such employee (any more)."""
    if isinstance(said, RowProblem):
        return SourceRecord(number, {}, said)
    return SourceRecord(number, said, gone=set(said) == {KEY})


def _state(profile: Mapping[str, Any] | None, account: Account) -> str | RowProblem | None:
    """Return ``yes`` for an employee, ``no`` for a leaver, None for who is neither, or is not there (404)."""
    if profile is None:
        return None
    try:
        employed = records.is_employee(profile, account)
    except LookupError:
        return RowProblem(
            "hidden_field",
            "iCIMS does not show the folder (status) of this person; the API's user needs the right to read it",
            "folder",
        )
    return None if employed is None else "yes" if employed else "no"


def _refuse_without_addresses(profiles: Sequence[Mapping[str, Any]]) -> None:
    """Fields that the API's user may no longer see vanish without a word: better no import than one without e-mail.

    :raises SourceUnavailable: none of several employees has an e-mail address, or none has a name.
    """
    for name in ("email", "lastname"):
        if len(profiles) > 1 and not any(name in profile for profile in profiles):
            raise SourceUnavailable(
                f"iCIMS shows the field {name} of none of {len(profiles)} employees. The API's user has probably lost "
                "the right to read it: iCIMS grants it to the group Integration User."
            )


def _fill(page: Sequence[Values]) -> None:
    """Take as empty what is missing in a record and not in all others of its page."""
    names = {name for values in page for name in values}
    for values in page:
        for name in names - values.keys():
            values[name] = None
