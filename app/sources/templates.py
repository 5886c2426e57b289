"""Templates such as ``{given}.{family}@example.com``: text with names in braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.sources.transforms import ascii_fold, case, slug

#: Short names of mapped fields, for e-mail templates.
ALIASES = {"given": "name.givenName", "family": "name.familyName", "middle": "name.middleName"}
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_MODIFIERS: dict[str, Callable[[str], str]] = {
    "lower": lambda text: case(text, "lower"),
    "upper": lambda text: case(text, "upper"),
    "title": lambda text: case(text, "title"),
    "ascii": ascii_fold,
    "slug": slug,
}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name in braces. `name` is what `resolve` made of it; the modifiers work from left to right."""

    name: str
    modifiers: tuple[str, ...] = ()

    def shape(self, text: str, *, as_address: bool) -> str:
        """Return the value as it stands in the result; in addresses it becomes a slug first."""
        text = slug(text) if as_address else text
        for modifier in self.modifiers:
            text = text[: int(modifier)] if modifier.isdigit() else _MODIFIERS[modifier](text)
        return text


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template; `as_address` makes every value fit for an e-mail address."""

    text: str
    parts: tuple[str | Placeholder, ...]
    as_address: bool = False

    @property
    def names(self) -> list[str]:
        """The resolved names, in order."""
        return [part.name for part in self.parts if isinstance(part, Placeholder)]

    def fill(self, values: Callable[[str], str | None]) -> str | None:
        """Return the text with every name replaced; None when one of the values is empty (or has no ASCII letter)."""
        filled: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            shaped = part.shape(values(part.name) or "", as_address=self.as_address)
            if not shaped:
                return None
            filled.append(shaped)
        return "".join(filled)


def compile_template(text: str, resolve: Callable[[str], str], *, as_address: bool = False) -> Template:
    """Return the compiled template.

    ``resolve`` turns a name in braces into the name to look up, or raises ``ValueError`` with a sentence.

    :raises ValueError: unbalanced braces, no name at all, or a name that ``resolve`` does not know.
    """
    parts: list[str | Placeholder] = []
    position = 0
    for match in _PIECE.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        if match.group() in ("{{", "}}"):
            parts.append(match.group()[0])
        elif match[1] is None:
            raise ValueError(
                f"the template {text!r} has a brace without its partner (write {{{{ or }}}} for a brace itself)"
            )
        else:
            parts.append(_placeholder(match[1], resolve))
    parts.append(text[position:])
    template = Template(text, tuple(part for part in parts if part != ""), as_address)
    if not template.names:
        raise ValueError(
            f"the template {text!r} has no name in braces, so everybody would get the same; write {{given}}"
        )
    return template


def _placeholder(text: str, resolve: Callable[[str], str]) -> Placeholder:
    name = text.strip()
    modifiers: list[str] = []
    while ":" in name:
        front, _, last = name.rpartition(":")
        if last.strip() not in _MODIFIERS and not last.strip().isdigit():
            break
        name, modifiers = front.strip(), [last.strip(), *modifiers]
    return Placeholder(resolve(name), tuple(modifiers))
