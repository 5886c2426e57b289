"""From a vendor's call to the person while each call of the database fails once: nothing is lost or done twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from app import clock, directory
from app.database import reading, writing
from app.simulation import serve as serve_simulator
from app.sources import drafts, inbox, runner, runs
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator, signature
from tests.harness.connecting import connect
from tests.harness.later import Later, clock_ahead
from tests.harness.sweep import Place, sweep
from tests.harness.trials import HOURS, disagreements, organisation

SECRET = "test-secret-not-real"


@pytest.fixture
def later(app: Flask) -> Iterator[Later]:
    """Give the product's clock, to be put forward."""
    with clock_ahead() as ahead:
        yield ahead


@pytest.fixture
def jazzhr() -> Iterator[tuple[JazzHRSimulator, str]]:
    """Give an account and its address."""
    simulator = JazzHRSimulator(people=1, faults="no-limit")
    with serve_simulator(simulator) as server:
        yield simulator, server.url + BASE


class Trial:
    """One export of one hire to an organisation of its own: called, worked off, settled."""

    def __init__(self, app: Flask, later: Later, jazzhr: tuple[JazzHRSimulator, str]) -> None:
        self._app, self._later = app, later
        simulator, url = jazzhr
        self.tenant = organisation()
        given = {"base_url": url, "calls_per_minute": "0", "retry_seconds": "0.001"}
        secrets = {"api_key": DEFAULT_KEY, "webhook_secret": SECRET}
        with writing() as connection:
            draft = drafts.drafted("jazzhr", "jazz", given, secrets)
            self.source = connect(connection, self.tenant.id, draft)
        [hire] = simulator.company.hires.values()
        self._body = json.dumps({"candidate": {"person": {"id": {"value": hire["applicant_id"]}}}}).encode()
        self._is_acknowledged = False

    def act(self) -> None:
        """Call, as the vendor does, and do what scheduler and worker do then."""
        self._call()
        self._work_off()

    def mend(self) -> None:
        """Send again what was not acknowledged, and let hours pass: beats go on, and leases of the dead end."""
        if not self._is_acknowledged:
            self._call()
        for _ in range(3):
            self._later.by(HOURS)
            self._work_off()

    def _call(self) -> None:
        headers = {"X-JazzHR-Signature": signature(SECRET, self._body), "X-JazzHR-UUID": str(uuid.uuid4())}
        place = f"/api/jazzhr/webhook/{self.tenant.public_id}"
        answer = self._app.test_client().post(place, data=self._body, headers=headers)
        self._is_acknowledged = answer.status_code == 200

    def _work_off(self) -> None:
        with writing() as connection:
            inbox.start_waiting(connection, clock.now())
        with reading() as connection:
            waiting = runs.due(connection)
        for tenant_id, run_id in waiting:
            runner.work(tenant_id, run_id)
        with writing() as connection:
            inbox.start_waiting(connection, clock.now())

    def faults(self) -> list[str]:
        """Return what is wrong: the delivery, the people, the runs, and whatever does not agree."""
        with reading() as connection:
            kept = inbox.recent(connection, self.source)
            found = runs.listed(connection, self.tenant.id)
            people = len(list(directory.iterate_ids(connection, self.tenant.id, None, 10)))
        wrong = []
        if not self._is_acknowledged or [each.state for each in kept] != ["done"]:
            wrong.append(f"deliveries: {kept}")
        # What could not be answered is sent again, and may be read again: nobody is added or changed by that.
        changed = [(run.state, run.counts.added, run.counts.updated) for run in reversed(found)]
        if people != 1 or changed[:1] != [("finished", 1, 0)] or {*changed[1:]} - {("finished", 0, 0)}:
            wrong.append(f"people: {people}, runs: {[(run.state, run.message) for run in found]}")
        return wrong + disagreements(self.tenant)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [False, True], ids=["fails", "kills"])
@pytest.mark.parametrize("place", [Place.STATEMENT, Place.COMMIT, Place.COMMIT_DONE])
def test_a_call_that_fails_loses_no_delivery_and_works_none_twice(
    app: Flask, later: Later, jazzhr: tuple[JazzHRSimulator, str], place: Place, kills: bool
) -> None:
    struck = 0
    for fault in sweep(place, kills=kills):
        trial = Trial(app, later, jazzhr)
        with fault:
            trial.act()
        trial.mend()
        assert trial.faults() == [], f"{fault} ({fault.raised})"
        struck += fault.has_struck
    assert struck > 5
