"""What one request may see of a resource: ``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim.errors import InvalidValue
from scim.schema import Attribute, ResourceType

Names = str | Sequence[str] | None
"""A comma-separated list as in a URL, a list of names as in a search request, or nothing."""

Shown = bool | frozenset[str]
"""What is shown of an attribute: all, nothing, or only the sub-attributes of these names."""

Plan = Mapping[str, "Shown | Mapping[str, Shown]"]
"""What is shown per key of a document; for the URN of an extension, per key inside it."""

_MINIMUM = frozenset({"schemas", "id"})
"""Always shown, whatever is asked (RFC 7643 §3, §3.1)."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A choice of attributes; :meth:`apply` reduces a full document to it.

    By the attribute's ``returned``: *always* stays whatever is excluded; *never* is not shown
    whatever is asked; *request* is shown only when named itself, not through its extension's URN;
    *default* follows the parameters.
    """

    resource_type: ResourceType
    plan: Plan
    is_default: bool
    """This is what a request without parameters sees: the stored text can be sent as it is."""

    @classmethod
    def parse(
        cls,
        attributes: Names,
        excluded: Names,
        resource_type: ResourceType,
        *,
        sensitive_allowed: bool = False,
    ) -> Projection:
        """Return the projection that two request parameters describe.

        Names in any case, with or without URN; an extension's URN alone stands for all of it.
        Unknown names select nothing. Empty parameters count as absent.

        :param sensitive_allowed: the token has ``scim:sensitive``; without it sensitive attributes
            are left out even when asked for.
        :raises InvalidValue: both parameters are given: "mutually exclusive" (RFC 7644 §3.9).
        """
        asked, left_out = _names(attributes), _names(excluded)
        if asked and left_out:
            raise InvalidValue("'attributes' and 'excludedAttributes' exclude each other; send one of them.")
        choice = _Choice(
            frozenset(_paths(asked, resource_type)) if asked else None,
            frozenset(_paths(left_out, resource_type)),
            sensitive_allowed,
        )
        return _projection(resource_type, choice)

    @property
    def needs_groups(self) -> bool:
        """Whether the computed ``groups`` of a User is shown and has to be looked up."""
        return self.shows("groups")

    @property
    def needs_on_request(self) -> bool:
        """Whether something is shown that the default projection leaves out."""
        return any(a.returned == "request" and self.shows(a.path) for a in self.resource_type.walk())

    def shows(self, path: str) -> bool:
        """Say whether (something of) the attribute at a canonical path is shown."""
        attribute = self.resource_type.resolve(path)
        shown: Any = self.plan
        for key in attribute.keys if attribute else (path,):
            if isinstance(shown, frozenset):
                return key in shown
            if isinstance(shown, bool):
                break
            shown = shown.get(key, False)
        return bool(shown)

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a full document (with ``id``, ``meta``, …) reduced to what may be seen.

        ``schemas`` keeps the core schema and the extensions that are still there (RFC 7643 §3).
        What no schema knows is left out. The argument is not changed.
        """
        shown = _apply(self.plan, document)
        if "schemas" in shown:
            core = self.resource_type.schema.id
            shown["schemas"] = [urn for urn in shown["schemas"] if urn == core or urn in shown]
        return shown


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a request asks for, as canonical paths and extension URNs."""

    asked: frozenset[str] | None
    excluded: frozenset[str]
    sensitive_allowed: bool

    def shown(self, attribute: Attribute) -> Shown:
        """Return what is shown of a top-level or extension attribute."""
        if self._is_hidden(attribute):
            return False
        is_chosen = attribute.path in _MINIMUM or self._is_chosen(attribute)
        subs = attribute.sub_attributes.values()
        if not subs:
            return is_chosen
        names = frozenset(sub.name for sub in subs if self._shows_sub(sub, attribute, is_chosen))
        return len(names) == len(subs) or names

    def _is_hidden(self, attribute: Attribute) -> bool:
        return attribute.returned == "never" or (attribute.is_sensitive and not self.sensitive_allowed)

    def _is_chosen(self, attribute: Attribute) -> bool:
        if attribute.returned == "always":
            return True
        if attribute.returned == "request":
            return attribute.path in (self.asked or ())
        places = (attribute.path, attribute.schema_id)
        if not self.excluded.isdisjoint(places):
            return False
        return self.asked is None or not self.asked.isdisjoint(places)

    def _shows_sub(self, sub: Attribute, parent: Attribute, parent_is_chosen: bool) -> bool:
        if self._is_hidden(sub):
            return False
        if sub.returned == "always":
            return parent_is_chosen or parent.returned != "request"
        if sub.path in self.excluded:
            return False
        if sub.path in (self.asked or ()):
            return True
        return parent_is_chosen and sub.returned == "default"


@lru_cache(maxsize=512)
def _projection(resource_type: ResourceType, choice: _Choice) -> Projection:
    # Clients repeat themselves: one identity provider sends the same parameters with every request.
    plan = _plan(resource_type, choice)
    return Projection(resource_type, plan, plan == _plan(resource_type, _Choice(None, frozenset(), False)))


def _plan(resource_type: ResourceType, choice: _Choice) -> Plan:
    plan: dict[str, Shown | Mapping[str, Shown]] = {}
    plan.update({a.name: choice.shown(a) for a in resource_type.attributes.values()})
    for extension, _ in resource_type.extensions:
        plan[extension.id] = {a.name: choice.shown(a) for a in extension.attributes.values()}
    return plan


def _apply(plan: Plan, document: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in document.items():
        rule: Any = plan.get(key, False)
        if rule is False:
            continue
        if rule is not True:
            value = _reduced(rule, value)
            if not value:
                continue
        shown[key] = value
    return shown


def _reduced(rule: frozenset[str] | Plan, value: Any) -> Any:
    """Return what a rule leaves of an extension's object, an object, or a list of objects."""
    if isinstance(value, list):
        return [left for item in value if (left := _reduced(rule, item))]
    if not isinstance(value, dict):
        return None
    if isinstance(rule, frozenset):
        return {name: inner for name, inner in value.items() if name in rule}
    return _apply(rule, value)


def _names(given: Names) -> list[str]:
    parts = given.split(",") if isinstance(given, str) else ",".join(given or ()).split(",")
    return [name for part in parts if (name := part.strip())]


def _paths(names: Iterable[str], resource_type: ResourceType) -> Iterator[str]:
    """Yield the canonical paths and URNs that names stand for; unknown names stand for none."""
    for name in names:
        attribute = resource_type.resolve(name)
        if attribute is not None:
            yield attribute.path
        elif (schema := resource_type.schema_of(name)) is not None:
            yield schema.id
