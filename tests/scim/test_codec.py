"""Request bodies become canonical documents: RFC 7643, and what clients in the field really send."""

from __future__ import annotations

import contextlib
import copy
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim.codec import Codec, Decoded, codec_of
from scim.errors import InvalidSyntax, InvalidValue, ScimError
from scim.resources import ENTERPRISE, GROUP, HR, USER, group_type
from tests.scim.resource_types import EXTRA, extended_user_type
from tests.strategies import documents, user_payloads

CODEC = codec_of(extended_user_type())


def create(**attributes: Any) -> Decoded:
    return CODEC.decode_create(json.dumps({"userName": "babs", **attributes}).encode())


def document(**attributes: Any) -> dict[str, Any]:
    """Return what is kept of a body, without what every User of these tests has."""
    kept = create(**attributes).document
    return {
        n: v
        for n, v in kept.items()
        if n != "schemas" and (n, v) not in (("userName", "babs"), ("active", True))
    }


def refusal(**attributes: Any) -> str:
    with pytest.raises(InvalidValue) as caught:
        create(**attributes)
    return caught.value.detail


# -------------------------------------------------------------------------------------------- laws


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(extended_user_type()))
def test_decoding_an_encoded_document_gives_the_document(canonical: dict[str, Any]) -> None:
    assert CODEC.decode_replace(CODEC.encode(canonical)).document == canonical
    assert CODEC.check(canonical).document == canonical


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(user_payloads(extended_user_type()))
def test_what_was_decoded_once_is_canonical(payload: dict[str, Any]) -> None:
    try:
        decoded = CODEC.decode_replace(json.dumps(payload).encode())
    except ScimError:
        return
    again = CODEC.check(decoded.document)
    assert (again.document, again.cleared, again.dropped, again.secrets) == (
        decoded.document,
        frozenset(),
        (),
        {},
    )


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(user_payloads(extended_user_type()))
def test_checking_changes_nothing_of_its_argument(payload: dict[str, Any]) -> None:
    before = copy.deepcopy(payload)
    with contextlib.suppress(ScimError):
        CODEC.check(payload, partial=True)
    assert payload == before


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "TYPE", "primary", "emails", "", "$ref", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
names = st.sampled_from(
    [a.path for a in extended_user_type().walk()] + [ENTERPRISE, HR, "schemas", "x", "urn:x", ""]
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(names | names.map(str.upper), wild, max_size=4))
def test_no_body_raises_anything_but_a_scim_error_that_says_where(body: dict[str, Any]) -> None:
    try:
        CODEC.decode_create(json.dumps({"userName": "a", **body}).encode())
    except ScimError as error:
        assert error.status == 400 and 0 < len(error.detail) < 1_500


# ------------------------------------------------------------------------------------ names and URNs


def test_names_and_urns_in_any_case_become_canonical() -> None:
    body = {"DISPLAYNAME": "Babs", "NAME": {"GIVENNAME": "B"}, ENTERPRISE.upper(): {"COSTCENTER": "1"}}
    assert document(**body) == {
        "displayName": "Babs",
        "name": {"givenName": "B"},
        ENTERPRISE: {"costCenter": "1"},
    }


def test_flattened_extension_attributes_join_their_extension() -> None:
    body = {ENTERPRISE: {"division": "x"}, ENTERPRISE.lower() + ":Department": "y", USER + ":title": "z"}
    assert document(**body) == {ENTERPRISE: {"division": "x", "department": "y"}, "title": "z"}


@pytest.mark.parametrize(
    "body",
    [
        {"title": "a", "TITLE": "b"},
        {"TITLE": None, "title": "b"},
        {"title": "a", "Title": ""},
        {"title": "a", USER + ":title": "b"},
        {ENTERPRISE: {"department": "x"}, ENTERPRISE + ":department": "y"},
        {ENTERPRISE: {"department": None}, ENTERPRISE + ":department": "y"},
        {ENTERPRISE: {"department": "x"}, ENTERPRISE.upper(): {"department": "x"}},
        {"externalId": "a", "EXTERNALID": None},
        {"name": None, "NAME": {"givenName": "x"}},
    ],
)
def test_one_attribute_under_two_spellings_is_refused(body: dict[str, Any]) -> None:
    assert "given twice" in refusal(**body)


