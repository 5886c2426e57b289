"""Calls of the vendor: proven, counted once, and followed by a read of what they point at."""

from __future__ import annotations

from collections.abc import Mapping

from app import clock
from app.database import reading, writing
from app.kit.battery.contract import WEBHOOKS, needs, require
from app.kit.stage import Stage
from app.kit.world import VendorCall
from app.sources import hooks, inbox, runner
from app.sources.adapter import TakesWebhooks


class Webhooks:
    """Tests of ``receive``, through the address that vendors really call."""

    @needs(TakesWebhooks)
    def test_a_call_brings_its_person(self, rollcall_stage: Stage) -> None:
        """Answered at once, worked off by an import."""
        stage = rollcall_stage
        call = _call_about(stage, record := stage.world.hire())
        _require_taken(stage, call)
        _work_off(stage)
        require(
            stage.employee_of(record) is not None,
            "After the call and the import that it starts, the person is not in the directory.",
            "the hints of a Receipt lead to the record: through read_some(), or else read()",
            WEBHOOKS,
        )

    @needs(TakesWebhooks)
    def test_a_repeated_call_is_one_call(self, rollcall_stage: Stage) -> None:
        """Vendors deliver at least once."""
        stage = rollcall_stage
        call = _call_about(stage, stage.world.hire())
        statuses = {_post(stage, call) for _ in range(3)}
        _work_off(stage)
        statuses.add(_post(stage, call))
        _work_off(stage)
        with reading() as connection:
            kept = inbox.recent(connection, stage.source)
        require(
            len(kept) == 1 and all(200 <= status < 300 for status in statuses),
            f"The same call four times was kept {len(kept)} times, and answered with {sorted(statuses)}.",
            "Receipt.delivery_id is the vendor's id of the delivery, or None; a repeated call is taken again",
            WEBHOOKS,
        )
        require(
            len(stage.employees()) == 1,
            f"The same call four times made {len(stage.employees())} people.",
            "a repeated call leads to the same record",
            WEBHOOKS,
        )

    @needs(TakesWebhooks)
    def test_a_forged_call_is_refused(self, rollcall_stage: Stage) -> None:
        """Another body, no proof, another connection's key."""
        stage = rollcall_stage
        call = _call_about(stage, stage.world.hire())
        path = hooks.path_of(stage.source, stage.tenant.public_id)
        forged: dict[str, tuple[str, bytes, Mapping[str, str]]] = {
            "without the headers that prove it": (path, call.body, {}),
        }
        if call.signs_body and not call.keyed:
            forged["with another body"] = (path, call.body + b" ", call.headers)
        if call.keyed:
            forged["without the connection key"] = (path, call.body, call.headers)
            forged["with another connection key"] = (f"{path}/{'x' * 32}", call.body, call.headers)
        for how, (place, body, headers) in forged.items():
            status = _sent(stage, place, body, headers)
            require(
                status in (400, 401, 404),
                f"A call {how} was answered with {status}.",
                "receive() raises DeliveryRefused for what is not proven from the bytes on the wire",
                WEBHOOKS,
            )
        _work_off(stage)
        with reading() as connection:
            kept = inbox.recent(connection, stage.source)
        require(
            not kept and not stage.employees(),
            f"Forged calls left {len(kept)} deliveries and {len(stage.employees())} people.",
            "a refused call leads to nothing",
            WEBHOOKS,
        )
        _require_taken(stage, call)

    @needs(TakesWebhooks)
    def test_a_call_that_makes_no_sense_is_refused(self, rollcall_stage: Stage) -> None:
        """Whatever stands in it, it is an answer of 4xx and no defect."""
        stage = rollcall_stage
        call = _call_about(stage, stage.world.hire())
        path = hooks.path_of(stage.source, stage.tenant.public_id, keyed=call.keyed)
        sign = stage.world.sign or (lambda body: call.headers)
        for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"id":{"id":[]}}'):
            status = _sent(stage, path, body, sign(body))
            require(
                status < 500,
                f"The body {body[:20]!r} was answered with {status}.",
                "receive() raises DeliveryRefused (400) for what it cannot read; it calls nobody",
                WEBHOOKS,
            )
        _require_taken(stage, call)


def _call_about(stage: Stage, record_id: str) -> VendorCall:
    require(
        stage.world.deliver is not None,
        f"The adapter of {stage.kind} takes webhooks, and World.deliver is not given.",
        "what an adapter can do is proven: World.deliver returns the call that the vendor makes about a record",
        WEBHOOKS,
    )
    require(
        hooks.has_secret(stage.source),
        "None of webhook_secrets is among the secrets of the world.",
        "a source takes webhooks when it has one of webhook_secrets: give one in World.secrets",
        WEBHOOKS,
    )
    assert stage.world.deliver is not None
    return stage.world.deliver(record_id)


def _require_taken(stage: Stage, call: VendorCall) -> None:
    status = _post(stage, call)
    require(
        200 <= status < 300,
        f"The vendor's own call was answered with {status}.",
        "receive() returns a Receipt for a call that is proven",
        WEBHOOKS,
    )


def _post(stage: Stage, call: VendorCall) -> int:
    path = hooks.path_of(stage.source, stage.tenant.public_id, keyed=call.keyed)
    return _sent(stage, path, call.body, call.headers)


def _sent(stage: Stage, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    return stage.app.test_client().post(path, data=body, headers=dict(headers)).status_code


def _work_off(stage: Stage) -> None:
    """Do what scheduler and worker do until no delivery waits."""
    while True:
        with writing() as connection:
            started = inbox.start_waiting(connection, clock.after(inbox.LONGEST_WAIT))
        if not started:
            return
        for run in started:
            runner.work(run.tenant_id, run.id)
