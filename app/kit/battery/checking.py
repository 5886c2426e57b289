"""What a look at the connection says, when all is well and when it is not."""

from __future__ import annotations

from dataclasses import replace

from app.kit.battery.contract import CHECKS, require
from app.kit.stage import Stage
from app.sources.adapter import SourceContext
from app.sources.records import Check


class Checking:
    """Tests of ``check``."""

    def test_a_good_connection_passes_every_needed_check(self, rollcall_stage: Stage) -> None:
        """The findings of a connection that works."""
        rollcall_stage.world.hire()
        found = _found(rollcall_stage, rollcall_stage.context())
        failed = [check.message for check in found if check.needed and not check.ok]
        require(
            not failed,
            f"A good connection fails: {'; '.join(failed)}",
            "only what keeps people from being imported is needed=True and not ok",
            CHECKS,
        )

    def test_a_wrong_key_is_a_finding_and_no_error(self, rollcall_stage: Stage) -> None:
        """Refused credentials: at least one needed finding that is not ok."""
        stage = rollcall_stage
        found = _found(stage, replace(stage.context(), secrets=stage.wrong_secrets))
        _require_a_failure(found, "with credentials that the vendor refuses")

    def test_a_vendor_that_is_away_is_a_finding_and_no_error(self, rollcall_stage: Stage) -> None:
        """Nobody listens at the address."""
        context = rollcall_stage.context()
        rollcall_stage.server.stop()
        _require_a_failure(_found(rollcall_stage, context), "with nobody at the vendor's address")

    def test_a_vendor_that_is_broken_is_a_finding_and_no_error(self, rollcall_stage: Stage) -> None:
        """It answers with errors, with a web page, with half an answer."""
        context = rollcall_stage.context()
        for faults in ("500", "html", "404", "half-body"):
            rollcall_stage.server.plan_faults(faults)
            _require_a_failure(_found(rollcall_stage, context), f"with a vendor that answers: {faults}")


def _found(stage: Stage, context: SourceContext) -> list[Check]:
    """Return the findings; each has a name of its own and a sentence."""
    try:
        found = stage.adapter.check(context)
    except Exception as error:
        raise AssertionError(
            f"check() raised {type(error).__name__}: {error}\n"
            f"  The contract: it never raises for a source that does not answer (docs/adapters.md, “{CHECKS}”)"
        ) from error
    names = [check.name for check in found]
    require(
        found and len(names) == len(set(names)) and all(names),
        f"The findings are named: {', '.join(names) or 'there is none'}.",
        "at least one finding, each with a name of its own",
        CHECKS,
    )
    for check in found:
        require(
            len(check.message.split()) > 1 and "\n" not in check.message and "Traceback" not in check.message,
            f"The finding {check.name!r} says {check.message!r}.",
            "a finding is a plain sentence; when it is not ok: what is lost, and where that is mended",
            CHECKS,
        )
    return found


def _require_a_failure(found: list[Check], how: str) -> None:
    require(
        any(check.needed and not check.ok for check in found),
        f"All is well, say the findings {how}.",
        "a connection that cannot be read has a needed finding that is not ok",
        CHECKS,
    )
