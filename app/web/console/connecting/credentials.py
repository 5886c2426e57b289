"""Step 3, credentials: what one signs in with, and a live look at what they open."""

from __future__ import annotations

from collections.abc import Iterator

from flask import redirect, request, session
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field

from app.errors import RollcallError
from app.sources.guide import is_complete
from app.sources.records import Check, Option
from app.web.console.connecting import patience
from app.web.console.connecting.forms import (
    SECRET,
    SETTING,
    form_of,
    place_error,
    secret_field,
    setting_field,
    settings_given,
)
from app.web.console.connecting.hand import Answer, Hand, change

#: Settings that are about the calls themselves: right for nearly everybody, so they stand apart.
CONNECTION = frozenset(
    {
        *("base_url", "token_url", "audience", "calls_per_day", "calls_per_minute", "calls_per_second"),
        *("retry_seconds", "page_size", "staleness"),
    }
)
#: In the browser's session: the source of which it has just sent a form, until what its credentials open was looked at.
_SENT = "credentials-sent"


def page(hand: Hand) -> Answer:
    """Show the form and, once there are credentials, what they open; the form stores them, a button looks again."""
    if request.form.get("deed") == "check":
        return _sent(hand)
    form = form_of(dict(_fields(hand)))
    if not form.validate_on_submit():
        return _shown(hand, form, 422 if form.errors else 200)
    secrets = _secrets_given(hand, form)
    if not is_complete(hand.guide, frozenset({*hand.known.secrets, *secrets})):
        ways = " or ".join(
            " with ".join(_label(hand, name) for name in way) for way in hand.guide.credentials
        )
        form.form_errors.append(f"Something is missing: {ways}.")
        return _shown(hand, form, 422)
    try:
        change(hand.known, settings_given(form, (*_account(hand), *_connection(hand))), secrets)
    except RollcallError as error:
        place_error(form, error)
        return _shown(hand, form, 422)
    return _sent(hand)


def asked_secrets(hand: Hand) -> list[tuple[str, ...]]:
    """Return the sets of secrets that a person gives; those that Rollcall makes itself are not asked for."""
    return [way for way in hand.guide.credentials if way]


def _fields(hand: Hand) -> Iterator[tuple[str, Field]]:
    for option in _account(hand):
        yield (
            SETTING + option.name,
            setting_field(option, hand.known.settings.get(option.name), is_required=_is_needed(hand, option)),
        )
    ways = asked_secrets(hand)
    for option in hand.adapter.secrets:
        if any(option.name in way for way in ways):
            is_required = len(ways) == 1 and option.name not in hand.known.secrets
            yield SECRET + option.name, secret_field(option, is_required=is_required)
    for option in _connection(hand):
        yield SETTING + option.name, setting_field(option, hand.known.settings.get(option.name))


def _is_needed(hand: Hand, option: Option) -> bool:
    """Whether the page asks for it: a source that was connected by another setting goes on without."""
    is_named = bool(hand.known.settings.get(option.name))
    return option.required or is_named or hand.known.published_at is None


def _account(hand: Hand) -> list[Option]:
    return [option for option in hand.adapter.options if option.name in hand.guide.account]


def _connection(hand: Hand) -> list[Option]:
    return [option for option in hand.adapter.options if option.name in CONNECTION]


def _secrets_given(hand: Hand, form: FlaskForm) -> dict[str, str]:
    """Return the secrets that were typed; a field left empty keeps what is there."""
    names = {name for way in asked_secrets(hand) for name in way}
    typed = {name: (form[SECRET + name].data or "").strip() for name in names}
    return {name: value for name, value in typed.items() if value}


def _label(hand: Hand, name: str) -> str:
    return next(option.label for option in hand.adapter.secrets if option.name == name)


def _shown(hand: Hand, form: FlaskForm, status: int) -> Answer:
    is_ready = is_complete(hand.guide, frozenset(hand.known.secrets))
    found = _looked(hand) if is_ready and request.method == "GET" else []
    return hand.page(
        status,
        form=form,
        ways=asked_secrets(hand),
        account=[form[SETTING + option.name] for option in _account(hand)],
        connection=[form[SETTING + option.name] for option in _connection(hand)],
        kept=frozenset(hand.known.secrets),
        found=found,
        finding_words=patience.WORDS,
        is_good=bool(found) and patience.is_good(found),
    )


def _sent(hand: Hand) -> Response:
    session[_SENT] = hand.known.id
    return redirect(hand.address(hand.step), 303)


def _looked(hand: Hand) -> list[Check]:
    """Return what the credentials open; whoever waits for good ones hears of it only after the form was sent."""
    is_deed = session.pop(_SENT, None) == hand.known.id
    return patience.findings(hand.known, is_deed=is_deed)
