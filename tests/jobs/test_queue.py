"""The queue: one form of message on each of its three stores, and patience with a server that is away."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.config import load_settings
from app.errors import SettingsError
from app.jobs.queue import Queue, queue_of
from tests.conftest import make_settings
from tests.harness.postgres import PostgresCluster
from tests.harness.redis_server import RedisServer

Servers = dict[str, Callable[[], None]]


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Queue]]:
    """A function that opens the same queue once more, as another process would."""
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.kill()
        server.start()
        url = server.url
    if request.param == "postgresql":
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        database = cluster.create_database()
        url = database.replace("postgresql+psycopg", "postgresql")
    settings = make_settings("sqlite://", tmp_path, queue_url=url)
    opened: list[Queue] = []

    def again() -> Queue:
        opened.append(queue_of(settings))
        return opened[-1]

    yield again
    for queue in opened:
        if hasattr(queue.storage, "close"):
            queue.storage.close()
    if request.param == "postgresql":
        cluster.drop_database(database)


def _with_task(queue: Queue) -> tuple[Any, list[tuple[int, ...]]]:
    calls: list[tuple[int, ...]] = []
    return queue.task(name="push")(lambda *numbers: calls.append(numbers)), calls


def test_what_one_process_asks_for_another_one_does_once(make: Callable[[], Queue]) -> None:
    asking, working = make(), make()
    push, _ = _with_task(asking)
    _, calls = _with_task(working)

    push(7, 12)
    push(7, 13)

    assert working.pending_count() == 2
    for _ in range(2):
        working.execute(working.dequeue())
    assert calls == [(7, 12), (7, 13)]
    assert working.dequeue() is None


def test_no_message_can_make_a_worker_run_code(make: Callable[[], Queue], tmp_path: Path) -> None:
    queue = make()
    _with_task(queue)
    mark = tmp_path / "owned"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (mark,)

    queue.storage.enqueue(pickle.dumps(Hostile()))

    with pytest.raises(ValueError):
        queue.dequeue()
    assert not mark.exists()
    assert queue.dequeue() is None, "and it is gone"


def test_a_server_that_is_away_is_waited_for_and_named_once(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    queue = queue_of(make_settings("sqlite://", tmp_path, queue_url=redis_server.url))
    redis_server.kill()

    with capture_logs() as lines:
        assert [queue.dequeue() for _ in range(3)] == [None, None, None]
    assert [line["log_level"] for line in lines] == ["warning"]
    assert not queue.is_reached

    redis_server.start()
    assert queue.dequeue() is None
    assert queue.is_reached


def test_a_database_that_is_restarted_is_waited_for(tmp_path: Path) -> None:
    with PostgresCluster() as cluster:
        url = cluster.create_database().replace("postgresql+psycopg", "postgresql")
        queue = queue_of(make_settings("sqlite://", tmp_path, queue_url=url))
        push, _ = _with_task(queue)
        push(1, 1)
        cluster.halt()
        with capture_logs() as lines:
            assert queue.dequeue() is None
            with queue.trying():
                push(1, 2)
        assert len(lines) == 1

        cluster.start()

        found = queue.dequeue() or queue.dequeue()
        assert found.args == (1, 1), "what was in it is still there"
        queue.storage.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://h/d", "postgresql://user@host/name or redis://"),
        ("redis:", "postgresql://user@host/name or redis://"),
        ("amqp://user:hidden@h", "leave it empty"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path, url: str, says: str) -> None:
    environ = {"ROLLCALL_INSTANCE_PATH": str(tmp_path), "ROLLCALL_QUEUE_URL": url}
    with pytest.raises(SettingsError, match="ROLLCALL_QUEUE_URL") as refused:
        load_settings(environ)
    assert says in str(refused.value)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("", ""),
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
        ("redis://h:6379/1", "redis://h:6379/1"),
        ("rediss://:pw@h/0", "rediss://:pw@h/0"),
    ],
)
def test_a_url_that_can_be_used_is_kept_as_its_driver_takes_it(tmp_path: Path, url: str, kept: str) -> None:
    settings = load_settings({"ROLLCALL_INSTANCE_PATH": str(tmp_path), "ROLLCALL_QUEUE_URL": url})
    assert settings.queue_url == kept
    assert not kept or kept not in repr(settings)
