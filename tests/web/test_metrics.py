"""`/metrics`: who may see it, and that what it says is what the database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app import directory
from app.access import tenants
from app.access.tenants import Tenant
from app.config import Settings
from app.database import writing
from app.jobs.leases import Lease
from app.notices import channels, delivering, telling
from app.provisioning import plans, targets
from app.sources import catalog, drafts, runs
from app.web import metrics
from tests.harness.isolation import watched
from tests.provisioning.far import Scim
from tests.provisioning.world import World

TOKEN = "metrics-token-canary-1"
FAR_AWAY = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, metrics_token=TOKEN)


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "CACHE_SECONDS", 0.0)


def _status(app: Flask, settings: Settings | None = None, **request: object) -> int:
    if settings is not None:
        app.extensions["rollcall.settings"] = settings
    with app.test_client() as client:
        return client.get("/metrics", **request).status_code


def test_callers_on_this_machine_may_see_it(app: Flask) -> None:
    assert _status(app) == 200
    assert _status(app, environ_base={"REMOTE_ADDR": "::1"}) == 200


@pytest.mark.parametrize(
    "request_",
    [
        {"environ_base": FAR_AWAY},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"Host": "rollcall.example.com"}},
        {"environ_base": FAR_AWAY, "headers": {"Authorization": "Bearer wrong"}},
        {"environ_base": FAR_AWAY, "headers": {"Authorization": f"Basic {TOKEN}"}},
        {"environ_base": FAR_AWAY, "headers": {"Authorization": "Bearer "}},
    ],
)
def test_for_all_others_there_is_no_such_page(app: Flask, request_: dict[str, object]) -> None:
    assert _status(app, **request_) == 404


def test_a_scim_token_opens_nothing(app: Flask, token: str) -> None:
    assert _status(app, environ_base=FAR_AWAY, headers={"Authorization": f"Bearer {token}"}) == 404


@pytest.mark.parametrize("environ", [{}, FAR_AWAY])
def test_the_token_opens_it_from_everywhere(app: Flask, settings: Settings, environ: dict[str, str]) -> None:
    public = replace(settings, public_url="https://rollcall.example.com")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert _status(app, public, environ_base=environ, headers=headers) == 200


def test_without_a_token_an_empty_one_opens_nothing(app: Flask, settings: Settings) -> None:
    without = replace(settings, metrics_token="")
    assert _status(app, without, environ_base=FAR_AWAY, headers={"Authorization": "Bearer "}) == 404


def test_behind_a_public_address_loopback_proves_nothing(app: Flask, settings: Settings) -> None:
    """A proxy that adds no header makes everybody a caller on this machine."""
    assert _status(app, replace(settings, public_url="https://rollcall.example.com")) == 404
    assert _status(app, replace(settings, public_url="http://localhost:8000")) == 200


def _samples(app: Flask) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    with app.test_client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _value(app: Flask, name: str, **labels: str) -> float | None:
    return _samples(app).get((name, frozenset({"tenant": "acme", **labels}.items())))


@pytest.fixture
def world(tenant: Tenant) -> Iterator[World]:
    far = Scim("")
    yield World(tenant, far)
    far.stop()


def test_links_and_attempts_are_counted(app: Flask, world: World) -> None:
    world.hire_many(3)
    assert _value(app, "rollcall_links_due", target="far") == 3
    assert (_value(app, "rollcall_link_due_oldest_seconds", target="far") or -1) >= 0
    world.tick()
    assert _value(app, "rollcall_links", target="far", state="linked") == 3
    assert _value(app, "rollcall_links_due", target="far") is None
    assert (_value(app, "rollcall_attempts_recent", target="far", status="2xx") or 0) >= 3
    assert (_value(app, "rollcall_attempt_duration_seconds_bucket", target="far", le="+Inf") or 0) >= 3
    assert _value(app, "rollcall_employees") == 3


def test_pauses_open_circuits_and_plans_that_wait_are_shown(app: Flask, world: World) -> None:
    assert _value(app, "rollcall_target_paused", target="far") == 0
    with writing() as connection:
        target = world.target
        targets.note_answer(connection, target, failures=4, retry_at=None)
        plans.create(connection, world.tenant.id, target.id, plans.HELD, "waiting", "too many")
        targets.pause(connection, target, "test", "maintenance")
    assert _value(app, "rollcall_target_paused", target="far") == 1
    assert _value(app, "rollcall_target_failures", target="far") == 4
    assert _value(app, "rollcall_plans_waiting", target="far", kind="held") == 1


def test_import_runs_are_counted_by_state(app: Flask, tenant: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("ID,Last\n1,One\n")
    mapping = '[record]\nkey = "ID"\n[fields]\n"name.familyName" = "Last"\n'
    draft = drafts.drafted("csv", "hr", {"path": str(file), "mapping": mapping}, {})
    with writing() as connection:
        catalog.add(connection, tenant.id, draft, "test")
        known = catalog.named(connection, tenant.id, "hr")
        runs.start(connection, known, dry_run=False, requested_by="test")
    assert _value(app, "rollcall_import_runs_recent", source="hr", state="running") == 1


def test_notices_that_do_not_get_through_are_shown(app: Flask, tenant: Tenant) -> None:
    words = {"title": "far is paused", "text": "x"}
    with writing() as connection:
        address = "http://127.0.0.1:9/in"
        channels.add(connection, tenant.id, "test", kind="webhook", name="hook", address=address)
        telling.tell(connection, tenant.id, "target.paused", "target:far", "paused", **words)
    delivering.drain(tenant.id)
    assert _value(app, "rollcall_notice_deliveries", channel="hook", state="pending") == 1


def test_the_schedulers_beat_has_an_age(app: Flask, settings: Settings) -> None:
    assert ("rollcall_scheduler_beat_age_seconds", frozenset()) not in _samples(app)
    assert Lease("scheduler", settings.scheduler_lease).hold()
    assert 0 <= _samples(app)[("rollcall_scheduler_beat_age_seconds", frozenset())] < 60


def test_labels_name_the_tenant_and_nobody(app: Flask, world: World) -> None:
    world.hire("Maya", "Okafor")
    with writing() as connection:
        tenants.create(connection, "other")
    world.tick()
    samples = _samples(app)
    assert ("rollcall_employees", frozenset({("tenant", "other")})) in samples
    known = {"tenant", "target", "source", "channel", "state", "status", "kind", "reason", "le"}
    assert {label for _, labels in samples for label, _ in labels} <= known
    text = " ".join(value for _, labels in samples for _, value in labels)
    assert "maya" not in text.lower()


def test_it_reads_one_tenant_at_a_time(app: Flask, world: World) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    with watched() as watch:
        assert _status(app) == 200
        assert watch.taken() == []


def test_an_answer_is_given_again_for_some_seconds(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, hired: Callable[[], None]
) -> None:
    monkeypatch.setattr(metrics, "CACHE_SECONDS", 3600.0)
    first = _samples(app)
    hired()
    assert _samples(app) == first
    monkeypatch.setattr(metrics, "CACHE_SECONDS", 0.0)
    assert _value(app, "rollcall_employees") == 1


@pytest.fixture
def hired(tenant: Tenant) -> Callable[[], None]:
    def hire() -> None:
        with writing() as connection:
            actor = directory.Actor("admin", "test")
            directory.create(connection, tenant.id, actor, {"schemas": [], "userName": "maya"})

    return hire
