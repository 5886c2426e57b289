"""Hypothesis strategies for SCIM documents and request bodies, built from the attribute tables.

``documents()`` draws canonical documents, ``payloads()`` what a well-behaved client sends for one,
``deformed_payloads()`` the same with up to three slips in spelling or kind.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from scim.keys import comparison_key
from scim.resources import GROUP, user_type
from scim.schema import Attribute, Hint, ResourceType

Document = dict[str, Any]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
words = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8)
dates = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)).map(date.isoformat)
instants = st.builds("{}T{:02}:{:02}:{:02}Z".format, dates, *(st.integers(0, 23), *[st.integers(0, 59)] * 2))
emails = st.builds(
    "{}@{}".format,
    st.from_regex(r"[A-Za-z][a-z0-9]{0,6}", fullmatch=True),
    st.sampled_from(["example.com", "corp.example.org"]),
)
uris = st.from_regex(r"https://[a-z]{1,8}\.example/[a-z0-9]{0,8}", fullmatch=True)
blobs = st.binary(min_size=1, max_size=12).map(lambda raw: base64.b64encode(raw).decode())
decimals = st.integers(-10_000, 10_000).map(lambda hundredths: hundredths / 100)
decimal_texts = st.integers(-10_000, 10_000).map(lambda n: format((Decimal(n) / 100).normalize(), "f"))

_LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": decimals,
    "dateTime": instants,
    "reference": uris,
    "binary": blobs,
}


def leaf_values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Draw valid values of an attribute that is not complex."""
    if attribute.type != "string":
        return _LEAVES[attribute.type]
    if Hint.date in attribute.hints:
        return dates
    if Hint.decimal in attribute.hints:
        return decimal_texts
    if Hint.email in attribute.hints:
        return emails
    if attribute.canonical_values:
        return st.sampled_from(attribute.canonical_values) | words.filter(
            lambda word: word.lower() not in {value.lower() for value in attribute.canonical_values}
        )
    return texts.filter(str.strip) if attribute.required else texts


@st.composite
def values(draw: st.DrawFn, attribute: Attribute) -> Any:
    """Draw a valid, settled value of an attribute: lists hold no value twice and one primary at most."""
    if not attribute.multi_valued:
        return draw(objects(attribute) if attribute.is_complex else leaf_values(attribute))
    if not attribute.is_complex:
        return draw(st.lists(leaf_values(attribute), min_size=1, max_size=3, unique_by=_equality))
    entries = draw(st.lists(objects(attribute), min_size=1, max_size=3, unique_by=_entry_equality))
    for entry in [entry for entry in entries if entry.get("primary")][1:]:
        entry["primary"] = False
    return entries


def objects(attribute: Attribute) -> st.SearchStrategy[Document]:
    """Draw a valid object of a complex attribute, with something beside its label."""
    writable = [sub for sub in attribute.sub_attributes.values() if sub.mutability != "readOnly"]
    significant = next((sub for sub in writable if sub.name == "value"), writable[0])
    needed = {significant.name: values(significant)}
    optional = {sub.name: values(sub) for sub in writable if sub.name != significant.name}
    return st.fixed_dictionaries(needed, optional=optional)


@st.composite
def documents(draw: st.DrawFn, resource_type: ResourceType | None = None) -> Document:
    """Draw a canonical document of a resource type, User by default: no secrets, ``schemas`` in place."""
    found = resource_type or user_type()
    drawn = draw(_table(found.schema.attributes.values()))
    present = []
    for extension, is_required in found.extensions:
        inner = draw(
            _table(extension.attributes.values()) if is_required or draw(st.booleans()) else st.just({})
        )
        if inner:
            drawn[extension.id] = inner
            present.append(extension.id)
    return {"schemas": [found.schema.id, *present], **drawn}


def document() -> st.SearchStrategy[Document]:
    """Draw a canonical User document."""
    return documents()


@st.composite
def payloads(draw: st.DrawFn, resource_type: ResourceType | None = None) -> Document:
    """Draw a valid request body for a User: a document with secrets, ``externalId`` and a password."""
    found = resource_type or user_type()
    payload: Document = draw(documents(found))
    for extension, _ in found.extensions:
        secret = [a for a in extension.attributes.values() if a.returned == "never"]
        drawn = draw(st.fixed_dictionaries({}, optional={a.name: values(a) for a in secret}))
        if drawn:
            payload.setdefault(extension.id, {}).update(drawn)
            payload["schemas"] = list(dict.fromkeys([*payload["schemas"], extension.id]))
    payload.update(draw(st.fixed_dictionaries({}, optional={"externalId": texts, "password": texts})))
    return payload


