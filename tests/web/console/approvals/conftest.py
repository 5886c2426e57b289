"""An organisation whose import run asks for more than passes unasked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.provisioning import breaker
from tests.provisioning.far import Scim
from tests.provisioning.world import World
from tests.web.console.browser import Browser, Page

RUN = 7


@dataclass(frozen=True)
class Stopped:
    """The organisation, who is to be suspended, and the plan in which that waits."""

    world: World
    people: list[str]
    plan_id: int

    @property
    def page(self) -> str:
        """Where the plan is."""
        return f"/approvals/plans/{self.plan_id}"

    def suspended(self) -> int:
        """How many accounts are suspended at the target."""
        return sum(account["active"] is False for account in self.world.far.accounts().values())

    def states(self) -> dict[str, str]:
        """Name → state of the plan's lines."""
        return {line["label"].split(" ")[0]: line["state"] for line in self.world.lines(self.plan_id)}

    def state(self) -> str:
        """How the plan stands."""
        (plan,) = self.world.plans(id=self.plan_id)
        return str(plan.state)


@pytest.fixture
def world(tenant: Tenant) -> Iterator[World]:
    """Give an organisation with a simulated target."""
    far = Scim()
    yield World(tenant, far)
    far.stop()


@pytest.fixture
def stop(app: Flask, world: World) -> Callable[[int], Stopped]:
    """Give a function that has so many suspends of an import run stopped."""
    breaker.join(app, lambda connection, tenant_id, run_id: True)

    def stopped(count: int) -> Stopped:
        people = world.hire_many(count)
        world.tick()
        for employee_id in people:
            world.change(employee_id, run=RUN, active=False)
        world.tick()
        (plan,) = world.plans(kind="held")
        return Stopped(world, people, plan.id)

    return stopped


@pytest.fixture
def stopped(stop: Callable[[int], Stopped]) -> Stopped:
    """Give an organisation in which the suspends of six people wait."""
    return stop(6)


@pytest.fixture
def adopted(world: World) -> Stopped:
    """Give an organisation in which two people wait in the plan that collects what needs an approval."""
    people = [comes(world, given) for given in ("Ana", "Ben")]
    (plan,) = world.plans(kind="approval")
    return Stopped(world, people, plan.id)


def comes(world: World, given: str) -> str:
    """Have somebody come who is inactive here and has an active account there: an admin decides about that."""
    world.far.add(f"{given.lower()}.many@example.com", f"{given.lower()}-there")
    employee_id = world.hire(given, "Many", active=False)
    world.tick()
    return employee_id


def hidden(page: Page, action: str) -> dict[str, str]:
    """The guard of a page's form and the last line that the page knew."""
    fields = next(fields for form, fields in page.forms if form["action"] == action)
    return {name: fields[name] for name in ("csrf_token", "upto")}


def decide(browser: Browser, stopped: Stopped, deed: str, employees: list[str] | None = None) -> str:
    """What the page says after a decision; ``employees`` None: about all."""
    page = browser.page(stopped.page)
    fields = {
        **hidden(page, f"{stopped.page}/{deed}"),
        **({"which": "all"} if employees is None else {"employee": employees}),
    }
    answer = browser.post(f"{stopped.page}/{deed}", fields)  # type: ignore[arg-type]
    assert answer.status_code == 303
    return browser.page(stopped.page).text
