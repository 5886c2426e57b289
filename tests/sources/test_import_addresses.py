"""Work e-mail addresses that an import takes, forms, or leaves out."""

from __future__ import annotations

from app.database import writing
from app.sources import catalog, drafts
from tests.sources.by_hand import ADA, create
from tests.sources.conftest import MAPPING
from tests.sources.reports import counted, error_lines, problems


def test_a_template_forms_the_work_email_and_keeps_it(write, add_source, import_from, person):
    write("1,Mary Ann,O'Neil,private@home.example,T,Active")
    source = add_source(
        work_email="{given}.{family}@example.com", mapping=MAPPING.replace("emails[work]", "emails[home]")
    )
    import_from(source)
    assert person("maryann.oneil@example.com")["emails"] == [
        {"type": "work", "value": "maryann.oneil@example.com"},
        {"type": "home", "value": "private@home.example"},
    ]
    write("1,Mary Ann,Smith,private@home.example,T,Active")
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    assert person("maryann.oneil@example.com")["emails"][0]["value"] == "maryann.oneil@example.com"


def test_a_formed_address_that_is_taken_is_an_error(write, add_source, import_from, tenant):
    write("1,Ada,Lovelace,,T,Active", "2,Ada,Lovelace,,T,Active")
    run = import_from(add_source(work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert error_lines(run) == [(3, "", "work_email_taken")]


def test_a_formed_address_never_matches_anybody(write, add_source, import_from, tenant, person):
    create(tenant, userName="other", emails=[{"type": "work", "value": "ada.lovelace@example.com"}])
    write("1,Ada,Lovelace,,T,Active")
    assert error_lines(import_from(add_source(work_email="{given}.{family}@example.com"))) == [
        (2, "", "work_email_taken")
    ]
    assert "name" not in person("other")


def test_a_name_without_letters_for_an_address_is_a_warning(write, add_source, import_from, person):
    write("1,小明,李,,T,Active")
    run = import_from(add_source(work_email="{given}.{family}@example.com"))
    assert counted(run) == {"added": 1, "total": 1}
    assert [(e.code, e.severity) for e in problems(run)] == [("no_work_email", "warning")]
    assert "emails" not in person("hr-1")


def test_with_none_the_source_s_work_addresses_are_left_out(write, add_source, import_from, person):
    write(ADA)
    import_from(add_source(work_email="none"))
    assert "emails" not in person("hr-1")


def test_a_template_chosen_later_serves_those_who_have_no_address_yet(
    write, add_source, import_from, tenant, person
):
    write("1,Ada,Lovelace,,T,Active")
    source = add_source(work_email="none")
    import_from(source)
    draft = drafts.redrafted(source, {"work_email": "{given}@example.com"}, {})
    with writing() as connection:
        catalog.change(connection, tenant.id, draft, "system:test")
    assert counted(import_from(source)) == {"updated": 1, "total": 1}
    assert person("hr-1")["emails"][0]["value"] == "ada@example.com"
