"""The form of a channel."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Regexp

from app.notices.channels import EMAIL, WEBHOOK
from app.notices.kinds import KINDS, family_of
from app.web.console.settings.notices import kind_words

#: Family of notices → what it says, in the order in which the kinds are listed.
FAMILIES = {family: kind_words(family) for family in dict.fromkeys(map(family_of, KINDS))}
OVERLAPS = (
    SelectChoice(24, "Goes on for a day"),
    SelectChoice(1, "Goes on for an hour"),
    SelectChoice(168, "Goes on for a week"),
    SelectChoice(0, "Ends now"),
)


class ChannelForm(FlaskForm):
    """Where notices go, and which."""

    kind = SelectField(
        "How",
        choices=[SelectChoice(EMAIL, "By e-mail"), SelectChoice(WEBHOOK, "By webhook (a program of yours)")],
        default=EMAIL,
    )
    name = StringField(
        "Name",
        [
            InputRequired("Name it, so that you know it again."),
            Regexp(
                r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
                message="Use up to 63 letters, digits, dots, dashes and underscores, a letter or digit first.",
            ),
        ],
    )
    address = StringField("Address", [InputRequired("Where do they go? Type the address."), Length(max=2000)])
    kinds = SelectMultipleField("Which notices", choices=[SelectChoice(*each) for each in FAMILIES.items()])


class RotateForm(FlaskForm):
    """How long the secret of now goes on."""

    overlap = SelectField("The secret of now", choices=OVERLAPS, coerce=int, default=24)
