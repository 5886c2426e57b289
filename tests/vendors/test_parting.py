"""Parting from a vendor that was told by API where to call us: nothing of ours stays there, or it is said what does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access import tokens
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.cli import main
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts, hooks, parting, runner, runs
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.vendors.bamboohr.simulator import BASE as BAMBOOHR_BASE
from app.vendors.bamboohr.simulator import DEFAULT_KEY as BAMBOOHR_KEY
from app.vendors.bamboohr.simulator import BambooHRSimulator
from app.vendors.intellihr.simulator import BASE as INTELLIHR_BASE
from app.vendors.intellihr.simulator import DEFAULT_KEY as INTELLIHR_KEY
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY as SMART_KEY
from app.vendors.smartrecruiters.simulator import SmartRecruitersSimulator
from tests.harness.connecting import connect

BY = "admin:eve@example.com"
FAST = {"calls_per_second": "0", "retry_seconds": "0.001"}
#: Kind → its simulator, what stands behind its address, its key, more settings.
KINDS: dict[str, tuple[Callable[[], Any], str, str, dict[str, str]]] = {
    "bamboohr": (BambooHRSimulator, BAMBOOHR_BASE, BAMBOOHR_KEY, {}),
    "intellihr": (IntelliHRSimulator, INTELLIHR_BASE, INTELLIHR_KEY, {"subdomain": DEFAULT_SUBDOMAIN}),
    "smartrecruiters": (lambda: SmartRecruitersSimulator(faults="no-limit"), "", SMART_KEY, {}),
}
#: Kind → the subscriptions that its simulator has.
THERE: dict[str, Callable[[Any], Any]] = {
    "bamboohr": lambda vendor: vendor.webhooks.hooks,
    "intellihr": lambda vendor: vendor.hooks.rows,
    "smartrecruiters": lambda vendor: vendor.webhooks.subscriptions,
}


@dataclass
class Subscribed:
    """A vendor that calls us, and the source that has told it to."""

    tenant: Tenant
    kind: str
    vendor: Any

    @property
    def source(self) -> Source:
        """The source as it stands now."""
        with reading() as connection:
            return catalog.named(connection, self.tenant.id, "hr")

    def there(self) -> int:
        """How many subscriptions the vendor has."""
        return len(THERE[self.kind](self.vendor))

    def told(self) -> list[str]:
        """Return what the audit chain says of parting."""
        query = select(AuditRow.action).where(AuditRow.tenant_id == self.tenant.id).order_by(AuditRow.id)
        wanted = ("source.unsubscribed", "source.left_behind", "source.disconnected", "source.removed")
        with reading() as connection:
            return [action for action in connection.scalars(query) if action in wanted]


@pytest.fixture
def subscribed(
    app: Flask, tenant: Tenant, serve: Callable[[Any], str]
) -> Iterator[Callable[..., Subscribed]]:
    """Give a function that connects a vendor, and has it told to call us."""
    ours = serve(app)
    with ExitStack() as servers:

        def made(kind: str) -> Subscribed:
            simulator, base, key, more = KINDS[kind]
            vendor = simulator()
            url = servers.enter_context(serve_simulator(vendor)).url
            if hasattr(vendor, "url"):
                vendor.url = url
            draft = drafts.drafted(kind, "hr", {"base_url": url + base, **FAST, **more}, {"api_key": key})
            with writing() as connection:
                connect(connection, tenant.id, draft)
            found = Subscribed(tenant, kind, vendor)
            address = ours + hooks.path_of(found.source, tenant.public_id, keyed=True)
            hooks.subscribe(found.source, runner.context_of(found.source), address, BY)
            assert found.there() >= 1
            return found

        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a vendor left untold at once that does not answer."""
    monkeypatch.setattr(parting, "PATIENCE_SECONDS", 0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_disconnected_source_leaves_nothing_at_its_vendor(
    subscribed: Callable[..., Subscribed], kind: str
) -> None:
    found = subscribed(kind)
    parted = parting.disconnect(found.source, BY)
    assert (found.there(), parted.left, parted.source.state) == (0, None, "disconnected")
    assert found.source.secrets == {}
    assert found.told() == ["source.unsubscribed", "source.disconnected"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_removed_source_leaves_nothing_at_its_vendor(
    subscribed: Callable[..., Subscribed], kind: str
) -> None:
    found = subscribed(kind)
    assert parting.remove(found.source, BY).left is None
    assert found.there() == 0
    with pytest.raises(NotFoundError):
        assert found.source
    assert found.told() == ["source.unsubscribed", "source.removed"]


@pytest.mark.parametrize("faults", ["500", "401", "429:retry_after=3600", "drop", "html"])
@pytest.mark.parametrize("part", ["disconnect", "remove"])
@pytest.mark.usefixtures("impatient")
def test_a_vendor_that_fails_keeps_nobody_from_parting_and_what_stays_there_is_said(
    subscribed: Callable[..., Subscribed], part: str, faults: str
) -> None:
    found = subscribed("smartrecruiters")
    key = found.source.secrets["signing_key"]
    found.vendor.plan_faults(faults)
    left = getattr(parting, part)(found.source, BY).left
    assert found.there() == 1
    assert "SmartRecruiters could not be told to call no more" in left
    assert "Delete it at SmartRecruiters." in left
    assert SMART_KEY not in left
    assert key not in left
    assert found.told() == [f"source.{part}{'d' if part == 'remove' else 'ed'}", "source.left_behind"]
    with reading() as connection:
        names = [known.state for known in catalog.listed(connection, found.tenant.id)]
    assert names == (["disconnected"] if part == "disconnect" else [])


@pytest.mark.usefixtures("impatient")
def test_a_defect_of_an_adapter_keeps_nobody_from_parting(
    subscribed: Callable[..., Subscribed], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = subscribed("smartrecruiters")
    monkeypatch.setattr(hooks, "unsubscribe", lambda *_: 1 / 0)
    left = parting.disconnect(found.source, BY).left
    assert left is not None and "its log has the cause" in left
    assert found.source.state == "disconnected"


def test_an_address_that_was_entered_by_hand_is_named_as_left(tenant: Tenant) -> None:
    draft = drafts.drafted("jazzhr", "hr", {}, {"api_key": "k", "webhook_secret": "s"})
    with writing() as connection:
        known = connect(connection, tenant.id, draft)
    left = parting.disconnect(known, BY).left
    assert left is not None and "by hand" in left and "JazzHR" in left


def test_a_vendor_that_was_told_nothing_is_not_called(tenant: Tenant) -> None:
    vendor = BambooHRSimulator()
    with serve_simulator(vendor) as server:
        given = {"base_url": server.url + BAMBOOHR_BASE, **FAST}
        draft = drafts.drafted("bamboohr", "hr", given, {"api_key": BAMBOOHR_KEY})
        with writing() as connection:
            known = connect(connection, tenant.id, draft)
        assert parting.disconnect(known, BY).left is None
        assert vendor.log.calls() == []


def test_who_may_not_be_parted_from_goes_on_being_called_by_the_vendor(
    subscribed: Callable[..., Subscribed], tenant: Tenant, tmp_path: Any
) -> None:
    found = subscribed("smartrecruiters")
    with writing() as connection:
        runs.start(connection, found.source, dry_run=False, requested_by=BY)
    with pytest.raises(WrongSource, match="under way"):
        parting.remove(found.source, BY)
    assert found.there() == 1
    file = tmp_path / "p.csv"
    file.write_text("ID,First\n1,Ada\n")
    mapping = '[record]\nkey = "ID"\n[fields]\n"name.givenName" = "First"\n'
    draft = drafts.drafted("csv", "file", {"path": str(file), "mapping": mapping}, {})
    with writing() as connection:
        added = catalog.add(connection, tenant.id, draft, BY)
    with pytest.raises(WrongUse, match="is a file"):
        parting.disconnect(added, BY)
    assert parting.remove(added, BY).left is None


# --- the doors


@pytest.mark.usefixtures("impatient")
def test_the_command_line_says_what_stays(subscribed: Callable[..., Subscribed], app: Flask) -> None:
    found = subscribed("smartrecruiters")
    found.vendor.plan_faults("500")
    for step in ("disconnect", "remove"):
        done = app.test_cli_runner().invoke(main, ["source", step, "hr", "--tenant", found.tenant.slug])
        assert done.exit_code == 0, done.output
        assert ("Delete it at SmartRecruiters." in done.output) is (step == "disconnect")


@pytest.mark.usefixtures("impatient")
def test_the_admin_api_says_what_stays(subscribed: Callable[..., Subscribed], app: Flask) -> None:
    found = subscribed("smartrecruiters")
    with writing() as connection:
        token = tokens.create(connection, found.tenant, "script", scopes=("admin:write",)).text
    headers = {"Authorization": f"Bearer {token}"}
    found.vendor.plan_faults("500")
    with app.test_client() as client:
        told = client.post("/api/v1/sources/hr/disconnect", headers=headers)
        assert (told.status_code, told.json["state"]) == (200, "disconnected")
        assert "Delete it at SmartRecruiters." in told.json["left"]
        assert client.delete("/api/v1/sources/hr", headers=headers).status_code == 204


@pytest.mark.usefixtures("impatient")
def test_the_admin_api_says_what_stays_of_a_removed_source(
    subscribed: Callable[..., Subscribed], app: Flask
) -> None:
    found = subscribed("smartrecruiters")
    with writing() as connection:
        token = tokens.create(connection, found.tenant, "script", scopes=("admin:write",)).text
    found.vendor.plan_faults("500")
    with app.test_client() as client:
        told = client.delete("/api/v1/sources/hr", headers={"Authorization": f"Bearer {token}"})
    assert told.status_code == 200
    assert "Delete it at SmartRecruiters." in told.json["left"]
