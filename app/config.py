"""Settings: ``ROLLCALL_*`` in the environment over ``instance/config.toml`` over defaults, checked at start."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.errors import SettingsError

PREFIX = "ROLLCALL_"


@dataclass(frozen=True)
class Settings:
    """What one installation is told from outside. Times are seconds."""

    instance_path: Path = Path("instance")
    database_url: str = ""
    #: Empty: an SQLite file in the instance folder. It may hold a password.
    queue_url: str = field(default="", repr=False)
    public_url: str = ""
    allow_private_targets: bool = False
    #: (host, port) pairs that are allowed although they are private: the demo's own simulators.
    allowed_addresses: tuple[tuple[str, int], ...] = ()
    secret_key: str = field(default="", repr=False)
    #: ``id:hex,…``; the first key seals, all of them open.
    key_ring: str = field(default="", repr=False)
    connect_timeout: float = 5.0
    call_timeout: float = 30.0
    attempt_grace: float = 5.0
    lease_seconds: float = 120.0
    #: How long the other schedulers wait for the active one when it has gone without a word.
    scheduler_lease: float = 10.0
    #: Requests of one SCIM token: a second, and at once after a rest; a rate of 0 is no limit.
    scim_rate: int = 200
    scim_burst: int = 2000
    #: How long an access token of OAuth lives.
    oauth_token_seconds: int = 3600
    #: The mail server of notices: ``smtp://``, ``smtp+starttls://`` or ``smtps://``, user and password in it.
    smtp_url: str = field(default="", repr=False)
    #: The sender of notices.
    mail_from: str = ""
    #: What opens ``/metrics`` from elsewhere than loopback, as a bearer token.
    metrics_token: str = field(default="", repr=False)
    log_level: str = "info"
    #: SQLite only: ``full`` survives a power cut, ``off`` is for throw-away databases in tests.
    sqlite_synchronous: str = "full"

    @property
    def is_sqlite(self) -> bool:
        """True when the directory lives in an SQLite file."""
        return self.database_url.startswith("sqlite")


def _boolean(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise ValueError("use 1 or 0")
    return words[text.lower()]


def _addresses(text: str) -> tuple[tuple[str, int], ...]:
    pairs = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        host, _, port = item.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError("use host:port[,host:port]")
        pairs.append((host, int(port)))
    return tuple(pairs)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise ValueError("use a number of seconds above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("use a whole number, 0 switches it off")
    return value


def _between(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"use a whole number from {least} to {most}")
        return int(text)

    return parse


def _word(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError("use one of " + ", ".join(allowed))
        return text.lower()

    return parse


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("use an address such as https://rollcall.example.com")
    return text.rstrip("/")


def _mail_server(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname or not _is_port(parts):
        raise ValueError(
            "use smtp://host:port, smtp+starttls://user:password@host:port or smtps://user:password@host:port"
        )
    return text


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _mail_address(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"]+@[A-Za-z0-9.-]+", text):
        raise ValueError("use an address such as rollcall@example.com")
    return text


def _long_token(text: str) -> str:
    if len(text) < 16 or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("use at least 16 printable ASCII characters without blanks")
    return text


def _database(text: str) -> str:
    if text.startswith(("postgres://", "postgresql://")):
        text = "postgresql+psycopg://" + text.split("://", 1)[1]
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("use sqlite:///path or postgresql://user@host/name")
    return text


#: What starts the URL of a queue → the package that speaks to it, and our extra that brings it.
_QUEUE_DRIVERS = {
    "postgresql://": ("psycopg", "postgresql"),
    "redis://": ("redis", "redis"),
    "rediss://": ("redis", "redis"),
    "unix://": ("redis", "redis"),
}


def _queue(text: str) -> str:
    if not text:
        return text
    scheme, _, rest = text.partition("://")
    if scheme in ("postgres", "postgresql+psycopg"):
        text = "postgresql://" + rest
    driver = next((found for start, found in _QUEUE_DRIVERS.items() if text.startswith(start)), None)
    if driver is None or not rest:
        raise ValueError(
            "use postgresql://user@host/name or redis://host:6379/0, or leave it empty for a file of its own"
        )
    package, extra = driver
    if find_spec(package) is None:
        raise ValueError(f"the package {package} is missing: pip install 'rollcall[{extra}]'")
    return text


_PARSERS: dict[str, Callable[[str], Any]] = {
    "database_url": _database,
    "queue_url": _queue,
    "public_url": _web_address,
    "allow_private_targets": _boolean,
    "allowed_addresses": _addresses,
    "secret_key": str,
    "key_ring": str,
    "connect_timeout": _positive,
    "call_timeout": _positive,
    "attempt_grace": _positive,
    "lease_seconds": _positive,
    "scheduler_lease": _positive,
    "scim_rate": _count,
    "scim_burst": _between(1, 1_000_000),
    "oauth_token_seconds": _between(60, 86_400),
    "smtp_url": _mail_server,
    "mail_from": _mail_address,
    "metrics_token": _long_token,
    "log_level": _word("debug", "info", "warning", "error"),
    "sqlite_synchronous": _word("full", "normal", "off"),
}
#: Settings that a file may hold, and whose text no finding repeats.
_FROM_FILE = ("secret_key", "key_ring", "smtp_url", "metrics_token")
#: Never shown in a finding: they are secrets, or hold a password.
_UNSHOWN = (*_FROM_FILE, "database_url", "queue_url")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the checked settings of this installation; missing keys are made once in the instance folder.

    :raises SettingsError: with every finding at once.
    """
    environ = os.environ if environ is None else environ
    instance_path = Path(environ.get(PREFIX + "INSTANCE_PATH", "instance")).resolve()
    findings: list[str] = []
    given = _given(environ, instance_path, findings)
    values = _parsed(given, findings)
    if findings:
        raise SettingsError(findings)
    values["instance_path"] = instance_path
    values.setdefault("database_url", f"sqlite:///{instance_path / 'rollcall.db'}")
    for name, make in _GENERATED.items():
        if not values.get(name):
            values[name] = _kept_secret(instance_path, name, make)
    return Settings(**values)


