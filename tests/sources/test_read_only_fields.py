"""What clients only read and sources say: tags, and what each source calls the record and the event behind a person."""

from __future__ import annotations

import pytest

from app import directory
from app.database import reading, writing
from app.directory import Actor
from app.errors import WrongUse
from app.sources import pins, precedence
from app.sources.fields import user_fields
from scim.resources import HR, USER
from tests.sources.reports import counted, error_lines

MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "Number"
"name.givenName" = "First"
"hr.tags" = "Tags"
"hr.source.recordId" = "ID"
"hr.source.eventId" = "Event"
"hr.source.channel" = "Channel"
"""
HEADER = "ID,Number,First,Tags,Event,Channel"
ADA = 'A-1,7,Ada,"referral, Alumni",h-1,Careers page'
WHOLE = {"system": "csv", "tenant": "hr", "recordId": "A-1", "eventId": "h-1", "channel": "Careers page"}
ADMIN = Actor("admin", "eve")


@pytest.fixture
def say(write, add_source, import_from):
    """Give a function that has a source of some name say a row, and returns the run."""
    made = {}

    def imported(row, name="hr"):
        write(row, header=HEADER)
        if name not in made:
            made[name] = add_source(name, mapping=MAPPING)
        return import_from(made[name])

    return imported


@pytest.fixture
def ada(tenant):
    """Give a function that returns the HR extension of the only employee."""

    def found():
        with reading() as connection:
            [employee_id] = directory.ids_by_employee_number(connection, tenant.id, "7")
            return directory.get(connection, tenant.id, employee_id).document[HR]

    return found


@pytest.fixture
def scim(app, token):
    """Give a function that calls the SCIM API and returns the answer's JSON."""

    def call(method, path, body=None):
        with app.test_client() as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.open(f"/scim/v2{path}", method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json

    return call


def test_a_source_says_its_record_and_its_tags_and_clients_read_both(say, scim):
    say(ADA)
    [found] = scim("GET", "/Users")["Resources"]
    assert (found[HR]["tags"], found[HR]["sources"]) == (["referral", "Alumni"], [WHOLE])
    assert HR in found["schemas"]


@pytest.mark.parametrize(
    "test",
    [f'{HR}:sources.recordId eq "A-1"', f'{HR}:sources[channel eq "careers PAGE"]', f'{HR}:tags eq "alumni"'],
)
def test_people_are_found_by_them(say, scim, test):
    say(ADA)
    assert scim("GET", f"/Users?filter={test}")["totalResults"] == 1
    assert scim("GET", f"/Users?filter={test.replace('eq', 'ne')}")["totalResults"] in (0, 1)


def test_each_source_has_an_entry_of_its_own(say, ada):
    say(ADA)
    say('B-9,7,Ada,"referral, Alumni",e-2,Agency', "ats")
    say(ADA.replace("h-1", "h-2"))
    assert [(each["tenant"], each["recordId"], each["eventId"]) for each in ada()["sources"]] == [
        ("hr", "A-1", "h-2"),
        ("ats", "B-9", "e-2"),
    ]


def test_the_same_again_changes_nobody_and_what_is_emptied_goes(say, ada):
    say(ADA)
    assert counted(say(ADA)) == {"skipped": 1, "total": 1}
    assert counted(say("A-1,7,Ada,,h-1,")) == {"updated": 1, "total": 1}
    assert ada() == {"sources": [{name: value for name, value in WHOLE.items() if name != "channel"}]}


@pytest.mark.parametrize("way", ["PUT", "PATCH", "PATCH of the tags"])
def test_no_client_changes_them(say, scim, ada, way):
    say(ADA)
    before = ada()
    [found] = scim("GET", "/Users")["Resources"]
    said = {"tags": ["mine"], "sources": [{"system": "csv", "tenant": "hr", "recordId": "forged"}]}
    if way == "PUT":
        scim("PUT", f"/Users/{found['id']}", {"schemas": [USER], "userName": found["userName"], HR: said})
    else:
        value = {"title": "Countess"} | ({HR: said} if "tags" in way else {})
        operation = {"op": "add", "value": value}
        patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        assert scim("PATCH", f"/Users/{found['id']}", patch)["title"] == "Countess"
    assert ada() == before


def test_tags_that_an_admin_has_pinned_survive_sources_and_clients(say, scim, ada, tenant):
    say(ADA)
    [found] = scim("GET", "/Users")["Resources"]
    with writing() as connection:
        field = precedence.field_named("tags")
        pins.put(connection, tenant.id, found["id"], field, ADMIN, value="kept")
    say(ADA.replace("Alumni", "Other"))
    scim("PUT", f"/Users/{found['id']}", {"schemas": [USER], "userName": found["userName"]})
    assert ada()["tags"] == ["kept"]


def test_a_client_in_a_list_may_say_something_beside_tags_of_a_weaker_source(say, scim, ada, tenant, app):
    say(ADA)
    [found] = scim("GET", "/Users")["Resources"]
    with writing() as connection:
        precedence.put(connection, tenant.id, "*", ["client:idp", "source:hr"], "system:test")
    operation = {"op": "replace", "path": "nickName", "value": "Countess"}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    assert scim("PATCH", f"/Users/{found['id']}", patch)["nickName"] == "Countess"
    assert ada()["tags"] == ["referral", "Alumni"]


@pytest.mark.parametrize("field", ["hr.source.recordId", "hr.source.eventId", "hr.source.channel"])
def test_what_is_said_of_a_source_s_own_record_can_be_neither_ranked_nor_pinned(field):
    with pytest.raises(WrongUse, match="own record"):
        precedence.field_named(field)
    assert field not in precedence.value_paths()


def test_words_stand_once_each_and_there_are_not_too_many(say, ada):
    say('A-1,7,Ada,"b, a,b,, a ",,')
    assert ada()["tags"] == ["b", "a"]
    run = say(f'A-1,7,Ada,"{",".join(map(str, range(101)))}",,')
    assert error_lines(run) == [(2, "Tags", "invalid_value")]
    assert error_lines(say(f"A-1,7,Ada,{'x' * 201},,")) == [(2, "Tags", "invalid_value")]


def test_the_fields_of_clients_and_of_the_directory_are_no_source_s():
    known = user_fields()
    assert {known.find(name) for name in ("externalId", "hr.sources", "hr.source", "hr.source.system")} == {
        None
    }
