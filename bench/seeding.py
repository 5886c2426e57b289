"""People in a database: each made through the directory, with all that it writes beside a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import directory
from app.access import tenants, tokens
from app.database import writing
from bench.databases import Host, application
from bench.people import person
from scim.codec import codec_of
from scim.resources import user_type

_BATCH = 1000


@dataclass(frozen=True)
class Seeded:
    """A database with people: its URL, the ids by number, and a token that may read and write."""

    url: str
    ids: Sequence[str]
    token: str


def seeded(host: Host, users: int) -> Seeded:
    """Return a new database with this many people."""
    url = host.create("template_people", None)
    with application(url, host.folder):
        tenant_id, token = tenant_with_token()
        codec, actor, ids = codec_of(user_type()), directory.Actor("client", "1"), list[str]()
        for start in range(0, users, _BATCH):
            with writing() as connection:
                for number in range(start, min(start + _BATCH, users)):
                    document = codec.check(person(number)).document
                    ids.append(directory.create(connection, tenant_id, actor, document).id)
    return Seeded(url, ids, token)


def tenant_with_token() -> tuple[int, str]:
    """Return (tenant id, bearer token) of a new tenant."""
    with writing() as connection:
        tenant = tenants.create(connection, "acme")
        return tenant.id, tokens.create(connection, tenant, "bench").text
