"""What BambooHR answers to a caller that does not ask for JSON (vendors.md §5.1). The exact form is a guess."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from werkzeug.wrappers import Response


def as_xml(value: Any, root: str) -> Response:
    """Return a response with ``value`` as XML."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(root, value)}'
    return Response(text.encode(), 200, content_type="text/xml")


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(
            f"<field id={quoteattr(str(key))}>{_inner(each)}</field>" for key, each in value.items()
        )
        return f"<{name}>{inner}</{name}>"
    return f"<{name}>{_inner(value)}</{name}>"


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return _element("item", value)
    if isinstance(value, list):
        return "".join(_element("item", each) for each in value)
    return "" if value is None else escape(str(value))
