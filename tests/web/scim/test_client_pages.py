"""docs/clients: an administrator finds a page per client, and everything that a page names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.access.clients import SCOPES, ClientSettings
from app.cli import main
from app.web.scim.routes import ROUTES, found
from scim.errors import ScimError
from scim.paths import parse_path
from scim.resources import group_type, user_type

FOLDER = Path(__file__).parents[3] / "docs" / "clients"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
CLIENTS = sorted(PAGES.keys() - {"README"})
SECTIONS = ("Set it up", "What is mapped", "What is not supported", "Test it", "Errors", "Leaving")
#: First steps of the paths of the API, and of its address.
ENDPOINTS = {"/Users", "/Groups", "/scim"} | {
    f"/{rule.split('/')[1]}" for rule in ROUTES if "<endpoint>" not in rule
}

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_COMMAND = re.compile(r"\brollcall((?: +(?:[a-z-]+|--[a-z-]+|[^\s`#]+))+)")
_CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w./{}-]*)")
_ENDPOINT = re.compile(r"`(/[\w./{}]*)`")
_ATTRIBUTE = re.compile(r"`([^`]+)`")


def _codes(text: str) -> Iterator[str]:
    for code in _CODE.findall(text):
        yield from code.strip("`").splitlines()


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words after ``rollcall`` of every command in the code of a page."""
    for line in _codes(text):
        for part in line.split("&&"):
            for words in _COMMAND.findall(part.partition("#")[0]):
                yield words.split()


def _section(text: str, name: str) -> str:
    return text.split(f"## {name}", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(
    "client",
    ["entra-id", "okta", "jumpcloud", "onelogin", "google-workspace", "rippling", "ping", "generic"],
)
def test_every_client_has_a_page_that_the_index_names(client: str) -> None:
    assert client in PAGES
    assert f"({client}.md)" in PAGES["README"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_page_says_what_an_administrator_asks(client: str) -> None:
    text = PAGES[client]
    assert [name for name in SECTIONS if f"\n## {name}" not in text] == []
    assert len(text.splitlines()) <= 120
    for words in (
        "https://people.example.com/scim/v2",
        "rollcall token create",
        "rollcall client log",
        "rollcall token revoke",
    ):
        assert words in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_commands_that_exist(page: str) -> None:
    commands = list(_commands(PAGES[page]))
    assert commands
    for words in commands:
        _check_command(words)


def _check_command(words: list[str]) -> None:
    """Check that the command is there, and every option that is given to it."""
    command: click.Command = main
    context = click.Context(main, info_name="rollcall")
    for word in words:
        if not isinstance(command, click.Group):
            break
        found_command = command.get_command(context, word)
        assert found_command is not None, f"rollcall {' '.join(words)}: there is no {word}"
        command = found_command
    options = {option for parameter in command.params for option in parameter.opts}
    given = {word for word in words if word.startswith("--")}
    assert given <= options, f"rollcall {' '.join(words)}: {sorted(given - options)}"


def test_a_command_or_an_option_that_does_not_exist_is_seen() -> None:
    for wrong in ("token make", "tokens create", "token create --client x"):
        with pytest.raises(AssertionError):
            _check_command(wrong.split())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_scopes_and_settings_that_exist(page: str) -> None:
    scopes = set(re.findall(r"(?<![:\w])scim:[a-z]+\b", "\n".join(_codes(PAGES[page]))))
    assert scopes <= set(SCOPES)
    pairs = [
        word
        for words in _commands(PAGES[page])
        if words[:2] == ["client", "set"]
        for word in words
        if "=" in word
    ]
    ClientSettings().changed(dict(pair.split("=", 1) for pair in pairs))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_endpoints_that_exist(app: Flask, page: str) -> None:
    for method, path in _CALL.findall(PAGES[page]):
        assert _answers(app, method, path), f"{method} {path}"
    for path in _ENDPOINT.findall(PAGES[page]):
        assert f"/{path.split('/')[1]}" in ENDPOINTS, path


def _answers(app: Flask, method: str, path: str) -> bool:
    """True when the SCIM API or a page of the application answers this method there."""
    if path.startswith(("/oauth/", "/.well-known/")):
        try:
            return bool(app.url_map.bind("localhost").match(path, method=method))
        except HTTPException:
            return False
    try:
        found(method, path)
    except ScimError:
        return False
    return f"/{path.split('/')[1]}" in ENDPOINTS


def test_an_endpoint_that_does_not_exist_is_seen(app: Flask) -> None:
    wrong = (("DELETE", "/Users"), ("GET", "/People"), ("GET", "/oauth/token"), ("POST", "/oauth/nothing"))
    assert [each for each in wrong if _answers(app, *each)] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_page_maps_only_to_attributes_that_exist(client: str) -> None:
    rows = [
        line.split("|")
        for line in _section(PAGES[client], "What is mapped").splitlines()
        if line.startswith("| ")
    ]
    names = [name for row in rows for name in _ATTRIBUTE.findall(row[2])]
    assert len(names) > 5
    assert [name for name in names if not _is_attribute(name)] == []


def _is_attribute(name: str) -> bool:
    for resource_type in (user_type(), group_type()):
        try:
            parse_path(name, resource_type)
        except ScimError:
            continue
        return True
    return False
