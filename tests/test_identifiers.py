"""Identifiers that the outside sees."""

from __future__ import annotations

import time
import uuid

from app.identifiers import new_id


def test_an_id_is_a_uuid_of_version_7_that_carries_the_present_time() -> None:
    before = time.time_ns() // 1_000_000
    parsed = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert before <= parsed.int >> 80 <= after


def test_ids_sort_in_the_order_in_which_they_were_made_within_a_millisecond_too() -> None:
    ids = []
    for _ in range(2000):
        started = time.perf_counter_ns()
        ids.append(new_id())
        while time.perf_counter_ns() - started < 2_000:  # an employee takes longer than that to be written
            pass
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
