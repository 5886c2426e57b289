"""The welcome mail: to new members only, once each, in the transaction that adds them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app import directory
from app.access.encryption import key_ring
from app.access.tenants import Tenant
from app.cli import main
from app.config import Settings
from app.database import reading, writing
from app.keeping import erasing
from app.notices import letters, posting
from app.notices.tables import letter_table
from app.sources import welcome
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.runs import Run
from app.sources.welcome import PLACEHOLDERS, Welcome
from tests.notices.mailbox import Mailbox, mailbox
from tests.sources.letter_box import Opened, waiting
from tests.sources.reports import counted, error_lines

LINK = "https://start.acme.example/begin?from=mail"
ADA = "1,Ada,Lovelace,ada@example.com,Engineer,Active"
MARY = "2,Mary,Somerville,mary@example.com,Writer,Active"
HUMAN = directory.Actor("admin", "1")
HOME_MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "ID"
"name.givenName" = "First"
"name.familyName" = "Last"
"emails[home].value" = "Email"
"active" = { from = "Status", map = { "Active" = true, "Left" = false } }
"""

Write = Callable[..., Path]
Add = Callable[..., Source]
Import = Callable[..., Run]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Give a mail server."""
    with mailbox() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, box: Mailbox) -> Settings:
    """Give settings with that mail server."""
    return replace(settings, smtp_url=f"smtp://127.0.0.1:{box.port}", mail_from="rollcall@acme.example")


@pytest.fixture
def text(tenant: Tenant) -> Welcome:
    """Give the tenant a welcome mail."""
    made = Welcome("Welcome {first_name}", "Dear {display_name},\n\nbegin here: {link}\n", LINK)
    with writing() as connection:
        welcome.keep(connection, tenant.id, made, "admin:1")
    return made


def mails() -> list[Opened]:
    return waiting("welcome:")


def delete(tenant: Tenant, user_name: str) -> None:
    with writing() as connection:
        (employee_id,) = directory.ids_by_user_name(connection, tenant.id, user_name)
        directory.delete(connection, tenant.id, employee_id, HUMAN)


# --- who gets one ---------------------------------------------------------------------------------------------------


def test_a_new_member_gets_the_tenants_text_with_its_link(
    tenant: Tenant, text: Welcome, box: Mailbox, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    import_from(add_source(welcome="yes"))
    assert posting.drain(tenant.id) == 1
    (mail,) = box.messages
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Welcome Ada")
    assert mail.get_content().replace("\r", "") == f"Dear Ada Lovelace,\n\nbegin here: {LINK}\n"


def test_only_sources_that_ask_for_it_welcome_anybody(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    import_from(add_source())
    assert mails() == []


def test_members_of_the_first_import_are_new_members_too_and_later_ones_are_not_again(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA, MARY)
    source = add_source(welcome="yes")
    import_from(source)
    write(ADA.replace("Engineer", "Countess"), MARY, "3,Grace,Hopper,grace@example.com,Admiral,Active")
    import_from(source)
    assert sorted(mail.to for mail in mails()) == ["ada@example.com", "grace@example.com", "mary@example.com"]


def test_somebody_who_was_in_the_directory_already_is_not_written_to(
    tenant: Tenant, text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    with writing() as connection:
        document = {"userName": "ada", "emails": [{"type": "work", "value": "ada@example.com"}]}
        directory.create(connection, tenant.id, HUMAN, {"schemas": [], **document})
    write(ADA)
    run = import_from(add_source(welcome="yes"))
    assert counted(run) == {"updated": 1, "total": 1}
    assert mails() == []


def test_whoever_is_added_inactive_or_becomes_active_again_is_not_written_to(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA.replace("Active", "Left"), MARY)
    source = add_source(welcome="yes")
    import_from(source)
    write(ADA, MARY.replace("Active", "Left"))
    import_from(source)
    write(ADA, MARY)
    import_from(source)
    assert [mail.to for mail in mails()] == ["mary@example.com"]


def test_without_a_work_address_a_personal_one_is_written_to(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    import_from(add_source(mapping=HOME_MAPPING, welcome="yes"))
    assert [mail.to for mail in mails()] == ["ada@example.com"]


def test_the_work_address_that_a_template_makes_comes_first(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    work = "{given}.{family}@acme.example"
    import_from(add_source(mapping=HOME_MAPPING, work_email=work, welcome="yes"))
    assert [mail.to for mail in mails()] == ["ada.lovelace@acme.example"]


def test_whoever_has_no_address_is_a_warning_and_is_added_all_the_same(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA.replace("ada@example.com", ""))
    run = import_from(add_source(welcome="yes"))
    assert counted(run) == {"added": 1, "total": 1}
    assert error_lines(run) == [(2, "", "no_address_for_welcome")]
    assert mails() == []


def test_without_a_text_one_warning_says_so_and_everybody_is_added(
    tenant: Tenant, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA, MARY)
    run = import_from(add_source(welcome="yes"))
    assert counted(run) == {"added": 2, "total": 2}
    assert error_lines(run) == [(0, "", "no_welcome_text")]
    assert mails() == []


def test_a_row_that_is_refused_leaves_no_mail(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA, MARY)
    mapping = HOME_MAPPING.replace('"active"', '"userName" = { constant = "same" }\n"active"')
    run = import_from(add_source(mapping=mapping, welcome="yes"))
    assert counted(run) == {"added": 1, "errored": 1, "total": 2}
    assert [mail.to for mail in mails()] == ["ada@example.com"]


# --- never twice ----------------------------------------------------------------------------------------------------


def test_whoever_is_deleted_and_added_again_is_not_written_to_again(
    tenant: Tenant, text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    source = add_source(welcome="yes")
    import_from(source)
    delete(tenant, "ada@example.com")
    write(ADA.replace("Engineer", "Countess").replace("ada@", "Ada@"))
    assert counted(import_from(source)) == {"added": 1, "total": 1}
    assert len(mails()) == 1


def test_a_rotation_of_keys_lets_nobody_be_written_to_again(
    app: Flask, tenant: Tenant, text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    source = add_source(welcome="yes")
    import_from(source)
    app.extensions["rollcall.key_ring"] = key_ring().with_new_key()
    delete(tenant, "ada@example.com")
    write(ADA.replace("Engineer", "Countess"))
    assert counted(import_from(source)) == {"added": 1, "total": 1}
    assert len(mails()) == 1


def test_two_records_of_one_address_are_one_mail(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA, "2,Also,Ada,ada@example.com,Engineer,Active")
    mapping = HOME_MAPPING.replace('"active"', '"userName" = "ID"\n"active"')
    run = import_from(add_source(mapping=mapping, welcome="yes"))
    assert counted(run) == {"added": 2, "total": 2}
    assert len(mails()) == 1


def test_the_row_of_a_mail_tells_nobody_whose_it_was(
    tenant: Tenant, text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    import_from(add_source(welcome="yes"))
    posting.drain(tenant.id)
    with reading() as connection:
        (row,) = connection.execute(letter_table.select()).all()
    assert "ada" not in f"{row}".lower()
    assert row.sealed is None


def test_erasing_a_person_takes_the_mail_back_and_forgets_that_there_was_one(
    tenant: Tenant, text: Welcome, box: Mailbox, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA, MARY)
    import_from(add_source(welcome="yes"))
    with reading() as connection:
        (employee_id,) = directory.ids_by_user_name(connection, tenant.id, "ada@example.com")
    erasing.erase(tenant.id, employee_id, HUMAN)
    assert posting.drain(tenant.id) == 1
    assert [mail["To"] for mail in box.messages] == ["mary@example.com"]
    with reading() as connection:
        assert not letters.was_posted(connection, tenant.id, welcome.keys(tenant.id, "ada@example.com"))


# --- the dry run ----------------------------------------------------------------------------------------------------


def test_a_dry_run_says_how_many_mails_there_would_be_and_posts_none(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    no_address = "3,Grace,Hopper,,Admiral,Active"
    left = "4,Alan,Turing,alan@example.com,Engineer,Left"
    write(ADA, MARY, no_address, left)
    source = add_source(welcome="yes")
    run = import_from(source, dry_run=True)
    assert (run.state, run.message) == ("finished", "The welcome mail would go to 2 people.")
    assert error_lines(run) == [(4, "", "no_address_for_welcome")]
    assert mails() == []
    import_from(source)
    assert len(mails()) == 2
    assert import_from(source, dry_run=True).message == "The welcome mail would go to no people."


def test_a_dry_run_of_a_source_that_welcomes_nobody_says_nothing_of_it(
    text: Welcome, write: Write, add_source: Add, import_from: Import
) -> None:
    write(ADA)
    assert import_from(add_source(), dry_run=True).message is None


# --- the text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subject": "Hi {name}"}, r"The subject has \{name\}, which is unknown; use \{first_name\}"),
        ({"text": "{link} {salary}"}, r"\{salary\}, which is unknown"),
        ({"text": "{link} {first_name"}, "a brace without its partner"),
        ({"text": "Hello {first_name}"}, "does not show the link"),
        ({"subject": " "}, "must have 1 to 200 characters"),
        ({"text": "{link}" + "x" * 20_000}, "must have 1 to 20000 characters"),
        ({"link": "javascript:alert(1)"}, "is no web address"),
        ({"link": "https://"}, "is no web address"),
        ({"link": "https://a.example/ b"}, "is no web address"),
    ],
)
def test_a_mail_that_cannot_be_sent_as_it_is_is_refused_when_it_is_set(
    tenant: Tenant, text: Welcome, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(WrongSource, match=says), writing() as connection:
        welcome.keep(connection, tenant.id, replace(text, **changes), "admin:1")
    with reading() as connection:
        assert welcome.of_tenant(connection, tenant.id) == text


@given(
    parts=st.lists(st.sampled_from([*(f"{{{name}}}" for name in PLACEHOLDERS), "Hello ", "\n", "ü"])),
    given_name=st.text(),
    family_name=st.text(),
)
def test_whatever_people_are_called_no_placeholder_is_left_and_none_is_made(
    parts: list[str], given_name: str, family_name: str
) -> None:
    document: dict[str, Any] = {"name": {"givenName": given_name, "familyName": family_name}, "userName": "u"}
    made = Welcome("{display_name}", "".join(parts), LINK)
    subject, text = made.filled(document)
    assert "\n" not in subject
    whole = " ".join(filter(None, (given_name, family_name))) or "u"
    wanted = {"{first_name}": given_name or whole, "{display_name}": whole, "{link}": LINK}
    assert text == "".join(wanted.get(part, part) for part in parts)


# --- the command ----------------------------------------------------------------------------------------------------


def _run(folder: Path, *arguments: str) -> Result:
    inherited: dict[str, str | None] = {name: None for name in os.environ if name.startswith("ROLLCALL_")}
    environ = {"ROLLCALL_INSTANCE_PATH": str(folder), "ROLLCALL_SQLITE_SYNCHRONOUS": "off"}
    words = (*arguments, "--tenant", "acme") if arguments[0] == "welcome" else arguments
    return CliRunner().invoke(main, words, env=inherited | environ, prog_name="rollcall")


@pytest.fixture
def rollcall(tmp_path: Path) -> Callable[..., Result]:
    """Give `rollcall` in a fresh instance with the tenant acme."""
    run = partial(_run, tmp_path)
    assert run("db", "upgrade").exit_code == 0
    assert run("tenant", "create", "acme").exit_code == 0
    return run


def test_the_mail_is_set_shown_changed_in_parts_and_switched_off(
    rollcall: Callable[..., Result], tmp_path: Path
) -> None:
    assert rollcall("welcome", "show").stdout.startswith("No welcome mail is set; set one with:")
    first = rollcall("welcome", "set", "--subject", "Hi")
    assert (first.exit_code, first.stderr) == (
        2,
        "rollcall: The welcome mail needs --link URL: where new members begin.\n",
    )
    assert rollcall("welcome", "set", "--link", LINK).exit_code == 0
    shown = rollcall("welcome", "show").stdout
    for words in ("no source yet", "Mails so far: none", "Subject: Welcome, Maya", "Hello Maya,", LINK):
        assert words in shown

    own = tmp_path / "welcome.txt"
    own.write_text("Schön, {display_name}: {link}\n", encoding="utf-8")
    assert (
        rollcall("welcome", "set", "--subject", "Guten Tag {first_name}", "--text", f"@{own}").exit_code == 0
    )
    answer = json.loads(rollcall("welcome", "show", "--json").stdout)
    assert (answer["link"], answer["sources"], answer["mails"]) == (LINK, [], {})
    assert answer["example"] == {
        "subject": "Guten Tag Maya",
        "text": f"Schön, Maya Okafor: {LINK}\n",
    }

    assert rollcall("welcome", "off").stdout == "New members get no welcome mail any more.\n"
    assert rollcall("welcome", "off").stdout == "No welcome mail was set.\n"


@pytest.mark.parametrize(
    ("place", "says"), [("@nowhere.txt", "cannot be read"), ("words", "write @FILE, or - for stdin")]
)
def test_a_text_that_cannot_be_read_is_named(rollcall: Callable[..., Result], place: str, says: str) -> None:
    answer = rollcall("welcome", "set", "--link", LINK, "--text", place)
    assert answer.exit_code == 2
    assert says in answer.stderr
