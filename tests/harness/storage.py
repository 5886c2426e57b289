"""The database taken away: PostgreSQL is restarted while SCIM clients write and a push runs, and the judgement after.

    python -m tests.harness.storage --restarts 20

A whole ``rollcall run`` (web, worker, scheduler) serves clients that create people and suspend some of them; every
second restart is a SIGKILL of the server. A client may be answered 503 with Retry-After, never 500, and goes on until
its request is taken. Afterwards the checker compares what clients were told, the directory and the target.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from app import directory
from app.access import audit
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs.lifeline import die_with_parent
from app.provisioning import targets
from app.provisioning.tables import link_table
from scim.resources import USER
from tests.harness.checker import Account, Truth, Verdict, account_of_scim, check, flattened
from tests.harness.facts import wait_until
from tests.harness.fault_target import TargetProcess
from tests.harness.installation import ROOT, Installation, _free_port
from tests.harness.postgres import PostgresCluster
from tests.harness.wire import Connection, Unanswered

SECONDS = {"CALL_TIMEOUT": "2", "ATTEMPT_GRACE": "1", "LEASE_SECONDS": "5", "SCHEDULER_LEASE": "2"}
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CLIENTS = 3
DEADLINE = 180.0


@dataclass
class Client:
    """One SCIM client: creates people one after the other, suspends every fourth, and repeats what is not answered."""

    name: str
    port: int
    token: str
    stop: threading.Event
    #: E-mail → whether they are active, of everybody that the server has taken.
    taken: dict[str, bool] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Write until stopped; the last request is finished."""
        with Connection(self.port) as connection:
            while not self.stop.is_set():
                email = f"{self.name}-{len(self.taken)}@example.com"
                resource_id = self._create(connection, email)
                is_active = len(self.taken) % 4 != 3
                if not is_active:
                    self._suspend(connection, resource_id)
                self.taken[email] = is_active

    def _create(self, connection: Connection, email: str) -> str:
        body = {"schemas": [USER], "userName": email, "emails": [{"type": "work", "value": email}]}
        name = email.partition("@")[0]
        status, document = self._until_taken(
            connection, "POST", "/Users", body | {"name": {"givenName": "Given", "familyName": name}}
        )
        if status == 201:
            return str(document["id"])
        # An earlier try was committed, and its answer was lost with the connection of the database.
        _, found = self._until_taken(connection, "GET", f"/Users?filter=userName%20eq%20%22{email}%22")
        return str(found["Resources"][0]["id"])

    def _suspend(self, connection: Connection, resource_id: str) -> None:
        steps = [{"op": "replace", "path": "active", "value": False}]
        body = {"schemas": [PATCH_OP], "Operations": steps}
        self._until_taken(connection, "PATCH", f"/Users/{resource_id}", body)

    def _until_taken(
        self, connection: Connection, method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, object] | dict[str, list[dict[str, str]]]]:  # fmt: skip
        request = self._request(method, path, body)
        while True:
            try:
                answer = connection.exchange(request, method)
            except (OSError, Unanswered) as error:
                self.wrong.append(f"{method} was not answered: {error}")
                time.sleep(0.1)
                continue
            self.statuses[answer.status] += 1
            if answer.status in (200, 201, 409):
                return answer.status, json.loads(answer.body)
            if answer.status != 503 or not answer.headers.get("retry-after", "").isdecimal():
                self.wrong.append(
                    f"{method} was answered {answer.status} {answer.headers} {answer.body!r:.300}"
                )
            time.sleep(0.1)

    def _request(self, method: str, path: str, body: object) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} /scim/v2{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/scim+json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@dataclass(frozen=True)
class Outcome:
    """What came of it: both verdicts, what clients were answered, what was wrong, and seconds until each recovery."""

    at_target: Verdict
    in_directory: Verdict
    statuses: Counter[int]
    wrong: list[str]
    recoveries: list[float]
    people: int

    @property
    def is_clean(self) -> bool:
        """True when nothing was lost, made twice or answered wrongly."""
        return self.at_target.is_clean and self.in_directory.is_clean and not self.wrong

    def report(self) -> str:
        """Return what was found as lines for a person."""
        slowest = max(self.recoveries, default=0.0)
        return (
            f"{len(self.recoveries)} restarts, {self.people} people; writes taken again after {slowest:.1f} s at most"
            f"\nanswers: {dict(self.statuses)}\nwrong: {self.wrong[:5]}"
            f"\nat the target: {self.at_target.report()}\nin the directory: {self.in_directory.report()}"
        )


class Stage:
    """An installation on a cluster of its own with one SCIM target, served by ``rollcall run``."""

    def __init__(self, cluster: PostgresCluster, folder: Path, target: TargetProcess) -> None:
        self.cluster, self.target = cluster, target
        self.installation = Installation(cluster.create_database(), folder)
        self.installation.environ |= {f"ROLLCALL_{name}": value for name, value in SECONDS.items()}
        self.installation.migrate()
        self.tenant: Tenant = self.installation.tenant("acme")
        with self.installation.app.app_context(), writing() as connection:
            targets.add(
                connection, self.tenant.id, "system:storage", kind="scim", name="faulty", url=target.url,
                token=target.key, options={"rate": "0", "interval": "1", "breaker": "off"},
            )  # fmt: skip
        self.port = _free_port()
        self.log = folder / "run.log"

    def start(self) -> subprocess.Popen[bytes]:
        """Start web, worker and scheduler."""
        words = ("run", "--port", str(self.port), "--web-workers", "2", "--workers", "2")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", *words],
                cwd=ROOT,
                env=kept | self.installation.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def is_ready(self) -> bool:
        """True when the web server and its database answer."""
        request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with suppress(OSError, Unanswered), Connection(self.port) as connection:
            return connection.exchange(request, "GET").status == 200
        return False

    def is_delivered(self) -> bool:
        """True when no link owes anything."""
        owing = select(func.count()).where(
            link_table.c.tenant_id == self.tenant.id, link_table.c.due_at.is_not(None)
        )
        with self.installation.app.app_context(), reading() as connection:
            return connection.scalar(owing) == 0

    def judge(self, clients: list[Client], recoveries: list[float]) -> Outcome:
        """Compare what clients were told with the directory, the target and the audit chain."""
        taken = {email: active for client in clients for email, active in client.taken.items()}
        wrong = [line for client in clients for line in client.wrong]
        with self.installation.app.app_context(), reading() as connection:
            ids = directory.iterate_ids(connection, self.tenant.id, None, 1_000_000)
            people = directory.get_many(connection, self.tenant.id, ids).values()
            if directory.total(connection, self.tenant.id) != len(people):
                wrong.append("the counter and the people differ")
            wrong += audit.verify(connection, self.tenant.id).findings
            link = link_table.c
            query = select(link.employee_id, link.remote_id, link.state).where(
                link.tenant_id == self.tenant.id
            )
            links = [dict(row._mapping) for row in connection.execute(query)]
        held = [
            Account(e.id, directory.work_email(e.document), e.active, flattened(e.document)) for e in people
        ]
        truth = [Truth(email, active, needs_account=True) for email, active in taken.items()]
        # Who was suspended before an account was made has none.
        without = {row["employee_id"] for row in links if row["state"] == "not_needed"}
        unneeded = {person.email for person in held if person.id in without and not person.active}
        at_target = check(
            [Truth(t.email, t.active, needs_account=t.email not in unneeded) for t in truth],
            [account_of_scim(document) for document in self.target.accounts()],
            (),
            links,
        )
        statuses = sum((client.statuses for client in clients), Counter[int]())
        return Outcome(at_target, check(truth, held), statuses, wrong, recoveries, len(taken))


def restarted(folder: Path, *, restarts: int, say: Callable[[str], None] = print) -> Outcome:
    """Restart PostgreSQL this often in the middle of writes and a push; return what came of it."""
    with PostgresCluster(durable=True) as cluster, TargetProcess() as target:
        stage = Stage(cluster, folder, target)
        stop = threading.Event()
        token = stage.installation.token(stage.tenant, "idp")
        clients = [Client(f"c{number}", stage.port, token, stop) for number in range(CLIENTS)]
        process = stage.start()
        try:
            wait_until(stage.is_ready, f"the product serves ({stage.log})", DEADLINE)
            threads = [threading.Thread(target=client.work, daemon=True) for client in clients]
            for thread in threads:
                thread.start()
            recoveries = [_restart(cluster, clients, number, say) for number in range(restarts)]
            stop.set()
            for thread in threads:
                thread.join(DEADLINE)
            wait_until(stage.is_delivered, f"everything is delivered ({stage.log})", DEADLINE)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        outcome = stage.judge(clients, recoveries)
        stage.installation.close()
        return outcome


def _restart(
    cluster: PostgresCluster, clients: list[Client], number: int, say: Callable[[str], None]
) -> float:
    """Take the database away once clients are writing; return the seconds from its return to the next write."""
    _wait_for_writes(clients)
    if number % 2:
        cluster.kill()
        cluster.start()
    else:
        cluster.restart()
    back = time.monotonic()
    _wait_for_writes(clients)
    seconds = time.monotonic() - back
    say(f"  restart {number + 1}: every client's writes are taken again after {seconds:.1f} s")
    return seconds


def _wait_for_writes(clients: list[Client]) -> None:
    before = [len(client.taken) for client in clients]
    wait_until(
        lambda: all(len(c.taken) > n for c, n in zip(clients, before, strict=True)),
        "every client's writes are taken",
        DEADLINE,
    )


def main() -> int:
    """Restart as often as asked for; 0 when nothing was lost, made twice or answered wrongly."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--restarts", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rollcall-storage-") as name:
        outcome = restarted(Path(name), restarts=chosen.restarts)
    print(outcome.report(), flush=True)
    print("clean" if outcome.is_clean else "NOT clean")
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
