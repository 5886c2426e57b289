"""`rollcall notice` as a script uses it: words, exit codes, secrets that are shown once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.notices.mailbox import mailbox
from tests.notices.receiver import Receiver

Rollcall = Callable[..., Result]


def _run(folder: Path, *arguments: str, **environ: str) -> Result:
    inherited: dict[str, str | None] = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    given = {
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_SQLITE_SYNCHRONOUS": "off",
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
    }
    return CliRunner().invoke(main, arguments, env=inherited | given | environ, prog_name="rollcall")


@pytest.fixture
def rollcall(tmp_path: Path) -> Rollcall:
    """`rollcall` in a fresh instance with the tenant acme."""
    run = partial(_run, tmp_path)
    assert run("db", "upgrade").exit_code == 0
    assert run("tenant", "create", "acme").exit_code == 0
    return run


def _channel(rollcall: Rollcall, *words: str, **environ: str) -> Result:
    return rollcall("notice", "channel", *words, "--tenant", "acme", **environ)


def test_a_webhook_is_added_tried_rotated_and_removed(
    rollcall: Rollcall, serve: Callable[[Any], str]
) -> None:
    receiver = Receiver()
    address = serve(receiver) + "/in"
    added = _channel(rollcall, "add", "webhook", "ops", address, "--kinds", "target,breaker.tripped")
    assert added.exit_code == 0, added.output
    assert added.stdout.startswith("whsec_")
    receiver.secrets.append(added.stdout.strip())

    tried = _channel(rollcall, "test", "ops")
    assert (tried.exit_code, tried.stdout) == (0, "A test notice went out through ops.\n")
    assert json.loads(receiver.calls[0][1])["type"] == "notice.test"

    rows = [json.loads(line) for line in _channel(rollcall, "list", "--json").stdout.splitlines()]
    assert (rows[0]["kinds"], rows[0]["address"]) == (["breaker.tripped", "target"], address)
    assert "whsec_" not in json.dumps(rows)

    rotated = _channel(rollcall, "rotate", "ops", "--overlap", "0")
    assert rotated.stdout.startswith("whsec_")
    refused = _channel(rollcall, "test", "ops")
    assert (refused.exit_code, refused.stderr) == (1, "rollcall: The receiver answered with status 401.\n")
    receiver.secrets.append(rotated.stdout.strip())
    assert _channel(rollcall, "test", "ops").exit_code == 0

    assert _channel(rollcall, "remove", "ops").exit_code == 0
    assert "No channels yet" in _channel(rollcall, "list").stdout


def test_an_e_mail_channel_needs_a_mail_server(rollcall: Rollcall) -> None:
    refused = _channel(rollcall, "add", "email", "ops", "ops@acme.example")
    assert refused.exit_code == 2
    assert "ROLLCALL_SMTP_URL and ROLLCALL_MAIL_FROM" in refused.stderr


def test_an_e_mail_channel_is_tried(rollcall: Rollcall) -> None:
    with mailbox() as box:
        mail = {
            "ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
            "ROLLCALL_MAIL_FROM": "rollcall@acme.example",
        }
        assert _channel(rollcall, "add", "email", "ops", "ops@acme.example", **mail).exit_code == 0
        assert _channel(rollcall, "test", "ops", **mail).exit_code == 0
    assert box.messages[0]["Subject"] == "[acme] a test of this channel"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "webhook", "ops", "ftp://x.example"), "Only http and https"),
        (
            ("add", "webhook", "ops", "https://x.example", "--kinds", "weather"),
            "'weather' is no kind of notice",
        ),
        (("remove", "ops"), "There is no channel 'ops' (known: none; use rollcall notice channel add)"),
        (("rotate", "ops"), "There is no channel 'ops'"),
        (("test", "ops"), "There is no channel 'ops'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    rollcall: Rollcall, words: tuple[str, ...], said: str
) -> None:
    refused = _channel(rollcall, *words)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_notices_are_listed_with_what_became_of_them(rollcall: Rollcall) -> None:
    assert "Nothing was worth a notice yet." in rollcall("notice", "list", "--tenant", "acme").stdout
    _channel(rollcall, "add", "webhook", "ops", "http://127.0.0.1:9/in")
    place = ("--url", "http://127.0.0.1:9/scim/v2", "--secret", "token=x")
    rollcall("target", "add", "scim", "--tenant", "acme", "--name", "far", *place)
    rollcall("target", "pause", "far", "--tenant", "acme", "--reason", "maintenance")
    listed = rollcall("notice", "list", "--tenant", "acme")
    assert "far is paused" in listed.stdout
    assert "ops: pending" in listed.stdout
    row = json.loads(rollcall("notice", "list", "--tenant", "acme", "--json").stdout)
    assert (row["kind"], row["about"], row["deliveries"][0]["tries"]) == ("target.paused", "target:far", 0)


def test_the_kinds_are_listed(rollcall: Rollcall) -> None:
    rows = [json.loads(line) for line in rollcall("notice", "kinds", "--json").stdout.splitlines()]
    assert {"breaker.tripped", "target.paused"} <= {row["kind"] for row in rows}
