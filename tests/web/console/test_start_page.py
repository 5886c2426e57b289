"""What the start page shows: people, imports, targets, links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import directory
from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.provisioning import targets, ticks
from app.simulation import Server
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts, runner
from app.sources.runs import Run
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from app.web.console.overview import PAGE
from scim.resources import USER
from tests.web.console.browser import Browser, Page

ACTOR = Actor("admin", "test")
SCRIPT = "<script>alert(1)</script>"


def hire(
    tenant: Tenant, user_name: str, *, name: str = "", email: str | None = None, active: bool = True
) -> str:
    """The id of a new employee."""
    document = {"schemas": [USER], "userName": user_name, "active": active}
    document |= {"displayName": name} if name else {}
    document |= {"emails": [{"type": "work", "value": email}]} if email else {}
    with writing() as connection:
        return directory.create(connection, tenant.id, ACTOR, document).id


def hire_many(tenant: Tenant, count: int) -> list[str]:
    """The names of that many new employees, the newest first (ids of the same millisecond have no order)."""
    made = {
        hire(tenant, f"person-{number}", name=f"Person {number}"): f"Person {number}"
        for number in range(count)
    }
    return [made[employee_id] for employee_id in sorted(made, reverse=True)]


def import_csv(tenant: Tenant, folder: Path, text: str) -> Run:
    """The ended run of a file's import."""
    path = folder / "people.csv"
    path.write_text(text)
    with writing() as connection:
        if not path.with_suffix(".known").exists():
            draft = drafts.drafted("csv", "people", {"path": str(path), "mapping": MAPPING}, {})
            catalog.add(connection, tenant.id, draft, "system:test")
            path.with_suffix(".known").touch()
        source = catalog.named(connection, tenant.id, "people")
    return runner.import_now(source, dry_run=False, requested_by="system:test")


MAPPING = """
[record]
key = "Number"
[fields]
"name.givenName" = "Given"
"emails[work].value" = "Mail"
"""


@pytest.fixture
def jumpcloud() -> Iterator[Server]:
    """Give a simulated JumpCloud."""
    with serve_simulator(JumpCloudSimulator()) as server:
        yield server


def push(tenant: Tenant, server: Server, *, paused: bool = False) -> None:
    """Add the target and let its first tick do all there is to do."""
    with writing() as connection:
        added = targets.add(
            connection,
            tenant.id,
            "system:test",
            kind="jumpcloud",
            name="accounts",
            url=f"{server.url}/api",
            token="simulator-key",
            paused=paused,
        )
    ticks.run(tenant.id, added.id)


def names(page: Page) -> list[str]:
    """Whom the table of people shows."""
    return [row[0] for row in page.rows("people")]


# ---------------------------------------------------------------------------------------------------- people


def test_an_empty_directory_says_what_to_do_next(signed_in: Browser) -> None:
    text = signed_in.page().text
    assert "Nobody is in the directory yet" in text
    assert "rollcall source add csv --tenant acme" in text
    assert "rollcall token create --tenant acme" in text
    assert "rollcall target add jumpcloud --tenant acme" in text


def test_a_person_is_a_line_with_name_mail_state_user_name_and_time(
    signed_in: Browser, tenant: Tenant
) -> None:
    employee_id = hire(tenant, "maya", name="Maya Okafor", email="maya@acme.example")
    with reading() as connection:
        employee = directory.get(connection, tenant.id, employee_id)
    page = signed_in.page()
    (line,) = page.rows("people")
    assert line[:4] == ["Maya Okafor", "maya@acme.example", "Active", "maya"]
    assert employee is not None
    exact = employee.last_modified[:19] + "Z"
    assert ("time", {"datetime": exact, "title": exact}) in page.elements
    assert line[4].endswith(" UTC")


def test_a_person_without_a_display_name_is_called_by_the_next_best(
    signed_in: Browser, tenant: Tenant
) -> None:
    hire(tenant, "maya.okafor")
    with writing() as connection:
        document = {
            "schemas": [USER],
            "userName": "noah",
            "name": {"givenName": "Noah", "familyName": "Becker"},
        }
        directory.create(connection, tenant.id, ACTOR, document)
    assert names(signed_in.page()) == ["Noah Becker", "maya.okafor"]


