"""Settings: the organisation, notices, whose word counts, the welcome mail, retention, keys."""

from app.web.console.settings import (
    channels,
    channels_secret,
    keys,
    notices,
    organisation,
    precedence,
    precedence_editing,
    retention,
    tabs,
    welcome,
)

__all__ = [
    "channels",
    "channels_secret",
    "keys",
    "notices",
    "organisation",
    "precedence",
    "precedence_editing",
    "retention",
    "tabs",
    "welcome",
]
