"""``make run``: from a fresh clone to a running product, with a demo tenant on the bundled simulators.

The demo's JazzHR hires people and its JumpCloud gets accounts for them; both are simulators on loopback, parts of the
process group like web, worker and scheduler. Only their two addresses are opened to the product, and by ``config.toml``
of the instance folder to commands: every other private address stays refused. With ``ROLLCALL_DEMO=0`` only the product
runs, as with ``rollcall run``.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from app import create_app
from app.access import admins, tenants
from app.access.tables import Admin
from app.access.tenants import Tenant
from app.cli import run as product
from app.config import Settings, load_settings
from app.database import db, writing
from app.errors import NotFoundError, RollcallError, SettingsError, WrongUse
from app.jobs.supervisor import Part, Supervisor
from app.migrations.upgrading import upgrade_database
from app.provisioning import resync, targets
from app.sources import catalog, drafts, life, runs, vendors
from app.sources.catalog import Source
from app.sources.drafts import Draft
from scim.keys import comparison_key

HOST = product.HOST
TENANT, ADMIN, BY = "demo", "admin@demo.example", "system:demo"
SOURCE, TARGET = "jazzhr", "jumpcloud"
SIMULATOR_KEY = "simulator-key"
#: Source and target → how their simulator is started, beside ``--port`` and ``--key``.
SIMULATORS: Mapping[str, tuple[str, ...]] = {SOURCE: ("--people", "40", "--faults", "no-limit"), TARGET: ()}
SOURCE_SETTINGS = {"calls_per_minute": "0", "work_email": "{given}.{family}@demo.example", "schedule": "2m"}
#: The simulated JumpCloud keeps its accounts in memory. When it starts anew, the full resync that every start of the
#: demo asks for finds them gone and, because of ``vanished``, makes them again.
TARGET_SETTINGS = {"vanished": "recreate", "interval": "10"}
_OFF = ("0", "false", "no", "off")
#: How a ``config.toml`` begins that the demo may write again.
MARK = "# Written by the demo (make run) at every start, with the addresses of its simulators.\n"


class CannotStart(RollcallError):
    """Something outside is in the way; the message says what, and the way out."""


@dataclass(frozen=True, slots=True)
class Simulators:
    """The simulators of this installation: kind → port on loopback."""

    ports: Mapping[str, int]

    def url(self, kind: str, path: str = "") -> str:
        """Return an address at the simulator of a kind."""
        return f"http://{HOST}:{self.ports[kind]}{path}"

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each."""
        return tuple((HOST, port) for port in self.ports.values())

    def opened_to(self, settings: Settings) -> tuple[tuple[str, int], ...]:
        """Return the private addresses that the product may call: those of its settings, and the simulators'."""
        return tuple(dict.fromkeys((*settings.allowed_addresses, *self.addresses)))

    def parts(self) -> tuple[Part, ...]:
        """Return the simulators as programs of the process group."""
        command = (sys.executable, "-m", "app.cli", "simulate")
        return tuple(
            Part(
                f"simulated {kind}",
                (*command, kind, "--port", str(self.ports[kind]), "--key", SIMULATOR_KEY, "--json", *options),
            )
            for kind, options in SIMULATORS.items()
        )


def main() -> int:
    """Run the product, and the demo unless it is switched off; return the exit code."""
    with ExitStack() as held:
        try:
            parts = _prepared(held)
        except (SettingsError, WrongUse) as error:
            return _refused(error, 2)
        except RollcallError as error:
            return _refused(error, 1)
        except OperationalError as error:
            return _refused(f"the database cannot be used ({error.orig}); check ROLLCALL_DATABASE_URL", 1)
        return Supervisor(parts).run()


def _refused(reason: object, code: int) -> int:
    click.echo(f"rollcall: {reason}", err=True)
    return code


def _prepared(held: ExitStack) -> tuple[Part, ...]:
    """Return the parts to run, with the database ready, the demo wired and everything said that is to be said."""
    port, settings = _wanted_port(os.environ), load_settings()
    _require_free(port)
    if os.environ.get("ROLLCALL_DEMO", "1").lower() in _OFF:
        with create_app(settings).app_context():
            upgrade_database()
            db.engine.dispose()
        _say_product(settings, port)
        return _product_parts(port, settings.allowed_addresses)
    held.enter_context(_only_demo(settings.instance_path))
    simulators = simulators_of(settings.instance_path, taken=port)
    is_kept = keep_addresses(settings.instance_path, simulators)
    settings = load_settings()  # the ports of last time may belong to another program by now
    opened = simulators.opened_to(settings)
    with create_app(replace(settings, allowed_addresses=opened)).app_context():
        upgrade_database()
        with writing() as connection:
            password = wire(connection, simulators)
        db.engine.dispose()
    _say_demo(settings, port, simulators, password, is_kept=is_kept)
    return (*simulators.parts(), *_product_parts(port, opened))


