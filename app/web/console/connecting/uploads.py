"""Files that admins send: stored under names of our own in the instance folder, readable for Rollcall only."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from werkzeug.datastructures import FileStorage

from app.database import reading
from app.sources import catalog
from app.web.console import sessions
from app.web.console.connecting.steps import FILE_OPTION

#: Bytes of a file; the form around it may have as much again as any form.
LARGEST_FILE = 50 * 1024 * 1024
_FOLDER = "uploads"
_PIECE = 1 << 20
#: Seconds after which a file that no source reads is nobody's.
_SETTLED = 600.0


def folder(tenant_id: int) -> Path:
    """Return where the files of a tenant lie."""
    return sessions.settings().instance_path.resolve() / _FOLDER / str(tenant_id)


def keep(tenant_id: int, sent: FileStorage) -> Path:
    """Store what a browser has sent, and return where; nothing of the browser's name for it is used.

    What lies there of sources that are no more goes: no page that is merely opened deletes anything.
    """
    _sweep(tenant_id)
    place = folder(tenant_id)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / f"{secrets.token_hex(16)}.csv"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        sent.save(file, buffer_size=_PIECE)
    return path


def forget(tenant_id: int, path: str) -> None:
    """Delete a file that was sent; a file that lies anywhere else is not ours to delete."""
    if Path(path).parent == folder(tenant_id):
        Path(path).unlink(missing_ok=True)


def _sweep(tenant_id: int) -> None:
    """Delete the files that no source reads, but one that has just come: its source is about to be made."""
    place = folder(tenant_id)
    if not place.is_dir():
        return
    with reading() as connection:
        wanted = {known.settings.get(FILE_OPTION) for known in catalog.listed(connection, tenant_id)}
    for path in place.iterdir():
        if str(path) not in wanted:
            with suppress(FileNotFoundError):  # two who send at once both sweep
                _delete_settled(path)


def _delete_settled(path: Path) -> None:
    if path.stat().st_mtime < time.time() - _SETTLED:
        path.unlink()
