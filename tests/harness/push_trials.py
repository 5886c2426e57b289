"""Trials of the sweep: a push of six people, and the same push as a plan that an admin approves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.database import reading
from app.provisioning import rehearsal
from app.provisioning.tables import link_table
from tests.harness.checker import Truth, Verdict, account_of_scim, check
from tests.harness.later import Later
from tests.harness.trials import HOURS, ROUNDS, disagreements, organisation
from tests.provisioning.far import Scim
from tests.provisioning.world import World

CALM = {"concurrency": "1"}  # the n-th call is then the same one every time


class Push:
    """A push of six: one joins, one was there before, one leaves, one is re-addressed, one changes, one stays out."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self.far = Scim()
        self.world = World(organisation(), self.far, **CALM)  # type: ignore[arg-type]
        world = self.world
        leaver, renamed, changed = (world.hire(f"P{n}", "Old", title="Engineer") for n in range(3))
        world.tick()
        self.far.add("p3.adopted@example.com", "chosen-there", title="Other")
        world.change(leaver, active=False)
        world.email(renamed, "p1.renamed@example.com")
        world.change(changed, title="Lead")
        world.hire("P3", "Adopted", title="Engineer")
        world.hire("P4", "Joiner", title="Engineer")
        world.hire("P5", "Leaver", active=False)
        self.truth = [
            Truth("p0.old@example.com", active=False, needs_account=True),
            Truth("p1.renamed@example.com", fields={"title": "Engineer", "userName": "p1.old"}),
            Truth("p2.old@example.com", fields={"title": "Lead"}),
            Truth("p3.adopted@example.com", fields={"title": "Engineer", "userName": "chosen-there"}),
            Truth("p4.joiner@example.com", fields={"title": "Engineer", "userName": "p4.joiner"}),
            Truth("p5.leaver@example.com", active=False, needs_account=False),
        ]

    def act(self) -> None:
        """Run a tick."""
        self.world.tick()

    def mend(self) -> None:
        """Tick as the schedule does until nothing is due."""
        for _ in range(ROUNDS):
            self._later.by(HOURS)
            self.world.tick()
            if not self._due():
                return

    def _due(self) -> list[Any]:
        owing = select(link_table.c.employee_id).where(
            link_table.c.tenant_id == self.world.tenant.id, link_table.c.due_at.is_not(None)
        )
        with reading() as connection:
            return list(connection.scalars(owing))

    def verdict(self) -> Verdict:
        """Return what the checker says of the target."""
        with reading() as connection:
            where = link_table.c.tenant_id == self.world.tenant.id
            links = [dict(row._mapping) for row in connection.execute(select(link_table).where(where))]
        accounts = [account_of_scim(user) for user in self.far.users()]
        rows = [{name: link[name] for name in ("employee_id", "remote_id", "state")} for link in links]
        return check(self.truth, accounts, [], rows)

    def faults(self) -> list[str]:
        """Return what is wrong in the end."""
        verdict = self.verdict()
        found = [] if verdict.is_clean else [verdict.report()]
        return found + [f"still due: {id_}" for id_ in self._due()] + disagreements(self.world.tenant)

    def close(self) -> None:
        """Stop the target."""
        self.far.stop()


class Approval(Push):
    """The same push as a plan that an admin approves; the approval is what fails."""

    def __init__(self, later: Later) -> None:
        super().__init__(later)
        self.plan_id = rehearsal.rehearse(self.world.target)

    def act(self) -> None:
        """Approve the plan."""
        self.world.approve(self.plan_id)

    def mend(self) -> None:
        """Approve it again unless it was approved, and tick."""
        if self.world.plans(id=self.plan_id)[0].state == "draft":
            self.world.approve(self.plan_id)
        super().mend()

    def faults(self) -> list[str]:
        """Return what is wrong in the end; every line of the plan was applied."""
        states = {line["label"]: line["state"] for line in self.world.lines(self.plan_id)}
        refused = [f"{label}: {state}" for label, state in states.items() if state not in ("applied", "held")]
        return refused + super().faults()
