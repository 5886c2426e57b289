"""The first run of an installation: its first tenant and owner, made by whoever can read the set-up code."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import unicodedata
from pathlib import Path

from sqlalchemy import Connection, select, text

from app.access import admins, audit, roles, tenants
from app.access.admins import Match
from app.access.tables import Admin as AdminTable
from app.access.tenants import Tenant
from app.database import is_sqlite
from app.errors import NotFoundError

_admin = AdminTable.__table__
#: Without letters and digits that look alike; a hundred bits in four groups.
_ALPHABET, _GROUPS, _LENGTH = "abcdefghijkmnpqrstuvwxyz23456789", 4, 5


def is_wanted(connection: Connection) -> bool:
    """Return whether nobody is an admin yet, of any tenant."""
    return not any(_has_admin(connection, tenant.id) for tenant in tenants.listed(connection))


def code_of(instance_path: Path) -> str:
    """Return the set-up code of this instance folder; the first caller makes it (0600, never overwritten)."""
    path = _path(instance_path)
    if not path.exists():
        groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(_GROUPS))
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write("-".join(groups) + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def is_right(instance_path: Path, typed: str) -> bool:
    """Return whether this is the set-up code; False while there is none. Case, blanks and hyphens do not matter."""
    try:
        code = _path(instance_path).read_text()
    except FileNotFoundError:
        return False
    return bool(_bare(code)) and hmac.compare_digest(_bare(code), _bare(typed))


def forget_code(instance_path: Path) -> None:
    """Remove the code: it has been used, or is not needed any more."""
    _path(instance_path).unlink(missing_ok=True)


def slug_of(name: str) -> str:
    """Return an organisation's short name; empty when none can be made of what was typed.

    >>> slug_of("Zoë & Sons, Inc."), slug_of("株式会社")
    ('zoe-sons-inc', '')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-")


def set_up(connection: Connection, slug: str, email: str, password_hash: str) -> tuple[Tenant, Match] | None:
    """Make the first tenant (one with this name that is there already is taken) and its owner.

    None when somebody has become an admin meanwhile: of two who set up at once, one does.
    """
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(0, 8)"))
    if not is_wanted(connection):
        return None
    try:
        tenant = tenants.named(connection, slug)
    except NotFoundError:
        tenant = tenants.create(connection, slug)
    owner = admins.add(connection, tenant, email, roles.OWNER, password_hash, must_change_password=False)
    actor, subject = f"admin:{email}", f"admin:{owner}"
    audit.record(connection, tenant.id, actor, "installation.set_up", subject, {"email": email})
    return tenant, Match(owner, password_hash)


def _has_admin(connection: Connection, tenant_id: int) -> bool:
    return connection.scalar(select(_admin.c.id).where(_admin.c.tenant_id == tenant_id).limit(1)) is not None


def _path(instance_path: Path) -> Path:
    return instance_path / "keys" / "setup_code"


def _bare(code: str) -> bytes:
    return re.sub(r"[^a-z0-9]", "", code.lower()).encode()
