"""Who may do what with targets, and that another tenant's do not exist."""

from __future__ import annotations

from collections.abc import Callable

from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.provisioning import targets
from app.provisioning.targets import Target
from tests.web.console.browser import Browser
from tests.web.console.targets.forms import fields_of
from tests.web.console.targets.test_overview import kinds_of_plans

#: Pages of a target that everybody sees.
SHOWN = ("", "/people", "/fields", "/settings", "/drift", "/plans", "/progress")
#: Pages for admins.
FOR_ADMINS = (
    "/checks",
    "/address",
    "/token",
    "/fields/change",
    "/settings/change",
    "/schedule",
    "/review",
    "/start",
    "/remove",
    "/set-up",
)
#: Deeds, and the least role for each.
DEEDS = (
    ("/resync", "hr"),
    ("/drift/report", "hr"),
    ("/save", "admin"),
    ("/pause", "admin"),
    ("/resume", "admin"),
    ("/suit", "admin"),
    ("/orphans/clear", "admin"),
    ("/plans/1/undo", "admin"),
)


def token_of(browser: Browser) -> str:
    """The token that this browser's forms carry."""
    return fields_of(browser, "/targets", "/sign-out")["csrf_token"][0]


def test_a_viewer_sees_everything_and_changes_nothing(
    as_role: Callable[[str], Browser], connect: Callable[..., Target], tick: Callable[[Target], None]
) -> None:
    target = connect()
    tick(target)
    viewer = as_role("viewer")
    for path in SHOWN:
        answer = viewer.get(f"/targets/{target.id}{path}")
        assert answer.status_code == 200, path
        actions = [
            found["action"]
            for tag, found in viewer.page(f"/targets/{target.id}{path}").elements
            if tag == "form"
        ]
        assert not [action for action in actions if action.startswith(f"/targets/{target.id}")], path
    for path in FOR_ADMINS:
        assert viewer.get(f"/targets/{target.id}{path}").status_code == 403, path
    token = token_of(viewer)
    for path, _ in DEEDS:
        answer = viewer.post(f"/targets/{target.id}{path}", {"csrf_token": token})
        assert answer.status_code == 403, path
    assert kinds_of_plans(target) == [("full", "applied")]


def test_hr_resyncs_and_compares_and_no_more(
    as_role: Callable[[str], Browser], connect: Callable[..., Target], tick: Callable[[Target], None]
) -> None:
    target = connect()
    tick(target)
    hr = as_role("hr")
    token = token_of(hr)
    for path, role in DEEDS:
        answer = hr.post(f"/targets/{target.id}{path}", {"csrf_token": token})
        assert (answer.status_code == 403) == (role == "admin"), path
    for path in (*FOR_ADMINS, "/../connect/jumpcloud", "/../connect/jumpcloud/address"):
        assert hr.get(f"/targets/{target.id}{path}").status_code == 403, path
    assert "Resync now" in hr.page(f"/targets/{target.id}").text
    assert "Save settings" not in hr.page(f"/targets/{target.id}").text


def test_another_tenants_targets_do_not_exist(
    signed_in: Browser, connect: Callable[..., Target], prove: Callable[[], None]
) -> None:
    with writing() as connection:
        other: Tenant = tenants.create(connection, "other")
    connect("ours")
    stranger = connect("stranger", tenant_id=other.id)
    with writing() as connection:  # a number that only the other tenant has
        stranger = targets.add(
            connection, other.id, "system:test", kind="jumpcloud", name="second", url=stranger.url, token="t"
        )
    prove()
    token = token_of(signed_in)
    for path in (*SHOWN, *FOR_ADMINS):
        assert signed_in.get(f"/targets/{stranger.id}{path}").status_code == 404, path
    posted = [path for path in FOR_ADMINS if path not in ("/checks", "/set-up")]
    for path in (*posted, *(path for path, _ in DEEDS)):
        fields = {"csrf_token": token, "name": "second", "how": "go", "token": "x"}
        answer = signed_in.post(f"/targets/{stranger.id}{path}", fields)
        assert answer.status_code == 404, path
    assert "stranger" not in signed_in.page("/targets").text
    with reading() as connection:
        assert targets.with_id(connection, other.id, stranger.id) == stranger


def test_names_with_scripts_are_shown_as_text(
    signed_in: Browser,
    connect: Callable[..., Target],
    tick: Callable[[Target], None],
    hire: Callable[..., str],
) -> None:
    name = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    hire(name, email=None)
    target = connect(name)
    tick(target)
    paths = [f"/targets/{target.id}{path}" for path in SHOWN if path != "/progress"]
    for path in ("/targets", *paths, f"/targets/{target.id}/remove", f"/targets/{target.id}/schedule"):
        page = signed_in.page(path)
        assert [found for tag, found in page.elements if tag == "script" and "src" not in found] == [], path
        assert [found for tag, found in page.elements if "onerror" in found] == [], path
        assert name.split("<img")[0] in page.text or path.endswith(("fields", "drift")), path
