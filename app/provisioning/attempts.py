"""Attempts: what was said to a target and what it answered, redacted, kept in the transaction of the result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select

from app.identifiers import new_id
from app.outbound import Exchange
from app.provisioning.links import Link
from app.provisioning.tables import attempt_table

_attempt = attempt_table
_INSERT = insert(_attempt)


def rows_of(
    tenant_id: int, target_id: int, link: Link, version: int, exchanges: Iterable[Exchange]
) -> list[dict[str, Any]]:
    """The rows of one link's exchanges about this version of the employee."""
    return [
        {
            "tenant_id": tenant_id,
            "id": new_id(),
            "target_id": target_id,
            "employee_id": link.employee_id,
            "plan_id": link.plan_id or link.sync_id,
            "at": exchange.started_at,
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.status,
            "duration_ms": exchange.duration_ms,
            "request_body": exchange.request_body,
            "response_body": exchange.response_body,
            "error": exchange.error,
            "lease_token": link.lease_token,
            "employee_version": version,
        }
        for exchange in exchanges
    ]


def keep(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Store the rows."""
    if rows:
        connection.execute(_INSERT, rows)


def last(
    connection: Connection, tenant_id: int, target_id: int, employee_id: str | None = None, limit: int = 10
) -> list[Any]:
    """The latest attempts at a target, of one employee or of all, newest first."""
    query = select(_attempt).where(_attempt.c.tenant_id == tenant_id, _attempt.c.target_id == target_id)
    if employee_id is not None:
        query = query.where(_attempt.c.employee_id == employee_id)
    return list(connection.execute(query.order_by(_attempt.c.at.desc(), _attempt.c.id.desc()).limit(limit)))
