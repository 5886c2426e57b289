"""What became of a call, in plain words: by its status, or by why there was no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from app.web.console.blueprint import blueprint
from app.web.console.wording import Word


@dataclass(frozen=True, slots=True)
class Fate:
    """A call's outcome: the word beside its dot, what happened, and what comes of it."""

    word: Word
    happened: str
    follows: str


def _fate(label: str, colour: str, happened: str, follows: str) -> Fate:
    return Fate(Word(label, happened, colour), happened, follows)


_AGAIN = "Rollcall tries again by itself, ever more slowly; after 72 hours it asks for a person."
_HELD = (
    "This person is held until their data, the field list or the target changes; nobody else is concerned."
)
DONE = _fate("Done", "success", "The target took the request.", "Nothing has to be done.")
_PATIENCE = _fate("Asked to wait", "info", "The target asked for patience: too many requests.", _AGAIN)
_GONE = _fate(
    "Not there",
    "warning",
    "The target has nothing at this address.",
    "A look-up finds nobody there, which is no fault; an account that Rollcall knew is reported as vanished.",
)
_KEY = _fate(
    "Key refused",
    "danger",
    "The target does not accept the key, or the key may not do this.",
    "The whole target is paused until an admin gives it another key; changes are kept meanwhile.",
)
_CONFLICT = _fate(
    "In use there",
    "warning",
    "The target says that the account, or a value that must be unique, exists already.",
    "Rollcall looks for the account; it takes it over only when the work e-mail is the same. Else the person is held.",
)
_REFUSED = _fate("Refused", "danger", "The target refused what was sent.", _HELD)
_TROUBLE = _fate("Target in trouble", "danger", "The target failed while it worked on the request.", _AGAIN)
_ELSEWHERE = _fate(
    "Redirected",
    "danger",
    "The target sent Rollcall to another address, and Rollcall never follows.",
    "An admin should look at the target's address: Targets, Settings.",
)
_ODD = _fate("Unclear", "warning", "The answer has a status that says nothing about success.", _AGAIN)
_BY_STATUS: Mapping[int, Fate] = {
    401: _KEY,
    403: _KEY,
    404: _GONE,
    409: _CONFLICT,
    410: _GONE,
    429: _PATIENCE,
    503: _PATIENCE,
}
_BY_HUNDRED: Mapping[int, Fate] = {2: DONE, 3: _ELSEWHERE, 4: _REFUSED, 5: _TROUBLE}


def _silent(happened: str, follows: str = _AGAIN) -> Fate:
    return _fate("No answer", "danger", happened, follows)


_ADDRESS = "An admin should look at the target's address: Targets, Settings."
#: Code of the error → what it means, where no usable answer came.
_BY_ERROR: Mapping[str, Fate] = {
    "dns_failed": _silent("The target's name could not be looked up."),
    "connect_failed": _silent("Nobody could be reached at the target's address."),
    "connect_timeout": _silent("The target did not take the connection in time."),
    "tls_failed": _silent("The target's certificate could not be trusted, or TLS failed.", _ADDRESS),
    "timeout": _silent("The target took too long; it may have done what was asked all the same."),
    "connection_broken": _silent(
        "The connection broke; the target may have done what was asked all the same."
    ),
    "incomplete_body": _silent("Only a part of the answer came."),
    "bad_encoding": _silent("The answer could not be unpacked."),
    "redirected": _ELSEWHERE,
    "too_large": _silent("The answer is larger than Rollcall takes."),
    "not_json": _silent(
        "What came is no answer of the target's API: perhaps the page of a proxy or of a sign-in."
    ),
    "address_refused": _silent("Rollcall does not call this address: it is a private one.", _ADDRESS),
    "bad_url": _silent("The target's address cannot be called.", _ADDRESS),
}


def fate_of(status: int | None, error: str | None) -> Fate:
    """Return what became of a call.

    >>> fate_of(201, None).word.label, fate_of(None, "timeout").word.label, fate_of(429, None).word.label
    ('Done', 'No answer', 'Asked to wait')
    """
    if error is not None and error in _BY_ERROR:
        return _BY_ERROR[error]
    if status is None:
        return _silent("No answer came.")
    return _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, _ODD)


@blueprint.app_template_filter("took")
def took(milliseconds: float) -> str:
    """Return how long a call took.

    >>> took(82.4), took(1530)
    ('82 ms', '1.5 s')
    """
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


#: Characters of a path in a list.
_BRIEF = 64


@blueprint.app_template_filter("briefly")
def briefly(path: str) -> str:
    """Return a path as a list shows it: readable, and not longer than a line.

    >>> briefly("/Users?filter=userName+eq+%22maya%22")
    '/Users?filter=userName eq "maya"'
    """
    text = unquote_plus(path)
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"
