"""A long hunt: ``python -m tests.referees.differential --sequences 20000 --seed 5 --database postgresql``."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine

from app import create_app
from app.database import Model
from tests.conftest import make_settings
from tests.harness.postgres import PostgresCluster
from tests.referees.differential.hunt import hunted
from tests.referees.differential.servers import Rollcall, Scim2Server


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'hunt.db'}"
        return
    with PostgresCluster() as cluster:
        yield cluster.create_database("hunt")


def main() -> int:
    """Print what was found; the exit code is 1 when a difference waits for a judgement."""
    parser = argparse.ArgumentParser(prog="python -m tests.referees.differential")
    parser.add_argument("--sequences", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name, _database(wanted.database, Path(name)) as url:
        app = create_app(make_settings(url, Path(name)))
        engine = create_engine(url)
        Model.metadata.create_all(engine)
        engine.dispose()
        with app.app_context():
            hunt = hunted(Rollcall(app), Scim2Server(), wanted.seed, wanted.sequences)
    print(*hunt.found, sep="\n\n")
    print(f"{hunt}\n{time.monotonic() - begun:.0f} s")
    return 1 if hunt.found else 0


if __name__ == "__main__":
    raise SystemExit(main())
