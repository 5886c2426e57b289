"""Managers who come later: waited for, listed, and named by whatever way they come."""

from __future__ import annotations

from sqlalchemy import select

from app import directory
from app.database import reading, writing
from app.jobs import upkeep
from app.provisioning import targets
from app.provisioning.tables import link_table
from app.sources import awaiting, catalog, drafts, second_pass
from scim.resources import USER
from tests.sources.managers.conftest import BOSS, CLIENT, CY, DEE, HEADER, MAPPING, versions, waiting, warned
from tests.sources.reports import counted, problems

# --- when nobody has the address yet


def test_whoever_is_nobody_yet_is_waited_for_with_a_warning_in_each_run_that_reads_the_record(say, manager):
    for _ in range(2):
        run = say(BOSS, DEE)
        assert warned(run) == [(3, "Manager", "3")]
        assert "'gus@example.com' is nobody's work e-mail yet" in problems(run)[0].reason
    assert (manager("dee"), waiting()) == (None, 1)


def test_a_manager_of_a_later_import_is_named_at_its_end(say, manager, who):
    say(DEE)
    run = say(DEE, "9,Gus,GUS@example.com,Chief,")
    assert counted(run) == {"added": 1, "skipped": 1, "total": 2}
    assert (manager("dee"), warned(run), waiting()) == ({"value": who("gus")}, [], 0)


def test_a_manager_of_another_source_is_named_as_the_word_of_the_first(
    say, manager, who, tenant, tmp_path, add_source, import_from
):
    say(DEE)
    other = tmp_path / "other.csv"
    other.write_text(f"{HEADER}\n9,Gus,gus@example.com,Chief,\n")
    import_from(add_source("ats", path=str(other), mapping=MAPPING))
    assert manager("dee") == {"value": who("gus")}
    with reading() as connection:
        newest = directory.revisions(connection, tenant.id, who("dee"))[0]
    assert (newest["actor"], newest["run"]) == ("source:hr", None)


def test_a_manager_who_comes_over_scim_is_named_by_the_look_of_every_minute(say, manager, come, tenant, who):
    say(DEE)
    gus = come("gus")
    assert manager("dee") is None
    upkeep.watch()
    assert manager("dee") == {"value": gus}
    before = versions(tenant)
    upkeep.watch()
    assert (versions(tenant), waiting()) == (before, 0)


def test_two_with_one_address_are_not_chosen_between(say, manager, come, tenant):
    say(DEE)
    gus = come("gus")
    with writing() as connection:
        twin = {
            "schemas": [USER],
            "userName": "twin",
            "emails": [{"type": "work", "value": "gus@example.com"}],
        }
        second = directory.create(connection, tenant.id, CLIENT, twin).id
    run = say(DEE)
    assert (manager("dee"), waiting()) == (None, 1)
    assert "several employees" in problems(run)[0].reason
    with writing() as connection:
        directory.delete(connection, tenant.id, second, CLIENT)
    upkeep.watch()
    assert manager("dee") == {"value": gus}


def test_a_dry_run_says_who_would_be_waited_for_and_changes_nothing(say, tenant):
    run = say(CY, BOSS, DEE, dry_run=True)
    assert counted(run) == {"added": 3, "total": 3}
    assert warned(run) == [(4, "Manager", "3")]
    assert (versions(tenant), waiting()) == ({}, 0)
    assert warned(say(CY, BOSS, DEE)) == [(4, "Manager", "3")]


def test_who_is_deleted_is_waited_for_by_nobody(say, tenant, who, come):
    say(DEE)
    with writing() as connection:
        directory.delete(connection, tenant.id, who("dee"), CLIENT)
    come("gus")
    upkeep.watch()
    assert waiting() == 0


def test_a_removed_source_waits_for_nobody(say, tenant, manager, come):
    say(DEE)
    with writing() as connection:
        catalog.remove(connection, tenant.id, "hr", "system:test")
    come("gus")
    upkeep.watch()
    assert (manager("dee"), waiting()) == (None, 0)


# --- killed, repeated, mapped no more


def test_a_second_pass_that_is_made_twice_lists_everybody_once(say, monkeypatch):
    once = second_pass.pass_over

    def twice(*arguments):
        once(*arguments)
        once(*arguments)

    monkeypatch.setattr("app.sources.runner.second_pass.pass_over", twice)
    assert warned(say(DEE, CY)) == [(2, "Manager", "3"), (3, "Manager", "2")]


def test_many_who_wait_for_one_are_all_named(say, manager, who):
    rows = [
        f"{n},P{n},p{n}@example.com,Clerk,gus@example.com" for n in range(10, 10 + 2 * awaiting._BATCH + 1)
    ]
    assert len(warned(say(*rows))) == len(rows)
    say(*rows, "9,Gus,gus@example.com,Chief,")
    assert [n for n in range(10, 10 + len(rows)) if manager(f"p{n}") != {"value": who("gus")}] == []
    assert waiting() == 0


def test_a_source_that_maps_no_manager_any_more_leaves_managers_alone(say, manager, who, tenant):
    say(BOSS, CY)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, "hr")
    with writing() as connection:
        mapping = MAPPING.replace('"hr.managerEmail" = "Manager"\n', "")
        catalog.change(
            connection, tenant.id, drafts.redrafted(known, {"mapping": mapping}, {}), "system:test"
        )
    say(BOSS, CY.replace("Bea@Example.com", "gus@example.com"))
    assert manager("cy") == {"value": who("bea")}


def test_a_target_hears_of_a_manager_once_and_of_nothing_when_nothing_changed(say, tenant, who, come):
    with writing() as connection:
        settings = {"fields": ["givenName", "manager"]}
        added = targets.add(
            connection, tenant.id, "test", kind="scim", name="far", url="http://127.0.0.1:9/v2", token="x"
        )
        targets.change(connection, added, "test", **settings)

    def generation():
        query = select(link_table.c.generation).where(link_table.c.employee_id == who("dee"))
        with reading() as connection:
            return connection.scalar(query.where(link_table.c.tenant_id == tenant.id))

    say(DEE)
    before = generation()
    say(DEE)
    upkeep.watch()
    assert generation() == before
    come("gus")
    upkeep.watch()
    upkeep.watch()
    assert generation() == before + 1
