"""A real Chromium at a console in which every screen has something to show (``world``)."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from sqlalchemy import update
from werkzeug.serving import make_server

from app import clock, create_app
from app.access.tables import Session
from app.database import db, writing
from tests.conftest import POLL_SECONDS, make_settings
from tests.web.console.chromium.watching import Watched
from tests.web.console.chromium.world import OWNER, PAYLOAD, World, built

Open = Callable[..., Watched]
Watch = Callable[..., Watched]
#: Milliseconds that a page gets until it is as it should be; five seconds, the usual, are few on a busy machine.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give Debian's Chromium; as root it has no sandbox of its own."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def full_app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give an application of its own for the tests that only look."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copyfile(sqlite_template, folder / "rollcall.db")
    application = create_app(make_settings(f"sqlite:///{folder / 'rollcall.db'}", folder))
    # No context stays open: others' tests run in this process in between, and would find themselves in this one.
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def world(full_app: Flask) -> Iterator[World]:
    """Give the tenant with something on every screen, and payloads for names, served."""
    with _served(full_app, PAYLOAD) as everything:
        yield everything


@pytest.fixture(scope="session")
def calm_app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give an application of its own for the tour."""
    folder = tmp_path_factory.mktemp("calm")
    shutil.copyfile(sqlite_template, folder / "rollcall.db")
    application = create_app(make_settings(f"sqlite:///{folder / 'rollcall.db'}", folder))
    # No context stays open: others' tests run in this process in between, and would find themselves in this one.
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def calm_world(calm_app: Flask) -> Iterator[World]:
    """Give the same tenant with names that one shows to others."""
    with _served(calm_app, "Abena") as everything:
        yield everything


@contextmanager
def _served(app: Flask, odd: str) -> Iterator[World]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    base, folder = f"http://127.0.0.1:{server.server_port}", Path(app.instance_path)
    try:
        with ExitStack() as things:
            with app.app_context():
                everything = things.enter_context(built(app, base, folder, odd))
            yield everything
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def signed_in_cookies(chromium: Browser, world: World, app: Flask) -> list[Any]:
    """Return the cookies of the signed-in owner: hashing a password for each screen costs more than the screen."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{world.base}/sign-in")
    page.get_by_label("Tenant").fill(world.tenant.slug)
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(world.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{world.base}/")
    cookies = context.cookies()
    context.close()
    # What asks again who one is would else ask in the middle of the walk.
    with app.app_context(), writing() as connection:
        connection.execute(update(Session.__table__).values(proved_at=clock.after(86_400)))
    return cookies


@pytest.fixture(scope="session")
def session_cookies(chromium: Browser, world: World, full_app: Flask) -> list[Any]:
    """Give the cookies of the owner of the world."""
    return signed_in_cookies(chromium, world, full_app)


@pytest.fixture
def open_world(chromium: Browser, world: World, session_cookies: list[Any]) -> Iterator[Open]:
    """Give a function that opens a watched page of the world, signed in, with a theme and a width."""
    contexts: list[BrowserContext] = []

    def opened(*, theme: Any = "light", width: int = 1280, signed_in: bool = True, **options: Any) -> Watched:
        size: Any = {"width": width, "height": 900}
        context = chromium.new_context(color_scheme=theme, viewport=size, reduced_motion="reduce", **options)
        if signed_in:
            context.add_cookies(session_cookies)
        contexts.append(context)
        return Watched(context.new_page(), world.base)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def watch(chromium: Browser, world: World, session_cookies: list[Any]) -> Iterator[Watch]:
    """Give a function that returns the watched page of a theme, blank: a window costs more than a screen in it."""
    pages: dict[tuple[str, bool], Watched] = {}

    def of(theme: Any, *, signed_in: bool) -> Watched:
        if (theme, signed_in) not in pages:
            context = chromium.new_context(color_scheme=theme, reduced_motion="reduce")
            if signed_in:
                context.add_cookies(session_cookies)
            pages[theme, signed_in] = Watched(context.new_page(), world.base)
        watched = pages[theme, signed_in]
        watched.page.goto("about:blank")
        watched.misdeeds.clear()
        return watched

    yield of
    for watched in pages.values():
        watched.page.context.close()