def test_schemas_says_what_is_there_whatever_was_declared() -> None:
    declared = [USER, EXTRA, ENTERPRISE]
    assert create(schemas=declared, **{EXTRA: {"labels": ["a"]}}).document["schemas"] == [USER, EXTRA]
    assert create(**{HR: {"salary": {"amount": 1}}}).document["schemas"] == [USER]


@pytest.mark.parametrize("schemas", [None, [], [USER.upper()], [ENTERPRISE], [HR.lower(), USER]])
def test_schemas_may_be_absent_in_any_case_or_name_extensions_alone(schemas: Any) -> None:
    assert create(schemas=schemas).dropped == ()


@pytest.mark.parametrize("schemas", [[GROUP], ["urn:x:y"], [ENTERPRISE, "urn:x:y"], USER, [5], {USER: 1}])
def test_schemas_of_something_else_is_refused(schemas: Any) -> None:
    assert refusal(schemas=schemas).startswith("schemas: ")


def test_unknown_attributes_and_urns_are_dropped_and_listed() -> None:
    body = {"shoeSize": 43, "urn:acme:x:User": {"a": 1}, "name": {"pet": "y", "givenName": "B"}}
    emails = [{"value": "a@b", "rank": 1}, {"value": "c@d", "rank": 2}]
    decoded = create(**body, emails=emails, schemas=[USER, "urn:acme:x:User2"], **{ENTERPRISE: {"desk": 1}})
    assert decoded.dropped == (
        "urn:acme:x:User2", "shoeSize", "urn:acme:x:User", "name.pet", "emails.rank", ENTERPRISE + ":desk",
    )  # fmt: skip
    assert decoded.document["name"] == {"givenName": "B"}


def test_the_list_of_dropped_names_is_bounded() -> None:
    decoded = create(**{"x" * 1_000 + str(n): n for n in range(300)}, **{f"y{n}": n for n in range(300)})
    assert len(decoded.dropped) <= 100 and all(len(name) <= 200 for name in decoded.dropped)


# ---------------------------------------------------------- what is not the client's, and secrets


def test_read_only_attributes_are_ignored_silently() -> None:
    hr = {"sources": [{"system": "x"}], "tags": ["a"], "positionCode": "P1"}
    body = {"id": 5, "meta": "x", "groups": [{"value": "g"}], HR: hr, "ID": "6"}
    decoded = create(**body, **{ENTERPRISE: {"manager": {"value": "7", "displayName": "M"}}})
    kept = {HR: {"positionCode": "P1"}, ENTERPRISE: {"manager": {"value": "7"}}}
    assert kept.items() <= decoded.document.items()
    assert not {"id", "meta", "groups", "ID"} & decoded.document.keys() and decoded.dropped == ()


@pytest.mark.parametrize("tags", [["a"], "a", [5], {"a": 1}, None, []])
def test_the_tags_of_a_source_are_not_the_clients(tags: Any) -> None:
    decoded = create(**{HR: {"tags": tags}})
    assert HR not in decoded.document and (decoded.cleared, decoded.dropped) == (frozenset(), ())
    assert document(**{HR + ":tags": tags}) == {}


@pytest.mark.parametrize("password", ["t1meMa$heen", "", None, 5, ["x"]])
def test_a_password_is_accepted_and_gone(password: Any) -> None:
    decoded = create(password=password)
    assert (decoded.secrets, decoded.cleared, decoded.dropped) == ({}, frozenset(), ())
    assert "password" not in decoded.document


def test_secrets_leave_the_document() -> None:
    salary, national_id = {"amount": 5_100.5, "currency": "EUR"}, {"value": "123-45", "type": "SSN"}
    decoded = create(**{HR: {"salary": salary, "nationalId": national_id, "fte": 0.5}})
    assert decoded.document[HR] == {"fte": "0.5"}
    assert decoded.secrets == {HR + ":salary": salary, HR + ":nationalId": national_id}


def test_an_error_does_not_repeat_a_secret() -> None:
    detail = refusal(**{HR: {"salary": {"amount": "5100"}, "nationalId": {"value": 12345}}})
    assert (
        HR + ":salary.amount is not a number" in detail and HR + ":nationalId.value is not a string" in detail
    )
    assert "5100" not in detail and "12345" not in detail


def test_the_external_id_is_split_off() -> None:
    decoded = create(EXTERNALID="0001")
    assert decoded.external_id == "0001" and "externalId" not in decoded.document


