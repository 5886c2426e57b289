"""What happened to a person, here and at every target, newest first, in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Connection

from app import directory
from app.database import reading
from app.directory.roster import shown_name
from app.provisioning import timeline
from app.provisioning.fields import FIELDS
from app.provisioning.timeline import Entry
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.people.causes import sentence
from app.web.console.people.fields import is_shown, shown
from app.web.console.people.someone import gone, someone, tabs
from app.web.console.sessions import current_admin
from scim.resources import ENTERPRISE

PAGE, _LONGEST_PLACE = 25, 120
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
#: Numbers are columns of 32 bits.
_NUMBER, _GREATEST = re.compile("[0-9]{1,10}"), 2**31 - 1
_MANAGER = f"{ENTERPRISE}:manager.value"
_CHANGED = {"created": "Added", "changed": "Changed", "deleted": "Deleted"}
_PLANNED = {
    "create": "Account made",
    "adopt": "Account taken over",
    "update": "Account changed",
    "activate": "Account re-activated",
    "suspend": "Account suspended",
    "hold": "Held, nothing was sent",
}
_LINE_STATES = {"planned": "planned", "applied": "done", "refused": "not done", "held": "held"}
_LOOKING, _SEARCHES = frozenset({"GET", "HEAD"}), re.compile(r"/\.?search\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline: when, what, where, by whom, the values before and after, and what it leads to."""

    at: str
    what: str
    where: str
    by: str = ""
    run: int | None = None
    address: str = ""
    leads_to: str = ""
    note: str = ""
    changes: Sequence[tuple[str, str | None, str | None]] = ()


@blueprint.shows("/people/<employee:employee_id>/timeline")
def person_timeline(employee_id: str) -> str:
    """Show what happened to a present, deleted or erased person."""
    tenant_id, before = current_admin().tenant_id, request.args.get("before") or None
    if before is not None and (
        before.count("|") != 2 or len(before) > _LONGEST_PLACE or not _is_place(before)
    ):
        before = None
    with reading() as connection:
        found = directory.get(connection, tenant_id, employee_id)
        who = gone(connection, employee_id) if found is None else someone(connection, found)
        page = timeline.of(connection, tenant_id, employee_id, before=before, limit=PAGE)
        names = _managers(connection, tenant_id, page.entries)
    return render_template(
        "console/people/timeline.html",
        who=who,
        is_gone=found is None,
        moments=[moment(entry, names) for entry in page.entries],
        older=page.next,
        is_first=before is None,
        tabs=tabs(employee_id, "console.person_timeline"),
    )


def _is_place(text: str) -> bool:
    """True when it is an instant, a kind, and what the kind has: the number of a revision or a plan, or an id."""
    at, kind, number = text.split("|")
    if not _INSTANT.fullmatch(at):
        return False
    if kind in ("revision", "plan"):
        return bool(_NUMBER.fullmatch(number)) and int(number) <= _GREATEST
    return text.isprintable()


def _managers(connection: Connection, tenant_id: int, entries: Sequence[Entry]) -> dict[str, str]:
    """Return id → name of the managers whom changes name."""
    sides = [entry.details.get("changes", {}).get(_MANAGER, ()) for entry in entries]
    ids = {side for pair in sides for side in pair if isinstance(side, str)}
    found = directory.get_many(connection, tenant_id, sorted(ids))
    return {id_: shown_name(person.document) for id_, person in found.items()}


def moment(entry: Entry, names: Mapping[str, str]) -> Moment:
    """Return a line of the timeline in plain words; ``names``: id → name of people whom values name."""
    return _MAKERS[entry.kind](entry, names)


def _revision(entry: Entry, names: Mapping[str, str]) -> Moment:
    details, changes = entry.details, []
    for path, sides in _changes(details):
        before, after = map(_side, sides)
        if path == _MANAGER:
            before, after = (names.get(side or "", side) for side in (before, after))
        changes.append((field_words(path), before, after))
    by = entry.says.partition(" by ")[2].partition(" in run ")[0]
    what = _CHANGED.get(details["kind"], details["kind"])
    return Moment(entry.at, what, "in the directory", by, details["run"], changes=changes)


def _changes(details: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted((path, sides) for path, sides in details["changes"].items() if is_shown(path))


def _attempt(entry: Entry, _names: Mapping[str, str]) -> Moment:
    details, status = entry.details, entry.details["status"]
    worked = status is not None and 200 <= status < 300
    if details["method"] in _LOOKING or _SEARCHES.search(details["path"]):
        what = "Looked up" if worked or status == 404 else "Could not be looked up"
    else:
        what = "Sent and taken" if worked else "Sent and refused" if status else "Sent without an answer"
    note = f"{details['method']} {details['path']} → {status or details['error']}"
    address = url_for("console.delivery", delivery_id=entry.number)
    return Moment(entry.at, what, f"at {entry.about}", address=address, leads_to="The call", note=note)


def _plan(entry: Entry, _names: Mapping[str, str]) -> Moment:
    details = entry.details
    what = _PLANNED.get(details["kind"], details["kind"])
    state = _LINE_STATES.get(details["state"], details["state"])
    before, after = details["before"] or {}, details["after"] or {}
    changes = [
        (sentence(FIELDS[name].label if name in FIELDS else name), _side(before.get(name)), _side(value))
        for name, value in after.items()
    ]
    return Moment(
        entry.at,
        what if state == "done" else f"{what}: {state}",
        f"at {entry.about}",
        note=sentence(details["reason"] or ""),
        address=url_for("console.plan", plan_id=details["plan"]),
        leads_to=f"Plan {details['plan']}",
        changes=changes,
    )


def _deed(entry: Entry, _names: Mapping[str, str]) -> Moment:
    return Moment(entry.at, "Every value erased", "in the directory", entry.says.partition(" by ")[2])


_MAKERS: Mapping[str, Callable[[Entry, Mapping[str, str]], Moment]] = {
    "revision": _revision,
    "attempt": _attempt,
    "plan": _plan,
    "deed": _deed,
}


def _side(value: Any) -> str | None:
    """Return a value as people read it; what is confidential says so."""
    if value is None:
        return None
    return "confidential" if isinstance(value, dict) and set(value) == {"changed"} else shown(value)
