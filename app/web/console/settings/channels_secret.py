"""The secret with which a webhook's notices are signed: shown once, replaced with an overlap."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for

from app.access.roles import ADMIN
from app.database import reading, writing
from app.notices import channels
from app.notices.channels import WEBHOOK
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin
from app.web.console.settings.channels import channel_or_404
from app.web.console.settings.channels_forms import RotateForm
from app.web.console.tokens import once


@blueprint.shows("/settings/notices/<number:channel_id>/secret", ADMIN)
def channel_secret(channel_id: int) -> str:
    """Show the secret of a webhook that was just made, the first time only."""
    secret = once.taken(f"channel/{channel_id}")
    with reading() as connection:
        channel = channel_or_404(connection, channel_id)
    if channel.kind != WEBHOOK:
        abort(404)
    return render_template("console/settings/channel_secret.html", channel=channel, secret=secret)


@blueprint.fills_in("/settings/notices/<number:channel_id>/rotate", ADMIN)
@proven
def rotate_channel(channel_id: int) -> Answer:
    """Show what another secret means; sent, make it and show it once."""
    admin, form = current_admin(), RotateForm()
    with reading() as connection:
        channel = channel_or_404(connection, channel_id)
    if channel.kind != WEBHOOK:
        abort(404)
    if form.validate_on_submit():
        with writing() as connection:
            secret = channels.rotate(connection, channel, f"admin:{admin.email}", form.overlap.data)
        once.keep(f"channel/{channel_id}", secret)
        return redirect(url_for("console.channel_secret", channel_id=channel_id), 303)
    page = render_template("console/settings/channel_rotate.html", form=form, channel=channel)
    return page, (422 if form.errors else 200)
