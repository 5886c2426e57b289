"""``make run`` as a person meets it: a real process group in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.config import load_settings
from app.demo import SIMULATOR_KEY, SOURCE, TARGET, Simulators, keep_addresses
from tests.harness.facts import is_running, wait_until
from tests.harness.raw_server import RawServer, answer
from tests.web.console.browser import Browser, Page

ROOT = Path(__file__).parents[1]
PROMISED_SECONDS = 120
EMAIL = "admin@demo.example"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Demo:
    """One start of ``python -m app.demo`` in an instance folder."""

    def __init__(self, instance: Path, **settings: str) -> None:
        self.instance = instance
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        self.env = (
            kept | {"ROLLCALL_INSTANCE_PATH": str(instance), "ROLLCALL_PORT": str(self.port)} | settings
        )
        instance.mkdir(parents=True, exist_ok=True)
        self._said, self._logged = instance / "said.txt", instance / "logged.txt"
        with self._said.open("w") as said, self._logged.open("w") as logged:
            command = [sys.executable, "-m", "app.demo"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=said, stderr=logged)

    @property
    def said(self) -> str:
        """Its standard output so far."""
        return self._said.read_text()

    @property
    def logged(self) -> str:
        """Its standard error so far."""
        return self._logged.read_text()

    def simulator(self, kind: str) -> str:
        """The address of a simulator."""
        ports = json.loads((self.instance / "demo.json").read_text())["ports"]
        return f"http://127.0.0.1:{ports[kind]}"

    def wait(self, fact: Callable[[], Any], what: str, seconds: float = PROMISED_SECONDS) -> Any:
        """What `fact` gives once that is something true; fails when the demo ends or time runs out."""
        given: list[Any] = []

        def look() -> bool:
            assert self.process.poll() is None, f"the demo ended: {self.said}\n{self.logged}"
            given[:] = [fact()]
            return bool(given[0])

        wait_until(look, what, seconds)
        return given[0]

    def answers(self) -> bool:
        """Whether the console answers."""
        try:
            return requests.get(self.base + "/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def accounts(self) -> set[str]:
        """The e-mail addresses of the demo's people in the simulated JumpCloud."""
        try:
            address = self.simulator(TARGET) + "/api/systemusers?limit=100"
            answer = requests.get(address, headers={"x-api-key": SIMULATOR_KEY}, timeout=5).json()
        except (requests.ConnectionError, FileNotFoundError):
            return set()
        found = {user["email"] for user in answer["results"]}
        return {email for email in found if email.endswith("@demo.example")}

    def processes(self) -> set[int]:
        """The ids of all processes that it has started, whoever of them did."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        found, before = {self.process.pid}, 0
        while len(found) > before:
            before = len(found)
            found |= {pid for pid, parent in parents.items() if parent in found}
        return found - {self.process.pid}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What ``rollcall`` does in another terminal on this folder, with no other setting."""
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120)

    def stop(self) -> int:
        """Its exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Give a function that starts the demo in the test's folder; what still runs at the end is stopped."""
    started: list[Demo] = []

    def make(**settings: str) -> Demo:
        started.append(Demo(tmp_path / "instance", **settings))
        return started[-1]

    yield make
    for demo in started:
        if demo.process.poll() is None:
            demo.stop()


@pytest.mark.timeout(600)
def test_hires_come_through_are_shown_and_come_through_again_after_a_restart(
    start: Callable[..., Demo],
) -> None:
    first = start()
    first.wait(first.accounts, "a simulated hire stands in the simulated JumpCloud")
    accounts = an_admin_sees_the_accounts(first)
    the_printed_token_command_works(first)
    only_the_simulators_are_opened(first)
    commands_reach_the_simulators_without_a_variable(first)
    a_second_demo_in_the_folder_is_refused(first)
    sigterm_leaves_nothing(first)
    every_other_loopback_address_stays_refused(first)

    second = start()
    second.wait(lambda: second.accounts() == accounts, "the same accounts stand there again")
    assert "one-time password" not in second.said
    assert f"admin create {EMAIL} --tenant demo" in second.said
    sigterm_leaves_nothing(second)


def an_admin_sees_the_accounts(demo: Demo) -> set[str]:
    """The accounts in JumpCloud once Home behind the printed password counts as many links."""
    demo.wait(demo.answers, "the console answers")
    printed = re.search(r"one-time password (\S+)", demo.said)
    assert printed and demo.base + "/" in demo.said
    browser = Browser(demo.base)
    assert browser.sign_in("demo", EMAIL, printed[1]).status_code == 303
    assert "asked to choose a password" in demo.said
    assert browser.choose_password("correct horse battery").status_code == 303
    demo.wait(lambda: has_settled(browser.page()), "everybody has been pushed or waits")
    page, accounts = browser.page(), demo.accounts()
    assert f"{len(accounts)} linked at {TARGET}" in page.links("targets")
    assert {row[1] for row in browser.page("/people").rows("people")} & accounts
    assert f"{SOURCE} Active" in page.text and f"{TARGET} Active" in page.text
    assert sum(int(row[1]) for row in page.rows("strip")) >= 1
    return accounts


def has_settled(page: Page) -> bool:
    """Whether the first import has ended and every person is linked or waits."""
    words = page.links("targets")
    is_imported = " errored" in page.text and "under way" not in page.text
    return (
        is_imported and any(" linked" in word for word in words) and not any(" new" in word for word in words)
    )


