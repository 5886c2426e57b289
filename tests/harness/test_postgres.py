"""The throw-away PostgreSQL cluster of the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from tests.harness.facts import is_running, wait_until
from tests.harness.postgres import FOLDER_PREFIX, LONGEST_SOCKET_PATH, PostgresCluster, database_name

ROOT = Path(__file__).parents[2]
OWN_CLUSTER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background inherits that it is ignored
from tests.harness.postgres import PostgresCluster
with PostgresCluster() as cluster:
    print(cluster.folder, cluster._server.pid, flush=True)
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    with PostgresCluster() as cluster:
        yield cluster


def query(url: str, statement: str) -> object:
    """The first column of the first row that a statement gives, on a connection of its own."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement))
        return result.scalar() if result.returns_rows else None


def test_a_new_database_is_empty_and_speaks_utf8(cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    assert query(url, "SHOW server_encoding") == "UTF8"
    assert query(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_database_made_from_a_template_holds_its_tables_and_leaves_it_alone(
    cluster: PostgresCluster,
) -> None:
    template = cluster.create_database()
    query(template, "CREATE TABLE words AS SELECT 'first' AS word")
    copy = cluster.create_database(template=template)
    query(copy, "INSERT INTO words VALUES ('second')")
    assert query(copy, "SELECT count(*) FROM words") == 2
    assert query(template, "SELECT count(*) FROM words") == 1


def test_a_template_that_is_still_in_use_can_be_copied(cluster: PostgresCluster) -> None:
    template = cluster.create_database()
    with psycopg.connect(template.replace("+psycopg", "")):
        assert cluster.create_database(template=template) != template


def test_a_database_can_be_given_a_name_and_a_template_by_its_name(cluster: PostgresCluster) -> None:
    cluster.create_database("pattern")
    assert database_name(cluster.create_database("cloth", template="pattern")) == "cloth"


def test_a_dropped_database_is_gone(cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    cluster.drop_database(url)
    with pytest.raises(sqlalchemy.exc.OperationalError, match="does not exist"):
        query(url, "SELECT 1")


def test_text_is_not_sorted_by_bytes_so_that_missing_collations_show(cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    ordered = query(url, "SELECT string_agg(w, '' ORDER BY w) FROM (VALUES ('a'), ('B'), ('ä')) AS v(w)")
    assert ordered == "aäB"


def test_the_socket_path_fits_into_its_address(cluster: PostgresCluster) -> None:
    assert len(str(cluster.folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH


def test_the_url_names_its_database(cluster: PostgresCluster) -> None:
    assert database_name(cluster.url("people")) == "people"


def test_committed_rows_survive_a_restart_and_open_connections_do_not(cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    query(url, "CREATE TABLE words AS SELECT 'kept' AS word")
    connection = psycopg.connect(url.replace("+psycopg", ""))
    cluster.restart()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert query(url, "SELECT word FROM words") == "kept"


def test_a_killed_server_refuses_and_recovers_when_started_again(cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    query(url, "CREATE TABLE words AS SELECT 'kept' AS word")
    query(url, "CHECKPOINT")
    held = psycopg.connect(url.replace("+psycopg", ""))
    cluster.kill()
    with pytest.raises(sqlalchemy.exc.OperationalError):
        query(url, "SELECT 1")
    cluster.start()
    assert query(url, "SELECT word FROM words") == "kept"
    held.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_keeps_running_when_the_test_run_is_interrupted_or_killed(number: signal.Signals) -> None:
    run = subprocess.Popen([sys.executable, "-c", OWN_CLUSTER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder, pid = run.stdout.readline().split()
    assert Path(folder).name.startswith(FOLDER_PREFIX)
    run.send_signal(number)
    run.wait()
    wait_until(lambda: not is_running(int(pid)), f"the server of {folder} has ended")
    if number is signal.SIGKILL:
        PostgresCluster().stop()  # the next run clears what the killed one had to leave
    assert not os.path.exists(folder)
