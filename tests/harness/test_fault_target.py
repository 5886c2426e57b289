"""The fault target: without uniqueness, slow to commit, its log kept apart from the workers' fate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.harness.checker import Truth, account_of_scim, check
from tests.harness.fault_target import LocalTarget, TargetProcess

Target = LocalTarget | TargetProcess


@pytest.fixture(params=[LocalTarget, TargetProcess], ids=["local", "process"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    made: Callable[..., Target] = request.param
    with made("no-uniqueness", seed=1, people=2) as running:
        yield running


def post(target: Target, name: str) -> requests.Response:
    document = {"userName": name, "emails": [{"type": "work", "value": f"{name}@example.com"}]}
    return requests.post(
        target.url + "/Users", json=document, headers={"Authorization": f"Bearer {target.key}"}, timeout=10
    )


def test_calls_and_accounts_can_be_read_and_faults_changed(target: Target) -> None:
    before = time.monotonic()
    assert post(target, "maya").status_code == 201
    (call,) = target.calls()
    assert before <= call["started"] <= call["ended"] <= time.monotonic()
    assert len(target.accounts()) == 3
    target.plan_faults("500")
    assert post(target, "noah").status_code == 500
    target.clear_calls()
    assert target.calls() == []
    target.add_account({"userName": "hand"})
    assert len(target.accounts()) == 4


def test_a_blind_retry_after_a_commit_and_reset_makes_a_duplicate_that_the_checker_sees(
    target: Target,
) -> None:
    """The failure that the crash tests look for (quality.md §1.1)."""
    target.plan_faults("no-uniqueness;commit-then-reset:nth=1")
    with pytest.raises(requests.ConnectionError):
        post(target, "maya")
    assert post(target, "maya").status_code == 201
    accounts = [account_of_scim(document) for document in target.accounts()]
    foreign = [account.email for account in accounts[:2] if account.email]
    verdict = check([Truth("maya@example.com")], accounts, target.calls(), foreign=foreign)
    assert list(verdict.duplicates) == ["maya@example.com"]
    assert (verdict.posts, verdict.posts_worked) == (2, 2)
    assert [call["status"] for call in target.calls()] == [None, 201]


def test_a_look_up_before_a_slow_commit_finds_nobody(target: Target) -> None:
    """Why an unfinished attempt waits before it looks: the other measured way to a duplicate."""
    target.plan_faults("no-uniqueness;slow:ms=600,method=POST")
    creating = threading.Thread(target=post, args=(target, "maya"))
    creating.start()
    headers = {"Authorization": f"Bearer {target.key}"}
    looked = requests.get(
        target.url + "/Users", params={"filter": 'userName eq "maya"'}, headers=headers, timeout=10
    )
    assert looked.json()["totalResults"] == 0
    creating.join()
    looked = requests.get(
        target.url + "/Users", params={"filter": 'userName eq "maya"'}, headers=headers, timeout=10
    )
    assert looked.json()["totalResults"] == 1
