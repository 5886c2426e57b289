"""Saving what a target gets and how: in a set-up at once, later only after the effect on everybody was shown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request

from app.database import reading, writing
from app.provisioning import approvals, policies, preview, resync, targets
from app.provisioning.fields import FIELDS
from app.provisioning.preview import Preview
from app.provisioning.targets import Target
from app.web.console.targets.asking import Answer, actor, is_draft, target_of, to
from app.web.console.targets.steps import newest_preview

#: Seconds that a page may take to work out the effect on everybody.
PATIENCE = 25.0
SAVED = "Saved. A full resync has begun: everybody is compared with the target."


@dataclass(frozen=True, slots=True)
class Change:
    """Settings to be saved, the page with their form, where one is afterwards, and which step a set-up goes on with."""

    options: Mapping[str, str]
    form: str
    afterwards: str
    step: str


class _TookTooLong(Exception):
    """The effect could not be worked out while a browser waits."""


def saved_or_previewed(target: Target, change: Change) -> Answer:
    """Save, or show first what it would do to everybody. Raises ``WrongUse`` when it does not fit together."""
    if is_draft(target):
        keep(target, change.options)
        return to(change.step, target)
    if request.form.get("deed") == "save" or not change.options:
        plan_id = save(target, change.options)
        return to(change.afterwards, target, f"{SAVED} Its plan is number {plan_id}.")
    return _previewed(target, change)


def keep(target: Target, options: Mapping[str, str]) -> None:
    """Save the settings of a target that is being set up; a preview that was made before holds no longer."""
    with writing() as connection:
        now = target_of(connection, target.id)
        targets.change(connection, now, actor(), options=dict(options))
        stale = newest_preview(connection, now)
        if options and stale is not None:
            approvals.discard(connection, now.tenant_id, stale, actor())


def save(target: Target, options: Mapping[str, str]) -> int:
    """Save the settings and have everybody compared with the target; return the number of the plan."""
    with writing() as connection:
        now = target_of(connection, target.id)
        changed = targets.change(connection, now, actor(), options=dict(options))
        return resync.after_change_of_settings(connection, changed)


def _previewed(target: Target, change: Change) -> str:
    return render_template(
        "console/targets/preview.html",
        target=target,
        change=change,
        found=effect(target, change.options),
        typed=[pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", "deed")],
        labels={name: row.label for name, row in FIELDS.items()},
    )


def effect(target: Target, options: Mapping[str, str]) -> Preview | None:
    """Return what the options would do to everybody; None when that takes too long for a page."""
    end = time.monotonic() + PATIENCE

    def advance(_number: int) -> None:
        if time.monotonic() > end:
            raise _TookTooLong

    try:
        with reading() as connection:
            settings = policies.with_options(target.settings, options)
            return preview.of(connection, target, settings, advance=advance)
    except _TookTooLong:
        return None
