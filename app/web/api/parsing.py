"""What a request brings: its body as JSON, read so that nothing in it surprises the rooms behind, and its query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs import missing
from webargs.flaskparser import FlaskParser

from app.web.api.problems import Problem
from scim.errors import InvalidSyntax
from scim.parse import parse_json

MAX_BODY_BYTES = 1 << 20
JSON = "application/json"


class Parser(FlaskParser):
    """The parser of ``blueprint.arguments``; what is wrong becomes a :class:`Problem`."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": ma.RAISE}

    def _raw_load_json(self, req: Request) -> Any:
        body = body_of(req)
        if not body:
            return missing
        if req.mimetype != JSON:
            raise Problem("unsupported_media_type", f"Send the body as {JSON}.")
        try:
            return parse_json(body)
        except InvalidSyntax as error:
            raise Problem("invalid_json", error.detail) from None

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Return the query's parameters. Raises ``Problem`` for one that is given twice."""
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            raise Problem("invalid_value", f"The parameter {twice[0][:60]!r} is given more than once.")
        return super().load_querystring(req, schema)

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise the problem that names every value that cannot be used."""
        by_location = error.normalized_messages().values()
        found = [finding for messages in by_location for finding in _flat(messages, ())]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        first = f"{found[0]['at'] or 'The body'}: {found[0]['detail']}{more}"
        raise Problem("invalid_value", first, errors=found)


def body_of(request: Request) -> bytes:
    """Return the request's body, b"" when there is none.

    Granian's ``wsgi.input`` cannot be read to its end without a length (docs/decisions): a chunked body is read up to
    the limit.

    :raises Problem: it is larger than :data:`MAX_BODY_BYTES`.
    """
    length = request.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" not in request.environ:
        return b""
    if (length or 0) <= MAX_BODY_BYTES:
        wanted = MAX_BODY_BYTES + 1 if length is None else length
        body: bytes = request.environ["wsgi.input"].read(wanted)
        if len(body) <= MAX_BODY_BYTES:
            return body
    raise Problem("too_large", f"The body is larger than the {MAX_BODY_BYTES} bytes that are taken.")


def _flat(messages: Any, path: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield {at, detail} of each finding; ``at`` is the dotted path of the value."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else (*path, str(key)))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield {"at": ".".join(path)[:200], "detail": str(message)}
