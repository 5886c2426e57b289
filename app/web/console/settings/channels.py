"""Channels of notices: added, tried, removed."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import WrongUse
from app.notices import channels, delivering
from app.notices.channels import EMAIL, Channel
from app.notices.errors import DeliveryFailed
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin, settings
from app.web.console.settings.channels_forms import FAMILIES, ChannelForm
from app.web.console.tokens import once


def channel_or_404(connection: Connection, channel_id: int) -> Channel:
    """Return a channel of the tenant; answers 404 without one."""
    found = channels.with_id(connection, current_admin().tenant_id, channel_id)
    return found if found is not None else abort(404)


@blueprint.fills_in("/settings/notices/new", ADMIN)
@proven
def add_channel() -> Answer:
    """Show the form of a channel; sent, add it, and show a webhook's secret once."""
    form, missing = ChannelForm(), delivering.missing_for_mail(settings())
    if form.validate_on_submit():
        added = _added(form, missing)
        if added is not None:
            return added
    page = render_template("console/settings/channel_new.html", form=form, families=FAMILIES, missing=missing)
    return page, (422 if form.errors else 200)


def _added(form: ChannelForm, missing: list[str]) -> Answer | None:
    """Add the channel and return where to go on; None when a field now says why it was not added."""
    admin = current_admin()
    if form.kind.data == EMAIL and missing:
        form.kind.errors = [f"No e-mail can be sent yet: whoever runs Rollcall sets {' and '.join(missing)}."]
        return None
    with reading() as connection:
        names = {each.name for each in channels.listed(connection, admin.tenant_id)}
    if form.name.data in names:
        form.name.errors = ["A channel of this name is there already; choose another name."]
        return None
    try:
        with writing() as connection:
            channel, secret = channels.add(
                connection,
                admin.tenant_id,
                f"admin:{admin.email}",
                kind=form.kind.data,
                name=form.name.data,
                address=form.address.data.strip(),
                kinds=form.kinds.data or (),
            )
    except WrongUse as refusal:
        form.address.errors = [str(refusal)]
        return None
    if secret is None:
        flash(f"Notices go to {channel.name} from now on. Send a test to be sure.", "success")
        return redirect(url_for("console.settings_notices"), 303)
    once.keep(f"channel/{channel.id}", secret)
    return redirect(url_for("console.channel_secret", channel_id=channel.id), 303)


@blueprint.does("/settings/notices/<number:channel_id>/test", ADMIN)
def try_channel(channel_id: int) -> Response:
    """Send a test through a channel, now, and say what became of it."""
    with reading() as connection:
        channel = channel_or_404(connection, channel_id)
    try:
        delivering.send_test(channel, current_admin().tenant_slug)
        flash(f"A test went out through {channel.name}, and the other side took it.", "success")
    except DeliveryFailed as error:
        flash(f"The test did not get through {channel.name}. {error}", "danger")
    return redirect(url_for("console.settings_notices"), 303)


@blueprint.fills_in("/settings/notices/<number:channel_id>/remove", ADMIN)
def remove_channel(channel_id: int) -> Answer:
    """Show what removing a channel means; sent, remove it."""
    admin, form = current_admin(), FlaskForm()
    with reading() as connection:
        channel = channel_or_404(connection, channel_id)
    if not form.validate_on_submit():
        return render_template("console/settings/channel_remove.html", channel=channel)
    with writing() as connection:
        channels.remove(connection, channel, f"admin:{admin.email}")
    flash(f"No notices go to {channel.name} any more.", "success")
    return redirect(url_for("console.settings_notices"), 303)