def test_active_and_inactive_people_are_counted_and_each_number_leads_to_them(
    signed_in: Browser, tenant: Tenant
) -> None:
    for name in ("maya", "noah"):
        hire(tenant, name)
    hire(tenant, "leila", active=False)
    page = signed_in.page()
    assert list(page.links("people")) == ["3 in all", "2 active", "1 inactive"]
    assert names(signed_in.page(page.links("people")["2 active"])) == ["noah", "maya"]
    assert names(signed_in.page(page.links("people")["1 inactive"])) == ["leila"]


def test_nobody_inactive_is_said_in_words(signed_in: Browser, tenant: Tenant) -> None:
    hire(tenant, "maya")
    assert "Nobody is inactive." in signed_in.page("/?people=inactive").text


def test_many_people_come_in_pages_both_ways(signed_in: Browser, tenant: Tenant) -> None:
    wanted = hire_many(tenant, 2 * PAGE + 5)
    first = signed_in.page()
    second = signed_in.page(first.links("people")["Older"])
    third = signed_in.page(second.links("people")["Older"])
    assert (names(first), names(second)) == (wanted[:PAGE], wanted[PAGE : 2 * PAGE])
    assert names(third) == wanted[2 * PAGE :]
    assert "Newer" not in first.links("people") and "Older" not in third.links("people")
    assert names(signed_in.page(third.links("people")["Newer"])) == names(second)
    again = signed_in.page(signed_in.page(third.links("people")["Newer"]).links("people")["Newer"])
    assert names(again) == names(first)
    assert "Newer" not in again.links("people")
    assert names(signed_in.page(third.links("people")["Newest"])) == names(first)


def test_a_place_behind_the_last_person_shows_the_newest(signed_in: Browser, tenant: Tenant) -> None:
    hire(tenant, "maya")
    assert names(signed_in.page(f"/?people_older={'0' * 36}")) == ["maya"]


NONSENSE = (
    "people=everyone&people_older=x&people_newer=%00",
    "target=99999999999999999999&state=held",
    "target=0&links_older=a.b&links_newer=%F0%9F%98%80",
    f"links_older={'0' * 36}.1&links_newer={'0' * 36}.1&people_newer={'f' * 36}",
    "people=active%27--&state=%3Cscript%3E",
)


def test_an_address_that_makes_no_sense_shows_the_page(signed_in: Browser, tenant: Tenant) -> None:
    hire(tenant, "maya")
    for query in NONSENSE:
        answer = signed_in.get("/?" + query)
        assert answer.status_code == 200, query
        assert names(Page(answer.text)) == ["maya"], query


def test_people_with_script_for_names_are_shown_as_text(signed_in: Browser, tenant: Tenant) -> None:
    payloads = (
        SCRIPT,
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "' onmouseover='alert(1)",
        "&lt;b&gt;",
    )
    for number, payload in enumerate(payloads):
        hire(tenant, f"p{number}{payload}", name=payload, email=f'"{payload}"@acme.example')
    page = signed_in.page()
    assert names(page) == list(reversed(payloads))
    assert {"script", "img", "b"} & {tag for tag, _ in page.elements} == set()
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


