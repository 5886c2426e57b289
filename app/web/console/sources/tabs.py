"""The tabs of a source's page, each with an address of its own."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from app.sources.adapter import TakesWebhooks
from app.sources.catalog import Source
from app.web.console.sources.wording import STATES
from app.web.console.wording import known as word_of

_TABS = (
    ("Overview", "console.source"),
    ("Runs", "console.source_runs"),
    ("Mapping", "console.source_mapping"),
    ("Webhook", "console.source_webhook"),
    ("Settings", "console.source_settings"),
)


def tabs_of(known: Source) -> list[tuple[str, str, bool]]:
    """Return the tabs of a source: words, address, whether it is the one that is shown."""
    takes_calls = isinstance(known.adapter(), TakesWebhooks)
    addresses = [
        (words, url_for(endpoint, source_id=known.id))
        for words, endpoint in _TABS
        if takes_calls or endpoint != "console.source_webhook"
    ]
    return [(words, address, _is_here(address, words)) for words, address in addresses]


def _is_here(address: str, words: str) -> bool:
    """Whether a tab is shown, or a page behind it; every page of the source is behind the first one."""
    return request.path == address or (words != _TABS[0][0] and request.path.startswith(f"{address}/"))


def tab(template: str, known: Source, **facts: Any) -> str:
    """Return a tab of a source's page."""
    return render_template(
        f"console/sources/{template}",
        source=known,
        label=known.adapter().label,
        state_word=word_of(STATES, known.state),
        tab_list=tabs_of(known),
        **facts,
    )