def the_printed_token_command_works(demo: Demo) -> None:
    printed = re.search(r"A token +(.+)", demo.said)
    assert printed
    made = subprocess.run(
        printed[1].split(), cwd=ROOT, env=demo.env, capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stderr
    answer = requests.get(
        f"{demo.base}/scim/v2/Users?count=1",
        headers={"Authorization": f"Bearer {made.stdout.strip()}"},
        timeout=30,
    )
    assert answer.json()["totalResults"] >= len(demo.accounts())


def only_the_simulators_are_opened(demo: Demo) -> None:
    wanted = {demo.simulator(kind).removeprefix("http://") for kind in (SOURCE, TARGET)}
    for pid in demo.processes():
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        environ = dict(
            line.split("=", 1) for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in line
        )
        assert "ROLLCALL_ALLOW_PRIVATE_TARGETS" not in environ
        if "worker" in arguments:
            assert set(environ["ROLLCALL_ALLOWED_ADDRESSES"].split(",")) == wanted


def commands_reach_the_simulators_without_a_variable(demo: Demo) -> None:
    assert "ROLLCALL_ALLOWED_ADDRESSES" not in demo.said
    probed = demo.command("target", "probe", TARGET, "--tenant", "demo")
    assert (probed.returncode, probed.stderr) == (0, "")
    assert probed.stdout.startswith("Reachable and authenticated")


def every_other_loopback_address_stays_refused(demo: Demo) -> None:
    """Only after the demo has stopped does nothing but the command try the target."""
    with RawServer(lambda connection, _: connection.sendall(answer(b"{}"))) as server:
        where = ("--tenant", "demo")
        settings = ("--name", "other", "--url", server.url, "--secret", "token=x")
        assert demo.command("target", "add", "scim", *where, *settings).returncode == 0
        refused = demo.command("target", "sync", "other", *where, "--wait", "--timeout", "30")
        assert server.connections == 0
    (line,) = (
        line for line in refused.stderr.splitlines() if not line.startswith("{")
    )  # the rest is the log
    assert refused.returncode == 1
    assert line.startswith("rollcall: ") and "loopback" in line and "ROLLCALL_ALLOW_PRIVATE_TARGETS" in line
    assert demo.command("target", "remove", "other", *where, "--yes").returncode == 0


def a_second_demo_in_the_folder_is_refused(demo: Demo) -> None:
    env = demo.env | {"ROLLCALL_PORT": str(free_port())}
    refused = subprocess.run(
        [sys.executable, "-m", "app.demo"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("rollcall: The demo of ") and "is running already" in refused.stderr


def sigterm_leaves_nothing(demo: Demo) -> None:
    running = demo.processes()
    assert len(running) >= 3
    assert demo.stop() == 0, demo.logged
    assert [pid for pid in running if is_running(pid)] == []


@pytest.mark.timeout(300)
def test_without_the_demo_only_the_product_runs(start: Callable[..., Demo]) -> None:
    plain = start(ROLLCALL_DEMO="0")
    plain.wait(plain.answers, "the console answers")
    assert not (plain.instance / "demo.json").exists()
    assert "simulat" not in plain.said + plain.logged
    assert "tenant create" in plain.said
    sigterm_leaves_nothing(plain)


def refusal(folder: Path, **settings: str) -> tuple[int, list[str]]:
    """Exit code and lines of a start that is refused before anything runs."""
    demo = Demo(folder, **settings)
    code = demo.process.wait(120)
    assert demo.said == ""
    return code, demo.logged.strip().splitlines()


def test_a_taken_port_gives_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, lines = refusal(tmp_path, ROLLCALL_PORT=str(port))
    assert (code, len(lines)) == (1, 1)
    assert f"Port {port}" in lines[0] and "ROLLCALL_PORT=" in lines[0]


def test_a_port_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    code, lines = refusal(tmp_path, ROLLCALL_PORT="http")
    assert (code, len(lines)) == (2, 1)
    assert "ROLLCALL_PORT" in lines[0]


def test_a_database_that_does_not_answer_gives_one_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    code, lines = refusal(tmp_path, ROLLCALL_DATABASE_URL=url)
    assert code == 1
    assert "ROLLCALL_DATABASE_URL" in lines[-1]


def opened_by_file(folder: Path) -> tuple[tuple[str, int], ...]:
    """The private addresses that commands of this folder may call."""
    return load_settings({"ROLLCALL_INSTANCE_PATH": str(folder)}).allowed_addresses


def test_the_demos_file_opens_the_simulators_of_this_start_only(tmp_path: Path) -> None:
    assert keep_addresses(tmp_path, Simulators({SOURCE: 4001, TARGET: 4002}))
    assert keep_addresses(tmp_path, Simulators({SOURCE: 4001, TARGET: 4003}))
    assert opened_by_file(tmp_path) == (("127.0.0.1", 4001), ("127.0.0.1", 4003))


@pytest.mark.parametrize("marked", [False, True])
def test_a_file_with_settings_of_somebody_else_stays_as_it_is(tmp_path: Path, marked: bool) -> None:
    path, simulators = tmp_path / "config.toml", Simulators({SOURCE: 4001, TARGET: 4002})
    if marked:
        keep_addresses(tmp_path, simulators)
    theirs = (path.read_text() if marked else "") + 'log_level = "warning"\n'
    path.write_text(theirs)
    assert not keep_addresses(tmp_path, simulators)
    assert path.read_text() == theirs
