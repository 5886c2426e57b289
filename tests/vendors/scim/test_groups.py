"""Groups of a SCIM target against scim2-server (PyPI), and against the simulator playing vendors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.outbound import OutboundSession
from app.provisioning import errors
from app.provisioning.adapter import GroupAccount, GroupAdapter, Request, send
from app.simulation import serve
from app.vendors.scim.groups import GROUP
from app.vendors.scim.simulator import ScimSimulator
from app.vendors.scim.target import ScimTarget
from tests.vendors.scim.stage import MINIMAL, Far, Make, body_of, session


def group_in(adapter: GroupAdapter, session: OutboundSession, request: Request) -> GroupAccount | None:
    return adapter.group_in(send(session, request))


def created(adapter: GroupAdapter, session: OutboundSession, name: str, *member_ids: str) -> GroupAccount:
    group = group_in(adapter, session, adapter.create_group_request(name, member_ids))
    assert group is not None
    return group


def people(target: Far, count: int) -> list[str]:
    return [
        target.simulator.add_user(
            {"userName": f"u{n}", "emails": [{"type": "work", "value": f"u{n}@example.com"}]}
        )["id"]
        for n in range(count)
    ]


def members_there(target: Far) -> set[str]:
    [group] = target.simulator.groups()
    return {entry["value"] for entry in group.get("members", ())}


def test_a_group_is_made_found_and_changed_at_scim2_server(http: OutboundSession) -> None:
    adapter: GroupAdapter = ScimTarget({})
    ids = []
    for number in range(3):
        values = {**MINIMAL, "userName": f"u{number}", "workEmail": f"u{number}@example.com"}
        account = adapter.account_in(send(http, adapter.create_request(values, f"e-{number}")))
        assert account is not None
        ids.append(account.remote_id)
    group = created(adapter, http, 'Field "Ops"', ids[0], ids[1])
    assert (group.name, group.member_ids, group.shows_members) == ('Field "Ops"', frozenset(ids[:2]), True)
    assert adapter.find_groups(http, 'field "ops"') == [group]

    for request in adapter.member_requests(group.remote_id, add=[ids[2]], remove=[ids[0]]):
        group_in(adapter, http, request)

    after = adapter.fetch_group(http, group.remote_id)
    assert after is not None and after.member_ids == {ids[1], ids[2]}


def test_an_unknown_group_is_none(http: OutboundSession) -> None:
    assert ScimTarget({}).fetch_group(http, "nobody") is None
    assert ScimTarget({}).find_groups(http, "nobody") == []


def test_a_new_group_takes_the_first_chunk_along(far: Make) -> None:
    target = far("aws")
    ids = people(target, 250)
    adapter = target.adapter
    first = adapter.first_members(ids)
    assert list(first) == sorted(ids)[:100]
    group = created(adapter, target.http, "Ops", *ids)
    assert members_there(target) == set(first)
    for request in adapter.member_requests(group.remote_id, add=set(ids) - set(first), remove=()):
        group_in(adapter, target.http, request)
    assert members_there(target) == set(ids)
    assert len(target.calls("PATCH")) == 2


def test_members_that_are_not_shown_are_not_taken_for_none(far: Make) -> None:
    target = far("aws")
    [one] = people(target, 1)
    group = created(target.adapter, target.http, "Ops", one)
    assert (group.member_ids, group.shows_members) == (frozenset(), False)


@pytest.mark.parametrize("name", ["generic", "aws", "github", "slack", "google", "terraform"])
def test_members_go_in_and_out_as_each_vendor_takes_it_and_all_others_stay(far: Make, name: str) -> None:
    target = far(name, persona="" if name == "generic" else name)
    ids = people(target, 6)
    group = created(target.adapter, target.http, "Ops", *ids[:4])
    requests = target.adapter.member_requests(group.remote_id, add=ids[4:], remove=ids[:2])
    assert [body_of(each)["Operations"][0]["op"] for each in requests] == ["remove", "add"]
    for request in requests + requests:
        group_in(target.adapter, target.http, request)
    assert members_there(target) == set(ids[2:])


def test_a_removal_by_path_spares_everybody_else_where_a_removal_by_value_would_not(far: Make) -> None:
    target = far("generic", persona="")
    ids = people(target, 3)
    group = created(target.adapter, target.http, "Ops", *ids)
    by_value = ScimTarget({"member_removal": "value"}).member_requests(group.remote_id, (), ids[:1])
    group_in(target.adapter, target.http, by_value[0])
    assert members_there(target) == set()


def test_groups_are_found_by_reading_the_list_where_they_cannot_be_filtered(far: Make) -> None:
    target = far("generic", persona="refuse-filters")
    for number in range(120):
        target.simulator.add_group({"displayName": f"Group {number}"})
    for adapter in (target.adapter, ScimTarget({"group_filter": "no"})):
        assert [group.name for group in adapter.find_groups(target.http, "GROUP 117")] == ["Group 117"]


def test_a_filter_that_is_ignored_finds_nobody_elses_group(far: Make) -> None:
    target = far("generic", persona="ignore-filters")
    target.simulator.add_group({"displayName": "Finance"})
    assert target.adapter.find_groups(target.http, "Ops") == []


def test_a_change_of_members_that_is_answered_with_nothing_is_no_group(far: Make) -> None:
    for persona in ("quiet-patch", "hollow-patch"):
        target = far("generic", persona=persona)
        [one] = people(target, 1)
        group = created(target.adapter, target.http, "Ops")
        [request] = target.adapter.member_requests(group.remote_id, [one], ())
        assert group_in(target.adapter, target.http, request) is None


def test_a_refused_member_is_an_error_with_the_targets_words(far: Make) -> None:
    target = far("github")
    with pytest.raises(errors.Refused, match="is no user"):
        created(target.adapter, target.http, "Ops", "nobody")


@pytest.mark.parametrize("document", [{}, {"id": 7}, {"id": ".."}, []])
def test_a_group_without_a_usable_id_is_none(document: object) -> None:
    with pytest.raises(errors.Unintelligible):
        ScimTarget({}).group_from(document)  # type: ignore[arg-type]


def test_profiles_say_who_takes_groups() -> None:
    takes = {name for name in ("okta", "jumpcloud", "launchdarkly", "aws", "github") if _takes(name)}
    assert takes == {"aws", "github"}


def _takes(name: str) -> bool:
    return ScimTarget({"profile": name}).takes_groups


def test_the_same_group_gives_the_same_bytes() -> None:
    adapter = ScimTarget({})
    one, other = (adapter.create_group_request("Ops", ids) for ids in (["b", "a"], ["a", "b", "a"]))
    assert one == other
    assert body_of(one) == {
        "schemas": [GROUP],
        "displayName": "Ops",
        "members": [{"value": "a"}, {"value": "b"}],
    }


_IDS = st.sets(st.integers(0, 30), max_size=25)


@pytest.fixture(scope="module")
def chunked() -> Iterator[tuple[ScimSimulator, OutboundSession, ScimTarget]]:
    simulator = ScimSimulator(persona="member-limit:size=4")
    with serve(simulator) as server:
        yield simulator, session(server.url + "/scim/v2", simulator.key), ScimTarget({"member_chunk": "4"})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_IDS, after=_IDS)
def test_from_any_members_to_any_members_in_chunks(
    chunked: tuple[ScimSimulator, OutboundSession, ScimTarget], before: set[int], after: set[int]
) -> None:
    simulator, http, adapter = chunked
    held, wanted = ({f"u-{n}" for n in numbers} for numbers in (before, after))
    group = simulator.add_group({"displayName": "Ops", "members": [{"value": each} for each in sorted(held)]})
    for request in adapter.member_requests(group["id"], add=wanted - held, remove=held - wanted):
        group_in(adapter, http, request)
    found = adapter.fetch_group(http, group["id"])
    assert found is not None and found.member_ids == wanted
