"""`rollcall target`, `plan` and `link` as a script uses them: words, exit codes, last lines, real targets."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import create_app, directory
from app.access import tenants
from app.cli import main
from app.config import load_settings
from app.database import reading, writing
from tests.provisioning.far import TOKEN, Scim
from tests.provisioning.world import HUMAN, person

Rollcall = Callable[..., Result]
COUNTERS = [
    "created",
    "adopted",
    "updated",
    "suspended",
    "activated",
    "unchanged",
    "held",
    "waiting",
    "failed",
]


def _environment(folder: Path) -> dict[str, str | None]:
    inherited: dict[str, str | None] = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    return inherited | {
        "ROLLCALL_INSTANCE_PATH": str(folder),
        "ROLLCALL_SQLITE_SYNCHRONOUS": "off",
        "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
    }


def _run(folder: Path, *arguments: str, input: str | None = None, **environ: str) -> Result:
    return CliRunner().invoke(
        main, arguments, env=_environment(folder) | environ, input=input, prog_name="rollcall"
    )


@pytest.fixture
def rollcall(tmp_path: Path) -> Rollcall:
    """`rollcall` in a fresh instance with the tenant acme."""
    run = partial(_run, tmp_path)
    assert run("db", "upgrade").exit_code == 0
    assert run("tenant", "create", "acme").exit_code == 0
    return run


@pytest.fixture
def far() -> Iterator[Scim]:
    """A real SCIM target."""
    target = Scim()
    yield target
    target.stop()


@pytest.fixture
def hire(tmp_path: Path, rollcall: Rollcall) -> Callable[..., str]:
    """A function that creates an employee in that instance."""

    def create(given: str, family: str, email: str | None = "", **more: Any) -> str:
        environ = {name: value for name, value in _environment(tmp_path).items() if value is not None}
        with create_app(load_settings(environ)).app_context():
            with reading() as connection:
                tenant = tenants.named(connection, "acme")
            with writing() as connection:
                document = person(given, family, email, **more)
                return directory.create(connection, tenant.id, HUMAN, document).id

    return create


@pytest.fixture
def added(rollcall: Rollcall, far: Scim) -> Rollcall:
    """The same with the target `okta`."""
    done = _add(rollcall, far)
    assert done.exit_code == 0, done.stderr
    return rollcall


def _add(rollcall: Rollcall, far: Scim, *more: str) -> Result:
    arguments = ["--tenant", "acme", "--name", "okta", "--url", far.url, "--secret", f"token={TOKEN}"]
    return rollcall("target", "add", "scim", *arguments, "--set", "rate=0", *more)


def _last(result: Result) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def _sync(rollcall: Rollcall, *more: str) -> Result:
    return rollcall(
        "target", "sync", "okta", "--tenant", "acme", "--wait", "--timeout", "60", "--json", *more
    )


def test_sync_waits_does_the_work_and_counts_it(added: Rollcall, far: Scim, hire: Callable[..., str]) -> None:
    hire("Maya", "Okafor")
    hire("Noor", "Haddad", None)

    done = _sync(added)

    answer = _last(done)
    assert done.exit_code == 0, done.stderr
    assert list(answer)[:10] == [*COUNTERS, "plan"]
    assert (answer["created"], answer["waiting"], answer["state"]) == (1, 1, "applied")
    assert far.accounts()["maya.okafor@example.com"]["userName"] == "maya.okafor"


def test_a_second_full_sync_finds_everybody_unchanged(
    added: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    hire("Maya", "Okafor")
    _sync(added, "--full")
    far.forget_calls()

    answer = _last(_sync(added, "--full"))

    assert (answer["unchanged"], answer["updated"]) == (1, 0)
    assert {method for method, _ in far.calls()} == {"GET"}


def test_one_person_is_compared_by_email(added: Rollcall, far: Scim, hire: Callable[..., str]) -> None:
    hire("Maya", "Okafor", title="Engineer")
    hire("Noor", "Haddad")
    _sync(added)
    far.change(far.accounts()["maya.okafor@example.com"]["id"], title="King")

    answer = _last(_sync(added, "--email", "Maya.Okafor@example.com"))

    assert (answer["updated"], answer["unchanged"]) == (1, 0)
    assert far.accounts()["maya.okafor@example.com"]["title"] == "Engineer"


def test_a_dry_run_of_a_target_added_paused_is_approved_and_applied(
    rollcall: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    assert _add(rollcall, far, "--paused").exit_code == 0
    hire("Maya", "Okafor")

    shown = rollcall("target", "sync", "okta", "--tenant", "acme", "--dry-run", "--json")
    plan = str(_last(shown)["plan"])
    assert _last(shown)["created"] == 1
    assert far.accounts() == {}
    assert "paused" in _sync(rollcall).stderr

    assert rollcall("plan", "approve", plan, "--tenant", "acme").exit_code == 0
    assert rollcall("target", "resume", "okta", "--tenant", "acme").exit_code == 0
    _sync(rollcall)

    assert list(far.accounts()) == ["maya.okafor@example.com"]
    report = _last(rollcall("plan", "show", plan, "--tenant", "acme", "--json"))
    assert report["state"] == "applied"
    assert [line["state"] for line in report["operations"]] == ["applied"]


def test_status_and_link_show_say_how_things_stand(added: Rollcall, hire: Callable[..., str]) -> None:
    hire("Maya", "Okafor", title="Engineer")
    hire("Ruth", "Oot", "root@example.com")
    _sync(added)

    status = _last(added("target", "status", "okta", "--tenant", "acme", "--json"))
    assert status["links"] == {"held": 1, "linked": 1}
    assert (status["due"], status["state"]) == (0, "active")
    assert status["last_attempt"]["status"] in (200, 201)

    arguments = ("--target", "okta", "--tenant", "acme", "--json")
    maya = _last(added("link", "show", "--email", "maya.okafor@example.com", *arguments))
    assert (maya["state"], maya["fields"]["title"]["says"]) == ("linked", "sent")
    assert maya["attempts"][0]["method"] == "POST"
    ruth = _last(added("link", "show", "--email", "root@example.com", *arguments))
    assert "reserved" in ruth["why_not_sent"]


def test_who_is_held_gets_nothing_before_they_are_let_go(
    added: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    hire("Maya", "Okafor")
    named = ("--target", "okta", "--email", "maya.okafor@example.com", "--tenant", "acme", "--json")
    assert _last(added("link", "hold", *named, "--note", "asked by legal"))["held"] is True
    assert "held at okta already" in added("link", "hold", *named).stderr
    _sync(added)
    assert far.accounts() == {}
    assert "holds this person" in _last(added("link", "show", *named))["why_not_sent"]

    assert _last(added("link", "let-go", *named, "--by", "eve@example.com"))["held"] is False
    assert added("link", "let-go", *named).exit_code == 2
    _sync(added)
    assert list(far.accounts()) == ["maya.okafor@example.com"]


def test_a_deselected_field_is_not_sent(added: Rollcall, far: Scim, hire: Callable[..., str]) -> None:
    assert added("target", "fields", "okta", "--tenant", "acme", "--deselect", "title").exit_code == 0
    hire("Maya", "Okafor", title="Engineer")

    _sync(added)

    assert "title" not in far.accounts()["maya.okafor@example.com"]


def _fields(rollcall: Rollcall, *more: str) -> dict[str, dict[str, Any]]:
    done = rollcall("target", "fields", "okta", "--tenant", "acme", "--json", *more)
    assert done.exit_code == 0, done.stderr
    return {row["field"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_the_switches_of_a_field_are_set_and_shown(added: Rollcall) -> None:
    shown = _fields(
        added, "--deselect", "homePhone", "--select", "manager", "--trigger", "workCity",
        "--no-trigger", "title", "--create-only", "department",
    )  # fmt: skip

    switches = ("sent", "triggers", "create_only")
    assert {
        name: tuple(shown[name][s] for s in switches) for name in ("homePhone", "manager", "workCity")
    } == {
        "homePhone": (False, True, False),
        "manager": (True, True, False),
        "workCity": (True, True, False),
    }
    assert tuple(shown["title"][s] for s in switches) == (True, False, False)
    assert tuple(shown["department"][s] for s in switches) == (True, True, True)
    again = _fields(added, "--no-create-only", "department", "--trigger", "title")
    assert (again["department"]["create_only"], again["title"]["triggers"]) == (False, True)


def test_a_mapping_is_previewed_saved_and_taken_away(
    added: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    hire("Maya", "Okafor", title="Engineer")
    _sync(added)
    far.forget_calls()
    arguments = ("target", "fields", "okta", "--tenant", "acme", "--map", "title=title|upper")

    preview = _last(added(*arguments, "--preview", "--json"))
    assert (preview["kinds"], preview["fields"]) == ({"update": 1}, {"title": 1})
    assert preview["examples"][0]["changes"] == {"title": ["Engineer", "ENGINEER"]}
    plain = added(*arguments, "--preview").stdout
    assert "title: 'Engineer' → 'ENGINEER'" in plain
    assert "Nothing was saved" in plain
    assert (_fields(added)["title"]["mapping"], far.calls()) == (None, [])

    assert _fields(added, "--map", "title=title|upper")["title"]["mapping"] == "title|upper"
    _sync(added)
    assert far.accounts()["maya.okafor@example.com"]["title"] == "ENGINEER"
    assert _fields(added, "--unmap", "title")["title"]["mapping"] is None


def test_a_policy_is_previewed_too_and_every_setting_has_its_meaning(
    added: Rollcall, hire: Callable[..., str]
) -> None:
    hire("Maya", "Okafor")
    _sync(added)
    arguments = ("target", "set", "okta", "--tenant", "acme", "--set", "display_name=last-first")

    assert _last(added(*arguments, "--preview", "--json"))["fields"] == {"displayName": 1}
    assert added(*arguments).exit_code == 0

    rows = added("target", "settings", "okta", "--tenant", "acme", "--json").stdout.splitlines()
    settings = {row["setting"]: row for row in map(json.loads, rows)}
    assert settings["display_name"]["value"] == "last-first"
    assert all(row["meaning"] for row in settings.values())


def test_orphans_are_listed_and_cleared(tmp_path: Path, added: Rollcall, hire: Callable[..., str]) -> None:
    maya = hire("Maya", "Okafor")
    _sync(added)
    assert added("target", "orphans", "okta", "--tenant", "acme").stdout == "There are no orphans.\n"
    environ = {name: value for name, value in _environment(tmp_path).items() if value is not None}
    with create_app(load_settings(environ)).app_context(), writing() as connection:
        directory.delete(connection, tenants.named(connection, "acme").id, maya, HUMAN)

    listed = _last(added("target", "orphans", "okta", "--tenant", "acme", "--json"))
    assert (listed["employee"], listed["active_there"]) == (maya, True)
    cleared = added("target", "orphans", "okta", "--tenant", "acme", "--clear", "maya.okafor@example.com")
    assert "Forgotten: Maya Okafor" in cleared.stdout
    assert "There are no orphans." in cleared.stdout


def test_a_target_that_refuses_the_token_is_paused_and_the_command_fails(
    rollcall: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    _add(rollcall, far, "--secret", "token=mistaken")
    hire("Maya", "Okafor")

    done = _sync(rollcall)

    assert done.exit_code == 1
    assert "refused our credentials" in done.stderr
    assert "mistaken" not in done.stdout + done.stderr
    fixed = rollcall("target", "set", "okta", "--tenant", "acme", "--secret", "token=-", input=f"{TOKEN}\n")
    assert fixed.exit_code == 0
    assert rollcall("target", "resume", "okta", "--tenant", "acme").exit_code == 0
    assert _last(_sync(rollcall))["created"] == 1


def test_targets_are_listed_probed_paused_and_removed(added: Rollcall) -> None:
    assert _last(added("target", "list", "--tenant", "acme", "--json"))["name"] == "okta"
    assert _last(added("target", "probe", "okta", "--tenant", "acme", "--json"))["reachable"] is True
    assert added("target", "pause", "okta", "--tenant", "acme").exit_code == 0
    assert added("target", "remove", "okta", "--tenant", "acme", "--yes").exit_code == 0
    assert added("target", "list", "--tenant", "acme", "--json").stdout == ""


def test_another_system_gets_no_token_of_the_one_before(added: Rollcall) -> None:
    elsewhere = ("target", "set", "okta", "--tenant", "acme", "--url", "https://elsewhere.example/scim")
    refused = added(*elsewhere)
    assert refused.exit_code == 2
    assert "stored token of okta does not go there" in refused.stderr
    assert added(*elsewhere, "--secret", "token=-", input="its-own\n").exit_code == 0
    status = added("target", "status", "okta", "--tenant", "acme", "--json")
    assert _last(status)["url"] == "https://elsewhere.example/scim"


WRONG = [
    (("add", "okta", "--tenant", "acme", "--name", "x", "--url", "https://x.example"), "scim"),
    (("add", "scim", "--tenant", "nobody", "--name", "x", "--url", "https://x.example"), "nobody"),
    (("add", "scim", "--tenant", "acme", "--name", "x", "--url", "ftp://x.example"), "http"),
    (("add", "scim", "--tenant", "acme", "--name", "okta", "--url", "https://x.example"), "exists"),
    (
        (
            "add",
            "scim",
            "--tenant",
            "acme",
            "--name",
            "x",
            "--url",
            "https://x.example",
            "--set",
            "colour=red",
        ),
        "colour",
    ),
    (
        ("add", "scim", "--tenant", "acme", "--name", "x", "--url", "https://x.example", "--set", "rate=x"),
        "rate",
    ),
    (
        ("add", "scim", "--tenant", "acme", "--name", "x", "--url", "https://x.example", "--secret", "k=x"),
        "token",
    ),
    (("status", "nowhere", "--tenant", "acme"), "okta"),
    (("fields", "okta", "--tenant", "acme", "--select", "shoe"), "shoe"),
    (("fields", "okta", "--tenant", "acme", "--deselect", "workEmail"), "workEmail"),
    (("fields", "okta", "--tenant", "acme", "--no-trigger", "active"), "active"),
    (("fields", "okta", "--tenant", "acme", "--create-only", "workEmail"), "workEmail"),
    (("fields", "okta", "--tenant", "acme", "--no-create-only", "userName"), "userName"),
    (("fields", "okta", "--tenant", "acme", "--map", "title=titel"), "did you mean title"),
    (("fields", "okta", "--tenant", "acme", "--map", "workEmail=homeEmail"), "cannot be mapped"),
    (("fields", "okta", "--tenant", "acme", "--map", "title="), "--unmap title"),
    (("set", "okta", "--tenant", "acme", "--set", "colour=red", "--preview"), "colour"),
    (("orphans", "okta", "--tenant", "acme", "--clear", "no@example.com"), "no orphan"),
    (("sync", "okta", "--tenant", "acme", "--email", "no@example.com"), "no@example.com"),
    (("sync", "okta", "--tenant", "acme", "--email", "no@example.com", "--full"), "--full"),
]


@pytest.mark.parametrize(("arguments", "word"), WRONG)
def test_wrong_use_is_one_clear_line_and_exit_code_2(
    added: Rollcall, arguments: tuple[str, ...], word: str
) -> None:
    done = added("target", *arguments)

    assert done.exit_code == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert word in done.stderr


def test_a_loopback_target_is_refused_unless_private_targets_are_allowed(
    added: Rollcall, far: Scim, hire: Callable[..., str]
) -> None:
    hire("Maya", "Okafor")
    arguments = ("target", "sync", "okta", "--tenant", "acme", "--wait", "--timeout", "5")

    done = added(*arguments, ROLLCALL_ALLOW_PRIVATE_TARGETS="0")

    assert done.exit_code == 1
    assert "was paused: it may not be called" in done.stderr
    assert "loopback" in done.stderr
    assert far.calls() == []
