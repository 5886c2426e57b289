"""The target fields of a mapping: every attribute of a user that a source may say something about, by name.

Read from the same attribute tables as everything else (``scim.schema``), so a custom extension is mappable too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

from scim.resources import ENTERPRISE, HR, standard_schema_set
from scim.schema import Attribute, Hint, ResourceType, Schema

Kind = Literal["text", "lines", "email", "date", "boolean", "decimal", "integer", "decimal text", "words"]

#: Extension URN → the short prefix that mappings may write.
SHORT_PREFIXES = {ENTERPRISE: "enterprise", HR: "hr"}
#: Multi-valued complex attributes that a source may feed, one entry of each type.
_TYPED = {
    "emails": ("value", "display"),
    "phoneNumbers": ("value",),
    "addresses": ("formatted", "streetAddress", "locality", "region", "postalCode", "country"),
}
_TYPES = {
    "emails": ("work", "home", "other"),
    "phoneNumbers": ("work", "home", "mobile", "fax", "pager", "other"),
    "addresses": ("work", "home", "other"),
}
#: What belongs to the directory or to a client, never to a source (scim.md §2).
_NOT_FOR_SOURCES = frozenset({"id", "externalId", "meta", "groups", "schemas", "password"})
#: What clients may only read, and a source says: a list of words, and members of the source's own entry in a list.
_WORDS = frozenset({"tags"})
_OF_THE_RECORD = {"sources": ("source", ("recordId", "eventId", "channel"))}
_LINES = frozenset({"formatted", "streetAddress"})
_TYPE_FILTER = re.compile(r"\[ *type +eq +\"?([a-z]+)\"? *\]", re.IGNORECASE)

WORK_EMAIL = "emails[work].value"


@dataclass(frozen=True, slots=True)
class TargetField:
    """One field that a mapping can fill.

    `steps` lead through a document: `("emails", "work", "value")` for a typed entry, `("name", "givenName")`,
    `(urn, "department")`. `secret` values can never be read back, `sensitive` ones only with their own scope:
    neither is ever quoted in an error.
    """

    name: str
    kind: Kind
    steps: tuple[str, ...]
    typed: bool
    secret: bool
    sensitive: bool
    description: str
    #: Clients only read it, so their codec takes no value of it.
    read_only: bool = False

    @property
    def of_the_record(self) -> bool:
        """Whether it is said of the source's own record: each source has an entry of its own, and none is ranked."""
        return self.read_only and len(self.steps) > 2

    @property
    def quotable(self) -> bool:
        """Whether a cell meant for this field may be quoted in the error file."""
        return not (self.secret or self.sensitive)


class FieldTable:
    """All target fields of a resource type, found by any of the ways in which they may be written."""

    def __init__(self, resource_type: ResourceType) -> None:
        self.fields: dict[str, TargetField] = {field.name: field for field in _fields(resource_type)}
        self._spellings: dict[str, TargetField] = {}
        for field in self.fields.values():
            for spelling in _spellings(field):
                self._spellings[spelling.lower()] = field
        self._last_words = _unique_last_words(self.fields.values())

    def find(self, text: str) -> TargetField | None:
        """Return the field that a text names (any case, short or full URN, value filter or short type), or None."""
        wanted = _TYPE_FILTER.sub(lambda match: f"[{match[1]}]", text.strip()).lower()
        return self._spellings.get(wanted) or self._last_words.get(wanted)

    def suggestion(self, text: str) -> str | None:
        """Return the name of the field that was probably meant, or None."""
        word = re.sub(r"[^a-z]", "", text.lower())
        leaves = {re.sub(r"[^a-z]", "", name.lower()): name for name in self.fields}
        leaves |= {last: field.name for last, field in self._last_words.items()}
        close = get_close_matches(word, leaves, n=1, cutoff=0.7)
        return leaves[close[0]] if close else None


@lru_cache(maxsize=1)
def user_fields() -> FieldTable:
    """Return the fields of the standard User: core, enterprise and HR extension."""
    resource_type = standard_schema_set().resource_type("User")
    if resource_type is None:
        raise LookupError("The standard schema set has no User.")
    return FieldTable(resource_type)


