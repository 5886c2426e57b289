"""The SCIM routes: one table of endpoints, and how a path finds its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.web.scim import bulk, discovery, me, resources, searches
from app.web.scim.exchange import Answer
from scim.errors import MethodNotAllowed, NotFound

View = Callable[..., Answer]


class Route(NamedTuple):
    """A row of the table: the endpoint's name, what answers it, and the scope that it takes (None: open to all)."""

    name: str
    view: View
    scope: str | None = "scim:read"


_WRITE = "scim:write"

#: Rule → method → route. ``<endpoint>`` is that of a resource type: ``Users``, ``Groups``, or a loaded one.
ROUTES: dict[str, dict[str, Route]] = {
    "/": {"GET": Route("list_everything", searches.listed_at_root)},
    "/.search": {"POST": Route("search_everything", searches.searched_at_root)},
    "/Bulk": {"POST": Route("bulk", bulk.answer, _WRITE)},
    "/Me": {
        "GET": Route("read_me", me.read),
        "PUT": Route("replace_me", me.replace, _WRITE),
        "PATCH": Route("patch_me", me.patch, _WRITE),
        "DELETE": Route("delete_me", me.delete, _WRITE),
    },
    "/ServiceProviderConfig": {
        "GET": Route("service_provider_config", discovery.service_provider_config, None)
    },
    "/ResourceTypes": {"GET": Route("list_resource_types", discovery.resource_types)},
    "/ResourceTypes/<name>": {"GET": Route("read_resource_type", discovery.resource_type)},
    "/Schemas": {"GET": Route("list_schemas", discovery.schemas)},
    "/Schemas/<name>": {"GET": Route("read_schema", discovery.schema)},
    "/<endpoint>": {
        "GET": Route("list_resources", searches.listed),
        "POST": Route("create_resource", resources.create, _WRITE),
    },
    "/<endpoint>/.search": {"POST": Route("search_resources", searches.searched)},
    "/<endpoint>/<resource_id>": {
        "GET": Route("read_resource", resources.read),
        "PUT": Route("replace_resource", resources.replace, _WRITE),
        "PATCH": Route("patch_resource", resources.patch, _WRITE),
        "DELETE": Route("delete_resource", resources.delete, _WRITE),
    },
}
_ROOT, _COLLECTION, _ONE = ROUTES["/"], ROUTES["/<endpoint>"], ROUTES["/<endpoint>/<resource_id>"]
_SEARCH = ROUTES["/<endpoint>/.search"]


def found(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """Return the route of a path and the values in it; HEAD goes where GET goes.

    :raises NotFound: no path of the API. :raises MethodNotAllowed: this method is not offered there.
    """
    methods, values = _methods_at(path)
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        allowed = tuple(sorted(methods))
        raise MethodNotAllowed(f"{method[:20]} is not offered here; use {', '.join(allowed)}.", allowed)
    return route, values


def _methods_at(path: str) -> tuple[dict[str, Route], tuple[str, ...]]:
    parts = path.split("/")
    if len(parts) == 3 and parts[2] == "":
        parts.pop()
    if len(parts) == 1 or parts == ["", ""]:
        return _ROOT, ()
    first = parts[1]
    if len(parts) == 2:
        return (known, ()) if (known := ROUTES.get("/" + first)) else (_COLLECTION, (first,))
    if len(parts) == 3:
        second = parts[2]
        if "/" + first in ROUTES:
            within = ROUTES.get(f"/{first}/<name>")
            if within is not None:
                return within, (second,)
        elif second == ".search":
            return _SEARCH, (first,)
        else:
            return _ONE, (first, second)
    raise NotFound("There is no such endpoint here.")
