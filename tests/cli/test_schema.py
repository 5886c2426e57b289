"""``rollcall schema`` as it is typed, and the guide that explains it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import directory
from app.access.tenants import Tenant
from app.cli import main
from app.database import writing
from app.directory import schemas
from app.directory.listeners import Actor
from scim.codec import codec_of
from scim.resources import ENTERPRISE
from tests.device_schemas import BADGE, BUDGET, DEVICE, PLACE, everything

GUIDE = (Path(__file__).resolve().parents[2] / "docs/schemas.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)

Rollcall = Callable[..., Result]


@pytest.fixture
def rollcall(app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Rollcall:
    """Give a function that runs a ``rollcall schema`` command for ``acme``, the only process there is."""
    monkeypatch.setattr(schemas, "BELIEF_SECONDS", 0.0)
    runner = app.test_cli_runner()

    def run(*words: str) -> Result:
        return runner.invoke(main, ["schema", *words, "--tenant", "acme"])

    return run


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Give the paths of files with all documents."""
    paths = []
    for name, content in everything().items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        paths.append(str(tmp_path / name))
    return paths


def _answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def _refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr


def test_load_takes_all_files_and_says_what_is_new(rollcall: Rollcall, files: list[str]) -> None:
    done = rollcall("load", *files)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1
    for name in (DEVICE, PLACE, BADGE, BUDGET, "Device", "User", "Group"):
        assert name in done.stdout
    again = rollcall("load", *files)
    assert (again.exit_code, "Nothing is new" in again.stdout) == (0, True)


def test_load_answers_in_json(rollcall: Rollcall, files: list[str]) -> None:
    said = {"schemas": [DEVICE, PLACE], "resource_types": ["Device"], "unchanged": [], "version": 1}
    assert _answer(rollcall("load", *files[:2], "--json")) == {**said, "dry_run": False}
    assert _answer(rollcall("load", *files, "--json"))["unchanged"] == [DEVICE, PLACE, "Device"]


def test_a_dry_run_says_the_same_and_loads_nothing(
    rollcall: Rollcall, files: list[str], tenant: Tenant
) -> None:
    said = _answer(rollcall("load", *files, "--dry-run", "--json"))
    assert (said["resource_types"], said["version"], said["dry_run"]) == (
        ["Device", "User", "Group"],
        1,
        True,
    )
    assert "Nothing was changed" in rollcall("load", *files, "--dry-run").stdout
    assert "Only the standard schemas" in rollcall("list").stdout
    schemas.tenant_schemas().forget(tenant.id)
    assert schemas.schema_set(tenant.id).at("/Devices") is None


def test_when_load_returns_a_process_that_just_looked_knows_what_is_new(
    app: Flask, tenant: Tenant, files: list[str]
) -> None:
    other = schemas.TenantSchemas()
    assert other.of(tenant.id).at("/Devices") is None
    done = app.test_cli_runner().invoke(main, ["schema", "load", *files, "--tenant", "acme"])
    assert done.exit_code == 0, done.output
    assert other.of(tenant.id).at("/Devices") is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", ("x.json", "not JSON", "line 1")),
        ("", ("x.json", "empty")),
        ('{"id": "urn:a:b", "id": "urn:a:c"}', ("x.json", "twice")),
        ("[]", ("Nothing to load",)),
        ('{"id": "urn:a:b", "attributes": [{"name": "n"}]}', ("x.json", "urn:a:b", '"n"', "type")),
        ('{"name": "D", "endpoint": "/Ds", "schema": "urn:a:b"}', ("D", "urn:a:b", "Load its schema")),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_line_with_its_place(
    rollcall: Rollcall, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    _refused(rollcall("load", str(tmp_path / "x.json")), *words)


def test_wrong_use_is_one_line(rollcall: Rollcall, tmp_path: Path) -> None:
    _refused(rollcall("load", str(tmp_path / "none.json")), "none.json", "No such file")
    _refused(rollcall("load"), "FILE")
    _refused(rollcall("show", "Printer"), "Printer", "rollcall schema list")
    _refused(rollcall("remove", "User"), "User", "rollcall schema list")


def test_list_and_show_give_what_was_loaded(rollcall: Rollcall, files: list[str], tenant: Tenant) -> None:
    rollcall("load", *files)
    with writing() as connection:
        device = {"schemas": [DEVICE], "serialNumber": "1"}
        device_type = schemas.schema_set(tenant.id).resource_types["device"]
        directory.create(connection, tenant.id, Actor("admin", "1"), device, resource_type=device_type)
    rows = [json.loads(line) for line in rollcall("list", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == [DEVICE, BADGE, BUDGET, PLACE, "Device", "Group", "User"]
    assert [row["resources"] for row in rows] == [None, None, None, None, 1, 0, 0]
    assert "/Devices" in rollcall("list").stdout
    assert _answer(rollcall("show", BADGE)) == everything()["people.json"][0]
    assert _answer(rollcall("show", "device", "--json")) == everything()["device-type.json"]
    assert _answer(rollcall("show", ENTERPRISE))["id"] == ENTERPRISE
    _refused(rollcall("remove", "Device"), "Device", "Delete them first")


def test_remove_takes_a_type_and_its_schema_away(
    rollcall: Rollcall, files: list[str], tenant: Tenant
) -> None:
    rollcall("load", *files)
    _refused(rollcall("remove", DEVICE), "Remove Device first")
    assert _answer(rollcall("remove", "Device", "--json")) == {"removed": "Device", "version": 2}
    assert "is removed" in rollcall("remove", DEVICE).stdout
    assert schemas.schema_set(tenant.id).schema(DEVICE) is None


def test_the_examples_of_the_guide_work_as_they_stand(
    rollcall: Rollcall, tmp_path: Path, tenant: Tenant
) -> None:
    badge, devices, body = EXAMPLES
    for name, content in (("badge.json", badge), ("devices.json", devices)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert rollcall("load", str(tmp_path / name)).exit_code == 0
    loaded = schemas.schema_set(tenant.id)
    assert loaded.resource_types["user"].schema_of(BADGE) is not None
    decoded = codec_of(loaded.resource_types["device"]).decode_create(body.encode())
    assert decoded.document["interfaces"] == json.loads(body)["interfaces"]
    assert decoded.dropped == ()
