"""A bulk request being worked off (RFC 7644 §3.7): what is done next, what failed with it, what to answer.

The caller does the operations, this room keeps the books::

    run = BulkRun(bulk, {bulk_id: new_id() for bulk_id in bulk.creators}, base_url)
    for batch in run.batches():
        try:
            with transaction() as connection:
                for operation in batch.operations:
                    run.succeeded(operation, *perform(connection, operation, run))
        except ScimError as error:
            run.failed(operation, error)
    answer = run.response()

Every id of a new resource is known before the first operation, so that references in any direction are
replaced in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scim.bulk import Bulk, BulkOperation, resolved
from scim.bulk_references import bulk_id_in
from scim.errors import Conflict, ScimError, echo

BULK_RESPONSE_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


def dependency_failed(bulk_id: str) -> Conflict:
    """Return the error of an operation that refers to what the same request did not create (RFC 7644 §3.7.1)."""
    return Conflict(
        f"This operation depends on {echo('bulkId:' + bulk_id)}, which was not created: see the answer "
        "to that operation. Nothing of this one was done."
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations to be done all or none: one, or POSTs that refer to each other in a circle."""

    operations: tuple[BulkOperation, ...]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What became of one operation; with an `error` nothing of it was done.

    `location` is the resource's address, None where there is none: a POST that failed, a malformed path, a
    path to what was not created.
    """

    operation: BulkOperation
    status: int
    location: str | None = None
    version: str | None = None
    error: ScimError | None = None


class BulkRun:
    """Goes through a bulk request batch by batch, and ends at `failOnErrors`.

    :param ids: by bulkId, the id that each resource of `bulk.creators` gets.
    """

    def __init__(self, bulk: Bulk, ids: Mapping[str, str], base_url: str) -> None:
        self._bulk = bulk
        self._ids = ids
        self._base_url = base_url
        self._creators = bulk.creators
        self._results: dict[int, OperationResult] = {}
        self._batch = Batch(())

    def batches(self) -> Iterator[Batch]:
        """Yield what is to be done, with references resolved; `succeeded` or `failed` is told before the next.

        What cannot be done (malformed, or its dependency failed) has its error noted and is not yielded.
        """
        for batch in schedule(self._bulk):
            if self._is_stopped():
                return
            self._batch = batch
            refusal = self._refusal(batch)
            if refusal is None:
                yield Batch(tuple(resolved(operation, self._ids) for operation in batch.operations))
            else:
                self.failed(*refusal)

    def new_id(self, operation: BulkOperation) -> str:
        """Return the id that the resource of a POST gets."""
        return self._ids[operation.bulk_id or ""]

    def new_ids(self, batch: Batch) -> frozenset[str]:
        """Return the ids that the batch creates: its operations may refer to them before they exist."""
        return frozenset(self.new_id(each) for each in batch.operations if each.method == "POST")

    def succeeded(self, operation: BulkOperation, status: int, version: str | None = None) -> None:
        """Note that an operation is done. A later `failed` of its batch takes that back."""
        location = self._location(operation, is_done=True)
        self._note(OperationResult(operation, status, location, version))

    def failed(self, operation: BulkOperation, error: ScimError) -> None:
        """Note that an operation failed, and with it the others of its batch."""
        for each in self._batch.operations:
            is_cause = each.position == operation.position
            reason = error if is_cause else dependency_failed(operation.bulk_id or "")
            location = self._location(operation if is_cause else each, is_done=False)
            self._note(OperationResult(each, reason.status, location, error=reason))

    def response(self) -> dict[str, Any]:
        """Return the BulkResponse for what has been done and what has failed until now."""
        return bulk_response(self._results.values())

    def _note(self, result: OperationResult) -> None:
        self._results[result.operation.position] = result

    def _is_stopped(self) -> bool:
        most = self._bulk.fail_on_errors
        return most is not None and sum(each.error is not None for each in self._results.values()) >= most

    def _refusal(self, batch: Batch) -> tuple[BulkOperation, ScimError] | None:
        """Return the operation that makes a batch impossible, and its error."""
        for operation in batch.operations:
            if operation.error is not None:
                return operation, operation.error
            for bulk_id in sorted(operation.references):
                result = self._results.get(self._creators[bulk_id].position)
                if result is not None and result.error is not None:
                    return operation, dependency_failed(bulk_id)
        return None

    def _location(self, operation: BulkOperation, *, is_done: bool) -> str | None:
        if operation.method == "POST":
            return f"{self._base_url}{operation.path}/{self.new_id(operation)}" if is_done else None
        is_unknown = not operation.path or bulk_id_in(operation.resource_id or "") is not None
        return None if is_unknown else self._base_url + operation.path


def bulk_response(results: Iterable[OperationResult]) -> dict[str, Any]:
    """Return the BulkResponse (RFC 7644 §3.7.3) of the operations that were processed, in the request's order."""
    ordered = sorted(results, key=lambda result: result.operation.position)
    return {"schemas": [BULK_RESPONSE_SCHEMA], "Operations": [_answer(result) for result in ordered]}


def _answer(result: OperationResult) -> dict[str, Any]:
    members = {
        "location": result.location,
        "method": result.operation.method or None,
        "bulkId": result.operation.bulk_id,
        "version": result.version,
        "status": str(result.status),
        "response": result.error.to_document() if result.error else None,
    }
    return {name: value for name, value in members.items() if value is not None}


# --------------------------------------------------------------------------------------------- the order


def schedule(bulk: Bulk) -> list[Batch]:
    """Return all operations in the order in which they are to be done, circles together.

    What is referred to is created first, operations on one resource stay in their order, and apart from
    that the request's order holds: a user deleted before another takes the name stays deleted before.
    """
    operations, creators = bulk.operations, bulk.creators
    needs = [0] * len(operations)
    last_at: dict[str, int] = {}
    for operation in operations:
        if operation.error is not None:
            continue
        for bulk_id in operation.references:
            needs[operation.position] |= 1 << creators[bulk_id].position
        if operation.method != "POST":
            before = last_at.get(operation.path)
            needs[operation.position] |= 0 if before is None else 1 << before
            last_at[operation.path] = operation.position
    return [Batch(tuple(operations[position] for position in circle)) for circle in in_order(needs)]


def in_order(needs: list[int]) -> list[list[int]]:
    """Return the nodes of a graph, each after those it needs, circles as one list; else by number.

    :param needs: per node, the set of nodes that it needs, as the bits of an integer. With such sets the closure of
        100 nodes takes at most 3 ms, and nothing recurses.

    >>> in_order([0b100, 0b000, 0b001, 0b000])
    [[0, 2], [1], [3]]
    >>> in_order([0b100, 0b000, 0b000])
    [[1], [2], [0]]
    """
    reach = _closure(needs)
    waiting: dict[int, list[int]] = {}
    for node in range(len(needs)):
        first = next((other for other in waiting if reach[node] >> other & reach[other] >> node & 1), node)
        waiting.setdefault(first, []).append(node)
    done, ordered = 0, []
    while waiting:
        # A circle is ready when all that it reaches is done or in it; all of it reaches the same.
        ready = next(first for first, circle in waiting.items() if not reach[first] & ~(done | _bits(circle)))
        circle = waiting.pop(ready)
        done |= _bits(circle)
        ordered.append(circle)
    return ordered


def _closure(needs: list[int]) -> list[int]:
    reach = list(needs)
    for middle, _ in enumerate(reach):
        for node, reached in enumerate(reach):
            if reached >> middle & 1:
                reach[node] = reached | reach[middle]
    return reach


def _bits(nodes: Iterable[int]) -> int:
    return sum(1 << node for node in nodes)
