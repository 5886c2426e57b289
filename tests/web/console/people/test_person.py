"""A person's page: who they are, how they stand at every target, where they come from; and what is done there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from app import directory
from app.access.tables import AuditRow
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.directory.membership import group_type
from app.keeping import erasing
from app.provisioning import holding, targets
from app.provisioning.tables import gate_table, link_table
from app.provisioning.targets import Target
from app.simulation import Server
from scim.membership import MemberChange
from scim.resources import GROUP
from tests.web.console.browser import Browser
from tests.web.console.importing import import_csv
from tests.web.console.people.conftest import Hire

ADMIN = Actor("admin", "test")
SCRIPT = "<script>alert(1)</script>"


def audited(action: str) -> list[tuple[str, str]]:
    """Actor and subject of the audit rows of an action."""
    audit = AuditRow.__table__.c
    with reading() as connection:
        query = select(audit.actor, audit.subject).where(audit.action == action)
        return [(row.actor, row.subject) for row in connection.execute(query)]


def state_of(employee_id: str) -> tuple[str, str | None, bool]:
    """State, reason code, and whether something is due, of the only link of somebody."""
    link = link_table.c
    with reading() as connection:
        row = connection.execute(select(link_table).where(link.employee_id == employee_id)).one()
    return row.state, row.reason_code, row.due_at is not None


def test_the_head_says_who_it_is(signed_in: Browser, hire: Hire) -> None:
    boss = hire("Noah Becker")
    enterprise = {"department": "Sales", "employeeNumber": "E-7", "manager": {"value": boss}}
    maya = hire("Maya Okafor", title="Engineer", enterprise=enterprise, hr={"startDate": "2099-01-04"})
    page = signed_in.page(f"/people/{maya}")
    head = "Active starts on 2099-01-04 Work e-mail maya.okafor@acme.example Department Sales Manager Noah Becker"
    assert head in page.text and "Employee number E-7" in page.text and "Engineer" in page.text
    assert page.links("")["Noah Becker"] == f"/people/{boss}"


def test_without_a_target_the_page_says_so(signed_in: Browser, hire: Hire) -> None:
    page = signed_in.page(f"/people/{hire('Maya Okafor')}")
    assert "People are pushed nowhere yet" in page.text and "Connect a target" in page.links("targets")


def test_a_target_shows_what_was_sent_and_what_goes_out_next(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor", title="Engineer")
    tick()
    page = signed_in.page(f"/people/{maya}")
    assert "accounts Up to date" in page.text and "Last calls" in page.text
    assert not _is_live(signed_in, maya)
    with writing() as connection:
        directory.merge(connection, tenant.id, maya, ADMIN, {"title": "Director"})
    page = signed_in.page(f"/people/{maya}")
    assert "About to be sent" in page.text and "What would be sent next: 1 field" in page.text
    assert "Engineer → Director" in page.text
    assert _is_live(signed_in, maya)
    tick()
    assert "accounts Up to date" in signed_in.page(f"/people/{maya}").text


def _is_live(browser: Browser, employee_id: str) -> bool:
    elements = browser.page(f"/people/{employee_id}").elements
    return any(tag == "section" and "data-live" in attributes for tag, attributes in elements)


def test_why_there_is_no_account_is_said_with_effect_and_who_must_act(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor", email=None)
    tick()
    text = signed_in.page(f"/people/{maya}").text
    assert "accounts: There is no work e-mail address for this person yet" in text
    assert "It goes on by itself as soon as there is one." in text
    assert "Whoever gives out work addresses: enter it in the source." in text


def test_why_one_person_failed_is_two_clicks_from_the_search(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    hire("Maya Okafor", email="shared@acme.example")
    hire("Noah Becker", email="shared@acme.example")
    tick()
    found = signed_in.page("/search?q=okafor")  # click 1: Search
    page = signed_in.page(found.links("people")["Maya Okafor"])  # click 2: the name
    assert "Somebody else has the same work e-mail address" in page.text


def test_a_resync_is_two_clicks_from_the_search_and_reaches_the_target(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None], jumpcloud: Server
) -> None:
    maya = hire("Maya Okafor")
    tick()
    account = _account(jumpcloud, "maya.okafor@acme.example")
    headers = {"x-api-key": "simulator-key"}
    url = f"{jumpcloud.url}/api/systemusers/{account['id']}"
    requests.put(url, json={"lastname": "Changed"}, headers=headers, timeout=10)
    assert _account(jumpcloud, "maya.okafor@acme.example")["lastname"] == "Changed"

    found = signed_in.page("/search?q=maya")  # click 1: Search
    answer = signed_in.submit(found, f"/people/{maya}/push")  # click 2: Resync
    assert answer.status_code == 303 and answer.headers["Location"] == "/search?q=maya"
    assert "Maya Okafor is compared with accounts with the next tick" in signed_in.page("/search?q=maya").text
    assert state_of(maya)[2]
    assert audited("employee.resync_asked") == [("admin:hr@acme.example", f"employee:{maya}")]
    tick()
    assert _account(jumpcloud, "maya.okafor@acme.example")["lastname"] == "Okafor"


def _account(server: Server, email: str) -> dict[str, Any]:
    """The account with this address in the simulated JumpCloud."""
    headers = {"x-api-key": "simulator-key"}
    found = requests.get(f"{server.url}/api/systemusers?limit=100", headers=headers, timeout=10).json()[
        "results"
    ]
    return next(account for account in found if account["email"] == email)


def test_a_resync_with_nowhere_to_go_says_why(signed_in: Browser, hire: Hire, tenant: Tenant) -> None:
    maya = hire("Maya Okafor")
    page = signed_in.page(f"/people/{maya}")
    signed_in.submit(page, f"/people/{maya}/push")
    assert "No target is active, so nothing can be sent." in signed_in.page(f"/people/{maya}").text


def test_a_paused_target_is_not_resynced_and_leads_to_the_way_out(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor")
    tick()
    with writing() as connection:
        targets.pause(connection, accounts, "system:test", "maintenance")
    page = signed_in.page(f"/people/{maya}")
    signed_in.post(f"/people/{maya}/push", {**page.forms[2][1], "target": str(accounts.id)})
    assert "accounts is paused, so nothing is sent there" in signed_in.page(f"/people/{maya}").text
    assert not state_of(maya)[2]


def test_nobody_is_led_elsewhere_after_a_resync(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor")
    page = signed_in.page(f"/people/{maya}")
    answer = signed_in.submit(page, f"/people/{maya}/push", next="https://elsewhere.example/")
    assert answer.headers["Location"] == f"/people/{maya}"


def test_holding_keeps_everything_from_one_target_until_somebody_lets_go(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor", title="Engineer")
    tick()
    page = signed_in.page(f"/people/{maya}")
    answer = signed_in.submit(page, f"/people/{maya}/hold", note="on leave")
    assert answer.status_code == 303
    with reading() as connection:
        assert holding.held_at(connection, tenant.id, maya) == {accounts.id}
    with writing() as connection:
        directory.merge(connection, tenant.id, maya, ADMIN, {"title": "Director"})
    tick()
    page = signed_in.page(f"/people/{maya}")
    assert "accounts: Somebody here holds this person at this target" in page.text
    assert state_of(maya)[:2] == ("held", "held_by_hand")

    signed_in.submit(page, f"/people/{maya}/let-go")
    tick()
    assert "accounts Up to date" in signed_in.page(f"/people/{maya}").text
    assert state_of(maya) == ("linked", None, False)
    with reading() as connection:
        assert connection.execute(select(gate_table)).first() is None
    assert [len(audited(f"link.{word}")) for word in ("held", "let_go")] == [1, 1]


def test_holding_twice_and_letting_go_of_nobody_are_said(
    signed_in: Browser, hire: Hire, accounts: Target
) -> None:
    maya = hire("Maya Okafor")
    page = signed_in.page(f"/people/{maya}")
    for _ in range(2):
        signed_in.submit(page, f"/people/{maya}/hold")
    assert "This person is held at accounts already." in signed_in.page(f"/people/{maya}").text
    page = signed_in.page(f"/people/{maya}")
    for _ in range(2):
        signed_in.submit(page, f"/people/{maya}/let-go")
    assert "Nobody holds this person at accounts." in signed_in.page(f"/people/{maya}").text


def test_sources_and_groups_are_shown_with_their_links(
    signed_in: Browser, hire: Hire, tenant: Tenant, tmp_path: Path
) -> None:
    run = import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Ines,ines@acme.example\n")
    with writing() as connection:
        (ines,) = directory.ids_by_work_email(connection, tenant.id, "ines@acme.example")
        directory.create(
            connection,
            tenant.id,
            ADMIN,
            {"schemas": [GROUP], "displayName": "Everybody"},
            resource_type=group_type(tenant.id, connection),
            members=MemberChange(clears=False, added=(ines,), removed=frozenset()),
        )
    page = signed_in.page(f"/people/{ines}")
    assert page.rows("records") == [["people", "7", f"import {run.id}"]]
    assert page.links("records")[f"import {run.id}"] == f"/runs/{run.id}"
    assert "Everybody" in page.text


def test_the_details_are_what_the_scim_api_answers(signed_in: Browser, hire: Hire, token: str) -> None:
    maya = hire("Maya Okafor", hr={"gender": "canary-gender", "startDate": "2026-01-01"})
    answer = requests.get(
        f"{signed_in.base}/scim/v2/Users/{maya}", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    page = signed_in.page(f"/people/{maya}/details")
    assert answer.headers["ETag"] in page.text
    for line in answer.json()["meta"].values():
        assert str(line) in page.text
    assert "canary-gender" not in page.text and '"startDate": "2026-01-01"' in page.text


def test_a_deleted_person_has_a_page_and_a_timeline_that_say_so(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire("Maya Okafor")
    tick()
    with writing() as connection:
        directory.delete(connection, tenant.id, maya, ADMIN)
    page = signed_in.page(f"/people/{maya}")
    assert "Somebody who was deleted" in page.text and "accounts : account" in page.text
    timeline = signed_in.page(f"/people/{maya}/timeline")
    assert "Deleted in the directory by admin test" in timeline.text
    for tab in ("fields", "details", "pin?field=title"):
        assert signed_in.get(f"/people/{maya}/{tab}").status_code == 404
    assert signed_in.get(f"/search?q={maya}").status_code == 200


def test_an_erased_person_has_a_page_without_any_value(
    signed_in: Browser, hire: Hire, tenant: Tenant
) -> None:
    maya = hire("Maya Okafor", enterprise={"department": "Secret department"})
    erasing.erase(tenant.id, maya, ADMIN)
    for path in (f"/people/{maya}", f"/people/{maya}/timeline"):
        text = signed_in.page(path).text
        assert "Maya" not in text and "Secret department" not in text
    assert "every value of theirs was erased" in signed_in.page(f"/people/{maya}").text
    assert (
        "Every value erased in the directory by admin test" in signed_in.page(f"/people/{maya}/timeline").text
    )


def test_a_manager_who_was_deleted_is_no_dead_link(signed_in: Browser, hire: Hire, tenant: Tenant) -> None:
    boss = hire("Noah Becker")
    maya = hire("Maya Okafor", enterprise={"manager": {"value": boss}})
    with writing() as connection:
        directory.delete(connection, tenant.id, boss, ADMIN)
    page = signed_in.page(f"/people/{maya}")
    assert f"/people/{boss}" not in page.links("").values()
    assert "somebody who is not in the directory" in page.text


def test_a_script_in_any_value_is_shown_and_not_run(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    maya = hire(
        "Maya Okafor",
        title=SCRIPT,
        displayName=SCRIPT,
        enterprise={"department": SCRIPT, "employeeNumber": SCRIPT},
    )
    tick()
    for tab in ("", "/fields", "/timeline", "/details", "/pin?field=title"):
        answer = signed_in.get(f"/people/{maya}{tab}")
        assert answer.status_code == 200 and SCRIPT not in answer.text, tab
