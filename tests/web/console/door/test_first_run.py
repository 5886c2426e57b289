"""The first run: the set-up code, the first tenant and its owner."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.access import admins_tries, setup, tenants
from app.access.tables import Admin
from app.access.tables import Tenant as TenantTable
from app.access.tenants import Tenant
from app.config import Settings
from app.database import reading, writing
from tests.web.console.browser import Browser, Page
from tests.web.console.door.conftest import words

PASSWORD = "correct horse battery"
FIELDS = {
    "organisation": "Acme & Söhne",
    "email": "ada@acme.example",
    "password": PASSWORD,
    "again": PASSWORD,
}


@pytest.fixture
def code(settings: Settings, app: Flask) -> str:
    """Give the set-up code of a fresh installation."""
    return setup.code_of(settings.instance_path)


def admins_and_tenants() -> tuple[list[str], list[str]]:
    with reading() as connection:
        people = connection.scalars(select(Admin.__table__.c.email))
        return list(people), list(connection.scalars(select(TenantTable.__table__.c.slug)))


def send(browser: Browser, **fields: str) -> object:
    return browser.submit(browser.page("/first-run"), "/first-run", **FIELDS | fields)


def test_every_page_leads_to_the_set_up_while_nobody_is_an_admin(browser: Browser) -> None:
    for path in ("/", "/people", "/sign-in"):
        assert browser.get(path).url == f"{browser.base}/first-run"
    assert browser.get("/scim/v2/ServiceProviderConfig").status_code == 200
    assert browser.get("/healthz").status_code == 200


def test_the_right_code_makes_the_tenant_and_its_owner_who_is_signed_in(
    browser: Browser, settings: Settings, code: str
) -> None:
    answer = send(browser, code=code)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")  # type: ignore[attr-defined]
    page = browser.page("/")
    assert "ada@acme.example · tenant acme-sohne" in page.text
    assert "The short name of your organisation is acme-sohne" in page.text
    assert admins_and_tenants() == (["ada@acme.example"], ["acme-sohne"])
    assert "Invites people" in browser.page("/account").text
    assert Browser(browser.base).sign_in("acme-sohne", "ada@acme.example", PASSWORD).status_code == 303
    assert browser.get("/first-run").status_code == 404
    assert not (settings.instance_path / "keys" / "setup_code").exists()


def test_the_page_is_gone_where_an_admin_is(browser: Browser, one_time: str, code: str) -> None:
    assert browser.get("/first-run").status_code == 404
    assert browser.get("/", allow_redirects=False).headers["Location"] == "/sign-in"
    token = browser.page("/sign-in").forms[0][1]["csrf_token"]
    assert browser.post("/first-run", FIELDS | {"code": code, "csrf_token": token}).status_code == 404
    assert admins_and_tenants() == (["hr@acme.example"], ["acme"])


def test_a_tenant_that_is_there_already_gets_its_owner(browser: Browser, tenant: Tenant, code: str) -> None:
    assert send(browser, code=code, organisation="Acme").status_code == 303  # type: ignore[attr-defined]
    assert admins_and_tenants() == (["ada@acme.example"], ["acme"])


WRONG = [
    ({"code": "aaaaa-aaaaa-aaaaa-aaaaa"}, "This is not the set-up code"),
    ({"code": ""}, "Type the set-up code"),
    ({"organisation": "株式会社"}, "Use some letters from a to z"),
    ({"email": "ada"}, "not an e-mail address that can be used"),
    ({"password": "short", "again": "short"}, "at least 12 characters"),
    ({"password": "ADA@acme.example", "again": "ADA@acme.example"}, "Your e-mail address is known"),
    ({"again": "another"}, "The two are not the same"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG)
def test_what_is_wrong_is_said_at_its_field_and_makes_nothing(
    browser: Browser, code: str, fields: dict[str, str], said: str
) -> None:
    answer = send(browser, **{"code": code} | fields)
    assert (answer.status_code, said in words(answer)) == (422, True)  # type: ignore[attr-defined]
    page = Page(answer.text)  # type: ignore[attr-defined]
    assert page.forms[0][1]["organisation"] == (FIELDS | fields)["organisation"]
    assert PASSWORD not in answer.text  # type: ignore[attr-defined]
    assert admins_and_tenants() == ([], [])


def test_without_a_code_there_is_none_that_is_right(browser: Browser, app: Flask) -> None:
    for code in ("-", "x", "."):
        assert "not the set-up code" in words(send(browser, code=code))


def test_guessing_the_code_is_slowed_down(browser: Browser, code: str) -> None:
    for _ in range(admins_tries.FREE_FAILURES):
        send(browser, code="wrong")
    with writing() as connection:  # as if the last wait had begun just now, however slow this machine is
        for _ in range(4):
            admins_tries.count(connection, None, "first-run")
    assert "Too many tries" in words(send(browser, code=code))
    assert admins_and_tenants() == ([], [])


def test_of_two_who_set_up_at_once_one_does(app: Flask) -> None:
    start, slugs = threading.Barrier(2), ("one", "two")

    def one(slug: str) -> bool:
        with app.app_context():
            start.wait(30)
            with writing() as connection:
                return setup.set_up(connection, slug, f"{slug}@acme.example", "hash") is not None

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(one, slugs))
    assert sorted(made) == [False, True]
    winner = slugs[made.index(True)]
    assert admins_and_tenants() == ([f"{winner}@acme.example"], [winner])


def test_the_code_is_one_for_all_hard_to_guess_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        codes = set(pool.map(setup.code_of, [tmp_path] * 8))
    (code,) = codes
    path = tmp_path / "keys" / "setup_code"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
    assert [entry.name for entry in path.parent.iterdir()] == ["setup_code"]
    assert setup.code_of(tmp_path / "elsewhere") != code


def test_how_a_code_is_typed_does_not_matter(tmp_path: Path) -> None:
    code = setup.code_of(tmp_path)
    assert setup.is_right(tmp_path, f" {code.upper().replace('-', ' ')} ")
    assert not setup.is_right(tmp_path, code[:-1])
    setup.forget_code(tmp_path)
    assert not setup.is_right(tmp_path, code)


def test_a_tenant_without_admins_beside_one_with_is_no_first_run(
    app: Flask, tenant: Tenant, one_time: str
) -> None:
    with writing() as connection:
        tenants.create(connection, "aaa-empty")
        assert not setup.is_wanted(connection)
