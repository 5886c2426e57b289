"""The named findings of a connection check: is it reached, is the key taken, and what may the key see."""

from __future__ import annotations

from collections.abc import Iterator

from app.sources.adapter import SourceContext
from app.sources.errors import SourceError
from app.sources.records import Check
from app.vendors.bamboohr import records
from app.vendors.bamboohr import settings as told
from app.vendors.bamboohr.client import EPOCH, REFUSED, BambooHRClient, Row, client_of, reason, way_out
from app.vendors.bamboohr.locations import by_name
from app.vendors.bamboohr.reading import DELETED

_SAMPLE = 3
_SHOWN = 3
_WHERE = "Grant it to the access level of the key's owner: Settings > Access Levels in BambooHR"
#: Without these nobody can be told apart, matched or suspended.
_NEEDED = {
    "firstName": "people have no names",
    "lastName": "people have no names",
    "status": "nobody who leaves is suspended",
    "workEmail": "nobody is matched, and nobody gets an account",
}
_LOCATIONS = {
    "ats": "Give the key's owner access to applicant tracking (Settings > Access Levels), or set locations=none",
    "hris": "BambooHR documents this way for OAuth only; set locations=ats or locations=none",
}


def findings(context: SourceContext) -> list[Check]:
    """Return what a look at the account found. Never raises for an account that does not answer."""
    found: list[Check] = []
    try:
        client = client_of(context)
    except SourceError as error:
        return [Check("sign in", False, str(error))]
    try:
        for finding in _findings(context, client):
            found.append(finding)
    except SourceError as error:
        found.append(Check("read" if found else "reach", False, str(error)))
    return found


def _findings(context: SourceContext, client: BambooHRClient) -> Iterator[Check]:
    response = client.caller.answer("GET", "/employees/changed", query=(("since", EPOCH),), expected=REFUSED)
    if response.status == 404:
        yield Check(
            "reach", False, "There is no BambooHR account at this address (status 404); set subdomain."
        )
        return
    yield Check("reach", True, f"{told.base_url(context.settings)} answers.")
    if response.status == 401:
        yield Check(
            "sign in",
            False,
            f"BambooHR does not take the API key ({reason(response)}). {way_out(context)}",
        )
        return
    yield Check("sign in", True, "BambooHR takes the API key.")
    if response.status == 403:
        yield Check(
            "permission employees", False, f"The key may not list employees ({reason(response)}). {_WHERE}."
        )
        return
    changes = client.changed(EPOCH)
    present = [each for each, action in changes.employees.items() if action.lower() != DELETED]
    yield _people(client, len(present))
    yield from _fields(client, context, present)
    yield _locations(client, context.settings["locations"])
    yield _webhooks(client)


def _people(client: BambooHRClient, listed: int) -> Check:
    """Say how many there are; the directory shows initials of the active ones, if it is shared."""
    status, rows = client.directory()
    if status == 403:
        return Check("people", True, f"{listed} people; the directory is not shared with the key's owner.")
    # An empty directory is a 404 (§5.2).
    if not rows:
        return Check("people", True, f"{listed} people, none of them active.")
    first = ", ".join(_initials(row) for row in rows[:_SHOWN])
    return Check("people", True, f"{listed} people, {len(rows)} of them active; the first: {first}.")


def _initials(row: Row) -> str:
    """Return what shows that there are names without telling them: ``M… O…``."""
    names = (str(row.get(name) or "") for name in ("firstName", "lastName"))
    return " ".join(f"{name[0]}…" for name in names if name) or "…"


def _fields(client: BambooHRClient, context: SourceContext, people: list[str]) -> Iterator[Check]:
    """Say of each field whether the key may see it: BambooHR leaves out what it may not (§5.1)."""
    if not people:
        yield Check(
            "permission fields", True, "Nobody is there yet whose record would show it.", needed=False
        )
        return
    # The first is the id, which is always there.
    wanted = told.wanted_fields(context.settings)
    answers = [client.employee(each, wanted) for each in people[:_SAMPLE]]
    seen = [members for status, members in answers if status not in REFUSED]
    if not seen:
        yield Check("permission employees", False, f"The key may not view employees. {_WHERE}.")
        return
    yield Check("permission employees", True, "The key may view employees.")
    granted = {name for members in seen for name in members}
    labels = {field.name: field.label for field in records.record_fields(told.extra_fields(context.settings))}
    for name in wanted[1:]:
        yield _field(name, labels[name], name in granted)


def _field(name: str, label: str, granted: bool) -> Check:
    if granted:
        return Check(f"permission {name}", True, f"{label}: can be read.", needed=name in _NEEDED)
    lost = _NEEDED.get(name, "it stays as it is in the directory")
    message = f"{label}: BambooHR does not give it to the key; {lost}. {_WHERE}."
    return Check(f"permission {name}", False, message, needed=name in _NEEDED)


def _locations(client: BambooHRClient, way: str) -> Check:
    if way == "none":
        return Check(
            "permission locations", True, "Work addresses are not read (locations=none).", needed=False
        )
    try:
        status, rows = client.locations(way)
    except SourceError as error:
        return Check("permission locations", False, str(error), needed=False)
    if status in REFUSED:
        message = (
            f"The key may not read the addresses of locations (status {status}): work addresses stay unknown, "
            f"everything else is imported. {_LOCATIONS[way]}."
        )
        return Check("permission locations", False, message, needed=False)
    return Check("permission locations", True, f"{len(by_name(rows))} locations.", needed=False)


def _webhooks(client: BambooHRClient) -> Check:
    try:
        response = client.caller.answer("GET", "/webhooks", expected=REFUSED)
    except SourceError as error:
        return Check("permission webhooks", False, str(error), needed=False)
    if response.ok:
        return Check("permission webhooks", True, "Webhooks can be made.", needed=False)
    message = f"The key may not make webhooks ({reason(response)}): changes come with the schedule only."
    return Check("permission webhooks", False, message, needed=False)
