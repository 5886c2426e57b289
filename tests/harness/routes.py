"""Routes that are compiled once for all applications of a test run.

Nearly every test makes an application of its own. Werkzeug writes and compiles two functions for each of its 250
routes, which took most of the time of a short test; what they are made from is the same in every application.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_compile = Rule._compile_builder
_builders: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}


def remember_builders() -> None:
    """Have equal rules of different applications share the functions that build their addresses."""
    Rule._compile_builder = _remembered  # type: ignore[method-assign]


def _remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    # The functions take the rule, and with it its converters, as their first argument.
    converters = tuple(type(each) for each in rule._converters.values())
    made_from = (
        tuple(rule._trace),
        converters,
        repr(rule.defaults),
        tuple(sorted(rule.arguments)),
        append_unknown,
    )
    if made_from not in _builders:
        _builders[made_from] = _compile(rule, append_unknown)
    return _builders[made_from]
