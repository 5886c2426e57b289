"""Bulk requests: RFC 7644 §3.7, from JSON to operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.bulk import (
    BULK_REQUEST_SCHEMA,
    MAX_BULK_ID,
    MAX_OPERATIONS,
    MAX_PAYLOAD_BYTES,
    Bulk,
    BulkOperation,
    parse_bulk,
    resolved,
    split_path,
)
from scim.errors import InvalidSyntax, InvalidValue, PayloadTooLarge, ScimError

BASE = "https://example.com/t/acme/scim/v2"
ALICE = {"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"userName": "Alice"}}
DELETE = {"method": "DELETE", "path": "/Users/1"}


def request(*operations: Any, **members: Any) -> bytes:
    return json.dumps({"schemas": [BULK_REQUEST_SCHEMA], "Operations": operations, **members}).encode()


def parsed(*operations: Any, **members: Any) -> Bulk:
    return parse_bulk(request(*operations, **members), BASE)


def only(operation: Any) -> BulkOperation:
    (found,) = parsed(operation).operations
    return found


def without(source: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name not in names}


# --- the envelope ---


def test_the_example_of_the_rfc_is_read() -> None:
    bulk = parsed(
        ALICE,
        {"method": "PUT", "path": "/Users/b7c1", "version": 'W/"3694"', "data": {"userName": "Bob"}},
        {"method": "PATCH", "path": "/Users/5d8d", "data": [{"op": "remove", "path": "nickName"}]},
        {"method": "DELETE", "path": "/Users/e902", "version": 'W/"0ee8"', "data": {"ignored": True}},
        failOnErrors=1,
    )
    assert bulk.fail_on_errors == 1
    assert bulk.operations == (
        BulkOperation(0, "POST", "/Users", "qwerty", None, {"userName": "Alice"}),
        BulkOperation(1, "PUT", "/Users/b7c1", None, 'W/"3694"', {"userName": "Bob"}),
        BulkOperation(2, "PATCH", "/Users/5d8d", data={"Operations": [{"op": "remove", "path": "nickName"}]}),
        BulkOperation(3, "DELETE", "/Users/e902", None, 'W/"0ee8"'),
    )
    assert [(each.endpoint, each.resource_id) for each in bulk.operations] == [
        ("/Users", None),
        ("/Users", "b7c1"),
        ("/Users", "5d8d"),
        ("/Users", "e902"),
    ]


def test_names_and_methods_come_in_any_case_and_schemas_may_be_absent() -> None:
    body = {
        "operations": [{"Method": "post", "PATH": "/Users", "BulkID": "q", "DATA": {}}],
        "failonerrors": 2,
    }
    bulk = parse_bulk(json.dumps(body).encode())
    assert bulk == Bulk((BulkOperation(0, "POST", "/Users", "q", None, {}),), 2)


@pytest.mark.parametrize("schemas", [[BULK_REQUEST_SCHEMA.upper()], BULK_REQUEST_SCHEMA, [], None])
def test_schemas_are_read_leniently(schemas: Any) -> None:
    assert len(parsed(DELETE, schemas=schemas).operations) == 1


@pytest.mark.parametrize(
    ("raw", "error", "reason"),
    [
        (b"[]", InvalidSyntax, "not a JSON object"),
        (b"{", InvalidSyntax, "not JSON"),
        (b"{}", InvalidSyntax, 'no "Operations"'),
        (request(), InvalidSyntax, 'no "Operations"'),
        (json.dumps({"Operations": DELETE}).encode(), InvalidSyntax, 'no "Operations"'),
        (request(DELETE, schemas=["urn:x"]), InvalidSyntax, "not a BulkRequest"),
        (request(DELETE, schemas=7), InvalidSyntax, "not a BulkRequest"),
        (request(DELETE, failOnErrors=0), InvalidValue, "failOnErrors: 0"),
        (request(DELETE, failOnErrors=True), InvalidValue, "failOnErrors: true"),
        (request(DELETE, failOnErrors="1"), InvalidValue, "failOnErrors"),
        (request(DELETE, failOnErrors=1.5), InvalidValue, "failOnErrors"),
    ],
)
def test_a_malformed_envelope_refuses_the_request(raw: bytes, error: type[ScimError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        parse_bulk(raw)


def test_a_request_beyond_the_payload_limit_is_refused_unread() -> None:
    with pytest.raises(PayloadTooLarge, match=r"exceeds the maxPayloadSize \(1048576\)"):
        parse_bulk(b"{" * (MAX_PAYLOAD_BYTES + 1))
    whole = request(DELETE)
    assert parse_bulk(whole + b" " * (MAX_PAYLOAD_BYTES - len(whole)))


def test_a_request_beyond_the_operation_limit_is_refused() -> None:
    assert len(parsed(*[DELETE] * MAX_OPERATIONS).operations) == MAX_OPERATIONS
    with pytest.raises(PayloadTooLarge, match=r"\(101\) exceeds the maxOperations \(100\)"):
        parsed(*[7] * (MAX_OPERATIONS + 1))


# --- single operations ---


@pytest.mark.parametrize(
    ("operation", "error", "reason"),
    [
        (7, InvalidSyntax, "Operation 1 is not a JSON object"),
        ({}, InvalidSyntax, "method: null"),
        ({**ALICE, "method": "GET"}, InvalidSyntax, 'method: "GET" is not'),
        ({**ALICE, "method": ["POST"]}, InvalidSyntax, "method"),
        (without(ALICE, "path"), InvalidValue, "no path"),
        ({**ALICE, "path": 5}, InvalidValue, "no path"),
        ({**ALICE, "path": "/Users/1"}, InvalidValue, "needs the path of an endpoint"),
        ({**ALICE, "path": "/Users/.search"}, InvalidValue, "needs the path of an endpoint"),
        ({**DELETE, "path": "/Users"}, InvalidValue, "needs the path of a resource"),
        ({**DELETE, "path": "/Users/"}, InvalidValue, "needs the path of a resource"),
        ({**DELETE, "path": "/Users/1/2"}, InvalidValue, "neither an endpoint"),
        ({**DELETE, "path": "/Users/1?attributes=id"}, InvalidValue, "neither an endpoint"),
        ({**DELETE, "path": "/Users/" + "1" * 300}, InvalidValue, "neither an endpoint"),
        ({**DELETE, "path": "https://elsewhere.example/Users/1"}, InvalidValue, "neither an endpoint"),
        (without(ALICE, "bulkId"), InvalidValue, "bulkId: null"),
        ({**ALICE, "bulkId": ""}, InvalidValue, "bulkId"),
        ({**ALICE, "bulkId": 5}, InvalidValue, "bulkId: 5"),
        ({**ALICE, "bulkId": "x" * (MAX_BULK_ID + 1)}, InvalidValue, "more than 200 characters"),
        ({**DELETE, "bulkId": 5}, InvalidValue, "bulkId: 5"),
        (without(ALICE, "data"), InvalidValue, "The POST has no data"),
        ({**DELETE, "method": "PUT"}, InvalidValue, "The PUT has no data"),
        ({**DELETE, "method": "PATCH", "data": None}, InvalidValue, "The PATCH has no data"),
        ({**ALICE, "data": "{}"}, InvalidSyntax, "data: .* is not the JSON object"),
        ({**DELETE, "method": "PUT", "data": []}, InvalidSyntax, "is not the JSON object"),
        ({**DELETE, "version": 3}, InvalidValue, "version: 3"),
    ],
)
def test_a_malformed_operation_is_its_own_error(operation: Any, error: type[ScimError], reason: str) -> None:
    wrong, right = parsed(operation, {**ALICE, "bulkId": "other"}).operations
    with pytest.raises(error, match=reason):
        raise wrong.error or AssertionError("no error")
    assert right.error is None


def test_a_malformed_operation_keeps_what_the_answer_repeats() -> None:
    wrong = only(without({**ALICE, "method": "put", "path": "/Users/1"}, "data"))
    assert (wrong.method, wrong.bulk_id, wrong.path) == ("PUT", "qwerty", "/Users/1")
    wrong = only({**ALICE, "method": "x" * 300, "bulkId": "y" * 300})
    assert (wrong.method, wrong.bulk_id, wrong.path) == ("", None, "")


def test_only_a_post_needs_a_bulk_id_and_any_operation_may_have_one() -> None:
    assert only({**DELETE, "bulkId": "echoed"}).bulk_id == "echoed"
    bulk = parsed(ALICE, {**DELETE, "bulkId": "qwerty"})
    assert [each.error for each in bulk.operations] == [None, None]
    assert dict(bulk.creators) == {"qwerty": bulk.operations[0]}


def test_the_second_post_with_a_bulk_id_is_refused() -> None:
    first, second, third = parsed(ALICE, ALICE, {**ALICE, "bulkId": "QWERTY"}).operations
    assert first.error is None and third.error is None
    assert isinstance(second.error, InvalidValue) and "is taken" in second.error.detail


odd: st.SearchStrategy[Any] = st.sampled_from([1, None, {}, [], ""])
operations_of_any_kind = st.integers() | st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["POST", "Post", "patch", "DELETE", "GET"]) | odd,
        "path": st.sampled_from(["/Users", "/Users/1", "/Users/bulkId:a", "/Users?x"]) | odd,
        "bulkId": st.sampled_from(["a", "b"]) | odd,
        "data": st.sampled_from([{"value": "bulkId:a"}, {"value": "bulkId:b"}, "bulkId:a"]) | odd,
        "version": st.just('W/"1"') | odd,
    },
)


@given(st.lists(operations_of_any_kind, min_size=1, max_size=5))
def test_every_operation_is_read_or_has_an_error(operations: list[Any]) -> None:
    bulk = parsed(*operations)
    assert [each.position for each in bulk.operations] == list(range(len(operations)))
    for operation in bulk.operations:
        if operation.error is None:
            assert operation.endpoint == "/Users"
            assert operation.references <= bulk.creators.keys()
            assert (operation.method == "POST") == (operation.resource_id is None)


# --- paths ---


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/Users", ("/Users", None)),
        ("Users/1", ("/Users", "1")),
        (f"{BASE}/Groups/1", ("/Groups", "1")),
        ("/t/acme/scim/v2/Groups", ("/Groups", None)),
        ("/Users/bulkId:qwerty", ("/Users", "bulkId:qwerty")),
        ("/Users/BULKID:what/is?this", ("/Users", "BULKID:what/is?this")),
    ],
)
def test_a_path_is_an_endpoint_and_perhaps_an_id(path: str, parts: tuple[str, str | None]) -> None:
    assert split_path(path, BASE) == parts


@pytest.mark.parametrize(
    "path", ["", "/", "//Users", "/?x", "/Users?x/1", "/Users#1", f"{BASE}x/Users", BASE]
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidValue):
        split_path(path, BASE)


# --- references ---


def test_references_are_known_and_resolved_in_path_and_data() -> None:
    patch = {
        "method": "PATCH",
        "path": "/Groups/bulkId:tour",
        "data": {
            "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:qwerty"}]},
                {"op": "remove", "path": 'members[value eq "bulkId:tour"]'},
            ]
        },
    }
    found = parsed(ALICE, {**ALICE, "path": "/Groups", "bulkId": "tour"}, patch).operations[2]
    assert found.references == {"tour", "qwerty"}
    ready = resolved(found, {"tour": "g-1", "qwerty": "u-1"})
    assert (ready.path, ready.resource_id, ready.references) == ("/Groups/g-1", "g-1", frozenset())
    assert ready.data["Operations"][0]["value"] == [{"value": "u-1"}]
    assert ready.data["Operations"][1]["path"] == 'members[value eq "g-1"]'


def test_an_operation_without_references_is_resolved_already() -> None:
    operation = only(ALICE)
    assert resolved(operation, {}) is operation


@pytest.mark.parametrize(
    "operation",
    [
        {**ALICE, "bulkId": "b", "data": {"manager": {"value": "bulkId:nobody"}}},
        {**DELETE, "path": "/Users/bulkId:nobody"},
        {**ALICE, "bulkId": "b", "data": {"manager": {"value": "bulkId:Qwerty"}}},
        {**ALICE, "bulkId": "b", "data": {"manager": {"value": "bulkId:"}}},
    ],
)
def test_a_reference_to_no_post_of_the_request_is_an_invalid_value(operation: dict[str, Any]) -> None:
    first, second = parsed(ALICE, operation).operations
    assert first.error is None
    assert isinstance(second.error, InvalidValue)
    assert '"bulkId:' in second.error.detail and "no POST" in second.error.detail
