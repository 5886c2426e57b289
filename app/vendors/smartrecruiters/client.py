"""SmartRecruiters' API as it answers: paced, two ways of paging, errors without values (vendors.md §3.1, §3.2).

One client makes one call at a time, which is also all that ``GET /candidates`` allows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote

from app.outbound import OutboundError, Response
from app.outbound.client_credentials import BearerSession, ClientCredentials, CredentialsRefused
from app.sources.adapter import SourceContext
from app.sources.calling import Caller, Calls, Pace
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.smartrecruiters.settings import number

LABEL = "SmartRecruiters"
TOKEN_PATH = "/identity/oauth/token"
CREDENTIALS_PAGE = "Settings > Administration > Apps & Integrations > Credentials"
PAGE_SIZE = 100
MOST_PAGES = 10_000
Row = dict[str, Any]
Pairs = Iterable[tuple[str, str]]
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list. `asked_at` is the server's clock (the ``Date`` header) or None."""

    rows: list[Row]
    asked_at: str | None = None


@dataclass
class Client:
    """Reads from, and writes to, one company."""

    caller: Caller

    def get(self, path: str, query: Pairs = (), *, absent: Collection[int] = ()) -> Any:
        """Return the JSON of a GET; None for an empty body and for the statuses that count as absent.

        :raises SourceUnavailable: the credential is refused. :raises IncompleteRead: no usable answer came.
        """
        return self.caller.json("GET", path, query=query, expected=absent)

    def optional(self, path: str) -> Any:
        """Return the JSON of a GET; None where there is nothing, or the credential may not see it (403)."""
        return self.get(path, absent=(403, 404))

    def once(self, place: str) -> Response:
        """Return the answer to a GET of path and query, tried once: a look must not wait for what comes back later.

        Raises the ``OutboundError`` family.
        """
        self.caller.pause(self.caller.pace.wait())
        return self.caller.session.call("GET", place)

    def by_page_id(self, path: str, query: Pairs = ()) -> Iterator[Listed]:
        """Yield the pages of a list that goes on by ``nextPageId`` or a ``Link`` header (§3.2). Raises as `get`."""
        query, seen = [*query, ("limit", str(PAGE_SIZE))], set[str]()
        page_id = ""
        for _ in range(MOST_PAGES):
            asked = [*query, ("pageId", page_id)] if page_id else query
            response = self.caller.answer("GET", path, query=asked)
            document = _document(response, path)
            yield Listed(_rows(document, path), response.headers.get("Date"))
            page_id = next_page(document, response)
            if not page_id:
                return
            if page_id in seen:
                raise IncompleteRead(f"{LABEL} repeats a page of {path} without end.")
            seen.add(page_id)
        raise IncompleteRead(f"{LABEL} has more than {MOST_PAGES} pages of {path}.")

    def by_offset(self, path: str, query: Pairs = ()) -> Iterator[Row]:
        """Yield the rows of a list that goes on by ``offset``, each once (§3.2). Raises as `get`."""
        query, seen, offset = list(query), set[str](), 0
        for _ in range(MOST_PAGES):
            asked = [*query, ("limit", str(PAGE_SIZE)), ("offset", str(offset))]
            document = _document(self.caller.answer("GET", path, query=asked), path)
            rows = _rows(document, path)
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            seen.update(str(row.get("id")) for row in fresh)
            yield from fresh
            offset += len(rows)
            total = document.get("totalFound")
            if not rows or (isinstance(total, int) and offset >= total):
                return
            if not fresh:
                raise IncompleteRead(f"{LABEL} repeats a page of {path} without end.")
        raise IncompleteRead(f"{LABEL} has more than {MOST_PAGES} pages of {path}.")


