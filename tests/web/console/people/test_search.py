"""The search over everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.database import writing
from app.provisioning.targets import Target
from app.web.console.people.searching import PEOPLE
from tests.web.console.browser import Browser
from tests.web.console.importing import import_csv
from tests.web.console.people.conftest import Hire


def test_people_sources_targets_runs_and_clients_are_found(
    signed_in: Browser, hire: Hire, tenant: Tenant, accounts: Target, token: str, tmp_path: Path
) -> None:
    run = import_csv(tenant, tmp_path, "Number,Given,Mail\n7,Ines,ines@acme.example\n")
    hire("Peoples Champion")
    page = signed_in.page("/search?q=people")
    assert list(page.links("people")) == ["Peoples Champion"]
    assert list(page.links("sources")) == ["people"]
    assert list(signed_in.page("/search?q=ACCOUNT").links("targets")) == ["accounts"]
    assert list(signed_in.page("/search?q=idp").links("clients")) == ["idp"]
    for words in (f"{run.id}", f"%23{run.id}", f"Run {run.id}"):
        assert signed_in.page(f"/search?q={words}").links("runs") == {f"Import {run.id}": f"/runs/{run.id}"}


def test_an_id_leads_straight_to_the_person(signed_in: Browser, hire: Hire) -> None:
    maya = hire("Maya Okafor")
    answer = signed_in.get(f"/search?q=+{maya.upper()}+", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/people/{maya}")


def test_many_people_lead_to_the_whole_list(signed_in: Browser, hire: Hire) -> None:
    for number in range(PEOPLE + 2):
        hire(f"Ada Person{number:02}")
    page = signed_in.page("/search?q=ada")
    assert len(page.rows("people")) == PEOPLE
    assert page.links("people")[f"Show all {PEOPLE + 2} people for “ada”"] == "/people?q=ada"


def test_nothing_typed_and_nothing_found_say_what_to_do(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor")
    assert "Type a name, an e-mail address" in signed_in.page("/search").text
    page = signed_in.page("/search?q=qqqq")
    assert "Nothing fits “qqqq”." in page.text and page.links("")["Show all people"] == "/people"
    for words in ("%01", "%F0%9F%98%80", "a" * 500, "99999999999999999999", "%27"):
        assert signed_in.get(f"/search?q={words}").status_code == 200


def test_nothing_of_another_tenant_is_found(
    signed_in: Browser, hire: Hire, stranger: str, tmp_path: Path
) -> None:
    with writing() as connection:
        other = tenants.named(connection, "other")
        tokens.create(connection, other, "zora-client")
    import_csv(other, tmp_path, "Number,Given,Mail\n7,Zora,zora@other.example\n")
    for words in ("zora", stranger, "people", "1"):
        page = signed_in.page(f"/search?q={words}")
        assert "Nothing fits" in page.text, words


def test_a_viewer_finds_people_without_a_button(as_role: Callable[[str], Browser], hire: Hire) -> None:
    hire("Maya Okafor")
    page = as_role("viewer").page("/search?q=maya")
    assert "Maya Okafor" in page.links("people") and "Resync" not in page.text
