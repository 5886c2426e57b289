"""How often vendors are called: rates that may be set, and waits that hold no thread."""

from __future__ import annotations

import pytest

from app.sources import drafts
from app.sources.calling import SLOWEST, Pace
from app.sources.errors import WrongSource

KINDS = [
    ("bamboohr", "calls_per_second", {"subdomain": "acme"}),
    ("icims", "calls_per_minute", {"customer_id": "1"}),
    ("intellihr", "calls_per_second", {"subdomain": "acme"}),
    ("jazzhr", "calls_per_minute", {}),
    ("smartrecruiters", "calls_per_second", {}),
]


@pytest.mark.parametrize(("kind", "setting", "needed"), KINDS)
@pytest.mark.parametrize("rate", ["0.0000001", "0.09", "-1", "1e9", "inf", "nan", "many"])
def test_a_rate_that_would_hold_a_thread_for_years_is_refused(
    kind: str, setting: str, needed: dict[str, str], rate: str
) -> None:
    with pytest.raises(WrongSource, match=rf"^{setting}='{rate}' .* from 0.1 up, or 0 for no limit"):
        drafts.drafted(kind, "hr", {**needed, setting: rate}, {})


@pytest.mark.parametrize(("kind", "setting", "needed"), KINDS)
@pytest.mark.parametrize("rate", ["0", "0.1", "7.5", "300"])
def test_a_rate_may_be_slow_or_without_a_limit(
    kind: str, setting: str, needed: dict[str, str], rate: str
) -> None:
    assert drafts.drafted(kind, "hr", {**needed, setting: rate}, {}).settings[setting] == rate


def test_a_rate_that_was_kept_before_it_was_refused_is_taken_for_the_slowest_one() -> None:
    pace = Pace(0.0000001, seconds=1.0, clock=lambda: 0.0)
    assert [pace.wait(), pace.wait()] == [0.0, 1 / SLOWEST]
