"""PATCH: its cost is linear, and what holds for every patch."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.errors import (
    InvalidValue,
    ScimError,
)
from scim.patch import apply_patch, parse_patch
from scim.resources import ENTERPRISE, HR, USER
from tests.scim.patching import ADA, after, codec, op, run
from tests.scim.resource_types import EXTRA, extended_user_type

# --- speed ---


def test_the_cost_is_linear_in_operations_and_values() -> None:
    emails = [{"value": f"user{n}@example.com", "type": "other"} for n in range(2000)]
    document = {"schemas": [USER], "userName": "a", "emails": emails}
    filters = (
        'emails[value eq "user{n}@example.com"].display',
        'emails[type eq "other" and value eq "user{n}@example.com"].display',
    )
    for template in filters:
        operations = [op("replace", template.replace("{n}", str(n)), f"d{n}") for n in range(200)]
        patch = parse_patch({"Operations": operations}, extended_user_type(), most=200)
        started = time.process_time()
        patched = apply_patch(document, patch, codec())
        assert time.process_time() - started < 1
        assert [email.get("display") for email in patched.document["emails"][:200]] == [
            f"d{n}" for n in range(200)
        ]


# --- properties ---

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "a", "A", "a@x", "b@x", "work", "home", "True", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "VALUE", "type", "primary", "display", "givenName", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
good_emails = st.fixed_dictionaries(
    {"value": st.sampled_from(["a@x", "A@x", "b@x", "c@x"])},
    optional={
        "type": st.sampled_from(["work", "home", "Work", "x"]),
        "primary": st.booleans(),
        "display": st.sampled_from(["p", "q"]),
    },
)
paths = st.sampled_from(
    [
        "title",
        "active",
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails.type",
        'emails[type eq "work"]',
        'emails[type eq "work"].value',
        'emails[type eq "home"].primary',
        "emails[primary eq true].display",
        'emails[value sw "a"].type',
        "emails[not (type pr)]",
        'emails[value eq "b@x"].value',
        'addresses[type eq "work"].locality',
        "addresses",
        f"{EXTRA}:labels",
        f'{EXTRA}:labels[value eq "a"]',
        f"{EXTRA}:share",
        f"{HR}:fte",
        f"{ENTERPRISE}:manager",
        f"{ENTERPRISE}:manager.value",
        f"{ENTERPRISE}:manager.$ref",
        f"{HR}:salary",
        f"{HR}:salary.currency",
        ENTERPRISE,
        "externalId",
        "password",
    ]
)
verbs = st.sampled_from(["add", "replace", "remove", "Add"])
targeted = st.builds(
    lambda verb, path, value: op(verb, path, value),
    verbs,
    paths,
    values | good_emails | st.lists(good_emails, max_size=3),
)
keyed = st.builds(
    lambda verb, value: op(verb, None, value),
    st.sampled_from(["add", "replace"]),
    st.dictionaries(paths, values | good_emails, max_size=3),
)
operation_lists = st.lists(targeted | keyed, min_size=1, max_size=8)


@settings(max_examples=600, deadline=None)
@given(operation_lists)
def test_every_patch_leaves_a_canonical_document_or_none(operations: list[dict[str, Any]]) -> None:
    try:
        patched = run(*operations)
    except ScimError as error:
        assert error.status == 400
        return
    json.dumps(patched.document)
    # What was applied can be applied as a whole again.
    replaced = after(
        *[op("replace", None, {k: v for k, v in patched.document.items() if k != "schemas"})],
        document=patched.document,
    )
    assert replaced == patched.document


@settings(max_examples=300, deadline=None)
@given(operation_lists)
def test_operations_one_by_one_and_together_come_to_the_same(operations: list[dict[str, Any]]) -> None:
    document = ADA
    try:
        for operation in operations:
            document = after(operation, document=document)
    except ScimError:
        with pytest.raises(ScimError):
            run(*operations)
        return
    assert after(*operations) == document


@settings(max_examples=200, deadline=None)
@given(st.lists(good_emails, min_size=1, max_size=4), st.sampled_from(["add", "replace"]))
def test_the_same_operation_twice_changes_nothing_more(emails: list[dict[str, Any]], verb: str) -> None:
    try:
        once = after(op(verb, "emails", emails))
    except InvalidValue:
        return
    assert after(op(verb, "emails", emails), document=once) == once
