"""What an answer to a hostile request may be: a table of rules, each a function of the two that yields complaints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from tests.harness.wire import Answer
from tests.security.fuzz.documents import CANARIES
from tests.security.fuzz.hostile import Request

CONTENT_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
#: scimType → the status it goes with (RFC 7644 §3.12, table 9; RFC 9865 §2.1); all others go with 400.
SCIM_TYPES = {"uniqueness": 409, "sensitive": 403} | dict.fromkeys(
    (
        "invalidFilter", "tooMany", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
        "invalidVers", "invalidCursor", "expiredCursor", "invalidCount",
    ),
    400,
)  # fmt: skip
MOST_ECHO = 200  # characters of the input that an error may repeat (scim.md §2)
#: Before and after an echo may stand, by chance, what also stands there in the request, such as ``: "``.
_AROUND = 10
_LONGEST_DETAIL = 1_000
_NO_BODY = frozenset({204, 304})
_REDIRECTS = frozenset({307, 308})  # RFC 7644 §3.12, table 8
_REDIRECT_TYPES = (CONTENT_TYPE, "text/html; charset=utf-8")
_MALFORMED = frozenset({400, 404, 405, 411, 413, 414, 417, 431})  # what an HTTP server answers by itself


def complaints(request: Request, answer: Answer) -> list[str]:
    """Return what is wrong with an answer; nothing when all is well."""
    if answer.status >= 500 and not _is_allowed_501(request, answer):
        return [f"status {answer.status}"]
    if not is_scim(request.path) or (not request.is_sound and _is_of_the_server(answer)):
        return []
    if request.method == "HEAD" or answer.status in _NO_BODY:
        return ["a body where none may be"] if answer.body else []
    return [said for rule in _RULES for said in rule(request, answer)]


def parsed(answer: Answer) -> Any:
    """Return the JSON value of an answer's body, None when it is none."""
    try:
        return json.loads(answer.body) if answer.body else None
    except ValueError:
        return None


def is_scim(path: str) -> bool:
    """True for a path of the SCIM API, with or without a tenant in it; elsewhere other rules hold."""
    parts = path.split("/")
    is_of_tenant = len(parts) > 3 and parts[1] == "t" and parts[2] != "" and parts[3] == "scim"
    return parts[1:2] == ["scim"] or is_of_tenant


def _is_allowed_501(request: Request, answer: Answer) -> bool:
    """True for /Me and a token that is bound to nobody (scim.md §2)."""
    return answer.status == 501 and request.path.endswith("/Me")


def _is_of_the_server(answer: Answer) -> bool:
    """True for a refusal of the HTTP server itself, which the application never saw."""
    return answer.status in _MALFORMED and answer.headers.get("content-type") != CONTENT_TYPE


def _content_rule(_request: Request, answer: Answer) -> Iterator[str]:
    """The content type is exactly SCIM's, a redirect leads somewhere, and a body is JSON."""
    if answer.status in _REDIRECTS:
        if "location" not in answer.headers:
            yield "a redirect without Location"
        return
    if 300 <= answer.status < 400:
        yield f"status {answer.status}"
    if answer.headers.get("content-type") != CONTENT_TYPE:
        yield f"content type {answer.headers.get('content-type')!r}"
    try:
        json.loads(answer.body, parse_constant=_refuse)
    except ValueError as error:
        yield f"the body is not JSON: {error}"


def _error_rule(request: Request, answer: Answer) -> Iterator[str]:
    """An answer of 400 and above is a SCIM Error (RFC 7644 §3.12) that repeats little of the request."""
    if answer.status < 400:
        return
    document = parsed(answer)
    yield from error_faults(document, answer.status)
    detail = document.get("detail") if isinstance(document, Mapping) else None
    if isinstance(detail, str) and len(detail) > MOST_ECHO and _echoes(detail, request):
        yield f"detail repeats over {MOST_ECHO} characters of the request"


def _bulk_rule(_request: Request, answer: Answer) -> Iterator[str]:
    """Every operation of a bulk response has a status below 500, and the SCIM Error that belongs to it."""
    document = parsed(answer)
    operations = document.get("Operations") if isinstance(document, Mapping) else None
    for number, operation in enumerate(operations or ()):
        status = operation.get("status")
        if not isinstance(status, str) or not status.isdigit() or int(status) >= 500:
            yield f"operation {number}: status {status!r}"
        elif int(status) >= 400:
            found = error_faults(operation.get("response"), int(status))
            yield from (f"operation {number}: {each}" for each in found)


def _secrets_rule(_request: Request, answer: Answer) -> Iterator[str]:
    """No secret comes back, in whatever answer."""
    yield from (f"the {name} comes back" for name, text in CANARIES.items() if text.encode() in answer.body)


_RULES: tuple[Callable[[Request, Answer], Iterator[str]], ...] = (
    _content_rule,
    _error_rule,
    _bulk_rule,
    _secrets_rule,
)


def error_faults(document: Any, status: int) -> Iterator[str]:
    """Yield what keeps a document from being the SCIM Error of this status."""
    if not isinstance(document, Mapping):
        yield "no SCIM Error"
        return
    if document.get("schemas") != [ERROR]:
        yield f"schemas of the error: {str(document.get('schemas'))[:100]}"
    if document.get("status") != str(status):
        yield f"status in the error: {document.get('status')!r} of {status}"
    scim_type, detail = document.get("scimType"), document.get("detail")
    if "scimType" in document and SCIM_TYPES.get(str(scim_type)) != status:
        yield f"scimType {scim_type!r} with status {status}"
    if not isinstance(detail, str) or not detail:
        yield f"detail {detail!r}"
    elif len(detail) > _LONGEST_DETAIL:
        yield f"detail has {len(detail)} characters"


def _echoes(detail: str, request: Request) -> bool:
    sent = request.body.decode(errors="replace")
    target = request.target.decode("latin-1")
    texts = [sent, target, unquote(target), unquote_plus(target)]
    texts += [value.decode("latin-1") for _, value in request.headers]
    texts += [_unescaped(sent)] if "\\" in sent else []
    size = MOST_ECHO + _AROUND
    windows = [detail[start : start + size] for start in range(len(detail) - size + 1)]
    return any(window in text for text in texts if len(text) >= size for window in windows)


def _unescaped(sent: str) -> str:
    """Return a JSON text as one that escapes nothing, as it is when it is none."""
    try:
        return json.dumps(json.loads(sent), ensure_ascii=False)
    except (ValueError, RecursionError):
        return sent


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
