"""iCIMS's API: searches that give ids only, profiles one by one, under a daily budget (vendors.md §2.2–2.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from app.outbound import OutboundError, Response
from app.outbound.client_credentials import BearerSession, CredentialsRefused
from app.sources.adapter import SourceContext
from app.sources.calling import Caller, Pace
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.icims.budget import LONGEST_WAIT, Budget, reset_of
from app.vendors.icims.settings import Account

#: Results of one search at most [D]; more are asked for behind the last id.
SEARCH_CAP = 1000
#: The error code of an object that is not there; another 404 is none of iCIMS's own.
NOT_FOUND = 2
_ERRORS = {
    0: "internal error",
    1: "a required field is missing",
    NOT_FOUND: "there is no such object",
    6: "it does not know the user",
}
_LOOKS_LIKE_ID = re.compile(r"[0-9]{1,18}")
WAY_OUT = (
    "Check customer_id and set the credentials that iCIMS gave you with: rollcall source set NAME "
    "--secret client_id=- --secret client_secret=-"
)
Filter = dict[str, Any]


def equals(name: str, value: str, operator: str = "=") -> Filter:
    """Return one filter of a search."""
    return {"name": name, "value": [value], "operator": operator}


def any_of(name: str, values: Iterable[str]) -> Filter:
    """Return a group that holds for each of these values: groups nest in ``children`` (vendors.md §2.3)."""
    return {"operator": "|", "filters": [equals(name, value) for value in sorted(values)]}


@dataclass(frozen=True, slots=True)
class Found:
    """The ids that a search found, ascending; `answered_at` is iCIMS's own clock, None where it does not say."""

    ids: tuple[int, ...]
    answered_at: datetime | None


@dataclass
class ICIMSClient:
    """Reads one customer of iCIMS."""

    account: Account
    caller: Caller
    budget: Budget
    sign_in: BearerSession = field(repr=False)

    def search(
        self, kind: str, filters: Sequence[Filter], groups: Sequence[Filter] = (), *, operator: str = "&"
    ) -> Found:
        """Return the ids of profiles of a kind (``people``, ``applicantworkflows``) that the filters fit, 1000 at most.

        :raises IncompleteRead: the answer is not a list of ids, or they do not ascend. Raises as :meth:`profile`.
        """
        query = {"operator": operator, "filters": list(filters), "children": list(groups)}
        response = self._ask(
            "POST",
            f"/search/{kind}",
            f"search {kind}",
            query=[("staleness", str(self.account.staleness))],
            body={name: value for name, value in query.items() if value},
        )
        rows = _json(response).get("searchResults")
        if not isinstance(rows, list):
            raise IncompleteRead(f"iCIMS answered a search of {kind} without searchResults.")
        ids = tuple(_id(row, kind) for row in rows)
        if list(ids) != sorted(set(ids)):
            raise IncompleteRead(
                f"iCIMS listed {kind} out of order: a page cannot be told from the next one."
            )
        return Found(ids, _clock_of(response))

    def profile(self, kind: str, profile_id: int | str, fields: Iterable[str]) -> dict[str, Any] | None:
        """Return the fields of a profile, None when iCIMS has none with that id.

        :raises SourceUnavailable: the credentials, or the right to read profiles of this kind, are refused.
        :raises IncompleteRead: no usable answer, or the calls of the day are used up.
        """
        response = self._ask(
            "GET",
            f"/{kind}/{profile_id}",
            f"read {kind}",
            query=[("fields", ",".join(dict.fromkeys(fields)))],
        )
        if response.status != 404:
            return _json(response)
        if error_code(response) != NOT_FOUND:
            raise IncompleteRead(
                f"iCIMS answered 404 to a call, and not that there is no such object. {WAY_OUT}"
            )
        return None

    def fields(self, kind: str) -> dict[str, str]:
        """Return field id → title ("" without one) of the profiles of a kind (``person``, ``job``) at this customer.

        The schema holds those that the API's user may see. Raises as :meth:`profile`.
        """
        schema = _json(
            self._ask("GET", f"/profiledefinitions/v1/{kind}/schema", f"read the schema of {kind}s")
        )
        members = schema.get("properties")
        if not isinstance(members, dict):
            raise IncompleteRead(f"iCIMS described {kind}s without properties.")
        return {
            str(name).lower(): str(told.get("title") or "") if isinstance(told, dict) else ""
            for name, told in members.items()
        }

    def _ask(self, method: str, path: str, what: str, **options: Any) -> Response:
        self.budget.demand()
        path = self.account.path + path
        response = self.caller.answer(method, path, expected=(403, 404), **options)
        self.budget.see(response)
        if response.status == 403:
            raise SourceUnavailable(
                f"iCIMS does not let the API's user {what} (status 403). Its group (Integration User) "
                "must be given that right by iCIMS."
            )
        if response.status == 404 and method != "GET":
            raise SourceUnavailable(
                f"iCIMS has no customer {self.account.customer}, or cannot {what}. {WAY_OUT}"
            )
        return response