def test_another_tenants_people_are_not_shown(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    hire(other, "stranger")
    assert "stranger" not in signed_in.page().text


# --------------------------------------------------------------------------------------------------- imports


def test_imports_show_six_counters_in_order(signed_in: Browser, tenant: Tenant, tmp_path: Path) -> None:
    import_csv(tenant, tmp_path, "Number,Given,Mail\n1,Maya,maya@acme.example\n2,Noah,noah@acme.example\n")
    import_csv(
        tenant, tmp_path, "Number,Given,Mail\n1,Mia,maya@acme.example\n2,Noah,noah@acme.example\n,Leila,x\n"
    )
    page = signed_in.page()
    assert page.heads("imports")[3:9] == ["Added", "Updated", "Deleted", "Skipped", "Errored", "Total"]
    newest, oldest = page.rows("imports")
    assert newest[3:9] == ["0", "1", "0", "1", "1", "3"]
    assert oldest[3:9] == ["2", "0", "0", "0", "0", "2"]
    assert oldest[:3] == ["1", "people", "Finished"]
    assert "rollcall run-log errors 2 --tenant acme" in newest[2]


def test_an_import_that_cannot_read_its_source_says_why(
    signed_in: Browser, tenant: Tenant, tmp_path: Path
) -> None:
    import_csv(tenant, tmp_path, "Number,Given,Mail\n1,Maya,maya@acme.example\n")
    (tmp_path / "people.csv").unlink()
    with reading() as connection:
        source = catalog.named(connection, tenant.id, "people")
    run = runner.import_now(source, dry_run=False, requested_by="system:test")
    line = signed_in.page().rows("imports")[0]
    assert run.message and line[2].startswith("Failed") and run.message in line[2]


def test_a_source_that_was_never_imported_says_how(
    signed_in: Browser, tenant: Tenant, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("Number,Given,Mail\n")
    draft = drafts.drafted("csv", "people", {"path": str(tmp_path / "people.csv"), "mapping": MAPPING}, {})
    with writing() as connection:
        catalog.add(connection, tenant.id, draft, "system:test")
    text = signed_in.page().text
    assert "Nothing has been imported yet" in text
    assert "rollcall source import people --tenant acme" in text


# ------------------------------------------------------------------------------------------ targets and links


def test_a_target_is_a_card_with_its_state_in_words_and_its_ticks(
    signed_in: Browser, tenant: Tenant, jumpcloud: Server
) -> None:
    hire(tenant, "maya", name="Maya Okafor", email="maya@acme.example")
    push(tenant, jumpcloud)
    page = signed_in.page()
    assert "accounts (jumpcloud) Active" in page.text
    assert "every minute" in page.text
    assert "1 linked" in page.links("targets")
    assert "Nothing is held or waiting." in page.text


def test_a_paused_target_says_why_and_how_it_goes_on(
    signed_in: Browser, tenant: Tenant, jumpcloud: Server
) -> None:
    push(tenant, jumpcloud, paused=True)
    text = signed_in.page().text
    assert "accounts (jumpcloud) Paused" in text
    assert "rollcall target resume accounts --tenant acme" in text


def test_links_that_stand_still_are_listed_with_their_reason(
    signed_in: Browser, tenant: Tenant, jumpcloud: Server
) -> None:
    hire(tenant, "maya", name="Maya Okafor", email="both@acme.example")
    hire(tenant, "noah", name=SCRIPT, email="Both@acme.example")
    hire(tenant, "leila", name="Leila Haddad")
    hire(tenant, "aiko", name="Aiko Tanaka", email="aiko@acme.example")
    push(tenant, jumpcloud)
    page = signed_in.page()
    listed = {line[0]: line for line in page.rows("links")}
    assert {name: line[2] for name, line in listed.items()} == {
        "Maya Okafor": "Held",
        SCRIPT: "Held",
        "Leila Haddad": "Waiting",
    }
    assert all(line[1] == "accounts" and line[3] for line in listed.values())
    assert "script" not in {tag for tag, _ in page.elements}


def test_a_missing_work_email_is_said_once_and_in_plain_words(
    signed_in: Browser, tenant: Tenant, jumpcloud: Server
) -> None:
    hire(tenant, "leila", name="Leila Haddad")
    push(tenant, jumpcloud)
    (line,) = signed_in.page().rows("links")
    assert line[2:] == [
        "Waiting",
        "There is no work e-mail address for this person yet. It goes on by itself when there is one.",
    ]


def test_each_number_of_links_leads_to_them(signed_in: Browser, tenant: Tenant, jumpcloud: Server) -> None:
    hire(tenant, "leila", name="Leila Haddad")
    hire(tenant, "aiko", name="Aiko Tanaka", email="aiko@acme.example")
    push(tenant, jumpcloud)
    page = signed_in.page()
    assert [line[0] for line in signed_in.page(page.links("links")["1 linked"]).rows("links")] == [
        "Aiko Tanaka"
    ]
    assert [line[0] for line in signed_in.page(page.links("links")["1 waiting"]).rows("links")] == [
        "Leila Haddad"
    ]
    assert "No link is vanished." in signed_in.page(page.links("links")["0 vanished"]).text


def test_many_links_come_in_pages(signed_in: Browser, tenant: Tenant, jumpcloud: Server) -> None:
    wanted = hire_many(tenant, PAGE + 3)
    push(tenant, jumpcloud)
    first = signed_in.page("/?state=waiting")
    second = signed_in.page(first.links("links")["Older"])
    found = [line[0] for page in (first, second) for line in page.rows("links")]
    assert found == wanted
