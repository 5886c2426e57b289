"""Rule 18: of every attribute of every link where it comes from, the rule, when it was sent, the answer; or why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app import directory
from app.access import clients
from app.cli.employee import employee
from app.cli.link import link
from app.database import reading, writing
from app.provisioning import explain, orphans, targets
from app.provisioning.fields import FIELDS
from app.provisioning.reasons import FIELD_REASONS, LINK_REASONS
from app.provisioning.tables import link_table
from tests.provisioning.commands import answer, run
from tests.provisioning.world import HUMAN, World

Make = Callable[..., World]


def report(world: World, employee_id: str) -> dict[str, Any]:
    with reading() as connection:
        return explain.link_report(connection, world.target, employee_id)


def field(world: World, employee_id: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = report(world, employee_id)["fields"][name]
    return found


def test_rule_18_a_value_is_traced_from_its_writer_to_the_answer_of_the_target(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, run=7, title="Manager")
    world.tick()

    title, name = field(world, maya, "title"), field(world, maya, "givenName")

    assert (title["directory"], title["sent"], title["code"]) == ("Manager", "Manager", "sent")
    source = title["from"][0]
    assert (source["owner"], source["revision"], source["run"]) == ("source:hr", 2, 7)
    assert title["attempt"]["method"] == "PATCH"
    assert title["attempt"]["employee_version"] == 2
    assert title["answer"]["status"] == 200
    assert (name["from"][0]["owner"], name["from"][0]["revision"]) == ("admin:test", 1)
    assert (name["attempt"]["method"], name["answer"]["status"]) == ("POST", 201)
    assert title["rule"] == {"number": 11, "switch": "triggers", "mapping": None}


def test_rule_18_every_attribute_of_a_link_has_a_code_and_a_sentence(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()

    fields = report(world, maya)["fields"]

    assert fields.keys() == FIELDS.keys()
    for name, explained in fields.items():
        assert explained["code"] in FIELD_REASONS, name
        assert explained["says"], name
    assert fields["title"]["code"] == "sent"
    assert fields["userName"]["code"] == "create_only"


def test_a_derived_value_names_all_that_it_is_made_of(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", nickName="May")
    world.tick()

    display = field(world, maya, "displayName")

    assert display["directory"] == "May Okafor"
    assert [each["path"] for each in display["from"]] == ["name.familyName", "name.givenName", "nickName"]


def test_what_is_not_selected_is_never_sent_and_says_what_the_directory_has(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer", hr={"locationName": "Lagos"})
    world.configure(fields=[name for name in FIELDS if name not in ("title", "location", "manager")])
    world.tick()

    title = field(world, maya, "title")

    assert (title["code"], title["directory"], title["sent"]) == ("not_selected", "Engineer", None)
    assert title["rule"]["switch"] == "not sent"
    assert field(world, maya, "workCity")["code"] == "needs_other_field"


def test_what_this_target_cannot_hold_says_so(scim_world: Make, world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    missing = FIELDS.keys() - world.target.adapter.supported_fields

    fields = report(world, maya)["fields"]

    assert {name for name, each in fields.items() if each["code"] == "not_supported"} == missing


def test_what_rides_along_waits_for_a_trigger_and_says_so(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, nickName="May")

    display = field(world, maya, "displayName")

    assert (display["code"], display["directory"], display["sent"]) == (
        "rides_along",
        "May Okafor",
        "Maya Okafor",
    )
    assert display["rule"]["number"] == 9
    assert report(world, maya)["standing"] == "rides_along"


def test_what_is_due_says_since_when_and_what_it_waits_for(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title=None)
    world.email(maya, "maya@example.com")

    found = report(world, maya)

    assert found["fields"]["title"]["code"] == "to_be_cleared"
    assert found["fields"]["workEmail"]["code"] == "to_be_sent"
    assert found["due_at"] in found["why_not_sent"]
    with writing() as connection:
        targets.pause(connection, world.target, "test", "for a while")
    assert "the target is paused: for a while" in field(world, maya, "workEmail")["says"]


def test_what_was_cleared_says_so(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.change(maya, title=None)
    world.tick()

    title = field(world, maya, "title")

    assert (title["code"], title["sent"], title["from"][0]["revision"]) == ("cleared", None, 2)


def test_people_without_an_account_say_why(scim_world: Make) -> None:
    world = scim_world()
    nobody = world.hire("Ada", "Byron", None)
    inactive = world.hire("Noor", "Haddad", active=False)
    reserved = world.hire("Ruth", "Root", "root@example.com")
    pending = world.hire("Zoe", "Vance")
    world.tick()
    late = world.hire("Late", "Comer")

    assert field(world, nobody, "givenName")["says"] == (
        "not sent while the link is waiting: waiting: no work e-mail"
    )
    assert field(world, inactive, "givenName")["code"] == "no_account"
    assert field(world, reserved, "givenName")["code"] == "held"
    assert field(world, pending, "givenName")["code"] == "sent"
    assert field(world, late, "givenName")["code"] == "to_be_sent"
    assert report(world, inactive)["why_not_sent"] == "not needed: inactive"


def test_what_waits_at_a_gate_names_the_plan(scim_world: Make) -> None:
    world = scim_world(suspend_floor="0", suspend_percent="0")
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, run=7, active=False)
    world.tick()
    plan = world.plans(kind="held")[0]

    active = field(world, maya, "active")

    assert active["code"] == "gate_waits"
    assert f"`rollcall plan approve {plan.id}`" in active["says"]
    assert report(world, maya)["gates"] == {"suspend": plan.id}


def test_an_adopted_account_held_what_was_not_sent(scim_world: Make) -> None:
    world = scim_world()
    world.far.add("maya.okafor@example.com", "mo", title="Engineer")
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()

    assert field(world, maya, "title")["code"] == "held_there"
    assert field(world, maya, "givenName")["code"] == "sent"


def test_rule_17_what_the_paired_client_wrote_is_an_echo(scim_world: Make) -> None:
    world = scim_world(paired_client="idp")
    with writing() as connection:
        client = clients.create(connection, world.tenant.id, "idp", {})
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    with writing() as connection:
        idp = directory.Actor("client", str(client.id))
        directory.merge(connection, world.tenant.id, maya, idp, {"title": "Manager"})
    world.tick()

    title = field(world, maya, "title")

    assert title["code"] == "echo"
    assert title["says"] == "written by client idp, which is paired with this target: not pushed back"


def test_a_link_of_a_deleted_employee_is_explained_too(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)

    found = report(world, maya)

    assert (found["state"], found["standing"]) == ("orphan", "orphan")
    assert "deleted" in found["why_not_sent"]


def test_an_orphan_is_found_by_an_address_with_a_capital_that_is_not_ascii(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.delete(maya)
    with writing() as connection:
        connection.execute(update(link_table).values(label="Maya Okafor (Ökafor@example.com)"))
    for email in ("Ökafor@example.com", "ökafor@example.com"):
        with reading() as connection:
            assert explain.employee_with(connection, world.target, email) == maya
    with writing() as connection:
        assert orphans.clear(connection, world.target, "test", "Ökafor@example.com").startswith("Maya")


def test_without_a_link_the_report_says_so(scim_world: Make) -> None:
    world = scim_world()
    with writing() as connection:
        from sqlalchemy import delete

        maya = directory.create(
            connection, world.tenant.id, HUMAN, {"userName": "maya", "schemas": [], "active": True}
        ).id
        connection.execute(delete(link_table).where(link_table.c.employee_id == maya))

    assert report(world, maya)["why_not_sent"] == "the target's first sync has not begun"


# --- on the command line -----------------------------------------------------------------------------------------


def test_link_show_is_a_table_that_a_person_can_read(scim_world: Make) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    words = ("show", "--target", "far", "--email", "maya.okafor@example.com", "--tenant", "acme")

    shown = run(link, *words).stdout

    assert "Maya Okafor (maya.okafor@example.com) at far: linked (delivered)" in shown
    line = next(line for line in shown.splitlines() if line.startswith("title"))
    assert '"Engineer"' in line
    assert "admin test, revision 1" in line
    assert "triggers (rule 11)" in line
    assert "empty on both sides: " in shown
    assert answer(link, *words)[0]["fields"]["title"]["code"] == "sent"


def test_employee_show_explain_covers_every_target(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    words = ("show", maya, "--tenant", "acme", "--explain")

    found = answer(employee, *words)[0]

    assert found["owners"]["title"] == "admin:test"
    assert found["origins"]["title"]["writer"] == "admin test"
    assert [each["target"] for each in found["targets"]] == ["far"]
    shown = run(employee, *words).stdout
    assert "title: " in shown
    assert "← admin test, revision 1" in shown
    assert "at far: linked" in shown


def test_the_page_lists_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explain.md").read_text()
    for code in (*FIELD_REASONS, *LINK_REASONS):
        assert f"| `{code}` |" in page, code
