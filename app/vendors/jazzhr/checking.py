"""The named findings of a connection check: is JazzHR reached, is the key taken, and can everything be read."""

from __future__ import annotations

from collections.abc import Iterator

from app.sources.adapter import SourceContext
from app.sources.errors import SourceError, SourceUnavailable
from app.sources.records import Check
from app.vendors.jazzhr.client import JazzHRClient, Row, client_of

#: What is lost without a resource, in the order in which a hire leads to them.
_LOST = {
    "hires": "nobody is imported",
    "applicants": "people have no names and no addresses, so nobody is imported",
    "jobs": "people have no title, department and place of work",
}


def findings(context: SourceContext) -> list[Check]:
    """Return what a look at the account found; never raises for one that does not answer."""
    client = client_of(context)
    found: dict[str, list[Row] | SourceError] = {}
    for resource in _LOST:
        try:
            found[resource] = next(client.pages(resource), [])
        except SourceUnavailable as error:
            found[resource] = error
        except SourceError as error:
            if not found:
                return [Check("reach", False, str(error))]
            found[resource] = error
    return [Check("reach", True, f"{context.settings['base_url']} answers."), *_said(client, found)]


def _said(client: JazzHRClient, found: dict[str, list[Row] | SourceError]) -> Iterator[Check]:
    refusals = [answer for answer in found.values() if isinstance(answer, SourceUnavailable)]
    if len(refusals) == len(found):
        yield Check("sign in", False, str(refusals[0]))
        return
    yield Check("sign in", True, "JazzHR takes the API key.")
    for resource, answer in found.items():
        if isinstance(answer, SourceError):
            yield Check(
                f"permission {resource}", False, f"{resource} cannot be read: {_LOST[resource]}. {answer}"
            )
        else:
            yield Check(f"permission {resource}", True, f"{resource} can be read.")
    hires = found["hires"]
    if isinstance(hires, list):
        yield _people(client, hires)


def _people(client: JazzHRClient, hires: list[Row]) -> Check:
    """Say how many hires the first page has, and follow the first one to its applicant."""
    if not hires:
        return Check("people", True, "Nobody is hired yet.")
    many = "1 hire" if len(hires) == 1 else f"{len(hires)} hires on the first page"
    try:
        applicant = client.record("applicants", str(hires[0].get("applicant_id") or ""))
    except SourceError as error:
        return Check("people", False, f"{many}; the applicant of the first cannot be read. {error}")
    return Check("people", True, f"{many}; the first: {_initials(applicant or {})}.")


def _initials(applicant: Row) -> str:
    """Return what shows that there is a name without telling it: ``M… O…``."""
    names = (str(applicant.get(name) or "") for name in ("first_name", "last_name"))
    return " ".join(f"{name[0]}…" for name in names if name) or "without a name"
