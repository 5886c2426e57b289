"""What admins are told when something about a target changes in a transaction of this room (rules 14 and 16).

What follows from rows that many transactions write (quarantine, vanished accounts, an open circuit) is not told here:
``watching.py`` looks for it once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app.notices import telling
from app.provisioning import gates

if TYPE_CHECKING:
    from app.provisioning.targets import Target

#: A plan that waits is said again after this time (rule 16).
REMIND_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Trip:
    """A class of change that the breaker has put into a plan."""

    plan_id: int
    run_id: int
    change: str
    people: int
    reason: str


def about(name: str) -> str:
    """What notices about a target are filed under."""
    return f"target:{name}"


def paused(connection: Connection, target: Target, reason: str) -> None:
    """Tell that nothing is sent to the target any more, and why."""
    telling.tell(
        connection,
        target.tenant_id,
        "target.paused",
        about(target.name),
        "paused",
        title=f"{target.name} is paused",
        text=f"Nothing is sent to the target {target.name}: {reason}. Changes are kept and sent after "
        f"`rollcall target resume {target.name}`.",
        details={"target": target.name},
    )


def resumed(connection: Connection, target: Target) -> None:
    """Tell that the target is written to again, if it was told that it is paused."""
    telling.settled(
        connection,
        target.tenant_id,
        "target.resumed",
        about(target.name),
        "active",
        title=f"{target.name} is resumed",
        text=f"The target {target.name} is written to again; what was kept meanwhile is being sent.",
        details={"target": target.name},
    )


def tripped(connection: Connection, target: Target, trip: Trip) -> None:
    """Tell that a plan waits, at once and again after 15 minutes."""
    what = gates.label_of(trip.change)
    telling.tell(
        connection,
        target.tenant_id,
        "breaker.tripped",
        f"plan:{trip.plan_id}",
        "waiting",
        title=f"{target.name}: {what} of {trip.people} people waits for approval",
        text=(
            f"{trip.reason}. Nothing of it is sent before an admin decides; everything else goes on. Look at it with "
            f"`rollcall plan show {trip.plan_id}`, then `rollcall plan approve {trip.plan_id}` or "
            f"`rollcall plan discard {trip.plan_id}`."
        ),
        details={
            "target": target.name,
            "plan": trip.plan_id,
            "import_run": trip.run_id,
            "class": trip.change,
            "people": trip.people,
        },
        remind_after=REMIND_SECONDS,
    )


def decided(connection: Connection, plan: Any, word: str, actor: str) -> None:
    """Tell that an admin has decided about a plan, if it was told that the plan waits."""
    telling.settled(
        connection,
        plan.tenant_id,
        "breaker.decided",
        f"plan:{plan.id}",
        word,
        title=f"Plan {plan.id} is {word}",
        text=f"{actor} has decided about plan {plan.id}: it is {word}.",
        details={"plan": plan.id, "by": actor},
    )
