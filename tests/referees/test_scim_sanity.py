"""scim-sanity on the real application over a socket: no failure in its strict mode, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from scim_sanity.probe.runner import run_probe_api

#: What scim-sanity passes over because this server does not claim it (draft-abbey-scim-agent-extension).
NOT_OFFERED = {"Agent CRUD Lifecycle", "AgenticApplication CRUD Lifecycle", "Agent Rapid Lifecycle"}


def test_every_check_passes(app: Flask, token: str, serve: Callable[[Any], str]) -> None:
    found = run_probe_api(serve(app) + "/scim/v2", token=token, strict=True)
    results = found["results"]
    bad = [
        f"{result['phase']}, {result['name']}: {result['status']} {result.get('message', '')}"
        for result in results
        if result["status"] != "pass" and result["name"] not in NOT_OFFERED
    ]
    assert not bad, "\n".join(bad)
    phases = Counter(result["phase"].partition(" — ")[0] for result in results if result["status"] == "pass")
    assert phases["Phase 2"] >= 8, phases
    assert phases["Phase 3"] >= 10, phases
    assert phases["Phase 6"] >= 4, phases
    assert found["exit_code"] == 0
