"""What imports make of the adapter: people added, changed, gone, and left alone when something is wrong."""

from __future__ import annotations

from app.kit.battery.contract import IMPORTS, require
from app.kit.stage import Stage
from app.sources.runs import Run

_MOST_CALLS_WITH_A_REFUSED_KEY = 3


class Importing:
    """Tests of whole import runs."""

    def test_an_import_adds_everybody_once(self, rollcall_stage: Stage) -> None:
        """And a second one changes nobody."""
        stage = rollcall_stage
        hired = stage.hire()
        _require_counts(stage, stage.pull(), added=len(hired))
        _require_counts(stage, stage.pull(is_full=True), skipped=len(hired))

    def test_a_change_updates_its_person_and_nobody_else(self, rollcall_stage: Stage) -> None:
        """By the next import, whatever that reads."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.pull()
        before = stage.employee_of(hired[0])
        stage.world.change(hired[0])
        run = stage.pull()
        require(
            (run.counts.added, run.counts.updated, run.counts.errored) == (0, 1, 0)
            and stage.employee_of(hired[0]) != before,
            f"After one change at the vendor the counters are {run.counts.as_dict()}.",
            "one person is updated (World.change changes something that the mapping takes over)",
            IMPORTS,
        )

    def test_a_record_that_is_removed_leaves_its_person_alone(self, rollcall_stage: Stage) -> None:
        """A deletion at the vendor is never one here."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.pull()
        stage.world.remove(hired[0])
        run = stage.pull(is_full=True)
        deleted = 1 if stage.adapter.lists_everyone else run.counts.deleted
        require(
            (run.state, run.counts.deleted) == ("finished", deleted) and deleted <= 1,
            f"One record was removed; the run is {run.state}, its counters are {run.counts.as_dict()}.",
            "with lists_everyone=True a whole read tells who is gone, by not naming them",
            IMPORTS,
        )
        employee = stage.employee_of(hired[0])
        require(
            employee is not None and employee["active"],
            "The person of the removed record was suspended or deleted.",
            "who is gone at a source stays in the directory as they are",
            IMPORTS,
        )

    def test_who_leaves_is_set_inactive(self, rollcall_stage: Stage) -> None:
        """Where the vendor tells leavers (World.leave)."""
        stage = rollcall_stage
        if stage.world.leave is None:
            return
        hired = stage.hire()
        stage.pull()
        stage.world.leave(hired[0])
        stage.pull()
        employee = stage.employee_of(hired[0])
        require(
            employee is not None and not employee["active"] and _active(stage) == len(hired) - 1,
            "Somebody has left at the vendor and is not the one who is inactive here.",
            "the default mapping sets `active` from what the vendor says of leavers",
            IMPORTS,
        )

    def test_a_read_that_breaks_off_suspends_nobody(self, rollcall_stage: Stage) -> None:
        """Even when everybody seems to have left in what was read."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.pull()
        stage.world.remove(hired[-1])
        if stage.world.leave is not None:
            for record_id in hired[:-1]:
                stage.world.leave(record_id)
        stage.server.plan_faults(f"503:after={stage.calls_of_first_page()}")
        run = stage.pull(is_full=True)
        require(
            (run.state, run.complete, run.counts.deleted) == ("failed", False, 0),
            f"The vendor failed behind the first page; the run is {run.state}: {run.counts.as_dict()}.",
            "a read that does not come to its end raises IncompleteRead, and never marks a page complete",
            IMPORTS,
        )
        require(
            _active(stage) == len(hired),
            f"{len(hired) - _active(stage)} people were suspended after an incomplete read.",
            "an incomplete read suspends nobody",
            IMPORTS,
        )
        _require_plain(run)

    def test_a_vendor_that_is_away_fails_the_run_and_changes_nobody(self, rollcall_stage: Stage) -> None:
        """Nobody listens at its address."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.pull()
        stage.server.stop()
        run = stage.pull(is_full=True)
        require(
            run.state == "failed" and _active(stage) == len(hired) and run.counts.deleted == 0,
            f"The vendor was away; the run is {run.state}: {run.counts.as_dict()}.",
            "a source that cannot be read changes nobody",
            IMPORTS,
        )
        _require_plain(run)

    def test_refused_credentials_are_one_plain_message(self, rollcall_stage: Stage) -> None:
        """Said once, tried once."""
        stage = rollcall_stage
        stage.hire()
        known = stage.refused_source
        stage.server.forget_calls()
        run = stage.pull(known)
        require(
            run.state == "failed" and run.counts.total == 0,
            f"With refused credentials the run is {run.state}: {run.counts.as_dict()}.",
            "read() raises SourceUnavailable when the credentials are refused (401, 403)",
            IMPORTS,
        )
        _require_plain(run)
        require(
            "rollcall source set" in (run.message or ""),
            f"The message is: {run.message}",
            "the message says where credentials are mended: rollcall source set NAME --secret …",
            IMPORTS,
        )
        calls = len(stage.server.calls())
        require(
            calls <= _MOST_CALLS_WITH_A_REFUSED_KEY,
            f"The vendor was called {calls} times with credentials that it refuses.",
            "a refused key is not tried again: vendors lock accounts for that",
            IMPORTS,
        )

    def test_a_key_that_expires_midway_suspends_nobody(self, rollcall_stage: Stage) -> None:
        """The vendor refuses it behind the first page."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.pull()
        stage.world.remove(hired[-1])
        stage.server.plan_faults(f"401:after={stage.calls_of_first_page()}")
        run = stage.pull(is_full=True)
        require(
            run.state == "failed" and run.counts.deleted == 0 and _active(stage) == len(hired),
            f"The key expired behind the first page; the run is {run.state}: {run.counts.as_dict()}.",
            "a read that does not come to its end raises, and suspends nobody",
            IMPORTS,
        )
        _require_plain(run)


def _active(stage: Stage) -> int:
    return sum(bool(employee.get("active")) for employee in stage.employees())


def _require_counts(stage: Stage, run: Run, **wanted: int) -> None:
    counted = {name: number for name, number in run.counts.as_dict().items() if number and name != "total"}
    said = "; ".join(stage.said_of(run)[:4])
    require(
        run.state == "finished" and counted == wanted,
        f"The run is {run.state}, its counters are {counted} instead of {wanted}. {said}",
        "an import adds everybody once; one that brings the same again skips everybody",
        IMPORTS,
    )


def _require_plain(run: Run) -> None:
    said = run.message or ""
    require(
        len(said.split()) > 3 and "\n" not in said and "unexpected" not in said,
        f"The run says: {said!r}.",
        "what goes wrong is raised as SourceUnavailable or IncompleteRead, with one plain sentence for people",
        IMPORTS,
    )
