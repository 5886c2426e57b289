"""An HR admin's whole way in Chromium at a product that runs: by keyboard, without JavaScript, through a kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.database import reading, writing
from app.provisioning import targets
from app.sources import catalog, drafts, runs
from app.vendors.jazzhr.simulator import DEFAULT_KEY as JAZZHR_KEY
from app.vendors.jumpcloud.simulator import DEFAULT_KEY as JUMPCLOUD_KEY
from app.web.console.connecting.choices import TEMPLATE
from tests.harness.connecting import connect
from tests.harness.facts import wait_until
from tests.web.console.chromium.hands import Hands, Keyboard, Pointer
from tests.web.console.chromium.living import Living, living
from tests.web.console.chromium.world import MAPPING, OWNER, people, write_file

pytestmark = pytest.mark.timeout(600)
#: Milliseconds until what a worker does must be seen.
PATIENCE = 90_000
ROWS = 4000


@pytest.fixture
def alive(database_url: str, tmp_path: Path) -> Iterator[Living]:
    """Give a running installation with a vendor of twelve hires."""
    with living(database_url, tmp_path) as running:
        yield running


def page_at(chromium: Browser, running: Living, *, script: bool = True) -> Page:
    """A page of a browser of its own at the sign-in."""
    context = chromium.new_context(java_script_enabled=script, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{running.base}/sign-in")
    return page


def sign_in(hands: Hands, running: Living) -> None:
    """Sign in as the owner."""
    hands.fill("Tenant", running.tenant.slug)
    hands.fill("E-mail address", OWNER)
    hands.fill("Password", running.password)
    hands.press("Sign in", exact=True)
    expect(hands.page.get_by_role("heading", level=1)).to_have_text("Home")


def add_jumpcloud(running: Living) -> None:
    """Let people have accounts somewhere."""
    with running.app.app_context(), writing() as connection:
        targets.add(
            connection,
            running.tenant.id,
            "system:test",
            kind="jumpcloud",
            name="JumpCloud",
            url=running.jumpcloud_url,
            token=JUMPCLOUD_KEY,
        )


def shown_until(page: Page, words: str, *, reload: bool) -> None:
    """Wait until a page shows some words, by itself or, without a script, by being asked again."""
    if not reload:
        expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE)
        return

    def is_there() -> bool:
        page.reload()
        return page.get_by_text(words).count() > 0

    wait_until(is_there, f"the page says {words!r}", PATIENCE / 1000)


def whole_way(hands: Hands, running: Living, *, reload: bool) -> None:
    """Connect JazzHR, publish, import, mend what failed, retry it, and resync the target."""
    page = hands.page
    nameless = running.jazzhr.hire({"first_name": "", "last_name": "", "email": ""})
    sign_in(hands, running)
    hands.follow("Sources", exact=True)
    hands.follow("Connect JazzHR")
    hands.press("Continue")
    hands.tick("I agree that Rollcall connects JazzHR")
    hands.press("Agree and continue")
    hands.fill("API key", JAZZHR_KEY)
    hands.open("Connection")
    hands.fill("Address of the API", running.jazzhr_url)
    hands.press("Connect", exact=True)
    hands.follow("Continue", exact=True)
    hands.choose("Work e-mail addresses", TEMPLATE)
    hands.fill("Form of the address", "{given}.{family}@acme.example")
    hands.press("Continue", exact=True)
    hands.press("Store and review")
    shown_until(page, "Continue", reload=reload)
    hands.follow("Continue", exact=True)
    hands.press("Publish and import now")
    shown_until(page, "Every row was worked on", reload=reload)
    expect(page.locator(".counter-errored dd")).to_have_text("1")
    named = {"first_name": "Nora", "last_name": "Lind", "email": "nora.lind@home.example"}
    running.jazzhr.company.change_applicant(nameless["applicant_id"], named)
    hands.press("Retry failed only")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Run 3")
    shown_until(page, "Every row was worked on", reload=reload)
    expect(page.locator(".counter-added dd")).to_have_text("1")
    hands.follow("Targets", exact=True)
    hands.follow("JumpCloud", exact=True)
    hands.press("Resync now")
    wait_until(lambda: len(running.jumpcloud.users()) >= 12, "everybody has an account", PATIENCE / 1000)


def test_the_whole_way_is_gone_with_a_keyboard_alone(chromium: Browser, alive: Living) -> None:
    add_jumpcloud(alive)
    whole_way(Keyboard(page_at(chromium, alive)), alive, reload=False)


def test_the_whole_way_is_gone_without_javascript(chromium: Browser, alive: Living) -> None:
    add_jumpcloud(alive)
    whole_way(Pointer(page_at(chromium, alive, script=False)), alive, reload=True)


def test_progress_goes_on_after_a_killed_worker_and_a_reload(
    chromium: Browser, alive: Living, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    write_file(path, people(ROWS))
    with alive.app.app_context(), writing() as connection:
        draft = drafts.drafted("csv", "people", {"path": str(path), "mapping": MAPPING}, {})
        connect(connection, alive.tenant.id, draft)
    hands = Pointer(page_at(chromium, alive))
    page = hands.page
    sign_in(hands, alive)
    hands.follow("Sources", exact=True)
    hands.follow("people", exact=True)
    hands.press("Import now")
    expect(page.get_by_role("progressbar")).to_be_visible()
    wait_until(lambda: applied(alive) > 0, "the first rows are applied", 60)
    alive.group.signal(signal.SIGKILL, "worker")
    stood_at = applied(alive)
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    alive.start_worker()
    expect(page.get_by_text("Every row was worked on").first).to_be_visible(timeout=4 * PATIENCE)
    assert 0 < stood_at < ROWS
    expect(page.locator(".counter-total dd")).to_have_text(f"{ROWS:,}")
    expect(page.locator(".counter-added dd")).to_have_text(f"{ROWS:,}")


def applied(running: Living) -> int:
    """How many rows of the newest run were worked on."""
    with running.app.app_context(), reading() as connection:
        return runs.listed(connection, running.tenant.id, limit=1)[0].counts.total


def test_a_source_that_was_begun_goes_on_where_it_stood(chromium: Browser, alive: Living) -> None:
    hands = Pointer(page_at(chromium, alive))
    sign_in(hands, alive)
    hands.follow("Sources", exact=True)
    hands.follow("Connect JazzHR")
    hands.press("Continue")
    hands.tick("I agree that Rollcall connects JazzHR")
    hands.press("Agree and continue")
    hands.page.goto(f"{alive.base}/")
    hands.follow("Sources", exact=True)
    hands.follow("Continue")
    expect(hands.page.get_by_label("API key")).to_be_visible()
    with alive.app.app_context(), reading() as connection:
        assert [source.state for source in catalog.listed(connection, alive.tenant.id)] == ["draft"]
