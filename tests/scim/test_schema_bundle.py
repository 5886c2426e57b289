"""What is in files of schemas and resource types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.errors import InvalidValue
from scim.schema_bundle import Bundle, bundled
from tests.device_schemas import BADGE, DEVICE, PLACE, badge_schema, device_schema, device_type, everything


def test_lists_and_list_responses_are_unfolded() -> None:
    bundle = bundled(everything())
    assert list(bundle.schemas) == [urn.lower() for urn in (DEVICE, PLACE, BADGE)] + [
        "urn:example:params:scim:schemas:extension:budget:2.0:group"
    ]
    assert list(bundle.resource_types) == ["device", "user", "group"]
    assert "meta" not in bundle.schemas[PLACE.lower()]


def test_a_place_leads_to_the_document_in_its_file() -> None:
    broken = {**badge_schema(), "attributes": [{"name": "x", "type": "text"}]}
    with pytest.raises(InvalidValue, match=r'^all\.json: Resources\[1\]: Schema .*, attribute "x": '):
        bundled({"all.json": {"Resources": [device_schema(), broken]}})


def test_later_documents_replace_those_of_their_name() -> None:
    before, changed = bundled(everything()), {**device_type(), "endpoint": "/Things"}
    after = bundled({"x": changed}).over(before)
    assert after.resource_types["device"] == changed
    assert after.schemas == before.schemas
    assert "device" not in after.without("device").resource_types


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "endpoint", "schema", "schemas", "attributes", "Resources", "x"]),
            inner,
            max_size=5,
        )
    ),
)


@given(values)
def test_whatever_is_in_a_file_it_is_a_bundle_or_refused(value: Any) -> None:
    try:
        assert isinstance(bundled({"file": value}), Bundle)
    except InvalidValue as error:
        assert error.status == 400
