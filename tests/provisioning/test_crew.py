"""The threads that carry out a drain's calls, and what they have seen of the target's speed."""

from __future__ import annotations

from math import inf

from app.provisioning.crew import Crew
from app.provisioning.sending import Outcome
from app.provisioning.wire import Gate, Recorder


def test_a_crew_that_had_nothing_to_call_has_no_speed() -> None:
    with Crew(4, Gate(0.0, 1.0), Recorder()) as crew:
        crew.run([], lambda _: Outcome(), lambda: None)
        assert (crew.answered, crew.answers_in_a_second) == (0, inf)
