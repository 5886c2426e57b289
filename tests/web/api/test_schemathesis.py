"""schemathesis reads the API's description and tries what it allows and what it forbids, with every check it has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.database import writing
from app.provisioning import resync
from tests.web.api.conftest import Caller

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECONDS = 45
COMMAND = Path(sys.executable).with_name("schemathesis")


@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(
    app: Flask,
    call: Caller,
    serve: Callable[[Any], str],
    published: Callable[..., Any],
    imported: Callable[..., Any],
    target: Callable[..., Any],
    tmp_path: Path,
) -> None:
    published()
    imported("1,Ada,Byron,ada@acme.example", "2,,,nonsense", "3,=cmd(),X,x@acme.example")
    pushed_to = target()
    with writing() as connection:
        resync.request_full(connection, pushed_to, "first sync")
    arguments = [
        *("run", f"{serve(app)}/api/v1/openapi.json", "--header", f"Authorization: Bearer {call.token}"),
        *("--checks", "all", "--max-time", str(SECONDS), "--continue-on-failure", "--no-color"),
        *("--generation-database", "none", "--seed", "1"),
    ]
    ended = subprocess.run(
        [str(COMMAND), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert "Failures:" not in ended.stdout
