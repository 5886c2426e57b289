"""Rule 20: what a probe finds out about real targets, what it proposes, and that it leaves nothing live behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.cli.target_probe import probe as probe_command
from app.outbound import AddressPolicy, OutboundSession
from app.provisioning import errors, probing
from app.provisioning.probing import Report
from app.vendors.jumpcloud.target import JumpCloudTarget
from app.vendors.scim.personas import VENDORS
from app.vendors.scim.target import ScimTarget
from tests.provisioning.far import TOKEN, Far, JumpCloud, Scim, Scim2Server, is_write
from tests.provisioning.world import World

Probe = Callable[..., tuple[Report, Scim]]


def session(far: Far, prefix: str = "Bearer ") -> OutboundSession:
    return OutboundSession(
        far.url, headers={far.header: prefix + TOKEN}, policy=AddressPolicy(allow_private=True)
    )


@pytest.fixture
def probe() -> Iterator[Probe]:
    """A function that probes a SCIM simulator with 60 people in a persona."""
    fars: list[Scim] = []

    def run(
        faults: str = "", *, writes: bool = False, people: int = 60, **settings: Any
    ) -> tuple[Report, Scim]:
        far = Scim(faults)
        fars.append(far)
        for number in range(people):
            far.add(f"p{number}@example.com", f"p{number}", externalId=f"e{number}")
        return probing.probe(ScimTarget(settings), session(far), writes=writes), far

    yield run
    for far in fars:
        far.stop()


def states(report: Report) -> dict[str, str]:
    return {finding.name: finding.state for finding in report.findings}


def proposed(report: Report, **settings: str) -> list[str]:
    assert report.proposal is not None
    return report.proposal.set_lines(settings)


# --- probes that only read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("far", ["scim2-server", "scim", "jumpcloud-scim", "jumpcloud-rest"], indirect=False)
def test_rule_20_a_probe_only_reads_unless_it_is_told_to_write(far: str) -> None:
    made: Any = {
        "scim2-server": Scim2Server,
        "scim": Scim,
        "jumpcloud-scim": lambda: JumpCloud("scim"),
        "jumpcloud-rest": lambda: JumpCloud("rest"),
    }[far]()
    adapter = JumpCloudTarget({}) if far == "jumpcloud-rest" else ScimTarget({})
    try:
        made.add("maya@example.com", "maya")
        made.add("noor@example.com", "noor")
        report = probing.probe(adapter, session(made, "" if far.startswith("jumpcloud") else "Bearer "))
        assert report.has_accounts
        assert "warning" not in states(report).values()
        assert not [call for call in made.calls() if is_write(*call)]
    finally:
        made.stop()


def test_rule_20_an_honest_provider_fits_the_generic_profile(probe: Probe) -> None:
    report, _ = probe()
    assert proposed(report) == []
    assert report.proposal is not None and report.proposal.profile == "generic"
    assert {name: states(report)[name] for name in ("paging", "filter externalId", "groups")} == {
        "paging": "ok",
        "filter externalId": "ok",
        "groups": "ok",
    }


@pytest.mark.parametrize(
    ("faults", "finding", "lines"),
    [
        ("ignore-filters", "filter externalId", ["filterable=none"]),
        ("refuse-filters", "filter externalId", ["filterable=none", "group_filter=no"]),
        ("filter-on:names=externalId", "filter emails.value", ["filterable=externalId"]),
        ("page-cap:size=7", "page_size", ["page_size=7"]),
        ("page-cap:size=1", "page_size", ["page_size=1"]),
        ("no-paging", "paging", ["paging=none"]),
        ("cursor-paging:size=20", "paging", ["page_size=20", "paging=cursor"]),
        ("no-groups", "groups", ["takes_groups=no"]),
        ("filter-required", "list", ["lists_all=no"]),
        ("page-total", "total", []),
        ("no-start-index", "paging", []),
    ],
)
def test_rule_20_a_habit_is_found_and_the_setting_for_it_proposed(
    probe: Probe, faults: str, finding: str, lines: list[str]
) -> None:
    report, _ = probe(faults)
    assert states(report)[finding] in ("note", "warning")
    assert proposed(report) == lines


@pytest.mark.parametrize("vendor", ["aws", "google"])
def test_rule_20_a_vendor_with_several_habits_is_recognised_by_them(probe: Probe, vendor: str) -> None:
    report, _ = probe(VENDORS[vendor], writes=True)
    assert proposed(report) == [f"profile={vendor}"]
    assert report.proposal is not None and report.proposal.unverified


def test_rule_20_a_filter_that_never_finds_anybody_does_not_pass_as_one_that_filters(probe: Probe) -> None:
    # Somebody is listed, and a filter by his own user name does not find him.
    report, far = probe("filter-exact-case")
    assert states(report)["filter userName"] == "ok"
    far.simulator.plan_faults("no-external-id")
    assert states(probing.probe(ScimTarget({}), session(far)))["filter externalId"] == "ok"


def test_rule_20_with_nobody_there_the_way_of_paging_stays_unknown(probe: Probe) -> None:
    report, _ = probe(people=0)
    assert (report.has_accounts, states(report)["list"]) == (False, "unknown")
    assert proposed(report) == []


def test_rule_20_a_provider_that_does_not_describe_itself_is_found_out_all_the_same(probe: Probe) -> None:
    report, _ = probe("no-discovery;page-cap:size=9")
    assert (states(report)["discovery"], states(report)["attributes"]) == ("note", "unknown")
    assert proposed(report) == ["page_size=9"]


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ("401", errors.Unauthorised),
        ("403", errors.Unauthorised),
        ("500", errors.RetryLater),
        ("html", errors.Unintelligible),
        ("redirect:to=http://192.0.2.1/", errors.Unintelligible),
        ("drop", errors.RetryLater),
        ("404", errors.Unintelligible),
        ("gzip-bomb", errors.Unintelligible),
    ],
)
def test_rule_20_a_target_that_cannot_be_used_is_said_so(
    probe: Probe, faults: str, error: type[errors.TargetError]
) -> None:
    with pytest.raises(error):
        probe(faults)


def test_rule_20_one_failing_question_does_not_hide_the_answers_to_the_others(probe: Probe) -> None:
    report, _ = probe("500:path=filter=externalId")
    assert (states(report)["filter externalId"], states(report)["filter userName"]) == ("unknown", "ok")


# --- probes that write -------------------------------------------------------------------------------------


def live(far: Scim) -> list[str]:
    """Accounts of a probe that are not suspended."""
    return [
        user["userName"] for user in far.users() if "robe" in user["userName"] and user.get("active", True)
    ]


@pytest.mark.parametrize(
    ("faults", "finding", "state", "lines"),
    [
        ("", "update", "ok", []),
        ("no-patch", "update", "note", []),
        ("pathless-patch-only", "update", "note", ["patch_form=path-less"]),
        ("clear-with:style=null", "clear_with", "ok", ["clear_with=null"]),
        ("clear-with:style=empty", "clear_with", "ok", ["clear_with=empty"]),
        ("one-value", "several_values", "note", ["single_values=phoneNumbers=work"]),
        ("fixed-emails", "email_mutable", "note", ["email_mutable=no"]),
        ("fixed-usernames", "user_name_mutable", "ok", []),
        ("rewrite-usernames", "user_name", "note", []),
        ("frozen-when-inactive", "while_suspended", "note", ["reactivate_first=yes"]),
        ("no-uniqueness", "uniqueness", "warning", []),
        ("no-external-id", "external_id", "note", []),
        ("quiet-patch", "update", "ok", []),
        ("hollow-patch", "update", "ok", []),
    ],
)
def test_rule_20_a_writing_probe_finds_the_habit_and_leaves_its_account_suspended(
    probe: Probe, faults: str, finding: str, state: str, lines: list[str]
) -> None:
    report, far = probe(faults, writes=True, people=3)
    assert states(report)[finding] == state
    assert proposed(report) == lines
    assert states(report)["suspend"] == "ok"
    assert report.left and live(far) == []
    assert far.simulator.log.count("DELETE") == 0


@pytest.mark.parametrize(
    "habits", ["pathless-patch-only", "clear-with:style=null;page-cap:size=2", "ignore-filters"]
)
def test_rule_20_what_was_proposed_is_not_proposed_again_once_it_is_set(probe: Probe, habits: str) -> None:
    report, far = probe(habits, writes=True, people=3)
    settings = dict(line.split("=", 1) for line in proposed(report))
    assert settings
    again = probing.probe(ScimTarget(settings), session(far), writes=True)
    assert proposed(again, **settings) == []


def test_rule_20_a_suspend_without_effect_is_a_warning_that_names_the_account(probe: Probe) -> None:
    report, _ = probe("ignore-active", writes=True, people=3)
    assert states(report)["suspend"] == "warning"
    assert len(report.left) == 1


def test_rule_20_a_refused_creation_ends_the_trials_in_the_targets_words(probe: Probe) -> None:
    report, far = probe("400:method=POST", writes=True, people=3)
    [told] = [each for each in report.findings if each.name == "create"]
    assert (told.state, report.left) == ("unknown", [])
    assert "simulated fault" in told.words
    assert far.simulator.log.count("PATCH") == 0


def test_rule_20_the_account_is_suspended_though_a_trial_breaks_off(probe: Probe) -> None:
    _, far = probe("401:method=PATCH,count=1", people=3)
    with pytest.raises(errors.Unauthorised):
        probing.probe(ScimTarget({}), session(far), writes=True)
    assert live(far) == []


def test_rule_20_a_jumpcloud_rest_target_is_probed_by_what_every_adapter_can(probe: Probe) -> None:
    far = JumpCloud("rest")
    try:
        report = probing.probe(JumpCloudTarget({}), session(far, ""), writes=True)
        assert states(report)["suspend"] == states(report)["uniqueness"] == states(report)["kept"] == "ok"
        [account] = [
            each for each in far.accounts().values() if each["workEmail"].startswith("rollcall-probe-")
        ]
        assert account["active"] is False
    finally:
        far.stop()


# --- the command -------------------------------------------------------------------------------------------


def test_rule_20_the_command_says_in_words_and_in_json_what_it_found(
    app: Flask, scim_world: Callable[..., World]
) -> None:
    world = scim_world("page-cap:size=2")
    for number in range(5):
        world.far.add(f"p{number}@example.com", f"p{number}")
    arguments = ["far", "--tenant", world.tenant.slug]
    plain = app.test_cli_runner().invoke(probe_command, [*arguments, "--write"])
    assert plain.exit_code == 0, plain.output
    assert "rollcall target set far" in plain.output and "--set page_size=2" in plain.output
    assert "Left behind, suspended: rollcall-probe-" in plain.output

    answer = json.loads(app.test_cli_runner().invoke(probe_command, [*arguments, "--json"]).output)
    assert answer["proposal"]["set"] == ["page_size=2"]
    assert (answer["reachable"], answer["accounts"], answer["left"]) == (True, True, [])
    assert world.target.settings["capabilities"]["filter"] is True
