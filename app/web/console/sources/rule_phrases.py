"""The rules of a mapping in HR words: where a value comes from, and what is done with it on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Rule = Mapping[str, Any]
_YES_NO = {True: "yes", False: "no"}


def value_words(value: Any) -> str:
    """Return a value of a rule as people read it.

    >>> value_words(True), value_words("FullTime"), value_words("")
    ('yes', 'FullTime', 'empty')
    """
    if isinstance(value, bool):
        return _YES_NO[value]
    return str(value) if value != "" else "empty"


def as_rule(written: Any) -> Rule:
    """Return a rule with its words, also when only a column was written."""
    return written if isinstance(written, dict) else {"from": written}


def columns_of(rule: Rule) -> list[str]:
    """Return the columns that a rule names, each once; those of joined rules too."""
    named = [name for word in ("from", "first_of") for name in _listed(rule.get(word, []))]
    inner = [as_rule(each) for word in ("all_of", "any_of") for each in rule.get(word, [])]
    return list(dict.fromkeys([*named, *(name for each in inner for name in columns_of(each))]))


def phrases(rule: Rule) -> list[str]:
    """Return what a rule does beside copying, in the order in which it is done.

    >>> phrases({"from": "Status", "map": {"Active": True, "Term*": False}, "once": True})
    ['Active becomes yes, Term… becomes no', 'only when the person is added']
    """
    said = [phrase(value, rule) for word, phrase in _PHRASES.items() if (value := rule.get(word)) is not None]
    return [*_of_input(rule), *(text for text in said if text)]


def _of_input(rule: Rule) -> Iterator[str]:
    if "constant" in rule:
        yield f"always “{value_words(rule['constant'])}”"
    if "template" in rule:
        yield f"filled into {rule['template']}"
    if "first_of" in rule:
        yield "the first of them that is not empty"
    if len(_listed(rule.get("from", []))) > 1:
        yield f"joined with “{rule.get('join', ' ')}”"
    for word, words in (("all_of", "yes when all say yes"), ("any_of", "yes when one says yes")):
        if word in rule:
            yield words
            yield from (text for each in rule[word] for text in phrases(as_rule(each)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _split(how: str, rule: Rule) -> str:
    part = rule.get("part")
    if how in ("last_first", "first_last"):
        return f"the {part} name of a whole name"
    return f"part {part} of what “{how}” separates"


def _mapped(pairs: Mapping[str, Any], rule: Rule) -> str:
    shown = [f"{_begins(word)} becomes {value_words(value)}" for word, value in pairs.items()]
    return ", ".join(shown)


def _begins(word: str) -> str:
    return f"{word[:-1]}…" if word.endswith("*") else word or "an empty value"


def _forms(value: Any) -> str:
    names = {"iso": "YYYY-MM-DD"}
    return " or ".join(names.get(each, each) for each in _listed(value))


_EMPTY = {"keep": "an empty value leaves what is there", "error": "an empty value refuses the row"}
_Phrase = Callable[[Any, Rule], str]
_PHRASES: dict[str, _Phrase] = {
    "split": _split,
    "before": lambda mark, rule: f"what stands before “{mark}”",
    "after": lambda mark, rule: f"what stands behind “{mark}”",
    "remove": lambda pieces, rule: "without " + ", ".join(f"“{each}”" for each in _listed(pieces)),
    "replace": lambda pairs, rule: ", ".join(f"“{old}” becomes “{new}”" for old, new in pairs.items()),
    "case": lambda how, rule: {"lower": "in small letters", "upper": "in capitals"}.get(
        how, "Each Word Raised"
    ),
    "ascii": lambda value, rule: "in plain letters" if value else "",
    "pad": lambda width, rule: f"with zeros before it, {width} characters wide",
    "number": lambda how, rule: "as a number" + (" with decimal commas" if how == "comma" else ""),
    "date": lambda forms, rule: f"read as a date: {_forms(forms)}",
    "phone": lambda region, rule: f"as a telephone number of {region}",
    "map": _mapped,
    "otherwise": lambda value, rule: f"any other value becomes {value_words(value)}",
    "when_empty": lambda value, rule: f"an empty value becomes {value_words(value)}",
    "default": lambda value, rule: f"else {value_words(value)}",
    "active_until": lambda forms, rule: "active up to and including this day",
    "active_from": lambda forms, rule: "active from this day on",
    "empty": lambda how, rule: _EMPTY.get(how, ""),
    "on_error": lambda how, rule: "left out with a warning when it does not fit" if how == "warn" else "",
    "once": lambda value, rule: "only when the person is added" if value else "",
}
