"""What a built wheel holds: everything that the product reads from its own folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("app", "scim")
#: One of each kind, so that a tree that lost them would be noticed as well.
NEEDED = {
    "app/migrations/alembic.ini",
    "app/migrations/script.py.mako",
    "app/migrations/versions/0001_first_schema.py",
    "app/sources/synonyms.toml",
    "app/vendors/jazzhr/mapping.toml",
    "app/vendors/scim/profiles/generic.toml",
    "app/vendors/scim/profiles/jumpcloud.toml",
    "app/web/console/static/console.css",
    "app/web/console/templates/console/home/home.html",
}


def test_a_wheel_holds_every_file_of_the_product(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a build leaves folders behind, and takes what an older one left
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    wanted = {
        str(path.relative_to(source))
        for room in ROOMS
        for path in (source / room).rglob("*")
        if path.is_file()
    }
    # What pip calls for a wheel (PEP 517); pip itself is not in every environment.
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    built = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("rollcall-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert wanted - held == set()
    assert held >= NEEDED
    assert {name.partition("/")[0] for name in held if ".dist-info/" not in name} == set(ROOMS)
