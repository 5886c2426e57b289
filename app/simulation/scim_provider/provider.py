"""The HTTP face of a simulated SCIM 2.0 service provider, with the habits (personas) of less careful ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from app.simulation.application import as_json
from app.simulation.scim_provider import discovery
from app.simulation.scim_provider.accounts import Accounts
from app.simulation.scim_provider.errors import ScimRefusal
from app.simulation.scim_provider.groups import Groups
from app.simulation.scim_provider.limits import RateLimit
from app.simulation.scim_provider.pages import Page, asked_page, cap
from app.simulation.scim_provider.paths import Clause, parse_filter
from app.simulation.scim_provider.personas import Persona
from app.simulation.scim_provider.store import Users

SCIM_JSON = "application/scim+json"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
Body = tuple[int, dict[str, Any] | None]
Kind = Accounts | Groups


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


def refusal(
    status: int, detail: str, scim_type: str | None = None, retry_after: str | None = None
) -> Response:
    """Return a SCIM Error response."""
    document: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(status), "detail": detail[:200]}
    if scim_type is not None:
        document["scimType"] = scim_type
    response = as_json(document, status, SCIM_JSON)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="simulator"'
    if retry_after is not None:
        response.headers["Retry-After"] = retry_after
    return response


class ScimProvider:
    """Serves ``users``, and ``groups`` if given, below ``base``; ``persona(name)`` says which habits hold."""

    def __init__(
        self,
        users: Users,
        base: str,
        auth: KeyHeader,
        persona: Persona,
        max_results: int = 1000,
        groups: Groups | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.auth = auth
        self._accounts = Accounts(users, persona)
        self._groups = groups
        self._persona = persona
        self._max_results = max_results
        self._rate = RateLimit()

    def answer(self, request: Request) -> Response:
        """Answer one request whose path lies below ``base``."""
        if not self.auth.accepts(request):
            return refusal(401, "the key is missing or wrong")
        words = [word for word in request.path[len(self.base) :].split("/") if word]
        try:
            if self._has("user-agent") and not request.headers.get("User-Agent"):
                raise ScimRefusal(403, "requests need a User-Agent")
            self._rate.check(request.method, self._persona)
            status, document = self._routed(request, words)
        except ScimRefusal as refused:
            return refusal(refused.status, refused.detail, refused.scim_type, refused.retry_after)
        return Response(status=status) if document is None else self._sent(request, status, document)

    def _has(self, persona: str) -> bool:
        return self._persona(persona) is not None

    # --- which answer ---

    def _routed(self, request: Request, words: list[str]) -> Body:
        resource, rest = (words[0] if words else ""), words[1:]
        if words[-1:] == [".search"] and len(words) < 3 and request.method == "POST":
            kinds = map(self._kind, [resource] if rest else ["Users", "Groups"])
            return self._list(_as_query(request), *(kind for kind in kinds if kind is not None))
        kind = self._kind(resource)
        if kind is not None and len(rest) < 2:
            route = _ROUTES.get((request.method, len(rest)))
            if route is None:
                raise ScimRefusal(405, f"{request.method} is not possible here")
            return route(self, request, kind, *rest)
        if resource in _DISCOVERY and not self._has("no-discovery"):
            return self._discovered(request, resource, rest)
        if resource in ("Bulk", "Me"):
            raise ScimRefusal(501, f"/{resource} is not implemented")
        raise ScimRefusal(404, f"nothing at {request.path}")

    def _kind(self, resource: str) -> Kind | None:
        if resource == "Groups" and not self._has("no-groups"):
            return self._groups
        return self._accounts if resource == "Users" else None

    def _sent(self, request: Request, status: int, document: dict[str, Any]) -> Response:
        root = request.host_url.rstrip("/") + self.base
        for resource in document.get("Resources", [document]):
            meta = resource.get("meta")
            if meta:
                place = meta.get("location") or f"/{meta['resourceType']}s/{resource['id']}"
                resource["meta"] = {**meta, "location": root + place}
        response = as_json(document, status, SCIM_JSON)
        if status == 201:
            response.headers["Location"] = document["meta"]["location"]
        return response

    def _discovered(self, request: Request, resource: str, rest: list[str]) -> Body:
        if request.method != "GET":
            raise ScimRefusal(405, "discovery is read-only")
        if resource == "ServiceProviderConfig":
            return 200, discovery.service_provider_config(
                patch=not self._has("no-patch"),
                max_results=cap(self._persona, self._max_results),
                scheme=f"{self.auth.name}: {self.auth.prefix}…",
                cursor=self._has("cursor-paging"),
            )
        made = discovery.schemas if resource == "Schemas" else discovery.resource_types
        documents = made(self._kind("Groups") is not None)
        if not rest:
            return 200, discovery.listed([dict(document) for document in documents.values()])
        if rest[0] not in documents:
            raise ScimRefusal(404, f"no {resource} {rest[0][:100]}")
        return 200, dict(documents[rest[0]])

    # --- resources ---

    def _list(self, request: Request, *kinds: Kind) -> Body:
        page = asked_page(request.args, self._persona, self._max_results)
        everything = page if len(kinds) == 1 else Page(1, page.start - 1 + page.count)
        found: list[dict[str, Any]] = []
        total = 0
        for kind in kinds:
            some, of_kind = kind.listed(self._clauses(kind, request.args.get("filter")), everything)
            found += [_projected(kind.shown(document), request) for document in some]
            total += of_kind
        if len(kinds) > 1:
            found = found[page.start - 1 : page.start - 1 + page.count]
        return 200, page.answer(found, total, self._persona)

    def _clauses(self, kind: Kind, text: str | None) -> tuple[Clause, ...] | None:
        if text is None and self._has("filter-required"):
            raise ScimRefusal(400, "a list needs a filter", "tooMany")
        if text is None or self._has("ignore-filters"):
            return None
        if self._has("refuse-filters"):
            raise ScimRefusal(400, "filters are not supported", "invalidFilter")
        clauses = parse_filter(text)
        kind.check_filter(clauses)
        return clauses

    def _create(self, request: Request, kind: Kind) -> Body:
        return 201, _projected(kind.shown(kind.create(_body(request))), request)

    def _read(self, request: Request, kind: Kind, resource_id: str) -> Body:
        return 200, _projected(kind.shown(kind.existing(resource_id)), request)

    def _replace(self, request: Request, kind: Kind, resource_id: str) -> Body:
        return 200, _projected(kind.shown(kind.replace(resource_id, _body(request))), request)

    def _patch(self, request: Request, kind: Kind, resource_id: str) -> Body:
        if self._has("no-patch"):
            raise ScimRefusal(501, "PATCH is not implemented")
        changed = kind.shown(kind.patch(resource_id, _body(request)))
        if self._has("quiet-patch"):
            return 204, None
        return 200, {} if self._has("hollow-patch") else _projected(changed, request)

    def _delete(self, request: Request, kind: Kind, resource_id: str) -> Body:
        if not kind.remove(resource_id):
            raise ScimRefusal(404, f"nothing with the id {resource_id[:100]}")
        return 204, None


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
# (method, how many words follow the end point) → what is done
_ROUTES: dict[tuple[str, int], Callable[..., Body]] = {
    ("GET", 0): ScimProvider._list,
    ("POST", 0): ScimProvider._create,
    ("GET", 1): ScimProvider._read,
    ("PUT", 1): ScimProvider._replace,
    ("PATCH", 1): ScimProvider._patch,
    ("DELETE", 1): ScimProvider._delete,
}
