"""Notices are kept for 90 days; the last word about what is not over stays."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app import clock
from app.database import writing
from app.notices import forgetting
from app.notices.tables import notice_table
from tests.notices.desk import Desk


def _forget(desk: Desk) -> int:
    with writing() as connection:
        return forgetting.forget_some(connection, desk.tenant.id, clock.now())


def _age(days: float) -> None:
    with writing() as connection:
        connection.execute(update(notice_table).values(at=clock.after(-days * 86_400)))


def test_old_notices_go_with_their_deliveries(desk: Desk) -> None:
    desk.email()
    for state in ("paused", "active", "paused"):
        desk.tell(state)
    desk.tell("active", kind="target.resumed")
    _age(91)
    assert _forget(desk) == 4
    assert desk.notices() == desk.deliveries() == []


def test_younger_ones_stay(desk: Desk) -> None:
    desk.tell("active", kind="target.resumed")
    _age(89)
    assert _forget(desk) == 0


def test_what_is_not_over_is_remembered_and_not_told_twice(desk: Desk) -> None:
    desk.tell("open", kind="circuit.opened")
    _age(400)
    assert _forget(desk) == 0
    assert not desk.tell("open", kind="circuit.opened")


def test_a_word_of_another_family_lets_nothing_be_forgotten(desk: Desk) -> None:
    desk.tell("open", kind="circuit.opened")
    desk.tell("paused")
    _age(400)
    assert _forget(desk) == 0


def test_they_go_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        desk.tell("active", kind="target.resumed", about=f"target:{number}")
    _age(91)
    monkeypatch.setattr(forgetting, "BATCH", 3)
    assert [_forget(desk) for _ in range(4)] == [3, 3, 1, 0]
