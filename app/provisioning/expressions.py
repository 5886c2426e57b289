"""The language of mappings: one line that makes the text of a field out of a person's attributes.

    (preferredName or givenName) ~ " " ~ familyName

Jinja2's parser reads it. What it read is checked, node by node, against what is allowed, and turned into small
functions; Jinja2 compiles and runs nothing (docs/decisions/0017-mapping-expressions.md). An expression can only read
the attributes it names, its time is linear in their length, and no step gives more than `LONGEST_VALUE` characters.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from app.provisioning.errors import ProvisioningError
from app.provisioning.text_filters import FILTERS, TooLong, bounded, complaint

LONGEST_EXPRESSION = 1000
DEEPEST = 50

Names = Mapping[str, str | bool]
Step = Callable[[Names], Any]


class BadExpression(ValueError):
    """An expression that cannot be used; `column` counts its characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (at character {column})")
        self.message = message
        self.column = column


class MappingFailed(ProvisioningError):
    """A mapping gives no usable value for this person; the message continues a sentence."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; `names` are the attributes that it reads."""

    text: str
    names: frozenset[str]
    step: Step

    def value(self, names: Names) -> str | None:
        """The text for a person with these attributes, None when it is empty. Raises `MappingFailed`.

        Every name of `names` must be there: a text, empty for an attribute without a value, or True or False.
        """
        try:
            text = _text(self.step(names))
        except TooLong as error:
            raise MappingFailed(str(error)) from error
        lines = (" ".join(line.split()) for line in text.split("\n"))
        return "\n".join(line for line in lines if line) or None


def parse(text: str, known: Collection[str]) -> Expression:
    """The expression written as `text`; `known` are the names of attributes. Raises `BadExpression`.

    >>> parse("givenName|upper", ["givenName"]).value({"givenName": "Maya"})
    'MAYA'
    """
    tree = _tree(text)
    names: set[str] = set()
    step = _Checked(known, names).step(tree)
    if _is_truth(tree):
        raise BadExpression('this gives yes or no, a field takes text: write "a" if … else "b"', 1)
    return Expression(text, frozenset(names), step)


# --- reading -------------------------------------------------------------------------------------------------------


