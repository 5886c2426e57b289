"""Resets: what everything is read again for, also when a run is under way meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app import clock, directory
from app.database import writing
from app.directory import Actor
from app.sources import catalog, drafts, pins, precedence, suggestions
from app.sources.precedence import field_named
from app.sources.tables import source
from tests.sources.ledger import now, pull

EVE = Actor("admin", "eve@example.com")


def change_a_setting(connection, known):
    draft = drafts.redrafted(catalog.named(connection, known.tenant_id, known.name), {"office": "North"}, {})
    catalog.change(connection, known.tenant_id, draft, "test")


def confirm_a_match(connection, known):
    suggestions.suggest(connection, known.tenant_id, known.id, "9", "nobody", {})
    suggestions.confirm(connection, known, "9", is_same=False, by="test")


def set_a_list(connection, known):
    precedence.put(connection, known.tenant_id, "title", ["source:books"], "test")


def let_a_pin_go(connection, known):
    [ada] = directory.ids_by_work_email(connection, known.tenant_id, "person1@example.com")
    title = field_named("title")
    pins.put(connection, known.tenant_id, ada, title, EVE)
    pins.take_away(connection, known.tenant_id, ada, title, EVE)


def meanwhile(known, deed):
    """Return what does a deed once, after the first page of a run."""
    left = [deed]

    def progress(run):
        if run.staged and left:
            with writing() as connection:
                left.pop()(connection, known)

    return progress


@pytest.mark.parametrize("deed", [change_a_setting, confirm_a_match, set_a_list, let_a_pin_go])
@pytest.mark.parametrize("is_full", [True, False])
def test_a_reset_while_a_run_is_under_way_has_everything_read_again(books, ledger, deed, is_full):
    ledger.hire(1, 2)
    known = books()
    pull(known)
    ledger.put(2, title="Chief")
    assert pull(known, is_full=is_full, progress=meanwhile(known, deed)).state == "finished"
    ledger.reads.clear()
    pull(known)
    pull(known)
    assert ledger.reads == ["whole", "new"]


def test_a_run_that_began_before_a_reset_says_nothing_of_how_much_there_is(books, ledger):
    ledger.hire(1, 2)
    known = books()
    pull(known, progress=meanwhile(known, change_a_setting))
    assert (now(known).watermark, now(known).read_whole_at, now(known).last_total) == (None, None, None)


def test_a_source_that_empties_a_value_is_not_read_whole_for_that(books, ledger):
    ledger.hire(1)
    known = books()
    with writing() as connection:
        set_a_list(connection, known)
    pull(known)
    ledger.put(1, title=None)
    pull(known)
    pull(known)
    assert ledger.reads == ["whole", "new", "new"]


def test_a_reset_of_a_clock_that_was_ahead_is_one_of_the_past(books, ledger):
    ledger.hire(1, 2)
    known = books()
    with writing() as connection:
        connection.execute(update(source).values(reset_at=clock.after(86_400 * 365)))
    pull(known)
    assert now(known).read_whole_at is not None
