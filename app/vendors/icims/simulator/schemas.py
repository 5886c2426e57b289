"""How the simulated customer describes its profiles: JSON Schema per kind (vendors.md §2.3)."""

from __future__ import annotations

from typing import Any

from app.vendors.icims.simulator.company import (
    ADP_ID,
    HOME_DEPARTMENT,
    JOB_CODE,
    JOB_JOB_CODE,
    LOCATION_CODE,
)

_TEXT = {"type": "string"}
_DAY = {"type": "string", "format": "date"}
_LIST = {"type": "object", "properties": dict.fromkeys(("id", "value", "formattedvalue"), _TEXT)}
_LINK = {"type": "object", "properties": {"profile": _TEXT, "id": {"type": "integer"}, "value": _TEXT}}


def _entries(*names: str) -> dict[str, Any]:
    members = {"entry": {"type": "integer"}, **dict.fromkeys(names, _TEXT)}
    return {"type": "array", "items": {"type": "object", "properties": members}}


PERSON: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("firstname", "middlename", "lastname", "email", "usssn"), _TEXT),
    **dict.fromkeys(("startdate", "hiredate", "enddate", "birthdate"), _DAY),
    **dict.fromkeys(("folder", "gender"), _LIST),
    "addresses": _entries("addressstreet1", "addressstreet2", "addresscity", "addresszip"),
    "phones": _entries("phonenumber"),
    **dict.fromkeys((ADP_ID, JOB_CODE, HOME_DEPARTMENT, LOCATION_CODE), _TEXT),
}
JOB: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("jobid", "jobtitle", JOB_JOB_CODE), _TEXT),
    "startdate": _DAY,
    **dict.fromkeys(("folder", "department", "positioncategory"), _LIST),
    **dict.fromkeys(("hiringmanager", "recruiter", "joblocation"), _LINK),
}
SCHEMAS = {"person": PERSON, "job": JOB}
#: What the customer calls its own fields; shown by the persona ``schema-titles`` only.
TITLES = {
    ADP_ID: "ADP Associate ID",
    JOB_CODE: "Job Code",
    HOME_DEPARTMENT: "Home Department",
    LOCATION_CODE: "Location Code",
    JOB_JOB_CODE: "Position Code",
}


def schema(kind: str, hidden: frozenset[str], *, titled: bool = False) -> dict[str, Any]:
    """Return the schema of a kind of profile, without what the API's user may not see; KeyError for another kind."""
    members = {
        name: {**told, "title": TITLES[name]} if titled and name in TITLES else told
        for name, told in SCHEMAS[kind].items()
        if name not in hidden
    }
    return {"type": "object", "properties": members}
