"""scim2-tester on the real application: every check succeeds, in-process and through scim2-cli over a socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server


def test_every_check_succeeds_in_process(app: Flask, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    client = WSGISCIMClient(app, base_url="http://localhost/scim/v2", headers=headers)
    client.discover()
    results = check_server(client)
    bad = [(result.title, result.reason) for result in results if result.status is not Status.SUCCESS]
    assert not bad, "\n".join(f"{title}: {reason}" for title, reason in bad)
    assert len(results) > 50


def test_every_check_succeeds_through_scim2_cli_over_a_socket(
    app: Flask, token: str, serve: Callable[[Any], str]
) -> None:
    url = serve(app) + "/scim/v2"
    environ = {**os.environ, "SCIM_CLI_HEADERS": f"Authorization: Bearer {token}"}
    done = subprocess.run(
        [Path(sys.executable).with_name("scim2"), "--url", url, "test", "--verbose"],
        capture_output=True,
        text=True,
        env=environ,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "SUCCESS" in done.stdout
    assert not any(word in done.stdout for word in ("ERROR", "CRITICAL", "ACCEPTABLE"))
