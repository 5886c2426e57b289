"""How often a target is brought up to date."""

from __future__ import annotations

from flask import render_template
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.access.roles import ADMIN
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.targets.asking import Answer, is_draft, known, to
from app.web.console.targets.saving import SAVED, keep, save
from app.web.console.wording import every

#: Seconds between two ticks that one may choose; any other stays as it is.
CHOICES = (60, 120, 300, 900, 1800, 3600, 14_400, 43_200, 86_400)


class ScheduleForm(FlaskForm):
    """How often."""

    interval = SelectField("How often are changes sent?")


@blueprint.fills_in("/targets/<number:target_id>/schedule", ADMIN)
def change_schedule(target_id: int) -> Answer:
    """Choose how often changes are sent."""
    target = known(target_id)
    form = ScheduleForm(data={"interval": str(target.interval_seconds)})
    form.interval.choices = _choices(target)
    if form.validate_on_submit():
        options = {"interval": form.interval.data}
        if is_draft(target):
            keep(target, options)
            return to("review_target", target)
        save(target, options)
        return to("target_settings", target, SAVED)
    page = render_template("console/targets/schedule.html", target=target, form=form)
    return page, (422 if form.errors else 200)


def _choices(target: Target) -> list[SelectChoice]:
    seconds = sorted({*CHOICES, target.interval_seconds})
    return [SelectChoice(str(each), every(each).capitalize()) for each in seconds]
