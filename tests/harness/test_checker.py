"""The checker catches each kind of damage, and is silent where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.checker import (
    Account,
    Truth,
    account_of_scim,
    account_of_systemuser,
    check,
    flattened,
    leaks,
    link_faults,
    overlapping_writes,
    peak_concurrency,
    peak_rate,
    reordered,
)

MAYA = Truth("maya@example.com", fields={"title": "Lead"})
NOAH = Truth("noah@example.com", active=False)
MAYA_THERE = Account("1", "Maya@Example.com", True, {"title": "Lead"})
NOAH_THERE = Account("2", "noah@example.com", False)


def call(
    method: str = "POST", path: str = "/scim/v2/Users", start: float = 0.0, end: float = 1.0, **more: Any
) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "started": start,
        "ended": end,
        "status": 201,
        "worked": 201,
        "body": "",
        **more,
    }


def test_a_right_end_state_is_clean() -> None:
    verdict = check([MAYA, NOAH], [MAYA_THERE, NOAH_THERE], [call(), call()])
    assert verdict.is_clean
    assert (verdict.posts, verdict.posts_worked) == (2, 2)


def test_an_active_person_without_an_account_is_lost() -> None:
    assert check([MAYA, NOAH], [NOAH_THERE]).lost == ["maya@example.com"]


def test_an_inactive_person_may_lack_an_account_unless_said_otherwise() -> None:
    assert check([NOAH], []).is_clean
    assert check([Truth("noah@example.com", active=False, needs_account=True)], []).lost == [
        "noah@example.com"
    ]
    assert check([Truth("noah@example.com", active=False, needs_account=False)], [NOAH_THERE]).unknown == [
        "2 noah@example.com"
    ]


def test_two_accounts_of_one_person_are_duplicates_in_any_case_of_the_address() -> None:
    twin = Account("3", "MAYA@example.com", True, {"title": "Lead"})
    assert check([MAYA], [MAYA_THERE, twin]).duplicates == {"maya@example.com": ["1", "3"]}


@pytest.mark.parametrize(("person", "active"), [(MAYA, False), (NOAH, True)])
def test_a_wrong_state_is_caught_both_ways(person: Truth, active: bool) -> None:
    verdict = check([person], [Account("1", person.email, active, {"title": "Lead"})])
    assert verdict.wrong_states == [(person.email, person.active, active)]


def test_a_wrong_or_missing_or_uncleared_field_is_caught() -> None:
    person = Truth("maya@example.com", fields={"title": "Lead", "department": "Ops", "nickName": None})
    account = Account("1", "maya@example.com", True, {"title": "Chief", "nickName": "May"})
    assert check([person], [account]).wrong_fields == [
        ("maya@example.com", "title", "Lead", "Chief"),
        ("maya@example.com", "department", "Ops", None),
        ("maya@example.com", "nickName", None, "May"),
    ]


def test_an_account_of_nobody_is_unknown_unless_it_was_there_before() -> None:
    stranger = Account("9", "who@example.com", True)
    assert check([MAYA], [MAYA_THERE, stranger]).unknown == ["9 who@example.com"]
    assert check([MAYA], [MAYA_THERE, stranger], foreign=["WHO@example.com"]).is_clean
    assert check([], [Account("9", None, True)]).unknown == ["9 None"]


def test_too_many_posts_are_over_called_and_searches_are_not_posts() -> None:
    people = [Truth(f"p{number}@example.com", active=False) for number in range(100)]
    searches = [call(path="/api/search/systemusers"), call(path="/scim/v2/Users/.search"), call(method="GET")]
    assert check(people, [], [call()] * 115 + searches).is_clean
    verdict = check(people, [], [call()] * 116)
    assert verdict.over_called == ["116 POSTs for 100 people"]


def test_posts_that_were_refused_count_as_sent_and_not_as_done() -> None:
    refused, hidden = call(status=503, worked=None), call(status=None, worked=201)
    verdict = check([], [], [refused, hidden])
    assert (verdict.posts, verdict.posts_worked) == (2, 1)


def test_links_that_share_or_miss_accounts_are_caught() -> None:
    accounts = [MAYA_THERE, NOAH_THERE]
    assert link_faults([{"employee_id": "a", "remote_id": "1", "email": "maya@example.com"}], accounts) == []
    assert link_faults([{"employee_id": "a", "remote_id": None}], accounts) == []
    shared = [{"employee_id": "a", "remote_id": "1"}, {"employee_id": "b", "remote_id": "1"}]
    assert link_faults(shared, accounts) == ["account 1 belongs to a and b"]
    assert "not at the target" in link_faults([{"employee_id": "a", "remote_id": "7"}], accounts)[0]
    assert (
        "two links"
        in link_faults(
            [{"employee_id": "a", "remote_id": "1"}, {"employee_id": "a", "remote_id": "2"}], accounts
        )[0]
    )
    assert (
        "has e-mail"
        in link_faults([{"employee_id": "a", "remote_id": "2", "email": "maya@example.com"}], accounts)[0]
    )
    assert not check([MAYA], [MAYA_THERE], links=shared).is_clean


def test_writes_to_one_account_at_the_same_time_are_caught() -> None:
    path = "/scim/v2/Users/1"
    one, two, three = call("PATCH", path, 0, 2), call("PUT", path, 1, 3), call("PATCH", path, 3.5, 4)
    assert overlapping_writes([three, two, one]) == [(one, two)]
    assert overlapping_writes([one, call("PATCH", "/scim/v2/Users/2", 1, 3), call("GET", path, 1, 3)]) == []
    twin = [
        call(start=0, end=2, body="maya"),
        call(start=1, end=3, body="maya"),
        call(start=1, end=3, body="noah"),
    ]
    assert len(overlapping_writes(twin)) == 1


def test_an_older_version_after_a_newer_one_is_reordered() -> None:
    def version_of(each: Any) -> tuple[str, int] | None:
        return (each["path"], int(each["body"])) if each["body"] else None

    calls = [call(end=1.0, body="1"), call(end=2.0, body="3"), call(end=3.0, body="2"), call(end=4.0)]
    assert reordered(calls, version_of) == [("/scim/v2/Users", 3, 2)]
    assert reordered([call(end=1.0, body="3"), call(end=2.0, body="2", worked=None)], version_of) == []


def test_canaries_are_found_where_they_leak() -> None:
    texts = {"worker.log": "all is well", "attempts": "sent canary-ssn"}
    assert leaks(texts, ["canary-ssn", "canary-salary"]) == [("attempts", "canary-ssn")]


def test_peaks_of_rate_and_concurrency() -> None:
    calls = [call(start=start, end=start + 0.3) for start in (0.0, 0.1, 0.2, 0.9, 2.0)]
    assert peak_rate(calls) == 4
    assert peak_concurrency(calls) == 3
    assert (peak_rate([]), peak_concurrency([])) == (0, 0)
    assert peak_concurrency([call(start=0, end=1), call(start=1, end=2)]) == 1


def test_scim_users_and_systemusers_become_accounts() -> None:
    user = {
        "id": "1",
        "userName": "m",
        "active": False,
        "emails": [{"type": "home", "value": "h@x"}, {"type": "work", "value": "w@x"}],
    }
    assert account_of_scim(user).email == "w@x"
    assert account_of_scim(user).active is False
    assert account_of_scim({"id": "2"}) == Account("2", None, True, {"id": "2"})
    record = {
        "_id": "3",
        "email": "r@x",
        "state": "SUSPENDED",
        "addresses": [{"type": "work", "locality": "Dayton"}],
    }
    account = account_of_systemuser(record)
    assert (account.active, account.fields["addresses[work].locality"]) == (False, "Dayton")


def test_flattened_paths_look_like_the_directorys() -> None:
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    document = {
        "name": {"givenName": "M"},
        urn: {"department": "Ops", "manager": {"value": "7"}},
        "emails": [{"type": "work", "value": "w"}],
    }
    assert flattened(document) == {
        "name.givenName": "M",
        f"{urn}:department": "Ops",
        f"{urn}:manager.value": "7",
        "emails[work].value": "w",
    }


def test_the_report_names_each_fault_with_examples() -> None:
    report = check([MAYA], [Account("9", "who@example.com", True)]).report()
    assert "lost: 1, e.g. ['maya@example.com']" in report
    assert "unknown: 1" in report
