"""Answers that several subjects give: nothing, and the run that a request led to."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for
from marshmallow import fields, validate

from app.sources.runs import Run, Started
from app.web.api.fields import Shown, instant

RUN_STATES = ("running", "held", "finished", "failed", "cancelled")


class RunShown(Shown):
    """An import run with its six counters; ``total`` is their sum, ``read`` are the rows read so far."""

    run = fields.Integer(required=True)
    source = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(RUN_STATES))
    phase = fields.String(required=True, validate=validate.OneOf(("reading", "waiting", "applying", "done")))
    trigger = fields.String(required=True)
    is_full = fields.Boolean(required=True)
    dry_run = fields.Boolean(required=True)
    added = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    deleted = fields.Integer(required=True)
    skipped = fields.Integer(required=True)
    errored = fields.Integer(required=True)
    total = fields.Integer(required=True)
    read = fields.Integer(required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "Whether the source was read to its end."}
    )
    message = fields.String(required=True, allow_none=True)
    requested_by = fields.String(required=True)
    approved_by = fields.String(required=True, allow_none=True)
    started_at = instant(required=True)
    finished_at = instant(required=True, allow_none=True)


_NAMES = (
    *("state", "phase", "trigger", "is_full", "dry_run", "complete", "message"),
    *("requested_by", "approved_by", "started_at", "finished_at"),
)
#: The ``headers`` of a response that says where the thing it is about stands.
LOCATION: dict[str, Any] = {"Location": {"schema": {"type": "string"}, "description": "Where it stands."}}


def run_shown(run: Run, source_name: str | None) -> dict[str, Any]:
    """Return what :class:`RunShown` shows of a run."""
    rest = {"run": run.id, "source": source_name, "read": run.staged}
    return {name: getattr(run, name) for name in _NAMES} | run.counts.as_dict() | rest


def started(found: Started, source_name: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return the answer to who wanted a run: 202 with a new one, 200 with the one that is under way already."""
    address = {"Location": url_for("api.show_run", number=found.run.id)}
    return run_shown(found.run, source_name), 202 if found.is_new else 200, address


def no_content() -> Response:
    """Return the answer 204."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