def _given(
    environ: Mapping[str, str], instance_path: Path, findings: list[str]
) -> dict[str, tuple[str, str]]:
    """Return name → (where it was said, text) of all that is set in the file or the environment."""
    given: dict[str, tuple[str, str]] = {}
    known = {f.name for f in fields(Settings)}
    config_file = instance_path / "config.toml"
    if config_file.exists():
        try:
            content = tomllib.loads(config_file.read_text())
        except tomllib.TOMLDecodeError as error:
            findings.append(f"{config_file.name}: not readable as TOML ({error}); mend or remove the file")
            content = {}
        for name, value in content.items():
            if name not in known or name == "instance_path":
                findings.append(f"{config_file.name}: {name!r} is not a setting; remove it")
                continue
            given[name] = (f"{config_file.name}: {name}", str(value))
    for name in _PARSERS:
        variable = PREFIX + name.upper()
        if variable in environ:
            given[name] = (variable, environ[variable])
        if name in _FROM_FILE and variable + "_FILE" in environ:
            path = Path(environ[variable + "_FILE"])
            try:
                given[name] = (variable + "_FILE", path.read_text().strip())
            except OSError as error:
                findings.append(
                    f"{variable}_FILE: cannot read {path} ({error.strerror}); name a readable file"
                )
    return given


def _parsed(given: dict[str, tuple[str, str]], findings: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, (where, text) in given.items():
        try:
            values[name] = _PARSERS[name](text)
        except ValueError as error:
            findings.append(
                f"{where}: {text!r} cannot be used; {error}" if name not in _UNSHOWN else f"{where}: {error}"
            )
    return values


_GENERATED: dict[str, Callable[[], str]] = {
    "secret_key": lambda: secrets.token_hex(32),
    "key_ring": lambda: f"k1:{secrets.token_hex(32)}",
}


def _kept_secret(instance_path: Path, name: str, make: Callable[[], str]) -> str:
    """Return the secret kept in ``instance/keys/``; the first caller makes it (0600, never overwritten)."""
    folder = instance_path / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
