"""``python -m scripts.draft_migration "what changes"``: from the newest schema to what the tables say now."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import flask_migrate

from app import create_app
from app.config import Settings
from app.migrations.upgrading import DIRECTORY, upgrade_database


def main(message: str) -> None:
    """Write ``versions/NNNN_….py``, to be read and mended by hand before it is committed."""
    number = len(list(Path(DIRECTORY, "versions").glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            instance_path=Path(folder),
            database_url=f"sqlite:///{folder}/draft.db",
            key_ring="draft:" + "0" * 64,
        )
        with create_app(settings).app_context():
            upgrade_database()
            flask_migrate.migrate(directory=DIRECTORY, message=message, rev_id=f"{number:04}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