@st.composite
def deformed_payloads(draw: st.DrawFn, resource_type: ResourceType | None = None) -> Document:
    """Draw a request body for a User with up to three slips, some harmless and some not."""
    payload = copy.deepcopy(draw(payloads(resource_type)))
    for slip in draw(st.lists(st.sampled_from(SLIPS), max_size=3)):
        slip(payload, draw)
    return payload


def user_payloads(resource_type: ResourceType | None = None) -> st.SearchStrategy[Document]:
    """Draw request bodies for a User, of the standard type by default, half of them deformed."""
    return payloads(resource_type) | deformed_payloads(resource_type)


def _table(attributes: Any) -> st.SearchStrategy[Document]:
    shown = [a for a in attributes if a.mutability != "readOnly" and a.returned != "never"]
    required = {a.name: values(a) for a in shown if a.required}
    return st.fixed_dictionaries(required, optional={a.name: values(a) for a in shown if not a.required})


def _equality(value: Any) -> Any:
    return comparison_key(value) if isinstance(value, str) else value


def _entry_equality(entry: Document) -> Any:
    if "value" not in entry:
        return repr(sorted(entry.items()))
    return _equality(entry["value"]), _equality(entry.get("type"))


# ------------------------------------------------------------------------------------------- slips

# Of a kind that scim2-models and we judge alike wherever it stands; the rest has tests of its own.
_WRONG: st.SearchStrategy[Any] = st.sampled_from([5, 1.5, ["x", "y"], {"value": [1]}, [[1]]])


def _pick(container: Document, draw: st.DrawFn) -> str | None:
    names = [name for name in container if name not in ("schemas", "password")]
    return draw(st.sampled_from(names)) if names else None


def _send(payload: Document, name: str, value: Any) -> None:
    for spelled in [spelled for spelled in payload if spelled.lower() == name.lower()]:
        del payload[spelled]
    payload[name] = value


def change_case(payload: Document, draw: st.DrawFn) -> None:
    """Spell one name in upper case."""
    if name := _pick(payload, draw):
        payload[name.upper()] = payload.pop(name)


def change_inner_case(payload: Document, draw: st.DrawFn) -> None:
    """Spell one name inside an object in upper case."""
    name = _pick(payload, draw)
    if name and isinstance(payload[name], dict):
        change_case(payload[name], draw)


def unassign(payload: Document, draw: st.DrawFn) -> None:
    """Send null for one attribute."""
    if name := _pick(payload, draw):
        payload[name] = None


def forget(payload: Document, draw: st.DrawFn) -> None:
    """Leave one attribute out."""
    if name := _pick(payload, draw):
        del payload[name]


def mistype(payload: Document, draw: st.DrawFn) -> None:
    """Send a value of another kind."""
    if name := _pick(payload, draw):
        payload[name] = draw(_WRONG)


def mistype_inner(payload: Document, draw: st.DrawFn) -> None:
    """Send a value of another kind inside an object or a list of objects."""
    name = _pick(payload, draw)
    inner = payload[name] if name else None
    if isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, dict) and inner:
        mistype(inner, draw)


def send_read_only(payload: Document, draw: st.DrawFn) -> None:
    """Send attributes that only the server writes."""
    payload.update({"id": draw(words), "groups": [{"value": draw(words)}]})


def claim_another_schema(payload: Document, _: st.DrawFn) -> None:
    """Say that the body is a Group."""
    payload["schemas"] = [GROUP]


def leave_schemas_out(payload: Document, _: st.DrawFn) -> None:
    """Send no ``schemas``."""
    payload.pop("schemas", None)


def send_boolean_as_text(payload: Document, draw: st.DrawFn) -> None:
    """Send ``active`` as Entra ID does."""
    _send(payload, "active", draw(st.sampled_from(["True", "False", "true", "false"])))


def send_two_primaries(payload: Document, draw: st.DrawFn) -> None:
    """Mark two phone numbers as primary."""
    _send(payload, "phoneNumbers", [{"value": draw(words) + str(n), "primary": True} for n in range(2)])


SLIPS: list[Callable[[Document, st.DrawFn], None]] = [
    change_case,
    change_inner_case,
    unassign,
    forget,
    mistype,
    mistype_inner,
    send_read_only,
    claim_another_schema,
    leave_schemas_out,
    send_boolean_as_text,
    send_two_primaries,
]
