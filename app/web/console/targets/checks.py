"""The named checks of a target: is it reached, does it take the key, can people be read, what can it do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import render_template

from app.access.roles import ADMIN
from app.database import writing
from app.outbound import OutboundError
from app.provisioning import connections, probing, targets
from app.provisioning.errors import TargetError, Unauthorised, from_outbound
from app.provisioning.probing import Finding, Proposal, Report
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import known, plain, target_of
from app.web.console.targets.kinds import kind_named
from app.web.console.wording import Word

OK = Word("OK", "", "success")
FAILED = Word("Failed", "", "danger")
NOT_ASKED = Word("Not asked", "", "secondary")
_WORDS = {
    "ok": OK,
    "note": Word("Note", "", "info"),
    "warning": Word("Warning", "", "warning"),
    "unknown": Word("Unknown", "", "secondary"),
}
#: Findings that are said otherwise here, where nothing is wrong.
_SAID = {"lookup": "People are found there by their work e-mail."}
REACH, SIGN_IN, READ = "It is reached", "It takes the key", "People can be read"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, how it went, and a sentence about it."""

    name: str
    word: Word
    says: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of the checks: the ones that must pass, what else was found out, and what would suit it better."""

    checks: tuple[Check, ...]
    found: tuple[Check, ...] = ()
    proposal: Proposal | None = None
    options: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it can be used."""
        return all(check.word is OK for check in self.checks)


@blueprint.shows("/targets/<number:target_id>/checks", ADMIN)
def check_target(target_id: int) -> str:
    """Ask the target what it can, with requests that only read, and show it; every visit asks again."""
    target = known(target_id)
    done = checked(target)
    return render_template(
        "console/targets/checks.html", target=target, kind=kind_named(target.kind), checked=done
    )


def checked(target: Target) -> Checked:
    """Ask a target, and keep what it says about itself."""
    try:
        with connections.open_session(target) as session:
            report = probing.probe(target.adapter, session)
    except (OutboundError, TargetError) as error:
        return _failed(from_outbound(error) if isinstance(error, OutboundError) else error)
    with writing() as connection:
        targets.keep_capabilities(connection, target_of(connection, target.id), report.capabilities)
    return _passed(target, report)


def _failed(error: TargetError) -> Checked:
    if isinstance(error, Unauthorised):
        refused = Check(SIGN_IN, FAILED, error.message)
        return Checked((Check(REACH, OK), refused, Check(READ, NOT_ASKED)))
    return Checked((Check(REACH, FAILED, error.message), Check(SIGN_IN, NOT_ASKED), Check(READ, NOT_ASKED)))


def _passed(target: Target, report: Report) -> Checked:
    found = [_found(each) for each in report.findings]
    listed = [check for check in found if check.name == "list"]
    trouble = [check for check in listed if check.word.label == "Unknown" and not report.has_accounts]
    says = "There are accounts already." if report.has_accounts else "There is no account yet."
    read = replace(trouble[0], name=READ) if trouble and _is_refused(trouble[0]) else Check(READ, OK, says)
    rest = tuple(check for check in found if check.name not in ("reachable", "list"))
    options = tuple(report.proposal.set_lines(target.settings)) if report.proposal else ()
    return Checked((Check(REACH, OK), Check(SIGN_IN, OK), read), rest, report.proposal, options)


def _found(finding: Finding) -> Check:
    says = _SAID.get(finding.name) if finding.state == "ok" else None
    return Check(finding.name, _WORDS[finding.state], says or plain(finding.words))


def _is_refused(check: Check) -> bool:
    return check.says.startswith("It could not be found out")
