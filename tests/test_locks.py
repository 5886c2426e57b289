"""The two requirement locks: complete, hashed, and free of any address or path of the machine that wrote them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(\[[a-z0-9,._-]+\])?==(?P<version>\S+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}$")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """Name to version."""
    return {found["name"]: found["version"] for found in PIN.finditer((ROOT / lock).read_text())}


def named(requirements: list[str]) -> set[str]:
    """The normalised names (PEP 503) of requirements as pyproject.toml writes them."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[><=!~; ]", text)[0]).lower() for text in requirements}


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_a_lock_says_nothing_of_where_it_was_made_or_of_where_packages_come_from(lock: str) -> None:
    pattern = re.compile(
        r"--(extra-)?index|--find-links|--trusted-host|file:|https?:|@ |(^|\s)[-/~]\S*/", re.M
    )
    assert not [line for line in (ROOT / lock).read_text().splitlines() if pattern.search(line)]


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_every_pinned_package_carries_hashes(lock: str) -> None:
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(PIN.findall((ROOT / lock).read_text()))
    for entry in entries:
        lines = [line.strip().removesuffix("\\").strip() for line in entry.splitlines()]
        assert any(HASH.search(line) for line in lines), entry.splitlines()[0]


def test_the_runtime_lock_holds_everything_that_the_project_names() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = named([*PROJECT["project"]["dependencies"], *(name for extra in extras for name in extra)])
    assert wanted - pins(RUNTIME).keys() == set()


def test_the_development_lock_holds_the_runtime_at_the_same_versions_and_the_tools() -> None:
    runtime, development = pins(RUNTIME), pins(DEVELOPMENT)
    assert {name: development.get(name) for name in runtime} == runtime
    assert named(PROJECT["dependency-groups"]["dev"]) - development.keys() == set()
