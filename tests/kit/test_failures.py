"""Adapters that break the contract, each in one point, and what the battery says of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import registry
from app.kit import AdapterBattery
from app.kit.stage import Stage
from app.web import webhooks
from tests.kit import example

MODULES = ("payroll", "payroll_calls", "test_payroll", "test_payroll_calls")


@pytest.fixture
def broken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rollcall_app: Any,
    rollcall_tenant: Any,
    vendor_server: Any,
) -> Iterator[Callable[..., Stage]]:
    """Give a function that changes the example's text in one place and returns the stage of its battery."""

    def change(good: str, bad: str) -> Stage:
        folder = tmp_path / "project"
        folder.mkdir()
        example.write(folder)
        changed = [name for name in MODULES if good in (folder / f"{name}.py").read_text()]
        assert changed, f"the page has no {good!r} any more"
        for name in changed:
            place = folder / f"{name}.py"
            place.write_text(place.read_text().replace(good, bad))
        monkeypatch.syspath_prepend(str(folder))
        known = registry.kinds
        own = {"payroll-calls": "payroll_calls:PayrollCallsSource"}
        for room in (registry, webhooks):
            monkeypatch.setattr(
                room, "kinds", lambda group: known(group) | (own if group == registry.SOURCES else {})
            )
        battery = importlib.import_module("test_payroll_calls").TestPayrollCalls()
        world = battery.world()
        return Stage(battery.kind, world, vendor_server(world.application), rollcall_app, rollcall_tenant)

    yield change
    registry.adapter_class.cache_clear()
    for name in MODULES:
        sys.modules.pop(name, None)


#: What is broken, the test that finds it, and words of what it says.
DEFECTS = {
    "a setting is not checked": (
        ("check_url(base_url)", "str(base_url)"),
        AdapterBattery.test_a_setting_that_cannot_be_used_is_refused_by_its_name,
        "names the setting and the way out",
    ),
    "a column is no field": (
        ('RecordField("status", "Status")', 'RecordField("state", "Status")'),
        AdapterBattery.test_the_default_mapping_fits_the_fields,
        "every column of the mapping is one of record_fields",
    ),
    "a field has no label": (
        ('RecordField("family", "Last name")', 'RecordField("family")'),
        AdapterBattery.test_fields_are_known_before_anybody_has_consented,
        "a label for people",
    ),
    "a check raises": (
        ("except SourceError as error:", "except ZeroDivisionError as error:"),
        AdapterBattery.test_a_vendor_that_is_away_is_a_finding_and_no_error,
        "it never raises",
    ),
    "a check sees nothing": (
        ('Check("people", False,', 'Check("people", True,'),
        AdapterBattery.test_a_wrong_key_is_a_finding_and_no_error,
        "has a needed finding that is not ok",
    ),
    "the last page is not marked": (
        ("dict(at), is_last,", "dict(at), False,"),
        AdapterBattery.test_a_read_brings_everybody_once,
        "the last page, and no other",
    ),
    "somebody is passed over": (
        ('"after": rows[-1]["id"]', '"after": "P" + str(int(rows[-1]["id"][1:]) + 1)'),
        AdapterBattery.test_a_read_brings_everybody_once,
        "gives each record once",
    ),
    "numbers begin anew": (
        ('at["number"] + 1)]', "1)]"),
        AdapterBattery.test_a_read_brings_everybody_once,
        "are numbered",
    ),
    "resume leads to the beginning": (
        ("dict(resume or {", "dict({"),
        AdapterBattery.test_a_read_goes_on_behind_every_page,
        "leads behind that page",
    ),
    "the watermark is not looked at": (
        ('(context.watermark or {}).get("revision", 0)', "0"),
        AdapterBattery.test_a_second_read_brings_what_has_changed,
        "only what may have changed",
    ),
    "the watermark passes changes over": (
        ('{"revision": at["revision"]} if is_last', '{"revision": at["revision"] + 99} if is_last'),
        AdapterBattery.test_a_second_read_brings_what_has_changed,
        "leads to everything that has changed",
    ),
    "who is gone is not told": (
        ('gone="status" not in row', "gone=False"),
        AdapterBattery.test_a_single_record_that_is_not_there_is_gone,
        "comes with gone=True",
    ),
    "leavers stay": (
        ('"left" = false', '"left" = true'),
        AdapterBattery.test_who_leaves_is_set_inactive,
        "what the vendor says of leavers",
    ),
    "a defect instead of a sentence": (
        ("caller, since = _caller(context)", "caller, since = [][0] or _caller(context)"),
        AdapterBattery.test_refused_credentials_are_one_plain_message,
        "one plain sentence",
    ),
    "the way out is not told": (
        ("Set another key with: rollcall source set {context.name} --secret key=-", "Sorry."),
        AdapterBattery.test_refused_credentials_are_one_plain_message,
        "where credentials are mended",
    ),
    "the key stands in a message": (
        ('way_out = f"', 'way_out = f"{key} '),
        AdapterBattery.test_credentials_are_said_nowhere,
        "credentials go into a session",
    ),
    "the key is kept with the place": (
        ('"revision": None}), False', '"revision": None, "key": context.secrets["key"]}), False'),
        AdapterBattery.test_credentials_are_said_nowhere,
        "credentials go into a session",
    ),
    "a secret field is read": (
        (
            'RecordField("email", "Work e-mail", sensitivity="personal")',
            'RecordField("email", "Mail", "string", "secret")',
        ),
        AdapterBattery.test_secret_fields_do_not_leave_the_adapter_by_default,
        "only when an option switches it on",
    ),
    "a secret field is mapped into the open": (
        ('RecordField("family", "Last name")', 'RecordField("family", "Last name", sensitivity="secret")'),
        AdapterBattery.test_secret_fields_are_mapped_to_sealed_places_only,
        "goes to a sealed one",
    ),
    "every call is believed": (
        ("if not hmac.compare_digest(signed.encode(), given):", "if not signed:"),
        AdapterBattery.test_a_forged_call_is_refused,
        "not proven from the bytes",
    ),
    "a call is a defect": (
        ("except (ValueError, TypeError, KeyError):", "except ZeroDivisionError:"),
        AdapterBattery.test_a_call_that_makes_no_sense_is_refused,
        "for what it cannot read",
    ),
    "a call leads nowhere": (
        ('Receipt(({"record": str(from_json(delivery.body)["person"])},))', "Receipt()"),
        AdapterBattery.test_a_call_brings_its_person,
        "lead to the record",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found_and_the_contract_is_named(
    defect: str,
    broken: Callable[..., Stage],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (good, bad), found_by, words = DEFECTS[defect]
    stage = broken(good, bad)
    more = (caplog, capsys) if found_by is AdapterBattery.test_credentials_are_said_nowhere else ()
    with pytest.raises(AssertionError, match=r"docs/adapters\.md") as failure:
        found_by(AdapterBattery(), stage, *more)  # type: ignore[arg-type]
    assert words in str(failure.value)
