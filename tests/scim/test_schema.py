"""Attribute tables: one source, from scim2-models classes or RFC 7643 documents alike."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import scim2_models
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.codec import Codec, codec_of
from scim.errors import InvalidValue, ScimError
from scim.resources import ENTERPRISE, GROUP, HR, USER, UserModel, group_type, standard_schema_set, user_type
from scim.schema import Attribute, Hint, Schema, SchemaSet
from tests.strategies import documents

BADGE = "urn:example:params:scim:schemas:2.0:Badge"
PARKING = "urn:example:params:scim:schemas:extension:parking:2.0:Badge"

SCHEMAS: list[dict[str, Any]] = [
    {
        "id": BADGE,
        "name": "Badge",
        "description": "A card that\n   opens doors",
        "attributes": [
            {"name": "number", "type": "integer", "required": True, "uniqueness": "server"},
            {"name": "weight", "type": "decimal"},
            {"name": "issued", "type": "dateTime"},
            {"name": "chip", "type": "binary"},
            {"name": "holder", "type": "reference", "referenceTypes": ["User"]},
            {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {"name": "doors", "type": "string", "multiValued": True, "caseExact": True},
            {
                "name": "visits",
                "type": "complex",
                "multiValued": True,
                "subAttributes": [{"name": "at", "type": "dateTime"}, {"name": "door", "type": "string"}],
            },
        ],
    },
    {
        "id": PARKING,
        "name": "Parking",
        "attributes": [
            {"name": "lot", "type": "string", "required": True},
            {"name": "paid", "type": "boolean"},
        ],
    },
]
RESOURCE_TYPES: list[dict[str, Any]] = [
    {
        "name": "Badge",
        "endpoint": "/Badges",
        "schema": BADGE,
        "schemaExtensions": [{"schema": PARKING, "required": False}],
    }
]


def with_badges(**changes: Any) -> SchemaSet:
    schemas, resource_types = changes.get("schemas", SCHEMAS), changes.get("resource_types", RESOURCE_TYPES)
    return SchemaSet.from_documents(schemas, resource_types, base=standard_schema_set())


def badge_codec() -> Codec:
    badge = with_badges().resource_type("badge")
    assert badge is not None
    return codec_of(badge)


def described(attribute: Attribute) -> Any:
    """Return all characteristics of an attribute but its hints."""
    subs = [described(sub) for sub in attribute.sub_attributes.values()]
    names = [n for n in Attribute.__slots__ if n not in ("hints", "sub_attributes")]
    return [getattr(attribute, name) for name in names], subs


def test_a_class_and_its_served_document_give_the_same_table() -> None:
    for schema in user_type().schemas:
        again = Schema.from_document(schema.document, extends=schema.extends)
        assert [described(a) for a in again.attributes.values()] == [
            described(a) for a in schema.attributes.values()
        ]


def test_the_table_says_what_scim2_models_says() -> None:
    model_of = {USER: UserModel, **UserModel.get_extension_models()}
    for schema in user_type().schemas:
        model = model_of[schema.id]
        for name, info in model.model_fields.items():
            attribute = schema.attributes.get((info.serialization_alias or "").lower())
            if attribute:
                assert attribute.mutability == model.get_field_annotation(name, scim2_models.Mutability).value
                assert attribute.returned == model.get_field_annotation(name, scim2_models.Returned).value
                assert attribute.required == bool(model.get_field_annotation(name, scim2_models.Required))
                assert attribute.multi_valued == model.get_field_multiplicity(name)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("username", "userName"),
        ("NAME.GIVENNAME", "name.givenName"),
        (USER.upper() + ":userName", "userName"),
        (USER + ":emails.value", "emails.value"),
        (ENTERPRISE.lower() + ":MANAGER.displayname", ENTERPRISE + ":manager.displayName"),
        (ENTERPRISE + ":manager.$ref", ENTERPRISE + ":manager.$ref"),
        ("meta.LASTMODIFIED", "meta.lastModified"),
        ("schemas", "schemas"),
        ("externalid", "externalId"),
    ],
)
def test_names_and_urns_are_found_in_any_case(text: str, path: str) -> None:
    found = user_type().resolve(text)
    assert found is not None and found.path == path


@pytest.mark.parametrize(
    "text",
    ["", ".", "nope", "name.nope", "userName.x", "department", "urn:x:y", USER, ENTERPRISE + ":", ENTERPRISE + "x",
     ENTERPRISE + ":userName", "name.givenName.x", "urn:", HR + ":.", "name."],
)  # fmt: skip
def test_what_names_no_attribute_is_none(text: str) -> None:
    assert user_type().resolve(text) is None


def test_the_keys_of_an_attribute_lead_through_a_document() -> None:
    for attribute in user_type().walk():
        assert attribute.path.replace(":", ".").endswith(".".join(attribute.keys).replace(":", "."))
        assert user_type().resolve(attribute.path) is attribute


def test_what_is_below_a_secret_is_secret_too() -> None:
    amount = user_type().resolve(HR + ":salary.amount")
    assert amount is not None
    assert (amount.returned, amount.mutability, amount.is_sensitive) == ("never", "writeOnly", True)


def test_hints_come_from_the_annotations_of_the_class() -> None:
    email, born = user_type().resolve("emails.value"), user_type().resolve(HR + ":dateOfBirth")
    assert email and email.hints == {Hint.email}
    assert born and born.hints == {Hint.date, Hint.sensitive}


# ------------------------------------------------------------------ schemas loaded from documents


def test_a_loaded_resource_type_is_served_beside_the_built_in_ones() -> None:
    found = with_badges().at("/Badges")
    assert found is not None and found.name == "Badge"
    assert with_badges().at("Users") is user_type()
    assert with_badges().at("/Groups") is group_type()


def test_a_loaded_resource_is_decoded_like_a_built_in_one() -> None:
    body = {
        "NUMBER": 7,
        "weight": 1.25,
        "issued": "2026-11-22T04:39:37+01:00",
        "chip": "aGVsbG8=",
        "pin": "1234",
        "doors": ["A", "a", "A"],
        "visits": [{"at": "2026-11-22T04:39:37Z", "DOOR": "A", "who": "x"}],
        PARKING.upper(): {"lot": "3", "paid": "True"},
    }
    decoded = badge_codec().decode_create(json.dumps(body).encode())
    assert decoded.document == {
        "schemas": [BADGE, PARKING],
        "number": 7,
        "weight": 1.25,
        "issued": "2026-11-22T04:39:37+01:00",
        "chip": "aGVsbG8=",
        "doors": ["A", "a"],
        "visits": [{"at": "2026-11-22T04:39:37Z", "door": "A"}],
        PARKING: {"lot": "3", "paid": True},
    }
    assert decoded.secrets == {"pin": "1234"}
    assert decoded.dropped == ("visits.who",)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "number"),
        ({"number": None}, "number"),
        ({"number": "7"}, "number"),
        ({"number": 7.0}, "number"),
        ({"number": True}, "number"),
        ({"number": 2**63}, "number"),
        ({"number": 7, "weight": "1"}, "weight"),
        ({"number": 7, "weight": False}, "weight"),
        ({"number": 7, "issued": "2026-11-22"}, "issued"),
        ({"number": 7, "issued": 5}, "issued"),
        ({"number": 7, "chip": "a"}, "chip"),
        ({"number": 7, "holder": "not a uri"}, "holder"),
        ({"number": 7, "visits": [{"at": "x"}]}, "visits[0].at"),
        ({"number": 7, PARKING: {"paid": True}}, PARKING + ":lot"),
        ({"number": 7, PARKING: {"lot": " "}}, PARKING + ":lot"),
    ],
)
def test_values_of_every_type_are_checked(body: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        badge_codec().decode_create(json.dumps(body).encode())
    assert caught.value.detail.startswith(path)


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63), 2**63 - 1])
def test_integers_are_kept_exactly(number: int) -> None:
    document = badge_codec().decode_create(json.dumps({"number": number, "weight": number}).encode()).document
    assert (document["number"], document["weight"]) == (number, number)
    assert type(document["weight"]) is int


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_round_trip_law_holds_for_loaded_resource_types(data: st.DataObject) -> None:
    codec = badge_codec()
    document = data.draw(documents(codec.resource_type))
    assert codec.decode_replace(codec.encode(document)).document == document


def test_a_document_can_add_an_extension_to_user() -> None:
    shoe = "urn:example:shoe:2.0:User"
    extension = {"id": shoe, "name": "Shoe", "attributes": [{"name": "size", "type": "integer"}]}
    user = {
        "name": "User",
        "endpoint": "/Users",
        "schema": USER,
        "schemaExtensions": [{"schema": urn, "required": urn == shoe} for urn in (ENTERPRISE, HR, shoe)],
    }
    loaded = with_badges(schemas=[extension], resource_types=[user]).resource_type("User")
    assert loaded is not None
    codec = codec_of(loaded)
    document = codec.decode_create(json.dumps({"userName": "a", shoe: {"size": 43}}).encode()).document
    assert document[shoe] == {"size": 43} and shoe in document["schemas"]
    with pytest.raises(InvalidValue, match="shoe"):
        codec.decode_create(b'{"userName": "a"}')
    with pytest.raises(InvalidValue, match="startDate"):
        codec.check({"userName": "a", HR: {"startDate": "x"}}, partial=True)


def test_groups_of_hints_survive_loading_schemas_on_top() -> None:
    loaded = with_badges().resource_type("User")
    assert loaded is user_type()


def change(place: list[Any], value: Any) -> dict[str, Any]:
    """Return the badge documents with one member changed."""
    both = {"schemas": copy.deepcopy(SCHEMAS), "resource_types": copy.deepcopy(RESOURCE_TYPES)}
    holder: Any = both
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return both


ATTRIBUTES = ["schemas", 0, "attributes"]
BROKEN: list[tuple[list[Any], Any, str]] = [
    (["schemas", 0], "x", "JSON object"),
    (["schemas", 0, "id"], "Badge", "URN"),
    (["schemas", 0, "id"], None, "URN"),
    (["schemas", 0, "id"], USER, "exists already"),
    (["schemas", 0, "name"], 5, "name"),
    (["schemas", 0, "description"], {}, "description"),
    (ATTRIBUTES, [], "at least one"),
    (ATTRIBUTES, "x", "at least one"),
    ([*ATTRIBUTES, 0], "x", "object"),
    ([*ATTRIBUTES, 0, "name"], "a b", "2.1"),
    ([*ATTRIBUTES, 0, "name"], None, "2.1"),
    ([*ATTRIBUTES, 0, "name"], "WEIGHT", "twice"),
    ([*ATTRIBUTES, 0, "type"], "text", "type"),
    ([*ATTRIBUTES, 0, "type"], ["string"], "type"),
    ([*ATTRIBUTES, 0, "required"], "yes", "required"),
    ([*ATTRIBUTES, 0, "returned"], "sometimes", "returned"),
    ([*ATTRIBUTES, 0, "canonicalValues"], [5], "canonicalValues"),
    ([*ATTRIBUTES, 0, "description"], 5, "description"),
    ([*ATTRIBUTES, 0, "subAttributes"], [{"name": "x", "type": "string"}], "complex"),
    ([*ATTRIBUTES, 7, "subAttributes"], [], "subAttributes"),
    ([*ATTRIBUTES, 7, "subAttributes", 0, "type"], "complex", "2.3.8"),
    ([*ATTRIBUTES, 7, "subAttributes", 0, "returned"], "never", "never"),
    ([*ATTRIBUTES, 0], {"name": "x"}, "'type' is missing"),
    (["resource_types", 0], [], "JSON object"),
    (["resource_types", 0, "name"], "", "name"),
    (["resource_types", 0, "endpoint"], "Badges", "endpoint"),
    (["resource_types", 0, "endpoint"], "/users", "both have the endpoint"),
    (["resource_types", 0, "schema"], None, "schema"),
    (["resource_types", 0, "schema"], "urn:un:known", "Load its schema"),
    (["resource_types", 0, "schema"], ENTERPRISE, "at once"),
    (["resource_types", 0, "schemaExtensions"], {"schema": PARKING}, "list"),
    (["resource_types", 0, "schemaExtensions"], [PARKING], "'schema' URN"),
    (["resource_types", 0, "schemaExtensions", 0, "schema"], GROUP, "at once"),
    (["resource_types", 0, "schemaExtensions", 0, "required"], "no", "required"),
]


@pytest.mark.parametrize(("place", "value", "reason"), BROKEN)
def test_a_broken_document_is_refused_with_its_place(place: list[Any], value: Any, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        with_badges(**change(place, value))


def test_what_is_null_in_a_document_is_served_as_absent() -> None:
    nulls = {"description": None, "canonicalValues": None, "referenceTypes": None}
    schemas = copy.deepcopy(SCHEMAS)
    schemas[0]["attributes"][0].update(nulls)
    schemas[0]["attributes"][-1]["subAttributes"][0].update(nulls)
    served, plain = with_badges(schemas=schemas).schema(BADGE), with_badges().schema(BADGE)
    assert served is not None and plain is not None and served.document == plain.document


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
PLACES = [place for place, _, _ in BROKEN]


@given(st.sampled_from(PLACES), json_values)
def test_no_document_raises_anything_but_a_scim_error(place: list[Any], value: Any) -> None:
    try:
        with_badges(**change(place, value))
    except ScimError as error:
        assert error.status == 400
