"""The compiled codec against scim2-models, its definition: same verdicts, same values, but for a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from pydantic import ValidationError
from scim2_models import Context, ScimPolicy

from scim.codec import codec_of
from scim.errors import ScimError
from scim.resources import ENTERPRISE, HR, USER
from tests.scim.resource_types import EXTRA, ExtendedUserModel, extended_user_type
from tests.strategies import user_payloads

Outcome = dict[str, Any] | None
"""What a body comes to, None when it is refused."""


def ours(payload: dict[str, Any]) -> Outcome:
    """Return what the codec keeps of a body, all in one document."""
    try:
        decoded = codec_of(extended_user_type()).decode_create(json.dumps(payload).encode())
    except ScimError:
        return None
    document = dict(decoded.document)
    for path, value in decoded.secrets.items():
        document[HR] = {**document.get(HR, {}), path.rpartition(":")[2]: value}
    document["schemas"] = [s.id for s in extended_user_type().schemas if s.id == USER or s.id in document]
    return document | ({"externalId": decoded.external_id} if decoded.external_id is not None else {})


def theirs(payload: dict[str, Any], unknown: ScimPolicy.Unknown = ScimPolicy.Unknown.forbid) -> Outcome:
    """Return what scim2-models keeps of a body: the dump of the validated User."""
    try:
        user = ExtendedUserModel.model_validate(
            payload, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=ScimPolicy(unknown=unknown)
        )
    except ValidationError:
        return None
    return dict(user.model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST))


def user(**attributes: Any) -> dict[str, Any]:
    return {"schemas": [USER, ENTERPRISE, HR, EXTRA], "userName": "babs", **attributes}


def entry(**attributes: Any) -> dict[str, Any]:
    return {"emails": [attributes]}


DIFFERENCES: list[tuple[str, dict[str, Any], Any, Any]] = [
    # reason, attributes sent, kept by us, kept by scim2-models (None: refused)
    ("scim.md §2: any local@domain", entry(value="a@localhost"), entry(value="a@localhost"), None),
    ("scim.md §2: kept as written", entry(value="A@B.EXAMPLE.COM"), entry(value="A@B.EXAMPLE.COM"),
     entry(value="A@b.example.com")),
    ("scim.md §2: '' unassigns", {"title": ""}, {}, {"title": ""}),
    ("scim.md §2: '' unassigns", {"name": {"familyName": ""}}, {}, {"name": {"familyName": ""}}),
    ("scim.md §2: [] unassigns", {"title": []}, {}, None),
    ("RFC 7643 §2.5: empty entries", {"emails": [None, {}]}, {}, None),
    ("RFC 7643 §2.4: a label without a value", entry(type="work"), {}, entry(type="work")),
    ("RFC 7643 §4.1: userName is not empty", {"userName": " "}, None, {"userName": " "}),
    ("RFC 7643 §2.3.2: only true and false", {"active": 0}, None, {"active": False}),
    ("RFC 7643 §2.3.2: only true and false", {"active": "yes"}, None, {}),
    ("RFC 7643 §2.3.3: a decimal is no text", {EXTRA: {"share": "0.8"}}, None, {EXTRA: {"share": 0.8}}),
    ("RFC 7643 §2.3.3: a decimal is no boolean", {EXTRA: {"share": True}}, None, {EXTRA: {"share": 1.0}}),
    ("vendors.md §8: fte, numbers are taken", {HR: {"fte": 0.8}}, {HR: {"fte": "0.8"}}, None),
    ("vendors.md §8: fte, in one form", {HR: {"fte": "0.80"}}, {HR: {"fte": "0.8"}}, {HR: {"fte": "0.80"}}),
    ("vendors.md §8: fte, decimals only", {HR: {"fte": "half"}}, None, {HR: {"fte": "half"}}),
    ("RFC 7643 §2.3.6: base64", {"x509Certificates": [{"value": "nope!"}]}, None,
     {"x509Certificates": [{"value": "nope"}]}),
    ("RFC 7643 §2.3.7: relative too", {"profileUrl": "me.jpg"}, {"profileUrl": "me.jpg"}, None),
    ("RFC 7643 §2.4: stored once", {"roles": [{"value": "a"}, {"value": "a"}]}, {"roles": [{"value": "a"}]},
     {"roles": [{"value": "a"}, {"value": "a"}]}),
    ("RFC 7643 §2.4: stored once", {EXTRA: {"labels": ["a", "a"]}}, {EXTRA: {"labels": ["a"]}},
     {EXTRA: {"labels": ["a", "a"]}}),
    ("RFC 7643 §2.2: values that are not case-exact, as suggested", {HR: {"employmentStatus": "active"}},
     {HR: {"employmentStatus": "Active"}}, {HR: {"employmentStatus": "active"}}),
    ("vendors.md §8: a date", {HR: {"startDate": "2026-02-30"}}, None, {HR: {"startDate": "2026-02-30"}}),
    ("scim.md §1: manager as a bare string", {ENTERPRISE: {"manager": "7"}},
     {ENTERPRISE: {"manager": {"value": "7"}}}, None),
    ("scim.md §2: manager by $ref alone", {ENTERPRISE: {"manager": {"$ref": "../Users/7"}}},
     {ENTERPRISE: {"manager": {"value": "7", "$ref": "../Users/7"}}}, None),
    ("scim.md §2: manager.$ref not demanded, nothing left", {ENTERPRISE: {"manager": {"displayName": "x"}}}, {}, None),
    ("scim.md §1: URN keys", {ENTERPRISE + ":department": "x"}, {ENTERPRISE: {"department": "x"}}, None),
    ("scim.md §2: unknown attributes are dropped", {"shoeSize": 43}, {}, None),
    ("scim.md §2: password is discarded", {"password": "secret"}, {}, {"password": "secret"}),
    ("RFC 7643 §3.1: meta from clients is ignored", {"meta": {"created": "x"}}, {}, None),
    ("RFC 7643 §2.1: case-insensitive names", {"title": "a", "TITLE": "b"}, None, {"title": "b"}),
    ("scim.md §2: URNs are case-insensitive", {"schemas": [USER.upper()]}, {}, None),
    ("RFC 7643 §3: schemas of extensions alone", {"schemas": [ENTERPRISE]}, {}, None),
]  # fmt: skip


def kept(outcome: Outcome) -> Any:
    """Return an outcome without what every User of these tests has."""
    if outcome is None:
        return None
    constant = {"schemas": None, "active": True, "userName": "babs"}
    return {k: v for k, v in outcome.items() if k != "schemas" and (k not in constant or v != constant[k])}


@pytest.mark.parametrize(("reason", "sent", "by_us", "by_them"), DIFFERENCES)
def test_every_accepted_difference_is_one_and_has_its_reason(
    reason: str, sent: dict[str, Any], by_us: Any, by_them: Any
) -> None:
    payload = user(**sent)
    assert kept(ours(payload)) == by_us
    assert kept(theirs(payload)) == by_them
    assert by_us != by_them and reason.startswith(("scim.md §", "RFC 7643 §", "vendors.md §"))


def numbers_as_text(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload in which ``fte`` is never a JSON number."""

    def text(name: str, value: Any) -> Any:
        return str(value) if name.lower() == "fte" and type(value) in (int, float) else value

    return {
        urn: {name: text(name, inner) for name, inner in value.items()}
        if urn.lower() == HR.lower() and isinstance(value, dict)
        else value
        for urn, value in payload.items()
    }


def expected(payload: dict[str, Any]) -> Outcome:
    """Return what scim2-models says, brought over the differences above that the payload can meet."""
    outcome = theirs(numbers_as_text(payload), ScimPolicy.Unknown.ignore)
    if outcome is None:
        return None
    outcome.pop("password", None)
    if outcome.get("active") is None:
        outcome["active"] = True
    return outcome


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(payload=user_payloads(extended_user_type()))
def test_the_codec_keeps_and_refuses_what_scim2_models_does(payload: dict[str, Any]) -> None:
    expectation, outcome = expected(payload), ours(payload)
    event("refused" if expectation is None else "kept")
    assert outcome == expectation
