"""Credentials and secret values of people: nowhere to be read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app.kit.battery.contract import SECRETS, require
from app.kit.stage import WRONG, Stage
from app.sources.adapter import ReadsSome

_SHORTEST = 8


class Secrecy:
    """Tests that search for secrets."""

    def test_credentials_are_said_nowhere(
        self, rollcall_stage: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Not in records, findings, messages, error files, logs or printed lines; when all is well and when not."""
        stage = rollcall_stage
        caplog.set_level(logging.DEBUG)
        stage.hire()
        with capture_logs() as events:
            texts = list(_told(stage))
        texts += [str(event) for event in events]
        texts += [caplog.text, *capsys.readouterr()]
        for name, secret in _credentials(stage).items():
            where = next((text for text in texts if secret in text), None)
            require(
                where is None,
                f"The secret {name!r} can be read: {(where or '').replace(secret, '…')[:300]}",
                "credentials go into a session (open_session(…, secrets=…)) and nowhere else",
                SECRETS,
            )

    def test_credentials_are_stored_sealed_only(self, rollcall_stage: Stage) -> None:
        """No row of the database has them in the clear, nor the secret values of people."""
        stage = rollcall_stage
        stage.hire()
        stage.pull()
        stage.pull(stage.refused_source)
        hidden = _credentials(stage) | {
            f"of people: {n}": text for n, text in enumerate(stage.world.sensitive)
        }
        for table, row in stage.stored():
            for name, secret in hidden.items():
                require(
                    secret not in row,
                    f"The table {table} has the secret {name!r} in the clear.",
                    "secrets are kept sealed: resume, watermark, hints and messages have none of them",
                    SECRETS,
                )

    def test_secret_fields_do_not_leave_the_adapter_by_default(self, rollcall_stage: Stage) -> None:
        """Salaries and the like, unless the world says that a field is always read."""
        stage = rollcall_stage
        stage.hire()
        secret = {field.name for field in stage.fields() if field.sensitivity == "secret"}
        for page in stage.pages():
            for record in page.records:
                told = {name for name in secret if record.values.get(name) is not None}
                require(
                    told <= set(stage.world.always_read),
                    f"Without being asked for, a record has {', '.join(sorted(told))}.",
                    "a `secret` field leaves the adapter only when an option switches it on (or World.always_read)",
                    SECRETS,
                )


def _credentials(stage: Stage) -> dict[str, str]:
    found = {**stage.world.secrets, "wrong": WRONG}
    for name, secret in found.items():
        require(
            len(secret) >= _SHORTEST,
            f"The secret {name!r} of the world is too short to be searched for.",
            f"the world's secrets have at least {_SHORTEST} characters, which occur nowhere else",
            SECRETS,
        )
    return found


def _told(stage: Stage) -> Iterator[str]:
    """Yield everything that people or other parts of the product get of a source, as text."""
    context = stage.context()
    yield repr(context)
    for used in (context, replace(context, secrets=stage.wrong_secrets)):
        yield from (f"{check.name} {check.message}" for check in stage.adapter.check(used))
    for page in stage.pages():
        yield str(page)
        if isinstance(stage.adapter, ReadsSome) and page.records:
            ids = [stage.mapping.record_id(page.records[0].values)]
            yield from map(str, stage.adapter.read_some(context, [{"record": each} for each in ids]))
    yield from stage.said_of(stage.pull())
    yield from stage.said_of(stage.pull(stage.refused_source))
    for faults in ("500", "html", "401"):
        stage.server.plan_faults(faults)
        yield from stage.said_of(stage.pull(is_full=True))
        yield from (check.message for check in stage.adapter.check(context))
