"""Forms of tokens, clients and their secrets."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.access.clients import MAX_RATE
from app.access.tokens import DEFAULT_LIFE_DAYS
from app.web.console.tokens.words import SCOPE_WORDS

LIVES = (
    SelectChoice(30, "30 days"),
    SelectChoice(90, "90 days"),
    SelectChoice(180, "180 days"),
    SelectChoice(365, "1 year"),
    SelectChoice(730, "2 years"),
)
OVERLAPS = (
    SelectChoice(0, "Ends at once"),
    SelectChoice(1, "Goes on for an hour"),
    SelectChoice(24, "Goes on for a day"),
    SelectChoice(168, "Goes on for a week"),
)
_API_SCOPES = frozenset(SCOPE_WORDS) - {"scim:sensitive"}


def visible(_form: FlaskForm, field: StringField) -> None:
    """Refuse a name that cannot be seen."""
    if not (field.data or "").strip() or not field.data.isprintable():
        raise ValidationError("Use 1 to 200 characters that can be seen.")


def opens_something(_form: FlaskForm, field: SelectMultipleField) -> None:
    """Refuse a choice of scopes that opens nothing by itself."""
    if not _API_SCOPES & set(field.data or ()):
        raise ValidationError("Choose what it may do: sensitive data alone opens nothing.")


def _scopes(label: str) -> SelectMultipleField:
    choices = [SelectChoice(scope, words) for scope, (words, _) in SCOPE_WORDS.items()]
    return SelectMultipleField(label, [opens_something], choices=choices, default=["scim:write"])


def _life() -> SelectField:
    return SelectField("It ends after", choices=LIVES, coerce=int, default=DEFAULT_LIFE_DAYS)


class TokenForm(FlaskForm):
    """A token to be made."""

    client = StringField(
        "Name of the client", [InputRequired("Name who will use it."), Length(max=200), visible]
    )
    scopes = _scopes("What it may do")
    life = _life()


class SuccessorForm(FlaskForm):
    """What takes the place of a token or secret, and how long the old one goes on."""

    overlap = SelectField("The one before it", choices=OVERLAPS, coerce=int, default=24)
    life = _life()


class ClientForm(FlaskForm):
    """A client and what is set for it; its OAuth scopes count for access tokens only."""

    name = StringField(
        "Name of the client", [InputRequired("Name who will use it."), Length(max=200), visible]
    )
    strict = BooleanField("Refuse requests with attributes that Rollcall does not know")
    rate = IntegerField("Requests a second", [Optional(), NumberRange(0, MAX_RATE)])
    burst = IntegerField("Requests at once after a rest", [Optional(), NumberRange(1, MAX_RATE)])
    scopes = _scopes("What its OAuth access tokens may do at most")

    def pairs(self) -> dict[str, str]:
        """Return the settings as ``rollcall client set`` takes them; an empty value takes one back."""
        return {
            "strict": "true" if self.strict.data else "false",
            "rate": "" if self.rate.data is None else str(self.rate.data),
            "burst": "" if self.burst.data is None else str(self.burst.data),
            "oauth_scopes": ",".join(self.scopes.data or ()),
        }
