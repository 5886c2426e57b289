"""The peer of Node takes part where it can be installed, and is left out in words where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bench import scimmy
from bench.__main__ import contestants_of
from bench.contestants import CONTESTANTS, NODE_PEER


def test_without_node_the_peer_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(scimmy.Absent, match="not installed"):
        scimmy.install(tmp_path)


def _npm_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put an npm that runs this shell script, and something that is called node, first on the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("npm", script), ("node", "exit 0")):
        program = programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def test_a_registry_that_cannot_be_reached_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _npm_that(tmp_path, monkeypatch, "echo 'npm error network is unreachable' >&2; exit 1")
    with pytest.raises(scimmy.Absent, match="network is unreachable"):
        scimmy.install(tmp_path)


def test_an_install_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _npm_that(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(scimmy, "INSTALL_SECONDS", 0.2)
    with pytest.raises(scimmy.Absent, match="did not give the packages"):
        scimmy.install(tmp_path)


def test_the_run_goes_on_without_the_peer_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report: dict[str, Any] = {}
    assert contestants_of(tmp_path, report) == list(CONTESTANTS)
    assert report["servers"][NODE_PEER] == "left out: Node and npm are not installed here"
    assert "scimmy is left out" in capsys.readouterr().err


def test_exact_versions_are_installed_and_no_lock_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _npm_that(tmp_path, monkeypatch, 'echo "$@" > asked')
    server = scimmy.install(tmp_path)
    asked = (server.parent / "asked").read_text()
    assert all(f"{name}@{number}" in asked for name, number in scimmy.PACKAGES.items())
    assert "--no-package-lock" in asked
    assert server.read_text() == scimmy.SERVER.read_text()
