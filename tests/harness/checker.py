"""Decides after a run what was lost, made twice, left in a wrong state, reordered, leaked or asked for too often.

Pure functions of plain values: what the source said (:class:`Truth`), what the target holds (SCIM documents
or systemusers turned into :class:`Account`), the target's call log (dicts as ``Call.as_dict`` gives), and
link rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CREATE_PATHS = ("/Users", "/systemusers")
SEARCH_PATHS = ("/search/", "/.search")
_EXTENSION = re.compile(r":\d+\.\d+:\w+$")  # a path that ends with an extension's URN
Call = Mapping[str, Any]


@dataclass(frozen=True)
class Truth:
    """What the source says of a person. ``fields`` are paths as in :func:`flattened`; None as value: must be absent.

    ``needs_account`` None means: active people need one, inactive people may have one.
    """

    email: str
    active: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)
    needs_account: bool | None = None


@dataclass(frozen=True)
class Account:
    """An account at a target, or an employee in the directory."""

    id: str
    email: str | None
    active: bool
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Verdict:
    """What is wrong; an empty one :attr:`is_clean`.

    ``posts`` counts creates that were sent, ``posts_worked`` those that were done.
    """

    lost: list[str] = field(default_factory=list)
    duplicates: dict[str, list[str]] = field(default_factory=dict)
    wrong_states: list[tuple[str, bool, bool]] = field(default_factory=list)
    wrong_fields: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    over_called: list[str] = field(default_factory=list)
    posts: int = 0
    posts_worked: int = 0

    @property
    def is_clean(self) -> bool:
        """True when nothing is wrong."""
        return not any(getattr(self, name) for name in _FAULTS)

    def report(self) -> str:
        """Return one line per kind of fault with its number and first examples."""
        lines = [f"posts: {self.posts} sent, {self.posts_worked} done"]
        for name in _FAULTS:
            found = getattr(self, name)
            if found:
                examples = list(found.items() if isinstance(found, dict) else found)[:5]
                lines.append(f"{name}: {len(found)}, e.g. {examples}")
        return "\n".join(lines)


_FAULTS = ("lost", "duplicates", "wrong_states", "wrong_fields", "unknown", "links", "over_called")


def check(
    truth: Iterable[Truth],
    accounts: Iterable[Account],
    calls: Sequence[Call] = (),
    links: Iterable[Mapping[str, Any]] = (),
    *,
    foreign: Iterable[str] = (),
    post_ratio: float = 1.15,
) -> Verdict:
    """Return the verdict on an end state.

    ``foreign`` are e-mails of accounts that were at the target before and belong to nobody; ``links`` are rows with
    ``employee_id``, ``remote_id`` and, if known, ``email`` and ``state``; more than ``post_ratio`` × people
    POSTs is over-called.
    """
    people = {key(person.email): person for person in truth}
    held = list(accounts)
    by_email: dict[str, list[Account]] = defaultdict(list)
    for account in held:
        by_email[key(account.email or "")].append(account)
    verdict = Verdict()
    for email, person in people.items():
        _check_person(person, by_email.get(email, []), verdict)
    ours = people.keys() | {key(email) for email in foreign}
    for email, found in by_email.items():
        if email not in ours:
            verdict.unknown.extend(f"{account.id} {account.email}" for account in found)
    verdict.links = link_faults(links, held)
    _check_posts(calls, len(people), post_ratio, verdict)
    return verdict


def _check_person(person: Truth, found: Sequence[Account], verdict: Verdict) -> None:
    needed = person.active if person.needs_account is None else person.needs_account
    if not found and needed:
        verdict.lost.append(person.email)
    if found and person.needs_account is False:
        verdict.unknown.extend(f"{account.id} {account.email}" for account in found)
    if len(found) > 1:
        verdict.duplicates[person.email] = [account.id for account in found]
    for account in found:
        if account.active != person.active:
            verdict.wrong_states.append((person.email, person.active, account.active))
        for path, wanted in person.fields.items():
            if account.fields.get(path) != wanted:
                verdict.wrong_fields.append((person.email, path, wanted, account.fields.get(path)))


def _check_posts(calls: Sequence[Call], people: int, ratio: float, verdict: Verdict) -> None:
    creates = [call for call in calls if is_create(call)]
    verdict.posts = len(creates)
    verdict.posts_worked = sum(1 for call in creates if has_worked(call))
    if people and len(creates) > round(ratio * people, 6):
        verdict.over_called.append(f"{len(creates)} POSTs for {people} people")


def link_faults(links: Iterable[Mapping[str, Any]], accounts: Iterable[Account]) -> list[str]:
    """Return what is wrong between links and accounts.

    Shared or vanished remote ids, e-mails that differ, two links of one person.
    """
    by_id = {account.id: account for account in accounts}
    faults: list[str] = []
    remote_owner: dict[str, Any] = {}
    employees: set[Any] = set()
    for link in links:
        employee, remote = link["employee_id"], link.get("remote_id")
        if employee in employees:
            faults.append(f"employee {employee} has two links")
        employees.add(employee)
        if remote is None:
            continue
        if remote in remote_owner:
            faults.append(f"account {remote} belongs to {remote_owner[remote]} and {employee}")
        remote_owner[remote] = employee
        if remote not in by_id:
            faults.append(f"employee {employee}: account {remote} is not at the target")
        elif link.get("email") and key(link["email"]) != key(by_id[remote].email or ""):
            faults.append(
                f"employee {employee}: account {remote} has e-mail {by_id[remote].email}, not {link['email']}"
            )
    return faults


def is_create(call: Call) -> bool:
    """Tell whether a call asks for a new account."""
    path = call["path"]
    return bool(
        call["method"] == "POST"
        and path.endswith(CREATE_PATHS)
        and not any(each in path for each in SEARCH_PATHS)
    )


def has_worked(call: Call) -> bool:
    """Tell whether the target did what the call asked, whatever it answered."""
    worked = call.get("worked", call.get("status"))
    return worked is not None and 200 <= worked < 300


def writes(calls: Iterable[Call]) -> list[Call]:
    """Return the calls that ask for a change."""
    return [
        call
        for call in calls
        if call["method"] in WRITES and not any(each in call["path"] for each in SEARCH_PATHS)
    ]


def overlapping_writes(calls: Iterable[Call]) -> list[tuple[Call, Call]]:
    """Return pairs of writes to one account that were under way at the same time.

    Creates are compared by their body's e-mail or name.
    """
    last: dict[str, Call] = {}
    pairs: list[tuple[Call, Call]] = []
    for call in sorted(writes(calls), key=lambda each: each["started"]):
        subject = f"{call['path']} {call.get('body', '')}" if is_create(call) else call["path"]
        before = last.get(subject)
        if before is not None and call["started"] < before["ended"]:
            pairs.append((before, call))
        if before is None or call["ended"] > before["ended"]:
            last[subject] = call
    return pairs


def reordered(
    calls: Iterable[Call], version_of: Callable[[Call], tuple[str, Any] | None]
) -> list[tuple[str, Any, Any]]:
    """Return (subject, version, older version done after it).

    ``version_of`` gives a call's subject and version, None to pass over it.
    """
    newest: dict[str, Any] = {}
    found: list[tuple[str, Any, Any]] = []
    for call in sorted(filter(has_worked, calls), key=lambda each: each["ended"]):
        versioned = version_of(call)
        if versioned is None:
            continue
        subject, version = versioned
        if subject in newest and version < newest[subject]:
            found.append((subject, newest[subject], version))
        newest[subject] = max(version, newest.get(subject, version))
    return found


def leaks(texts: Mapping[str, str], canaries: Iterable[str]) -> list[tuple[str, str]]:
    """Return (place, canary) for every canary value that appears in a text."""
    return [(place, canary) for canary in canaries for place, text in texts.items() if canary in text]


def peak_rate(calls: Iterable[Call], window: float = 1.0) -> int:
    """Return the largest number of calls started within ``window`` seconds."""
    starts = sorted(call["started"] for call in calls)
    peak = first = 0
    for last, started in enumerate(starts):
        while starts[first] <= started - window:
            first += 1
        peak = max(peak, last - first + 1)
    return peak


def peak_concurrency(calls: Iterable[Call]) -> int:
    """Return the largest number of calls under way at one instant."""
    edges = sorted(edge for call in calls for edge in ((call["started"], 1), (call["ended"], -1)))
    peak = running = 0
    for _, step in edges:
        running += step
        peak = max(peak, running)
    return peak


def account_of_scim(document: Mapping[str, Any]) -> Account:
    """Return a SCIM User as an account, known by its work e-mail (else the primary, else the first)."""
    entries = sorted(
        document.get("emails", ()), key=lambda entry: (entry.get("type") != "work", not entry.get("primary"))
    )
    email = entries[0].get("value") if entries else None
    return Account(str(document["id"]), email, document.get("active", True) is True, flattened(document))


def account_of_systemuser(record: Mapping[str, Any]) -> Account:
    """Return a JumpCloud systemuser as an account."""
    return Account(record["_id"], record.get("email"), record["state"] == "ACTIVATED", flattened(record))


def flattened(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the simple values by path.

    >>> flattened({"emails": [{"type": "work", "value": "a@b.c"}], "urn:x:2.0:User": {"d": 1}})
    {'emails[work].value': 'a@b.c', 'urn:x:2.0:User:d': 1}
    """
    flat: dict[str, Any] = {}
    _flatten("", document, flat)
    return flat


def _flatten(path: str, value: Any, flat: dict[str, Any]) -> None:
    if isinstance(value, Mapping):
        joint = ":" if _EXTENSION.search(path) else "."
        for name, member in value.items():
            _flatten(f"{path}{joint}{name}" if path else name, member, flat)
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            label = entry.get("type", position) if isinstance(entry, Mapping) else position
            members = {k: v for k, v in entry.items() if k != "type"} if isinstance(entry, Mapping) else entry
            _flatten(f"{path}[{label}]", members, flat)
    else:
        flat[path] = value


def key(email: str) -> str:
    """Return the comparison key of an address: NFC, lower case."""
    return unicodedata.normalize("NFC", email).lower()
