"""Credentials: asked for, checked live, kept, and never shown again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.access.tenants import Tenant
from app.database import reading, writing
from app.exporting import write_back
from app.provisioning import targets
from app.sources import catalog, drafts, patience
from app.sources.catalog import Source
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET
from tests.harness.connecting import connect
from tests.web.console.connecting.conftest import KEY
from tests.web.console.connecting.person import Person

WRONG = "key-of-somebody-else"


@pytest.fixture
def refused(tenant: Tenant, vendor: Callable[..., str]) -> Source:
    """Give a customer of iCIMS whose export waits, because the credentials were refused."""
    url = vendor("icims", 1)
    given = {"customer_id": CUSTOMER, "base_url": url, "token_url": f"{url}/oauth/token"}
    draft = drafts.drafted("icims", "icims", given, {"client_id": CLIENT_ID, "client_secret": WRONG})
    with writing() as connection:
        known = connect(connection, tenant.id, draft)
        target = write_back.switch_on(connection, known, "system:test")
        targets.pause(connection, target, "system:test", targets.REFUSED)
    return known


def state_of_export(known: Source) -> str:
    with reading() as connection:
        target = write_back.target_of(connection, known)
    assert target is not None
    return target.state


def test_every_check_is_named_with_what_it_found(jazz_draft: Callable[..., Person]) -> None:
    admin = jazz_draft()
    for name in (
        "Reach",
        "Sign in",
        "Permission hires",
        "Permission applicants",
        "Permission jobs",
        "People",
    ):
        assert f"Good {name}" in admin.text
    assert "rollcall " not in admin.text


def test_a_refused_key_stops_and_says_where_it_is_mended(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().fill(secret_api_key=WRONG).press("Store and check")
    assert "In the way Sign in" in admin.text
    assert "Settings > Integrations in JazzHR" in admin.text
    assert "Continue" not in admin.html.split("findings")[1].split("</section>")[0]
    admin.fill(secret_api_key=KEY).press("Store and check")
    assert "In the way" not in admin.text


def test_a_missing_right_says_what_is_lost(jazz_draft: Callable[..., Person]) -> None:
    admin = jazz_draft(faults="no-limit;403:path=/jobs")
    assert "In the way Permission jobs" in admin.text
    assert "people have no title, department and place of work" in admin.text


def test_a_key_never_comes_back(jazz_draft: Callable[..., Person], the_source: Callable[[], Source]) -> None:
    admin = jazz_draft()
    assert the_source().secrets == {"api_key": KEY}
    assert KEY not in admin.html
    assert "Kept. Type to replace it." in admin.text
    admin.press("Store and check")
    assert the_source().secrets == {"api_key": KEY}
    admin.fill(secret_api_key=WRONG, set_calls_per_minute="many").press("Store and check")
    assert (admin.status, "is no rate of calls" in admin.text) == (422, True)
    assert WRONG not in admin.html
    assert the_source().secrets == {"api_key": KEY}


def test_nothing_is_called_without_a_key(admin: Person, the_source: Callable[[], Source]) -> None:
    admin.follow("Connect JazzHR").press("Continue").tick("agreed").press("Agree and continue").press(
        "Connect"
    )
    assert (admin.status, "Fill this in: API key" in admin.text) == (422, True)
    assert the_source().secrets == {}
    form = next(told for tag, told in admin.page.elements if tag == "form" and told["action"] == admin.path)
    assert "data-enables-when-complete" in form


def test_either_kind_of_credentials_is_enough(
    admin: Person, vendor: Callable[..., str], the_source: Callable[[], Source]
) -> None:
    vendor("smartrecruiters")
    admin.follow("Connect SmartRecruiters").press("Continue").tick("agreed").press("Agree and continue")
    admin.fill(secret_client_id="somebody").press("Connect")
    assert (admin.status, "Something is missing" in admin.text) == (422, True)
    assert the_source().secrets == {}


def test_an_address_that_cannot_be_called_is_said_at_its_field(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft().fill(set_base_url="file:///etc/passwd").press("Store and check")
    assert admin.status == 422
    wrong = [told["name"] for tag, told in admin.page.elements if told.get("aria-invalid") == "true"]
    assert wrong == ["set_base_url"]
    assert admin.form_with("set_base_url").fields["set_base_url"] == "file:///etc/passwd"


def test_a_vendor_that_does_not_answer_is_a_finding(jazz_draft: Callable[..., Person]) -> None:
    admin = jazz_draft().fill(set_base_url="http://127.0.0.1:9/v1", set_retry_seconds="0.001")
    admin.fill(secret_api_key=KEY).press("Store and check")
    assert "In the way Reach" in admin.text


def test_a_kept_key_goes_to_no_other_system_and_what_was_typed_stays(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 1.0)  # nobody answers at the other address
    admin = jazz_draft()
    before = the_source()
    admin.fill(set_base_url="http://127.0.0.1:9/v1", set_calls_per_minute="70").press("Store and check")
    assert (admin.status, "the stored api_key would go there" in admin.text) == (422, True)
    assert "rollcall " not in admin.text
    typed = admin.form_with("set_base_url").fields
    assert (typed["set_base_url"], typed["set_calls_per_minute"]) == ("http://127.0.0.1:9/v1", "70")
    assert the_source() == before
    admin.fill(secret_api_key="its-own").press("Connect")
    assert the_source().secrets == {"api_key": "its-own"}


def test_another_path_of_the_same_system_asks_for_no_key(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft()
    address = the_source().settings["base_url"] + "/"
    admin.fill(set_base_url=address).press("Store and check")
    assert (the_source().settings["base_url"], the_source().secrets) == (address, {"api_key": KEY})


def test_credentials_that_were_stored_and_are_good_let_the_export_go_on(
    admin: Person, refused: Source
) -> None:
    admin.go(f"/sources/{refused.id}/connect/credentials")
    assert "In the way" in admin.text
    admin.fill(secret_client_secret=DEFAULT_SECRET).press("Store and check")
    assert "In the way" not in admin.text
    assert state_of_export(refused) == "active"


def test_opening_the_page_lets_nothing_go_on_and_the_button_does(admin: Person, refused: Source) -> None:
    with writing() as connection:
        given = drafts.redrafted(refused, {}, {"client_secret": DEFAULT_SECRET})
        catalog.change(connection, refused.tenant_id, given, "system:cli")
    admin.go(f"/sources/{refused.id}/connect/credentials")
    assert "Connected" in admin.text
    assert state_of_export(refused) == "paused"
    admin.press("Check again")
    assert ("Connected" in admin.text, state_of_export(refused)) == (True, "active")
    assert admin.path == f"/sources/{refused.id}/connect/credentials"