def _product_parts(port: int, opened: tuple[tuple[str, int], ...]) -> tuple[Part, ...]:
    parts = product.parts(HOST, port, product.WEB_WORKERS, product.WORKERS)
    said = {"ROLLCALL_ALLOWED_ADDRESSES": _as_setting(opened)}
    return tuple(replace(part, env={**part.env, **said}) for part in parts)


def _as_setting(addresses: tuple[tuple[str, int], ...]) -> str:
    return ",".join(f"{host}:{port}" for host, port in addresses)


# ---------------------------------------------------------------------------------------------------- addresses


def _wanted_port(environ: Mapping[str, str]) -> int:
    text = environ.get("ROLLCALL_PORT", str(product.PORT))
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise WrongUse(f"ROLLCALL_PORT: {text!r} is no port; use a number from 1 to 65535.")
    return int(text)


def _require_free(port: int) -> None:
    if not _is_free(port):
        raise CannotStart(
            f"Port {port} of {HOST} is in use by another program. Stop that one, or choose another port: "
            f"ROLLCALL_PORT={port + 1 if port < 65535 else port - 1} make run"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError:
            return False
        return True


@contextmanager
def _only_demo(instance_path: Path) -> Iterator[None]:
    """Hold the installation's one place for a demo. Raises ``CannotStart`` when another demo has it."""
    with (instance_path / "demo.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"The demo of {instance_path} is running already. Use that one, stop it first, or choose another "
                "folder: ROLLCALL_INSTANCE_PATH=FOLDER make run"
            ) from None
        yield


def simulators_of(instance_path: Path, taken: int) -> Simulators:
    """Return the simulators on the ports of last time, or on free ones where those are in use; keeps the choice."""
    path = instance_path / "demo.json"
    kept: dict[str, int] = json.loads(path.read_text())["ports"] if path.exists() else {}
    with ExitStack() as reserved:
        ports = {
            kind: kept[kind]
            if kept.get(kind, taken) != taken and _is_free(kept[kind])
            else _free_port(reserved)
            for kind in SIMULATORS
        }
    _write(path, json.dumps({"ports": ports}) + "\n")
    return Simulators(ports)


def keep_addresses(instance_path: Path, simulators: Simulators) -> bool:
    """Open the simulators to every command of this folder, in its ``config.toml``; return whether that was done.

    A file that somebody else wrote, or added a setting to, stays as it is. An environment variable wins over the file.
    """
    path = instance_path / "config.toml"
    if path.exists():
        text = path.read_text()
        if not text.startswith(MARK) or tomllib.loads(text).keys() - {"allowed_addresses"}:
            return False
    _write(path, f'{MARK}allowed_addresses = "{_as_setting(simulators.addresses)}"\n')
    return "ROLLCALL_ALLOWED_ADDRESSES" not in os.environ


def _write(path: Path, text: str) -> None:
    """Put a file in the place of the old one at once: commands may read it meanwhile."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def _free_port(reserved: ExitStack) -> int:
    """Return a free port; it stays reserved until the stack is left, so that none is given twice."""
    candidate = reserved.enter_context(socket.socket())
    candidate.bind((HOST, 0))
    port: int = candidate.getsockname()[1]
    return port


# ------------------------------------------------------------------------------------------------------- wiring


def wire(connection: Connection, simulators: Simulators) -> str | None:
    """Make what the demo lacks and ask for an import and a full resync; return a new admin's one-time password.

    What is there stays as somebody has set it; only the addresses follow the simulators. None: the admin exists.
    """
    try:
        tenant = tenants.named(connection, TENANT)
    except NotFoundError:
        tenant = tenants.create(connection, TENANT)
    _wire_source(connection, tenant, simulators.url(SOURCE, "/v1"))
    _wire_target(connection, tenant, simulators.url(TARGET, "/api"))
    admin = Admin.__table__.c
    where = (admin.tenant_id == tenant.id, admin.email_key == comparison_key(ADMIN))
    has_admin = connection.scalar(select(admin.id).where(*where)) is not None
    return None if has_admin else admins.create(connection, tenant, ADMIN)


def _wire_source(connection: Connection, tenant: Tenant, url: str) -> None:
    try:
        source = catalog.named(connection, tenant.id, SOURCE)
    except NotFoundError:
        settings, secrets = SOURCE_SETTINGS | {"base_url": url}, {"api_key": SIMULATOR_KEY}
        source = _connected(connection, tenant, drafts.drafted("jazzhr", SOURCE, settings, secrets))
    if source.settings["base_url"] != url:
        moved = drafts.redrafted(source, {"base_url": url}, {"api_key": SIMULATOR_KEY})
        source = catalog.change(connection, tenant.id, moved, BY)
    if source.state == "active":
        runs.start(connection, source, dry_run=False, requested_by=BY)


def _connected(connection: Connection, tenant: Tenant, draft: Draft) -> Source:
    """Add and publish the simulated JazzHR; no data of real people is in it to consent to."""
    vendors.enable(connection, tenant.id, draft.kind, BY)
    source = catalog.add(connection, tenant.id, draft, BY)
    life.give_consent(connection, source, BY)
    return life.publish(connection, source, (), BY)


def _wire_target(connection: Connection, tenant: Tenant, url: str) -> None:
    try:
        target = targets.named(connection, tenant.id, TARGET)
    except NotFoundError:
        targets.add(
            connection,
            tenant.id,
            BY,
            kind="jumpcloud",
            name=TARGET,
            url=url,
            token=SIMULATOR_KEY,
            options=TARGET_SETTINGS,
        )
        return
    if target.url != url:
        target = targets.change(connection, target, BY, url=url, token=SIMULATOR_KEY)
    resync.request_full(connection, target, "the demo was started")


# ------------------------------------------------------------------------------------------------------- saying


def _say_product(settings: Settings, port: int) -> None:
    base, command = settings.public_url or f"http://{HOST}:{port}", _command()
    say(
        "Rollcall starts now; Ctrl-C stops it.",
        f"  Console   {base}/",
        f"  SCIM      {base}/scim/v2",
        f"  A tenant  {command} tenant create SLUG",
        f"  An admin  {command} admin create YOU@EXAMPLE.COM --tenant SLUG",
        f"  A token   {command} token create --tenant SLUG --name CLIENT",
    )


def _say_demo(
    settings: Settings, port: int, simulators: Simulators, password: str | None, *, is_kept: bool
) -> None:
    base, command = settings.public_url or f"http://{HOST}:{port}", _command()
    renewal = f"{command} admin create {ADMIN} --tenant {TENANT}"
    hires, users = (
        simulators.url(SOURCE, "/_simulator/hires"),
        simulators.url(TARGET, "/api/systemusers?limit=100"),
    )
    sign_in = (
        (f"one-time password {password}", "you will be asked to choose a password of your own")
        if password
        else (f"password lost? {renewal}",)
    )
    # Where the file is not the demo's, commands learn the simulators' addresses from a variable only.
    opened = _as_setting(simulators.opened_to(settings))
    allow = () if is_kept else (f"  Allow     export ROLLCALL_ALLOWED_ADDRESSES={opened}",)
    say(
        "Rollcall starts now, with a demo tenant; Ctrl-C stops it.",
        f"  Console   {base}/",
        f"  Sign in   tenant {TENANT}, e-mail {ADMIN}",
        *(f"            {line}" for line in sign_in),
        f"  SCIM      {base}/scim/v2",
        f"  A token   {command} token create --tenant {TENANT} --name my-client",
        "People whom a simulated JazzHR hires are imported and get accounts in a simulated JumpCloud:",
        f"  Accounts  curl -H 'x-api-key: {SIMULATOR_KEY}' '{users}'",
        f"  Hire      curl -H 'Content-Type: application/json' -d '{{}}' {hires}",
        "            (imported within two minutes; at once with the next line and",
        f"            {command} source import {SOURCE} --tenant {TENANT})",
        *allow,
    )


def say(*lines: str) -> None:
    """Print the lines at once: what follows comes from other processes."""
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _command() -> str:
    """Return how the ``rollcall`` command is called from this folder."""
    script = Path(sys.executable).parent / "rollcall"
    if not script.exists():
        return f"{sys.executable} -m app.cli"
    return os.path.relpath(script) if script.is_relative_to(Path.cwd()) else str(script)


if __name__ == "__main__":
    sys.exit(main())
