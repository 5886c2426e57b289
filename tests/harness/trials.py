"""Operations that the sweep lets fail, each on an organisation of its own, and the invariants that must hold after.

A trial prepares, `act`s (that is where the fault strikes), is made whole by what the product does anyway (another tick,
the same import again), and `faults` says what is wrong then: nothing may be.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from werkzeug.wrappers import Request

from app import clock
from app.access import audit, tenants, tokens
from app.access.tables import Token
from app.access.tenants import Tenant
from app.access.tokens import Authenticator, IssuedToken
from app.database import reading, writing
from app.directory import agreement
from app.directory.agreement import Check
from app.identifiers import new_id
from app.notices import channels, delivering, telling
from app.notices.tables import delivery_table
from app.provisioning import balance, targets
from tests.harness.later import Later
from tests.notices.mailbox import Mailbox

#: Ticks, three hours apart, after which everything must have been delivered.
ROUNDS = 8
HOURS, HALF_AN_HOUR = 3 * 3600.0, 1800.0


def organisation() -> Tenant:
    """Return a new tenant."""
    with writing() as connection:
        return tenants.create(connection, "t" + new_id().replace("-", "")[-12:])


def disagreements(tenant: Tenant) -> list[str]:
    """Return what does not agree in a tenant: audit chain, counters, revisions, look-ups, links, plans."""
    with writing() as connection:
        while audit.seal(connection, tenant.id):
            pass
    with reading() as connection:
        found = list(audit.verify(connection, tenant.id).findings)
        checks: list[Check] = agreement.checked(connection, tenant.id, lambda _: None)
        for target in targets.listed(connection, tenant.id):
            checks += balance.checked(connection, target, lambda _: None)
    return found + [
        f"{each.name}: {finding.code}: {finding.says}" for each in checks for finding in each.findings
    ]


class TokenIssue:
    """The issue of a token: it works, or it does not exist."""

    def __init__(self, later: Later) -> None:
        self.tenant = organisation()
        self.issued: IssuedToken | None = None

    def act(self) -> None:
        """Issue a token, as `rollcall token create` does."""
        with writing() as connection:
            issued = tokens.create(connection, self.tenant, "idp")
        self.issued = issued

    def mend(self) -> None:
        """Issue one again when none was shown."""
        self.shown = self.issued
        if self.issued is None:
            self.act()

    def faults(self) -> list[str]:
        """Return what is wrong: a token that was shown and does not work, or an audit row of none."""
        wrong = []
        for issued in filter(None, (self.shown, self.issued)):
            if Authenticator().principal(issued.text) is None:
                wrong.append(f"token {issued.id} was shown and does not work")
        with reading() as connection:
            rows = connection.execute(
                select(Token.id, Token.expires_at).where(Token.tenant_id == self.tenant.id)
            ).all()
        if any(expires_at < clock.now() for _, expires_at in rows):
            wrong.append("a token is half-written")
        return wrong + disagreements(self.tenant)

    def close(self) -> None:
        """Nothing is left open."""


class Post:
    """What takes webhooks: path → the ids that came there."""

    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = defaultdict(list)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        """Take a webhook."""
        request = Request(environ)
        request.get_data()
        self.ids[request.path].append(request.headers["webhook-id"])
        start_response("204 No Content", [])
        return []


class Notice:
    """A notice that is told and goes out by e-mail and by webhook: at least once each, and always under one id."""

    def __init__(self, later: Later, box: Mailbox, url: str, post: Post) -> None:
        self._later, self._box, self._post = later, box, post
        self.tenant = organisation()
        self._address, self._path = f"{self.tenant.slug}@acme.example", f"/{self.tenant.slug}"
        with writing() as connection:
            for kind, address in (("email", self._address), ("webhook", url + self._path)):
                channels.add(connection, self.tenant.id, "test", kind=kind, name=kind, address=address)

    def act(self) -> None:
        """Tell that a target is paused, and deliver."""
        with writing() as connection:
            telling.tell(
                connection,
                self.tenant.id,
                "target.paused",
                "target:far",
                "paused",
                title="far",
                text="far is paused",
            )
        delivering.drain(self.tenant.id)

    def mend(self) -> None:
        """Tell it again, which says nothing new when it was told, and deliver as the schedule does."""
        self._later.by(HALF_AN_HOUR)
        self.act()
        for _ in range(ROUNDS):
            self._later.by(HALF_AN_HOUR)
            delivering.drain(self.tenant.id)

    def faults(self) -> list[str]:
        """Return what is wrong: something that did not arrive, came as two things, or is not settled."""
        mails = [str(m["Message-ID"]) for m in self._box.messages if m["To"] == self._address]
        hooks = self._post.ids[self._path]
        wrong = [
            f"{name}: {ids}" for name, ids in (("e-mail", mails), ("webhook", hooks)) if len(set(ids)) != 1
        ]
        where = delivery_table.c.tenant_id == self.tenant.id
        with reading() as connection:
            states = list(connection.scalars(select(delivery_table.c.state).where(where)))
        return (
            wrong
            + ([] if states == ["sent", "sent"] else [f"deliveries: {states}"])
            + disagreements(self.tenant)
        )

    def close(self) -> None:
        """Nothing is left open."""
