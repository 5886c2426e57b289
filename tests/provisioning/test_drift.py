"""The drift report: each kind of difference is found, nothing is written, a list that breaks off proves nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from app.cli.target_drift import drift as command
from app.database import writing
from app.provisioning import drift, targets
from app.provisioning.drift import Finding, Report
from app.provisioning.errors import ProvisioningError
from app.provisioning.tables import link_table
from tests.provisioning.commands import answer, run
from tests.provisioning.world import World

Make = Callable[..., World]


def report(world: World) -> tuple[Report, list[Finding]]:
    """The report, and every finding but those about the administrators that a simulator of JumpCloud brings."""
    found: list[Finding] = []
    before = len(world.writes())
    result = drift.report(world.target, found.append, advance=lambda number: None)
    assert len(world.writes()) == before, "a report writes nothing"
    return result, [f for f in found if not f.label.startswith(("sysadmin", "keyowner"))]


def kinds(world: World) -> list[str]:
    return sorted(finding.kind for finding in report(world)[1])


def test_after_a_sync_nothing_differs(world: World) -> None:
    world.hire("Maya", "Okafor", title="Engineer", nickName="May")
    world.hire("Noor", "Haddad", active=False)
    world.tick()

    result, findings = report(world)

    assert findings == []
    assert result.is_clean
    assert result.linked == 1


def test_a_value_that_was_changed_by_hand_is_named_with_both_sides(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    account = world.account("maya.okafor@example.com")
    world.far.change(account["id"], title="Boss")

    result, findings = report(world)

    assert [(f.kind, f.employee, f.field, f.here, f.there) for f in findings] == [
        ("differs", maya, "title", "Engineer", "Boss")
    ]
    assert result.counts["differs"] == 1
    assert not result.is_clean


def test_rule_8_a_field_that_is_not_selected_is_no_difference(scim_world: Make) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.configure(fields=["givenName", "familyName"])
    world.tick()
    world.far.change(world.account("maya.okafor@example.com")["id"], title="Boss")

    assert kinds(world) == []


def test_what_the_target_normalised_is_no_difference(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.change(world.account("maya.okafor@example.com")["id"], title="ENGINEER")
    assert kinds(world) == ["differs"]
    with writing() as connection:
        statement = update(link_table).where(link_table.c.employee_id == maya)
        connection.execute(statement.values(normalised={"title": "ENGINEER"}))

    assert kinds(world) == []


def test_both_ways_in_which_the_status_differs_are_told_apart(world: World) -> None:
    world.hire("Maya", "Okafor")
    noor = world.hire("Noor", "Haddad")
    world.tick()
    world.far.change(world.account("maya.okafor@example.com")["id"], active=False)
    world.change(noor, active=False)

    findings = {finding.kind: finding for finding in report(world)[1]}

    assert findings.keys() == {"suspended_there", "active_there"}
    assert findings["active_there"].pending
    assert not findings["suspended_there"].pending


def test_accounts_that_nobody_is_linked_to_are_told_apart(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    noor = world.hire("Noor", "Haddad")
    world.far.add("noor.haddad@example.com", "nh")
    world.far.add("stranger@example.com", "stranger")
    with writing() as connection:
        connection.execute(delete(link_table).where(link_table.c.employee_id == maya))

    findings = {(f.kind, f.employee) for f in report(world)[1] if f.remote_id is not None}

    assert findings == {("unlinked", maya), ("adoptable", noor), ("unknown", None)}


def test_an_account_that_vanished_is_asked_for_before_it_is_said_to_be_gone(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.hire("Noor", "Haddad")
    world.tick()
    world.far.remove(world.account("maya.okafor@example.com")["id"])

    assert [(f.kind, f.employee) for f in report(world)[1]] == [("vanished", maya)]


def test_people_without_an_account_are_named_with_the_reason(scim_world: Make) -> None:
    world = scim_world()
    ada = world.hire("Ada", "Byron", None)
    world.tick()
    new = world.hire("Zoe", "Vance")

    assert {(f.kind, f.employee, f.note) for f in report(world)[1]} == {
        ("no_account", ada, "waiting: no work e-mail"),
        ("no_account", new, "new"),
    }


def test_the_live_account_of_a_deleted_employee_is_named(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)

    assert [(f.kind, f.employee) for f in report(world)[1]] == [("deleted_here", maya)]


def test_protected_accounts_are_listed_and_are_no_difference(scim_world: Make) -> None:
    world = scim_world(protected="chief@example.com")
    world.far.add("chief@example.com", "chief")
    found: list[Finding] = []

    result = drift.report(world.target, found.append, advance=lambda number: None)

    assert [(f.kind, f.label) for f in found] == [("protected", "chief@example.com")]
    assert result.is_clean


def test_rule_15_a_list_that_breaks_off_concludes_nothing_about_who_is_missing(scim_world: Make) -> None:
    world = scim_world("lying-total:factor=3:path=/Users")
    world.hire_many(3)
    world.tick()

    result, findings = report(world)

    assert not result.is_complete
    assert result.why
    assert findings == []
    assert not result.is_clean


def test_a_target_that_cannot_be_read_is_an_error_and_no_report(scim_world: Make) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor")
    world.tick()
    with writing() as connection:
        targets.change(connection, world.target, "test", token="wrong-token")

    with pytest.raises(ProvisioningError, match="could not be read"):
        report(world)


def test_many_accounts_are_compared_batch_by_batch(scim_world: Make) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor")
    world.tick()
    for number in range(1200):
        world.far.add(f"u{number}@example.com", f"u{number}")
    counted: list[int] = []
    result = drift.report(world.target, lambda finding: None, advance=counted.append)

    assert result.counts["unknown"] == 1200
    assert result.accounts == 1201
    assert max(counted) <= drift.BATCH
    assert len(result.first) == 20


def test_the_command_counts_lists_and_writes_a_file_that_no_spreadsheet_runs(
    scim_world: Make, tmp_path: Path
) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.change(world.account("maya.okafor@example.com")["id"], title="=cmd()")
    world.far.add("stranger@example.com", "stranger")
    file = tmp_path / "drift.csv"
    words = ("far", "--tenant", "acme")

    shown = run(command, *words, "--csv", str(file))
    found = answer(command, *words, exit_code=1)[0]

    assert shown.exit_code == 1
    assert "2 accounts read, 1 of them linked" in shown.stdout
    assert "2 lines written" in shown.stdout
    assert (found["complete"], found["counts"]["differs"], found["counts"]["unknown"]) == (True, 1, 1)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["kind"]: row["there"] for row in rows} == {"differs": "'=cmd()", "unknown": ""}
