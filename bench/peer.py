"""The peer: ``scim2-server`` from PyPI with its in-memory storage, holding the same people."""

from __future__ import annotations

import os
from typing import Any

from scim2_models import Meta
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage, utcnow
from scim2_server.utils import load_default_provider

from app.jobs.lifeline import die_with_parent
from bench.people import person

#: Says how many people the storage is to hold.
USERS_VARIABLE = "BENCH_USERS"


def id_of(number: int) -> str:
    """Return the id under which the person with this number is stored."""
    return f"{number:032x}"


class _Application(WSGIApplication):
    """scim2-server that is not told by granian to read a missing body to its end: granian's ``read(-1)`` raises."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ.setdefault("CONTENT_LENGTH", "0")
        return super().__call__(environ, start_response)


def application() -> WSGIApplication:
    """Return the application with its people."""
    die_with_parent()
    provider = load_default_provider()
    storage = InMemoryStorage()
    storage.resources = [_stored(provider, number) for number in range(int(os.environ[USERS_VARIABLE]))]
    return _Application(storage, provider)


def _stored(provider: Any, number: int) -> Any:
    user = provider.model_for_endpoint("/Users").model_validate(person(number))
    user.id = id_of(number)
    moment = utcnow()
    user.meta = Meta(resource_type="User", created=moment, last_modified=moment, version=f'W/"s{number}"')
    return user
