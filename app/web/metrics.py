"""``/metrics``: how the installation stands, for Prometheus; read from the database, so every process says the same.

Labels are tenants, targets, sources, states and codes: nobody's data. It answers callers on this machine, and whoever
shows ``ROLLCALL_METRICS_TOKEN``; to all others there is no such page.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.database import reading
from app.web import figures
from app.web.transport import is_loopback

blueprint = Blueprint("metrics", __name__)

#: How long an answer is given again: scrapes cost the database no more than this often.
CACHE_SECONDS = 10.0
#: What a proxy adds: then the caller is not the one who is connected.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


class _Database(Collector):
    """What :mod:`app.web.figures` reads, as families of metrics."""

    def collect(self) -> Iterator[Metric]:
        with reading() as connection:
            yield from figures.read(connection, _settings().scheduler_lease)


class _Page:
    """The text of the last answer of this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Database())
        self._lock = threading.Lock()
        self._made_at = -CACHE_SECONDS
        self._text = b""

    def text(self) -> bytes:
        with self._lock:
            if time.monotonic() - self._made_at >= CACHE_SECONDS:
                self._text = generate_latest(self._registry)
                self._made_at = time.monotonic()
            return self._text


_KEY = "rollcall.metrics"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer with all metrics in the text format of Prometheus; 404 for who may not see them."""
    if not may_see(_settings(), request):
        abort(404)
    page: _Page = current_app.extensions.setdefault(_KEY, _Page())
    try:
        return Response(page.text(), content_type=CONTENT_TYPE_LATEST)
    except SQLAlchemyError:
        return Response("the database does not answer\n", status=503, mimetype="text/plain")


def may_see(settings: Settings, caller: Request) -> bool:
    """Return whether a request may see the metrics.

    Behind a proxy everybody comes from loopback, and not every proxy says so: with a public address only the token
    counts.
    """
    scheme, _, shown = caller.headers.get("Authorization", "").partition(" ")
    token = settings.metrics_token
    if token and scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return True
    has_public_address = bool(settings.public_url) and not is_loopback(urlsplit(settings.public_url).hostname)
    if has_public_address or any(name in caller.headers for name in _FORWARDED):
        return False
    return is_loopback(caller.remote_addr) and is_loopback(urlsplit(f"//{caller.host}").hostname)


def _settings() -> Any:
    return current_app.extensions["rollcall.settings"]
