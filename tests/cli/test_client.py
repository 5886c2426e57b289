"""``rollcall client`` and ``rollcall token`` as a person or a script uses them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import create_app, directory
from app.access import tenants
from app.access.inbound import InboundLog
from app.access.tokens import Authenticator, Principal
from app.cli import main
from app.config import load_settings
from app.database import db, reading, writing

Rollcall = Callable[..., Result]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def _run(folder: Path, *arguments: str) -> Result:
    """Run ``rollcall`` for the tenant ``acme`` of an instance folder, in this process."""
    inherited = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    environ = {**inherited, "ROLLCALL_INSTANCE_PATH": str(folder), "ROLLCALL_SQLITE_SYNCHRONOUS": "off"}
    return CliRunner().invoke(main, [*arguments, "--tenant", "acme"], env=environ, prog_name="rollcall")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an instance folder with an upgraded database and the tenant ``acme``, to be copied."""
    folder = tmp_path_factory.mktemp("instance")
    environ = {"ROLLCALL_INSTANCE_PATH": str(folder), "ROLLCALL_SQLITE_SYNCHRONOUS": "off"}
    for command in (["db", "upgrade"], ["tenant", "create", "acme"]):
        assert CliRunner().invoke(main, command, env=environ).exit_code == 0
    return folder


