"""The import bench runs with few people, and without a word about how fast anything was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.databases import KINDS
from bench.imports import SOURCES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("database", list(KINDS))
def test_each_source_is_imported_twice_beside_the_bare_costs(database: str) -> None:
    options = ["--people", "250", "--database", database, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.imports", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["source"], row["people"]) for row in figures] == [(source, 250) for source in SOURCES]
    for row in figures:
        costs = ("fetch", "insert", "directory", "import_read", "import_apply", "again_apply")
        assert all(row[name] > 0 for name in (*costs, "rss_mib"))