def _fields(resource_type: ResourceType) -> Iterator[TargetField]:
    for attribute in resource_type.schema.attributes.values():
        if attribute.name not in _NOT_FOR_SOURCES:
            yield from _attribute_fields(attribute, "", ())
    for extension, _ in resource_type.extensions:
        prefix = SHORT_PREFIXES.get(extension.id, extension.id)
        separator = "." if extension.id in SHORT_PREFIXES else ":"
        for attribute in _mappable(extension):
            yield from _attribute_fields(attribute, prefix + separator, (extension.id,))


def _mappable(schema: Schema) -> Iterator[Attribute]:
    # enterprise manager needs an employee's id, which no source knows: hr.managerEmail is resolved instead.
    return (a for a in schema.attributes.values() if not (schema.id == ENTERPRISE and a.name == "manager"))


def _attribute_fields(attribute: Attribute, prefix: str, steps: tuple[str, ...]) -> Iterator[TargetField]:
    if attribute.mutability == "readOnly":
        yield from _read_only_fields(attribute, prefix, steps)
    elif attribute.multi_valued:
        yield from _typed_fields(attribute)
    elif attribute.is_complex:
        for sub in attribute.sub_attributes.values():
            if sub.mutability != "readOnly":
                yield _field(
                    sub, f"{prefix}{attribute.name}.{sub.name}", (*steps, attribute.name, sub.name), attribute
                )
    else:
        yield _field(attribute, prefix + attribute.name, (*steps, attribute.name), attribute)


def _read_only_fields(attribute: Attribute, prefix: str, steps: tuple[str, ...]) -> Iterator[TargetField]:
    place = (*steps, attribute.name)
    if attribute.name in _WORDS:
        yield replace(
            _field(attribute, prefix + attribute.name, place, attribute), kind="words", read_only=True
        )
    label, members = _OF_THE_RECORD.get(attribute.name, ("", ()))
    for member in members:
        sub = attribute.sub_attributes[member.lower()]
        yield replace(_field(sub, f"{prefix}{label}.{member}", (*place, member), attribute), read_only=True)


def _typed_fields(attribute: Attribute) -> Iterator[TargetField]:
    for type_name in _TYPES.get(attribute.name, ()):
        for sub_name in _TYPED[attribute.name]:
            sub = attribute.sub_attributes[sub_name.lower()]
            name = f"{attribute.name}[{type_name}].{sub_name}"
            yield _field(sub, name, (attribute.name, type_name, sub_name), attribute, typed=True)


def _field(
    attribute: Attribute, name: str, steps: tuple[str, ...], parent: Attribute, *, typed: bool = False
) -> TargetField:
    return TargetField(
        name=name,
        kind=_kind(attribute, parent, typed),
        steps=steps,
        typed=typed,
        secret="never" in (attribute.returned, parent.returned),
        sensitive=attribute.is_sensitive
        or parent.is_sensitive
        or "request" in (attribute.returned, parent.returned),
        description=" ".join(attribute.description.split()),
    )


def _kind(attribute: Attribute, parent: Attribute, typed: bool) -> Kind:
    if attribute.type in ("boolean", "decimal", "integer"):
        return attribute.type
    if Hint.date in attribute.hints:
        return "date"
    if Hint.decimal in attribute.hints:
        return "decimal text"
    if Hint.email in attribute.hints or (parent.name == "emails" and attribute.name == "value"):
        return "email"
    return "lines" if typed and attribute.name in _LINES else "text"


def _spellings(field: TargetField) -> Iterator[str]:
    yield field.name
    if field.steps[0].startswith("urn:"):
        yield f"{field.steps[0]}:{'.'.join(field.steps[1:])}"
    elif not field.typed:
        yield f"urn:ietf:params:scim:schemas:core:2.0:User:{'.'.join(field.steps)}"
    elif field.steps[2] == "value":
        yield f"{field.steps[0]}[{field.steps[1]}]"


def _unique_last_words(fields: Iterable[TargetField]) -> dict[str, TargetField]:
    """Last word → field, where only one field ends in that word: `department`, `givenName`."""
    found: dict[str, list[TargetField]] = {}
    for field in fields:
        if not field.typed and not field.secret:
            found.setdefault(field.steps[-1].lower(), []).append(field)
    return {word: those[0] for word, those in found.items() if len(those) == 1}
