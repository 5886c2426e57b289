"""A plan's page: what it does to whom; approved or rejected, all or some of it; live until it is through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.access import admins, tenants
from app.access.tables import AuditRow
from app.database import reading, writing
from app.provisioning import targets, undo
from app.web.console.approvals.reading import PAGE
from tests.web.console.approvals.conftest import Stopped, comes, decide, hidden
from tests.web.console.browser import Browser, Page

AsRole = Callable[[str], Browser]
_audit = AuditRow.__table__.c


def people(page: Page) -> list[str]:
    """Whom the table of lines shows."""
    return [row[-4] for row in page.rows("lines")]


def is_live(page: Page) -> bool:
    """Whether the page fetches itself again."""
    return any("data-live" in found for _, found in page.elements)


def test_the_plan_says_what_it_does_why_and_to_whom(signed_in: Browser, stopped: Stopped) -> None:
    page = signed_in.page(stopped.page)
    assert "6 accounts would be suspended at far" in page.text
    assert "Import run 7 asks for the suspend of 6 people; up to 5 of 6 pass unasked." in page.text
    first = page.rows("lines")[0]
    assert first[1] == "P0 Many p0.many@example.com"
    assert first[2] == "Suspend"
    assert first[3].startswith("Account: active → suspended")
    assert first[4] == "Not decided"
    assert "PATCH" in first[3] and "Users/" in first[3], "the request stands under details"
    assert page.links("lines")["P0 Many"] == f"/people/{stopped.people[0]}"


def test_approving_all_suspends_them_and_the_page_follows(signed_in: Browser, stopped: Stopped) -> None:
    said = decide(signed_in, stopped, "approve")
    assert "Approved: 6 changes, sent to far with its next tick." in said
    assert is_live(signed_in.page(stopped.page))
    assert stopped.suspended() == 0
    stopped.world.tick()
    page = signed_in.page(stopped.page)
    assert stopped.suspended() == 6
    assert {row[-1] for row in page.rows("lines")} == {"Done"}
    assert "by hr@acme.example" in page.text and not is_live(page)


def test_some_are_approved_and_some_rejected(signed_in: Browser, stopped: Stopped) -> None:
    decide(signed_in, stopped, "approve", stopped.people[:2])
    stopped.world.tick()
    assert stopped.suspended() == 2
    page = signed_in.page(stopped.page)
    assert "4 not decided" in page.links("classes") and "In part approved by hr@acme.example" in page.text
    said = decide(signed_in, stopped, "reject", stopped.people[2:])
    assert "Rejected: 4 changes." in said
    stopped.world.tick()
    stopped.world.full()
    assert stopped.suspended() == 2
    assert sorted(stopped.states().values()) == ["applied"] * 2 + ["discarded"] * 4


def test_nobody_chosen_changes_nothing(signed_in: Browser, stopped: Stopped) -> None:
    assert "Choose at least one person" in decide(signed_in, stopped, "approve", [])
    assert set(stopped.states().values()) == {"planned"}


def test_the_second_admin_is_told_who_was_quicker(
    signed_in: Browser, as_role: AsRole, stopped: Stopped
) -> None:
    second = as_role("admin")
    opened = second.page(stopped.page)
    decide(signed_in, stopped, "approve")
    answer = second.submit(opened, f"{stopped.page}/reject", which="all")
    assert answer.status_code == 303
    text = second.page(stopped.page).text
    assert "hr@acme.example was quicker and approved it on " in text
    assert "You changed nothing." in text
    assert set(stopped.states().values()) == {"approved"}


def test_of_a_part_the_second_admin_is_told_too(
    signed_in: Browser, as_role: AsRole, stopped: Stopped
) -> None:
    second = as_role("admin")
    decide(signed_in, stopped, "reject", stopped.people[:1])
    said = decide(second, stopped, "approve", stopped.people[:2])
    assert "hr@acme.example was quicker and rejected a part of it" in said
    assert "approved" not in stopped.states().values()


def test_who_changed_since_is_left_out_by_name_with_the_reason(signed_in: Browser, stopped: Stopped) -> None:
    stopped.world.change(stopped.people[0], active=True)
    decide(signed_in, stopped, "approve")
    stopped.world.tick()
    refused = signed_in.page(f"{stopped.page}?state=refused")
    (line,) = refused.rows("lines")
    assert (
        line[0].startswith("P0 Many")
        and line[-1] == "Not sent P0 Many (p0.many@example.com) needs it no more."
    )
    assert stopped.suspended() == 5


@pytest.mark.parametrize(("deed", "state"), [("approve", "approved"), ("reject", "discarded")])
def test_all_are_those_whom_the_page_knew_and_who_came_later_waits_on(
    signed_in: Browser, adopted: Stopped, deed: str, state: str
) -> None:
    opened = signed_in.page(adopted.page)
    comes(adopted.world, "Cleo")
    assert signed_in.submit(opened, f"{adopted.page}/{deed}", which="all").status_code == 303
    assert "1 more came meanwhile and still waits: look at it." in signed_in.page(adopted.page).text
    assert adopted.states() == {"Ana": state, "Ben": state, "Cleo": "planned"}
    assert adopted.state() == "waiting"
    assert "more came meanwhile" not in decide(signed_in, adopted, deed)
    assert adopted.states()["Cleo"] == state


@pytest.mark.parametrize("which", ["all", ""])
def test_whose_line_was_changed_since_it_was_shown_is_not_decided_about(
    signed_in: Browser, adopted: Stopped, which: str
) -> None:
    opened, changed = signed_in.page(adopted.page), adopted.people[1:]
    decide(signed_in, adopted, "reject", adopted.people[:1])
    adopted.world.change(changed[0], title="Chief")
    adopted.world.tick()
    fields = hidden(opened, f"{adopted.page}/approve") | (
        {"which": which} if which else {"employee": changed}
    )
    assert signed_in.post(f"{adopted.page}/approve", fields).status_code == 303
    said = signed_in.page(adopted.page).text
    assert (
        f"What plan {adopted.plan_id} would do for 1 person was added or changed after it was shown." in said
    )
    assert adopted.states()["Ben"] == "planned"


def test_what_was_looked_at_again_and_is_as_it_was_shown_is_decided_about(
    signed_in: Browser, adopted: Stopped
) -> None:
    opened = signed_in.page(adopted.page)
    adopted.world.full()
    assert signed_in.submit(opened, f"{adopted.page}/approve", which="all").status_code == 303
    assert set(adopted.states().values()) == {"approved"}


@pytest.mark.parametrize("upto", [None, "", "x", "-1", "²", "9" * 40])
def test_a_decision_that_does_not_say_what_was_shown_is_refused(
    signed_in: Browser, stopped: Stopped, upto: str | None
) -> None:
    fields = hidden(signed_in.page(stopped.page), f"{stopped.page}/approve") | {"which": "all"}
    fields = {name: value for name, value in (fields | {"upto": upto}).items() if value is not None}
    for deed in ("approve", "reject"):
        assert signed_in.post(f"{stopped.page}/{deed}", fields).status_code == 400
    assert set(stopped.states().values()) == {"planned"}


def test_what_is_sent_to_a_paused_target_waits_for_it(signed_in: Browser, stopped: Stopped) -> None:
    with writing() as connection:
        targets.pause(connection, stopped.world.target, "test", "maintenance")
    assert "far is paused, so they are sent once it is resumed" in decide(signed_in, stopped, "approve")


def test_the_deed_stands_in_the_audit_under_the_admins_name(signed_in: Browser, stopped: Stopped) -> None:
    decide(signed_in, stopped, "approve")
    query = select(_audit.actor, _audit.subject).where(_audit.action == "plan.approved")
    with reading() as connection:
        assert connection.execute(query).all() == [("admin:hr@acme.example", f"plan:{stopped.plan_id}")]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("hr", 403), ("admin", 303), ("owner", 303)])
def test_admins_decide_and_others_look(as_role: AsRole, stopped: Stopped, role: str, status: int) -> None:
    browser = as_role(role)
    page = browser.page(stopped.page)
    assert len(people(page)) == 6
    buttons = [form["action"] for form, _ in page.forms if form["action"].startswith(stopped.page + "/")]
    assert bool(buttons) == (status == 303)
    token = next(fields["csrf_token"] for _, fields in page.forms if "csrf_token" in fields)
    for deed in ("approve", "reject"):
        answer = browser.post(f"{stopped.page}/{deed}", {"csrf_token": token, "which": "all", "upto": "6"})
        assert answer.status_code == status, deed
    assert (stopped.state() == "waiting") == (status == 403)


def test_lines_are_filtered_by_the_address(signed_in: Browser, stopped: Stopped) -> None:
    decide(signed_in, stopped, "reject", stopped.people[:1])
    assert people(signed_in.page(f"{stopped.page}?state=discarded"))[0].startswith("P0")
    assert people(signed_in.page(f"{stopped.page}?name=p3"))[0].startswith("P3")
    assert people(signed_in.page(f"{stopped.page}?kind=create")) == []
    for nonsense in ("state=x&kind=y", "after=-1", "after=99999999999", "name=%01", "after=%C2%B2"):
        assert len(people(signed_in.page(f"{stopped.page}?{nonsense}"))) == 6, nonsense


@pytest.mark.parametrize("name", ["Özlem", "özlem", "ÖZLEM", "lem", "Özlem Many"])
def test_a_name_is_found_however_its_letters_are_written(
    signed_in: Browser, stopped: Stopped, name: str
) -> None:
    stopped.world.hire("Özlem", "Many", "oezlem@example.com")
    stopped.world.tick()
    page = f"/approvals/plans/{stopped.world.plans(state='applied')[0].id}"
    assert [found[:5] for found in people(signed_in.page(f"{page}?name={name}"))] == ["Özlem"]


def test_many_lines_come_in_pages(signed_in: Browser, stop: Callable[[int], Stopped]) -> None:
    stopped = stop(PAGE + 3)
    first = signed_in.page(stopped.page)
    second = signed_in.page(first.links("lines")["Next page"])
    assert [len(people(first)), len(people(second))] == [PAGE, 3]
    assert not set(people(first)) & set(people(second))
    assert people(signed_in.page(second.links("lines")["First page"])) == people(first)


def test_names_with_script_are_shown_as_text(signed_in: Browser, stopped: Stopped) -> None:
    payload = "<script>alert(1)</script>"
    world = stopped.world
    world.hire(payload, '" onmouseover="alert(1)', "payload@acme.example", title="{{ 7 * 7 }}")
    world.tick()
    page = signed_in.page(f"/approvals/plans/{world.plans(state='applied')[0].id}")
    assert payload in page.text and "{{ 7 * 7 }}" in page.text
    assert [found for tag, found in page.elements if tag == "script" and "src" not in found] == []
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


def test_an_undo_is_drafted_shown_and_applied(signed_in: Browser, stopped: Stopped) -> None:
    world = stopped.world
    decide(signed_in, stopped, "approve")
    world.tick()
    page = signed_in.page(stopped.page)
    answer = signed_in.submit(page, f"/targets/{world.target.id}/plans/{stopped.plan_id}/undo")
    assert answer.status_code == 303
    (draft,) = world.plans(kind="undo")
    shown = signed_in.page(f"/approvals/plans/{draft.id}")
    assert "Undo of far" in shown.text and "Re-activate" in shown.text
    assert f"Plan {draft.id}" in signed_in.page("/approvals").links("drafts")
    assert stopped.suspended() == 6
    undone = Stopped(world, stopped.people, draft.id)
    decide(signed_in, undone, "approve")
    world.settle()
    assert stopped.suspended() == 0
    assert f"Plan {draft.id}" in signed_in.page(stopped.page).links("summary")


def test_an_undo_says_what_it_cannot_give_back(signed_in: Browser, stopped: Stopped) -> None:
    world = stopped.world
    created = world.plans(kind="full")[0]
    assert "nothing is ever deleted" in signed_in.page(f"/approvals/plans/{created.id}").text
    inverse = undo.plan_inverse(world.target, created.id)
    assert "Suspend" in signed_in.page(f"/approvals/plans/{inverse}").text


def test_another_tenants_plan_is_not_found(browser: Browser, stopped: Stopped) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
        password = admins.create(connection, other, "eve@other.example")
    assert browser.sign_in("other", "eve@other.example", password).status_code == 303
    assert browser.choose_password("correct horse battery").status_code == 303
    page = browser.page("/approvals")
    token = next(fields["csrf_token"] for _, fields in page.forms if "csrf_token" in fields)
    assert browser.get(stopped.page).status_code == 404
    for deed in ("approve", "reject"):
        answer = browser.post(f"{stopped.page}/{deed}", {"csrf_token": token, "which": "all", "upto": "6"})
        assert answer.status_code == 404
    assert stopped.state() == "waiting"
    assert "Nothing waits for a decision." in page.text
