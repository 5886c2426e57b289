"""Which addresses may be called: the guard against server-side request forgery.

The check belongs to the moment of connecting (quality.md §1.4): the name is resolved once, every address it
has is checked, and the connection goes to an address that was checked. Spellings such as `2130706433`,
`0x7f.1` or `127.1` need no rule of their own: the resolver turns them into the address that is then refused.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.outbound.errors import AddressRefused, ConnectFailed

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Our own lists: `ipaddress.is_global` and `is_private` change with the Python version and pass NAT64 and
# 6to4.
_PRIVATE = {
    "127.0.0.0/8": "loopback",
    "10.0.0.0/8": "private",
    "172.16.0.0/12": "private",
    "192.168.0.0/16": "private",
    "100.64.0.0/10": "shared (carrier-grade NAT)",
    "198.18.0.0/15": "benchmarking",
    "::1/128": "loopback",
    "fc00::/7": "private",
}
_NEVER = {
    "0.0.0.0/8": "unspecified",
    "169.254.0.0/16": "link-local",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "6to4 relay",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/128": "unspecified",
    "::/96": "IPv4-compatible",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64",
    "2001::/23": "Teredo or reserved",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "3fff::/20": "documentation",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_RULES = [(ipaddress.ip_network(net), why, True) for net, why in _PRIVATE.items()] + [
    (ipaddress.ip_network(net), why, False) for net, why in _NEVER.items()
]
_GLOBAL_UNICAST_6 = ipaddress.IPv6Network("2000::/3")

SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What may be called.

    `allow_private` opens loopback, private and shared networks; link-local (cloud metadata), multicast,
    unspecified, reserved and translated (NAT64, 6to4) addresses stay closed. `allowed` names (host, port)
    pairs that are open whatever they are: the demo's own simulators.
    """

    allow_private: bool = False
    allowed: frozenset[tuple[str, int]] = field(default_factory=frozenset)

    def refusal(self, address: str, port: int, host: str | None = None) -> str | None:
        """Why this address may not be called (`loopback`, `NAT64`, …), None when it may."""
        if (address, port) in self.allowed or (host is not None and (host.lower(), port) in self.allowed):
            return None
        ip = _plain(ipaddress.ip_address(address))
        for network, why, is_private in _RULES:
            if ip.version == network.version and ip in network:
                return None if is_private and self.allow_private else why
        if ip.version == 6 and ip not in _GLOBAL_UNICAST_6:
            return "reserved"
        return None

    def resolve(self, host: str, port: int, seconds: float) -> list[SocketAddress]:
        """The addresses behind the name, all of them checked.

        Raises `AddressRefused` when any of them may not be called, `ConnectFailed` when there is none within
        `seconds`.
        """
        found = _look_up(host, port, seconds)
        for _, address in found:
            why = self.refusal(str(address[0]), port, host)
            if why:
                may_open = AddressPolicy(allow_private=True).refusal(str(address[0]), port) is None
                raise AddressRefused(
                    f"{host} is at {address[0]}, a {why} address, which Rollcall does not call. Use a public address"
                    + (", or set ROLLCALL_ALLOW_PRIVATE_TARGETS=1." if may_open else ".")
                )
        return found


def check_url(url: str) -> SplitResult:
    """The parts of a URL that may be called: http or https, a host, no user or password.

    Raises `AddressRefused`.
    """
    if any(c <= " " or c == "\\" or c == "\x7f" for c in url):
        raise AddressRefused(
            "The URL contains white space, control characters or backslashes.", code="bad_url"
        )
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise AddressRefused(f"The URL cannot be read: {error}.", code="bad_url") from error
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressRefused(
            f"Only http and https URLs can be called, not {parts.scheme or 'none'}.", code="bad_url"
        )
    if not parts.hostname or not port_is_fine:
        raise AddressRefused("The URL names no host, or port 0.", code="bad_url")
    if "@" in parts.netloc:
        raise AddressRefused(
            "The URL contains a user name or password; give credentials as a secret instead.", code="bad_url"
        )
    return parts


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL that may be called, spelt out.

    >>> origin_of("HTTPS://Example.com/scim"), origin_of("http://example.com:8080")
    ('https://example.com:443', 'http://example.com:8080')
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


def place_of(url: str) -> str:
    """Scheme, host and port of a URL as `origin_of`; all of one that cannot be read, and so be called nowhere.

    >>> place_of("http://example.com:8080/x"), place_of("https://[x")
    ('http://example.com:8080', 'https://[x')
    """
    try:
        return origin_of(url)
    except ValueError:
        return url


def _plain(ip: IPAddress) -> IPAddress:
    """`::ffff:127.0.0.1` is 127.0.0.1."""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


def _look_up(host: str, port: int, seconds: float) -> list[SocketAddress]:
    """The resolver's answer. It knows no deadline: it works in a thread, left behind if it stalls."""
    answer: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        found = answer.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise ConnectFailed(f"The name {host} could not be looked up in time.", code="dns_failed") from None
    if isinstance(found, OSError | UnicodeError):
        raise ConnectFailed(f"The name {host} could not be looked up: {found}.", code="dns_failed") from found
    return [(family, address) for family, _, _, _, address in found]
