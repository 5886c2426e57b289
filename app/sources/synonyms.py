"""What HR exports call their columns, and what their status words mean (``synonyms.toml``); read by guessing only."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

_TABLES = tomllib.loads(files("app.sources").joinpath("synonyms.toml").read_text(encoding="utf-8"))

#: Field → header words, in normal form. The first fitting column is taken.
SYNONYMS: dict[str, list[str]] = _TABLES["fields"]
#: Columns that identify a person, best first.
KEYS: list[str] = _TABLES["keys"]
WHOLE_NAMES: list[str] = _TABLES["whole_names"]
ACTIVE_COLUMNS: list[str] = _TABLES["active_columns"]
ACTIVE_WORDS = frozenset(_TABLES["active_words"])
INACTIVE_WORDS = frozenset(_TABLES["inactive_words"])

_WORD = re.compile(r"[a-z0-9]+")
_SPELT = {
    "no": "number",
    "num": "number",
    "nr": "number",
    "nbr": "number",
    "mgr": "manager",
    "tel": "telephone",
    "mob": "mobile",
}


def normal_header(text: str) -> str:
    """Return a header in the form that the tables are written in.

    >>> normal_header("E-mail Address"), normal_header("Emp #"), normal_header("employeeNumber")
    ('email address', 'emp number', 'employee number')
    """
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()
    text = text.replace("#", " number ").replace("e-mail", "email")
    return " ".join(_SPELT.get(word, word) for word in _WORD.findall(text))
