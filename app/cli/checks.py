"""What ``rollcall doctor`` looks at. Each check gives a finding in a line, and the way out where there is one."""

from __future__ import annotations

import os
import shutil
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.access import audit, tenants
from app.access.encryption import key_ring
from app.access.tables import AuditRow
from app.config import Settings
from app.database import db, is_sqlite, reading
from app.errors import RollcallError
from app.jobs.leases import database_now
from app.jobs.queue import current_queue
from app.jobs.tables import lease_table
from app.keeping.schema import newest_revision, present_revision
from app.keeping.sealed import open_samples, usage
from app.notices import letters
from app.notices.mail import MailServer
from app.provisioning import ticks
from app.provisioning.tables import link_table, target_table

OK, WARN, WRONG = "ok", "warn", "wrong"
#: Bytes of disk below which writing will soon fail, or fails.
LITTLE_SPACE, NO_SPACE = 1 << 30, 64 << 20
#: Seconds that the clocks of this machine and of the database may differ.
SMALL_SKEW, LARGE_SKEW = 2.0, 60.0
#: Seconds after which a scheduler, or a worker for what is due, counts as missing.
UNSEEN_SECONDS, UNWORKED_SECONDS = 60.0, 300.0
MAIL_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """What a check found: ``ok``, ``warn`` or ``wrong``, and what to do about it."""

    state: str
    finding: str
    way_out: str = ""


Check = Callable[[], Finding]


def run() -> Iterator[dict[str, str]]:
    """Yield check, state, finding and way out; what needs a database with its schema is left out without one."""
    for checks in _LEVELS:
        wrong = set()
        for name, check in checks.items():
            found = _done(check)
            if found.state == WRONG:
                wrong.add(name)
            yield {"check": name, **asdict(found)}
        if wrong & _NEEDED:
            return


def _done(check: Check) -> Finding:
    try:
        return check()
    except (RollcallError, SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        return Finding(
            WRONG, cause, _WAYS_OUT.get(check, "rollcall doctor again; if it stays, the log has more")
        )


def _settings() -> Settings:
    found: Settings = current_app.extensions["rollcall.settings"]
    return found


# --- the machine ----------------------------------------------------------------------------------------------


def _check_settings() -> Finding:
    path = _settings().instance_path / "config.toml"
    places = [path.name] if path.exists() else []
    given = sum(name.startswith("ROLLCALL_") for name in os.environ)
    return Finding(OK, " and ".join([*places, f"{given} ROLLCALL_ variables"]) + ", all of them usable")


def _check_folder() -> Finding:
    path = _settings().instance_path
    if not os.access(path, os.W_OK):
        return Finding(
            WRONG, f"{path} is not writable for this user", "queue and keys live there: give it to this user"
        )
    keys = path / "keys"
    if keys.exists() and keys.stat().st_mode & 0o077:
        return Finding(WARN, f"{keys} can be read by others", f"chmod -R go= {keys}")
    return Finding(OK, str(path))


def _check_space() -> Finding:
    free = {str(place): shutil.disk_usage(place).free for place in _places()}
    place, least = min(free.items(), key=lambda pair: pair[1])
    finding = f"{least >> 20} MiB free in {place}"
    if least < LITTLE_SPACE:
        state = WRONG if least < NO_SPACE else WARN
        return Finding(state, finding, "make room: a full disk refuses every write until there is some")
    return Finding(OK, finding)


def _places() -> Iterator[Path]:
    yield _settings().instance_path
    if _settings().is_sqlite and db.engine.url.database:
        yield Path(db.engine.url.database).absolute().parent


def _check_public_url() -> Finding:
    url = _settings().public_url
    if not url:
        return Finding(
            WARN, "not set: sign-in and addresses work on loopback only", "set ROLLCALL_PUBLIC_URL"
        )
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return Finding(OK, url)
    return Finding(
        WRONG, f"{url} is not https: sign-in is refused there", "put TLS before it and set https://…"
    )


def _check_mail() -> Finding:
    url = _settings().smtp_url
    if not url:
        return Finding(OK, "not set: notices go to webhooks only, reports and welcome mails wait")
    server = MailServer.of(url)
    made = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    try:
        with made(server.host, server.port, timeout=MAIL_SECONDS) as smtp:
            smtp.noop()
    except (OSError, smtplib.SMTPException) as error:
        cause = f"{server.host}:{server.port} does not answer ({type(error).__name__})"
        return Finding(WRONG, cause, "notices wait: look at ROLLCALL_SMTP_URL, and at what lies between")
    return Finding(OK, f"{server.host}:{server.port} answers")


def _check_letters() -> Finding:
    if _settings().smtp_url:
        return Finding(OK, "sent by the mail server")
    with reading() as connection:
        waiting = sum(letters.waiting(connection, tenant.id) for tenant in tenants.listed(connection))
    if not waiting:
        return Finding(OK, "none waits")
    found = f"{waiting} letters (reports, welcome mails) wait for a mail server, for five days each"
    return Finding(WARN, found, "set ROLLCALL_SMTP_URL and ROLLCALL_MAIL_FROM")


# --- the database ---------------------------------------------------------------------------------------------


def _check_database() -> Finding:
    with reading() as connection:
        connection.execute(select(1))
        version, unsafe = _sqlite(connection) if is_sqlite(connection) else _postgresql(connection)
    place = db.engine.url.render_as_string(hide_password=True)
    if unsafe:
        return Finding(WARN, f"{version}, {', '.join(unsafe)}: a power cut can lose what was answered", _SAFE)
    return Finding(OK, f"{version} at {place}")


_SAFE = "SQLite: journal_mode WAL and ROLLCALL_SQLITE_SYNCHRONOUS=full; PostgreSQL: switch these on"


def _sqlite(connection: Connection) -> tuple[str, list[str]]:
    mode = str(connection.scalar(text("PRAGMA journal_mode")))
    synchronous = connection.scalar(text("PRAGMA synchronous"))
    unsafe = [] if mode == "wal" else [f"journal_mode {mode}"]
    if synchronous is not None and synchronous < 2:
        unsafe.append(f"synchronous {('off', 'normal')[synchronous]}")
    return f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}", unsafe


