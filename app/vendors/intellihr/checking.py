"""A look at an intelliHR account: does it answer, are key and subdomain taken, may we read what an import needs.

One try for each call: somebody is waiting for the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.outbound import OutboundError, OutboundSession, Response
from app.sources.adapter import SourceContext
from app.sources.errors import SourceUnavailable
from app.sources.records import Check
from app.vendors.intellihr.client import REQUIRED, reason_of, session_of, way_out
from app.vendors.intellihr.settings import choices_of

#: A key has the power of an administrator (vendors.md §4.1), so a refused list is an account without that part.
_LISTS: tuple[tuple[str, str, bool, str], ...] = (
    (
        "jobs",
        "/jobs",
        True,
        "job titles, units, locations, managers, and first and last days cannot be imported",
    ),
    (
        "custom fields",
        "/custom-field-definitions",
        False,
        "the custom fields that you could choose are not shown",
    ),
    ("webhooks", "/webhooks", False, "changes arrive with the next scheduled import instead of at once"),
)


def checks(context: SourceContext) -> list[Check]:
    """Return the findings, in the order in which somebody would mend them; raises nothing."""
    choices = choices_of(context.settings)
    try:
        session = session_of(context, choices)
    except SourceUnavailable as error:
        return [Check("sign in", False, str(error))]
    look = _Look(session)
    people = look.at("/people", limit=25)
    if people is None:
        message = f"{choices.base_url} does not answer: {look.trouble} Check base_url and your network."
        return [Check("reach", False, message)]
    findings = [Check("reach", True, f"{choices.base_url} answers.")]
    if people.status in (401, 403):
        message = (
            f"intelliHR refused the API key, or the key does not belong to the subdomain {choices.subdomain!r} "
            f"(status {people.status}). {way_out(context.name)}"
        )
        return [*findings, Check("sign in", False, message)]
    rows = _rows(people)
    if rows is None:
        message = f"intelliHR answers, but not with people: {reason_of(people)}. Try again later, or check base_url."
        return [*findings, Check("sign in", False, message)]
    findings.append(Check("sign in", True, f"The key is taken for the subdomain {choices.subdomain!r}."))
    findings += [_permission(look, *row) for row in _LISTS]
    return [*findings, _people(rows, _total(people))]


@dataclass
class _Look:
    session: OutboundSession
    trouble: str = field(default="", init=False)

    def at(self, path: str, limit: int = 1) -> Response | None:
        """Return one answer, None when there was none: then ``trouble`` says why."""
        query = (("limit", str(limit)), ("page", "1"))
        try:
            return self.session.call("GET", path, query=query, headers=(("Accept", "application/json"),))
        except OutboundError as error:
            self.trouble = error.message
            return None


def _permission(look: _Look, name: str, path: str, needed: bool, lost: str) -> Check:
    answer = look.at(path, limit=100 if path == "/custom-field-definitions" else 1)
    rows = _rows(answer) if answer is not None else None
    title = f"permission {name}"
    if rows is None:
        why = f"status {answer.status}" if answer is not None else look.trouble
        message = (
            f"intelliHR does not let this key read {name} ({why}): {lost}. "
            "Have an administrator of intelliHR create the key under Settings > Public API Access Keys."
        )
        return Check(title, False, message, needed)
    if path == "/custom-field-definitions":
        return Check(title, True, _custom_fields(rows), needed)
    return Check(title, True, f"The key may read {name}.", needed)


def _custom_fields(rows: list[dict[str, Any]]) -> str:
    names = [str(row.get("name") or row.get("slug") or "") for row in rows]
    shown = ", ".join(name for name in names if name)[:500]
    if not shown:
        return "The account has no custom fields."
    return f"Custom fields: {shown}. Choose with cost_centre_field and custom_fields which are read."


def _people(rows: list[dict[str, Any]], total: int | None) -> Check:
    if not rows:
        return Check("people", True, "The account has no people yet.", needed=False)
    missing = [name for name in REQUIRED if not any(name in row for row in rows)]
    if missing:
        message = (
            f"intelliHR's people have no {' and no '.join(missing)} any more: an import would bring nobody."
        )
        return Check("people", False, message)
    first = " ".join(f"{str(rows[0].get(name) or '?')[0]}…" for name in ("firstName", "lastName"))
    counted = f"{total} people" if total is not None else f"{len(rows)} people on the first page"
    without = sum(1 for row in rows if not row.get("primaryEmailAddress"))
    note = (
        f" {without} of the first {len(rows)} have no primary e-mail address, which is mandatory."
        if without
        else ""
    )
    return Check("people", True, f"{counted}; the first: {first}.{note}", needed=False)


def _rows(answer: Response) -> list[dict[str, Any]] | None:
    told = _json(answer)
    data = told.get("data") if isinstance(told, dict) else None
    return [row for row in data if isinstance(row, dict)] if answer.ok and isinstance(data, list) else None


def _total(answer: Response) -> int | None:
    told = _json(answer)
    total = (
        ((told.get("meta") or {}).get("pagination") or {}).get("total") if isinstance(told, dict) else None
    )
    return total if isinstance(total, int) else None


def _json(answer: Response) -> Any:
    try:
        return answer.json()
    except OutboundError:
        return None
