"""The same random requests to Rollcall and to scim2-server: nothing differs but what a text decides (scim.md §3)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.referees.differential.accepted import ACCEPTED, Accepted, accepted
from tests.referees.differential.exchange import Step
from tests.referees.differential.hunt import hunted
from tests.referees.differential.play import played
from tests.referees.differential.sequences import sequence
from tests.referees.differential.servers import Rollcall, Scim2Server

SEED = 7643
#: Sequences per database; PostgreSQL is there for what SQL may answer differently, and costs more.
SEQUENCES = {"sqlite": 2_000, "postgresql": 300}


@pytest.fixture(scope="module")
def peer() -> Scim2Server:
    return Scim2Server()


@pytest.mark.timeout(600)
def test_random_requests_are_answered_as_scim2_server_answers_them(app: Flask, peer: Scim2Server) -> None:
    number = SEQUENCES[app.extensions["rollcall.settings"].database_url.partition(":")[0].partition("+")[0]]
    hunt = hunted(Rollcall(app), peer, SEED, number)
    print(f"seed {SEED}: {hunt}")
    assert not hunt.found, "\n\n".join(map(str, hunt.found))
    assert hunt.sequences == number and hunt.requests > 4 * number


@pytest.mark.parametrize("kind", ACCEPTED, ids=lambda kind: kind.name)
def test_an_accepted_difference_still_occurs(kind: Accepted, app: Flask, peer: Scim2Server) -> None:
    found = list(played(kind.example, Rollcall(app), peer))
    assert [accepted(difference) for difference in found] == [kind] * max(len(found), 1), "\n".join(
        map(str, found)
    )


def test_every_accepted_difference_names_the_text_that_decides_it() -> None:
    assert [kind.name for kind in ACCEPTED if not kind.decided_by.startswith(("RFC ", "scim.md"))] == []


def test_a_sequence_is_the_same_every_time() -> None:
    assert sequence(SEED, 3) == sequence(SEED, 3) != sequence(SEED, 4)


def test_almost_no_sequence_comes_twice() -> None:
    drawn = {str(list(map(str, sequence(SEED, number)))) for number in range(500)}
    assert len(drawn) > 490


def test_a_difference_that_nobody_judged_is_found_and_shortened(app: Flask, peer: Scim2Server) -> None:
    class Forgetful(Rollcall):
        """Loses every title."""

        def send(self, step: Step):
            answer = super().send(step)
            if isinstance(answer.body, dict):
                answer.body.pop("title", None)
            return answer

    hunt = hunted(Forgetful(app), peer, SEED, 40)
    assert hunt.found
    assert all(len(report.steps) <= 3 and "title" in str(report) for report in hunt.found)
