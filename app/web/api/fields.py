"""Fields and schemas of the admin API. Bodies and queries are taken to the letter; answers show what a schema names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.web.converters import MOST

#: Short text on one line, without control characters; whole texts, such as mappings.
LINE, TEXT = r"^[^\x00-\x1f\x7f]*$", r"^[^\x00]*$"
UUID = "^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Whole(validate.Regexp):
    """A pattern for the whole text: ``$`` of Python lets a last line feed pass, that of JSON Schema does not."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self._whole = re.compile(pattern)

    def __call__(self, value: str) -> str:  # type: ignore[override]
        """Return the value; raises ``ValidationError``."""
        if not self._whole.fullmatch(value):
            raise ma.ValidationError(f"It does not have the form {self._whole.pattern}")
        return value


def text(pattern: str = LINE, most: int | None = 200, least: int = 0, **options: Any) -> fields.String:
    """Return a text field; without ``most``, what the body may hold is the limit."""
    length = [validate.Length(least or None, most)] if least or most else []
    return fields.String(validate=[*length, Whole(pattern)], **options)


class Flag(fields.Boolean):
    """``true`` or ``false`` of JSON, and nothing that may be meant so."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryFlag(fields.Boolean):
    """``true`` or ``false`` in a query."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **options)


class Number(fields.Integer):
    """A whole number of a body; JSON has one kind of number, so 3.0 is one, and neither "3" nor true is."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        return super()._deserialize(whole, attr, data, **options)


class QueryNumber(fields.Integer):
    """A whole number in a query, in plain digits."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=validate.Range(least, most), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not re.fullmatch("[0-9]{1,12}", str(value), re.ASCII):
            raise self.make_error("invalid", input=value)
        return int(value)


class Pairs(fields.Dict):
    """Names and texts; null takes one back."""

    def __init__(self, **options: Any) -> None:
        inner = text(TEXT, None, allow_none=True)
        super().__init__(keys=text(_NAME, 60), values=inner, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        found = super()._deserialize(value, attr, data, **options)
        return {name: "" if each is None else each for name, each in found.items()}


_NAME = "^[A-Za-z][A-Za-z0-9_]*$"


def names_of_pairs(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Return what OpenAPI says of the names of :class:`Pairs`."""
    return {"propertyNames": {"pattern": _NAME, "maxLength": 60}} if isinstance(field, Pairs) else {}


class Body(ma.Schema):
    """What a request brings; a member that is not known is refused."""

    class Meta:
        unknown = ma.RAISE


class Shown(ma.Schema):
    """What an answer shows: nothing that its schema does not name, whatever it is given."""


class PageQuery(Body):
    """How many, and from where on: by the number that the last page ended with."""

    limit = QueryNumber(1, 200, load_default=50, metadata={"description": "How many at most."})
    before = QueryNumber(1, MOST, metadata={"description": "Only those with a smaller number."})


def instant(**options: Any) -> fields.String:
    """Return the field of an instant in UTC, such as 2026-11-22T14:00:00.000000Z."""
    return fields.String(metadata={"format": "date-time"}, **options)


def listed(name: str, inner: type[ma.Schema], *, is_paged: bool = False) -> type[ma.Schema]:
    """Return the schema of a list: its members under ``name``, and ``next`` where it has pages."""
    members: dict[str, Any] = {name: fields.List(fields.Nested(inner), required=True)}
    if is_paged:
        says = "The address of the next page; null on the last one."
        members["next"] = fields.String(required=True, allow_none=True, metadata={"description": says})
    make: Callable[..., type[ma.Schema]] = Shown.from_dict
    return make(members, name=inner.__name__ + "List")
