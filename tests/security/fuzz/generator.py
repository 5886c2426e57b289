"""The generator: a seed's endless row of hostile requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.security.fuzz import addresses, bodies, documents, operations, values
from tests.security.fuzz.addresses import BASE, ENDPOINTS
from tests.security.fuzz.hostile import Request
from tests.security.fuzz.known import Known

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True)
class Tokens:
    """Bearer tokens: ``writer`` may write, ``others`` may less, may more, or belong to another tenant."""

    writer: str
    others: tuple[str, ...] = ()


class Generator:
    """Makes requests; the same seed and the same answers give the same row.

    Only ids of resources that exist get far, so the answers are to be shown to ``known``.
    """

    def __init__(self, seed: int, tokens: Tokens) -> None:
        self.known = Known(f"{seed:x}")
        self._chance = Random(seed)
        self._tokens = tokens
        self._recipes: Sequence[Recipe] = [recipe for recipe, _ in _RECIPES]
        self._weights = [weight for _, weight in _RECIPES]

    def next(self) -> Request:
        """Return the next request."""
        chance = self._chance
        for endpoint in ENDPOINTS:
            if self.known.is_full(endpoint):
                return self._request("delete", "DELETE", f"{endpoint}/{self.known.oldest(endpoint)}")
        recipe = chance.choices(self._recipes, self._weights)[0]
        method, path, query, tree = recipe(chance, self.known)
        if chance.random() < 0.02:
            method = chance.choice(addresses.METHODS)
        return self._dressed(recipe.__name__.strip("_"), method, path, query, tree)

    def _dressed(self, recipe: str, method: str, path: str, query: bytes, tree: Any) -> Request:
        """Return the request with headers and a body's bytes, some of them odd."""
        chance = self._chance
        target = path.encode("latin-1", "replace") + (b"?" + query if query else b"")
        token = self._tokens.writer
        if self._tokens.others and chance.random() < 0.08:
            token = chance.choice(self._tokens.others)
        headers = {"Authorization": b"Bearer " + token.encode()}
        if tree is not _NOTHING:
            headers["Content-Type"] = addresses.content_type(chance)
        if chance.random() < 0.1:
            headers |= dict(addresses.headers(chance))
        pairs = tuple(headers.items())
        if tree is _NOTHING:
            return Request(recipe, method, target, pairs)
        return Request(recipe, method, target, pairs, bodies.body(chance, tree), bodies.framing(chance))

    def _request(self, recipe: str, method: str, path: str) -> Request:
        authorization = b"Bearer " + self._tokens.writer.encode()
        return Request(recipe, method, f"{BASE}{path}".encode(), (("Authorization", authorization),))


#: What a recipe makes: method, path, query, and the JSON value of the body.
Parts = tuple[str, str, bytes, Any]
Recipe = Callable[[Random, Known], Parts]
_NOTHING = object()


def _create_user(chance: Random, known: Known) -> Parts:
    made = documents.user(chance, known)
    return "POST", f"{BASE}/Users", _projection(chance, known), _maybe_slipped(chance, made)


def _create_group(chance: Random, known: Known) -> Parts:
    made = documents.group(chance, known)
    return "POST", f"{BASE}/Groups", _projection(chance, known), _maybe_slipped(chance, made)


def _replace_user(chance: Random, known: Known) -> Parts:
    path = f"{BASE}/Users/{known.any_id(chance, '/Users')}"
    return "PUT", path, _projection(chance, known), _maybe_slipped(chance, documents.user(chance, known))


def _replace_group(chance: Random, known: Known) -> Parts:
    path = f"{BASE}/Groups/{known.any_id(chance, '/Groups')}"
    return "PUT", path, _projection(chance, known), _maybe_slipped(chance, documents.group(chance, known))


def _patch_user(chance: Random, known: Known) -> Parts:
    path = f"{BASE}/Users/{known.any_id(chance, '/Users')}"
    body = operations.patch(chance, known, "user")
    return "PATCH", path, _projection(chance, known), _maybe_slipped(chance, body, 0.15)


def _patch_group(chance: Random, known: Known) -> Parts:
    path = f"{BASE}/Groups/{known.any_id(chance, '/Groups')}"
    body = operations.patch(chance, known, "group")
    return "PATCH", path, _projection(chance, known), _maybe_slipped(chance, body, 0.15)


def _read(chance: Random, known: Known) -> Parts:
    endpoint = chance.choice(ENDPOINTS)
    return "GET", f"{BASE}{endpoint}/{known.any_id(chance, endpoint)}", _projection(chance, known), _NOTHING


def _delete(chance: Random, known: Known) -> Parts:
    endpoint = chance.choice(ENDPOINTS)
    return "DELETE", f"{BASE}{endpoint}/{known.any_id(chance, endpoint)}", b"", _NOTHING


def _list(chance: Random, known: Known) -> Parts:
    path = chance.choice((*ENDPOINTS, *ENDPOINTS, "", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig"))
    return "GET", BASE + path, addresses.query(chance, known), _NOTHING


def _search(chance: Random, known: Known) -> Parts:
    body: dict[str, Any] = {"schemas": [SEARCH_REQUEST], **dict(addresses.parameters(chance, known))}
    for name in ("count", "startIndex"):
        if body.get(name, "").isdigit():
            body[name] = int(body[name])
    for name in ("attributes", "excludedAttributes"):
        if name in body and chance.random() < 0.8:
            body[name] = body[name].split(",")
    return "POST", f"{BASE}{chance.choice(('', *ENDPOINTS))}/.search", b"", _maybe_slipped(chance, body, 0.2)


def _bulk(chance: Random, known: Known) -> Parts:
    return "POST", f"{BASE}/Bulk", b"", _maybe_slipped(chance, operations.bulk(chance, known), 0.15)


def _circle(chance: Random, known: Known) -> Parts:
    return "POST", f"{BASE}/Bulk", b"", operations.circle(chance, known)


def _me(chance: Random, known: Known) -> Parts:
    method = chance.choice(("GET", "PATCH", "PUT", "DELETE", "POST"))
    tree = _NOTHING if method in ("GET", "DELETE") else operations.patch(chance, known, "user")
    return method, f"{BASE}/Me", _projection(chance, known), tree


def _elsewhere(chance: Random, known: Known) -> Parts:
    method = chance.choice(("GET", "POST", "PUT", "PATCH", "DELETE"))
    tree = _NOTHING if chance.random() < 0.5 else values.value(chance)
    return method, addresses.path(chance), _projection(chance, known), tree


def _junk(chance: Random, known: Known) -> Parts:
    """A body that is no document of any kind, where one is expected."""
    method, path = chance.choice(
        (("POST", "/Users"), ("POST", "/Groups"), ("POST", "/Bulk"), ("POST", "/.search"))
    )
    return method, BASE + path, b"", values.value(chance)


def _projection(chance: Random, known: Known) -> bytes:
    return addresses.query(chance, known) if chance.random() < 0.08 else b""


def _maybe_slipped(chance: Random, document: Any, likely: float = 0.5) -> Any:
    return documents.slipped(chance, document) if chance.random() < likely else document


_RECIPES: tuple[tuple[Recipe, int], ...] = (
    (_create_user, 12),
    (_create_group, 6),
    (_replace_user, 7),
    (_replace_group, 4),
    (_patch_user, 15),
    (_patch_group, 9),
    (_read, 5),
    (_delete, 3),
    (_list, 18),
    (_search, 6),
    (_bulk, 6),
    (_circle, 1),
    (_me, 2),
    (_elsewhere, 4),
    (_junk, 2),
)
