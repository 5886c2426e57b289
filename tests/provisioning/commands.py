"""Commands of `rollcall`, run inside the application of a test, on the test's database."""

from __future__ import annotations

import json
from typing import Any

import click
from click.testing import CliRunner, Result
from flask import current_app
from flask.cli import ScriptInfo


def run(command: click.Command, *arguments: str) -> Result:
    """The result of a command that was called with these words."""
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    info = ScriptInfo(create_app=lambda: application)
    return CliRunner().invoke(command, arguments, obj=info)


def answer(command: click.Command, *arguments: str, exit_code: int = 0) -> list[dict[str, Any]]:
    """The lines of a command's `--json`."""
    done = run(command, *arguments, "--json")
    assert done.exit_code == exit_code, (done.output, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]
