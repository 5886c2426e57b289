"""What a run needs on the server's side: a tenant to fill, another to stay out of, and tokens of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from app.access.tenants import Tenant
from scim.resources import USER
from tests.harness.installation import Installation
from tests.security.fuzz.addresses import BASE
from tests.security.fuzz.generator import Tokens
from tests.security.fuzz.hostile import Request
from tests.security.fuzz.invariants import broken
from tests.security.fuzz.running import Outcome, run
from tests.security.fuzz.senders import Sender, to_application


@dataclass(frozen=True)
class World:
    """A fresh installation with its tenants and tokens."""

    installation: Installation
    tenant: Tenant
    tokens: Tokens

    def fuzz(
        self,
        send: Sender,
        seed: int,
        requests: int,
        *,
        memory: Callable[[], int] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> Outcome:
        """Return what came of a run, and of the look at the directory after it."""
        outcome = run(send, self.tokens, seed, requests, memory=memory, say=say)
        outcome.broken = list(broken(send, self.tokens.writer, self.installation.app, self.tenant))
        return outcome


def world_of(installation: Installation) -> World:
    """Return the world of an installation that has its tables and nothing else."""
    tenant, other = installation.tenant("acme"), installation.tenant("other")
    writer = installation.token(tenant, "idp", "scim:write")
    others = (
        installation.token(tenant, "reader", "scim:read"),
        installation.token(tenant, "hr", "scim:write", "scim:sensitive"),
        installation.token(tenant, "self", "scim:write", employee_id=_employee(installation, writer)),
        installation.token(other, "stranger", "scim:write"),
    )
    return World(installation, tenant, Tokens(writer, others))


def _employee(installation: Installation, token: str) -> str:
    """Return the id of a new employee, for a token that is bound to one."""
    body = json.dumps({"schemas": [USER], "userName": "self@example.com"}).encode()
    headers = (("Authorization", f"Bearer {token}".encode()), ("Content-Type", b"application/scim+json"))
    request = Request("self", "POST", f"{BASE}/Users".encode(), headers, body, "length")
    answer = to_application(installation.app)(request)
    return str(json.loads(answer.body)["id"])
