"""The peer of Node: SCIMMY behind Express, installed at run time into a folder of the run (``server.mjs``)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bench.people import person

SERVER = Path(__file__).parent / "server.mjs"
#: Express 4, because the routers write into ``req.query``, which Express 5 makes anew at every look.
PACKAGES = {"scimmy": "1.3.5", "scimmy-routers": "1.3.2", "express": "4.22.1"}
TOKEN_VARIABLE = "BENCH_TOKEN"
INSTALL_SECONDS = 120.0
_INSTALL = ("install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
_STORED_AT = "2026-01-01T00:00:00.000Z"


class Absent(Exception):
    """The peer cannot take part; the message says why."""


def install(folder: Path) -> Path:
    """Return the server's file among its packages, newly installed in ``folder``.

    :raises Absent: Node or npm is not there, or the registry did not give the packages.
    """
    program = shutil.which("npm")
    if program is None or shutil.which("node") is None:
        raise Absent("Node and npm are not installed here")
    home = folder / "scimmy"
    home.mkdir()
    (home / "package.json").write_text('{"private": true}')
    packages = [f"{name}@{number}" for name, number in PACKAGES.items()]
    try:
        done = subprocess.run(
            [program, *_INSTALL, "--loglevel=error", *packages],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Absent(f"the registry did not give the packages in {INSTALL_SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise Absent(f"npm could not install the packages: {done.stderr.strip()[-300:]}")
    return Path(shutil.copy(SERVER, home))


def command(server: Path, users: int, port: int) -> list[str]:
    """Return the command that serves this many people, who are written beside the server's file."""
    people = server.with_name(f"people-{port}.json")
    people.write_text(json.dumps([_stored(number) for number in range(users)]))
    return ["node", str(server), str(port), str(people)]


def id_of(number: int) -> str:
    """Return the id under which the person with this number is stored."""
    return f"{number:032x}"


def _stored(number: int) -> dict[str, object]:
    meta = {"created": _STORED_AT, "lastModified": _STORED_AT}
    return {**person(number), "id": id_of(number), "meta": meta}
