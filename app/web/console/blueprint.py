"""The console's blueprint: every page and deed names the role that it asks for (``app.access.roles``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint

from app.access.roles import HR, VIEWER

View = TypeVar("View", bound=Callable[..., Any])


class ConsoleBlueprint(Blueprint):
    """Pages and deeds with the role that each asks for; ``roles``: endpoint → role, None: open to all."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.roles: dict[str, str | None] = {}

    def _asks(self, rule: str, methods: list[str], role: str | None) -> Callable[[View], View]:
        def decorated(view: View) -> View:
            self.roles[f"{self.name}.{view.__name__}"] = role
            self.add_url_rule(rule, view.__name__, view, methods=methods)
            return view

        return decorated

    def shows(self, rule: str, role: str | None = VIEWER) -> Callable[[View], View]:
        """Return the decorator of a page (GET)."""
        return self._asks(rule, ["GET"], role)

    def does(self, rule: str, role: str | None = HR) -> Callable[[View], View]:
        """Return the decorator of a deed (POST), which ends in a redirect."""
        return self._asks(rule, ["POST"], role)

    def fills_in(self, rule: str, role: str | None = HR) -> Callable[[View], View]:
        """Return the decorator of a page with a form that is sent to the same address (GET and POST)."""
        return self._asks(rule, ["GET", "POST"], role)


blueprint = ConsoleBlueprint(
    "console",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)
