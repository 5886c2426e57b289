"""A trial of the sweep: a vendor's source is connected, from its draft to publishing."""

from __future__ import annotations

from sqlalchemy import select

from app.access.tables import AuditRow
from app.database import reading, writing
from app.sources import catalog, drafts, life, vendors
from app.sources.catalog import Source
from app.sources.tables import source_consent
from tests.harness.later import Later
from tests.harness.trials import disagreements, organisation

BY = "system:test"
GIVEN = {"base_url": "http://127.0.0.1:9", "work_email": "{given}.{family}@example.com", "schedule": "2h"}


class Publish:
    """Draft, consent, publishing: each is done whole or not at all, and nobody publishes without the one before."""

    def __init__(self, later: Later) -> None:
        self.tenant = organisation()
        with writing() as connection:
            vendors.enable(connection, self.tenant.id, "jazzhr", BY)

    def act(self) -> None:
        """Do what is left to do, each step in a transaction of its own, as requests of an admin do."""
        if self._known() is None:
            with writing() as connection:
                draft = drafts.drafted("jazzhr", "jazz", GIVEN, {"api_key": "canary-of-the-sweep"})
                catalog.add(connection, self.tenant.id, draft, BY)
        if not self._consents():
            with writing() as connection:
                life.give_consent(connection, catalog.named(connection, self.tenant.id, "jazz"), BY)
        with writing() as connection:
            life.publish(connection, catalog.named(connection, self.tenant.id, "jazz"), (), BY)

    def mend(self) -> None:
        """Look what stands, then go on from there."""
        self.before = self._known()
        self.consents_before = self._consents()
        self.act()

    def faults(self) -> list[str]:
        """Return what is wrong: a source that is half-way, twice there, or published without a consent or a deed."""
        wrong, known = [], self._known()
        if self.before is not None and self.before.is_published and not self.consents_before:
            wrong.append("it was published before anybody had consented")
        if known is None or known.state != "active" or known.next_run_at is None:
            wrong.append(f"it is {known and known.state}, next run {known and known.next_run_at}")
        if self._consents() != 1:
            wrong.append(f"{self._consents()} consents")
        table = AuditRow.__table__
        query = select(table.c.action).where(
            table.c.tenant_id == self.tenant.id, table.c.action == "source.published"
        )
        with reading() as connection:
            deeds = connection.scalars(query).all()
        if len(deeds) != 1:
            wrong.append(f"it was published {len(deeds)} times, says the audit")
        return wrong + disagreements(self.tenant)

    def close(self) -> None:
        """Nothing is left open."""

    def _known(self) -> Source | None:
        with reading() as connection:
            found = catalog.listed(connection, self.tenant.id)
        return found[0] if found else None

    def _consents(self) -> int:
        query = select(source_consent.c.source_id).where(source_consent.c.tenant_id == self.tenant.id)
        with reading() as connection:
            return len(connection.scalars(query).all())
