"""The rules of provisioning.md §2, each against scim2-server and both views of JumpCloud, on both databases.

Every test reads the target afterwards.
"""

from __future__ import annotations

from tests.provisioning.world import World


def test_rule_2_a_person_without_an_account_gets_one_with_every_selected_field(world: World) -> None:
    maya = world.hire(
        "Maya", "Okafor", nickName="May", title="Engineer", enterprise={"department": "Operations"}
    )

    counts = world.tick()

    account = world.account("maya.okafor@example.com")
    assert counts.to_json()["created"] == 1
    assert account["userName"] == "maya.okafor"
    assert account["displayName"] == "May Okafor"
    assert (account["givenName"], account["title"], account["department"]) == (
        "Maya",
        "Engineer",
        "Operations",
    )
    assert account["active"] is True
    assert (world.link(maya).state, world.link(maya).remote_id) == ("linked", account["id"])


def test_rule_1_without_a_work_email_nothing_is_sent_and_the_link_says_so(world: World) -> None:
    maya = world.hire("Maya", "Okafor", None)

    world.tick()

    assert world.far.accounts() == {}
    assert [path for _, path in world.far.calls() if path.lower().endswith("users")] in (
        [],
        ["/api/systemusers"],
    )
    assert world.writes() == []
    assert (world.link(maya).state, world.link(maya).reason) == ("waiting", "waiting: no work e-mail")

    world.email(maya, "maya@example.com")
    world.tick()

    assert world.account("maya@example.com")["userName"] == "maya"


def test_rule_1_two_people_with_one_work_email_are_held_and_both_are_named(world: World) -> None:
    one = world.hire("Maya", "Okafor", "shared@example.com")
    two = world.hire("Noor", "Haddad", "Shared@example.com")

    counts = world.tick()

    assert world.far.accounts() == {}
    assert counts["held"] == 2
    for link in (world.link(one), world.link(two)):
        assert (link.state, link.reason_code) == ("held", "work_email_not_unique")
        assert "Maya Okafor" in link.reason
        assert "Noor Haddad" in link.reason


def test_rule_1_when_one_of_two_sharers_lets_the_address_go_the_other_is_delivered(world: World) -> None:
    one = world.hire("Maya", "Okafor", "shared@example.com")
    two = world.hire("Noor", "Haddad", "shared@example.com")
    world.tick()

    world.email(one, "maya@example.com")
    world.tick()

    accounts = world.far.accounts()
    assert accounts["shared@example.com"]["givenName"] == "Noor"
    assert accounts["maya@example.com"]["givenName"] == "Maya"
    assert world.link(two).state == "linked"


def test_rule_1_deleting_one_of_two_sharers_frees_the_other(world: World) -> None:
    one = world.hire("Maya", "Okafor", "shared@example.com")
    world.hire("Noor", "Haddad", "shared@example.com")
    world.tick()

    world.delete(one)
    world.tick()

    assert world.account("shared@example.com")["givenName"] == "Noor"


def test_rule_1_a_linked_person_is_suspended_although_the_work_email_was_cleared_on_leaving(
    world: World,
) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    world.change(maya, active=False, emails=[{"type": "work", "value": None, "primary": None}])
    counts = world.tick()

    assert counts["suspended"] == 1
    assert world.account("maya.okafor@example.com")["active"] is False
    assert world.link(maya).state == "waiting"


def test_rule_1_a_linked_person_is_suspended_although_the_work_email_is_shared(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.hire("Noor", "Haddad", "maya.okafor@example.com")

    world.change(maya, active=False, title="Gone")
    counts = world.tick()

    account = world.account("maya.okafor@example.com")
    assert counts["suspended"] == 1
    assert account["active"] is False
    assert "title" not in account
    assert world.link(maya).reason_code == "work_email_not_unique"


def test_rule_3_an_account_with_the_work_email_is_adopted_and_keeps_its_user_name(world: World) -> None:
    remote_id = world.far.add("Maya.Okafor@example.com", "mokafor", title="Old title")
    maya = world.hire("Maya", "Okafor", title="Engineer")

    counts = world.tick()

    accounts = world.far.accounts()
    assert counts["adopted"] == 1
    assert len(accounts) == 1
    account = next(iter(accounts.values()))
    assert (account["id"], account["userName"], account["title"]) == (remote_id, "mokafor", "Engineer")
    assert world.link(maya).remote_id == remote_id

    world.change(maya, name={"familyName": "Okafor-Lee"}, title="Lead")
    world.email(maya, "maya.lee@example.com")
    world.tick()

    account = world.account("maya.lee@example.com")
    assert (account["id"], account["userName"], account["title"]) == (remote_id, "mokafor", "Lead")


def test_rule_3_adoption_never_blanks_what_only_the_target_knows(world: World) -> None:
    world.far.add("maya.okafor@example.com", "mokafor", title="Old title")
    maya = world.hire("Maya", "Okafor")

    world.tick()
    world.full()

    assert world.account("maya.okafor@example.com")["title"] == "Old title"

    world.change(maya, title="Engineer")
    world.tick()
    world.change(maya, title=None)
    world.tick()

    assert "title" not in world.account("maya.okafor@example.com")


def test_rule_4_a_user_name_that_is_taken_holds_the_person(world: World) -> None:
    world.far.add("other@example.com", "maya.okafor")
    maya = world.hire("Maya", "Okafor")

    counts = world.tick()

    assert counts["held"] == 1
    assert list(world.far.accounts()) == ["other@example.com"]
    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "user_name_taken")
    assert "'maya.okafor'" in world.link(maya).reason

    world.far.forget_calls()
    world.tick()
    assert world.far.calls() == []


