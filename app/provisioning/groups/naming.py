"""Who is behind the members of a group, for messages."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from app import directory
from app.database import one_of
from app.provisioning.people import label_of
from app.provisioning.tables import link_table
from app.provisioning.targets import Target

_c = link_table.c
_BY_ACCOUNT = select(_c.remote_id, _c.employee_id, _c.label).where(
    _c.tenant_id == bindparam("b_tenant"),
    _c.target_id == bindparam("b_target"),
    one_of(_c.remote_id, "b_ids"),
)


def labels_of(connection: Connection, target: Target, remote_ids: Iterable[str]) -> dict[str, str]:
    """Account → name of the employee whose it is; accounts of nobody are left out."""
    parameters = {"b_tenant": target.tenant_id, "b_target": target.id, "b_ids": sorted(remote_ids)}
    rows = connection.execute(_BY_ACCOUNT, parameters).all()
    found = directory.get_many(connection, target.tenant_id, [row.employee_id for row in rows])
    return {
        row.remote_id: label_of(found[row.employee_id].document)
        if row.employee_id in found
        else row.label or f"employee {row.employee_id}"
        for row in rows
    }