@pytest.mark.parametrize("external_id", [5, True, ["x"], {"a": 1}, "x" * 1_025])
def test_an_external_id_is_a_string_of_bearable_length(external_id: Any) -> None:
    assert refusal(externalId=external_id).startswith("externalId: ")


# ------------------------------------------------------------------------------ unassigned values


@pytest.mark.parametrize("nothing", [None, "", []])
def test_null_and_empty_values_unassign_and_are_told(nothing: Any) -> None:
    body = {"title": nothing, "name": {"familyName": nothing, "givenName": "B"}, "emails": nothing}
    decoded = create(
        **body, externalId=nothing, **{ENTERPRISE: {"manager": nothing}, EXTRA: {"labels": nothing}}
    )
    assert decoded.document == {
        "schemas": [USER],
        "userName": "babs",
        "name": {"givenName": "B"},
        "active": True,
    }
    assert decoded.external_id is None
    assert decoded.cleared == {
        "title", "name.familyName", "emails", "externalId", ENTERPRISE + ":manager", EXTRA + ":labels",
    }  # fmt: skip


def test_a_whole_extension_can_be_unassigned() -> None:
    assert create(**{ENTERPRISE.upper(): None}).cleared == {ENTERPRISE}


@pytest.mark.parametrize("empty", [{}, {"pet": 1}, {"familyName": ""}])
def test_an_object_with_nothing_in_it_is_not_kept(empty: Any) -> None:
    assert document(name=empty) == {}


@pytest.mark.parametrize(
    "emails", [[None], [{}], [{"value": ""}], [{"value": "", "type": "work", "primary": True}]]
)
def test_entries_with_nothing_in_them_are_not_kept(emails: Any) -> None:
    decoded = create(emails=emails)
    assert "emails" not in decoded.document and decoded.cleared == {"emails"}


def test_false_and_zero_are_values() -> None:
    assert document(active=False, **{EXTRA: {"share": 0}}) == {"active": False, EXTRA: {"share": 0}}
    assert document(**{HR: {"fte": 0}}) == {HR: {"fte": "0"}}


# ----------------------------------------------------------------------------------- required, defaults


@pytest.mark.parametrize("user_name", [None, "", "  ", "\t", 5, ["babs"], {"value": "babs"}, True])
def test_a_user_name_is_a_string_with_something_in_it(user_name: Any) -> None:
    assert refusal(userName=user_name).startswith("userName")


def test_a_body_without_a_user_name_is_refused_by_name() -> None:
    with pytest.raises(InvalidValue, match=r"^userName is required"):
        CODEC.decode_replace(b"{}")


def test_a_user_name_is_kept_as_sent() -> None:
    assert create(userName=" Babs ").document["userName"] == " Babs "


def test_a_created_user_is_active_unless_it_says_otherwise() -> None:
    assert create().document["active"] is True
    assert create(active=None).document["active"] is True
    assert create(active=False).document["active"] is False


def test_a_replaced_user_without_active_says_nothing_of_it() -> None:
    decoded = CODEC.decode_replace(b'{"userName": "babs"}')
    assert "active" not in decoded.document and decoded.cleared == frozenset()
    assert CODEC.decode_replace(b'{"userName": "babs", "active": null}').cleared == {"active"}


def test_nothing_else_is_invented() -> None:
    kept = create(name={"givenName": "Barbara", "familyName": "Jensen"}).document
    assert kept.keys() == {"schemas", "userName", "name", "active"}
    assert kept["name"].keys() == {"givenName", "familyName"}


def test_a_fragment_of_a_source_may_lack_what_a_user_needs() -> None:
    decoded = CODEC.check({"title": "Guide", "name": {"familyName": None}}, partial=True)
    assert decoded.document == {"schemas": [USER], "title": "Guide"}
    assert decoded.cleared == {"name.familyName"}
    with pytest.raises(InvalidValue, match="userName"):
        CODEC.check({"title": "Guide"})


# --------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(("sent", "kept"), [("True", True), ("False", False), ("tRUE", True), (False, False)])
def test_booleans_may_be_the_words_that_entra_sends(sent: Any, kept: bool) -> None:
    assert create(active=sent).document["active"] is kept


