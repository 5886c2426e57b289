"""The routes of the product as the maps of authorisation name them."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield rule and method of the map; HEAD goes with GET, and OPTIONS only lists methods.

    Those of the admin API have their rows in test_admin_authorisation.py.
    """
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def path_of(rule: Rule, **values: str) -> str:
    """Return the path of a rule with these values in it."""
    built = rule.build({name: values[name] for name in rule.arguments})
    assert built is not None
    return built[1]
