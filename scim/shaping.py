"""The first half of decoding: names become canonical, what is not ours to write falls away.

:func:`shape` walks a request's JSON once. It renames attributes and URNs, takes out what is
unassigned (``null``, ``""``, ``[]``; RFC 7643 §2.5), read-only or unknown, and straightens the
spellings that clients in the field use. Kinds of values are checked afterwards, in
:mod:`scim.validation`; what is of the wrong kind passes through here unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from scim.errors import ECHO_LIMIT, InvalidValue, echo
from scim.schema import Attribute, Hint, ResourceType

UNASSIGNED: Any = object()
"""What a reader returns when nothing is left of a value."""

DROPPED_LIMIT = 100
"""How many unknown names one request reports at most."""


@dataclass(slots=True)
class Notes:
    """What shaping leaves out of the result and somebody may still want to know."""

    cleared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Path → keys of what was unassigned explicitly."""
    dropped: dict[str, None] = field(default_factory=dict)
    """Unknown names in the order met."""
    flat: list[Attribute] = field(default_factory=list)
    """Extension attributes that came as one ``urn:…:User:department`` key."""

    def drop(self, place: str, name: str) -> None:
        """Remember an unknown name, up to a limit."""
        if len(self.dropped) < DROPPED_LIMIT:
            self.dropped[(place + name)[:ECHO_LIMIT]] = None


