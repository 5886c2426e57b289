"""Lists and searches over HTTP: what finds whom, what cannot be asked, and pages by cursor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scim.resources import ENTERPRISE, HR, USER
from tests.web.scim.conftest import ScimCaller
from tests.web.scim.exchanges import created, read, refused


@pytest.mark.parametrize(
    "path", ["password", f"{HR}:salary", f"{HR}:salary.amount", f"{HR}:nationalId.value"]
)
def test_what_is_never_returned_is_not_read_projected_sorted_by_or_probed(
    caller: Callable[..., ScimCaller], path: str
) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    secrets = {"salary": {"amount": 72001, "currency": "EUR"}, "nationalId": {"value": "078051120"}}
    user = created(secretary, password="Hunter2!", **{HR: secrets})
    for query in ("", f"?attributes={path}", f"?attributes={path},userName", "?excludedAttributes=userName"):
        text = secretary("GET", f"/Users/{user['id']}{query}").text
        assert not any(secret in text for secret in ("Hunter2", "72001", "078051120")), query
    assert secretary("GET", f"/Users?sortBy={path}").status_code == 400
    for comparison in ("pr", 'eq "72001"', 'ne "x"', 'sw "H"', "gt 1"):
        refused(secretary("GET", f"/Users?filter={path} {comparison}"), 400, "invalidFilter")
        refused(
            secretary("POST", "/Users/.search", {"filter": f"not ({path} {comparison})"}),
            400,
            "invalidFilter",
        )


def test_sorting_by_a_sensitive_attribute_needs_its_scope(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    secretary = caller("hr", "scim:write", "scim:sensitive")
    for name, day in (("b", "1815-12-10"), ("a", "1906-12-09")):
        created(secretary, name, **{HR: {"dateOfBirth": day}})
    query = f"/Users?sortBy={HR}:dateOfBirth"
    refused(scim("GET", query), 403, "sensitive")
    assert [each["userName"] for each in read(secretary, query)["Resources"]] == ["b", "a"]


def test_names_operators_and_urns_are_read_in_any_case(scim: ScimCaller) -> None:
    body = {
        "SCHEMAS": [USER.upper()],
        "USERNAME": "ada",
        "Title": "x",
        ENTERPRISE.upper(): {"DEPARTMENT": "R"},
    }
    said = scim("POST", "/Users", body).json
    assert (said["userName"], said["title"], said[ENTERPRISE]) == ("ada", "x", {"department": "R"})  # type: ignore[index]
    for text in (
        'USERNAME EQ "ADA"',
        f'{ENTERPRISE.upper()}:Department Eq "r"',
        'userName SW "A" AND title PR',
    ):
        assert read(scim, f"/Users?filter={text}")["totalResults"] == 1


def test_values_follow_case_exact(scim: ScimCaller) -> None:
    user = created(scim, "Ada", externalId="AbC", title="Boss")
    for text, number in (
        ('userName eq "aDA"', 1),
        ('title eq "bOSS"', 1),
        ('externalId eq "AbC"', 1),
        ('externalId eq "abc"', 0),
        (f'id eq "{user["id"].upper()}"', 0),
    ):
        assert read(scim, f"/Users?filter={text}")["totalResults"] == number, text
    assert user["userName"] == "Ada"


def _pages(scim: ScimCaller, query: str, between: Callable[[int], None] = lambda page: None) -> list[str]:
    """Return the userNames of every page by cursor, in order; ``between`` is called after each page."""
    names: list[str] = []
    cursor: str | None = ""
    page = 0
    while cursor is not None:
        said = read(scim, f"/Users?{query}&count=3&cursor={cursor}")
        names += [each["userName"] for each in said["Resources"]]
        between(page)
        cursor, page = said.get("nextCursor"), page + 1
    return names


@pytest.mark.parametrize(
    "query", ["x=1", "sortBy=userName", 'filter=userName sw "s"', "sortBy=title&sortOrder=descending"]
)
def test_pages_by_cursor_show_who_stays_exactly_once_while_others_come_and_go(
    scim: ScimCaller, query: str
) -> None:
    leavers = [created(scim, f"s{number:02}-leaver") for number in range(4)]
    for number in range(8):
        created(scim, f"s{number:02}-stays")

    def between(page: int) -> None:
        if page < len(leavers):
            assert scim("DELETE", f"/Users/{leavers[page]['id']}").status_code == 204
            created(scim, f"s{page:02}-comes")

    names = _pages(scim, query, between)
    assert sorted(name for name in names if name.endswith("stays")) == [
        f"s{each:02}-stays" for each in range(8)
    ]
    assert len(names) == len(set(names))


def test_a_cursor_is_sealed_and_bound_to_its_query_and_its_client(
    scim: ScimCaller, caller: Callable[..., ScimCaller]
) -> None:
    for number in range(5):
        created(scim, f"u{number}")
    cursor = read(scim, '/Users?count=2&cursor=&filter=userName sw "u"')["nextCursor"]
    right = f'/Users?count=2&cursor={cursor}&filter=userName sw "u"'
    assert [each["userName"] for each in read(scim, right)["Resources"]] == ["u2", "u3"]
    changed = ("A" if cursor[5] != "A" else "B").join((cursor[:5], cursor[6:]))
    for wrong in (
        f'/Users?count=2&cursor={changed}&filter=userName sw "u"',
        f'/Users?count=2&cursor={cursor}&filter=userName sw "v"',
        f'/Users?count=2&cursor={cursor}&filter=userName sw "u"&sortBy=title',
        f'/Groups?count=2&cursor={cursor}&filter=displayName sw "u"',
    ):
        refused(scim("GET", wrong), 400, "invalidCursor")
    refused(caller("another")("GET", right), 400, "invalidCursor")
    refused(scim("GET", f'/Users?count=3&cursor={cursor}&filter=userName sw "u"'), 400, "invalidCount")
