"""Values that are never returned: sealed, known by a keyed digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from app.access.encryption import digest, seal, unseal
from app.directory import documents
from app.directory.tables import SealedValue

#: Sealed values: path → value; None clears.
Secrets = Mapping[str, Any]

_secret = SealedValue.__table__
#: The name under which the first version sealed; what it sealed opens under no other.
_PLACE = "employee_secret"


def sealed_paths(connection: Connection, tenant_id: int, resource_id: str) -> list[str]:
    """Return the paths under which a resource has sealed values."""
    mine = (_secret.c.tenant_id == tenant_id, _secret.c.resource_id == resource_id)
    return list(connection.scalars(select(_secret.c.path).where(*mine).order_by(_secret.c.path)))


def opened(connection: Connection, tenant_id: int, resource_id: str, path: str) -> Any:
    """Return a sealed value, None when there is none; who asks must write down that it was shown."""
    mine = (_secret.c.tenant_id == tenant_id, _secret.c.resource_id == resource_id)
    sealed = connection.scalar(select(_secret.c.sealed).where(*mine, _secret.c.path == path))
    if sealed is None:
        return None
    return documents.loaded(unseal(tenant_id, f"{_PLACE}/{resource_id}/{path}", sealed).decode())


def store_secrets(
    connection: Connection, tenant_id: int, resource_id: str, secrets: Secrets
) -> dict[str, list[Any]]:
    """Seal the values that are new or different; return path → [digest before, digest after]."""
    changes: dict[str, list[Any]] = {}
    for path, said in secrets.items():
        whole_path, member = documents.sealed_path(path)
        where = (
            _secret.c.tenant_id == tenant_id,
            _secret.c.resource_id == resource_id,
            _secret.c.path == whole_path,
        )
        known = connection.execute(select(_secret.c.digest, _secret.c.sealed).where(*where)).first()
        place = f"{_PLACE}/{resource_id}/{whole_path}"
        value = said
        if member is not None:
            old = documents.loaded(unseal(tenant_id, place, known.sealed).decode()) if known else {}
            value = {name: part for name, part in {**old, member: said}.items() if part is not None} or None
        plain = documents.dumped(value).encode()
        before, after = known.digest if known else None, None if value is None else digest(tenant_id, plain)
        if before == after:
            continue
        connection.execute(delete(_secret).where(*where))
        if after is not None:
            row = {"tenant_id": tenant_id, "resource_id": resource_id, "path": whole_path, "digest": after}
            connection.execute(insert(_secret).values(row | {"sealed": seal(tenant_id, place, plain)}))
        changes[whole_path] = [before, after]
    return changes
