"""What iCIMS does wrong, or leaves out, while it is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from werkzeug.wrappers import Response

from app.sources.errors import IncompleteRead, SourceUnavailable
from tests.vendors.icims.reads import SOURCE, pages


@pytest.mark.parametrize(
    "faults",
    [
        "500:every=7",
        "drop:every=9",
        "half-body:every=11",
        "no-limit;429:every=6,retry_after=0",
        "html:every=13",
        "extra-member",
        "wrong-type",
        "503:nth=2+3+4,retry_after=0",
    ],
)
def test_quirks_and_passing_faults_cost_nobody(account, faults):
    icims = account(people=26)
    pages(icims.context(folders="D99999"))  # the token is there; its address is not tried again
    icims.simulator.plan_faults(faults)
    assert len([r for r in icims.read(icims.context()) if r.values.get("lastname")]) == 26


def test_wrong_credentials_are_one_plain_message(account):
    icims = account(people=3)
    with pytest.raises(SourceUnavailable, match=r"refused the credentials.*source set NAME") as caught:
        pages(icims.context(secret="wrong-canary"))
    assert "wrong-canary" not in str(caught.value)
    assert not icims.paths("/customers/")


def test_missing_credentials_are_named(account):
    context = replace(account().context(), secrets={})
    with pytest.raises(SourceUnavailable, match="client_id and client_secret"):
        list(SOURCE.read(context, None))


def test_icims_that_is_away_is_told(account):
    icims = account(people=3)
    pages(icims.context())
    icims.simulator.plan_faults("503")
    with pytest.raises(IncompleteRead, match="after 6 tries"):
        pages(icims.context())


def test_a_token_server_that_stumbles_is_asked_again(account):
    icims = account(people=2, faults="503:path=/oauth/token,count=2;no-limit")
    assert len(icims.read(icims.context())) == 2


def test_a_token_address_that_answers_nonsense_is_told(account):
    icims = account(people=2, faults="redirect:to=https://example.org,path=/oauth/token")
    with pytest.raises(SourceUnavailable, match=r"no token.*token_url"):
        pages(icims.context())


def test_a_404_that_is_not_of_icims_makes_nobody_gone(account):
    icims = account(people=2)
    icims.simulator.refuse = lambda status, message: Response(message, status)
    icims.simulator.plan_faults("404:path=/people/")
    with pytest.raises(IncompleteRead, match="answered 404"):
        list(SOURCE.read_some(icims.context(), [{"person": "2"}]))


def test_another_customer_than_the_credentials_is_told(account):
    with pytest.raises(SourceUnavailable, match="no customer 77"):
        pages(account(people=1).context(customer_id="77"))


@pytest.mark.parametrize("kind", ["people", "jobs", "applicantworkflows"])
def test_a_right_that_was_taken_away_is_named(account, kind):
    icims = account(people=3, faults=f"deny:kinds={kind}")
    with pytest.raises(SourceUnavailable, match=f"{kind} .*403.*Integration User"):
        pages(icims.context())


@pytest.mark.parametrize("field", ["email", "lastname"])
def test_a_needed_field_that_vanished_is_one_plain_message(account, field):
    icims = account(people=3, faults=f"hide:names={field}")
    with pytest.raises(SourceUnavailable, match=f"shows the field {field} of none of 3"):
        pages(icims.context())


def test_a_person_whose_folder_is_hidden_is_an_errored_row(account):
    icims = account(people=2, faults="hide:names=folder")
    assert [record.problem.code for record in icims.read(icims.context())] == ["hidden_field"] * 2


@pytest.mark.parametrize("name", ["hiredate", "addresses", "usssn", "birthdate", "field50002"])
def test_what_icims_leaves_out_is_unknown(account, name):
    icims = account(people=3)
    before = icims.read(icims.context())
    icims.simulator.plan_faults(f"missing-member:name={name}")
    after = icims.read(icims.context())
    for known, now in zip(before, after, strict=True):
        assert now.values.items() <= known.values.items()
        assert len(now.values) < len(known.values)


def test_a_null_member_is_empty(account):
    icims = account(people=2, faults="null-member:name=hiredate")
    assert [record.values["hire_date"] for record in icims.read(icims.context())] == [None, None]


def test_what_one_lacks_and_others_have_is_empty_only_where_that_was_chosen(account):
    icims = account(people=3)
    icims.simulator.company.change_person(3, {"hiredate": None, "enddate": None})
    unknown, empty = (
        {r.values["profile_id"]: r.values for r in icims.read(icims.context(absent_is_empty=choice))}
        for choice in ("no", "yes")
    )
    assert "hire_date" not in unknown["3"]
    assert empty["3"]["hire_date"] is None
    assert "end_date" not in empty["3"]  # nobody of the page has one: it may be hidden


def test_an_address_that_is_shown_says_all_of_itself(account):
    icims = account(people=2)
    row = icims.simulator.company.people[2]
    row["addresses"] = [
        {"entry": 9, "primary": False, "addressstreet1": "elsewhere"},
        {"entry": 3, "primary": True, "addressstreet1": "9 Oak", "addressstate": {"value": "Ohio"}},
    ]
    values = icims.read(icims.context())[0].values
    assert values["addressstreet1"] == "9 Oak"
    assert (values["addressstreet2"], values["addressstate"]) == (None, "Ohio")


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("same-page;search-cap:size=2", "same people again"),
        ("descending", "out of order"),
        ("no-results-member;empty-lists", "without searchResults"),
        ("empty:path=/search/", "not complete JSON"),
        ("empty:path=/people/", "not complete JSON"),
    ],
)
def test_an_answer_that_cannot_be_trusted_breaks_off(account, faults, words):
    icims = account(people=5, faults=faults)
    with pytest.raises(IncompleteRead, match=words):
        pages(icims.context())
