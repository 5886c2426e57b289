"""Changing targets: where the stored token may go, and what two who save at once leave of each other's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.access.encryption import unseal
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import WrongUse
from app.provisioning import targets
from app.provisioning.adapter import Capabilities
from app.provisioning.errors import Unauthorised
from app.provisioning.targets import Target

HERE = "https://accounts.example/scim"


@pytest.fixture
def add(tenant: Tenant) -> Callable[..., Target]:
    """Give a function that adds a target."""

    def added(token: str | None = "the first") -> Target:
        with writing() as connection:
            return targets.add(connection, tenant.id, "test", kind="scim", name="far", url=HERE, token=token)

    return added


def now(target: Target) -> Target:
    with reading() as connection:
        return targets.named(connection, target.tenant_id, target.name)


def move(target: Target, url: str, token: str | None = None) -> None:
    with writing() as connection:
        targets.change(connection, target, "test", url=url, token=token)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/scim",
        "https://accounts.example:8443/scim",
        "http://accounts.example/scim",
        "https://accounts.example.elsewhere.example/scim",
    ],
)
def test_the_stored_token_goes_to_no_other_system(add: Callable[..., Target], url: str) -> None:
    target = add()
    with pytest.raises(WrongUse, match=r"target set far … --secret token=-"):
        move(target, url)
    assert now(target) == target
    move(target, url, "its own")
    changed = now(target)
    assert changed.url == url and changed.token is not None
    assert unseal(target.tenant_id, targets.token_context(target.id), changed.token) == b"its own"


@pytest.mark.parametrize("url", ["https://accounts.example/v2", "HTTPS://Accounts.Example:443/scim"])
def test_at_the_same_system_the_token_stays(add: Callable[..., Target], url: str) -> None:
    target = add()
    move(target, url)
    assert (now(target).url, now(target).token) == (url, target.token)


def test_a_target_that_has_no_token_moves_without_one(add: Callable[..., Target]) -> None:
    target = add(token=None)
    move(target, "https://elsewhere.example/scim")
    assert (now(target).url, now(target).token) == ("https://elsewhere.example/scim", None)


@pytest.mark.parametrize("place", ["https://elsewhere.example/token", "https://[x"])
def test_a_stored_secret_goes_to_no_other_address_that_gives_tokens(tenant: Tenant, place: str) -> None:
    signs_in = {"customer_id": "4711", "token_url": f"{HERE}/token", "client_id": "us", "audience": HERE}
    with writing() as connection:
        target = targets.add(
            connection, tenant.id, "test", kind="icims", name="far", url=HERE, token="s", options=signs_in
        )
    with writing() as connection, pytest.raises(WrongUse, match="stored token of far does not go there"):
        targets.change(connection, target, "test", options={"token_url": place})
    with writing() as connection:
        targets.change(connection, target, "test", options={"token_url": place}, token="another")
    assert now(target).settings["token_url"] == place


@pytest.mark.parametrize("url", ["https://[x", "https://x]"])
def test_an_address_with_a_stray_bracket_is_refused(add: Callable[..., Target], url: str) -> None:
    target = add()
    with pytest.raises(WrongUse, match=r"--url .*cannot be read"):
        move(target, url)


def test_what_is_saved_while_a_target_is_asked_stays(add: Callable[..., Target]) -> None:
    asked = add()
    with writing() as connection:
        targets.change(connection, asked, "test", options={"inactive": "keep"})
    with writing() as connection:
        kept = targets.keep_capabilities(connection, asked, Capabilities(patch=False))
    assert kept.settings["inactive"] == "keep"
    assert kept.settings["capabilities"] == Capabilities(patch=False).to_settings()


def test_a_refusal_of_the_old_token_does_not_pause_who_has_a_new_one(add: Callable[..., Target]) -> None:
    old = add()
    with writing() as connection:
        targets.change(connection, old, "test", token="the second")
    targets.pause_refused(old, Unauthorised("unauthorised", "401"))
    assert now(old).state == "active"
    targets.pause_refused(now(old), Unauthorised("unauthorised", "401"))
    assert now(old).state == "paused"
