"""Single people read from a simulated iCIMS, as its events and retries ask for them."""

from __future__ import annotations

import pytest

from app.vendors.icims.simulator.company import FORMER, MANAGER
from tests.vendors.icims.reads import SOURCE, ids


@pytest.mark.parametrize("hint", [{"person": "3"}, {"record": "3"}, {"record": 3}])
def test_a_single_person_is_read(account, hint):
    icims = account(people=5)
    [page] = SOURCE.read_some(icims.context(), [hint])
    assert page.complete and page.watermark is None
    assert ids(page.records) == ["3"]
    assert page.records[0].values["hiring_manager_email"]


@pytest.mark.parametrize("folder", [MANAGER, "C10001", "D32017"])
def test_somebody_in_another_folder_is_gone(account, folder):
    icims = account(people=2)
    icims.simulator.company.change_person(3, {"folder": folder})
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}])
    assert [(r.gone, r.values) for r in page.records] == [(True, {"profile_id": "3"})]


def test_a_deleted_person_is_gone(account):
    icims = account(people=2)
    icims.simulator.company.remove_person(3)
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}, {"person": "2"}])
    assert [(r.values["profile_id"], r.gone) for r in page.records] == [("2", False), ("3", True)]


def test_a_leaver_is_no_employee(account):
    icims = account(people=2)
    icims.simulator.company.terminate(3, "2026-05-31")
    [page] = SOURCE.read_some(icims.context(), [{"person": "3"}])
    [record] = page.records
    assert (record.gone, record.values["is_employee"], record.values["end_date"]) == (
        False,
        "no",
        "2026-05-31",
    )
    assert icims.simulator.company.people[3]["folder"]["id"] == FORMER


def test_hints_that_name_nobody_read_nobody(account):
    icims = account(people=2)
    found = list(SOURCE.read_some(icims.context(), [{"person": "x"}, {}, {"record": "../2"}]))
    assert [(page.records, page.complete) for page in found] == [([], True)]
