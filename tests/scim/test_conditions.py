"""RFC 7644 §3.14: weak entity tags, and writes only on the version that was read."""

from __future__ import annotations

import pytest

from scim.conditions import check_if_match, check_if_none_match, etag, is_not_modified
from scim.errors import PreconditionFailed


@pytest.mark.parametrize("header", [None, 'W/"3"', '"3"', "3", "*", 'W/"1", W/"3"', '"1","3"', "1, 3"])
def test_a_write_goes_on_when_if_match_names_the_present_version(header: str | None) -> None:
    check_if_match(header, 3)


@pytest.mark.parametrize("header", ['W/"2"', "", '"33"', 'W/"a"', "W/", '"', "x" * 1_000])
def test_a_write_on_another_version_fails_and_says_so_briefly(header: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        check_if_match(header, 3)
    assert 'W/"3"' in caught.value.detail and len(caught.value.detail) < 250


def test_nothing_matches_a_resource_that_does_not_exist() -> None:
    with pytest.raises(PreconditionFailed, match="does not exist"):
        check_if_match("*", None)
    check_if_none_match("*", None)


def test_if_none_match_star_refuses_to_write_over_what_exists() -> None:
    with pytest.raises(PreconditionFailed):
        check_if_none_match("*", 1)


def test_a_read_of_the_known_version_is_not_modified() -> None:
    assert is_not_modified(etag(3), 3)
    assert not is_not_modified(etag(2), 3)
    assert not is_not_modified(None, 3)
