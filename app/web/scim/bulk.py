"""``/Bulk``: many writes in one request and one transaction, each with an outcome of its own (RFC 7644 §3.7)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from app.database import writing
from app.directory.schemas import resource_type_at
from app.directory.shelves import Shelf, shelf_of
from app.identifiers import new_id
from app.web.scim import changes
from app.web.scim.exchange import Answer, Exchange, json_answer
from scim import conditions
from scim.bulk import MAX_PAYLOAD_BYTES, BulkOperation, parse_bulk
from scim.bulk_run import Batch, BulkRun
from scim.errors import ScimError


def answer(exchange: Exchange) -> Answer:
    """Answer POST /Bulk: 200 with a status for each operation.

    What a batch needs is in one savepoint, the request in one transaction: a crash leaves nothing half done.
    """
    bulk = parse_bulk(exchange.body(MAX_PAYLOAD_BYTES), exchange.base_url)
    run = BulkRun(bulk, {bulk_id: new_id() for bulk_id in bulk.creators}, exchange.base_url)
    with writing() as connection:
        for batch in run.batches():
            _perform(connection, exchange, run, batch)
    return json_answer(run.response())


def _perform(connection: Connection, exchange: Exchange, run: BulkRun, batch: Batch) -> None:
    """Do the operations of a batch, all or none."""
    operation = batch.operations[0]
    try:
        with connection.begin_nested():
            promised = _promised(connection, exchange, run, batch)
            for operation in batch.operations:
                run.succeeded(operation, *_done(connection, exchange, run, operation, promised))
    except ScimError as error:
        run.failed(operation, error)


def _promised(connection: Connection, exchange: Exchange, run: BulkRun, batch: Batch) -> Mapping[str, str]:
    """Return id → resource type of what the batch creates: its operations may refer to it before it exists."""
    if len(batch.operations) == 1 and batch.operations[0].method != "POST":
        return {}
    return {
        run.new_id(each): _shelf(connection, exchange, each).name
        for each in batch.operations
        if each.method == "POST"
    }


def _shelf(connection: Connection, exchange: Exchange, operation: BulkOperation) -> Shelf:
    return shelf_of(resource_type_at(exchange.principal.tenant_id, operation.endpoint, connection))


def _done(
    connection: Connection,
    exchange: Exchange,
    run: BulkRun,
    operation: BulkOperation,
    promised: Mapping[str, str],
) -> tuple[int, str | None]:
    """Do one operation; return its status and the entity tag of what it left."""
    shelf = _shelf(connection, exchange, operation)
    if operation.method == "POST":
        said = changes.read_create(exchange, shelf, operation.data)
        new = run.new_id(operation)
        made = changes.create(connection, exchange, shelf, said, resource_id=new, promised=promised)
        return 201, conditions.etag(made.version)
    held = changes.hold(connection, exchange, shelf, operation.resource_id or "")
    conditions.check_if_match(operation.version, held.resource.version)
    if operation.method == "DELETE":
        changes.delete(connection, exchange, held)
        return 204, None
    if operation.method == "PUT":
        put = changes.read_replace(exchange, shelf, operation.data)
        written = changes.replace(connection, exchange, held, put, promised=promised)
    else:
        patch = changes.read_patch(exchange, shelf, operation.data)
        written, _ = changes.patch(connection, exchange, held, patch, promised=promised)
    return 200, conditions.etag(written.resource.version)
