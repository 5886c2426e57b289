"""PATCH bodies and bulk requests, from right ones to cycles of bulkIds and operations that are none."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.security.fuzz import documents, filters, values
from tests.security.fuzz.known import Known

Document = dict[str, Any]

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_VERBS = ("add", "replace", "remove", "Add", "REPLACE", "Remove", "move", "", None, 1, ["add"])
_VERB_WEIGHTS = (30, 30, 25, 5, 5, 5, 1, 1, 1, 1, 1)
_METHODS = ("POST", "PUT", "PATCH", "DELETE", "post", "GET", "", None, 7, "TRACE")
_METHOD_WEIGHTS = (40, 10, 25, 15, 5, 2, 1, 1, 1, 1)
_BULK_IDS: tuple[Any, ...] = ("a", "b", "c", "d", "", "a:b", "bulkId:a", "x" * 300, None, 5, "\0", "é", "A")


def patch(chance: Random, known: Known, kind: str) -> Document:
    """Return a PatchOp body for a ``user`` or a ``group``."""
    number = chance.choice((1, 1, 1, 2, 3, 5)) if chance.random() < 0.99 else chance.choice((0, 100, 101))
    operations = [_operation(chance, known, kind) for _ in range(number)]
    return {"schemas": [PATCH_OP], "Operations": operations}


def bulk(chance: Random, known: Known) -> Document:
    """Return a BulkRequest body whose operations refer to each other, in circles too."""
    number = chance.choice((1, 2, 3, 4, 6)) if chance.random() < 0.97 else chance.choice((0, 30, 100, 101))
    body: Document = {
        "schemas": [BULK_REQUEST],
        "Operations": [_bulk_operation(chance, known) for _ in range(number)],
    }
    if chance.random() < 0.3:
        body["failOnErrors"] = chance.choice((1, 2, 0, -1, "1", None, 1.5, 10**20))
    return body


def circle(chance: Random, known: Known) -> Document:
    """Return a BulkRequest that makes groups which contain each other, all in a ring, and sometimes themselves."""
    size = chance.choice((1, 2, 3, 10, 50))
    operations = []
    for n in range(size):
        data = documents.group(chance, known) | {"members": [{"value": f"bulkId:{(n + 1) % size}"}]}
        operations.append({"method": "POST", "path": "/Groups", "bulkId": str(n), "data": data})
    chance.shuffle(operations)
    return {"schemas": [BULK_REQUEST], "Operations": operations}


def _operation(chance: Random, known: Known, kind: str) -> Document:
    operation: Document = {"op": chance.choices(_VERBS, _VERB_WEIGHTS)[0]}
    if kind == "group" and chance.random() < 0.6:
        return operation | _membership(chance, known)
    if chance.random() < 0.08:
        return operation | {"path": chance.choice(documents.SECRET_PATHS), "value": documents.secret(chance)}
    if chance.random() < 0.8:
        operation["path"] = filters.patch_path(chance)
    if chance.random() < 0.9:
        operation["value"] = _value(chance, known, "path" in operation)
    return operation


def _membership(chance: Random, known: Known) -> Document:
    wanted = documents.members(chance, known)
    one = known.any_id(chance)
    return chance.choice(
        (
            {"path": "members", "value": wanted},
            {"path": "Members", "value": wanted[0] if wanted else None},
            {"value": {"members": wanted}},
            {"path": f'members[value eq "{one}"]'},
            {"path": f'members[value eq "{one}"].display', "value": "x"},
            {"path": f'members[value eq "{one}" or display co "a"]', "value": {"value": one}},
            {"path": "members.value", "value": one},
            {"path": "members"},
            {"path": "members", "value": [one, None, values.value(chance)]},
        )
    )


def _value(chance: Random, known: Known, has_path: bool) -> Any:
    roll = chance.random()
    if roll < 0.3 or (not has_path and roll < 0.8):
        made = documents.user(chance, known)
        made.pop("schemas")
        # A path could give a secret to an attribute that shows it, which would be the client's own doing.
        return documents.slipped(chance, documents.without_canaries(made))
    if roll < 0.6:
        return chance.choice(
            (True, "False", "x", "ada@example.com", {"value": "x"}, [{"value": "x"}], 1, "", None, [])
        )
    return values.value(chance)


def _bulk_operation(chance: Random, known: Known) -> Document:
    endpoint = chance.choice(("/Users", "/Users", "/Groups"))
    kind = "user" if endpoint == "/Users" else "group"
    method = chance.choices(_METHODS, _METHOD_WEIGHTS)[0]
    operation: Document = {"method": method, "path": _path(chance, known, endpoint, method)}
    if chance.random() < 0.8:
        operation["bulkId"] = chance.choice(_BULK_IDS)
    if chance.random() < 0.9:
        operation["data"] = _data(chance, known, kind, method)
    if chance.random() < 0.1:
        operation["version"] = chance.choice(('W/"1"', "*", "", 'W/"' + "9" * 300 + '"', None, 1))
    return documents.slipped(chance, operation) if chance.random() < 0.1 else operation


def _path(chance: Random, known: Known, endpoint: str, method: Any) -> Any:
    roll = chance.random()
    if roll < 0.05:
        return chance.choice(
            (
                None,
                "",
                "/",
                "Users",
                "/Me",
                "/Bulk",
                "/.search",
                f"{endpoint}/a/b",
                f"{endpoint}?filter=x",
                values.text(chance),
            )
        )
    if method in ("POST", "post"):
        return endpoint
    reference = f"bulkId:{chance.choice(_BULK_IDS)}"
    return f"{endpoint}/{reference if chance.random() < 0.3 else known.any_id(chance, endpoint)}"


def _data(chance: Random, known: Known, kind: str, method: Any) -> Any:
    if method == "PATCH":
        return patch(chance, known, kind)
    made = documents.user(chance, known) if kind == "user" else documents.group(chance, known)
    if chance.random() < 0.5:
        wanted = [{"value": f"bulkId:{chance.choice(_BULK_IDS)}"}, *made.get("members", ())]
        made |= {"members": wanted} if kind == "group" else {"title": f"bulkId:{chance.choice(_BULK_IDS)}"}
    return documents.slipped(chance, made) if chance.random() < 0.3 else made
