"""Every deed that the product writes down has words for the console."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import app
from app.web.console.auditing.words import DEEDS, FAMILIES

_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
#: The functions that write the audit, as they are called.
_WRITERS = frozenset({"record", "row", "_record", "_write"})
#: Made of a word and a state or kind, as ``f"source.{state}"``.
MADE = {
    *(f"employee.{kind}" for kind in ("created", "changed", "deleted")),
    *(f"group.{kind}" for kind in ("created", "changed", "deleted")),
    *(f"import.{state}" for state in ("finished", "failed", "cancelled")),
    *(f"source.{state}" for state in ("active", "paused", "subscribed", "unsubscribed")),
    *(f"plan.{decision}" for decision in ("approved", "discarded")),
}


def written() -> set[str]:
    """The actions that stand in calls that write the audit."""
    found: set[str] = set()
    for file in Path(app.__file__).parent.rglob("*.py"):
        text = file.read_text()
        if "audit" in text:
            found |= _in_calls(ast.parse(text))
    return found


def _in_calls(tree: ast.AST) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [value for call in calls if _name(call.func) in _WRITERS for value in call.args]
    words = [
        value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
    ]
    return {word for word in words if _ACTION.fullmatch(word)}


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_every_action_has_words() -> None:
    found = written()
    assert len(found) > 40 and "token.created" in found
    assert sorted((found | MADE) - set(DEEDS)) == []


def test_no_words_stand_for_what_nobody_does() -> None:
    assert sorted(set(DEEDS) - written() - MADE) == []


def test_no_action_stands_in_two_families_and_each_has_its_own_words() -> None:
    assert len(DEEDS) == sum(len(actions) for _, actions in FAMILIES.values())
    assert all(words == words.strip(". ") and words for words in DEEDS.values())