def _postgresql(connection: Connection) -> tuple[str, list[str]]:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    unsafe = [f"{name} off" for name in names if connection.scalar(text(f"SHOW {name}")) == "off"]
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise RollcallError(f"its encoding is {encoding}, which cannot hold every name; make it with UTF8")
    return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}", unsafe


def _check_schema() -> Finding:
    with reading() as connection:
        present, newest = present_revision(connection), newest_revision()
    if present != newest:
        return Finding(
            WRONG, f"at revision {present or 'none'}, the newest is {newest}", "run: rollcall db upgrade"
        )
    return Finding(OK, f"revision {present}")


def _check_clock() -> Finding:
    with reading() as connection:
        there = database_now(connection)
        newest = [_newest_deed(connection, tenant.id) for tenant in tenants.listed(connection)]
    skew = abs((clock.utcnow() - clock.parse_instant(there)).total_seconds())
    way_out = "have both follow a time server (NTP)"
    if skew > SMALL_SKEW:
        return Finding(
            WRONG if skew > LARGE_SKEW else WARN, f"{skew:.0f} s off the database's clock", way_out
        )
    if max(newest, default="") > clock.after(LARGE_SKEW):
        return Finding(WARN, f"the audit chain has a deed of {max(newest)}: the clock was set back", way_out)
    return Finding(OK, f"{skew:.1f} s off the database's clock")


def _newest_deed(connection: Connection, tenant_id: int) -> str:
    deed = AuditRow.__table__.c
    return str(connection.scalar(select(func.max(deed.at)).where(deed.tenant_id == tenant_id)) or "")


# --- what runs ------------------------------------------------------------------------------------------------


def _check_queue() -> Finding:
    queue = current_queue()
    try:
        waiting = queue.pending_count()
    except queue.errors as error:
        cause = str(error).strip().partition("\n")[0]
        return Finding(
            WRONG, f"the queue does not answer ({cause})", "nothing wakes workers: look at ROLLCALL_QUEUE_URL"
        )
    return Finding(OK, f"{waiting} wake-ups wait")


def _check_scheduler() -> Finding:
    with reading() as connection:
        row = connection.execute(select(lease_table).where(lease_table.c.name == "scheduler")).first()
        now = database_now(connection)
    way_out = "start rollcall run, or rollcall scheduler"
    if row is None or row.until is None:
        return Finding(WARN, "none is running", way_out)
    if row.until < clock.after(-UNSEEN_SECONDS, since=now):
        return Finding(WARN, f"{row.owner} was last heard of before {row.until}", way_out)
    return Finding(OK, f"{row.owner} (number {row.token})")