def test_rule_4_a_reserved_user_name_holds_the_person(world: World) -> None:
    root = world.hire("Ruth", "Oot", "root@example.com")

    world.tick()

    assert world.far.accounts() == {}
    assert (world.link(root).state, world.link(root).reason_code) == ("held", "user_name_reserved")


def test_rule_4_two_people_of_one_plan_who_would_get_one_user_name_are_held(world: World) -> None:
    one = world.hire("Maya", "Okafor", "maya@example.com")
    two = world.hire("Maya", "Lee", "maya@example.org")

    world.tick()

    assert world.far.accounts() == {}
    assert {world.link(one).reason_code, world.link(two).reason_code} == {"user_name_taken"}
    assert "Maya Lee" in world.link(one).reason


def test_rule_4_a_user_name_given_by_an_earlier_tick_holds_the_later_person(world: World) -> None:
    world.hire("Maya", "Okafor", "maya@example.com")
    world.tick()
    two = world.hire("Maya", "Lee", "maya@example.org")

    world.tick()

    assert list(world.far.accounts()) == ["maya@example.com"]
    assert world.link(two).reason_code == "user_name_taken"


def test_rule_6_inactive_suspends_and_active_again_re_activates(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    world.change(maya, active=False)
    assert world.tick()["suspended"] == 1
    assert world.account("maya.okafor@example.com")["active"] is False

    world.change(maya, active=True, title="Back")
    assert world.tick()["activated"] == 1
    account = world.account("maya.okafor@example.com")
    assert (account["active"], account["title"]) == (True, "Back")


def test_rule_6_a_leaver_whose_other_data_changed_too_is_suspended_and_updated(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()

    world.change(maya, active=False, title="Alumna")
    counts = world.tick()

    account = world.account("maya.okafor@example.com")
    assert counts["suspended"] == 1
    assert (account["active"], account["title"]) == (False, "Alumna")


def test_rule_6_an_inactive_person_without_an_account_gets_none(world: World) -> None:
    maya = world.hire("Maya", "Okafor", active=False)

    world.tick()

    assert world.far.accounts() == {}
    assert (world.link(maya).state, world.link(maya).reason) == ("not_needed", "not needed: inactive")


def test_rule_7_deleting_an_employee_changes_nothing_at_the_target(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.forget_calls()

    world.delete(maya)
    world.tick()
    world.full()

    assert world.account("maya.okafor@example.com")["active"] is True
    assert world.writes() == []
    assert (world.link(maya).state, world.link(maya).due_at) == ("orphan", None)


def test_rule_7_a_suspend_owed_before_the_delete_is_still_delivered(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    world.change(maya, active=False)
    world.delete(maya)
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False
    assert (world.link(maya).state, world.link(maya).due_at) == ("orphan", None)


def test_rule_7_someone_created_and_deleted_within_one_tick_gets_no_account(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.delete(maya)

    world.tick()

    assert world.far.accounts() == {}
    assert world.link(maya) is None


def test_rule_2_a_person_hired_again_takes_over_the_orphan_link(world: World) -> None:
    first = world.hire("Maya", "Okafor")
    world.tick()
    remote_id = world.link(first).remote_id
    world.change(first, active=False)
    world.tick()
    world.delete(first)

    second = world.hire("Maya", "Okafor", title="Back again")
    counts = world.tick()

    account = world.account("maya.okafor@example.com")
    assert counts["adopted"] == 1
    assert (account["id"], account["active"], account["title"]) == (remote_id, True, "Back again")
    assert world.link(first) is None
    assert world.link(second).remote_id == remote_id


def test_rule_2_someone_hired_again_under_an_address_that_is_still_owed_gets_no_second_account(
    world: World,
) -> None:
    old = world.hire("Maya", "Okafor", "old@example.com", title="Engineer")
    world.tick()
    world.email(old, "new@example.com")
    world.delete(old)
    world.hire("Maya", "Okafor", "new@example.com", title="Lead")

    world.settle()

    assert list(world.far.accounts()) == ["new@example.com"]
    assert world.account("new@example.com")["title"] == "Lead"


def test_rule_3_whoever_takes_an_account_over_does_not_keep_what_was_sent_for_the_one_before(
    world: World,
) -> None:
    old = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.change(world.account("maya.okafor@example.com")["id"], displayName="by hand")
    world.delete(old)
    world.hire("Maya", "Okafor")

    world.settle()

    assert "title" not in world.account("maya.okafor@example.com")


def test_rule_8_a_field_that_is_not_selected_is_never_sent_and_never_cleared(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    selected = ["givenName", "familyName", "displayName", "department"]
    world.configure(fields=selected)
    world.settle()

    world.change(maya, title=None, enterprise={"department": "Operations"})
    world.tick()
    world.full()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["department"]) == ("Engineer", "Operations")


def test_rule_8_the_location_address_is_not_sent_without_the_location(world: World) -> None:
    world.configure(fields=["givenName", "familyName", "workCity"])
    world.hire(
        "Maya", "Okafor", addresses=[{"type": "work", "locality": "Dayton"}], hr={"locationName": "Plant"}
    )

    world.settle()

    account = world.account("maya.okafor@example.com")
    assert "workCity" not in account
    assert "location" not in account


def test_rule_9_a_change_of_the_location_address_waits_and_rides_along(world: World) -> None:
    address = {"type": "work", "locality": "Dayton", "country": "US"}
    maya = world.hire("Maya", "Okafor", title="Engineer", addresses=[address], hr={"locationName": "Plant"})
    world.tick()
    world.far.forget_calls()

    world.change(maya, addresses=[address | {"locality": "Columbus"}])
    world.tick()

    assert world.far.calls() == []
    assert world.link(maya).rides_along
    assert world.account("maya.okafor@example.com")["workCity"] == "Dayton"

    world.change(maya, title="Lead")
    world.tick()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["workCity"]) == ("Lead", "Columbus")
    assert not world.link(maya).rides_along


def test_rule_9_a_preferred_name_alone_starts_nothing_but_a_full_resync_brings_it(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    world.change(maya, nickName="May")
    assert world.tick().written == 0
    assert world.account("maya.okafor@example.com")["displayName"] == "Maya Okafor"

    world.full()
    assert world.account("maya.okafor@example.com")["displayName"] == "May Okafor"


def test_rule_10_an_emptied_field_is_cleared_and_the_key_never_is(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()

    world.change(maya, title=None)
    world.tick()
    world.email(maya, None)
    world.tick()

    account = world.account("maya.okafor@example.com")
    assert "title" not in account
    assert account["userName"] == "maya.okafor"


def test_rule_12_a_second_full_resync_writes_nothing(world: World) -> None:
    address = {"type": "work", "locality": "Dayton", "streetAddress": "1 Main St\nSuite 2"}
    phone = {"type": "work", "value": "tel:+1-555-0100;ext=12"}
    world.hire(
        "Maya",
        "Okafor",
        title="Engineer",
        addresses=[address],
        phoneNumbers=[phone],
        hr={"locationName": "Plant"},
        enterprise={"employeeNumber": "7", "division": "North", "department": "Ops"},
    )
    world.hire("Noor", "Haddad", active=False)
    world.full()
    world.full()
    world.far.forget_calls()

    counts = world.full()

    assert world.writes() == []
    assert counts["unchanged"] == 2


def test_rule_12_a_full_resync_undoes_what_was_changed_by_hand_at_the_target(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    noor = world.hire("Noor", "Haddad")
    world.tick()
    world.change(noor, active=False)
    world.tick()

    world.far.change(world.link(maya).remote_id, title="King")
    world.far.change(world.link(noor).remote_id, active=True)
    assert world.tick().written == 0
    counts = world.full()

    assert (counts["updated"], counts["suspended"]) == (1, 1)
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.account("noor.haddad@example.com")["active"] is False


def test_a_renamed_work_email_reaches_the_account_and_leaves_the_user_name(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    remote_id = world.link(maya).remote_id
    world.far.forget_calls()

    world.email(maya, "maya.lee@example.com")
    counts = world.tick()

    account = world.account("maya.lee@example.com")
    assert counts["updated"] == 1
    assert (account["id"], account["userName"]) == (remote_id, "maya.okafor")
    assert len(world.writes()) == 1
    assert len(world.far.calls()) <= 2


def test_a_changed_linked_person_costs_one_write_and_at_most_one_read(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.forget_calls()

    world.change(
        maya, title="Engineer", name={"givenName": "Mia"}, phoneNumbers=[{"type": "home", "value": "5"}]
    )
    world.tick()

    assert len(world.writes()) == 1
    assert len(world.far.calls()) <= 2


def test_rule_14_an_account_deleted_at_the_target_is_reported_as_vanished(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.remove(world.link(maya).remote_id)

    world.change(maya, title="Engineer")
    counts = world.settle()

    assert counts["held"] == 1
    assert world.far.accounts() == {}
    assert world.link(maya).state == "vanished"


def test_rule_14_a_vanished_account_is_created_again_where_the_policy_says_so(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.configure(vanished="recreate")
    world.settle()
    world.far.remove(world.link(maya).remote_id)

    world.change(maya, title="Engineer")
    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.link(maya).state == "linked"
