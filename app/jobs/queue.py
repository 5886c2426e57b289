"""The queue that wakes workers (Huey). It holds no truth: a lost task is asked for again by the schedule.

Huey removes a task when it hands it out, so a SIGKILL loses what was running. Tasks therefore only say "drain what is
due"; the rows and their leases say what that is.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, current_app
from huey import SqliteHuey
from huey.api import Huey

from app.config import Settings

_KEY = "rollcall.queue"


def queue_of(settings: Settings) -> Huey:
    """Return the queue of an installation: an SQLite file of its own in the instance folder."""
    path = Path(settings.instance_path) / "queue.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("rollcall", filename=str(path), results=False)


def current_queue() -> Huey:
    """Return the running application's queue, opened at its first use."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if _KEY not in app.extensions:
        app.extensions[_KEY] = queue_of(app.extensions["rollcall.settings"])
    queue: Huey = app.extensions[_KEY]
    return queue
