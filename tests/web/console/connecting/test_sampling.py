"""Samples: read in the background, shown as they come, kept no longer than needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.sources.catalog import Source
from app.web.console.connecting import sampling
from tests.harness.facts import wait_until
from tests.web.console.connecting.person import Person


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages wait for nobody."""
    monkeypatch.setattr(sampling, "FIRST_WAIT", 0.0)


def test_a_page_does_not_wait_for_a_slow_vendor(impatient: None, jazz_draft: Callable[..., Person]) -> None:
    admin = jazz_draft(2, faults="no-limit;slow:ms=400").follow("Continue")
    assert "JazzHR is being read" in admin.text
    live = [told for tag, told in admin.page.elements if "data-live" in told]
    assert [(told["id"], told["data-live"]) for told in live] == [("readings", admin.path)]
    wait_until(lambda: admin.go(admin.path).page.rows("dates") != [], "the sample is there", 30)
    assert not [told for tag, told in admin.page.elements if "data-live" in told]


def test_people_come_one_after_the_other_on_the_review(
    impatient: None, jazz_draft: Callable[..., Person]
) -> None:
    admin = jazz_draft(2, faults="no-limit;slow:ms=400").press("Use the presets and review")
    live = [told["data-live"] for tag, told in admin.page.elements if told.get("id") == "people"]
    assert live == [f"{admin.path}?part=people&show="]
    assert "More people are being read" in admin.text
    part = admin.browser.get(live[0])
    assert 'id="people"' in part.text
    assert "<html" not in part.text
    wait_until(lambda: len(admin.go(admin.path).page.rows("people")) == 2, "the people are there", 30)


def test_a_vendor_is_read_once_for_all_steps(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source]
) -> None:
    admin = jazz_draft(2).follow("Continue").press("Continue")
    first = sampling.sample_of(the_source()).records
    admin.press("Store and review")
    assert sampling.sample_of(the_source()).records[0] is first[0]
    sampling.read_anew(the_source())
    assert sampling.sample_of(the_source()).records[0] is not first[0]


def test_other_credentials_and_age_make_a_sample_stale(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = jazz_draft(2)
    first = sampling.sample_of(the_source()).records[0]
    admin.fill(set_retry_seconds="0.5").press("Store and check")
    second = sampling.sample_of(the_source()).records[0]
    assert second is not first
    monkeypatch.setattr(sampling, "GOOD_FOR", 0.0)
    assert sampling.sample_of(the_source()).records[0] is not second


def test_a_sample_is_never_larger_than_a_page_shows(
    jazz_draft: Callable[..., Person], the_source: Callable[[], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST", 3)
    admin = jazz_draft(6).press("Use the presets and review")
    assert "Person by person: the first 3" in admin.text
    assert sampling.sample_of(the_source()).is_done