def _check_workers() -> Finding:
    with reading() as connection:
        late = ticks.due_targets(connection, clock.after(-UNWORKED_SECONDS))
    if late:
        since = min(at for _tenant, _target, at in late)
        return Finding(
            WARN, f"{len(late)} targets are due since {since}", "start rollcall run, or rollcall worker"
        )
    return Finding(OK, "nothing that is due waits for long")


# --- what it holds --------------------------------------------------------------------------------------------


def _check_keys() -> Finding:
    with reading() as connection:
        used, ring = usage(connection), key_ring()
        lost = [use for use in used if use.key_id is None]
        shut = open_samples(connection)
    if lost or shut:
        places = sorted({f"{use.column.table.name}.{use.column.name}" for use in lost} | set(shut))
        return Finding(
            WRONG, f"values do not open in {', '.join(places)}", "bring back the key ring they belong to"
        )
    old = sum(use.values for use in used if use.key_id != ring.current)
    if old:
        way_out = "run rollcall keys rotate to go on"
        return Finding(WARN, f"{old} values are sealed with an older key than {ring.current!r}", way_out)
    return Finding(
        OK, f"{len(ring.keys)} in the ring, {ring.current} seals {sum(use.values for use in used)} values"
    )


def _check_targets() -> Finding:
    with reading() as connection:
        found = [line for tenant in tenants.listed(connection) for line in _resting(connection, tenant)]
        number = sum(_count(connection, tenant.id) for tenant in tenants.listed(connection))
    if found:
        return Finding(WARN, "; ".join(found), "rollcall target status NAME says why")
    return Finding(OK, f"{number} targets, none paused, nobody given up")


def _count(connection: Connection, tenant_id: int) -> int:
    query = select(func.count()).select_from(target_table).where(target_table.c.tenant_id == tenant_id)
    return int(connection.scalar(query) or 0)


def _resting(connection: Connection, tenant: tenants.Tenant) -> Iterator[str]:
    target, link = target_table.c, link_table.c
    paused = select(target.name).where(target.tenant_id == tenant.id, target.state == "paused")
    for name in connection.scalars(paused.order_by(target.name)):
        yield f"{tenant.slug}/{name} is paused"
    given_up = (
        select(target.name, func.count())
        .join(link_table, (link.tenant_id == target.tenant_id) & (link.target_id == target.id))
        .where(target.tenant_id == tenant.id, link.tenant_id == tenant.id, link.reason_code == "quarantine")
        .group_by(target.name)
    )
    for name, number in connection.execute(given_up).all():
        yield f"{tenant.slug}/{name}: {number} people in quarantine"


def _check_audit() -> Finding:
    with reading() as connection:
        chains = [(tenant.slug, audit.head(connection, tenant.id)) for tenant in tenants.listed(connection)]
    late = [slug for slug, head in chains if (head.waits_since or "9") < clock.after(-UNSEEN_SECONDS)]
    if late:
        way_out = "the scheduler seals them: start it"
        return Finding(WARN, f"deeds of {', '.join(late)} wait to be sealed", way_out)
    heads = ", ".join(f"{slug} {head.number}" for slug, head in chains)
    return Finding(
        OK, f"sealed up to {heads}; rollcall verify checks every row" if heads else "no tenants yet"
    )


_LEVELS: tuple[dict[str, Check], ...] = (
    {
        "settings": _check_settings,
        "instance folder": _check_folder,
        "disk space": _check_space,
        "queue": _check_queue,
        "mail server": _check_mail,
        "public address": _check_public_url,
        "database": _check_database,
    },
    {"schema": _check_schema},
    {
        "key ring": _check_keys,
        "clock": _check_clock,
        "scheduler": _check_scheduler,
        "workers": _check_workers,
        "targets": _check_targets,
        "letters": _check_letters,
        "audit chain": _check_audit,
    },
)
#: Where one of these is wrong, the next level is not looked at.
_NEEDED = {"database", "schema"}
#: What to do where a check cannot be made at all.
_WAYS_OUT: dict[Check, str] = {
    _check_database: "see that it runs, and that ROLLCALL_DATABASE_URL leads to it",
    _check_space: "see that the folder exists and can be read",
    _check_queue: "see that ROLLCALL_QUEUE_URL leads to it",
}
