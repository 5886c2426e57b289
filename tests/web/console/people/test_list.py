"""The list of people: searched, filtered, ordered, paged, downloaded."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from app import directory
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.web.console.people.reading import PAGE
from tests.web.console.browser import Browser, Page
from tests.web.console.importing import import_csv
from tests.web.console.people.conftest import Hire

SCRIPT = "<script>alert(1)</script>"
NEXT_YEAR, LONG_AGO = "2099-01-04", "2001-01-04"


def names(page: Page) -> list[str]:
    """Whom the list shows, without what stands under the names."""
    return [row[0] for row in page.rows("people")]


def facet(page: Page, words: str) -> str:
    """The address behind the words of a facet."""
    for number in range(1, 9):
        found = page.links(f"facet-{number}")
        if words in found:
            return found[words]
    raise AssertionError(f"no facet says {words!r}")


def test_an_empty_directory_says_what_to_do_and_shows_only_what_the_role_may(
    signed_in: Browser, as_role: Callable[[str], Browser]
) -> None:
    page = signed_in.page("/people")
    assert "Nobody is in the directory yet." in page.text
    assert "Connect a source" in page.text
    assert "Connect a source" not in as_role("viewer").page("/people").text


def test_a_person_is_a_line_with_name_mail_state_department_first_day_and_standing(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    hire("Maya Okafor", enterprise={"department": "Sales"}, hr={"startDate": LONG_AGO})
    tick()
    (line,) = signed_in.page("/people").rows("people")
    assert line == ["Maya Okafor", "maya.okafor@acme.example", "Active", "Sales", LONG_AGO, "Linked accounts"]


FINDING = (
    "may",
    "okaf",
    "OKAFOR maya",
    "maya.okafor@acme",
    "E-77",
    "zoe",
    "Zoë",
    "Ngozi",
    "ada-ngozi",
    "may.77",
    "acme77",
)


def test_people_are_found_by_the_beginning_of_any_of_their_words(signed_in: Browser, hire: Hire) -> None:
    hire("Leila Haddad")
    emails = [
        {"type": "work", "value": "maya.okafor@acme.example"},
        {"type": "home", "value": "x.acme77@home.example"},
    ]
    name = {"givenName": "Maya Zoë", "middleName": "Ada-Ngozi", "familyName": "Okafor"}
    hire("Maya Okafor", userName="may.77", name=name, emails=emails, enterprise={"employeeNumber": "E-77"})
    for words in FINDING:
        assert names(signed_in.page(f"/people?q={words}")) == ["Maya OkaforE-77"], words


def test_an_id_finds_its_person_and_a_middle_of_a_word_nobody(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor")
    hire("Leila Haddad")
    assert names(signed_in.page(f"/people?q={maya}")) == ["Maya Okafor"]
    page = signed_in.page("/people?q=kafor")
    assert names(page) == []
    assert "Nobody fits “kafor”" in page.text and "Show everybody" in page.links("people")


def test_a_new_name_is_found_at_once_and_the_old_one_no_more(
    signed_in: Browser, hire: Hire, tenant: Tenant
) -> None:
    maya = hire("Maya Okafor")
    with writing() as connection:
        fragment = {
            "displayName": "Maya Lindqvist",
            "name": {"familyName": "Lindqvist"},
            "userName": "lindqvist",
        }
        directory.merge(connection, tenant.id, maya, Actor("admin", "test"), fragment)
    assert names(signed_in.page("/people?q=lindq")) == ["Maya Lindqvist"]
    with writing() as connection:
        directory.delete(connection, tenant.id, maya, Actor("admin", "test"))
    assert "Nobody is in the directory yet." in signed_in.page("/people?q=lindq").text


def test_facets_count_people_and_lead_to_them(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor", enterprise={"department": "Sales"})
    hire("Noah Becker", enterprise={"department": "Sales"}, active=False)
    hire("Leila Haddad", enterprise={"department": "Legal"}, hr={"startDate": NEXT_YEAR})
    hire("Ines Duarte", email=None, hr={"startDate": NEXT_YEAR})
    hire("Tom Frank", hr={"terminationDate": NEXT_YEAR})
    page = signed_in.page("/people")
    assert "Active 4 Inactive 1" in page.text and "Sales 2" in page.text
    assert names(signed_in.page(facet(page, "Inactive"))) == ["Noah Becker"]
    sales = signed_in.page(facet(page, "Sales"))
    assert names(sales) == ["Maya Okafor", "Noah Becker"]
    assert names(signed_in.page(facet(sales, "Active"))) == ["Maya Okafor"]
    assert names(signed_in.page(facet(page, "Starts in the future"))) == ["Ines Duarte", "Leila Haddad"]
    early = facet(page, "Starts in the future, has a work e-mail already")
    assert names(signed_in.page(early)) == ["Leila Haddad"]
    assert names(signed_in.page(facet(page, "Leaving: a last day is set"))) == ["Tom Frank"]


def test_who_starts_later_and_has_an_email_is_pointed_out_with_a_link(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor")
    assert "work e-mail already" not in signed_in.page("/people").text
    hire("Leila Haddad", hr={"startDate": NEXT_YEAR})
    page = signed_in.page("/people")
    assert "1 person starts in the future and has a work e-mail already" in page.text
    assert names(signed_in.page(page.links("people")["Show them"])) == ["Leila Haddad"]


def test_a_chosen_filter_can_be_taken_away_again(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor", enterprise={"department": "R&D, <b>"})
    hire("Noah Becker")
    page = signed_in.page("/people?department=R%26D%2C+%3Cb%3E&q=maya")
    assert names(page) == ["Maya Okafor"]
    taken = page.links("people")["Department: R&D, <b> × (take this filter away)"]
    assert taken == "/people?q=maya"


def test_links_and_sources_are_facets(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, tick: Callable[[], None], tmp_path: Path
) -> None:
    import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Ines,ines@acme.example\n")
    hire("Maya Okafor")
    hire("Noah Becker", email=None)
    tick()
    page = signed_in.page("/people")
    assert "At accounts Linked 2 Waiting 1" in page.text and "Source people 1" in page.text
    assert names(signed_in.page(facet(page, "Waiting"))) == ["Noah Becker"]
    linked = signed_in.page(facet(page, "Linked"))
    assert names(linked) == ["Ines", "Maya Okafor"] or names(linked)[1] == "Maya Okafor"
    assert len(names(signed_in.page(facet(page, "people")))) == 1
    assert len(names(signed_in.page(facet(linked, "people")))) == 1


def test_facets_count_nobody_who_was_deleted(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, tick: Callable[[], None], tmp_path: Path
) -> None:
    import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Ines,ines@acme.example\n8,Noah,noah@acme.example\n")
    tick()
    with writing() as connection:
        (ines,) = directory.ids_by_work_email(connection, tenant.id, "ines@acme.example")
        directory.delete(connection, tenant.id, ines, Actor("admin", "test"))
    tick()
    for address in ("/people", "/people?q=noah"):
        page = signed_in.page(address)
        assert "Linked 1" in page.text and "Orphan" not in page.text and "Source people 1" in page.text, (
            address
        )
        assert names(signed_in.page(facet(page, "people"))) == ["Noah"]


def test_counts_stay_right_where_many_people_fit(
    signed_in: Browser,
    hire: Hire,
    accounts: Target,
    tick: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("facets", "reading"):
        monkeypatch.setattr(f"app.web.console.people.{module}.FEW", 1)
    monkeypatch.setattr("app.web.console.people.facets.MOST", 2)
    for name in ("Ada One", "Ada Two", "Ada Three"):
        hire(name)
    hire("Ada Four", email=None)
    tick()
    page = signed_in.page("/people?q=ada")
    assert "Linked more than 2 Waiting 1" in page.text
    assert names(signed_in.page(facet(page, "Waiting"))) == ["Ada Four"]


def test_both_orders_come_in_pages_both_ways(signed_in: Browser, hire: Hire) -> None:
    everybody = [f"Person {number:03}" for number in range(2 * PAGE + 3)]
    for name in everybody:
        hire(name)
    for order, wanted in (("name", everybody), ("change", everybody[::-1])):
        first = signed_in.page(f"/people?sort={order}")
        second = signed_in.page(first.links("people")["Next"])
        third = signed_in.page(second.links("people")["Next"])
        assert [*names(first), *names(second), *names(third)] == wanted
        assert "Next" not in third.links("people") and "Previous" not in first.links("people")
        assert names(signed_in.page(third.links("people")["Previous"])) == names(second)
        assert names(signed_in.page(third.links("people")["First"])) == names(first)
    rare = signed_in.page("/people?q=person&sort=change")
    assert names(signed_in.page(rare.links("people")["Next"])) == everybody[::-1][PAGE : 2 * PAGE]


NONSENSE = (
    "state=everyone&moment=x&department=%01&source=0&target=1&sort=random",
    "target=99999999999999999999&at=held",
    "target=9&at=held&source=99",
    f"after={'0' * 8}-0000-0000-0000-{'0' * 12}&sort=name",
    "before=2026-01-01T00:00:00.000000Z~x&sort=change",
    "q=%27%22%25_%5C&department=%27--",
    "q=" + "a" * 201,
)


def test_an_address_that_makes_no_sense_shows_a_page(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor")
    for query in NONSENSE:
        assert signed_in.get(f"/people?{query}").status_code == 200, query
    assert names(signed_in.page(f"/people?{NONSENSE[0]}")) == ["Maya Okafor"]


def test_a_wildcard_of_sql_is_a_letter_like_any_other(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor")
    for words in ("%25", "_", "m%25a"):
        assert names(signed_in.page(f"/people?q={words}")) == []


def test_the_list_is_a_file_too_with_the_same_filters_and_no_formulas(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    hire("=cmd()", userName="cmd", email="cmd@acme.example", enterprise={"department": "Sales"})
    hire("Noah Becker", enterprise={"department": "Legal"})
    tick()
    answer = signed_in.get("/people.csv?department=Sales")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:3] == ["Name", "User name", "Work e-mail"] and head[-1] == "At accounts"
    assert line[:6] == ["'=cmd()", "cmd", "cmd@acme.example", "", "active", "Sales"] and line[-1] == "Linked"


def test_the_file_holds_everybody(signed_in: Browser, hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.console.people.listing._BATCH", 2)
    wanted = [f"Person {number}" for number in range(5)]
    for name in wanted:
        hire(name)
    rows = list(csv.reader(io.StringIO(signed_in.get("/people.csv").content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == wanted


def test_nobody_of_another_tenant_is_listed_counted_or_downloaded(
    signed_in: Browser, hire: Hire, stranger: str
) -> None:
    hire("Maya Okafor")
    for query in ("", "?q=zora", f"?q={stranger}", "?sort=change"):
        page = signed_in.page(f"/people{query}")
        assert "Zora" not in page.text.replace("“zora”", "")
    assert "1 person" in signed_in.page("/people").text
    assert "Zora" not in signed_in.get("/people.csv").text


def test_a_script_in_a_name_is_shown_and_not_run(signed_in: Browser, hire: Hire) -> None:
    hire("Eve", displayName=SCRIPT, enterprise={"department": SCRIPT, "employeeNumber": SCRIPT})
    for query in ("", "?q=%3Cscript%3E", f"?department={SCRIPT}"):
        answer = signed_in.get(f"/people{query}")
        assert SCRIPT not in answer.text and "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text


def test_a_state_that_the_words_do_not_know_yet_is_shown_by_its_name(
    signed_in: Browser, hire: Hire, accounts: Target, tick: Callable[[], None]
) -> None:
    hire("Maya Okafor")
    tick()
    with writing() as connection:
        connection.execute(update(link_table).values(state="not_needed"))
    assert signed_in.page("/people").rows("people")[0][-1] == "Not needed accounts"
