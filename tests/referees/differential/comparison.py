"""Two answers to one request, brought into a form in which they may be compared, and where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tests.referees.differential.exchange import Answer, Names, Step, name_of

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: Lists whose order is part of the answer; all others are sets of values (RFC 7643 §2.4).
_ORDERED = frozenset({"Resources", "Operations"})


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """One place where the answers differ: ``outcome`` (then nothing else), ``body.Resources[0].name.givenName`` …"""

    step: Step
    place: str
    ours: Any
    theirs: Any
    our_answer: Answer
    their_answer: Answer

    @property
    def is_refused_by_both(self) -> bool:
        """True when neither server did what was asked."""
        return min(self.our_answer.status, self.their_answer.status) >= 400

    @property
    def is_lasting(self) -> bool:
        """True when the two directories hold different things now, as far as these answers tell."""
        if self.step.path.endswith(".search"):
            return "Resources" in self.place
        return not self.is_refused_by_both and (self.step.method != "GET" or self.place.startswith("body"))

    def __str__(self) -> str:
        return (
            f"{self.step}\n  {self.place}\n    Rollcall:     {self.ours!r}\n    scim2-server: {self.theirs!r}"
            f"\n  Rollcall:     {self.our_answer.status} {self.our_answer.body}"
            f"\n  scim2-server: {self.their_answer.status} {self.their_answer.body}"
        )


def differences(step: Step, ours: Answer, theirs: Answer, our: Names, their: Names) -> list[Difference]:
    """Return where two answers differ; the names hold what each server has shown of versions so far."""
    if step.path == "/Bulk" and ours.status == theirs.status == HTTPStatus.OK:
        return list(_of_bulk(step, ours, theirs, our, their))
    outcomes = outcome(ours), outcome(theirs)
    mine, other = _comparable(ours, our), _comparable(theirs, their)
    if not _asks_for_order(step):
        for answer in (mine, other):
            _take_order_away(answer.get("body"))
    found = [("outcome", *outcomes)] if outcomes[0] != outcomes[1] else _apart("", mine, other)
    found = [*found, *_restated(step, mine.get("body"), our)]
    return [Difference(step, place, mine, other, ours, theirs) for place, mine, other in found]


def _of_bulk(step: Step, ours: Answer, theirs: Answer, our: Names, their: Names) -> Iterator[Difference]:
    """Yield where the results of a bulk request differ, each operation judged as the request that it stands for."""
    results = [answer.body.pop("Operations") for answer in (ours, theirs)]
    yield from (
        Difference(step, place, mine, other, ours, theirs)
        for place, mine, other in _apart("", _comparable(ours, our), _comparable(theirs, their))
    )
    if len(results[0]) != len(results[1]):
        yield Difference(step, "number of results", len(results[0]), len(results[1]), ours, theirs)
    for asked, mine, other in zip(step.body["Operations"], *results, strict=False):
        alone = Step(asked["method"], asked["path"], asked.get("data"), creates=asked.get("bulkId"))
        yield from differences(alone, _result(alone, mine, our), _result(alone, other, their), our, their)


def _result(step: Step, result: dict[str, Any], names: Names) -> Answer:
    """Return the result of one bulk operation as the answer to it."""
    told = {name: value for name, value in result.items() if name not in ("version", "response")}
    version = names.ordinal(name_of(step) or "", result["version"]) if "version" in result else None
    return Answer(int(result["status"]), None, version, None, result.get("response", told))


def _restated(step: Step, body: Any, names: Names) -> Iterator[tuple[str, Any, Any]]:
    """Yield where Rollcall shows under one version what it has shown otherwise, whatever the other server says."""
    if not isinstance(body, dict) or "ttributes" in str((step.query, step.body)):
        return
    for resource in body.get("Resources", [body]):
        version = resource.get("meta", {}).get("version")
        # What follows from other resources comes and goes without a version of this one.
        content = {name: value for name, value in resource.items() if name != "groups"}
        if "members" in content:
            content["members"] = sorted(member["value"] for member in content["members"])
        if version and names.contents.setdefault((resource["id"], version), content) != content:
            yield "content of a version", content, names.contents[resource["id"], version]


def _asks_for_order(step: Step) -> bool:
    asked = {*dict(step.query), *(step.body if isinstance(step.body, dict) else ())}
    return not asked.isdisjoint({"sortBy", "startIndex", "count"})


def _take_order_away(body: Any) -> None:
    """Put a list that nobody sorted into one order: the RFC gives it none, and a bulk request may make any."""
    if isinstance(body, dict) and "Resources" in body:
        body["Resources"].sort(key=lambda resource: resource["id"])


def outcome(answer: Answer) -> str:
    """Return the status of an answer, with the scimType of an error: ``"400 invalidValue"``."""
    is_error = answer.status >= 400 and isinstance(answer.body, dict)
    return f"{answer.status} {answer.body.get('scimType') or ''}".strip() if is_error else str(answer.status)


def _comparable(answer: Answer, names: Names) -> dict[str, Any]:
    shown = {
        "status": answer.status,
        "content type": answer.content_type,
        "entity tag": answer.etag,
        "location": answer.location,
        "body": _settled(answer.body, names),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _settled(value: Any, names: Names, name: str = "", holder: str = "") -> Any:
    """Return a value without what two servers may choose freely: instants, tags, wording, the order of sets."""
    if isinstance(value, dict):
        owner = str(value.get("id") or value.get("location") or holder).rpartition("/")[2].strip("{}")
        return {key: _settled(item, names, key, owner) for key, item in value.items() if key != "detail"}
    if isinstance(value, list):
        items = [_settled(item, names, "", holder) for item in value]
        return items if name in _ORDERED else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    if name == "version" and isinstance(value, str):
        return names.ordinal(holder, value)
    if name in ("created", "lastModified") and isinstance(value, str) and _INSTANT.fullmatch(value):
        return "an instant"
    return value


def _apart(place: str, ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the deepest places at which two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys([*ours, *theirs]):
            inner = f"{place}.{key}" if place else key
            yield from _apart(inner, ours.get(key, ABSENT), theirs.get(key, ABSENT))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _apart(f"{place}[{number}]", mine, other)
    elif ours != theirs or type(ours) is not type(theirs):
        yield place, ours, theirs