class _Environment(Environment):
    """Jinja2 with columns where its tokens have line numbers: an expression is one line, an error has a place in it."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = self.lexer.wrap(self._with_columns(source, state), name, filename)
        return TokenStream(tokens, name, filename)

    def _with_columns(self, source: str, state: str | None) -> Iterator[tuple[int, str, str]]:
        column = 1
        try:
            for _, kind, value in self.lexer.tokeniter(source, None, None, state):
                yield column, kind, value
                column += len(value)
        except TemplateSyntaxError as error:
            raise BadExpression(_plain(error.message), column) from error


_environment = _Environment(autoescape=False)


def _tree(text: str) -> nodes.Expr:
    if not text.strip():
        raise BadExpression("an expression is needed", 1)
    if len(text) > LONGEST_EXPRESSION:
        raise BadExpression(f"more than {LONGEST_EXPRESSION} characters", LONGEST_EXPRESSION)
    broken = next((i for i, character in enumerate(text) if not character.isprintable()), None)
    if broken is not None:
        raise BadExpression("an expression is one line of printable characters", broken + 1)
    try:
        parser = Parser(_environment, text, state="variable")
        tree = parser.parse_expression()
        rest = parser.stream.current
    except TemplateSyntaxError as error:
        place = len(text) if "end of template" in (error.message or "") else error.lineno
        raise BadExpression(_plain(error.message), place) from error
    except RecursionError as error:  # Jinja2's parser calls itself for every parenthesis and every `not`
        raise BadExpression("too deeply nested", 1) from error
    if not parser.stream.eos:
        raise BadExpression(f"{rest.value!r} is too much: join texts with ~", rest.lineno)
    return tree


def _plain(message: str | None) -> str:
    text = (message or "not understood").replace("end of template", "end of the expression")
    return re.sub(r" at \d+$", "", text.rstrip("."))


# --- checking, and turning into functions --------------------------------------------------------------------------

_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Add: "texts are joined with ~, not with +",
    nodes.Call: "nothing can be called; a change of text is a filter: givenName|lower",
    nodes.Getattr: "an attribute has no parts; write its name alone",
    nodes.Getitem: "an attribute has no parts; write its name alone, or name|truncate(1) for its first letter",
    nodes.Test: "`is …` is not known; compare with == and !=",
    nodes.Dict: "braces have no meaning here",
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda one, many: one in many,
    "notin": lambda one, many: one not in many,
}


class _Checked:
    """Turns nodes into functions; raises `BadExpression` at the first one that is not allowed."""

    def __init__(self, known: Collection[str], names: set[str]) -> None:
        self._known = known
        self._names = names
        self._depth = 0

    def step(self, node: nodes.Node) -> Step:
        """The function that gives the node's value."""
        build = getattr(self, f"_{type(node).__name__.lower()}", None)
        if build is None:
            raise BadExpression(_REFUSED.get(type(node), "this is not part of the language"), node.lineno)
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadExpression("too deeply nested", node.lineno)
        step: Step = build(node)
        self._depth -= 1
        return step

    def _const(self, node: nodes.Const) -> Step:
        value = self._constant(node)
        return lambda names: value

    def _constant(self, node: nodes.Node) -> Any:
        if not isinstance(node, nodes.Const) or type(node.value) not in (str, int, bool):
            raise BadExpression("a text in quotes or a whole number is needed here", node.lineno)
        if isinstance(node.value, str) and not node.value.isprintable():
            raise BadExpression("a text in quotes holds printable characters only", node.lineno)
        return node.value

    def _name(self, node: nodes.Name) -> Step:
        name = node.name
        if name not in self._known:
            near = difflib.get_close_matches(name, self._known, 1)
            hint = f"did you mean {near[0]}?" if near else "docs/mapping-targets.md lists them"
            raise BadExpression(f"there is no attribute {name!r}; {hint}", node.lineno)
        self._names.add(name)
        return lambda names: names[name]

    def _concat(self, node: nodes.Concat) -> Step:
        parts = [self.step(part) for part in node.nodes]
        return lambda names: bounded("".join(_text(part(names)) for part in parts))

    def _filter(self, node: nodes.Filter) -> Step:
        if node.name not in FILTERS:
            near = difflib.get_close_matches(node.name, FILTERS, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(FILTERS)}"
            raise BadExpression(f"there is no filter {node.name!r}; {hint}", node.lineno)
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise BadExpression(f"{node.name} takes constants in parentheses, without names", node.lineno)
        arguments = [self._constant(argument) for argument in node.args]
        wrong = complaint(node.name, arguments)
        if wrong is not None:
            raise BadExpression(wrong, node.lineno)
        inner, apply = self.step(node.node), FILTERS[node.name].apply
        return lambda names: bounded(apply(_text(inner(names)), *arguments))

    def _condexpr(self, node: nodes.CondExpr) -> Step:
        test, one = self.step(node.test), self.step(node.expr1)
        other = self.step(node.expr2) if node.expr2 is not None else lambda names: ""
        return lambda names: one(names) if test(names) else other(names)

    def _compare(self, node: nodes.Compare) -> Step:
        first = self.step(node.expr)
        rest = [(_COMPARISONS[operand.op], self._operand_step(operand)) for operand in node.ops]

        def compare(names: Names) -> bool:
            left = first(names)
            for is_so, step in rest:
                right = step(names)
                try:
                    if not is_so(left, right):
                        return False
                except TypeError:
                    raise MappingFailed("it compares a text with something that is no text") from None
                left = right
            return True

        return compare

    def _operand_step(self, operand: nodes.Operand) -> Step:
        if operand.op in ("in", "notin") and isinstance(operand.expr, nodes.Tuple | nodes.List):
            several = tuple(self._constant(item) for item in operand.expr.items)
            return lambda names: several
        return self.step(operand.expr)

    def _and(self, node: nodes.And) -> Step:
        left, right = self.step(node.left), self.step(node.right)
        return lambda names: left(names) and right(names)

    def _or(self, node: nodes.Or) -> Step:
        left, right = self.step(node.left), self.step(node.right)
        return lambda names: left(names) or right(names)

    def _not(self, node: nodes.Not) -> Step:
        inner = self.step(node.node)
        return lambda names: not inner(names)


def _text(value: Any) -> str:
    """The value as text. Raises `MappingFailed` where it is yes or no."""
    if isinstance(value, bool):
        raise MappingFailed('it gives yes or no where a text is needed; write "a" if … else "b"')
    return value if isinstance(value, str) else str(value)


def _is_truth(node: nodes.Node) -> bool:
    """Whether the node can give nothing but yes or no."""
    if isinstance(node, nodes.And | nodes.Or):
        return _is_truth(node.left) and _is_truth(node.right)
    is_boolean = isinstance(node, nodes.Const) and isinstance(node.value, bool)
    return is_boolean or isinstance(node, nodes.Compare | nodes.Not)
