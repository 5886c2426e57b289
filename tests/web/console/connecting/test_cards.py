"""The page of cards: what is connected, what is half connected, what could be; and for whom there are buttons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.access import tenants
from app.access.tenants import Tenant
from app.database import writing
from app.sources import catalog, drafts, life, runner
from app.sources.catalog import Source
from tests.web.console.browser import Browser
from tests.web.console.connecting.person import Person

MAPPING = '[record]\nkey = "ID"\n[fields]\n"name.givenName" = "First"\n"emails[work].value" = "Mail"\n'
SCRIPT = "<script>alert(1)</script>"


def add_file(tenant_id: int, folder: Path, *rows: str, name: str = "people") -> Source:
    """A source that reads a file of these rows."""
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["ID,First,Mail", *rows, ""]))
    draft = drafts.drafted("csv", name, {"path": str(path), "mapping": MAPPING, "schedule": "1h"}, {})
    with writing() as connection:
        return catalog.add(connection, tenant_id, draft, "system:test")


def test_without_sources_every_kind_is_offered(admin: Person) -> None:
    assert "Nothing is connected yet" in admin.text
    for label in ("BambooHR", "CSV file", "iCIMS", "intelliHR", "JazzHR", "SmartRecruiters"):
        assert f"Connect {label}" in admin.page.links("available")


def test_a_card_tells_of_the_last_import_and_the_next(tenant: Tenant, admin: Person, tmp_path: Path) -> None:
    known = add_file(tenant.id, tmp_path, "1,Maya,maya@acme.example", ",Nobody,n@acme.example")
    run = runner.import_now(known, dry_run=False, requested_by="system:test")
    admin.go("/sources")
    assert "1 added" in admin.text
    assert "1 errored" in admin.text
    assert "Every hour" in admin.text
    assert f"/runs/{run.id}" in admin.page.links("connected").values()
    assert known.next_run_at is not None
    shown = [told["datetime"] for tag, told in admin.page.elements if tag == "time"]
    assert known.next_run_at[:19] + "Z" in shown


def test_a_dry_run_is_no_last_import(tenant: Tenant, admin: Person, tmp_path: Path) -> None:
    runner.import_now(
        add_file(tenant.id, tmp_path, "1,Maya,m@acme.example"), dry_run=True, requested_by="system:test"
    )
    assert "None yet" in admin.go("/sources").text


def test_a_failed_import_stands_on_the_card_with_the_way_out(
    tenant: Tenant, admin: Person, tmp_path: Path
) -> None:
    known = add_file(tenant.id, tmp_path, "1,Maya,m@acme.example")
    Path(known.settings["path"]).unlink()
    assert runner.import_now(known, dry_run=False, requested_by="system:test").state == "failed"
    admin.go("/sources")
    assert "Nobody is suspended because of that" in admin.text


def test_a_paused_source_has_no_next_import(tenant: Tenant, admin: Person, tmp_path: Path) -> None:
    known = add_file(tenant.id, tmp_path)
    with writing() as connection:
        life.pause(connection, known, "system:test")
    assert "Not by itself" in admin.go("/sources").text
    assert "Paused" in admin.text


def test_who_may_not_connect_sees_cards_without_buttons(
    tenant: Tenant, as_role: Callable[[str], Browser], tmp_path: Path
) -> None:
    add_file(tenant.id, tmp_path)
    for role in ("viewer", "hr"):
        page = as_role(role).page("/sources")
        assert "people" in page.links("connected")
        assert "Not enabled for this tenant yet." in page.text
        assert page.links("available") == {}


def test_another_tenants_sources_are_not_there(admin: Person, tmp_path: Path) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    add_file(other.id, tmp_path, name="theirs")
    assert "theirs" not in admin.go("/sources").html


def test_a_draft_goes_on_where_it_stands(admin: Person, the_source: Callable[[], Source]) -> None:
    admin.follow("Connect JazzHR").press("Continue")
    admin.go("/sources")
    assert "next step: Consent" in admin.text
    assert admin.follow("Continue connecting jazzhr").path == f"/sources/{the_source().id}/connect/consent"
    admin.tick("agreed").press("Agree and continue").go("/sources")
    assert "next step: Credentials" in admin.text
