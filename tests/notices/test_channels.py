"""Channels: checked when they are added, secrets sealed and shown once, rotated, removed."""

from __future__ import annotations

import pytest

from app import clock
from app.access import tenants
from app.access.encryption import UnsealError, unseal
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.notices import channels, delivering
from app.notices.channels import Channel
from tests.notices.desk import Desk


def _add(
    tenant: Tenant, kind: str, address: str, name: str = "c", **options: object
) -> tuple[Channel, str | None]:
    with writing() as connection:
        return channels.add(connection, tenant.id, "test", kind=kind, name=name, address=address, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["ops@acme.example", "root@localhost", "a.b+c@corp.local", "x@xn--bcher-kva.de"]
)
def test_addresses_of_the_internet_and_of_intranets_are_taken(tenant: Tenant, address: str) -> None:
    made, secret = _add(tenant, "email", address)
    assert (made.address, secret) == (address, None)


@pytest.mark.parametrize(
    "address", ["ops", "@x.de", "a b@x.de", "a@x.de\nBcc: b@x.de", "a@x.de,b@x.de", "<a@x.de>"]
)
def test_what_is_no_address_is_refused(tenant: Tenant, address: str) -> None:
    with pytest.raises(WrongUse, match="not an e-mail address"):
        _add(tenant, "email", address)


@pytest.mark.parametrize(
    "url", ["ftp://x.example", "https://user:pass@x.example/", "https://", "x.example/hook"]
)
def test_what_is_no_url_is_refused(tenant: Tenant, url: str) -> None:
    with pytest.raises(WrongUse, match="address of the webhook"):
        _add(tenant, "webhook", url)


def test_names_are_unique_and_kinds_are_known(tenant: Tenant) -> None:
    _add(tenant, "email", "a@x.example")
    with pytest.raises(WrongUse, match="exists already"):
        _add(tenant, "email", "b@x.example")
    with pytest.raises(WrongUse, match=r"'target\.painted' is no kind of notice"):
        _add(tenant, "email", "b@x.example", "d", kinds=["target.painted"])
    with pytest.raises(WrongUse, match="no name for a channel"):
        _add(tenant, "email", "b@x.example", "a b")
    with pytest.raises(WrongUse, match="no channel kind"):
        _add(tenant, "pigeon", "b@x.example", "d")


def test_a_secret_is_sealed_and_bound_to_its_channel(tenant: Tenant) -> None:
    made, secret = _add(tenant, "webhook", "https://x.example/in")
    assert secret is not None
    assert made.secret is not None
    assert secret.encode() not in made.secret
    assert secret not in repr(made)
    assert made.secrets(clock.now()) == [secret]
    with pytest.raises(UnsealError):
        unseal(tenant.id, channels.secret_context(made.id + 1), made.secret)


def test_an_e_mail_address_has_no_secret_to_rotate(tenant: Tenant) -> None:
    made, _ = _add(tenant, "email", "a@x.example")
    with pytest.raises(WrongUse, match="no secret"), writing() as connection:
        channels.rotate(connection, made, "test", 24)


def test_the_channel_of_another_tenant_is_not_found(tenant: Tenant) -> None:
    _add(tenant, "email", "a@x.example")
    with writing() as connection:
        other = tenants.create(connection, "other")
    with pytest.raises(NotFoundError), reading() as connection:
        channels.named(connection, other.id, "c")


def test_with_a_channel_its_deliveries_go_and_the_notices_stay(desk: Desk) -> None:
    desk.webhook("gone")
    stays = desk.webhook("stays")
    desk.tell()
    with writing() as connection:
        channels.remove(connection, channels.named(connection, desk.tenant.id, "gone"), "test")
    assert delivering.drain(desk.tenant.id) == 1
    assert len(stays.calls) == 1
    assert [delivery.channel_id for delivery in desk.deliveries()] == [2]
    assert len(desk.notices()) == 1
