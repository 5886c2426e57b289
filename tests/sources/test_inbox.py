"""The inbox of webhook calls: kept once, worked off by runs, tried again, forgotten."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app import clock
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs import tasks
from app.jobs.queue import Queue
from app.jobs.scheduler import Scheduler
from app.sources import catalog, clearing, inbox, life, runs
from app.sources.adapter import Receipt
from app.sources.catalog import Source
from app.sources.inbox import FIRST_WAIT, LONGEST_WAIT, MOST_HINTS, MOST_TRIES, REPEAT_SECONDS, Taken
from app.sources.runs import Run
from app.sources.tables import import_run, source, webhook_delivery
from tests.sources.conftest import MAPPING

_delivery = webhook_delivery
DAY = 86_400.0


@pytest.fixture
def jazz(add_source: Callable[..., Source]) -> Source:
    """Give a source whose kind reads single records."""
    return add_source(
        "jazz",
        "jazzhr",
        None,
        base_url="http://127.0.0.1:9/v1",
        secrets={"api_key": "k", "webhook_secret": "s"},
    )


def receipt(*people: str, number: str | None = None) -> Receipt:
    return Receipt(tuple({"applicant": person} for person in people), number)


def take(known: Source, *people: str, number: str | None = None, body: bytes = b"{}") -> bool:
    with writing() as connection:
        return inbox.take(connection, known, receipt(*people, number=number), body)


def beat(at: str | None = None) -> list[Run]:
    with writing() as connection:
        return inbox.start_waiting(connection, at or clock.now())


def end(run: Run, state: str) -> None:
    """End a run in a state, as the runner, an admin or a guard would."""
    values = {"state": state, "lease_until": None, "finished_at": None if state == "held" else clock.now()}
    with writing() as connection:
        connection.execute(
            update(import_run)
            .where(import_run.c.tenant_id == run.tenant_id, import_run.c.id == run.id)
            .values(**values)
        )


def kept(known: Source) -> list[Taken]:
    with reading() as connection:
        return list(reversed(inbox.recent(connection, known, 1000)))


def only(known: Source) -> Taken:
    [found] = kept(known)
    return found


# --- taking


def test_a_numbered_delivery_is_kept_once_however_often_it_comes(jazz: Source) -> None:
    assert [take(jazz, "a", number="u-1") for _ in range(5)] == [True, False, False, False, False]
    assert (only(jazz).times, only(jazz).state, len(beat())) == (5, "waiting", 1)


def test_a_numbered_delivery_that_was_worked_on_is_not_worked_on_again(jazz: Source) -> None:
    take(jazz, "a", number="u-1")
    [run] = beat()
    end(run, "finished")
    assert beat() == []
    take(jazz, "a", number="u-1")
    assert (beat(clock.after(DAY)), only(jazz).state, only(jazz).times) == ([], "done", 2)


def test_a_body_without_a_number_that_comes_again_later_is_read_again_but_not_at_once(jazz: Source) -> None:
    take(jazz, "a", body=b"the same")
    [run] = beat()
    end(run, "finished")
    beat()
    take(jazz, "a", body=b"the same")
    assert (only(jazz).state, only(jazz).times) == ("waiting", 2)
    assert beat() == []
    assert len(beat(clock.after(REPEAT_SECONDS + 1))) == 1


def test_a_body_that_comes_again_is_read_for_what_its_last_call_pointed_at(jazz: Source) -> None:
    """Headers of a call may have a part in what it points at."""
    take(jazz)
    take(jazz, "a")
    [run] = beat(clock.after(REPEAT_SECONDS + 1))
    assert run.scope == {"hints": [{"applicant": "a"}]}


def test_a_body_that_comes_again_while_it_is_read_is_read_once_more(jazz: Source) -> None:
    take(jazz, "a", body=b"the same")
    [run] = beat()
    take(jazz, "a", body=b"the same")
    end(run, "finished")
    assert len(beat(clock.after(REPEAT_SECONDS + 1))) == 1


def test_a_body_that_comes_again_before_it_is_read_is_read_once(jazz: Source) -> None:
    for _ in range(3):
        take(jazz, "a", body=b"the same")
    [run] = beat()
    end(run, "finished")
    assert beat(clock.after(DAY)) == []
    assert only(jazz).times == 3


def test_a_call_that_points_at_nobody_is_done_at_once(jazz: Source) -> None:
    take(jazz, number="verify")
    assert (only(jazz).state, beat()) == ("done", [])


@pytest.mark.parametrize("number", ["x" * 500, "sha256:" + "0" * 64, "refused:401", "a\tb"])
def test_a_number_that_is_too_long_or_looks_like_ours_is_kept_as_a_digest(jazz: Source, number: str) -> None:
    assert [take(jazz, "a", number=number) for _ in range(2)] == [True, False]
    assert only(jazz).delivery_id.startswith("id:")
    with reading() as connection:
        assert inbox.refusals(connection, jazz) == []


def test_nothing_of_a_body_is_kept(jazz: Source) -> None:
    take(jazz, "a", body=b'{"ssn":"078-05-1120"}')
    with reading() as connection:
        [row] = connection.execute(select(_delivery)).all()
    assert "078-05" not in str(tuple(row))


# --- working off


def test_what_waits_becomes_one_run_of_the_distinct_hints(jazz: Source) -> None:
    for number, people in enumerate((("a", "b"), ("b",), ("c",))):
        take(jazz, *people, number=str(number))
    [run] = beat()
    assert (run.trigger, run.requested_by, run.is_partial) == ("webhook", inbox.BY, True)
    assert run.scope is not None
    assert sorted(hint["applicant"] for hint in run.scope["hints"]) == ["a", "b", "c"]
    assert {(each.state, each.run_id, each.tries) for each in kept(jazz)} == {("taken", run.id, 1)}
    end(run, "finished")
    assert (beat(), {each.state for each in kept(jazz)}) == ([], {"done"})


def test_deliveries_wait_while_an_import_is_under_way(jazz: Source) -> None:
    with writing() as connection:
        pull = runs.start(connection, jazz, dry_run=False, requested_by="system:test").run
    take(jazz, "a", number="u-1")
    assert (beat(), only(jazz).state) == ([], "waiting")
    end(pull, "finished")
    assert len(beat()) == 1


def test_a_kind_that_reads_no_single_records_reads_what_is_new(
    add_source: Callable[..., Source], write: Callable[..., Path]
) -> None:
    write("1,Ada,L,ada@example.com,,Active")
    hr = add_source(mapping=MAPPING)
    take(hr, "a", number="u-1")
    [run] = beat()
    assert (run.trigger, run.scope) == ("webhook", None)


def test_a_paused_source_is_read_all_the_same(jazz: Source) -> None:
    with writing() as connection:
        life.pause(connection, jazz, "test")
    take(jazz, "a", number="u-1")
    assert len(beat()) == 1


def test_more_hints_than_one_run_takes_are_left_to_the_next(jazz: Source) -> None:
    for block in range(3):
        take(jazz, *(f"{block}-{n}" for n in range(MOST_HINTS // 2)), number=str(block))
    [first] = beat()
    assert first.scope is not None
    assert len(first.scope["hints"]) == MOST_HINTS
    end(first, "finished")
    [second] = beat()
    assert second.scope is not None
    assert len(second.scope["hints"]) == MOST_HINTS // 2


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_deliveries_of_a_run_that_did_not_finish_wait_longer_each_time_and_are_given_up_in_the_end(
    jazz: Source, state: str
) -> None:
    take(jazz, "a", number="u-1")
    at = clock.now()
    for tried in range(1, MOST_TRIES):
        [run] = beat(at)
        end(run, state)
        assert beat(at) == []
        assert (only(jazz).state, only(jazz).tries) == ("waiting", tried)
        due_at = clock.after(min(FIRST_WAIT * 2 ** (tried - 1), LONGEST_WAIT), since=at)
        assert only(jazz).due_at == due_at
        assert beat(clock.after(-1, since=due_at)) == []
        at = due_at
    [run] = beat(at)
    end(run, state)
    assert (beat(clock.after(DAY)), only(jazz).state, only(jazz).tries) == ([], "done", MOST_TRIES)


def test_what_was_given_up_is_tried_again_when_it_is_sent_again(jazz: Source) -> None:
    take(jazz, "a", number="u-1")
    with writing() as connection:
        connection.execute(
            update(_delivery)
            .where(_delivery.c.tenant_id == jazz.tenant_id)
            .values(state="done", tries=MOST_TRIES, due_at=None)
        )
    take(jazz, "a", number="u-1")
    assert len(beat(clock.after(REPEAT_SECONDS + 1))) == 1


def test_a_run_that_waits_for_approval_keeps_its_deliveries_until_somebody_has_decided(jazz: Source) -> None:
    take(jazz, "a", number="u-1")
    [run] = beat()
    end(run, "held")
    assert (beat(), only(jazz).state) == ([], "taken")
    end(run, "cancelled")
    later = clock.after(2 * inbox.HELD_SECONDS)
    assert (beat(later), only(jazz).state) == ([], "waiting")
    assert len(beat(clock.after(DAY))) == 1


def test_a_source_whose_credentials_were_taken_back_is_tried_again_later(jazz: Source) -> None:
    take(jazz, "a", number="u-1")
    with writing() as connection:
        catalog.keep_secrets(connection, jazz, {"api_key": ""})
    assert (beat(), only(jazz).state, only(jazz).tries) == ([], "waiting", 1)
    with writing() as connection:
        catalog.keep_secrets(connection, jazz, {"api_key": "k"})
    assert len(beat(clock.after(FIRST_WAIT + 1))) == 1


@pytest.mark.parametrize(
    "broken", [{"secrets": b"sealed with another key"}, {"kind": "not-installed"}, {"schedule": "soon"}]
)
def test_a_source_that_cannot_be_used_keeps_no_other_one_waiting_and_loses_no_delivery(
    jazz: Source, add_source: Callable[..., Source], broken: dict[str, Any]
) -> None:
    other = add_source("other", "jazzhr", None, base_url="http://127.0.0.1:9/v1", secrets={"api_key": "k"})
    whole = {"secrets": _column(jazz, "secrets"), "kind": jazz.kind, "schedule": str(jazz.schedule)}
    take(jazz, "a", number="u-1")
    take(other, "b", number="u-2")
    _break(jazz, broken)
    assert [run.source_id for run in beat()] == [other.id]
    _break(jazz, whole)
    assert beat(clock.after(LONGEST_WAIT - 60)) == []
    assert (only(jazz).state, only(jazz).tries) == ("waiting", 0)
    assert [run.source_id for run in beat(clock.after(LONGEST_WAIT + 60))] == [jazz.id]


def _column(known: Source, name: str) -> Any:
    where = (source.c.tenant_id == known.tenant_id, source.c.id == known.id)
    with reading() as connection:
        return connection.scalar(select(source.c[name]).where(*where))


def _break(known: Source, values: dict[str, Any]) -> None:
    with writing() as connection:
        catalog.write(connection, known, **values)


def test_disconnecting_forgets_what_waits(jazz: Source) -> None:
    take(jazz, "a", number="u-1")
    with writing() as connection:
        life.disconnect(connection, jazz, "test")
    assert (beat(clock.after(DAY)), only(jazz).state) == ([], "done")


def test_a_delivery_of_a_source_that_was_removed_meanwhile_is_forgotten(jazz: Source, tenant: Tenant) -> None:
    with writing() as connection:
        catalog.remove(connection, tenant.id, jazz.name, "test")
    take(jazz, "a", number="u-1")
    assert (beat(), kept(jazz)) == ([], [])


def test_a_beat_of_the_scheduler_starts_what_waits_and_wakes_a_worker(
    app: Flask, jazz: Source, tmp_path: Path
) -> None:
    from app.jobs.queue import queue_of

    queue: Queue = queue_of(app.extensions["rollcall.settings"])
    scheduler = Scheduler(queue, tasks.join(app, queue))
    take(jazz, "a", number="u-1")
    scheduler.beat()
    assert only(jazz).state == "taken"
    assert [task.name for task in queue.pending()] == ["import_run"]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_each_delivery_is_read_to_its_end_and_a_numbered_one_once(
    jazz: Source, seed: int
) -> None:
    chance = random.Random(seed)
    at, open_runs, finished = clock.now(), [], []
    for step in range(60):
        act = chance.choice(["take", "take", "again", "beat", "beat", "end"])
        if act == "take":
            take(jazz, f"p{step}", number=f"u{step}")
        elif act == "again":
            take(jazz, f"p{step}", number=f"u{chance.randrange(step + 1)}")
        elif act == "beat":
            at = clock.after(chance.choice([1, 90, 4000]), since=at)
            open_runs += beat(at)
        elif open_runs:
            run, state = open_runs.pop(), chance.choice(["finished", "failed", "cancelled"])
            end(run, state)
            finished += [run] if state == "finished" else []
    for _ in range(40):
        for run in open_runs:
            end(run, "finished")
            finished.append(run)
        at = clock.after(4000, since=at)
        open_runs = beat(at)
    assert {each.state for each in kept(jazz)} == {"done"}
    ended = {run.id for run in finished}
    assert all(each.run_id in ended or each.tries == MOST_TRIES for each in kept(jazz))
    read = [hint["applicant"] for run in finished for hint in (run.scope or {"hints": []})["hints"]]
    assert len(read) == len(set(read))


# --- showing and forgetting


def test_refusals_are_counted_in_one_row_for_each_status(jazz: Source) -> None:
    for number in range(3):
        with writing() as connection:
            inbox.note_refusal(connection, jazz, 401, f"reason {number}")
    with writing() as connection:
        inbox.note_refusal(connection, jazz, 400, "not JSON")
    with reading() as connection:
        found = {each.status: (each.times, each.reason) for each in inbox.refusals(connection, jazz)}
    assert found == {401: (3, "reason 2"), 400: (1, "not JSON")}
    assert (kept(jazz), beat()) == ([], [])


def test_deliveries_are_forgotten_after_30_days_but_not_those_that_wait(jazz: Source, tenant: Tenant) -> None:
    take(jazz, number="done")
    take(jazz, "a", number="waits")
    with writing() as connection:
        assert clearing.forget_some(connection, tenant.id, clock.after(29 * DAY)) == 0
        assert clearing.forget_some(connection, tenant.id, clock.after(31 * DAY)) == 1
        assert clearing.forget_some(connection, tenant.id, clock.after(31 * DAY)) == 0
    assert only(jazz).delivery_id == "waits"


class _Row:
    def __init__(self, hints: list[dict[str, Any]]) -> None:
        self.hints = hints


@given(st.lists(st.lists(st.integers(0, 700), max_size=600, unique=True), max_size=6))
def test_a_run_takes_whole_deliveries_from_the_oldest_on_and_each_hint_once(people: list[list[int]]) -> None:
    rows: Any = [_Row([{"person": each} for each in hints]) for hints in people]
    chosen, hints = inbox._batch(rows)
    assert chosen == rows[: len(chosen)]
    assert bool(chosen) == bool(rows)
    found = [hint["person"] for hint in hints]
    assert sorted(found) == sorted({hint["person"] for row in chosen for hint in row.hints})
    assert len(found) <= MOST_HINTS or len([row for row in chosen if row.hints]) == 1
