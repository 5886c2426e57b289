"""A new key for a target: tried before anything else is sent with it."""

from __future__ import annotations

from flask import render_template
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired

from app.access.roles import ADMIN
from app.database import writing
from app.errors import WrongUse
from app.provisioning import resync, targets
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.proving import proven
from app.web.console.targets.asking import Answer, actor, complaint, known, target_of, to
from app.web.console.targets.checks import checked
from app.web.console.targets.kinds import kind_named
from app.web.console.targets.notes import belongs_to_source
from app.web.console.targets.wording import pause_of


class TokenForm(FlaskForm):
    """The new key."""

    token = PasswordField("New key", [InputRequired("Paste the new key.")])

    @classmethod
    def of(cls, target: Target) -> TokenForm:
        """Return the form in the words of the target's kind."""
        form = cls()
        form.token.label.text = f"New {kind_named(target.kind).token_label}"
        return form


@blueprint.fills_in("/targets/<number:target_id>/token", ADMIN)
@proven
def new_token(target_id: int) -> Answer:
    """Take a new key, try it, and let a target that was paused for the old one go on."""
    target = known(target_id)
    if target.source_id is not None:
        return belongs_to_source(target)
    form = TokenForm.of(target)
    if form.validate_on_submit():
        try:
            return _set(target, form.token.data)
        except WrongUse as error:
            form.token.errors = [complaint(error)]
    page = render_template(
        "console/targets/token.html", target=target, form=form, kind=kind_named(target.kind)
    )
    return page, (422 if form.errors else 200)


def _set(target: Target, token: str) -> Answer:
    with writing() as connection:
        changed = targets.change(connection, target_of(connection, target.id), actor(), token=token)
    done = checked(changed)
    if not done.passed:
        failed = next(check for check in done.checks if check.says)
        return to("target", target, f"The key was saved, and does not work: {failed.says}", "danger")
    with writing() as connection:
        now = target_of(connection, target.id)
        if now.is_active:
            resync.after_change_of_settings(connection, now)
            return to("target", target, "The new key works. Everybody is compared with the target.")
        if pause_of(now).cause != "credentials":
            return to("target", target, "The new key works. The target stays paused.")
        targets.resume(connection, now, actor())
        resync.after_change_of_settings(connection, now)
    return to("target", target, "The new key works, and the target goes on: what waited is sent now.")
