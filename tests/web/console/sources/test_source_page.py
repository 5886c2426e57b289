"""A source's page: how it stands, what is wrong with it and how that is mended, who is known from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from app import directory
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.directory.tables import EmployeeRow
from app.sources import catalog, drafts, life, runner, suggestions, vendors
from app.sources.catalog import Source
from scim.resources import USER
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_MAIL, GOOD, PeopleFile

ADMIN = Actor("admin", "test")
SCRIPT = "<script>alert(1)</script>"


def test_a_page_says_how_the_source_stands_and_who_is_known_from_it(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD, BAD_MAIL)
    page = signed_in.page(file.address)
    assert page.links("numbers") == {"1": f"/people?source={file.source.id}"}
    for words in ("Active", "CSV file", "On request only", "none planned", "by hr@acme.example"):
        assert words in page.text, words
    assert page.rows("runs")[0][:2] == ["Run 1", "Finished"]


def test_a_daily_import_is_told_in_the_time_zone_of_the_source(
    signed_in: Browser, jazz: Callable[..., Source]
) -> None:
    known = jazz(schedule="daily 00:00 America/Los_Angeles")
    text = signed_in.page(f"/sources/{known.id}").text
    assert "Every day at 00:00, Los Angeles time" in text
    assert "00:00, Los Angeles time)" in text


def test_before_the_first_import_it_says_what_to_do(signed_in: Browser, file: PeopleFile) -> None:
    page = signed_in.page(file.address)
    assert "Nothing has been imported from it yet" in page.text
    actions = [form["action"] for form, _ in page.forms]
    assert actions.count(f"{file.address}/import") >= 2


def test_tabs_have_addresses_and_a_file_has_no_webhook(
    signed_in: Browser, file: PeopleFile, jazz: Callable[..., Source]
) -> None:
    jazz_address = f"/sources/{jazz().id}"
    for address, tabs in ((file.address, 4), (jazz_address, 5)):
        page = signed_in.page(address)
        found = [
            a["href"] for tag, a in page.elements if tag == "a" and a.get("href", "").startswith(address)
        ]
        names = ["", "/runs", "/mapping", "/webhook", "/settings"]
        shown = [address + name for name in names if address + name in found]
        assert len(shown) == tabs
        for each in shown:
            here = [a for tag, a in signed_in.page(each).elements if tag == "a" and a.get("aria-current")]
            assert each in [a["href"] for a in here]
    assert signed_in.get(f"{file.address}/webhook").status_code == 404


def test_refused_credentials_lead_to_the_step_that_mends_them(
    signed_in: Browser, jazz: Callable[..., Source], account: Callable[..., str]
) -> None:
    known = jazz(account(), key="wrong")
    run = runner.import_now(known, dry_run=False, requested_by="system:schedule")
    for address in (f"/sources/{known.id}", f"/runs/{run.id}"):
        html = signed_in.get(address).text
        assert "JazzHR refused the credentials" in html
        assert "rollcall source set" not in html
        assert f'href="/sources/{known.id}/connect/credentials">Enter new credentials</a>' in html


def test_a_run_that_is_under_way_does_not_hide_what_is_wrong(
    signed_in: Browser, jazz: Callable[..., Source], account: Callable[..., str], file: PeopleFile
) -> None:
    file.held()
    file.begun(dry_run=True)
    assert "waits for approval" in signed_in.page(file.address).text


def test_a_draft_leads_back_to_its_wizard(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        vendors.enable(connection, tenant.id, "jazzhr", "system:test")
        known = catalog.add(connection, tenant.id, drafts.drafted("jazzhr", "jazz", {}, {}), "system:test")
    page = signed_in.page(f"/sources/{known.id}")
    assert "jazz is not connected yet" in page.text
    assert f"/sources/{known.id}/connect/consent" in {a.get("href") for _, a in page.elements}
    assert "import" not in {form["action"].rpartition("/")[2] for form, _ in page.forms}


def test_a_draft_of_a_file_goes_on_at_a_step_that_files_have(
    signed_in: Browser, tenant: Tenant, tmp_path: Path
) -> None:
    (tmp_path / "hr.csv").write_text("ID,First\n1,Maya\n")
    given = {
        "path": str(tmp_path / "hr.csv"),
        "mapping": '[record]\nkey = "ID"\n[fields]\n"title" = "First"\n',
    }
    with writing() as connection:
        draft = drafts.drafted("csv", "hr", given, {})
        known = catalog.add(connection, tenant.id, draft, "system:test", as_draft=True)
    for page in (f"/sources/{known.id}", "/"):
        links = {a.get("href") for _, a in signed_in.page(page).elements}
        assert f"/sources/{known.id}/connect/choices" in links, page
        assert f"/sources/{known.id}/connect/credentials" not in links, page
    assert signed_in.get(f"/sources/{known.id}/connect/choices").status_code == 200


def test_a_disconnected_source_offers_to_be_linked_again(
    signed_in: Browser, jazz: Callable[..., Source]
) -> None:
    known = jazz()
    with writing() as connection:
        life.disconnect(connection, known, "system:test")
    page = signed_in.page(f"/sources/{known.id}")
    assert "jazz is disconnected" in page.text
    assert "Link it again" in page.text


def test_look_alikes_that_wait_are_counted_and_lead_to_approvals(
    signed_in: Browser, tenant: Tenant, file: PeopleFile
) -> None:
    with writing() as connection:
        ada = directory.create(connection, tenant.id, ADMIN, {"schemas": [USER], "userName": "ada"}).id
        suggestions.suggest(connection, tenant.id, file.source.id, "7", ada, {})
    assert signed_in.page(file.address).links("numbers")["1"] == "/approvals"
    with writing() as connection:
        directory.delete(connection, tenant.id, ada, ADMIN)
    assert "/approvals" not in signed_in.page(file.address).links("numbers").values()


def test_who_was_deleted_since_is_not_counted_among_those_known_from_it(
    signed_in: Browser, tenant: Tenant, file: PeopleFile
) -> None:
    file.run(GOOD)
    with writing() as connection:
        (employee,) = connection.scalars(select(EmployeeRow.__table__.c.id))
        directory.delete(connection, tenant.id, employee, ADMIN)
    assert signed_in.page(file.address).links("numbers") == {"0": f"/people?source={file.source.id}"}


def test_another_tenants_source_is_not_there(signed_in: Browser, strange_file: PeopleFile) -> None:
    strange = strange_file.source.id
    for tab in ("", "/runs", "/mapping", "/webhook", "/settings", "/mapping/look", "/disconnect", "/remove"):
        assert signed_in.get(f"/sources/{strange}{tab}").status_code == 404, tab


def test_a_payload_stays_text_on_every_tab(signed_in: Browser, file: PeopleFile) -> None:
    file.run(f"1,{SCRIPT},Byron,a@acme.example,Sales,3/4/2024")
    file.held(SCRIPT)
    for tab in ("", "/runs", "/mapping", "/settings", "/mapping/look"):
        assert SCRIPT not in signed_in.get(file.address + tab).text, tab
    assert "&lt;script&gt;" in signed_in.get(file.address).text
