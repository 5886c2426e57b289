"""The differences that are not defects of Rollcall: each with the text that decides, and an example that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scim.operations import PATCH_SCHEMA
from scim.resources import ENTERPRISE, GROUP, USER
from tests.referees.differential import predicates as when
from tests.referees.differential.comparison import ABSENT, Difference
from tests.referees.differential.exchange import Step
from tests.referees.differential.sequences import BULK_SCHEMA


@dataclass(frozen=True)
class Accepted:
    """A kind of difference: what it is, which text decides for Rollcall, when a difference is of this kind.

    ``example`` is a sequence with such a difference and no other.
    """

    name: str
    decided_by: str
    fits: Callable[[Difference], bool]
    example: tuple[Step, ...]


# --------------------------------------------------------------------------------------------- examples


def _user(**attributes: Any) -> Step:
    body = {"schemas": [USER], "userName": "ann", "active": True, **attributes}
    return Step(
        "POST", "/Users", {name: value for name, value in body.items() if value is not ABSENT}, creates="u1"
    )


def _patch(*operations: Any) -> Step:
    return Step("PATCH", "/Users/{u1}", {"schemas": [PATCH_SCHEMA], "Operations": list(operations)})


def _put(**attributes: Any) -> Step:
    return Step("PUT", "/Users/{u1}", {"schemas": [USER], "userName": "ann", **attributes})


def _bulk(group: dict[str, Any]) -> Step:
    operation = {"method": "POST", "path": "/Groups", "bulkId": "g1", "data": group}
    return Step("POST", "/Bulk", {"schemas": [BULK_SCHEMA], "Operations": [operation]})


def _operation(op: str, path: str, value: Any = ABSENT) -> dict[str, Any]:
    return {"op": op, "path": path, **({} if value is ABSENT else {"value": value})}


_TWINS = [{"value": address, "type": "work"} for address in ("a@example.com", "A@example.com")]
_ANNS = [{"value": "a@example.com", "type": "work", "primary": True}, {"value": "a@example.com"}]

# ---------------------------------------------------------------------------------------------- the table

ACCEPTED: list[Accepted] = [
    Accepted(
        "a created User is active",
        "RFC 7644 §3.3: the server may assume a default; scim/codec.py",
        when.is_created_active,
        (_user(active=ABSENT),),
    ),
    Accepted(
        "a PUT that does not say whether the person is active keeps a leaver out",
        "RFC 7644 §3.5.1: omitted attributes are the server's choice; scim/codec.py",
        when.stays_inactive,
        (_user(active=False), _put(title="x")),
    ),
    Accepted(
        "an identical (type, value) pair is stored once",
        "RFC 7643 §2.4 (SHOULD NOT return the same combination twice); scim.md §2",
        when.is_stored_once,
        (_user(emails=_TWINS),),
    ),
    Accepted(
        "a write that changes nothing keeps the version",
        "scim.md §2: what changes nothing keeps lastModified and the version",
        when.changes_nothing,
        (_user(), _patch(_operation("add", "title", "x"), _operation("remove", "title"))),
    ),
    Accepted(
        "an entry that lost its value goes as a whole",
        "RFC 7643 §2.4: type and primary are labels of a value",
        when.is_bare_label,
        (_user(emails=_ANNS[:1]), _patch(_operation("remove", "emails.value"))),
    ),
    Accepted(
        "a replace of entries that no filter selects has no target",
        "RFC 7644 §3.5.2.3 (SHALL noTarget); scim.md §1 creates for sub-attributes only",
        when.finds_no_target,
        (_user(), _patch(_operation("replace", 'emails[type eq "work"]', {"value": "a@example.com"}))),
    ),
    Accepted(
        "an empty value for what no filter selects changes nothing",
        'scim.md §2: "", null and [] unassign, so it is a remove; RFC 7644 §3.5.2.2',
        when.unassigns_what_is_not_there,
        (_user(), _patch(_operation("replace", 'emails[type eq "work"]', []))),
    ),
    Accepted(
        "a PATCH body that is no PatchOp is a matter of syntax",
        "RFC 7644 §3.12 table 9: invalidSyntax, did not conform to the request schema",
        when.is_malformed_patch,
        (_user(), _patch({"op": "move", "path": "title", "value": "x"})),
    ),
    Accepted(
        "a malformed filter in a path is an invalid filter",
        "RFC 7644 §3.12 table 9: invalidFilter, applies to PATCH path filters",
        when.has_bad_path_filter,
        (_user(), _patch(_operation("remove", "emails[type eq"))),
    ),
    Accepted(
        "a path that names nothing is an invalid path",
        "RFC 7644 §3.12 table 9: invalidPath; scim.md §2",
        when.names_nothing,
        (_user(), _patch(_operation("add", "shoeSize", "43"))),
    ),
    Accepted(
        "no filter probes a password",
        "scim.md §1 secrets; RFC 7643 §7 returned never",
        when.probes_a_secret,
        (_user(), Step("GET", "/Users", query=(("filter", "password pr"),))),
    ),
    Accepted(
        "a complex attribute cannot be compared with a text",
        "RFC 7644 §3.12 table 9: invalidFilter, combination not supported",
        when.compares_the_complex,
        (_user(), Step("GET", "/Users", query=(("filter", 'name eq "x"'),))),
    ),
    Accepted(
        "schemas of another resource type are a wrong value",
        "RFC 7644 §3.12 table 9: invalidValue, not compatible with the resource schema",
        when.is_of_another_type,
        (_user(schemas=[GROUP]),),
    ),
    Accepted(
        "a password is discarded unseen",
        "scim.md §2: accepted and discarded, whatever it is",
        when.discards_the_password,
        (_user(password=5),),
    ),
    Accepted(
        "a filter that selects several values cannot make them all primary",
        "RFC 7643 §2.4: primary true MUST appear no more than once",
        when.selects_two_primaries,
        (_user(emails=_ANNS), _patch(_operation("add", 'emails[value eq "a@example.com"].primary', True))),
    ),
    Accepted(
        "an empty filter is none",
        "scim.md, first paragraph: the field is served where no conforming request changes its meaning",
        when.has_no_filter,
        (Step("GET", "/Users", query=(("filter", ""),)),),
    ),
    Accepted(
        "schemas are the server's to write",
        "RFC 7643 §3: they say which schemas the resource has",
        when.writes_schemas,
        (_user(), _patch(_operation("replace", "schemas", "x"))),
    ),
    Accepted(
        "read-only attributes that clients send back without a path are ignored",
        "scim.md §1 Okta dialect; RFC 7643 §7: readOnly values SHALL be ignored",
        when.sends_read_only_back,
        (_user(), _patch({"op": "replace", "value": {"id": "mine", "title": "x"}})),
    ),
    Accepted(
        "a text stands for the value of an entry",
        "scim.md, first paragraph: the field is served where no conforming request changes its meaning",
        when.adds_a_text,
        (_user(), _patch(_operation("add", "roles", ["x"]))),
    ),
    Accepted(
        "a manager may be a text or a list of one",
        "scim.md §1 Entra dialect",
        when.is_manager_alone,
        (_user(**{ENTERPRISE: {"manager": ["x"]}}),),
    ),
    Accepted(
        "a sort by what cannot be sorted by is no matter of paths",
        "RFC 7644 §3.12 table 9: invalidPath is about the path of a PATCH",
        when.cannot_be_sorted_by,
        (Step("GET", "/Users", query=(("sortBy", "password"),)),),
    ),
    Accepted(
        "sortOrder is understood in any case, and ignored without sortBy",
        "RFC 7643 §2.1 for names; scim.md, first paragraph",
        when.understands_the_order,
        (Step("GET", "/Users", query=(("sortBy", "userName"), ("sortOrder", "Descending"))),),
    ),
    Accepted(
        "a byte order mark before a body is ignored",
        "RFC 8259 §8.1: parsers MAY ignore it",
        when.starts_with_a_mark,
        (Step("POST", "/Users", raw="\ufeff{}"),),
    ),
    Accepted(
        "a filter on /ServiceProviderConfig is ignored",
        "scim.md §2",
        when.filters_the_config,
        (Step("GET", "/ServiceProviderConfig", query=(("filter", "id pr"),)),),
    ),
    Accepted(
        "a bulkId that no operation defines is a wrong value",
        "RFC 7644 §3.7.1: 409 is for circles that cannot be resolved; §3.12 table 9: invalidValue",
        when.refers_to_no_operation,
        (_bulk({"schemas": [GROUP], "displayName": "x", "members": [{"value": "bulkId:u99"}]}),),
    ),
    Accepted(
        "NaN is not JSON",
        "RFC 8259 §6; scim.md §4",
        when.sends_no_number,
        (Step("POST", "/Users", raw='{"userName": NaN}'),),
    ),
    Accepted(
        "of a missing or changed resource and a wrong body, either is told first",
        "RFC 7644 §3.12 orders no checks",
        when.looks_for_the_resource_first,
        (Step("PUT", "/Users/{u1}", {"schemas": [USER]}),),
    ),
    Accepted(
        "of several wrong operations, either is told first",
        "RFC 7644 §3.5.2: any error refuses the whole request, table 9 ranks none",
        when.names_another_operation,
        (
            _user(),
            _patch(_operation("add", "active", [1]), _operation("add", "id", "mine")),
        ),
    ),
]


def accepted(difference: Difference) -> Accepted | None:
    """Return what the difference is accepted as, None when nobody has judged it yet."""
    return next((kind for kind in ACCEPTED if kind.fits(difference)), None)