@pytest.fixture
def rollcall(template: Path, tmp_path: Path) -> Rollcall:
    """Give a function that runs ``rollcall`` for the tenant ``acme``."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return partial(_run, tmp_path)


def _within(folder: Path, do: Callable[[], Any]) -> Any:
    """Return what ``do`` returns in the application of an instance folder."""
    app = create_app(load_settings({"ROLLCALL_INSTANCE_PATH": str(folder)}))
    with app.app_context():
        done = do()
        db.engine.dispose()
    return done


def _principal(folder: Path, text: str) -> Principal | None:
    found: Principal | None = _within(folder, lambda: Authenticator().principal(text))
    return found


def _read(done: Result) -> Any:
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def _refused(done: Result, *words: str) -> None:
    assert done.exit_code == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_a_client_is_created_set_and_shown(rollcall: Rollcall) -> None:
    made = _read(rollcall("client", "create", "idp", "strict=true", "--json"))
    assert made["client_id"].startswith("rcc_")
    assert rollcall("client", "set", "idp", "rate=50", "burst=100", "strict=").exit_code == 0
    shown = _read(rollcall("client", "show", "idp", "--json"))
    assert shown["settings"] == {"strict": False, "rate": 50, "burst": 100, "oauth_scopes": ["scim:write"]}
    assert shown["secrets"] == []
    assert (
        "strict=false rate=50 burst=100 oauth_scopes=scim:write" in rollcall("client", "show", "idp").stdout
    )


def test_clients_are_listed_with_their_tokens(rollcall: Rollcall) -> None:
    assert "rollcall client create" in rollcall("client", "list").stdout
    rollcall("token", "create", "--name", "hr")
    rollcall("client", "create", "idp")
    rows = [json.loads(line) for line in rollcall("client", "list", "--json").stdout.splitlines()]
    assert [(row["name"], row["tokens"], row["last_used_at"]) for row in rows] == [
        ("hr", 1, None),
        ("idp", 0, None),
    ]
    assert "idp" in rollcall("client", "list").stdout


def test_a_secret_is_all_that_client_secret_prints(rollcall: Rollcall) -> None:
    rollcall("client", "create", "idp")
    done = rollcall("client", "secret", "idp")
    assert done.stdout.startswith("rcs_")
    assert done.stdout.count("\n") == 1
    assert "client_id rcc_" in done.stderr
    both = _read(rollcall("client", "secret", "idp", "--overlap", "0", "--json"))
    assert set(both) == {"client_id", "client_secret", "expires_at"}
    shown = rollcall("client", "show", "idp").stdout
    assert "secret 1: made" in shown and "secret 2: made" in shown
    assert done.stdout.strip() not in shown


def test_the_log_shows_what_was_dropped_and_refused(rollcall: Rollcall, tmp_path: Path) -> None:
    token = rollcall("token", "create", "--name", "idp").stdout.strip()
    assert "Nothing of idp's requests" in rollcall("client", "log", "idp").stdout

    def note() -> None:
        from flask import current_app

        log = InboundLog(current_app._get_current_object())  # type: ignore[attr-defined]
        principal = Authenticator().principal(token)
        assert principal is not None
        log.note(principal, method="POST", path="/Users", status=201, dropped=["shoeSize"])
        log.flush()

    _within(tmp_path, note)
    assert _read(rollcall("client", "log", "idp", "--json"))["dropped"] == ["shoeSize"]
    assert "shoeSize" in rollcall("client", "log", "idp", "--limit", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("client", "show", "nobody"), ("nobody", "none yet")),
        (("client", "secret", "nobody"), ("nobody",)),
        (("client", "set", "nobody"), ("KEY=VALUE",)),
        (("client", "set", "nobody", "rate"), ("not KEY=VALUE",)),
        (("client", "create", "x", "colour=blue"), ("colour", "strict")),
        (("client", "create", " "), ("name",)),
        (("token", "rotate", "9"), ("Token 9",)),
        (("token", "create", "--name", "x", "--expires", "0"), ("--expires",)),
        (("token", "create", "--name", "x", "--employee", "0198"), ("0198", "acme")),
    ],
)
def test_wrong_use_is_one_clear_line(
    rollcall: Rollcall, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    _refused(rollcall(*arguments), *words)


def test_a_token_is_created_with_scopes_and_a_life(rollcall: Rollcall, tmp_path: Path) -> None:
    arguments = ("--name", "hr", "--scope", "scim:read", "--scope", "scim:sensitive", "--expires", "30")
    text = rollcall("token", "create", *arguments).stdout.strip()
    principal = _principal(tmp_path, text)
    assert principal is not None
    assert (principal.client_name, principal.scopes) == ("hr", {"scim:read", "scim:sensitive"})
    (row,) = rollcall("token", "list", "--json").stdout.splitlines()
    listed = json.loads(row)
    assert listed["expires_at"] > listed["created_at"]
    assert listed["last_used_at"] is not None
    assert "hash" not in listed


def test_a_token_is_bound_to_an_employee(rollcall: Rollcall, tmp_path: Path) -> None:
    def hire() -> str:
        with reading() as connection:
            tenant = tenants.named(connection, "acme")
        with writing() as connection:
            document = {"schemas": [USER], "userName": "ada"}
            return directory.create(connection, tenant.id, directory.Actor("admin", "1"), document).id

    employee_id = _within(tmp_path, hire)
    text = rollcall("token", "create", "--name", "me", "--employee", employee_id).stdout.strip()
    principal = _principal(tmp_path, text)
    assert principal is not None
    assert principal.employee_id == employee_id
    assert employee_id in rollcall("token", "list").stdout


def test_a_token_is_rotated_with_an_overlap_and_revoked(rollcall: Rollcall, tmp_path: Path) -> None:
    old = rollcall("token", "create", "--name", "idp").stdout.strip()
    fresh = rollcall("token", "rotate", "1", "--overlap", "1").stdout.strip()
    assert _principal(tmp_path, old)
    assert _principal(tmp_path, fresh)
    assert _read(rollcall("token", "revoke", "1", "--json")) == {"revoked": 1}
    assert _principal(tmp_path, old) is None
    assert rollcall("token", "rotate", "2", "--overlap", "0").exit_code == 0
    assert _principal(tmp_path, fresh) is None
    _refused(rollcall("token", "revoke", "1"), "revoked already")


def test_access_tokens_are_listed_with_all(rollcall: Rollcall, tmp_path: Path) -> None:
    both = _read(rollcall("client", "create", "idp", "--json")) | _read(
        rollcall("client", "secret", "idp", "--json")
    )

    def buy() -> int:
        from flask import current_app

        form = {name: both[name] for name in ("client_id", "client_secret")}
        with current_app.test_client() as client:
            return client.post("/oauth/token", data=form | {"grant_type": "client_credentials"}).status_code

    assert _within(tmp_path, buy) == 200
    assert "No tokens yet" in rollcall("token", "list").stdout
    assert _read(rollcall("token", "list", "--all", "--json"))["secret_id"] == 1
