"""The admin JSON API, ``/api/v1``: what the console and the command line do, for programs. ``init_api`` joins it."""

from __future__ import annotations

from flask import Flask

from app.web.api import (
    access,
    document,
    employees,
    pins,
    plans,
    precedence,
    refusals,
    run_errors,
    runs,
    source_export,
    source_life,
    source_webhooks,
    sources,
    suggestions,
    targets,
    vendors,
    welcome,
)
from app.web.api.blueprint import blueprint

#: The routes come from these; the ones below join the hooks that surround every request.
_SUBJECTS = (
    *(
        document,
        employees,
        pins,
        plans,
        precedence,
        run_errors,
        runs,
        source_export,
        source_life,
        source_webhooks,
    ),
    *(sources, suggestions, targets, vendors, welcome),
)
_HOOKS = (access, refusals)


def init_api(app: Flask) -> None:
    """Join the routes of the admin API."""
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the six counters have an order

    app.register_blueprint(blueprint)


__all__ = ["blueprint", "init_api", "refusals"]
