"""When a difference is of an accepted kind: narrow tests of the request and of what both servers said."""

from __future__ import annotations

import re
from typing import Any

from scim.keys import comparison_key
from scim.resources import ENTERPRISE
from tests.referees.differential.comparison import ABSENT, Difference

_UNREADABLE = re.compile(r"\bpassword\b")
_IN_BODY = re.compile(r"body\.(?:Resources\[\d+\]\.)?(.+)")
_ENDS_IN_FILTER = re.compile(r"\[.*\](\.\w+)?")


def _operations(found: Difference) -> list[dict[str, Any]]:
    body = found.step.body
    listed = body.get("Operations") if isinstance(body, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _paths(found: Difference) -> list[str]:
    return [each["path"] for each in _operations(found) if isinstance(each.get("path"), str)]


def _filter(found: Difference) -> str:
    body = found.step.body if isinstance(found.step.body, dict) else {}
    return str(dict(found.step.query).get("filter") or body.get("filter") or "")


def _sent(found: Difference) -> dict[str, Any]:
    """Return the attributes of the request's body, names in lower case."""
    body = found.step.body if isinstance(found.step.body, dict) else {}
    return {name.lower(): value for name, value in body.items()}


def _is(found: Difference, method: str, ours: str, *theirs: str) -> bool:
    """True when a request with this method has these outcomes."""
    return (found.step.method, found.place, found.ours) == (
        method,
        "outcome",
        ours,
    ) and found.theirs in theirs


def _attribute(found: Difference) -> str:
    """Return the path within the resource at which the answers differ, empty outside a resource."""
    place = _IN_BODY.fullmatch(found.place)
    return place[1] if place else ""


def is_created_active(found: Difference) -> bool:
    return _attribute(found) == "active" and (found.ours, found.theirs) == (True, ABSENT)


def stays_inactive(found: Difference) -> bool:
    return _attribute(found) == "active" and (found.ours, found.theirs) == (False, ABSENT)


def is_stored_once(found: Difference) -> bool:
    """True when their list holds a pair of (type, value) twice and ours holds each of theirs once."""
    if not isinstance(found.ours, list) or not isinstance(found.theirs, list):
        return False
    ours, theirs = [[_pair(each) for each in values] for values in (found.ours, found.theirs)]
    return len(set(ours)) == len(ours) < len(theirs) and set(ours) == set(theirs)


def _pair(entry: Any) -> tuple[str, str]:
    return comparison_key(str(entry.get("type", ""))), comparison_key(str(entry.get("value", entry)))


def changes_nothing(found: Difference) -> bool:
    """True when ours kept the version over a write; that one version has one content is compared on its own."""
    is_version = found.place in ("entity tag", "body.meta.version")
    return is_version and found.step.method in ("PUT", "PATCH") and found.ours < found.theirs


def is_bare_label(found: Difference) -> bool:
    """True when all that theirs keeps beyond ours are labels of no value."""
    ours = [] if found.ours is ABSENT else found.ours
    if not isinstance(ours, list) or not isinstance(found.theirs, list):
        return False
    beyond = [each for each in found.theirs if each not in ours]
    are_labels = all(
        isinstance(each, dict) and each.keys() <= {"type", "primary", "display"} for each in beyond
    )
    return bool(beyond) and are_labels and len(ours) + len(beyond) == len(found.theirs)


def finds_no_target(found: Difference) -> bool:
    is_selected = any(_ENDS_IN_FILTER.search(path) for path in _paths(found))
    return _is(found, "PATCH", "400 noTarget", "200", "400 invalidValue") and is_selected


def is_malformed_patch(found: Difference) -> bool:
    operations = _operations(found)
    has_verbs = all(str(each.get("op")).lower() in ("add", "remove", "replace") for each in operations)
    return _is(found, "PATCH", "400 invalidSyntax", "400 invalidValue") and not (operations and has_verbs)


def is_manager_alone(found: Difference) -> bool:
    is_taken = (
        found.place == "outcome" and found.ours in ("200", "201") and found.theirs == "400 invalidValue"
    )
    sent = [_sent(found).get(ENTERPRISE.lower()), *(each.get("value") for each in _operations(found))]
    managers = [each["manager"] for each in sent if isinstance(each, dict) and "manager" in each]
    managers += [
        each.get("value") for each in _operations(found) if str(each.get("path")).endswith(":manager")
    ]
    return is_taken and any(not isinstance(manager, dict) for manager in managers)


def has_bad_path_filter(found: Difference) -> bool:
    return _is(found, "PATCH", "400 invalidFilter", "400 invalidPath") and any(
        "[" in p for p in _paths(found)
    )


def names_nothing(found: Difference) -> bool:
    theirs = ("200", "400 invalidValue", "400 noTarget", "400 invalidFilter")
    return _is(found, "PATCH", "400 invalidPath", *theirs) and len(_operations(found)) == 1


def probes_a_secret(found: Difference) -> bool:
    is_refused = found.place == "outcome" and (found.ours, found.theirs) == ("400 invalidFilter", "200")
    return is_refused and bool(_UNREADABLE.search(_filter(found)))


def compares_the_complex(found: Difference) -> bool:
    is_refused = found.place == "outcome" and (found.ours, found.theirs) == ("400 invalidFilter", "200")
    return is_refused and 'name eq "x"' in _filter(found)


def is_of_another_type(found: Difference) -> bool:
    is_refused = found.place == "outcome" and (found.ours, found.theirs) == (
        "400 invalidValue",
        "400 invalidSyntax",
    )
    return is_refused and found.step.method in ("POST", "PUT") and "schemas" in _sent(found)


def discards_the_password(found: Difference) -> bool:
    is_kind = found.step.method in ("POST", "PUT", "PATCH") and found.place == "outcome"
    is_taken = found.ours in ("200", "201") and found.theirs == "400 invalidValue"
    return is_kind and is_taken and not isinstance(_sent(found).get("password", ""), str)


def _asked(found: Difference, name: str) -> Any:
    body = found.step.body if isinstance(found.step.body, dict) else {}
    return dict(found.step.query).get(name, body.get(name))


def cannot_be_sorted_by(found: Difference) -> bool:
    is_refused = found.ours in ("400 invalidValue", "400 invalidFilter") and found.theirs == "400 invalidPath"
    return found.place == "outcome" and is_refused and bool(_asked(found, "sortBy"))


def understands_the_order(found: Difference) -> bool:
    """True when the order is spelled in another case, or there is nothing to order by."""
    order = str(_asked(found, "sortOrder"))
    is_understood = order.lower() in ("ascending", "descending") or not _asked(found, "sortBy")
    return (
        found.place == "outcome"
        and (found.ours, found.theirs) == ("200", "400 invalidValue")
        and is_understood
    )


def adds_a_text(found: Difference) -> bool:
    return _is(found, "PATCH", "200", "400 invalidValue") and any(
        each.get("value") == ["x"] for each in _operations(found)
    )


def selects_two_primaries(found: Difference) -> bool:
    is_set = any(path.endswith("].primary") for path in _paths(found))
    return _is(found, "PATCH", "400 invalidValue", "200") and is_set


def looks_for_the_resource_first(found: Difference) -> bool:
    return (
        found.place == "outcome"
        and found.is_refused_by_both
        and bool({"404", "412"} & {found.ours, found.theirs})
    )


def names_another_operation(found: Difference) -> bool:
    return found.place == "outcome" and found.is_refused_by_both and len(_operations(found)) > 1


def has_no_filter(found: Difference) -> bool:
    return (found.ours, found.theirs) == ("200", "400 invalidFilter") and not _filter(found)


def writes_schemas(found: Difference) -> bool:
    return _is(found, "PATCH", "400 mutability", "400 invalidValue", "200") and "schemas" in _paths(found)


def sends_read_only_back(found: Difference) -> bool:
    return _is(found, "PATCH", "200", "400 mutability") and not _paths(found)


def starts_with_a_mark(found: Difference) -> bool:
    return (
        (found.step.raw or "").startswith("\ufeff")
        and found.place == "outcome"
        and found.theirs == "400 invalidSyntax"
    )


def filters_the_config(found: Difference) -> bool:
    is_config = found.step.path == "/ServiceProviderConfig"
    return is_config and (found.place, found.ours, found.theirs) == ("outcome", "200", "403")


def sends_no_number(found: Difference) -> bool:
    """True when ours refuses the body for its NaN, whatever theirs makes of it."""
    return (found.place, found.ours) == ("outcome", "400 invalidSyntax") and "NaN" in (found.step.raw or "")


def refers_to_no_operation(found: Difference) -> bool:
    return _is(found, "POST", "400 invalidValue", "409") and "bulkId:u99" in str(found.step.body)


def unassigns_what_is_not_there(found: Difference) -> bool:
    empty = [
        each
        for each in _operations(found)
        if each.get("value") in ("", None, []) and "[" in str(each.get("path"))
    ]
    return _is(found, "PATCH", "200", "400 noTarget") and any(
        str(each["op"]).lower() != "remove" for each in empty
    )
