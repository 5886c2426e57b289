"""The HTTP face of a simulated SCIM 2.0 service provider for Users, with the habits (personas) of less careful ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from app.simulation.application import as_json
from app.simulation.scim_provider import discovery
from app.simulation.scim_provider.errors import ScimRefusal
from app.simulation.scim_provider.patching import READ_ONLY, patched
from app.simulation.scim_provider.paths import CORE, PRESENT, Clause, holds, parse_filter
from app.simulation.scim_provider.store import Users

PERSONAS: dict[str, str] = {
    "page-cap": "never lists more than `size` (50) users a page",
    "no-start-index": "answers the first page whatever startIndex says",
    "ignore-filters": "answers the whole list whatever the filter says",
    "refuse-filters": "answers 400 to every filter",
    "no-patch": "answers 501 to PATCH; only PUT changes users",
    "pathless-patch-only": "answers 400 to PATCH operations with a path",
    "quiet-patch": "answers 204 to PATCH",
    "no-uniqueness": "creates as many users with one userName as it is told to",
    "lying-total": "adds `add` (1000) to totalResults, or says `value`",
    "ignore-active": "answers 200 to a change of `active` and keeps the old state",
    "ignore-writes": "answers 200 to PUT and PATCH and keeps everything",
    "no-external-id": "forgets externalId",
    "rewrite-usernames": "stores userName in lower case without dots",
    "no-discovery": "answers 404 to the discovery end points",
}
SCIM_JSON = "application/scim+json"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
Persona = Callable[[str], Mapping[str, str] | None]
Body = tuple[int, dict[str, Any] | None]


@dataclass(frozen=True)
class KeyHeader:
    """How callers prove themselves: ``name: prefix + key``.

    ``KeyHeader("Authorization", "Bearer ", key)`` is a bearer token.
    """

    name: str
    prefix: str
    key: str

    def accepts(self, request: Request) -> bool:
        """Tell whether the request carries the key."""
        return request.headers.get(self.name) == self.prefix + self.key


def refusal(status: int, detail: str, scim_type: str | None = None) -> Response:
    """Return a SCIM Error response."""
    document: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(status), "detail": detail[:200]}
    if scim_type is not None:
        document["scimType"] = scim_type
    response = as_json(document, status, SCIM_JSON)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="simulator"'
    return response


class ScimProvider:
    """Serves ``users`` below ``base``; ``persona(name)`` says which habits hold for this call."""

    def __init__(
        self, users: Users, base: str, auth: KeyHeader, persona: Persona, max_results: int = 1000
    ) -> None:
        self.users = users
        self.base = base.rstrip("/")
        self.auth = auth
        self._persona = persona
        self._max_results = max_results

    def answer(self, request: Request) -> Response:
        """Answer one request whose path lies below ``base``."""
        if not self.auth.accepts(request):
            return refusal(401, "the key is missing or wrong")
        words = [word for word in request.path[len(self.base) :].split("/") if word]
        try:
            status, document = self._routed(request, words)
        except ScimRefusal as refused:
            return refusal(refused.status, refused.detail, refused.scim_type)
        return Response(status=status) if document is None else self._sent(request, status, document)

    def _routed(self, request: Request, words: list[str]) -> Body:
        resource, rest = (words[0] if words else ""), words[1:]
        if words[-1:] == [".search"] and words[:-1] in ([], ["Users"]) and request.method == "POST":
            return self._list(_as_query(request))
        if resource == "Users" and len(rest) < 2:
            table = _USER_ROUTES if rest else _USERS_ROUTES
            if request.method not in table:
                raise ScimRefusal(405, f"{request.method} is not possible here")
            return table[request.method](self, request, *rest)
        if resource in _DISCOVERY and self._persona("no-discovery") is None:
            return self._discovered(request, resource, rest)
        if resource in ("Bulk", "Me"):
            raise ScimRefusal(501, f"/{resource} is not implemented")
        raise ScimRefusal(404, f"nothing at {request.path}")

    def _sent(self, request: Request, status: int, document: dict[str, Any]) -> Response:
        root = request.host_url.rstrip("/") + self.base
        for resource in document.get("Resources", [document]):
            meta = resource.get("meta")
            if meta:
                path = f"/Users/{resource['id']}" if meta["resourceType"] == "User" else meta["location"]
                resource["meta"] = {**meta, "location": root + path}
        response = as_json(document, status, SCIM_JSON)
        if status == 201:
            response.headers["Location"] = document["meta"]["location"]
        return response

    def _discovered(self, request: Request, resource: str, rest: list[str]) -> Body:
        if request.method != "GET":
            raise ScimRefusal(405, "discovery is read-only")
        if resource == "ServiceProviderConfig":
            patch = self._persona("no-patch") is None
            scheme = f"{self.auth.name}: {self.auth.prefix}…"
            return 200, discovery.service_provider_config(patch=patch, max_results=self._cap(), scheme=scheme)
        documents = discovery.schemas() if resource == "Schemas" else discovery.resource_types()
        if not rest:
            return 200, discovery.listed([dict(document) for document in documents.values()])
        if rest[0] not in documents:
            raise ScimRefusal(404, f"no {resource} {rest[0][:100]}")
        return 200, dict(documents[rest[0]])

    def _list(self, request: Request) -> Body:
        start = max(1, request.args.get("startIndex", 1, int))
        if self._persona("no-start-index") is not None:
            start = 1
        count = min(max(0, request.args.get("count", 100, int)), self._cap())
        clauses = self._clauses(request.args.get("filter"))
        with self.users.lock:
            if clauses is None:
                found, total = self.users.page(start - 1, count), self.users.total()
            else:
                hits = self._found(clauses)
                found, total = hits[start - 1 : start - 1 + count], len(hits)
        shown = [_projected(document, request) for document in found]
        return 200, discovery.listed(shown, self._claimed(total), start)

    def _clauses(self, text: str | None) -> tuple[Clause, ...] | None:
        if text is None or self._persona("ignore-filters") is not None:
            return None
        if self._persona("refuse-filters") is not None:
            raise ScimRefusal(400, "filters are not supported", "invalidFilter")
        return parse_filter(text)

    def _found(self, clauses: tuple[Clause, ...]) -> list[dict[str, Any]]:
        for clause in clauses:
            path = clause.path
            name = f"{path.attribute}.{path.sub}" if path.sub else path.attribute
            if path.urn is None and clause.value is not PRESENT:
                candidates = self.users.candidates(name.lower(), str(clause.value))
                if candidates is not None:
                    return [document for document in candidates if holds(clauses, document)]
        everyone = self.users.page(0, self.users.total())
        return [document for document in everyone if holds(clauses, document)]

    def _cap(self) -> int:
        persona = self._persona("page-cap")
        return self._max_results if persona is None else int(persona.get("size", 50))

    def _claimed(self, total: int) -> int:
        persona = self._persona("lying-total")
        if persona is None:
            return total
        return int(persona["value"]) if "value" in persona else total + int(persona.get("add", 1000))

    def _create(self, request: Request) -> Body:
        document = {"active": True, **self._kept(_body(request))}
        return 201, _projected(self.users.add(document, unique=self._unique()), request)

    def _read(self, request: Request, user_id: str) -> Body:
        return 200, _projected(self._existing(user_id), request)

    def _replace(self, request: Request, user_id: str) -> Body:
        body = _body(request)
        with self.users.lock:
            return 200, _projected(self._written(self._existing(user_id), body), request)

    def _patch(self, request: Request, user_id: str) -> Body:
        if self._persona("no-patch") is not None:
            raise ScimRefusal(501, "PATCH is not implemented")
        body = _body(request)
        if self._persona("pathless-patch-only") is not None and any(
            step.get("path") for step in body.get("Operations", ())
        ):
            raise ScimRefusal(400, "operations with a path are not supported", "invalidPath")
        with self.users.lock:
            old = self._existing(user_id)
            written = self._written(old, patched(old, body))
        return (
            (204, None) if self._persona("quiet-patch") is not None else (200, _projected(written, request))
        )

    def _written(self, old: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        if self._persona("ignore-writes") is not None:
            return old
        kept = self._kept(document)
        if self._persona("ignore-active") is not None:
            kept["active"] = old.get("active", True)
        return self.users.put(old["id"], kept, unique=self._unique())

    def _delete(self, request: Request, user_id: str) -> Body:
        if not self.users.remove(user_id):
            raise ScimRefusal(404, f"no user {user_id[:100]}")
        return 204, None

    def _existing(self, user_id: str) -> dict[str, Any]:
        document = self.users.get(user_id)
        if document is None:
            raise ScimRefusal(404, f"no user {user_id[:100]}")
        return document

    def _unique(self) -> bool:
        return self._persona("no-uniqueness") is None

    def _kept(self, document: Mapping[str, Any]) -> dict[str, Any]:
        dropped = READ_ONLY | {"password"}
        kept = {
            key: value
            for key, value in document.items()
            if key.lower() not in dropped and value not in (None, "", [], {})
        }
        if not isinstance(kept.get("userName"), str):
            raise ScimRefusal(400, "userName is required", "invalidValue")
        if not isinstance(kept.get("active", True), bool):
            kept["active"] = str(kept["active"]).lower() == "true"
        if self._persona("no-external-id") is not None:
            kept.pop("externalId", None)
        if self._persona("rewrite-usernames") is not None:
            kept["userName"] = kept["userName"].lower().replace(".", "")
        kept["schemas"] = [CORE, *(key for key in kept if key.startswith("urn:"))]
        return kept


def _as_query(request: Request) -> Request:
    """Return a POST to ``.search`` (RFC 7644 §3.4.3) as the GET that asks for the same."""
    asked = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in _body(request).items()
        if name != "schemas"
    }
    return Request({**request.environ, "REQUEST_METHOD": "GET", "QUERY_STRING": urlencode(asked)})


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise ScimRefusal(400, "the body is not JSON", "invalidSyntax") from None
    if not isinstance(body, dict):
        raise ScimRefusal(400, "the body is not an object", "invalidSyntax")
    return body


def _projected(document: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """Return a copy with the members that ``attributes`` and ``excludedAttributes`` leave (by first word only)."""
    wanted = {name.split(".")[0].lower() for name in request.args.get("attributes", "").split(",") if name}
    unwanted = {
        name.split(".")[0].lower() for name in request.args.get("excludedAttributes", "").split(",") if name
    }
    return {
        key: value
        for key, value in document.items()
        if key in ("id", "schemas") or ((not wanted or key.lower() in wanted) and key.lower() not in unwanted)
    }


_DISCOVERY = frozenset({"ServiceProviderConfig", "Schemas", "ResourceTypes"})
_USERS_ROUTES: dict[str, Callable[..., Body]] = {"GET": ScimProvider._list, "POST": ScimProvider._create}
_USER_ROUTES: dict[str, Callable[..., Body]] = {
    "GET": ScimProvider._read,
    "PUT": ScimProvider._replace,
    "PATCH": ScimProvider._patch,
    "DELETE": ScimProvider._delete,
}
