"""Rollcall and ``scim2-server``, both in this process, each with an empty directory for every sequence."""

from __future__ import annotations

import itertools
from dataclasses import replace
from http import HTTPStatus

from flask import Flask
from scim2_models import ScimPolicy, ScimProvider
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from app.access import tenants, tokens
from app.database import writing
from tests.referees.differential.exchange import Answer, Server, Step
from tests.referees.differential.relations import RelatedService, RelatedStorage

#: What scim.md §1 and §2 leave open for clients in the field; scim2-server can be told to do the same.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Rollcall(Server):
    """Rollcall on one of its databases; every sequence has a tenant of its own."""

    title = "Rollcall"
    prefix = "/scim/v2"

    def __init__(self, app: Flask) -> None:
        self.wsgi = app
        self._numbers = itertools.count()
        super().__init__()

    def begin(self) -> None:
        """Forget the sequence before: a fresh tenant."""
        super().begin()
        with writing() as connection:
            tenant = tenants.create(connection, f"sequence-{next(self._numbers)}")
            self.credentials["Authorization"] = f"Bearer {tokens.create(connection, tenant, 'idp').text}"


class Scim2Server(Server):
    """scim2-server from PyPI with its storage in memory, emptied for every sequence."""

    title = "scim2-server"
    prefix = "/v2"

    def __init__(self) -> None:
        self._storage = RelatedStorage()
        provider = ScimProvider.from_discovery(
            load_default_schemas().values(),
            load_default_resource_types().values(),
            config=load_default_service_provider_config(),
            policy=POLICY,
        )
        self.wsgi = WSGIApplication(self._storage, provider, RelatedService(provider, self._storage))
        super().__init__()

    def begin(self) -> None:
        """Forget the sequence before."""
        super().begin()
        self._storage.resources = []

    def send(self, step: Step) -> Answer:
        """Return the answer to a step, a GET's in the place of what could not be compared.

        A PATCH is answered with 204 there and with the resource here (RFC 7644 §3.5.2 leaves it to the server). A POST
        is answered with the whole resource there, and here with the attributes that were asked for (§3.9: "any
        operation that returns a resource"). A GET right afterwards stands in for both, so that all is compared.
        """
        answer = super().send(step)
        if step.method == "PATCH" and answer.status == HTTPStatus.NO_CONTENT:
            return super().send(Step("GET", step.path, query=step.query))
        if step.creates and step.query and answer.status == HTTPStatus.CREATED:
            shown = super().send(Step("GET", f"{step.path}/{{{step.creates}}}", query=step.query))
            return replace(answer, body=shown.body)
        return answer