def client_of(account: Account, context: SourceContext) -> ICIMSClient:
    """Return the client with which a context reads an account; nothing is called yet."""
    budget = Budget(account.calls_per_day, context.now)
    session = BearerSession(account.credentials, account.base_url, context.open_session)

    def reason(response: Response) -> str:
        budget.see(response)
        wait = _wait_asked(response)
        if response.status == 429 and wait is not None and wait > LONGEST_WAIT:
            raise budget.used_up(wait)
        return _reason(response)

    caller = Caller(
        "iCIMS",
        session,
        context.pause,
        pace=Pace(account.calls_per_minute),
        reason=reason,
        wait_asked=_wait_asked,
        way_out=WAY_OUT,
        first_wait=account.retry_seconds,
    )
    return ICIMSClient(account, caller, budget, session)


def ensure_signed_in(account: Account, context: SourceContext) -> None:
    """Get a token unless there is one; what may pass is left to the calls, which try again.

    :raises SourceUnavailable: the address of tokens is none, or does not take the credentials.
    """
    try:
        account.credentials.token(context.open_session)
    except CredentialsRefused as error:
        raise SourceUnavailable(f"iCIMS refused the credentials: {error.message} {WAY_OUT}") from error
    except OutboundError as error:
        if not error.retryable:
            raise SourceUnavailable(f"iCIMS gave no token: {error.message} Check token_url.") from error


def _wait_asked(response: Response) -> float | None:
    """``x-ratelimit-reset`` is sent with every answer; only a 429 asks to wait for it."""
    return (
        reset_of(response)
        if response.status == 429 and reset_of(response) is not None
        else response.retry_after
    )


def _reason(response: Response) -> str:
    """Return iCIMS's error in our words: its own may repeat values (vendors.md §2.2)."""
    code = error_code(response)
    told = _ERRORS.get(code, f"error {code}") if code is not None else ""
    return f"it answered with status {response.status}" + (f" ({told})" if told else "")


def error_code(response: Response) -> int | None:
    """Return the first ``errorCode`` of an answer's body, else that of its ``X-Error`` header; None without one."""
    try:
        answer = json.loads(response.body)
    except ValueError:
        answer = None
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = (
        first.get("errorCode")
        if isinstance(first, dict)
        else response.headers.get("X-Error", "").partition(":")[0]
    )
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _json(response: Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except OutboundError as error:
        raise IncompleteRead(f"iCIMS cannot be read: {error.message}") from error
    if not isinstance(answer, dict):
        raise IncompleteRead("iCIMS answered with something that is no object.")
    return answer


def _id(row: Any, kind: str) -> int:
    """Return the id of a search result, which may be a number or text."""
    text = str(row.get("id")) if isinstance(row, dict) else ""
    if not _LOOKS_LIKE_ID.fullmatch(text):
        raise IncompleteRead(f"iCIMS listed {kind} without their ids.")
    return int(text)


def _clock_of(response: Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date") or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
