"""Bodies and queries without what must not be kept: by attribute name, and by value for known secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "[hidden]"
KEEP = 16 * 1024
_PARSE_AT_MOST = 1024 * 1024
_MAX_DEPTH = 60

# Compared with a name's last word, lower case, without - and _: `desired_salary`, `X-Api-Key`, `us_ssn`.
_SENSITIVE_ENDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "cookie",
    "privatekey",
    "credentials",
    "signature",
    "nationalid",
    "ssn",
    "socialsecuritynumber",
    "salary",
    "remunerationschedule",
    "compensation",
)
#: Text in which none of the names can stand, however they are spelt, need not be parsed; with an escape it may.
_MAYBE_SENSITIVE = re.compile(
    r"\\u|=|" + "|".join("[-_]*".join(end) for end in sorted(_SENSITIVE_ENDS)), re.IGNORECASE
)
# Members that name an attribute whose value stands beside it: PATCH operations, JumpCloud's `attributes`.
_NAMING_MEMBERS = ("path", "name", "attribute", "field", "key")


def is_sensitive(name: str) -> bool:
    """Whether an attribute of this name, or path, is never kept.

    Every step of a path counts: `urn:…:User:salary.amount` is sensitive because `salary` is.
    """
    steps = re.split(r"[:.\[\] \"]+", name.lower().replace("-", "").replace("_", ""))
    return any(step.endswith(_SENSITIVE_ENDS) for step in steps)


class Redactor:
    """Removes sensitive attributes and the secrets it was told from text that is to be kept. Thread-safe."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= 4 for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def text(self, text: str) -> str:
        """The text with every known secret hidden, and without NUL, which databases refuse."""
        text = text.replace("\x00", "\ufffd")
        return self._known.sub(HIDDEN, text) if self._known else text

    def query(self, query: str) -> str:
        """A query string with the values of sensitive parameters hidden."""
        if not query:
            return ""
        return self.text("&".join(_pair(pair) for pair in query.split("&")))

    def body(self, body: bytes | None) -> str | None:
        """The body as text of at most 16 KiB; None for no body.

        Only JSON can be searched by name. Anything else that looks like a form is treated as a query, the
        rest keeps its text, with known secrets hidden.
        """
        if not body:
            return None
        if len(body) > _PARSE_AT_MOST:
            return f"[{len(body)} bytes, not kept]"
        return _cut(self.text(_by_name(body.decode("utf-8", "replace"))))


def _forms(secret: str) -> Iterable[str]:
    """The spellings in which a secret may come back: plain, JSON, percent-encoded, in Basic credentials."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for credentials in (secret, f"{secret}:", f"{secret}:x"):
        yield base64.b64encode(credentials.encode()).decode()


def _pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if equals and is_sensitive(unquote_plus(name)) else pair


_FORM = re.compile(r"[\w.\-%+\[\]]+=[^&\s]*(?:&[\w.\-%+\[\]]+=[^&\s]*)*")


def _by_name(text: str) -> str:
    if not _MAYBE_SENSITIVE.search(text):
        return text
    try:
        return json.dumps(_without_sensitive(json.loads(text), 0), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        pass
    if _FORM.fullmatch(text):
        return "&".join(_pair(pair) for pair in text.split("&"))
    # Half a document may still spell out a sensitive attribute: nothing of it is kept.
    return (
        f"[{len(text)} characters that are not complete JSON, not kept]"
        if text.lstrip()[:1] in "{["
        else text
    )


def _without_sensitive(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return HIDDEN
    if isinstance(value, list):
        return [_without_sensitive(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    names_sensitive = any(
        isinstance(value.get(member), str) and is_sensitive(value[member]) for member in _NAMING_MEMBERS
    )
    return {
        name: HIDDEN
        if is_sensitive(name) or (names_sensitive and name.lower() == "value")
        else _without_sensitive(item, depth + 1)
        for name, item in value.items()
    }


def _cut(text: str) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= KEEP:
        return raw.decode()
    return raw[: KEEP - 64].decode("utf-8", "ignore") + f"… [cut, {len(raw)} bytes]"
