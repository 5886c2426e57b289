"""A third party's adapter, as docs/adapters.md shows it: built, installed somewhere else, and proven by the kit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from app.kit.battery import contract
from tests.kit import example

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the distribution, which is installed into ``site`` beside it."""
    folder = tmp_path_factory.mktemp("third-party") / "project"
    folder.mkdir()
    example.write(folder)
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder.parent / "site"), "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for left in ("payroll.py", "payroll_calls.py"):
        (folder / left).unlink()  # what is tested is what was installed
    return folder


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the folder as the page says."""
    places = [str(project.parent / "site"), str(ROOT)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ROLLCALL_", "PYTEST_"))
    }
    environment["PYTHONPATH"] = os.pathsep.join(places)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_plugin(), *options]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=240)


def _plugin() -> list[str]:
    # An environment that was installed before the kit came has no entry point yet; `make install` brings it.
    known = [point.name for point in entry_points(group="pytest11")]
    return [] if "rollcall_adapter" in known else ["-p", "app.kit.plugin"]


def test_the_adapter_passes_the_battery(project: Path) -> None:
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed, (\d+) deselected", done.stdout)
    assert found is not None, done.stdout
    # Four tests are about webhooks, which the first of the two adapters does not take.
    assert int(found[2]) == 4
    assert int(found[1]) == 2 * 34 - 4


def test_the_adapter_passes_on_postgresql(project: Path, postgres_cluster) -> None:
    url = postgres_cluster.create_database("third_party")
    done = run(project, "--rollcall-database", url, "-k", "TestPayrollCalls and (once or stored or repeated)")
    assert done.returncode == 0, done.stdout + done.stderr
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as connection:
        left = connection.scalars(
            text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rollcall%'")
        ).all()
    engine.dispose()
    assert left == []


def test_adapter_and_tests_take_no_more_than_150_lines() -> None:
    files = example.files()
    assert sum(len(files[name].splitlines()) for name in example.FIRST) <= 150


def test_every_section_that_a_failure_names_is_in_the_page() -> None:
    page = example.PAGE.read_text(encoding="utf-8")
    named = [value for name, value in vars(contract).items() if name.isupper() and name != "PAGE"]
    assert len(named) >= 6
    for section in named:
        assert f"### {section}\n" in page
