"""Write-back after refused credentials: it goes on by itself once new ones were saved and have proven good."""

from __future__ import annotations

import pytest

from app.sources import checking, runner
from tests.exporting.conftest import BY
from tests.exporting.test_write_back import FREYA

NEW = "another-key-of-icims"


@pytest.fixture
def refused(export):
    """Give an export whose credentials iCIMS has just refused, with a change that waits."""
    made = export()
    made.switch_on()
    made.icims.rotate(NEW)
    made.say(FREYA, name={"givenName": "Fria"})
    made.push()
    assert made.target.state == "paused"
    made.icims.log.clear()
    return made


def check(made):
    return checking.checked(made.source, runner.context_of(made.source), BY)


def test_the_way_out_that_is_told_is_the_source_s(refused):
    assert "refused our credentials" in refused.target.pause_reason
    assert "rollcall source set icims --secret" in refused.target.pause_reason


@pytest.mark.parametrize("proof", ["a check", "an import"])
def test_saved_and_found_good_it_goes_on_and_sends_what_waited(refused, proof):
    refused.give(secret=NEW)
    assert refused.target.state == "paused"
    assert "rollcall source check icims" in refused.target.pause_reason
    if proof == "a check":
        check(refused)
    else:
        refused.pull()
    assert (refused.target.state, refused.target.pause_reason) == ("active", None)
    refused.push()
    assert refused.patches() == [(FREYA, {"firstname": "Fria"})]


def test_saved_only_it_waits(refused):
    refused.give(secret=NEW)
    refused.push()
    assert (refused.target.state, refused.patches()) == ("paused", [])


def test_found_bad_it_waits(refused):
    refused.give(secret="mistyped-key")
    assert not all(each.ok for each in check(refused))
    assert refused.target.state == "paused"
    refused.give(secret=NEW)
    check(refused)
    assert refused.target.state == "active"


def test_a_check_of_what_was_refused_changes_nothing(refused):
    before = refused.target
    refused.icims.rotate("simulator-key")
    check(refused)
    assert refused.target == before


def test_what_is_found_good_while_something_else_is_saved_proves_nothing(refused):
    refused.give(secret=NEW)
    looked_at = refused.source
    refused.give(secret="mistyped-key")
    checking.checked(looked_at, runner.context_of(looked_at), BY)
    assert refused.target.state == "paused"


def test_an_export_that_somebody_has_switched_off_stays_off(export):
    made = export()
    made.switch_on()
    made.switch_off()
    made.icims.rotate(NEW)
    made.give(secret=NEW)
    check(made)
    made.pull()
    assert made.target.state == "paused"
    assert "switched off" in made.target.pause_reason


def test_an_export_that_is_refused_again_waits_again(refused):
    refused.give(secret=NEW)
    check(refused)
    refused.icims.rotate("a-third-key-of-icims")
    refused.push_later()
    assert "refused our credentials" in refused.target.pause_reason
