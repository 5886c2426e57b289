"""Throw-away Redis servers for tests, from the program that Debian installs (``scripts/need redis``).

A server is reached over a Unix socket in a folder of its own: no port to race for, and processes in other network
namespaces reach it too. It keeps nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from app.jobs.lifeline import die_with_parent
from tests.harness.facts import wait_until

PROGRAM = "redis-server"


class RedisServer:
    """One running server; a context manager. `kill` and `start` are for tests that take the queue away."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rollcall-redis-", dir="/tmp"))
        self.url = f"unix://{self.folder / 'redis.sock'}?db=0"
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the stopped or killed server, empty, and return when it answers."""
        program = shutil.which(PROGRAM)
        assert program, "Redis is missing: scripts/need redis"
        options = {
            "port": "0",
            "unixsocket": str(self.folder / "redis.sock"),
            "save": "",
            "appendonly": "no",
            "dir": str(self.folder),
            "logfile": str(self.folder / "server.log"),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._server = subprocess.Popen(
            [program, *words], stdin=subprocess.DEVNULL, preexec_fn=partial(die_with_parent, os.getpid())
        )
        wait_until(self._answers, "Redis answers")

    def kill(self) -> None:
        """End the server with SIGKILL; what was in it is gone."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
            self._server = None

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(self.folder / "redis.sock"))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
