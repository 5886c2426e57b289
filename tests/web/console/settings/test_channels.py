"""Channels of notices in the browser."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import reading, writing
from app.notices import channels, deliveries, telling
from app.notices.errors import DeliveryFailed
from app.notices.kinds import KINDS, family_of
from app.notices.tables import channel_table
from app.web.console.paging import PAGE
from app.web.console.settings.channels_forms import FAMILIES
from tests.notices.mailbox import Mailbox
from tests.notices.receiver import Receiver
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import (
    PAYLOADS,
    deeds,
    is_harmless,
    number_of,
    rows_of,
    shown_secret,
    typed,
)

NEW = "/settings/notices/new"
GOOD: dict[str, Any] = {"kind": "email", "name": "ops", "address": "ops@acme.example"}
ACTOR = "admin:hr@acme.example"


def add(tenant: Tenant, name: str = "ops", kind: str = "email", address: str = "ops@acme.example") -> None:
    """A channel."""
    with writing() as connection:
        channels.add(connection, tenant.id, "test", kind=kind, name=name, address=address)


def tell(tenant: Tenant, about: str = "target:far", title: str = "far is paused") -> None:
    """A notice."""
    with writing() as connection:
        telling.tell(
            connection, tenant.id, "target.paused", about, "paused", title=title, text="Nothing is sent."
        )


def test_without_a_channel_the_page_says_what_to_do(signed_in: Browser) -> None:
    page = signed_in.page("/settings/notices")
    assert "Nobody is told: there is no channel." in page.text
    assert "Nothing was worth a notice yet." in page.text


def test_an_address_is_added_and_a_test_arrives(proved: Browser, tenant: Tenant, box: Mailbox) -> None:
    answer = typed(proved, NEW, GOOD | {"kinds": ["target", "import"]})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/notices")
    (row,) = rows_of(channel_table, tenant.id)
    assert (row.name, row.kind, row.address) == ("ops", "email", "ops@acme.example")
    page = proved.page("/settings/notices")
    assert page.rows("channels")[0][:3] == ["ops", "E-mail", "ops@acme.example"]
    assert page.rows("channels")[0][3].startswith("2 kinds a")
    assert deeds(tenant.id)[-1] == (ACTOR, "notices.channel_added", "channel:ops")
    proved.submit(page, "/settings/notices/1/test")
    assert "A test went out through ops" in proved.page("/settings/notices").text
    (mail,) = box.messages
    assert (mail["To"], "a test of this channel" in mail["Subject"]) == ("ops@acme.example", True)


def test_a_webhooks_secret_is_shown_once_and_signs(
    proved: Browser, tenant: Tenant, serve: Callable[[Any], str]
) -> None:
    receiver = Receiver()
    wanted = {"kind": "webhook", "name": "pager", "address": serve(receiver) + "/in"}
    address = typed(proved, NEW, wanted).headers["Location"]
    assert address == "/settings/notices/1/secret"
    secret = shown_secret(proved.page(address), "whsec_")
    assert secret is not None and shown_secret(proved.page(address), "whsec_") is None
    receiver.secrets.append(secret)
    proved.submit(proved.page("/settings/notices"), "/settings/notices/1/test")
    assert "the other side took it" in proved.page("/settings/notices").text
    rotated = typed(proved, "/settings/notices/1/rotate", {"overlap": "0"})
    fresh = shown_secret(proved.page(rotated.headers["Location"]), "whsec_")
    assert fresh not in (None, secret)
    proved.submit(proved.page("/settings/notices"), "/settings/notices/1/test")
    text = proved.page("/settings/notices").text
    assert "The test did not get through pager. The receiver answered with status" in text
    assert deeds(tenant.id)[-1] == (ACTOR, "notices.secret_rotated", "channel:pager")


WRONG = [
    ({"name": ""}, "Name it, so that you know it again."),
    ({"name": "a b"}, "Use up to 63 letters"),
    ({"name": "taken"}, "A channel of this name is there already"),
    ({"address": ""}, "Where do they go?"),
    ({"address": "nobody"}, "is not an e-mail address"),
    ({"kind": "webhook", "address": "ftp://x.example"}, "The address of the webhook cannot be used"),
    ({"kind": "pigeon"}, "Not a valid choice"),
    ({"kinds": ["weather"]}, "is not a valid choice"),
]


def test_wrong_input_is_said_at_its_field_and_nothing_is_added(proved: Browser, tenant: Tenant) -> None:
    add(tenant, "taken")
    for changes, words in WRONG:
        answer = typed(proved, NEW, GOOD | changes)
        assert (answer.status_code, words in Page(answer.text).text) == (422, True), changes
    assert number_of(channel_table) == 1


def test_who_has_not_proved_lately_gets_no_secret(signed_in: Browser, tenant: Tenant) -> None:
    add(tenant, "pager", "webhook", "https://1.1.1.1/in")
    for path in (NEW, "/settings/notices/1/rotate"):
        answer = signed_in.get(path, allow_redirects=False)
        assert answer.headers["Location"] == f"/prove?next={path}"


def test_a_channel_is_removed_after_its_consequences(signed_in: Browser, tenant: Tenant) -> None:
    add(tenant)
    path = "/settings/notices/1/remove"
    page = signed_in.page(path)
    assert "No notices go to ops@acme.example any more" in page.text and number_of(channel_table) == 1
    assert signed_in.submit(page, path).headers["Location"] == "/settings/notices"
    assert number_of(channel_table) == 0
    assert deeds(tenant.id)[-1] == (ACTOR, "notices.channel_removed", "channel:ops")


def test_notices_are_listed_with_what_became_of_their_deliveries(signed_in: Browser, tenant: Tenant) -> None:
    add(tenant)
    add(tenant, "night", address="night@acme.example")
    tell(tenant)
    error = DeliveryFailed("The mail server refused the recipient (550).", is_final=True)
    with writing() as connection:
        while delivery := deliveries.claim(connection, tenant.id, "worker"):
            if delivery.channel_id == 1:
                deliveries.note_sent(connection, delivery)
            else:
                deliveries.note_failed(connection, delivery, error, random.Random())
    page = signed_in.page("/settings/notices")
    (line,) = page.rows("told")
    assert line[1].startswith("far is paused Nothing is sent.") and line[2] == "Target far"
    assert "ops: Sent" in line[3]
    assert "night: Failed The mail server refused the recipient (550)." in line[3]
    by_name = {row[0]: row[4] for row in page.rows("channels")}
    assert by_name["ops"].startswith("Sent") and by_name["night"].startswith("Failed")


def test_many_notices_come_in_pages(signed_in: Browser, tenant: Tenant) -> None:
    for number in range(PAGE + 2):
        tell(tenant, f"target:t{number}", f"t{number} is paused")
    first = signed_in.page("/settings/notices")
    second = signed_in.page(first.links("told")["Older"])
    assert [row[2] for row in second.rows("told")] == ["Target t1", "Target t0"]
    assert "Older" not in second.links("told")


def test_a_webhooks_path_is_for_those_who_set_it(tenant: Tenant, as_role: Callable[[str], Browser]) -> None:
    add(tenant, "pager", "webhook", "https://1.1.1.1/in/very-secret")
    viewer = as_role("viewer").get("/settings/notices").text
    assert "very-secret" not in viewer and "https://1.1.1.1/…" in viewer
    assert "very-secret" in as_role("admin").get("/settings/notices").text


def test_who_may_not_sees_no_button_and_is_refused(tenant: Tenant, as_role: Callable[[str], Browser]) -> None:
    add(tenant)
    hr = as_role("hr")
    page = hr.page("/settings/notices")
    assert not [form for form, _ in page.forms if form.get("action", "").startswith("/settings")]
    csrf = next(inputs for _, inputs in page.forms if "csrf_token" in inputs)["csrf_token"]
    assert hr.post("/settings/notices/1/test", {"csrf_token": csrf}).status_code == 403
    for path in (
        NEW,
        "/settings/notices/1/remove",
        "/settings/notices/1/rotate",
        "/settings/notices/1/secret",
    ):
        assert hr.get(path).status_code == 403, path


def test_channels_of_another_tenant_cannot_be_touched(
    proved: Browser, tenant: Tenant, stranger: Tenant
) -> None:
    add(stranger, "pager", "webhook", "https://1.1.1.1/in")
    for path in ("/remove", "/rotate", "/secret"):
        assert proved.get(f"/settings/notices/1{path}").status_code == 404, path
    csrf = next(i for _, i in proved.page("/settings/notices").forms if "csrf_token" in i)["csrf_token"]
    assert proved.post("/settings/notices/1/test", {"csrf_token": csrf}).status_code == 404
    assert "pager" not in proved.get("/settings/notices").text
    with reading() as connection:
        assert [each.name for each in channels.listed(connection, stranger.id)] == ["pager"]


def test_an_email_channel_has_no_secret(proved: Browser, tenant: Tenant) -> None:
    add(tenant)
    for path in ("/settings/notices/1/rotate", "/settings/notices/1/secret"):
        assert proved.get(path).status_code == 404, path


def test_every_family_of_notices_can_be_chosen() -> None:
    assert set(FAMILIES) == {family_of(kind) for kind in KINDS}
    assert all(FAMILIES.values())


def test_titles_with_scripts_are_text(signed_in: Browser, tenant: Tenant) -> None:
    for payload in PAYLOADS:
        tell(tenant, f"target:{payload}", payload)
    page = signed_in.page("/settings/notices")
    assert is_harmless(page) and all(payload in page.text for payload in PAYLOADS)


@pytest.mark.parametrize("query", ["older=x", "newer=0", "older=99999999999"])
def test_an_address_that_makes_no_sense_shows_the_page(signed_in: Browser, query: str) -> None:
    assert signed_in.get(f"/settings/notices?{query}").status_code == 200
