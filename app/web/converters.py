"""What may stand in an address: names, numbers and ids. What has not the right form is no address (404)."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Flask
from werkzeug.routing import BaseConverter

#: The largest number of a run or a plan that an address can name.
MOST = 999_999_999


class _Named(BaseConverter):
    part_isolating = True
    #: How the OpenAPI document describes it.
    described: ClassVar[dict[str, Any]] = {}


class Kind(_Named):
    """A kind of source."""

    regex = "[a-z][a-z0-9_-]{0,39}"
    described = {"type": "string", "pattern": f"^{regex}$"}


class SourceName(_Named):
    """A source's name, as ``app.sources.drafts`` takes it."""

    regex = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
    described = {"type": "string", "pattern": f"^{regex}$"}


class TargetName(_Named):
    """A target's name; one with a slash in it cannot be named in an address."""

    regex = r"[^/\x00-\x1f\x7f]{1,100}"
    described = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^[^/\x00-\x1f\x7f]+$"}


class Number(_Named):
    """The number of a run or a plan."""

    regex = "[1-9][0-9]{0,8}"
    described = {"type": "integer", "minimum": 1, "maximum": MOST}

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class EmployeeId(_Named):
    """The id of an employee."""

    regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    described = {"type": "string", "format": "uuid", "pattern": f"^{regex}$"}


CONVERTERS: dict[str, type[_Named]] = {
    "kind": Kind,
    "source": SourceName,
    "target": TargetName,
    "number": Number,
    "employee": EmployeeId,
}


def join(app: Flask) -> None:
    """Let the routes of an application use them."""
    app.url_map.converters.update(CONVERTERS)
