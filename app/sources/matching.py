"""Whose row is it? The match order of an import, as a function of what was found (design.md, issue 2).

Source record → employee number → work e-mail. Two people found by one row are never chosen between: the row is errored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.sources.errors import row_refused
from app.sources.fragments import Document, emails_of


@dataclass(frozen=True, slots=True)
class Hits:
    """Employees that a row points at: by its source record, by employee number, by work e-mail."""

    by_record: str | None = None
    by_number: Sequence[str] = ()
    by_email: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The employee of a row; `by` says what found it: `record`, `number` or `email`."""

    employee_id: str
    by: str


def match(hits: Hits) -> Match | None:
    """Return the one employee that a row means, None when it is nobody yet.

    :raises RowRefused: ``ambiguous_match`` when two people share a key, or two keys point at different people.
    """
    found: Match | None = Match(hits.by_record, "record") if hits.by_record else None
    for by, word, ids in (
        ("number", "employee number", hits.by_number),
        ("email", "work e-mail", hits.by_email),
    ):
        if found is not None:
            if ids and found.employee_id not in ids:
                raise row_refused(
                    "ambiguous_match",
                    f"its {_WORDS[found.by]} belongs to employee {found.employee_id}, its {word} to {ids[0]}",
                )
        elif len(ids) > 1:
            raise row_refused(
                "ambiguous_match", f"{len(ids)} employees have its {word}: {', '.join(ids[:3])}"
            )
        elif ids:
            found = Match(ids[0], by)
    return found


_WORDS = {"record": "source record", "number": "employee number", "email": "work e-mail"}


def user_name(document: Document, source_name: str, record_id: str) -> str:
    """Return the userName of a new employee: as mapped, else work e-mail, else another one, else source and record id.

    It is set once, at creation; no import changes it later.
    """
    mapped = document.get("userName")
    return str(mapped or next(emails_of(document), f"{source_name}-{record_id}"))
