"""The SmartRecruiters target: employees as internal candidates under a custom source (seed 3, vendors.md §3.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from app.outbound import OutboundError, OutboundSession, Response
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request, send
from app.provisioning.fields import Value
from app.provisioning.probing import Report
from app.vendors.smartrecruiters import candidates
from app.vendors.smartrecruiters.candidates import Described, Source
from app.vendors.smartrecruiters.client import next_page, path_of
from app.vendors.smartrecruiters.records import text_of
from scim.keys import comparison_key

PAGE_SIZE = 100
MOST_PAGES = 10_000
SOURCE_NAME = "Rollcall"
#: The type that the guide gives the custom source; a company may have put it under another.
USUAL_TYPE = "OTHER"
SOURCES = "/configuration/sources"
_SOURCES_PAGE = "Settings/Admin > Custom Candidate Sources > Create source"
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))


class SmartRecruitersCandidates:
    """A `TargetAdapter`. Settings: `source_name` (Rollcall), `search` (words or list).

    Candidates are created and changed, never suspended or deleted: of a leaver nothing is sent. Whether the search
    finds e-mail addresses is a guess; ``search=list`` reads the whole list instead.
    """

    kind: ClassVar[str] = "smartrecruiters"
    label: ClassVar[str] = "SmartRecruiters (internal candidates)"
    auth_header: ClassVar[str] = "X-SmartToken"
    auth_prefix: ClassVar[str] = ""
    needs_account_for_activation: ClassVar[bool] = False
    supported_fields: ClassVar[frozenset[str]] = candidates.SUPPORTED
    freezes_inactive: ClassVar[bool] = False
    takes_groups: ClassVar[bool] = False
    # 10 calls a second, and one list of candidates at a time (vendors.md §3.1).
    profile_defaults: ClassVar[Mapping[str, Any]] = {"inactive": "keep", "rate": 10.0, "concurrency": 1}

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._source_name = str(settings.get("source_name") or SOURCE_NAME)
        self._searches = str(settings.get("search") or "words")
        if self._searches not in ("words", "list"):
            raise ValueError("search is words or list")
        if settings.get("inactive") == "suspend":
            raise ValueError("inactive=suspend: candidates cannot be suspended; leave it at keep")
        self._source = Source.kept(settings.get("capabilities"))

    # --- requests that only read ---

    def describe(self, http: OutboundSession) -> Capabilities:
        """What is fixed by the API, and the custom source; a note where candidates would show as "Other"."""
        self._asked(http, self._list_request({"limit": "1"}))
        source, note = self._custom_source(http)
        notes = () if note is None else (note,)
        return Described(patch=True, filter=True, page_size=PAGE_SIZE, notes=notes, source=source)

    def probe(self, http: OutboundSession, *, writes: bool) -> Report:
        """What `describe` finds, in sentences. Nothing is written: nobody could take a candidate back again."""
        report = Report(capabilities=self.describe(http))
        report.add("reachable", "ok", "It answers, and takes the key.")
        for note in report.capabilities.notes:
            report.add("source", "warning", note)
        if not report.capabilities.notes:
            report.add("source", "ok", f"Candidates are exported under the source {self._source_name!r}.")
        if writes:
            report.add("create", "note", "Nothing was tried by writing: a candidate cannot be taken back.")
        with report.asking("list"):
            report.has_accounts = next(iter(self.list_accounts(http)), None) is not None
            report.add("list", "ok", "Candidates can be listed.")
        return report

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The candidates with this work e-mail; candidates keep no external id."""
        if not email:
            return []
        query = {"q": email} if self._searches == "words" else {}
        key = comparison_key(email)
        found = [account for account in self._listed(http, query) if account.email is not None]
        return [account for account in found if comparison_key(account.email or "") == key]

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The candidate, None on 404."""
        try:
            return self.account_from(
                self._asked(http, self._request("GET", path_of("candidates", remote_id)))
            )
        except errors.Vanished:
            return None

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Every candidate with an application, 100 a page."""
        return self._listed(http, {})

    # --- requests that write ---

    def create_request(self, values: Mapping[str, Value], external_id: str) -> Request:
        """A POST of an internal candidate, who applies to no job in particular."""
        return self._request("POST", "/candidates", candidates.new_candidate(values, self._source))

    def update_request(
        self,
        remote_id: str,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
        account_before: Account | None,
    ) -> Request:
        """A PATCH of the changed members."""
        return self._request("PATCH", path_of("candidates", remote_id), candidates.members(changed))

    def activation_request(self, remote_id: str, active: bool, account_before: Account | None) -> Request:
        """A mere look: candidates have no state, and the policy (`inactive`) never asks for one."""
        return self._request("GET", path_of("candidates", remote_id))

    def needs_account_for_update(self, changed: Mapping[str, Value | None]) -> bool:
        """False: PATCH leaves alone what it does not name."""
        return False

    # --- answers ---

    def account_from(self, document: Mapping[str, Any]) -> Account:
        """The account that a candidate is."""
        remote_id = text_of(document.get("id")) if isinstance(document, Mapping) else None
        if remote_id is None or remote_id in (".", ".."):
            raise errors.Unintelligible("no_account", "The answer holds no candidate with a usable id.")
        return Account(
            remote_id=remote_id,
            email=text_of(document.get("email")),
            user_name=None,
            active=True,
            values=candidates.values_of(document),
            raw=document,
        )

    def account_in(self, response: Response) -> Account | None:
        """The candidate in the answer to a creation or change; None for an answer without content."""
        if response.ok and not response.body.strip():
            return None
        return self.account_from(self._content(response))

    def error_from(self, response: Response) -> errors.TargetError:
        """The answer as a `TargetError` with SmartRecruiters' message; the codes are not documented (§3.1)."""
        status, message = response.status, _message(response)
        otherwise = (errors.RetryLater, "server_error") if status >= 500 else (errors.Refused, "refused")
        kind, code = errors.BY_STATUS.get(status, otherwise)
        if status in (400, 422) and "already exist" in message.lower():
            kind, code = errors.Conflict, "email_taken"
        return kind(
            code,
            message,
            status=status,
            retry_after=response.retry_after,
            may_have_been_processed=status >= 500,
            exchange=response.exchange,
        )

    # --- within ---

    def _custom_source(self, http: OutboundSession) -> tuple[Source | None, str | None]:
        """The source of our name, or why candidates would show as "Other"."""
        name, other = repr(self._source_name), 'Without it new candidates show the source "Other".'
        try:
            for kind in self._source_types(http):
                rows = self._asked(http, self._request("GET", f"{SOURCES}/{quote(kind, safe='')}/values"))
                found = candidates.source_in(self._source_name, kind, _content(rows))
                if found is not None:
                    return found, None
        except (errors.Unauthorised, errors.Vanished, errors.Refused, errors.Unintelligible) as error:
            if error.status == 401:
                raise
            why = "Does the key have configuration_read, and the system role Admin?"
            return None, f"Whether there is a custom source {name} cannot be seen. {other} {why}"
        return None, (
            f"There is no custom source {name}. {other} Make it in SmartRecruiters ({_SOURCES_PAGE}; type and sub-type "
            "Other), then run `rollcall target probe`."
        )

    def _source_types(self, http: OutboundSession) -> list[str]:
        rows = _content(self._asked(http, self._request("GET", SOURCES)))
        kinds = [text_of(row.get("id")) for row in rows]
        return list(dict.fromkeys((USUAL_TYPE, *(kind for kind in kinds if kind))))

    def _listed(self, http: OutboundSession, query: Mapping[str, str]) -> Iterator[Account]:
        """The candidates of a list, each once. Raises `IncompleteListing` for one that repeats or does not end."""
        ids: set[str] = set()
        pages: set[str] = set()
        page_id = ""
        for _ in range(MOST_PAGES):
            asked = {**query, "limit": str(PAGE_SIZE), **({"pageId": page_id} if page_id else {})}
            response = send(http, self._list_request(asked))
            document = self._content(response)
            for row in _content(document):
                account = self.account_from(row)
                if account.remote_id not in ids:
                    ids.add(account.remote_id)
                    yield account
            page_id = next_page(document, response)
            if not page_id:
                return
            if page_id in pages:
                raise errors.IncompleteListing("incomplete_listing", "The list of candidates repeats a page.")
            pages.add(page_id)
        raise errors.IncompleteListing("incomplete_listing", "The list of candidates does not end.")

    def _list_request(self, query: Mapping[str, str]) -> Request:
        return Request("GET", "/candidates", query=tuple(query.items()), headers=_JSON)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Request:
        text = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Request(method, path, body=text, headers=_JSON)

    def _asked(self, http: OutboundSession, request: Request) -> Any:
        """The JSON answer to a request that reads."""
        return self._content(send(http, request))

    def _content(self, response: Response) -> Any:
        if not response.ok:
            raise self.error_from(response)
        try:
            return response.json()
        except OutboundError as error:
            raise errors.from_outbound(error) from error


def _content(document: Any) -> list[dict[str, Any]]:
    rows = document.get("content") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise errors.Unintelligible("no_list", "The answer is not a list.")
    return rows


def _message(response: Response) -> str:
    """SmartRecruiters' words, with its codes; else the status."""
    try:
        document = response.json()
    except OutboundError:
        document = None
    if not isinstance(document, dict):
        return f"SmartRecruiters answered with status {response.status}."
    errors_ = document.get("errors")
    rows = [row for row in errors_ if isinstance(row, dict)] if isinstance(errors_, list) else []
    said = [text_of(document.get("message")), *(text_of(row.get("message")) for row in rows)]
    words = " ".join(dict.fromkeys(text for text in said if text))
    return words[:500] or f"SmartRecruiters answered with status {response.status}."