def client_of(context: SourceContext) -> Client:
    """Return a client with the source's credential and pace.

    :raises SourceUnavailable: there is no credential, or the token address refuses it.
    :raises IncompleteRead: the token address does not answer.
    """
    pace, wait = (number(context.settings[name]) or 0.0 for name in ("calls_per_second", "retry_seconds"))
    caller = Caller(
        LABEL,
        session_of(context),
        context.pause,
        Pace(pace, seconds=1.0),
        reason=told,
        first_wait=wait,
        way_out=f"Make a credential in SmartRecruiters ({CREDENTIALS_PAGE}), set it with "
        f"`rollcall source set {context.name} --secret api_key=-`, and look at its permissions with "
        f"`rollcall source check {context.name}`.",
    )
    return Client(caller)


def session_of(context: SourceContext) -> Calls:
    """Return a session that carries the API key, or a bearer token where there is none. Raises as `client_of`."""
    base_url, key = context.settings["base_url"], context.secrets.get("api_key")
    if key:
        return context.open_session(base_url, headers={"X-SmartToken": key}, secrets=(key,))
    client_id, client_secret = (context.secrets.get(name, "") for name in ("client_id", "client_secret"))
    if not client_id or not client_secret:
        raise SourceUnavailable(
            f"{LABEL} cannot be called: the source has no credential. Make an API key in SmartRecruiters "
            f"({CREDENTIALS_PAGE}) and set it with: rollcall source set {context.name} --secret api_key=-"
        )
    token_url = context.settings["token_url"] or base_url.rstrip("/") + TOKEN_PATH
    credentials = ClientCredentials(token_url, client_id, client_secret)
    try:
        credentials.token(context.open_session)
    except CredentialsRefused as error:
        raise SourceUnavailable(
            f"{LABEL} refused the client id and secret: {error.message} Set them with: "
            f"rollcall source set {context.name} --secret client_id=- --secret client_secret=-"
        ) from error
    except OutboundError as error:
        raise IncompleteRead(f"{LABEL} gave no token: {error.message}") from error
    return BearerSession(credentials, base_url, context.open_session)


def told(response: Response) -> str:
    """Return what an unsuccessful answer means, with SmartRecruiters' codes but none of its texts: they quote values.

    The forms are not documented (vendors.md §3.1).
    """
    if response.status == 401:
        return "the key or token is not known there"
    if response.status == 403:
        return "the credential lacks a permission, or its system role does not reach that far"
    if response.status == 429:
        return "it says that there are too many calls (429); lower calls_per_second"
    return f"it answered with status {response.status}{_codes(response)}"


def path_of(*words: str) -> str:
    """Return a path of these words, each percent-encoded.

    >>> path_of("candidates", "a/b")
    '/candidates/a%2Fb'
    """
    return "".join(f"/{quote(word, safe='')}" for word in words)


def next_page(document: Row, response: Response) -> str:
    """Return the id of the page behind an answer, by ``nextPageId`` or the ``Link`` header; empty at the end (§3.2)."""
    told_id = document.get("nextPageId")
    if isinstance(told_id, str) and told_id:
        return told_id
    link = _NEXT.search(response.headers.get("Link", ""))
    return parse_qs(link[1].partition("?")[2]).get("pageId", [""])[0] if link else ""


def _codes(response: Response) -> str:
    try:
        document = response.json()
    except OutboundError:
        return ""
    errors = document.get("errors") if isinstance(document, dict) else None
    codes = [str(error.get("code", "")) for error in errors or () if isinstance(error, dict)]
    shown = [code for code in codes if _CODE.fullmatch(code)]
    return f" ({', '.join(shown[:3])})" if shown else ""


def _document(response: Response, path: str) -> Row:
    document = response.json() if response.body.strip() else None
    if not isinstance(document, dict):
        raise IncompleteRead(f"{LABEL} answered without a list of {path}.")
    return document


def _rows(document: Row, path: str) -> list[Row]:
    rows = document.get("content")
    if not isinstance(rows, list):
        raise IncompleteRead(f"{LABEL} answered without a list of {path} (no member content).")
    return [row for row in rows if isinstance(row, dict)]
