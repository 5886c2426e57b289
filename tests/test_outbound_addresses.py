"""The guard against server-side request forgery."""

from __future__ import annotations

import socket

import pytest

from app.outbound import AddressPolicy, AddressRefused, OutboundSession
from app.outbound.addresses import check_url
from tests.harness.raw_server import RawServer, answer

PUBLIC = AddressPolicy()
PRIVATE = AddressPolicy(allow_private=True)

LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
]


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_rule_21_loopback_is_refused_however_it_is_spelt(host: str) -> None:
    with RawServer(lambda connection, _: connection.sendall(answer(b"{}"))) as server:
        with pytest.raises(AddressRefused) as caught:
            OutboundSession(f"http://{host}:{server.port}").call("GET", "/")
        assert (caught.value.code, caught.value.may_have_been_processed) == ("address_refused", False)
        assert "loopback" in caught.value.message
        assert server.connections == 0


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "shared"),
        ("fd00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
    ],
)
def test_rule_21_private_networks_open_with_the_setting(address: str, why: str) -> None:
    assert why in (PUBLIC.refusal(address, 443) or "")
    assert PRIVATE.refusal(address, 443) is None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("169.254.169.254", "link-local"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b:1::1", "NAT64"),
        ("2002:7f00:1::", "6to4"),
        ("2001:0:4136:e378::", "Teredo"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("4000::1", "reserved"),
    ],
)
def test_rule_21_these_stay_closed_whatever_the_setting(address: str, why: str) -> None:
    assert why in (PUBLIC.refusal(address, 443) or "")
    assert why in (PRIVATE.refusal(address, 443) or "")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "172.32.0.1", "100.128.0.1"]
)
def test_rule_21_public_addresses_are_open(address: str) -> None:
    assert PUBLIC.refusal(address, 443) is None


def test_rule_21_an_allowed_pair_is_open_and_its_neighbours_are_not() -> None:
    policy = AddressPolicy(allowed=frozenset({("127.0.0.1", 8080), ("localhost", 9090)}))
    assert policy.refusal("127.0.0.1", 8080) is None
    assert policy.refusal("127.0.0.1", 9090, "localhost") is None
    assert policy.refusal("127.0.0.1", 8081) == "loopback"
    assert policy.refusal("127.0.0.2", 8080) == "loopback"


def test_rule_21_one_bad_address_of_a_name_closes_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(AddressRefused):
        PUBLIC.resolve("rebinding.example", 443, 1)


def test_rule_21_the_name_is_resolved_once_and_the_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def once(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.0.0.9", port))]

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with RawServer(lambda connection, _: connection.sendall(answer(b"{}"))) as server:
        policy = AddressPolicy(allowed=frozenset({("127.0.0.1", server.port)}))
        session = OutboundSession(f"http://hr.example:{server.port}", policy=policy)
        assert session.call("GET", "/").ok
        assert f"Host: hr.example:{server.port}".encode() in server.requests[0]
    assert asked == ["hr.example"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "http://",
        "http://user:pass@example.com/",
        "http://user@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com\\@evil.com/",
        "http://example.com/\r\nX: y",
        "http://[::1/",
    ],
)
def test_rule_21_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        check_url(url)
    assert caught.value.code == "bad_url"
    assert "pass" not in caught.value.message.replace("password", "")


def test_rule_21_a_plain_url_is_fine() -> None:
    assert check_url("https://console.jumpcloud.com/api").hostname == "console.jumpcloud.com"
