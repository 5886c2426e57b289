"""Fault plans: read, refused, replayed, and what each fault does to a real connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests
from werkzeug.wrappers import Request, Response

from app.simulation import AddressTaken, CallLog, FaultPlan, FaultSpecError, Server, Simulator, as_json, serve
from tests.harness.facts import wait_until


class Counter(Simulator):
    """Counts the calls that reach it."""

    kind = "counter"
    personas = {"shy": "says nothing"}

    def __init__(self, faults: str = "") -> None:
        super().__init__(faults=faults)
        self.commits = 0
        self.callers: set[int] = set()

    def answer(self, request: Request) -> Response:
        self.commits += 1
        self.callers.add(request.environ["REMOTE_PORT"])
        return as_json({"commits": self.commits})

    def refuse(self, status: int, message: str) -> Response:
        return as_json({"message": message}, status)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def server(counter: Counter) -> Iterator[Server]:
    with serve(counter) as running:
        yield running


def struck(spec: str, calls: int, method: str = "GET", target: str = "/x") -> list[int]:
    plan = FaultPlan.parse(spec)
    return [number for number in range(1, calls + 1) if plan.striking(method, target)]


@pytest.mark.parametrize(
    ("spec", "hit"),
    [
        ("500", [1, 2, 3, 4, 5, 6]),
        ("500:every=3", [3, 6]),
        ("500:nth=2+5", [2, 5]),
        ("500:after=4", [5, 6]),
        ("500:count=2", [1, 2]),
        ("500:every=2,count=1", [2]),
        ("500:method=POST", []),
        ("500:path=/y", []),
        ("500:rate=0", []),
    ],
)
def test_selectors_choose_the_calls(spec: str, hit: list[int]) -> None:
    assert struck(spec, 6) == hit


def test_a_seed_replays_the_same_strikes_and_another_seed_does_not() -> None:
    assert struck("seed=7;500:rate=0.3", 200) == struck("seed=7;500:rate=0.3", 200)
    assert struck("seed=7;500:rate=0.3", 200) != struck("seed=8;500:rate=0.3", 200)


def test_a_rate_is_roughly_kept() -> None:
    assert 150 < len(struck("500:rate=0.2", 1000)) < 250


def test_for_ends_a_fault_after_its_time(counter: Counter, server: Server) -> None:
    counter.plan_faults("503:for=0.2")
    assert requests.get(server.url).status_code == 503
    deadline = time.monotonic() + 5
    while requests.get(server.url).status_code == 503:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    "spec", ["explode", "99", "500:often", "500:every=x", "500:every=0", "500:rate=2", "slow:m=1", "redirect"]
)
def test_an_unreadable_plan_names_its_rule(spec: str) -> None:
    with pytest.raises(FaultSpecError, match=spec.partition(":")[0]):
        FaultPlan.parse(spec)


def test_an_unknown_fault_lists_the_personas_too() -> None:
    with pytest.raises(FaultSpecError, match="shy"):
        Counter("loud")


def test_a_status_fault_prevents_the_work(counter: Counter, server: Server) -> None:
    counter.plan_faults("429:retry_after=2")
    answer = requests.get(server.url)
    assert (answer.status_code, answer.headers["Retry-After"], counter.commits) == (429, "2", 0)


def test_a_status_fault_after_the_work_hides_a_commit(counter: Counter, server: Server) -> None:
    counter.plan_faults("500:when=after")
    assert requests.get(server.url).status_code == 500
    assert counter.commits == 1


@pytest.mark.parametrize(("asked", "is_later"), [("date+60", True), ("date-60", False)])
def test_retry_after_can_be_a_date(counter: Counter, server: Server, asked: str, is_later: bool) -> None:
    counter.plan_faults(f"503:retry_after={asked}")
    named = parsedate_to_datetime(requests.get(server.url).headers["Retry-After"])
    assert (named > datetime.now(UTC)) is is_later


@pytest.mark.parametrize(
    ("spec", "commits"), [("drop", 0), ("commit-then-reset", 1), ("drop-after-commit", 1), ("hang:s=0.1", 0)]
)
def test_a_cut_connection_reaches_the_client_as_such(
    counter: Counter, server: Server, spec: str, commits: int
) -> None:
    counter.plan_faults(spec)
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url)
    assert counter.commits == commits
    (call,) = counter.log
    assert (call.status, call.worked) == (None, 200 if commits else None)


def test_half_a_body_is_an_error_of_the_connection(counter: Counter, server: Server) -> None:
    counter.plan_faults("half-body")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        requests.get(server.url)
    assert counter.commits == 1


def test_html_with_200_does_nothing(counter: Counter, server: Server) -> None:
    counter.plan_faults("html")
    answer = requests.get(server.url)
    assert (answer.status_code, answer.headers["Content-Type"][:9], counter.commits) == (200, "text/html", 0)


def test_a_redirect_names_its_place(counter: Counter, server: Server) -> None:
    counter.plan_faults("redirect:to=http://elsewhere.invalid/")
    answer = requests.get(server.url, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.invalid/")


def test_a_gzip_bomb_is_small_on_the_wire_and_large_inside(counter: Counter, server: Server) -> None:
    counter.plan_faults("gzip-bomb:mb=20")
    with requests.get(server.url, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) < 100_000
        assert len(answer.content) == 20_000_000


def test_a_big_answer_and_a_broken_one(counter: Counter, server: Server) -> None:
    counter.plan_faults("big:mb=5,nth=1;broken-json:nth=2;wrong-type:nth=3;empty:nth=4")
    assert len(requests.get(server.url).content) == 5_000_000
    with pytest.raises(requests.exceptions.JSONDecodeError):
        requests.get(server.url).json()
    assert requests.get(server.url).headers["Content-Type"] == "text/plain"
    assert requests.get(server.url).content == b""


def test_a_slow_commit_is_visible_only_later(counter: Counter, server: Server) -> None:
    counter.plan_faults("slow:ms=400,method=POST")
    caller = threading.Thread(target=requests.post, args=(server.url,))
    caller.start()
    assert requests.get(server.url).json() == {"commits": 1}
    caller.join()
    assert counter.commits == 2


def test_slow_answers_and_drips_take_their_time(counter: Counter, server: Server) -> None:
    counter.plan_faults("slow-answer:ms=200,nth=1;slow-loris:ms=20,nth=2")
    for _ in range(2):
        started = time.monotonic()
        requests.get(server.url)
        assert time.monotonic() - started >= 0.2


def test_one_connection_carries_many_calls(counter: Counter, server: Server) -> None:
    with requests.Session() as session:
        for body in (b"", b"x" * 100_000, b"{}"):
            assert session.post(server.url, data=body).ok
    assert len(counter.callers) == 1


def test_chunked_bodies_are_read(counter: Counter, server: Server) -> None:
    requests.post(server.url, data=iter([b"one ", b"two"]))
    assert next(iter(counter.log)).body == "one two"


def test_a_stopped_server_refuses_also_on_open_connections(counter: Counter) -> None:
    server = serve(counter)
    with requests.Session() as session:
        session.get(server.url)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(server.url)
    with serve(counter, port=server.port) as again:
        assert requests.get(again.url).ok


def test_a_port_in_use_is_named(counter: Counter, server: Server) -> None:
    with pytest.raises(AddressTaken, match=str(server.port)):
        serve(counter, port=server.port)


def test_the_control_surface_shows_calls_and_changes_faults(counter: Counter, server: Server) -> None:
    requests.post(server.url + "/people?a=b", json={"x": 1}, headers={"Authorization": "Bearer canary-token"})
    control = server.url + "/_simulator"
    (call,) = requests.get(control + "/calls").json()
    assert (call["method"], call["path"], call["query"], call["status"]) == (
        "POST",
        "/people",
        {"a": "b"},
        200,
    )
    assert call["body"] == '{"x": 1}'
    assert call["started"] <= call["ended"] <= time.monotonic()
    assert "canary-token" not in str(call)
    requests.put(control + "/faults", data="418:count=1")
    assert requests.get(server.url).status_code == 418
    assert requests.get(control).json()["faults"]["struck"] == {"418": 1}
    assert len(requests.get(control + "/calls?since=1").json()) == 1
    requests.delete(control + "/calls")
    assert requests.get(control + "/calls").json() == []


def test_control_calls_are_neither_logged_nor_struck(counter: Counter, server: Server) -> None:
    counter.plan_faults("500")
    assert requests.get(server.url + "/_simulator").ok
    assert requests.put(server.url + "/_simulator/faults", data="nonsense").status_code == 400
    assert requests.get(server.url + "/_simulator/nothing").status_code == 404
    assert len(counter.log) == 0


def test_the_log_forgets_the_oldest_when_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.simulation.calls.KEPT_IN_ALL", 10_000)
    log = CallLog()
    for _ in range(100):
        log.add(started=0.0, ended=0.0, method="GET", path="/", body="x" * 1_000)
    assert [call.number for call in log] == [96, 97, 98, 99, 100]
    assert log.count("GET", "/") == 5


def test_a_standing_plan_holds_beside_the_plan_and_is_no_part_of_its_text(counter: Counter) -> None:
    counter.play("shy")
    counter.plan_faults("500:nth=1")
    assert counter.persona("shy") is not None
    assert (counter.faults.spec, [rule.name for rule in counter.faults.rules]) == ("500:nth=1", ["500"])
    counter.play()
    assert counter.persona("shy") is None and counter.faults.spec == "500:nth=1"


def test_a_late_commit_is_done_after_the_caller_gave_up(counter: Counter, server: Server) -> None:
    counter.plan_faults("late-commit:ms=400")
    with pytest.raises(requests.Timeout):
        requests.get(server.url + "/x", timeout=0.05)
    wait_until(lambda: counter.commits == 1, "the work was done")


@pytest.mark.parametrize("text", ["-5", "soon", "99999999999", "1e400", "nan", "0", ""])
def test_a_retry_after_may_be_any_text(counter: Counter, server: Server, text: str) -> None:
    counter.plan_faults(f"429:retry_after={text}")
    answer = requests.get(server.url + "/x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, text)


def test_a_key_can_be_withdrawn_after_some_calls(counter: Counter, server: Server) -> None:
    counter.plan_faults("401:after=2")
    assert [requests.get(server.url + "/x").status_code for _ in range(4)] == [200, 200, 401, 401]
