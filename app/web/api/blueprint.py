"""The blueprint that every route of the admin API belongs to: each names its subject and the scope that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask_smorest import Blueprint

from app.web.api.parsing import Parser

PREFIX = "/api/v1"
READ, WRITE = "admin:read", "admin:write"
View = TypeVar("View", bound=Callable[..., Any])


class AdminBlueprint(Blueprint):
    """Routes with the scope that each asks for."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        #: Endpoint → its scope; None: open to all.
        self.scopes: dict[str, str | None] = {}
        #: Endpoint → the content types that it can answer with; JSON where it does not stand.
        self.offers: dict[str, tuple[str, ...]] = {}

    def serves(
        self,
        method: str,
        rule: str,
        subject: str,
        scope: str | None,
        offers: tuple[str, ...] = (),
    ) -> Callable[[View], View]:
        """Return a decorator that puts a view behind a method and address, for those who hold ``scope``."""

        def decorated(view: View) -> View:
            name = view.__name__
            self.scopes[f"{self.name}.{name}"] = scope
            if offers:
                self.offers[f"{self.name}.{name}"] = offers
            described = self.doc(operationId=name, security=[{"bearer": [scope]}] if scope else [])(view)
            # Two slashes in a row are another address, not one to be sent on to.
            self.add_url_rule(rule, name, described, methods=[method], tags=[subject], merge_slashes=False)
            return view

        return decorated

    def reads(self, rule: str, subject: str, **options: Any) -> Callable[[View], View]:
        """Return the decorator of a view that only looks."""
        return self.serves("GET", rule, subject, READ, **options)

    def acts(self, rule: str, subject: str, method: str = "POST") -> Callable[[View], View]:
        """Return the decorator of a view that changes something, or calls somebody outside."""
        return self.serves(method, rule, subject, WRITE)


blueprint = AdminBlueprint("api", __name__, url_prefix=PREFIX)
