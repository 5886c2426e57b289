"""``--set`` and ``--secret`` of the source commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from app.cli.answers import key_values
from app.errors import WrongUse
from app.sources.drafts import GUESS

set_option = click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A setting; mapping=@FILE.toml, mapping=guess."
)
secret_option = click.option(
    "--secret",
    "secret_pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A secret; KEY=@FILE, KEY=- for stdin.",
)


def settings_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return the settings of ``--set``; a mapping is read from its file. Raises ``WrongUse``."""
    settings = key_values(pairs, "--set")
    mapping = settings.get("mapping")
    if mapping is None or mapping in ("", GUESS):
        return settings
    if not mapping.startswith("@"):
        raise WrongUse(f"--set mapping={mapping} cannot be used; write mapping=@FILE.toml, or mapping=guess.")
    return {**settings, "mapping": _content(mapping[1:], "mapping")}


def secrets_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return the secrets of ``--secret``: on the command line, in a file, or the first line of stdin."""
    found = {}
    for key, value in key_values(pairs, "--secret").items():
        if value == "-":
            value = sys.stdin.readline()
        elif value.startswith("@"):
            value = _content(value[1:], key)
        found[key] = value.strip()
    return found


def _content(path: str, what: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WrongUse(
            f"The file of {what}, {path}, cannot be read ({error.strerror}); check the path."
        ) from None
    except UnicodeDecodeError:
        raise WrongUse(f"The file of {what}, {path}, is not UTF-8 text; save it as UTF-8.") from None
