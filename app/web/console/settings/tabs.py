"""The tabs of the settings; each has an address."""

from __future__ import annotations

from flask import url_for

from app.web.console.blueprint import blueprint

TABS = (
    ("Organisation", "console.settings"),
    ("People and roles", "console.settings_people"),
    ("Sign-in", "console.settings_sign_in"),
    ("Notices", "console.settings_notices"),
    ("Whose word counts", "console.settings_precedence"),
    ("Welcome mail", "console.settings_welcome"),
    ("Retention", "console.settings_retention"),
    ("Keys", "console.settings_keys"),
)


@blueprint.app_context_processor
def places() -> dict[str, object]:
    """Give templates ``settings_tabs(endpoint)``: words, address and whether it is this one, of each tab."""
    return {"settings_tabs": tabs_at}


def tabs_at(here: str) -> list[tuple[str, str, bool]]:
    """Return words, address and whether it is this one, of each tab; ``here``: the endpoint that is shown."""
    return [(words, url_for(endpoint), endpoint == f"console.{here}") for words, endpoint in TABS]