@pytest.mark.parametrize("sent", [0, 1, "yes", "on", "1", 1.0, [True], {"value": True}])
def test_no_other_booleans_are_understood(sent: Any) -> None:
    assert refusal(active=sent).startswith("active: ")


@pytest.mark.parametrize(
    "address",
    ["x@corp.local", "a@localhost", "A.B@Example.TEST", "ü@müller.invalid", '"a@b"@c', "a+b@c", "a@[::1]"],
)
def test_email_addresses_of_any_domain_are_kept_as_written(address: str) -> None:
    assert document(emails=[{"value": address}]) == {"emails": [{"value": address}]}


@pytest.mark.parametrize("address", ["a", "@", "a@", "@b", "a b@c", "a@b c", " a@b", "a@b\n", 5])
def test_what_is_no_email_address_is_refused(address: Any) -> None:
    assert refusal(emails=[{"value": "ok@b"}, {"value": address}]).startswith("emails[1].value: ")


@pytest.mark.parametrize("day", ["2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_dates_are_days_of_the_calendar(day: str) -> None:
    assert document(**{HR: {"startDate": day}}) == {HR: {"startDate": day}}


@pytest.mark.parametrize(
    "day",
    [
        "2026-02-30",
        "2026-2-3",
        "20260203",
        "2026-W01-1",
        "2026-02-03T00:00:00Z",
        "0000-00-00",
        "٢٠٢٦-٠١-٠١",
        5,
    ],
)
def test_what_is_no_date_is_refused(day: Any) -> None:
    assert refusal(**{HR: {"terminationDate": day}}).startswith(HR + ":terminationDate: ")


def test_suggested_values_are_spelled_as_suggested_and_others_kept() -> None:
    emails = [{"value": "a@b", "type": "WORK"}, {"value": "c@d", "type": "Boat"}]
    kept = document(emails=emails, **{HR: {"employmentStatus": "LEAVE", "employmentType": "Seasonal"}})
    assert [email["type"] for email in kept["emails"]] == ["work", "Boat"]
    assert kept[HR] == {"employmentStatus": "Leave", "employmentType": "Seasonal"}


@pytest.mark.parametrize("certificate", ["aGVsbG8=", "aGVsbG8", "-_-_", "aGVs\nbG8="])
def test_certificates_are_base64_in_the_forms_of_rfc_4648(certificate: str) -> None:
    assert document(x509Certificates=[{"value": certificate}])


@pytest.mark.parametrize("certificate", ["a", "é", "a=b", "!!!!", 5])
def test_what_is_not_base64_is_refused(certificate: Any) -> None:
    assert refusal(x509Certificates=[{"value": certificate}]).startswith("x509Certificates[0].value: ")


@pytest.mark.parametrize("number", [1, 0.8, -3, 1e20, 0.1 + 0.2, 2**53 + 1])
def test_numbers_are_kept_exactly(number: Any) -> None:
    kept = document(**{EXTRA: {"share": number}})[EXTRA]["share"]
    assert kept == number and type(kept) is type(number)


@pytest.mark.parametrize(
    ("number", "kept"), [(Decimal("0.80"), 0.8), (Decimal("5"), 5), (Decimal("1E+3"), 1000)]
)
def test_a_source_may_bring_decimals(number: Decimal, kept: Any) -> None:
    assert CODEC.check({EXTRA: {"share": number}}, partial=True).document[EXTRA] == {"share": kept}


@pytest.mark.parametrize("number", [Decimal("0.12345678901234567890"), Decimal("NaN"), float("inf"), 2**70])
def test_a_number_that_cannot_be_kept_is_refused(number: Any) -> None:
    with pytest.raises(InvalidValue):
        CODEC.check({EXTRA: {"share": number}}, partial=True)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (0, "0"),
        (1, "1"),
        (1.0, "1"),
        (0.8, "0.8"),
        (-0.25, "-0.25"),
        (1e20, "1" + "0" * 20),
        ("1", "1"),
        ("0.80", "0.8"),
        ("1.000", "1"),
        ("100", "100"),
        ("007", "7"),
        (" 0.5\t", "0.5"),
        ("+1", "1"),
        ("-0.0", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e-1", "0.1"),
        ("2E2", "200"),
        ("0." + "123456789" * 3 + "1234", "0." + "123456789" * 3 + "1234"),
        ("9" * 31, "9" * 31),
        (Decimal("0.80"), "0.8"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_a_decimal_text_is_kept_in_one_form_without_loss(sent: Any, kept: str) -> None:
    assert CODEC.check({HR: {"fte": sent}}, partial=True).document[HR] == {"fte": kept}
    assert CODEC.check({HR: {"fte": kept}}, partial=True).document[HR] == {"fte": kept}


@pytest.mark.parametrize(
    "sent",
    [
        *(
            "half",
            " ",
            "0,5",
            "50%",
            "1/2",
            "0x1",
            "1_000",
            "1 000",
            "--1",
            "NaN",
            "Infinity",
            "1e999",
            "1e-31",
        ),
        *("9" * 32, "0." + "1" * 32, 1e40, float("inf"), Decimal("NaN"), Decimal("1E+31")),
        *(True, False, [0.5, 1], {"value": 1}),
    ],
)
def test_what_is_no_decimal_text_is_refused(sent: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        CODEC.check({HR: {"fte": sent}}, partial=True)
    assert caught.value.detail.startswith(HR + ":fte: ")


@pytest.mark.parametrize("sent", ["half", "1e999", 1e40, "9" * 32])
def test_the_refusal_of_a_decimal_text_says_what_is_taken(sent: Any) -> None:
    assert "is not a decimal number such as 0.5" in refusal(**{HR: {"fte": sent}})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_source_cannot_bring_a_text_that_cannot_be_stored(text: str) -> None:
    with pytest.raises(InvalidSyntax):
        CODEC.check({"userName": text})


@pytest.mark.parametrize(
    ("body", "start"),
    [
        ({"title": ["Guide"]}, "title: "),
        ({"title": {"value": "Guide"}}, "title: "),
        ({"title": 5}, "title: "),
        ({"title": "x" * 8_193}, "title: "),
        ({"name": "Babs"}, "name: "),
        ({"name": [{"givenName": "B"}]}, "name: "),
        ({"name": {"givenName": ["B"]}}, "name.givenName: "),
        ({"emails": {"value": "a@b"}}, "emails: "),
        ({"emails": "a@b"}, "emails: "),
        ({"emails": ["a@b"]}, "emails[0]: "),
        ({"emails": [{"value": "a@b"}, [1]]}, "emails[1]: "),
        ({ENTERPRISE: "x"}, ENTERPRISE + ": "),
        ({ENTERPRISE: [{"department": "x"}]}, ENTERPRISE + ": "),
        ({ENTERPRISE: {"department": 5}}, ENTERPRISE + ":department: "),
        ({EXTRA: {"labels": "a"}}, EXTRA + ":labels: "),
        ({EXTRA: {"labels": ["a", 5]}}, EXTRA + ":labels[1]: "),
        ({EXTRA: {"share": "0.8"}}, EXTRA + ":share: "),
        ({EXTRA: {"share": True}}, EXTRA + ":share: "),
        ({"photos": [{"value": "has blank"}]}, "photos[0].value: "),
    ],
)
def test_an_error_names_the_path_and_repeats_little(body: dict[str, Any], start: str) -> None:
    detail = refusal(**body)
    assert detail.startswith(start) and len(detail) < 300


def test_several_problems_are_told_at_once() -> None:
    detail = refusal(title=1, nickName=2, locale=3, timezone=4, userType=5)
    assert detail.count("is not a string") == 3 and detail.endswith("(2 more.)")


# -------------------------------------------------------------------------------------- many values


def test_an_equal_type_and_value_is_stored_once() -> None:
    emails = [
        {"value": "A@b", "type": "work"},
        {"value": "a@B", "type": "WORK", "primary": True, "display": "x"},
        {"value": "a@b", "type": "home"},
    ]
    assert document(emails=emails)["emails"] == [
        {"value": "A@b", "type": "work", "primary": True, "display": "x"},
        {"value": "a@b", "type": "home"},
    ]


def test_plain_values_are_stored_once_whatever_their_case() -> None:
    assert document(**{EXTRA: {"labels": ["a", "b", "A", "a"]}}) == {EXTRA: {"labels": ["a", "b"]}}


def test_addresses_are_one_only_when_equal_in_all() -> None:
    home, work = {"locality": "X", "type": "home"}, {"locality": "X", "type": "work"}
    assert document(addresses=[home, work, home])["addresses"] == [home, work]


def test_case_exact_values_differ_in_case() -> None:
    certificates = [{"value": "aGVs"}, {"value": "AGVs"}, {"value": "aGVs"}]
    assert document(x509Certificates=certificates)["x509Certificates"] == certificates[:2]


def test_two_primaries_in_one_body_are_refused() -> None:
    emails = [{"value": "a@b", "primary": True}, {"value": "c@d", "primary": "True"}]
    assert refusal(emails=emails).startswith("emails: ")
    assert document(emails=[{**emails[0]}, {"value": "c@d", "primary": False}])


def test_two_thousand_values_are_taken_and_no_more() -> None:
    emails = [{"value": f"{n}@b"} for n in range(2_001)]
    assert len(document(emails=emails[:2_000])["emails"]) == 2_000
    assert refusal(emails=emails) == "emails has 2001 values; at most 2,000 are taken."


def test_a_group_may_have_twenty_thousand_members() -> None:
    codec = Codec(group_type())
    members = [{"value": str(n)} for n in range(20_001)]
    body = {"displayName": "All", "members": members[:20_000]}
    assert len(codec.decode_create(json.dumps(body).encode()).document["members"]) == 20_000
    with pytest.raises(InvalidValue, match="members has 20001 values"):
        codec.decode_create(json.dumps({**body, "members": members}).encode())


# ------------------------------------------------------------------------------------------- manager


SEVEN = "https://idp.example/scim/v2/Users/7"


@pytest.mark.parametrize(
    ("manager", "kept"),
    [
        ({"value": "7"}, {"value": "7"}),
        ("7", {"value": "7"}),
        ([{"value": "7"}], {"value": "7"}),
        ({"value": "7", "$ref": None}, {"value": "7"}),
        ({"VALUE": "7", "$ref": "../Users/8", "displayName": "M"}, {"value": "7", "$ref": "../Users/8"}),
        ({"$ref": SEVEN}, {"value": "7", "$ref": SEVEN}),
        ([{"$REF": SEVEN + "/"}], {"value": "7", "$ref": SEVEN + "/"}),
    ],
)
def test_a_manager_comes_in_all_the_forms_that_clients_send(manager: Any, kept: dict[str, str]) -> None:
    assert document(**{ENTERPRISE: {"manager": manager}}) == {ENTERPRISE: {"manager": kept}}
    assert document(**{ENTERPRISE + ":manager": manager}) == {ENTERPRISE: {"manager": kept}}


@pytest.mark.parametrize("manager", ["", None, []])
def test_an_empty_manager_unassigns(manager: Any) -> None:
    decoded = create(**{ENTERPRISE: {"manager": manager}})
    assert ENTERPRISE not in decoded.document and decoded.cleared == {ENTERPRISE + ":manager"}


@pytest.mark.parametrize("manager", [{"$ref": ""}, {"$ref": None}, {"displayName": "M"}])
def test_what_says_nothing_of_a_manager_is_not_kept(manager: Any) -> None:
    assert document(**{ENTERPRISE: {"manager": manager}}) == {}


@pytest.mark.parametrize(
    "manager",
    [
        7,
        True,
        [7, 8],
        {"value": 7},
        " ",
        {"value": ["7"]},
        {"$ref": 7},
        {"value": "7", "$ref": "a b"},
        {"$ref": "/"},
    ],
)
def test_what_names_no_manager_is_refused(manager: Any) -> None:
    assert refusal(**{ENTERPRISE: {"manager": manager}}).startswith(ENTERPRISE + ":manager")


# -------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "raw", [b"[]", b'"x"', b"5", b"null", b"true", b"", b"{", b'{"userName": "a", "userName": "b"}']
)
def test_a_body_is_one_json_object(raw: bytes) -> None:
    with pytest.raises(InvalidSyntax):
        CODEC.decode_create(raw)


def test_the_codec_of_a_resource_type_is_compiled_once() -> None:
    assert codec_of(extended_user_type()) is codec_of(extended_user_type())


def test_a_megabyte_of_values_is_decoded_within_a_second() -> None:
    emails = [{"value": f"{'x' * 400}{n}@example.com", "type": "work"} for n in range(2_000)]
    raw = json.dumps({"userName": "a", "emails": emails}).encode()
    began = time.perf_counter()
    CODEC.decode_create(raw)
    assert time.perf_counter() - began < 1
