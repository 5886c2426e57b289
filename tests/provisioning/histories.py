"""Histories that hypothesis makes up: what an organisation lives through, and what its target must hold in the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select

from app.access import tenants
from app.database import reading, writing
from app.identifiers import new_id
from app.provisioning import resync, ticks
from app.provisioning.tables import link_table
from tests.harness.later import Later
from tests.harness.sweep import Fault, Place
from tests.provisioning.far import Far, Scim, is_write
from tests.provisioning.far import _scim_values as scim_values
from tests.provisioning.world import World

TITLES = ("Engineer", "Lead", "Chief of “Ops”")
DEPARTMENTS = ("Operations", "Söhne & Töchter")
#: Ticks, three hours apart, after which everything must have been delivered.
ROUNDS, HOURS = 12, 3 * 3600.0
#: Selections of fields that an admin changes between.
SELECTIONS = (
    ["givenName", "familyName", "displayName", "title", "department"],
    ["givenName", "familyName", "displayName", "department"],
    ["givenName", "familyName", "displayName", "title", "department", "workPhone"],
)
#: Whoever gets a colleague's former address must not be held because the user name made of it is taken.
NUMBERED = {"user_name_suffix": "number"}


def world_with(far: Far, **options: str) -> World:
    """An organisation of its own beside all others."""
    with writing() as connection:
        tenant = tenants.create(connection, "t" + new_id().replace("-", "")[-12:])
    return World(tenant, far, **options)


def is_due(world: World) -> bool:
    """Whether any link of this organisation is owed something."""
    due = select(link_table.c.employee_id).where(
        link_table.c.tenant_id == world.tenant.id, link_table.c.due_at.is_not(None)
    )
    with reading() as connection:
        return connection.execute(due.limit(1)).first() is not None


def delivered(world: World, later: Later) -> None:
    """Tick as the schedule does, until nothing is due; a tick of a killed worker keeps others away for a while."""
    for _ in range(ROUNDS):
        if ticks.run(world.tenant.id, world.target.id) is not None and not is_due(world):
            return
        later.by(HOURS)
    raise AssertionError("still due after a day and a half")


def ask_for_full(world: World) -> None:
    """Ask for a full resync."""
    with writing() as connection:
        resync.request_full(connection, world.target, "test")


people = st.integers(0, 5)


def made_under(account: Mapping[str, Any], email: str) -> bool:
    """Whether an account was created for this address: its user name is made of the first one, and never changes."""
    return re.fullmatch(re.escape(email.partition("@")[0]) + r"\d*", account["userName"]) is not None


class History(RuleBasedStateMachine):
    """A small organisation and its target, lived through in some order; `straight` holds the edits alone."""

    later: Later

    def __init__(self) -> None:
        super().__init__()
        self.far = Scim()
        self.world = world_with(self.far, **NUMBERED, concurrency="2")
        self.straight: list[Callable[[World, dict[str, str]], None]] = []
        self.ids: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        self.inactive: set[str] = set()
        self.hired_again: set[str] = set()
        self.left_and_gone: set[str] = set()
        self.selection: list[str] | None = None
        self.numbers = iter(range(1, 10_000))

    # Edits of the directory. Whom they are about goes by a name of the history's own: ids differ between the worlds.

    def edit(self, deed: Callable[[World, dict[str, str]], None]) -> None:
        self.straight.append(deed)
        deed(self.world, self.ids)

    def chosen(self, number: int) -> str:
        names = sorted(self.emails)
        return names[number % len(names)]

    @initialize()
    def first(self) -> None:
        for _ in range(2):
            self.hire()

    @rule()
    def hire(self) -> None:
        name = f"n{next(self.numbers)}"
        self._hired(name, f"{name}x@example.com")

    def _hired(self, name: str, email: str) -> None:
        self.emails[name] = email

        def deed(world: World, ids: dict[str, str]) -> None:
            ids[name] = world.hire(
                "Given", name, email, title=TITLES[0], enterprise={"department": DEPARTMENTS[0]}
            )

        self.edit(deed)

    @rule(who=people, title=st.sampled_from((*TITLES, None)), department=st.sampled_from(DEPARTMENTS))
    def change(self, who: int, title: str | None, department: str) -> None:
        name = self.chosen(who)
        self.edit(
            lambda world, ids: world.change(ids[name], title=title, enterprise={"department": department})
        )

    @rule(who=people)
    def move_to_a_new_address(self, who: int) -> None:
        name = self.chosen(who)
        self._address(name, f"moved{next(self.numbers)}x@example.com")

    def _address(self, name: str, email: str) -> None:
        self.emails[name] = email
        self.edit(lambda world, ids: world.email(ids[name], email))

    @rule(one=people, other=people, meanwhile=st.booleans())
    def swap_addresses(self, one: int, other: int, meanwhile: bool) -> None:
        """They share one for a moment, in which a tick may come."""
        first, second = self.chosen(one), self.chosen(other)
        mine, theirs = self.emails[first], self.emails[second]
        if first == second:
            return
        self._address(first, theirs)
        if meanwhile:
            self.tick()
        self._address(second, mine)

    @rule(who=people)
    def leave(self, who: int) -> None:
        name = self.chosen(who)
        self.inactive.add(name)
        self.edit(lambda world, ids: world.change(ids[name], active=False))

    @rule(who=people)
    def come_back(self, who: int) -> None:
        name = self.chosen(who)
        self.inactive.discard(name)
        self.edit(lambda world, ids: world.change(ids[name], active=True))

    @precondition(lambda self: len(self.emails) > 1)
    @rule(who=people, hired_again=st.booleans())
    def delete(self, who: int, hired_again: bool) -> None:
        name = self.chosen(who)
        email = self.emails.pop(name)
        self.edit(lambda world, ids: world.delete(ids.pop(name)))
        if name in self.inactive - self.hired_again:
            self.left_and_gone.add(email)
        self.inactive.discard(name)
        if hired_again:
            self.left_and_gone.discard(email)
            successor = f"n{next(self.numbers)}"
            self.hired_again.add(successor)
            self._hired(successor, email)

    @rule(selection=st.sampled_from(SELECTIONS))
    def select_fields(self, selection: list[str]) -> None:
        self.selection = selection
        self.world.configure(fields=selection)

    # What happens beside them.

    @rule()
    def tick(self) -> None:
        ticks.run(self.world.tenant.id, self.world.target.id)

    @rule()
    def resync(self) -> None:
        ask_for_full(self.world)
        self.tick()

    @rule(seconds=st.sampled_from([30.0, HOURS]))
    def time_passes(self, seconds: float) -> None:
        self.later.by(seconds)

    @rule(who=people, title=st.sampled_from(["King", TITLES[1]]), active=st.booleans())
    def hand_edit(self, who: int, title: str, active: bool) -> None:
        account = self.far.accounts().get(self.emails[self.chosen(who)])
        if account is not None:
            self.far.change(account["id"], title=title, active=active)

    @rule(
        place=st.sampled_from([Place.STATEMENT, Place.COMMIT_DONE, Place.REQUEST, Place.REQUEST_DONE]),
        nth=st.integers(1, 30),
    )
    def die(self, place: Place, nth: int) -> None:
        """A worker is killed at its n-th call; others find its leases ended only later."""
        with Fault(place, nth, kills=True):
            self.tick()

    # The end.

    def teardown(self) -> None:
        try:
            self.judge()
        finally:
            self.far.stop()

    def judge(self) -> None:
        if not self.emails:
            return
        delivered(self.world, self.later)
        ask_for_full(self.world)
        delivered(self.world, self.later)
        # Whoever was hired again and left at once is adopted and suspended in one: that always needs an admin.
        for plan in self.world.plans(state="waiting"):
            self.world.approve(plan.id)
        delivered(self.world, self.later)
        wanted, held = self.end_of_the_straight_way(), self.accounts()
        for name, email in self.emails.items():
            account = held.get(self.world.link(self.ids[name]).remote_id)
            if name in self.inactive:
                assert account is None or account["active"] is False, f"{name} left and is active there"
                continue
            assert account is not None, f"{name} ({email}) has no account"
            assert self.seen(account) == self.seen(wanted[email]), f"{name} ({email})"
            others = [other for other in held.values() if other["workEmail"] == email and other != account]
            # Who moves to the address of somebody deleted finds that account there, and it stays (rule 7).
            assert not (others and made_under(account, email)), f"{name} ({email}) was made twice"
        for account in held.values():
            if account["workEmail"] in self.left_and_gone - set(self.emails.values()):
                assert account["active"] is False, f"{account} left before the delete and is active there"
        self.every_account_is_someones(held.keys())
        self.far.forget_calls()
        ask_for_full(self.world)
        delivered(self.world, self.later)
        assert [call for call in self.far.calls() if is_write(*call)] == []

    def end_of_the_straight_way(self) -> dict[str, dict[str, Any]]:
        """The accounts where all edits came first, and one full resync after them."""
        far, ids = Scim(), dict[str, str]()
        try:
            straight = world_with(far, **NUMBERED)
            for deed in self.straight:
                deed(straight, ids)
            if self.selection is not None:
                straight.configure(fields=self.selection)
            ask_for_full(straight)
            delivered(straight, self.later)
            return far.accounts()
        finally:
            far.stop()

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Remote id → values."""
        return {user["id"]: scim_values(user) for user in self.far.users()}

    def every_account_is_someones(self, remote_ids: Collection[str]) -> None:
        """All accounts were made by links, and each is known to one."""
        known = select(link_table.c.remote_id).where(
            link_table.c.tenant_id == self.world.tenant.id, link_table.c.remote_id.is_not(None)
        )
        with reading() as connection:
            assert sorted(connection.scalars(known)) == sorted(remote_ids), "an account that no link knows"

    def seen(self, account: Mapping[str, Any]) -> dict[str, Any]:
        """What the law is about: the ids are each target's own, the user name is that of the first address."""
        selected = set(self.selection or SELECTIONS[0]) | {"active", "workEmail"}
        return {name: value for name, value in account.items() if name in selected}
