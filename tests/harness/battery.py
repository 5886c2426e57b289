"""The battery of races, on a real web server with several worker processes.

    python -m tests.harness.battery --rounds 1000 --database both

Each round is two races. Fifty equal POSTs leave at once, on fifty connections that stay open: one is answered 201,
all others 409 uniqueness, and one such user exists. Then twenty clients add a value each to one user by reading it and
replacing the whole list under ``If-Match``: no client's value is lost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote

from scim.resources import USER
from tests.harness.crash import database
from tests.harness.installation import Installation
from tests.harness.wire import Answer, Connection

POSTERS, PATCHERS, WORKERS = 50, 20, 2
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_DEADLINE = 120.0  # seconds for one race: far more than a slow machine needs

#: How the posters of odd rounds write one userName: all are the same name (scim.md §2: NFC + lower, per value).
_SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.upper, str.title)


@dataclass
class Outcome:
    """What the races of a run came to; ``faults`` names each round that was not as it must be."""

    rounds: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> str:
        """Return what was found as lines for a person."""
        counts = ", ".join(f"{race} {status}: {n}" for (race, status), n in sorted(self.statuses.items()))
        lines = [f"{self.rounds} rounds in {self.seconds:.0f} s; {counts}"]
        return "\n".join(lines + self.faults[:20] + [f"{len(self.faults)} faults"])


class Caller:
    """One client on one kept-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = Connection(port)
        self._head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"

    def prepared(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        """Return a request's bytes; ``path`` is below ``/scim/v2``."""
        data = b"" if body is None else json.dumps(body).encode()
        more = {"Content-Type": "application/scim+json"} if data else {}
        more |= {name.replace("_", "-"): value for name, value in headers.items()}
        more["Content-Length"] = str(len(data))
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        return f"{method} /scim/v2{path} {self._head}{lines}\r\n".encode() + data

    def send(self, request: bytes) -> Answer:
        """Return the answer to a prepared request."""
        return self._connection.exchange(request, request.split(b" ", 1)[0].decode())

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Return the answer to a request."""
        return self.send(self.prepared(method, path, body, **headers))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def run(
    port: int, token: str, rounds: int, *, posters: int = POSTERS, patchers: int = PATCHERS, name: str = "race"
) -> Outcome:  # fmt: skip
    """Return what came of this many rounds of both races against the server on ``port``."""
    outcome, started = Outcome(), time.monotonic()
    callers = [Caller(port, token) for _ in range(max(posters, patchers))]
    with ThreadPoolExecutor(len(callers)) as pool:
        for number in range(rounds):
            user = equal_posts(pool, callers[:posters], f"{name}-{number}@example.com", number % 2, outcome)
            if user is not None:
                conditional_patches(pool, callers[:patchers], user, outcome)
            outcome.rounds += 1
    _check_all_are_there(callers[0], name, rounds, outcome)
    for caller in callers:
        caller.close()
    outcome.seconds = time.monotonic() - started
    return outcome


def equal_posts(
    pool: ThreadPoolExecutor, callers: Sequence[Caller], name: str, respelled: int, outcome: Outcome
) -> dict[str, Any] | None:
    """Send equal POSTs at once; return the one user they made, None when there is not exactly one."""
    spellings = _SPELLINGS if respelled else _SPELLINGS[:1]
    requests = [
        caller.prepared(
            "POST", "/Users", {"schemas": [USER], "userName": spellings[n % len(spellings)](name)}
        )
        for n, caller in enumerate(callers)
    ]
    answers = _at_once(pool, callers, requests)
    outcome.statuses.update(("POST", answer.status) for answer in answers)
    made = [json.loads(answer.body) for answer in answers if answer.status == 201]
    refused = [answer for answer in answers if _is_refused_as_taken(answer)]
    if len(made) != 1 or len(refused) != len(callers) - 1:
        outcome.faults.append(f"{name}: {_summary(answers)}")
    question = quote(f'userName eq "{name}"')
    found = json.loads(callers[0].call("GET", f"/Users?filter={question}").body)
    ids = [user["id"] for user in found.get("Resources", ())]
    if found.get("totalResults") != 1 or ids != [user["id"] for user in made]:
        outcome.faults.append(f"{name}: {found.get('totalResults')} users {ids}, made {len(made)}")
        return None
    return dict(made[0])


def conditional_patches(
    pool: ThreadPoolExecutor, callers: Sequence[Caller], user: dict[str, Any], outcome: Outcome
) -> None:
    """Let every caller add a value under ``If-Match`` until it is in, and judge what the user then holds.

    All of the first requests carry the same version: one of them may win.
    """
    name, path, version = user["userName"], f"/Users/{user['id']}", user["meta"].get("version", "")
    values = [f"{n}.{name}" for n in range(len(callers))]
    first = [
        caller.prepared("PATCH", path, _replacing([value]), If_Match=version)
        for caller, value in zip(callers, values, strict=True)
    ]
    answers = _at_once(pool, callers, first)
    outcome.statuses.update(("PATCH", answer.status) for answer in answers)
    if sorted(answer.status for answer in answers) != [200] + [412] * (len(callers) - 1):
        outcome.faults.append(f"{name}: equal If-Match: {_summary(answers)}")
    losers = [n for n, answer in enumerate(answers) if answer.status != 200]
    versions = [answer.headers.get("etag", "") for answer in answers if answer.status == 200]
    for seen, statuses in pool.map(lambda n: _add_until_in(callers[n], path, values[n]), losers):
        versions.append(seen)
        outcome.statuses.update(("PATCH", status) for status in statuses)
    held = json.loads(callers[0].call("GET", path).body)
    if sorted(email["value"] for email in held.get("emails", ())) != sorted(values):
        outcome.faults.append(f"{name}: lost updates: {held.get('emails')}")
    wanted = range(_number(version) + 1, _number(version) + 1 + len(callers))
    last = held["meta"].get("version", "")
    if sorted(map(_number, versions)) != list(wanted) or _number(last) != wanted[-1]:
        outcome.faults.append(f"{name}: versions {versions}, then {last}")


def _add_until_in(caller: Caller, path: str, value: str) -> tuple[str, list[int]]:
    """Read and replace until the replacing is taken; return the version it made and every status on the way."""
    statuses, give_up = [], time.monotonic() + _DEADLINE
    while time.monotonic() < give_up:
        read = caller.call("GET", path)
        emails = [email["value"] for email in json.loads(read.body).get("emails", ())]
        version = read.headers.get("etag", "")
        answer = caller.call("PATCH", path, _replacing([*emails, value]), If_Match=version)
        statuses.append(answer.status)
        if answer.status != 412:
            return answer.headers.get("etag", ""), statuses
    raise TimeoutError(f"{value} did not get in within {_DEADLINE:g} s")


def _replacing(emails: list[str]) -> dict[str, Any]:
    operation = {"op": "replace", "path": "emails", "value": [{"value": email} for email in emails]}
    return {"schemas": [PATCH_OP], "Operations": [operation]}


def _at_once(pool: ThreadPoolExecutor, callers: Sequence[Caller], requests: Sequence[bytes]) -> list[Answer]:
    """Send each caller's request when all callers are ready; return the answers."""
    barrier = Barrier(len(callers))

    def send(caller: Caller, request: bytes) -> Answer:
        barrier.wait(_DEADLINE)
        return caller.send(request)

    return list(pool.map(send, callers, requests))


def _check_all_are_there(caller: Caller, name: str, rounds: int, outcome: Outcome) -> None:
    """Note a fault unless the directory holds one user per round, by its counter and by its rows."""
    question = quote(f'userName sw "{name}-"')
    counted, found = (
        json.loads(caller.call("GET", f"/Users?count=0{more}").body).get("totalResults", -1)
        for more in ("", f"&filter={question}")
    )
    if found != rounds or counted < found:
        outcome.faults.append(f"{rounds} rounds, {found} users, counter {counted}")


def _is_refused_as_taken(answer: Answer) -> bool:
    if answer.status != 409:
        return False
    document = json.loads(answer.body)
    said = (document["schemas"], document["status"], document.get("scimType"))
    return said == ([ERROR], "409", "uniqueness")


def _summary(answers: Sequence[Answer]) -> str:
    counts = Counter(answer.status for answer in answers)
    odd = [answer.body[:300] for answer in answers if answer.status not in (200, 201, 409, 412)]
    return f"{dict(counts)} {odd[:2]}"


def _number(version: str) -> int:
    """Return the number in a version of ours, -1 when it is none."""
    digits = version.removeprefix("W/").strip('"')
    return int(digits) if digits.isdigit() else -1


def main() -> int:
    """Run the battery at the size asked for, on each database; 0 when there is no fault."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    chosen = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    faults = 0
    for kind in kinds:
        with (
            tempfile.TemporaryDirectory(prefix="rollcall-battery-") as name,
            database(kind, Path(name)) as url,
        ):
            installation = Installation(url, Path(name))
            installation.migrate()
            token = installation.token(installation.tenant("acme"), "battery")
            with installation.web(chosen.workers) as server:
                outcome = run(server.port, token, chosen.rounds)
            installation.close()
            print(f"{kind}, {chosen.workers} worker processes: {outcome.report()}", flush=True)
            faults += len(outcome.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
