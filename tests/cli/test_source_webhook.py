"""``rollcall source webhook`` as it is typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.cli import main
from app.database import writing
from app.simulation import serve as serve_simulator
from app.sources import drafts, hooks, inbox
from app.sources.adapter import Receipt
from app.sources.catalog import Source
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY, SmartRecruitersSimulator
from tests.harness.connecting import connect

PUBLIC = "https://rollcall.example.com"


@pytest.fixture
def webhook(app: Flask, tenant: Tenant) -> Callable[..., Result]:
    """Give a function that runs the command for a source of the tenant."""
    runner = app.test_cli_runner()
    return lambda name, *words: runner.invoke(
        main, ["source", "webhook", name, *words, "--tenant", tenant.slug]
    )


@pytest.fixture
def reached_at(app: Flask) -> Callable[[str], None]:
    """Give a function that sets the address under which the installation is reached."""

    def set_address(address: str) -> None:
        settings = app.extensions["rollcall.settings"]
        app.extensions["rollcall.settings"] = replace(settings, public_url=address)

    return set_address


def add(tenant: Tenant, name: str, kind: str, secrets: dict[str, str], **given: str) -> Source:
    with writing() as connection:
        return connect(connection, tenant.id, drafts.drafted(kind, name, given, secrets))


def jazz(tenant: Tenant) -> Source:
    return add(tenant, "jazz", "jazzhr", {"api_key": "k"}, base_url="http://127.0.0.1:9/v1")


def answered(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_it_shows_the_address_the_tenant_id_and_that_a_secret_is_missing(
    webhook: Callable[..., Result], tenant: Tenant, reached_at: Callable[[str], None]
) -> None:
    reached_at(PUBLIC)
    known = jazz(tenant)
    shown = answered(webhook("jazz", "--json"))
    assert shown["address"] == f"{PUBLIC}/api/jazzhr/webhook/{tenant.public_id}"
    assert shown["keyed_address"] == f"{shown['address']}/{known.hook_key}"
    assert (shown["tenant_id"], shown["has_secret"], shown["token_address"]) == (
        tenant.public_id,
        False,
        None,
    )
    text = webhook("jazz").output
    assert "not set; --generate makes one" in text
    assert "No calls have been taken yet." in text


def test_a_secret_is_shown_once_and_the_one_before_it_is_taken_for_a_day(
    webhook: Callable[..., Result], tenant: Tenant
) -> None:
    jazz(tenant)
    first, second = (answered(webhook("jazz", "--generate", "--json")) for _ in range(2))
    assert len(first["webhook_secret"]) == 64
    assert first["webhook_secret"] != second["webhook_secret"]
    assert (first["previous_secret_until"], first["has_secret"]) == (None, True)
    assert second["previous_secret_until"] > clock.after(hooks.OVERLAP_SECONDS - 60)
    later = webhook("jazz").output
    assert second["webhook_secret"] not in later
    assert f"the one before it is taken until {second['previous_secret_until']}" in later
    assert re.search(r"new secret, shown this once: [0-9a-f]{64}", webhook("jazz", "--generate").output)


def test_it_shows_what_has_come_and_what_was_refused(webhook: Callable[..., Result], tenant: Tenant) -> None:
    known = jazz(tenant)
    receipt = Receipt(({"applicant": "a"},), "delivery-1")
    with writing() as connection:
        for _ in range(3):
            inbox.take(connection, known, receipt, b"{}")
        inbox.note_refusal(connection, known, 401, "it is not signed")
    shown = answered(webhook("jazz", "--json"))
    assert [(each["delivery"], each["state"], each["times"]) for each in shown["deliveries"]] == [
        ("delivery-1", "waiting", 3)
    ]
    assert [(each["status"], each["times"], each["reason"]) for each in shown["refused"]] == [
        (401, 1, "it is not signed")
    ]
    text = webhook("jazz").output
    assert "waiting  delivery-1  no run yet  came 3 times" in text
    assert "refused 401, 1 noted, last " in text


def test_icims_has_an_address_for_tokens_too(webhook: Callable[..., Result], tenant: Tenant) -> None:
    add(tenant, "icims", "icims", {"client_id": "c", "client_secret": "s"}, customer_id="1")
    shown = answered(webhook("icims", "--json"))
    assert shown["token_address"] == f"{shown['keyed_address']}/token"


def test_a_file_calls_nobody(webhook: Callable[..., Result], tenant: Tenant, tmp_path: Any) -> None:
    file = tmp_path / "people.csv"
    file.write_text("ID,Last Name,Work Email\n1,L,l@example.com\n")
    add(tenant, "hr", "csv", {}, path=str(file), mapping="guess")
    done = webhook("hr")
    assert (done.exit_code, "calls nobody" in done.output) == (2, True)


def test_a_vendor_that_is_told_by_hand_is_not_subscribed_to(
    webhook: Callable[..., Result], tenant: Tenant, reached_at: Callable[[str], None]
) -> None:
    reached_at(PUBLIC)
    jazz(tenant)
    done = webhook("jazz", "--subscribe")
    assert (done.exit_code, "by hand" in done.output) == (2, True)


def test_subscribing_needs_to_know_where_rollcall_is_reached(
    webhook: Callable[..., Result], tenant: Tenant
) -> None:
    add(tenant, "smart", "smartrecruiters", {"api_key": "k"}, base_url="http://127.0.0.1:9")
    done = webhook("smart", "--subscribe")
    assert (done.exit_code, "ROLLCALL_PUBLIC_URL" in done.output) == (2, True)


def test_a_vendor_that_makes_the_key_gets_none_from_us(
    webhook: Callable[..., Result], tenant: Tenant
) -> None:
    add(tenant, "smart", "smartrecruiters", {"api_key": "k"}, base_url="http://127.0.0.1:9")
    done = webhook("smart", "--generate")
    assert (done.exit_code, "--subscribe makes one there" in done.output) == (2, True)


def test_subscribing_renewing_and_unsubscribing_with_a_vendor_that_calls_back_at_once(
    app: Flask,
    webhook: Callable[..., Result],
    tenant: Tenant,
    reached_at: Callable[[str], None],
    serve: Callable[[Any], str],
) -> None:
    """The activation's first call comes while the command still waits for its answer."""
    simulator = SmartRecruitersSimulator(people=3, faults="no-limit")
    with serve_simulator(simulator) as server:
        simulator.url = server.url
        reached_at(serve(app))
        quick = {"base_url": server.url, "calls_per_second": "0", "retry_seconds": "0.001"}
        add(tenant, "smart", "smartrecruiters", {"api_key": DEFAULT_KEY}, **quick)
        shown = answered(webhook("smart", "--subscribe", "--json"))
        assert (shown["has_secret"], shown["made_by"]) == (True, "vendor")
        [subscription] = simulator.webhooks.subscriptions.values()
        assert (subscription.status, subscription.url) == ("active", shown["keyed_address"])

        renewed = answered(webhook("smart", "--subscribe", "--json"))
        assert renewed["previous_secret_until"] > clock.now()
        assert len(simulator.webhooks.subscriptions) == 1

        person = next(iter(simulator.company.candidates))
        [sent] = simulator.send("application.status.updated", person)
        assert sent.status == 202
        shown = answered(webhook("smart", "--json"))
        assert [each["state"] for each in shown["deliveries"] if each["hints"]] == ["waiting"]

        shown = answered(webhook("smart", "--unsubscribe", "--json"))
        assert (shown["has_secret"], simulator.webhooks.subscriptions) == (False, {})
