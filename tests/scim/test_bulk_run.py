"""Bulk requests being worked off: order, circles, failures and answers (RFC 7644 §3.7.1 to §3.7.3)."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.bulk import Bulk, BulkOperation, parse_bulk
from scim.bulk_run import BULK_RESPONSE_SCHEMA, Batch, BulkRun, dependency_failed, in_order, schedule
from scim.errors import NotFound, PreconditionFailed, Uniqueness

BASE = "https://example.com/v2"


def post(bulk_id: str, *references: str, endpoint: str = "/Users") -> dict[str, Any]:
    members = [{"value": f"bulkId:{reference}"} for reference in references]
    return {"method": "POST", "path": endpoint, "bulkId": bulk_id, "data": {"members": members}}


def patch(path: str, *references: str) -> dict[str, Any]:
    return {**post("", *references), "method": "PATCH", "path": path, "bulkId": None}


def delete(path: str) -> dict[str, Any]:
    return {"method": "DELETE", "path": path}


def bulk_of(*operations: dict[str, Any], **members: Any) -> Bulk:
    return parse_bulk(json.dumps({"Operations": operations, **members}).encode(), BASE)


def order(*operations: dict[str, Any]) -> list[list[int]]:
    return [[each.position for each in batch.operations] for batch in schedule(bulk_of(*operations))]


# --- the order ---


def test_what_is_referred_to_comes_first() -> None:
    assert order(post("group", "a", "b"), post("b"), post("a", "b")) == [[1], [2], [0]]


def test_a_circle_is_one_batch_in_the_order_of_the_request() -> None:
    assert order(post("a", "c"), delete("/Users/1"), post("b", "a"), post("c", "b", "d"), post("d")) == [
        [1],
        [4],
        [0, 2, 3],
    ]


def test_a_group_that_is_its_own_member_is_a_batch_of_one() -> None:
    assert order(post("a", "a"), post("b")) == [[0], [1]]


def test_without_forward_references_the_order_of_the_request_holds() -> None:
    assert order(
        delete("/Users/1"), post("a"), patch("/Groups/1", "a"), post("b", "a"), delete("/Groups/1")
    ) == [
        [0],
        [1],
        [2],
        [3],
        [4],
    ]


def test_a_user_who_gives_a_name_free_is_deleted_before_another_takes_it() -> None:
    assert order(post("group", "ada"), delete("/Users/old-ada"), post("ada")) == [[1], [2], [0]]


def test_operations_on_one_resource_stay_in_their_order() -> None:
    assert order(patch("/Groups/1", "a"), delete("/Groups/1"), delete("/Groups/2"), post("a")) == [
        [2],
        [3],
        [0],
        [1],
    ]


def test_malformed_operations_have_their_place_too() -> None:
    assert order(delete("/"), post("a", "nobody"), post("b")) == [[0], [1], [2]]


graphs = st.integers(1, 8).flatmap(
    lambda count: st.lists(st.sets(st.integers(0, count - 1), max_size=3), min_size=count, max_size=count)
)


def reached_from(node: int, needs: list[set[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [node]
    while waiting:
        for other in needs[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found


def bits(nodes: Collection[int]) -> int:
    return sum(1 << node for node in nodes)


@given(graphs)
def test_every_node_comes_once_after_what_it_needs_and_with_its_circle(needs: list[set[int]]) -> None:
    ordered = in_order([bits(each) for each in needs])
    assert sorted(node for circle in ordered for node in circle) == list(range(len(needs)))
    reached = [reached_from(node, needs) for node in range(len(needs))]
    done: set[int] = set()
    for circle in ordered:
        done |= set(circle)
        assert circle == sorted(circle)
        for node in circle:
            assert needs[node] <= done
            mutual = {other for other in reached[node] if node in reached[other]} | {node}
            assert set(circle) == mutual


@given(graphs)
def test_nothing_waits_that_could_go_on(needs: list[set[int]]) -> None:
    ordered = in_order([bits(each) for each in needs])
    for place, circle in enumerate(ordered):
        done = {node for before in ordered[:place] for node in before}
        for later in ordered[place + 1 :]:
            could = all(needs[node] <= done | set(later) for node in later)
            assert later[0] > circle[0] or not could


def test_a_hundred_operations_in_one_chain_are_ordered() -> None:
    chain = [post(str(number), str(number + 1)) for number in range(99)] + [post("99")]
    assert order(*chain) == [[number] for number in reversed(range(100))]
    assert order(*chain[:-1], post("99", "0")) == [list(range(100))]


# --- the run ---


class Executor:
    """Does what a server does: everything succeeds but what it was told to refuse."""

    def __init__(self, bulk: Bulk, refused: dict[int, Any] | None = None) -> None:
        self.run = BulkRun(bulk, {bulk_id: f"id-{bulk_id}" for bulk_id in bulk.creators}, BASE)
        self.refused = refused or {}
        self.done: list[BulkOperation] = []
        self.batches: list[Batch] = []

    def answer(self) -> list[dict[str, Any]]:
        for batch in self.run.batches():
            self.batches.append(batch)
            self._perform(batch)
        document = self.run.response()
        assert document["schemas"] == [BULK_RESPONSE_SCHEMA]
        listed: list[dict[str, Any]] = document["Operations"]
        return listed

    def _perform(self, batch: Batch) -> None:
        for operation in batch.operations:
            if operation.position in self.refused:
                self.run.failed(operation, self.refused[operation.position])
                return
            self.done.append(operation)
            self.run.succeeded(operation, _STATUS[operation.method], 'W/"1"')


_STATUS = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


def statuses(answer: list[dict[str, Any]]) -> list[str]:
    return [each["status"] for each in answer]


def test_the_answer_has_location_version_and_bulk_id_in_the_order_of_the_request() -> None:
    put = {"method": "put", "path": f"{BASE}/Users/1", "bulkId": "mine", "data": {}}
    executor = Executor(bulk_of(post("group", "a", endpoint="/Groups"), post("a"), put, delete("Users/2")))
    assert executor.answer() == [
        {
            "location": f"{BASE}/Groups/id-group",
            "method": "POST",
            "bulkId": "group",
            "version": 'W/"1"',
            "status": "201",
        },
        {
            "location": f"{BASE}/Users/id-a",
            "method": "POST",
            "bulkId": "a",
            "version": 'W/"1"',
            "status": "201",
        },
        {
            "location": f"{BASE}/Users/1",
            "method": "PUT",
            "bulkId": "mine",
            "version": 'W/"1"',
            "status": "200",
        },
        {"location": f"{BASE}/Users/2", "method": "DELETE", "version": 'W/"1"', "status": "204"},
    ]
    assert [each.position for each in executor.done] == [1, 0, 2, 3]


def test_batches_come_resolved_and_say_which_ids_they_create() -> None:
    executor = Executor(bulk_of(post("a", "b"), post("b", "a"), patch("/Groups/bulkId:a", "b")))
    executor.answer()
    circle, change = executor.batches
    assert [each.data["members"] for each in circle.operations] == [[{"value": "id-b"}], [{"value": "id-a"}]]
    assert executor.run.new_ids(circle) == {"id-a", "id-b"}
    assert [executor.run.new_id(each) for each in circle.operations] == ["id-a", "id-b"]
    assert change.operations[0].path == "/Groups/id-a"
    assert executor.run.new_ids(change) == frozenset()


def test_a_failed_operation_carries_its_error_and_a_failed_post_no_location() -> None:
    bulk = bulk_of(post("a"), delete("/Users/1"), patch("/Users/2"))
    refused = {
        0: Uniqueness("userName is taken."),
        1: NotFound("No such user."),
        2: PreconditionFailed("Changed."),
    }
    created, deleted, changed = Executor(bulk, refused).answer()
    assert created == {
        "method": "POST",
        "bulkId": "a",
        "status": "409",
        "response": Uniqueness("userName is taken.").to_document(),
    }
    assert (deleted["location"], deleted["status"]) == (f"{BASE}/Users/1", "404")
    assert (changed["location"], changed["response"]["status"]) == (f"{BASE}/Users/2", "412")


def test_the_others_are_done_when_one_fails() -> None:
    bulk = bulk_of(delete("/Users/1"), {"method": "GET", "path": "/Users/1"}, delete("/Users/2"), 7)  # type: ignore[arg-type]
    answer = Executor(bulk, {0: NotFound("No such user.")}).answer()
    assert statuses(answer) == ["404", "400", "204", "400"]
    assert answer[1]["method"] == "GET" and "location" not in answer[1]
    assert answer[3].keys() == {"status", "response"}


def test_what_depends_on_a_failed_post_fails_with_a_conflict_that_names_it() -> None:
    bulk = bulk_of(
        post("a"),
        post("b", "a"),
        patch("/Users/bulkId:b"),
        patch("/Groups/1", "a"),
        post("free"),
        post("bad", "x"),
    )
    executor = Executor(bulk, {0: Uniqueness("userName is taken.")})
    answer = executor.answer()
    assert statuses(answer) == ["409", "409", "409", "409", "201", "400"]
    assert ["bulkId:a" in each.get("response", {}).get("detail", "") for each in answer[1:]] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert "bulkId:b" in answer[2]["response"]["detail"] and "location" not in answer[2]
    assert answer[3]["location"] == f"{BASE}/Groups/1"
    assert "scimType" not in answer[1]["response"]
    assert [each.position for each in executor.done] == [4]


def test_a_malformed_post_fails_what_refers_to_it() -> None:
    bulk = bulk_of(patch("/Users/1", "a"), {**post("a"), "data": None})
    assert statuses(Executor(bulk).answer()) == ["409", "400"]


def test_a_second_post_with_a_bulk_id_takes_nothing_from_the_first() -> None:
    bulk = bulk_of(post("a"), post("a"), patch("/Users/1", "a"))
    assert statuses(Executor(bulk).answer()) == ["201", "400", "200"]


@pytest.mark.parametrize("cause", [0, 1, 2])
def test_a_circle_is_done_whole_or_not_at_all(cause: int) -> None:
    bulk = bulk_of(post("a", "b"), post("b", "c"), post("c", "a"), post("d"))
    answer = Executor(bulk, {cause: Uniqueness("displayName is taken.")}).answer()
    assert statuses(answer) == ["409", "409", "409", "201"]
    assert [each.get("response", {}).get("scimType") for each in answer].index("uniqueness") == cause
    assert all("location" not in each for each in answer[:3])


def test_a_circle_with_a_failed_dependency_is_not_begun() -> None:
    executor = Executor(bulk_of(post("a", "b"), post("b", "a", "c"), post("c")), {2: Uniqueness("Taken.")})
    answer = executor.answer()
    assert "bulkId:b" in answer[0]["response"]["detail"] and "bulkId:c" in answer[1]["response"]["detail"]
    assert executor.done == []


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1, ["204", "404"]),
        (2, ["204", "404", "204", "400"]),
        (3, ["204", "404", "204", "400", "204", "404"]),
        (None, ["204", "404", "204", "400", "204", "404", "204"]),
    ],
)
def test_the_run_stops_after_as_many_errors_as_asked(limit: int | None, expected: list[str]) -> None:
    operations = [delete(f"/Users/{number}") for number in range(7)]
    operations[3] = delete("/Users")
    missing = NotFound("No such user.")
    assert (
        statuses(Executor(bulk_of(*operations, failOnErrors=limit), {1: missing, 5: missing}).answer())
        == expected
    )


def test_a_dependency_that_failed_is_an_error_of_its_own_kind() -> None:
    assert dependency_failed("qwerty").to_document() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "409",
        "detail": 'This operation depends on "bulkId:qwerty", which was not created: see the answer to that '
        "operation. Nothing of this one was done.",
    }
