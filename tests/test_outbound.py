"""The guarded session against real servers that misbehave."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.outbound import (
    AddressPolicy,
    AddressRefused,
    BadStatus,
    Broken,
    ConnectFailed,
    DeadlineExceeded,
    Exchange,
    Limits,
    NotJson,
    OutboundError,
    OutboundSession,
    Redirected,
    TooLarge,
)
from tests.harness.raw_server import Behaviour, RawServer, answer

LOOPBACK = AddressPolicy(allow_private=True)
QUICK = Limits(connect_seconds=0.5, total_seconds=0.6)
Start = Callable[[Behaviour], RawServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda behave: stack.enter_context(RawServer(behave))


def session_for(server: RawServer, **options: Any) -> OutboundSession:
    return OutboundSession(server.url + "/base", **{"policy": LOOPBACK} | options)


def says(data: bytes) -> Behaviour:
    return lambda connection, _: connection.sendall(data)


def failure(session: OutboundSession, method: str = "GET", **options: Any) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        session.call(method, "/users", **options)
    assert caught.value.exchange is not None
    return caught.value


# --- what goes out -----------------------------------------------------------------------------------------


def test_the_body_leaves_byte_for_byte_under_the_base_url(start: Start) -> None:
    server = start(says(answer(b'{"ok":true}')))
    body = b'{"name":"\xc3\xa9",  "odd" :1}\n'
    session = session_for(server, headers={"x-api-key": "key-1234"}, query=[("apikey", "s e/cret")])

    response = session.call(
        "PATCH", "/users/a%2Fb", query=[("q", 'a eq "b"')], body=body, headers=[("Content-Type", "text/x")]
    )

    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert head.startswith(b"PATCH /base/users/a%2Fb?q=a%20eq%20%22b%22&apikey=s%20e%2Fcret HTTP/1.1\r\n")
    assert b"\r\nx-api-key: key-1234" in head
    assert b"\r\nContent-Type: text/x" in head
    assert f"\r\nHost: 127.0.0.1:{server.port}".encode() in head
    assert response.json() == {"ok": True}


def test_a_connection_is_used_again(start: Start) -> None:
    def twice(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer(b"{}"))
        connection.recv(65536)
        connection.sendall(answer(b"{}"))

    server = start(twice)
    session = session_for(server)
    session.call("GET", "/a")
    session.call("GET", "/b")
    assert server.connections == 1


def test_a_small_request_leaves_in_one_piece(start: Start) -> None:
    pieces: list[bytes] = []

    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer(b"{}"))
        pieces.append(connection.recv(65536))
        connection.sendall(answer(b"{}"))

    session = session_for(start(behave))
    session.call("GET", "/first")
    session.call("POST", "/second", body=b"the body")
    assert pieces[0].startswith(b"POST /base/second ")
    assert pieces[0].endswith(b"\r\n\r\nthe body")


def test_a_large_body_arrives_whole(start: Start) -> None:
    body = bytes(range(256)) * 4096
    received = bytearray()

    def behave(connection: socket.socket, request: bytes) -> None:
        received.extend(request.partition(b"\r\n\r\n")[2])
        while len(received) < len(body):
            received.extend(connection.recv(65536))
        connection.sendall(answer(b"{}"))

    assert session_for(start(behave)).call("POST", "/users", body=body).ok
    assert bytes(received) == body


def test_threads_share_a_session(start: Start) -> None:
    server = start(
        lambda connection, request: connection.sendall(answer(request.split()[1], Connection="close"))
    )
    session = session_for(server, pool_size=4)
    found: dict[int, bytes] = {}

    def work(number: int) -> None:
        found[number] = session.call("GET", f"/{number}").body
        assert session.last_exchange.path == f"/base/{number}"

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {n: f"/base/{n}".encode() for n in range(16)}


def test_nothing_is_taken_from_the_environment(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = start(says(answer(b"{}", Set_Cookie="session=1")))
    session = session_for(server)
    assert session.call("GET", "/").ok
    assert not session.cookies


def test_rule_21_another_origin_is_refused_before_anything_is_sent(start: Start) -> None:
    server = start(says(answer(b"{}")))
    session = session_for(server, headers={"x-api-key": "secret-key"})
    with pytest.raises(AddressRefused) as caught:
        session.request("GET", "http://127.0.0.1:1/elsewhere")
    assert caught.value.code == "other_host"
    assert not caught.value.may_have_been_processed
    assert session.request("GET", f"{server.url}/base/here").status_code == 200
    assert len(server.requests) == 1


# --- answers that are none ---------------------------------------------------------------------------------


def test_rule_21_a_redirect_is_an_error_and_is_not_followed(start: Start) -> None:
    server = start(says(answer(b"", status="302 Found", Location="http://127.0.0.1:9/")))
    error = failure(session_for(server))
    assert isinstance(error, Redirected)
    assert (error.code, error.status, error.retryable) == ("redirected", 302, False)
    assert len(server.requests) == 1


def test_rule_21_html_with_200_is_not_json(start: Start) -> None:
    session = session_for(
        start(says(answer(b"<html>sign in</html>", content_type="text/html; charset=utf-8")))
    )
    with pytest.raises(NotJson) as caught:
        session.get_json("/users")
    assert caught.value.code == "not_json"
    assert caught.value.exchange is not None
    assert caught.value.exchange.response_body == "<html>sign in</html>"


@pytest.mark.parametrize("body", [b'{"half":', b"", b"NaN", b'"\\ud800"', b"[" * 5000, b"\xff"])
def test_rule_21_what_does_not_parse_is_not_json(start: Start, body: bytes) -> None:
    with pytest.raises(NotJson):
        session_for(start(says(answer(body)))).get_json("/users")


def test_rule_21_half_a_body_may_have_been_processed(start: Start) -> None:
    whole = answer(b'{"a": "0123456789"}')
    error = failure(session_for(start(says(whole[:-5]))), "POST", body=b"{}")
    assert isinstance(error, Broken)
    assert (error.code, error.retryable, error.may_have_been_processed) == ("incomplete_body", True, True)


def test_a_reset_may_have_been_processed(start: Start) -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    error = failure(session_for(start(reset)), "POST", body=b"{}")
    assert isinstance(error, Broken)
    assert (error.code, error.may_have_been_processed) == ("connection_broken", True)


def test_something_that_is_not_http_is_broken(start: Start) -> None:
    assert failure(session_for(start(says(b"SSH-2.0-OpenSSH\r\n\r\n")))).code == "connection_broken"


def test_rule_21_an_oversized_body_is_refused(start: Start) -> None:
    limits = Limits(max_bytes=100_000)
    error = failure(session_for(start(says(answer(b" " * 100_001))), limits=limits))
    assert isinstance(error, TooLarge)
    assert (error.code, error.retryable) == ("too_large", False)


def test_rule_21_an_endless_body_is_cut_off(start: Start) -> None:
    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    assert failure(session_for(start(endless))).code == "too_large"


def test_rule_21_an_endless_chunk_header_is_cut_off(start: Start) -> None:
    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"0" * 65536)

    assert failure(session_for(start(endless), limits=Limits(max_bytes=100_000))).code == "connection_broken"


def test_rule_21_a_gzip_bomb_is_refused_without_being_unpacked(start: Start) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)
    started = time.monotonic()
    error = failure(session_for(start(says(answer(bomb, Content_Encoding="gzip")))))
    assert error.code == "too_large"
    assert time.monotonic() - started < 5


def test_gzip_within_the_limit_is_unpacked(start: Start) -> None:
    body = json.dumps({"results": ["x" * 1000] * 1000}).encode()
    session = session_for(start(says(answer(gzip.compress(body), Content_Encoding="gzip"))))
    assert session.call("GET", "/").body == body


def test_rule_21_broken_gzip_is_broken(start: Start) -> None:
    session = session_for(start(says(answer(b"this is not gzip", Content_Encoding="gzip"))))
    assert failure(session).code == "bad_encoding"


def drip(head: bytes, then: bytes) -> Behaviour:
    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(then)
            threading.Event().wait(0.05)

    return behave


@pytest.mark.parametrize(
    ("head", "then"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP", b""),
    ],
    ids=["body", "chunks", "header", "endless continue", "silence"],
)
def test_rule_21_a_slow_loris_ends_with_the_deadline_of_the_call(
    start: Start, head: bytes, then: bytes
) -> None:
    session = session_for(start(drip(head, then)), limits=QUICK)
    started = time.monotonic()
    error = failure(session, "POST", body=b"{}")
    assert isinstance(error, DeadlineExceeded)
    assert (error.code, error.retryable, error.may_have_been_processed) == ("timeout", True, True)
    assert 0.5 < time.monotonic() - started < 5


def test_the_second_call_of_a_connection_has_a_deadline_of_its_own(start: Start) -> None:
    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer(b"{}"))
        connection.recv(65536)
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" ")(connection, b"")

    server = start(behave)
    session = session_for(server, limits=QUICK)
    session.call("GET", "/first")
    started = time.monotonic()
    assert isinstance(failure(session), DeadlineExceeded)
    assert 0.5 < time.monotonic() - started < 5
    assert server.connections == 1


# --- nobody there ------------------------------------------------------------------------------------------


def test_a_closed_port_was_certainly_not_processed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(OutboundSession(f"http://127.0.0.1:{port}", policy=LOOPBACK), "POST", body=b"{}")
    assert isinstance(error, ConnectFailed)
    assert (error.code, error.retryable, error.may_have_been_processed) == ("connect_failed", True, False)
    assert "refused" in error.message


def test_a_name_that_does_not_exist_was_certainly_not_processed() -> None:
    error = failure(OutboundSession("http://no-such-host.invalid"))
    assert (error.code, error.retryable, error.may_have_been_processed) == ("dns_failed", True, False)


def test_a_full_backlog_times_out_while_connecting() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        session = OutboundSession(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            policy=LOOPBACK,
            limits=Limits(connect_seconds=0.3),
        )
        error = failure(session)
    assert (error.code, error.may_have_been_processed) == ("connect_timeout", False)


# --- statuses ----------------------------------------------------------------------------------------------


def test_call_answers_whatever_the_status(start: Start) -> None:
    server = start(says(answer(b'{"message":"no"}', status="409 Conflict", Retry_After="7")))
    response = session_for(server).call("POST", "/users", body=b"{}")
    assert (response.status, response.ok, response.retry_after) == (409, False, 7.0)


@pytest.mark.parametrize(
    ("status", "retryable"), [("429 Slow", True), ("503 Busy", True), ("404 None", False)]
)
def test_get_json_raises_for_a_status_that_is_no_success(start: Start, status: str, retryable: bool) -> None:
    server = start(says(answer(b"{}", status=status, Retry_After="3")))
    with pytest.raises(BadStatus) as caught:
        session_for(server).get_json("/hires/page/1", {"q": "x"})
    assert (caught.value.status, caught.value.retryable, caught.value.retry_after) == (
        int(status[:3]),
        retryable,
        3.0,
    )


# --- records -----------------------------------------------------------------------------------------------


def test_every_exchange_is_observed_without_its_secrets(start: Start) -> None:
    seen: list[Exchange] = []
    server = start(says(answer(b'{"echo":"top-secret-key","salary":{"amount":9}}')))
    session = session_for(server, query=[("apikey", "top-secret-key")], observe=seen.append)
    response = session.call("POST", "/users", body=b'{"password":"hunter22","title":"Dev"}')

    [exchange] = seen
    assert exchange is response.exchange
    assert (exchange.method, exchange.status, exchange.error) == ("POST", 200, None)
    assert exchange.path == "/base/users?apikey=[hidden]"
    assert exchange.request_body == '{"password":"[hidden]","title":"Dev"}'
    assert exchange.response_body == '{"echo":"[hidden]","salary":"[hidden]"}'
    assert exchange.started_at.endswith("Z")
    assert b"hunter22" in server.requests[0]


def test_a_failed_exchange_is_observed_too(start: Start) -> None:
    seen: list[Exchange] = []
    session = session_for(start(says(b"")), observe=seen.append)
    error = failure(session, "POST", body=b'{"a":1}')
    assert seen == [error.exchange]
    assert (seen[0].status, seen[0].error, seen[0].request_body) == (None, "connection_broken", '{"a":1}')


# --- TLS ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def tls_server(certificate: Path, names: list[str | None], behave: Behaviour) -> RawServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return RawServer(behave, wrap=lambda connection: context.wrap_socket(connection, server_side=True))


def test_tls_keeps_the_name_for_sni_and_for_the_certificate(certificate: Path) -> None:
    names: list[str | None] = []
    with tls_server(certificate, names, says(answer(b"{}"))) as server:
        session = OutboundSession(f"https://localhost:{server.port}", policy=LOOPBACK)
        session.verify = str(certificate / "cert.pem")
        assert session.call("GET", "/").ok
        other = OutboundSession(f"https://127.0.0.1:{server.port}", policy=LOOPBACK)
        other.verify = str(certificate / "cert.pem")
        assert failure(other).code == "tls_failed"
    assert names[0] == "localhost"


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(certificate: Path) -> None:
    with tls_server(certificate, [], says(answer(b"{}"))) as server:
        error = failure(
            OutboundSession(f"https://localhost:{server.port}", policy=LOOPBACK), "POST", body=b"{}"
        )
        assert (error.code, error.may_have_been_processed) == ("tls_failed", False)
        assert server.requests == []


def test_a_slow_loris_over_tls_ends_with_the_deadline(certificate: Path) -> None:
    behave = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" ")
    with tls_server(certificate, [], behave) as server:
        session = OutboundSession(f"https://localhost:{server.port}", policy=LOOPBACK, limits=QUICK)
        session.verify = str(certificate / "cert.pem")
        started = time.monotonic()
        assert failure(session).code == "timeout"
        assert time.monotonic() - started < 5