Reader = Callable[[Any, Notes], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What shaping does with the value of one name."""

    name: str
    path: str
    keys: tuple[str, ...] = ()
    """Empty inside a multi-valued attribute: there a single unassigned value has no path."""
    read: Reader | None = None
    is_ignored: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """The names that one object may hold, canonical and lower-case, and the place they are in."""

    by_name: Mapping[str, Field]
    place: str = ""


def shape(fields: Fields, source: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return an object with canonical names and without what is unassigned, read-only or unknown.

    :raises InvalidValue: one attribute came under two spellings.
    """
    by_name = fields.by_name
    result: dict[str, Any] = {}
    for key, value in source.items():
        found = by_name.get(key) or by_name.get(key.lower())
        if found is None:
            notes.drop(fields.place, key)
            continue
        if found.is_ignored:
            continue
        if not value and (value is None or value == "" or value == []):
            if found.keys:
                notes.cleared[found.path] = found.keys
            continue
        if found.read is not None:
            value = found.read(value, notes)
            if value is UNASSIGNED:
                continue
        if found.name in result:
            raise InvalidValue(f"{found.path} is given twice, under different spellings of its name.")
        result[found.name] = value
    return result


def fields_of(
    resource_type: ResourceType, *, discarded: frozenset[str], max_values: Callable[[Attribute], int]
) -> Fields:
    """Return the names that a resource of this type may hold at its top.

    :param discarded: paths that are accepted and thrown away.
    :param max_values: how many values a multi-valued attribute may have.
    """
    build = _FieldBuilder(discarded, max_values)
    fields = [build.field(attribute) for attribute in resource_type.attributes.values()]
    by_name = build.names(fields)
    core = resource_type.schema
    for found in fields:
        by_name[f"{core.id}:{found.name}".lower()] = found
    for extension, _ in resource_type.extensions:
        for attribute in extension.attributes.values():
            by_name[attribute.path] = by_name[attribute.path.lower()] = build.flat(attribute)
        inner = Fields(build.names(map(build.field, extension.attributes.values())), extension.id + ":")
        whole = Field(extension.id, extension.id, (extension.id,), build.complex(inner))
        by_name[extension.id] = by_name[extension.id.lower()] = whole
    return Fields(by_name)


@dataclass(frozen=True, slots=True)
class _FieldBuilder:
    """Compiles attributes into fields with their readers."""

    discarded: frozenset[str]
    max_values: Callable[[Attribute], int]

    @staticmethod
    def names(fields: Any) -> dict[str, Field]:
        """Return fields under both their canonical and their lower-case name."""
        listed = list(fields)
        return {**{found.name.lower(): found for found in listed}, **{found.name: found for found in listed}}

    def field(self, attribute: Attribute, *, in_many: bool = False) -> Field:
        """Return the field of an attribute or sub-attribute."""
        return Field(
            name=attribute.name,
            path=attribute.path,
            keys=() if in_many else attribute.keys,
            read=self.reader(attribute),
            is_ignored=attribute.mutability == "readOnly" or attribute.path in self.discarded,
        )

    def flat(self, attribute: Attribute) -> Field:
        """Return the field of an extension attribute that stands at the top under its full path."""
        found = self.field(attribute)

        def read(value: Any, notes: Notes) -> Any:
            notes.flat.append(attribute)
            return found.read(value, notes) if found.read else value

        return Field(found.path, found.path, found.keys, read, found.is_ignored)

    def reader(self, attribute: Attribute) -> Reader | None:
        """Return what reads an attribute's value, None when it passes as it is."""
        one = self.reader_of_one(attribute)
        return self.many(attribute, one) if attribute.multi_valued else one

    def reader_of_one(self, attribute: Attribute) -> Reader | None:
        """Return what reads a single value of an attribute, None when it passes as it is."""
        if attribute.is_complex:
            subs = attribute.sub_attributes.values()
            inner = (self.field(sub, in_many=attribute.multi_valued) for sub in subs)
            read = self.complex(Fields(self.names(inner), attribute.path + "."))
            return _reference(read) if _is_reference(attribute) else read
        if Hint.decimal in attribute.hints:
            return _decimal_text
        if attribute.type in _STRAIGHTEN:
            return _STRAIGHTEN[attribute.type]
        if attribute.canonical_values and not attribute.case_exact:
            return _canonical(attribute)
        return None

    @staticmethod
    def complex(inner: Fields) -> Reader:
        """Return the reader of an object with these names."""

        def read(value: Any, notes: Notes) -> Any:
            if not isinstance(value, dict):
                return value
            return shape(inner, value, notes) or UNASSIGNED

        return read

    def many(self, attribute: Attribute, read_one: Reader | None) -> Reader:
        """Return the reader of a list of values."""
        limit = self.max_values(attribute)
        is_labelled = "primary" in attribute.sub_attributes

        def read(value: Any, notes: Notes) -> Any:
            if not isinstance(value, list):
                return value
            if len(value) > limit:
                raise InvalidValue(f"{attribute.path} has {len(value)} values; at most {limit:,} are taken.")
            items = [item for item in value if item is not None and item != ""]
            if read_one is not None:
                items = [read_one(item, notes) for item in items]
            items = [item for item in items if not (item is UNASSIGNED or (is_labelled and _is_label(item)))]
            if items:
                return items
            notes.cleared[attribute.path] = attribute.keys
            return UNASSIGNED

        return read


def _is_label(item: Any) -> bool:
    """Say whether an entry has nothing but a type and a primary mark: its value was unassigned."""
    return isinstance(item, dict) and item.keys() <= _LABELS


_LABELS = {"type", "primary"}


def _boolean(value: Any, _: Notes) -> Any:
    # Entra ID sends "True" and "False" as strings unless a feature flag is in its URL.
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


_BOOLEANS = {"true": True, "false": False}


def _decimal(value: Any, _: Notes) -> Any:
    """Return a source's Decimal as the JSON number that says the same."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    number = int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    if Decimal(repr(number)) != value:
        raise InvalidValue(f"The number {echo(str(value), 40)} has too many digits to be kept.")
    return number


def _decimal_text(value: Any, _: Notes) -> Any:
    """Return a decimal number as text without needless zeros; what is none passes, for the validator to say so."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return value
    text = str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return value
    if "_" in text or not number.is_finite() or abs(number.adjusted()) > 30:
        return text  # Python reads 1_000 as a number; nobody else does.
    digits = format(number, "f")  # Not normalize(): that rounds to 28 digits.
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return digits if number else "0"


_STRAIGHTEN: dict[str, Reader] = {"boolean": _boolean, "decimal": _decimal}


def _canonical(attribute: Attribute) -> Reader:
    """Return the reader that spells a suggested value as suggested: ``Work`` becomes ``work``.

    Other values pass: ``canonicalValues`` are suggestions (RFC 7643 §7).
    """
    spelled = {value.lower(): value for value in attribute.canonical_values}

    def read(value: Any, _: Notes) -> Any:
        return spelled.get(value.lower(), value) if isinstance(value, str) else value

    return read


def _is_reference(attribute: Attribute) -> bool:
    """Say whether one other resource is named: single-valued, by a required ``value``, with a ``$ref``."""
    value = attribute.sub_attribute("value")
    return (
        not attribute.multi_valued and "$ref" in attribute.sub_attributes and bool(value and value.required)
    )


def _reference(read: Reader) -> Reader:
    """Return the reader of ``manager``: clients also send an id, a list of one, or ``$ref`` alone."""

    def read_reference(value: Any, notes: Notes) -> Any:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            value = {"value": value}
        if isinstance(value, dict):
            names = {name.lower(): name for name in value}
            target = value.get(names.get("$ref", ""))
            if "value" not in names and isinstance(target, str) and target:
                value = {**value, "value": target.rstrip("/").rpartition("/")[2]}
        return read(value, notes)

    return read_reference
