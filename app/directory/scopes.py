"""Whose view a read takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Scope:
    """Whose view a read takes: the tenant, the asking client (its externalIds), the API's address."""

    tenant_id: int
    client_id: int
    base_url: str

    @cached_property
    def parameters(self) -> dict[str, int]:
        """Return what every prebuilt read is given."""
        return {"tenant_id": self.tenant_id, "client_id": self.client_id}
